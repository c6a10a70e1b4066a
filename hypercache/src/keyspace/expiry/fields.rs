//! When parts of keys expire.

use std::collections::BTreeSet;

use crate::keyspace::entry::UnixMillis;

/// Bytes of one element in the ordered set, its share of the nodes counted: they are two thirds full on average.
const ORDERED_BYTES: usize = 24;

/// Of each hash with fields that expire, the earliest deadline of one, with the hash of its key, in order. Such hashes are
/// few, and so each may take some bytes more than a key with a deadline.
#[derive(Debug, Default)]
pub struct FieldDeadlines {
    ordered: BTreeSet<(UnixMillis, u64)>,
}

impl FieldDeadlines {
    /// How many there are, two that agree in hash and deadline counted once.
    pub fn count(&self) -> usize {
        self.ordered.len()
    }

    /// Notes that the earliest deadline of a hash is another one than before.
    pub fn retime(&mut self, hash: u64, old: Option<UnixMillis>, new: Option<UnixMillis>) {
        if old == new {
            return;
        }
        if let Some(old) = old {
            self.remove(old, hash);
        }
        if let Some(new) = new {
            self.insert(new, hash);
        }
    }

    /// Notes a deadline.
    pub fn insert(&mut self, deadline: UnixMillis, hash: u64) {
        self.ordered.insert((deadline, hash));
    }

    /// Forgets a deadline.
    pub fn remove(&mut self, deadline: UnixMillis, hash: u64) {
        self.ordered.remove(&(deadline, hash));
    }

    /// The earliest deadline with its hash, if it has come by `now`.
    pub fn first_due(&self, now: UnixMillis) -> Option<(UnixMillis, u64)> {
        self.ordered.first().copied().filter(|(deadline, _)| *deadline <= now)
    }

    /// Bytes on the heap, about.
    pub fn bytes(&self) -> usize {
        self.ordered.len() * ORDERED_BYTES
    }
}
