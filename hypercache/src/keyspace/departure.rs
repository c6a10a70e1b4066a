//! Why an entry leaves its shard.

/// Why an entry leaves its shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Departure {
    /// A command has removed it, or its last element.
    Deleted,
    /// Its time was over.
    Expired,
    /// It had to make room.
    Evicted,
}
