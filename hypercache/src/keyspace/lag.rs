//! How late expired keys are removed.

/// Buckets: the first for what is removed within the millisecond, each other for twice as much as the one before, the last
/// for all above.
pub const BUCKETS: usize = 24;

/// How long keys had been overdue when they were removed, counted in powers of two.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Lags {
    counts: [u32; BUCKETS],
    sum_ms: u64,
    max_ms: u64,
}

impl Lags {
    /// Counts a key that had been overdue for so many milliseconds.
    pub fn count(&mut self, millis: u64) {
        let bucket = ((u64::BITS - millis.leading_zeros()) as usize).min(BUCKETS - 1);
        self.counts[bucket] = self.counts[bucket].saturating_add(1);
        self.sum_ms = self.sum_ms.saturating_add(millis);
        self.max_ms = self.max_ms.max(millis);
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
        self.sum_ms = self.sum_ms.saturating_add(other.sum_ms);
        self.max_ms = self.max_ms.max(other.max_ms);
    }

    /// How many keys there were in each bucket: in number `n` those that were less than 2 to the power of `n` milliseconds
    /// late.
    pub fn counts(&self) -> &[u32; BUCKETS] {
        &self.counts
    }

    /// The sum of all, in milliseconds.
    pub fn sum_ms(&self) -> u64 {
        self.sum_ms
    }

    /// The longest, in milliseconds.
    pub fn max_ms(&self) -> u64 {
        self.max_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_ends_before_a_power_of_two() {
        let mut lags = Lags::default();
        for millis in [0, 1, 2, 3, 4, 1023, 1024, 4_194_303, 4_194_304, u64::MAX] {
            lags.count(millis);
        }
        let mut expected = [0; BUCKETS];
        for (bucket, count) in [(0, 1), (1, 1), (2, 2), (3, 1), (10, 1), (11, 1), (22, 1), (23, 2)] {
            expected[bucket] = count;
        }
        assert_eq!((lags.counts(), lags.sum_ms(), lags.max_ms()), (&expected, u64::MAX, u64::MAX));
        let mut twice = lags;
        twice.add(&lags);
        assert_eq!((twice.counts()[2], twice.max_ms()), (4, u64::MAX));
    }
}
