//! Keys, their hashes, and the sessions that they belong to.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The secret start of every hash (XXH3, <https://xxhash.com>), drawn once per node so that nobody can choose keys that
/// collide. All stores of a node share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashSeed(pub u64);

impl HashSeed {
    /// The 64-bit hash of some bytes.
    pub fn hash(self, bytes: &[u8]) -> u64 {
        xxh3_64_with_seed(bytes, self.0)
    }
}

/// How the keys of one keyspace are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyHasher {
    seed: HashSeed,
    /// Leading bits that come from the key's session; 0: none.
    session_bits: u32,
}

impl KeyHasher {
    /// For keys in shards that the leading `shard_bits` bits choose, fewer than 64: where keys live and go by session, these
    /// bits come from the session.
    pub fn of_shards(seed: HashSeed, by_session: bool, shard_bits: u32) -> Self {
        debug_assert!(shard_bits < 64, "some bits have to tell keys of a session apart");
        Self { seed, session_bits: if by_session { shard_bits } else { 0 } }
    }

    /// The 64-bit hash of a key.
    pub fn hash(self, key: &[u8]) -> u64 {
        let own = self.seed.hash(key);
        if self.session_bits == 0 {
            return own;
        }
        let of_key = u64::MAX >> self.session_bits;
        self.session(key) & !of_key | own & of_key
    }

    /// The 64-bit hash of the session that a key belongs to.
    pub fn session(self, key: &[u8]) -> u64 {
        self.seed.hash(session_of(key))
    }
}

impl From<HashSeed> for KeyHasher {
    /// Takes all bits from the key.
    fn from(seed: HashSeed) -> Self {
        Self { seed, session_bits: 0 }
    }
}

/// The session that a key belongs to: what stands between the first `{` and the first `}` after it, unless nothing does
/// (the rule for hash tags of Redis Cluster), else what stands before the last `:`, else the whole key. So `u1` belongs to
/// the session of `u1:cart`, which it names.
pub fn session_of(key: &[u8]) -> &[u8] {
    if let Some(begin) = key.iter().position(|byte| *byte == b'{') {
        let tag = key[begin + 1..].split(|byte| *byte == b'}').next().unwrap_or_default();
        if !tag.is_empty() && begin + 1 + tag.len() < key.len() {
            return tag;
        }
    }
    match key.iter().rposition(|byte| *byte == b':') {
        Some(end) if end > 0 => &key[..end],
        _ => key,
    }
}

/// A key with its hash, computed once.
#[derive(Debug, Clone, Copy)]
pub struct HashedKey<'a> {
    /// The key.
    pub bytes: &'a [u8],
    /// Its hash in its keyspace.
    pub hash: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_the_tag_or_what_stands_before_the_last_colon() {
        for (key, session) in [
            ("u1", "u1"),
            ("u1:cart", "u1"),
            ("shop:u1:cart", "shop:u1"),
            ("cart:{u1}", "u1"),
            ("{u1}:cart:items", "u1"),
            ("{a}{b}:c", "a"),
            ("{}:cart", "{}"),
            ("{}{u1}", "{}{u1}"),
            ("x:{u1", "x"),
            ("{u1", "{u1"),
            ("}{u1}", "u1"),
            ("{{u1}}", "{u1"),
            ("u1:", "u1"),
            (":cart", ":cart"),
            (":", ":"),
            ("", ""),
        ] {
            assert_eq!(session_of(key.as_bytes()), session.as_bytes(), "{key}");
        }
    }

    #[test]
    fn keys_of_a_session_share_as_many_bits_as_they_should() {
        let (hasher, plain) = (KeyHasher::of_shards(HashSeed(9), true, 4), KeyHasher::from(HashSeed(9)));
        let keys: Vec<String> = (0..200).map(|n| format!("u1:{n}")).collect();
        let mut hashes: Vec<u64> = keys.iter().map(|key| hasher.hash(key.as_bytes())).collect();
        assert!(hashes.iter().all(|hash| hash >> 60 == hasher.session(b"u1:0") >> 60));
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), keys.len());
        assert!(
            keys.iter().all(|key| plain.hash(key.as_bytes()) << 4 == hasher.hash(key.as_bytes()) << 4),
            "the other bits are the key's own"
        );
        assert_eq!(plain.hash(b"u1:0"), HashSeed(9).hash(b"u1:0"));
    }
}
