//! Which keys expire when.

use std::collections::BTreeSet;

use crate::keyspace::entry::UnixMillis;

/// Deadlines in order, each with the hash of its key: exact, so that no key is looked at before its time.
#[derive(Debug, Default)]
pub struct Deadlines {
    ordered: BTreeSet<(UnixMillis, u64)>,
}

impl Deadlines {
    /// Keys with a deadline, two that agree in hash and deadline counted once.
    pub fn count(&self) -> usize {
        self.ordered.len()
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
}
