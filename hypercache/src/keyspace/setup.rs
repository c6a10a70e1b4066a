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
}

impl Setup {
    /// Neither sessions nor a filter.
    pub fn plain(seed: HashSeed) -> Self {
        Self { seed, by_session: false, filter: None }
    }

    /// How keys are hashed where `shard_bits` leading bits choose the shard: by sessions, just these come from the session,
    /// and so a session of any size spreads over the tables of its shard.
    pub fn hasher(&self, shard_bits: u32) -> KeyHasher {
        KeyHasher::of_shards(self.seed, self.by_session, shard_bits)
    }
}
