//! Up to which size collections are kept in their compact forms.

/// The limits, with the names of Redis's parameters. They decide what `OBJECT ENCODING` tells and in which
/// order members come, so all who replay the same requests need the same limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `hash-max-listpack-entries`: fields of a hash.
    pub hash_listpack_entries: usize,
    /// `hash-max-listpack-value`: bytes of a field or of its value.
    pub hash_listpack_value: usize,
    /// `set-max-intset-entries`: members of a set of integers.
    pub set_intset_entries: usize,
    /// `set-max-listpack-entries`: members of a set.
    pub set_listpack_entries: usize,
    /// `set-max-listpack-value`: bytes of a member.
    pub set_listpack_value: usize,
}

impl Limits {
    /// Redis's defaults; but 128 fields, not 512: looking for a field in a packed hash reads all before it.
    pub const DEFAULT: Self = Self {
        hash_listpack_entries: 128,
        hash_listpack_value: 64,
        set_intset_entries: 512,
        set_listpack_entries: 128,
        set_listpack_value: 64,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
