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

impl Departure {
    /// All reasons, in their order.
    pub const ALL: [Self; 3] = [Self::Deleted, Self::Expired, Self::Evicted];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Expired => "expired",
            Self::Evicted => "evicted",
        }
    }
}
