//! Keys and their hashes.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The secret start of every hash (XXH3, <https://xxhash.com>), drawn once per node so that nobody can choose keys that
/// collide. All stores of a node share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashSeed(pub u64);

impl HashSeed {
    /// The 64-bit hash of a key.
    pub fn hash(self, key: &[u8]) -> u64 {
        xxh3_64_with_seed(key, self.0)
    }
}

/// A key with its hash, computed once.
#[derive(Debug, Clone, Copy)]
pub struct HashedKey<'a> {
    /// The key.
    pub bytes: &'a [u8],
    /// Its hash under the keyspace's seed.
    pub hash: u64,
}
