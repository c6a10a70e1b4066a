//! Who waits for which keys, and which of these keys have changed since somebody looked.

use std::collections::BTreeSet;

use hashbrown::HashMap;

/// The keys of a shard that somebody waits for, by hash. Whoever waits has a number that grows with the time it began, so
/// that numbers in order are a queue. Two keys that share a hash are taken for each other: whoever waits looks again, and
/// goes on waiting where it was another key.
#[derive(Debug, Default)]
pub struct Waits {
    by_hash: HashMap<u64, BTreeSet<u64>>,
    changed: Vec<u64>,
}

impl Waits {
    /// `waiter` waits for the key of this hash.
    pub fn add(&mut self, hash: u64, waiter: u64) {
        self.by_hash.entry(hash).or_default().insert(waiter);
    }

    /// `waiter` no longer waits for it.
    pub fn remove(&mut self, hash: u64, waiter: u64) {
        if let Some(queue) = self.by_hash.get_mut(&hash) {
            queue.remove(&waiter);
            if queue.is_empty() {
                self.by_hash.remove(&hash);
            }
        }
    }

    /// Whether nobody waits for any key.
    pub fn is_empty(&self) -> bool {
        self.by_hash.is_empty()
    }

    /// Who waits for a key, the longest first.
    pub fn queue(&self, hash: u64) -> impl Iterator<Item = u64> {
        self.by_hash.get(&hash).into_iter().flatten().copied()
    }

    /// Who is next in line for a key after the one with this number.
    pub fn next(&self, hash: u64, after: u64) -> Option<u64> {
        self.by_hash.get(&hash)?.range(after + 1..).next().copied()
    }

    /// Notes that a key has changed. Costs next to nothing while nobody waits.
    pub fn note(&mut self, hash: u64) {
        if !self.by_hash.is_empty() && self.by_hash.contains_key(&hash) && !self.changed.contains(&hash) {
            self.changed.push(hash);
        }
    }

    /// Notes that each key which somebody waits for and `affected` tells of has changed.
    pub fn note_all(&mut self, affected: impl Fn(u64) -> bool) {
        let waited: Vec<u64> = self.by_hash.keys().copied().filter(|hash| affected(*hash)).collect();
        waited.into_iter().for_each(|hash| self.note(hash));
    }

    /// The keys that have changed and were not taken yet.
    pub fn changed(&self) -> &[u64] {
        &self.changed
    }

    /// Takes the keys that have changed, in the order in which they did first.
    pub fn take_changed(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_in_order_and_only_awaited_keys_are_noted() {
        let mut waits = Waits::default();
        waits.note(1);
        assert!(waits.take_changed().is_empty());
        waits.add(1, 8);
        waits.add(1, 3);
        waits.add(2, 5);
        for hash in [2, 1, 2, 9] {
            waits.note(hash);
        }
        assert_eq!(waits.changed(), [2, 1]);
        assert_eq!((waits.queue(1).collect::<Vec<_>>(), waits.take_changed()), (vec![3, 8], vec![2, 1]));
        assert_eq!((waits.next(1, 0), waits.next(1, 3), waits.next(1, 8)), (Some(3), Some(8), None));
        waits.remove(1, 3);
        waits.remove(1, 3);
        waits.remove(2, 5);
        assert_eq!((waits.queue(1).collect::<Vec<_>>(), waits.queue(2).count()), (vec![8], 0));
        waits.note_all(|hash| hash == 1);
        assert_eq!(waits.take_changed(), [1]);
    }
}
