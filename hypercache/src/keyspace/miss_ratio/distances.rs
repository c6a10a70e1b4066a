//! How often which reuse distance was seen, in bins that grow with the distance.

/// Bins that each doubling of the distance is split into: a bin is 3 % wide at the most.
const BINS_PER_DOUBLING: usize = 32;
/// Distances below 2 to this count as that: the smallest entry takes more.
const FIRST_DOUBLING: u32 = 6;
/// Distances from 2 to this on count as the last below it.
const END_DOUBLING: u32 = 50;
const BINS: usize = (END_DOUBLING - FIRST_DOUBLING) as usize * BINS_PER_DOUBLING;

/// The counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Distances {
    bins: Box<[f64]>,
}

impl Distances {
    pub(super) fn new() -> Self {
        Self { bins: vec![0.0; BINS].into() }
    }

    /// Counts a distance in bytes.
    pub(super) fn add(&mut self, distance: u64, weight: f64) {
        self.bins[bin(distance)] += weight;
    }

    /// Lets what was counted so far count for less.
    pub(super) fn scale(&mut self, by: f64) {
        self.bins.iter_mut().for_each(|count| *count *= by);
    }

    /// How much was counted up to this distance; within a bin as if it were spread evenly.
    pub(super) fn up_to(&self, distance: u64) -> f64 {
        if distance < start(0) {
            return 0.0;
        }
        let at = bin(distance);
        let below: f64 = self.bins[..at].iter().sum();
        let share = (distance - start(at)) as f64 / (start(at + 1) - start(at)) as f64;
        below + self.bins[at] * share.min(1.0)
    }

    /// Ends of the bins from the first to the last that hold anything, each with what was counted up to there.
    pub(super) fn steps(&self) -> impl Iterator<Item = (u64, f64)> {
        let first = self.bins.iter().position(|count| *count > 0.0).unwrap_or(BINS);
        let last = self.bins.iter().rposition(|count| *count > 0.0).map_or(first, |last| last + 1);
        let mut sum = 0.0;
        (first..last).map(move |at| {
            sum += self.bins[at];
            (start(at + 1), sum)
        })
    }
}

/// The bin of a distance.
fn bin(distance: u64) -> usize {
    let distance = distance.clamp(1 << FIRST_DOUBLING, (1 << END_DOUBLING) - 1);
    let doubling = distance.ilog2();
    let part = (distance >> (doubling - BINS_PER_DOUBLING.ilog2())) as usize % BINS_PER_DOUBLING;
    (doubling - FIRST_DOUBLING) as usize * BINS_PER_DOUBLING + part
}

/// The least distance in a bin.
fn start(bin: usize) -> u64 {
    let doubling = (bin / BINS_PER_DOUBLING) as u32 + FIRST_DOUBLING;
    ((BINS_PER_DOUBLING + bin % BINS_PER_DOUBLING) as u64) << (doubling - BINS_PER_DOUBLING.ilog2())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bins_follow_one_another_without_a_gap() {
        for at in 0..BINS {
            assert_eq!((bin(start(at)), bin(start(at + 1) - 1)), (at, at));
            assert!(start(at + 1) * 32 <= start(at) * 33, "bin {at} is too wide");
        }
        assert_eq!((bin(0), bin(u64::MAX)), (0, BINS - 1));
    }

    proptest! {
        #[test]
        fn what_was_counted_up_to_a_distance_is_off_by_one_bin_at_the_most(
            distances in prop::collection::vec(64..1_000_000_u64, 1..50),
            asked in 0..2_000_000_u64,
        ) {
            let mut counts = Distances::new();
            distances.iter().for_each(|distance| counts.add(*distance, 2.0));
            let within = |bound: f64| 2.0 * distances.iter().filter(|distance| **distance as f64 <= bound).count() as f64;
            let told = counts.up_to(asked);
            prop_assert!(within(asked as f64 / 1.04) <= told + 1e-6 && told <= within(asked as f64 * 1.04) + 1e-6);
            prop_assert_eq!(counts.steps().last().map(|(_, sum)| sum), Some(2.0 * distances.len() as f64));
        }
    }
}
