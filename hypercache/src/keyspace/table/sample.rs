//! Entries by chance, without a walk from the beginning.

use crate::keyspace::entry::Entry;
use crate::keyspace::table::Table;

impl Table {
    /// Visits entries from a place that `random` chooses on, all of a segment and then those of the next one, none twice,
    /// until `visit` says that it has seen enough or `slots` entries have been looked at. Which keys share a segment is the
    /// hash's doing. Those beside each other in it came one after the other, and so the walk goes in strides: what it meets
    /// is as good as drawn one by one.
    pub fn visit_from(&self, random: u64, slots: usize, mut visit: impl FnMut(&Entry) -> bool) {
        let mut left = slots;
        let first = random as usize % self.directory.places();
        let mut last = None;
        for offset in 0..self.directory.places() {
            let segment = self.directory.at((first + offset) % self.directory.places());
            // Neighbours in the directory share segments, and the run of the first may go on where the walk ends.
            if last == Some(segment) || offset > 0 && segment == self.directory.at(first) {
                continue;
            }
            last = Some(segment);
            let entries = &self.segments[segment].entries;
            if entries.is_empty() {
                continue;
            }
            let (start, stride) = ((random >> 32) as usize % entries.len(), stride(entries.len()));
            for step in 0..entries.len() {
                if left == 0 {
                    return;
                }
                left -= 1;
                if !visit(entries.nth((start + step * stride) % entries.len())) {
                    return;
                }
            }
        }
    }
}

/// Steps of this width meet each of `len` places once, near ones late: as wide as the golden section of all, or a little
/// wider so that they share no divisor (Knuth, "The Art of Computer Programming", volume 3, section 6.4).
fn stride(len: usize) -> usize {
    let divisor = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    (len * 5 / 8 + 1..).find(|stride| divisor(*stride, len) == 1).expect("a prime above the length does")
}

#[cfg(test)]
mod tests {
    use crate::keyspace::entry::Entry;
    use crate::keyspace::entry::Given;
    use crate::keyspace::key::HashSeed;
    use crate::keyspace::table::Table;
    use crate::value::string::Str;
    use std::collections::HashMap;

    fn table(keys: u32) -> Table {
        let seed = HashSeed(7);
        let mut table = Table::new(seed, 0);
        for key in 0..keys {
            let key = key.to_le_bytes();
            table.insert(
                seed.hash(&key),
                Entry::new(&key, Given::Value(Str::Growing(Vec::new()).into()), None, 0),
            );
        }
        table
    }

    #[test]
    fn a_walk_over_everything_sees_each_entry_once() {
        for keys in [0, 1, 40, 5000] {
            let table = table(keys);
            for random in [0, 3 << 33, u64::MAX, 0x1234_5678_9abc_def0] {
                let mut seen: HashMap<Vec<u8>, u32> = HashMap::new();
                table.visit_from(random, usize::MAX, |entry| {
                    *seen.entry(entry.key().to_vec()).or_default() += 1;
                    true
                });
                assert_eq!(seen.len(), keys as usize);
                assert!(seen.values().all(|times| *times == 1));
            }
        }
    }

    #[test]
    fn every_entry_is_met_about_as_often() {
        let table = table(1000);
        let mut seen: HashMap<Vec<u8>, u32> = HashMap::new();
        for draw in 0..40_000u64 {
            let mut left = 5;
            table.visit_from(HashSeed(1).hash(&draw.to_le_bytes()), usize::MAX, |entry| {
                *seen.entry(entry.key().to_vec()).or_default() += 1;
                left -= 1;
                left > 0
            });
        }
        assert_eq!(seen.len(), 1000, "200 times each on average");
        assert!(seen.values().all(|times| (20..800).contains(times)), "{:?}", seen.values().max());
    }
}
