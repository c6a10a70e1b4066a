//! How a keyspace is made.

use crate::keyspace::key::HashSeed;
use crate::keyspace::key::KeyHasher;

/// What the shards of a keyspace have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setup {
    /// The secret start of the hashes.
    pub seed: HashSeed,
    /// Keys of one session share a shard, and live and go together.
    pub by_session: bool,
    /// Each shard keeps a filter of its keys, with this rate of false positives; none: no filter.
    pub filter: Option<f64>,
    /// Bytes that all shards together take at the most to remember which keys have left, and why; 0: nothing is remembered.
    pub miss_history: usize,
    /// Facts about keys that all shards together keep; 0: none.
    pub key_journal: usize,
}

impl Setup {
    /// Bytes of one of the shards whose keys share so many leading bits to remember which keys have left.
    pub fn miss_history_of_shard(&self, prefix_bits: u32) -> usize {
        self.miss_history >> prefix_bits
    }

    /// Facts that one of these shards keeps.
    pub fn key_journal_of_shard(&self, prefix_bits: u32) -> usize {
        self.key_journal.div_ceil(1 << prefix_bits)
    }

    /// Neither sessions nor a filter, and no memory of what was.
    pub fn plain(seed: HashSeed) -> Self {
        Self { seed, by_session: false, filter: None, miss_history: 0, key_journal: 0 }
    }

    /// How keys are hashed where `shard_bits` leading bits choose the shard: by sessions, just these come from the session,
    /// and so a session of any size spreads over the tables of its shard.
    pub fn hasher(&self, shard_bits: u32) -> KeyHasher {
        KeyHasher::of_shards(self.seed, self.by_session, shard_bits)
    }
}
