//! What was evicted, counted where it happens and told later: telling of each key would take longer than evicting it.

use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;

/// Buckets of a power of two each: 0, 1, 2 to 3, 4 to 7, …
pub const BUCKETS: usize = 33;

/// Counts by power of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Powers(pub [u32; BUCKETS]);

impl Default for Powers {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl Powers {
    fn count(&mut self, value: u64) {
        let bucket = (u64::BITS - value.leading_zeros()) as usize;
        let count = &mut self.0[bucket.min(BUCKETS - 1)];
        *count = count.saturating_add(1);
    }

    fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum = sum.saturating_add(more));
    }

    /// The highest value of each bucket that is not empty, with its count.
    pub fn counts(&self) -> impl Iterator<Item = (u64, u32)> {
        self.0.iter().enumerate().filter(|(_, count)| **count > 0).map(|(at, count)| ((1 << at) - 1, *count))
    }

    /// The same, made smaller in proportion where it counts more than `most` values altogether.
    pub fn sample(&self, most: u32) -> impl Iterator<Item = (u64, usize)> {
        let all: u64 = self.0.iter().copied().map(u64::from).sum();
        let share = (f64::from(most) / all.max(1) as f64).min(1.0);
        self.counts().map(move |(value, count)| (value, (f64::from(count) * share).round() as usize))
    }
}

/// What was evicted from one store.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Keys that had to go.
    pub keys: u64,
    /// Bytes that they took.
    pub bytes: u64,
    /// Keys met on the way whose time was over.
    pub expired: u64,
    /// Their ages since they were written whole, in seconds.
    pub ages: Powers,
    /// How long they had not been used, in seconds.
    pub idle: Powers,
    /// How often they had been read.
    pub hits: Powers,
    /// Times that this was done.
    pub batches: u64,
    /// How long that took altogether, in nanoseconds.
    pub took_ns: u64,
    /// The longest of them, in nanoseconds.
    pub longest_ns: u64,
    /// How long each took, in microseconds.
    pub durations: Powers,
}

impl Tally {
    /// Counts a key that went.
    pub fn evicted(&mut self, entry: &Entry, now: UnixMillis) {
        self.keys += 1;
        self.bytes += entry.footprint() as u64;
        self.ages.count(entry.age_seconds(now));
        self.idle.count(entry.idle_seconds(now));
        self.hits.count(entry.hits().into());
    }

    /// Counts a batch of work.
    pub fn worked(&mut self, took_ns: u64) {
        self.batches += 1;
        self.took_ns += took_ns;
        self.longest_ns = self.longest_ns.max(took_ns);
        self.durations.count(took_ns / 1000);
    }

    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.keys += other.keys;
        self.bytes += other.bytes;
        self.expired += other.expired;
        self.batches += other.batches;
        self.took_ns += other.took_ns;
        self.longest_ns = self.longest_ns.max(other.longest_ns);
        self.ages.add(&other.ages);
        self.idle.add(&other.idle);
        self.hits.add(&other.hits);
        self.durations.add(&other.durations);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_know_their_highest_values() {
        let mut powers = Powers::default();
        for value in [0, 1, 2, 3, 4, 7, 8, u64::MAX] {
            powers.count(value);
        }
        let mut twice = powers;
        twice.add(&powers);
        let counts: Vec<(u64, u32)> = twice.counts().collect();
        assert_eq!(counts, [(0, 2), (1, 2), (3, 4), (7, 4), (15, 2), (u32::MAX.into(), 2)]);
        let sample: Vec<usize> = twice.sample(8).map(|(_, count)| count).collect();
        assert_eq!(sample, [1, 1, 2, 2, 1, 1]);
        assert!(twice.sample(16).map(|(_, count)| count).sum::<usize>() == 16);
    }
}
