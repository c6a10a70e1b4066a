//! The bucket bounds of the histograms, and the fast search in those of latencies.

/// Bounds of every latency histogram, in nanoseconds.
pub const LATENCY_NS: [u64; 22] = [
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// The same bounds in seconds, as they are exported.
pub const LATENCY_SECONDS: [f64; 22] = [
    1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5,
    1.0, 2.0, 5.0, 10.0,
];

/// Buckets of a latency histogram: one for each bound and one for what is above the last.
pub const LATENCY_BUCKETS: usize = LATENCY_NS.len() + 1;

/// Bounds of histograms that count things in a batch.
pub const COUNT_BOUNDS: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/// The same bounds as they are exported.
pub const COUNTS: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// Bounds of histograms of how late something is done that is timed in milliseconds, in seconds: a millisecond less than
/// each power of two of them, up to somewhat more than an hour.
pub const LAG_SECONDS: [f64; 23] = powers(1000.0);

/// Buckets of such a histogram: one for each bound and one for what is above the last.
pub const LAG_BUCKETS: usize = LAG_SECONDS.len() + 1;

/// Bounds of histograms that were counted by powers of two: the highest value of each, up to 48 days in seconds.
pub const POWERS: [f64; 23] = powers(1.0);

const fn powers(divisor: f64) -> [f64; 23] {
    let mut bounds = [0.0; 23];
    let mut power = 0;
    while power < bounds.len() {
        bounds[power] = ((1_u64 << power) - 1) as f64 / divisor;
        power += 1;
    }
    bounds
}

/// Buckets of a count histogram.
pub const COUNT_BUCKETS: usize = COUNT_BOUNDS.len() + 1;

/// For each number of significant bits, the first bucket a value that long can be in.
const START: [u8; 65] = start_table();

const fn start_table() -> [u8; 65] {
    let mut table = [0_u8; 65];
    let mut bits = 1;
    while bits <= 64 {
        let smallest = 1_u64 << (bits - 1);
        let mut bucket = 0;
        while bucket < LATENCY_NS.len() && LATENCY_NS[bucket] < smallest {
            bucket += 1;
        }
        table[bits] = bucket as u8;
        bits += 1;
    }
    table
}

/// The bounds with one above every value, so that the search needs no check of its end.
const PADDED_NS: [u64; LATENCY_BUCKETS] = padded();

const fn padded() -> [u64; LATENCY_BUCKETS] {
    let mut bounds = [u64::MAX; LATENCY_BUCKETS];
    let mut index = 0;
    while index < LATENCY_NS.len() {
        bounds[index] = LATENCY_NS[index];
        index += 1;
    }
    bounds
}

/// The latency bucket of a duration: the first whose bound is not below it.
///
/// Each bound is at least twice the one before, so among numbers of one length there is one bound at the most, and
/// one comparison without a branch decides.
#[inline]
pub fn latency_bucket(ns: u64) -> usize {
    let bits = (u64::BITS - ns.leading_zeros()) as usize;
    let bucket = usize::from(START[bits]);
    bucket + usize::from(ns > PADDED_NS[bucket])
}

/// The count bucket of a number: the first whose bound is not below it.
#[inline]
pub fn count_bucket(count: u64) -> usize {
    match count {
        0 | 1 => 0,
        _ => ((u64::BITS - (count - 1).leading_zeros()) as usize).min(COUNT_BOUNDS.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_the_bounds_agree() {
        for (ns, seconds) in LATENCY_NS.iter().zip(LATENCY_SECONDS) {
            assert!((*ns as f64 / 1e9 - seconds).abs() < 1e-15, "{ns} ns is not {seconds} s");
        }
        for (bound, exported) in COUNT_BOUNDS.iter().zip(COUNTS) {
            assert_eq!(*bound as f64, exported);
        }
    }

    #[test]
    fn latency_search_equals_a_linear_scan() {
        let linear = |ns: u64| LATENCY_NS.iter().position(|bound| ns <= *bound).unwrap_or(LATENCY_NS.len());
        let edges = LATENCY_NS.iter().flat_map(|bound| [bound - 1, *bound, bound + 1]);
        let powers = (0..64).map(|bit| 1_u64 << bit);
        for ns in edges.chain(powers).chain([0, 1, u64::MAX]) {
            assert_eq!(latency_bucket(ns), linear(ns), "{ns} ns");
        }
    }

    #[test]
    fn count_search_equals_a_linear_scan() {
        let linear = |n: u64| COUNT_BOUNDS.iter().position(|bound| n <= *bound).unwrap_or(COUNT_BOUNDS.len());
        for n in (0..3000).chain([u64::MAX]) {
            assert_eq!(count_bucket(n), linear(n), "{n}");
        }
    }
}
