//! What has to make room: by which order entries go, and the best candidates seen so far.

pub mod pool;
pub mod popularity;

pub use pool::Candidate;
pub use pool::Pool;
pub use popularity::Popularity;

/// What makes an entry go before others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// It was not used for longest.
    Recency,
    /// It is used least often, by what its shard's sketch remembers.
    Frequency,
    /// Nothing: any may go.
    Chance,
    /// Its time is over soonest.
    Deadline,
}

/// Which entries may go, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The order.
    pub order: Order,
    /// Only entries with a deadline may go.
    pub expiring_only: bool,
}

/// How much an entry deserves to go; the highest goes first. Only ranks by the same policy can be compared.
pub type Rank = u64;

/// The rank of what goes before all else: its time is over.
pub const OVERDUE: Rank = Rank::MAX;
