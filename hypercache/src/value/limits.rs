//! Up to which size collections are kept in their compact forms.

/// The limits, with the names of Redis's parameters. They decide what `OBJECT ENCODING` tells and in which
/// order members come, so all who replay the same requests need the same limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `hash-max-listpack-entries`: fields of a hash.
    pub hash_listpack_entries: usize,
    /// `hash-max-listpack-value`: bytes of a field or of its value.
    pub hash_listpack_value: usize,
    /// `hll-sparse-max-bytes`: bytes of a HyperLogLog with sparse registers.
    pub hll_sparse_bytes: usize,
    /// `list-max-listpack-size`: bytes of a piece of a list, -1 to -5 for 4, 8, 16, 32 and 64 KiB; elements of one where
    /// it is positive.
    pub list_listpack_size: i32,
    /// `set-max-intset-entries`: members of a set of integers.
    pub set_intset_entries: usize,
    /// `set-max-listpack-entries`: members of a set.
    pub set_listpack_entries: usize,
    /// `set-max-listpack-value`: bytes of a member.
    pub set_listpack_value: usize,
    /// `stream-node-max-bytes`: bytes of a block of a stream; 0 for no bound but `stream::log::BLOCK_BYTES_MAX`.
    pub stream_node_bytes: usize,
    /// `stream-node-max-entries`: entries of a block of a stream, deleted ones among them; 0 for no bound.
    pub stream_node_entries: usize,
    /// `zset-max-listpack-entries`: members of a sorted set.
    pub zset_listpack_entries: usize,
    /// `zset-max-listpack-value`: bytes of a member.
    pub zset_listpack_value: usize,
}

impl Limits {
    /// Redis's defaults.
    pub const DEFAULT: Self = Self {
        hash_listpack_entries: 512,
        hash_listpack_value: 64,
        hll_sparse_bytes: 3000,
        list_listpack_size: -2,
        set_intset_entries: 512,
        set_listpack_entries: 128,
        set_listpack_value: 64,
        stream_node_bytes: 4096,
        stream_node_entries: 100,
        zset_listpack_entries: 128,
        zset_listpack_value: 64,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
