//! What a handler did and what it left behind, for the layer above.

use crate::keyspace::shard::Shard;
use crate::value::Value;

/// What a handler did, for the layer above to tell.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Effects {
    /// Changes to data; 0: nothing to log.
    pub changes: u32,
    /// Reads that found their key.
    pub hits: u32,
    /// Reads that did not.
    pub misses: u32,
    /// Of those, reads of keys that are known to have left, by why they have, in the order of `Departure::ALL`.
    pub departed: [u32; 3],
    /// Expired keys met and removed.
    pub expired: u32,
    /// Expired fields of hashes met and removed.
    pub expired_fields: u32,
    /// Sessions met whose time was over, and removed with all their keys.
    pub expired_sessions: u32,
    /// Keys that had to go to make room.
    pub evicted: u32,
    /// Bytes that this freed.
    pub evicted_bytes: u64,
}

impl Effects {
    /// Adds what another command did.
    pub fn add(&mut self, other: Self) {
        self.changes = self.changes.saturating_add(other.changes);
        self.hits = self.hits.saturating_add(other.hits);
        self.misses = self.misses.saturating_add(other.misses);
        for (count, more) in self.departed.iter_mut().zip(other.departed) {
            *count = count.saturating_add(more);
        }
        self.expired = self.expired.saturating_add(other.expired);
        self.expired_fields = self.expired_fields.saturating_add(other.expired_fields);
        self.expired_sessions = self.expired_sessions.saturating_add(other.expired_sessions);
        self.evicted = self.evicted.saturating_add(other.evicted);
        self.evicted_bytes = self.evicted_bytes.saturating_add(other.evicted_bytes);
    }
}

/// Data that was taken out and takes long to drop.
#[derive(Debug, Default)]
pub struct Garbage {
    pub(super) shards: Vec<Shard>,
    values: Vec<Value>,
}

impl Garbage {
    /// What was taken out of a store.
    pub fn of_shards(shards: Vec<Shard>) -> Self {
        Self { shards, values: Vec::new() }
    }

    /// Values that were evicted.
    pub fn of_values(values: Vec<Value>) -> Self {
        Self { shards: Vec::new(), values }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.shards.is_empty() && self.values.is_empty()
    }

    /// Keeps a big value; drops a small one.
    pub(super) fn add(&mut self, value: Value) {
        if value.view().takes_long_to_drop() {
            self.values.push(value);
        }
    }
}
