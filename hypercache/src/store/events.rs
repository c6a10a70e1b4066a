//! Keyspace events: what is told of a key that has changed, and who wants to hear it.

pub mod interest;
pub mod notice;
pub mod selection;

pub use interest::Interest;
pub use interest::Interests;
pub use notice::Attendant;
pub use notice::Cause;
pub use notice::Listener;
pub use notice::Notice;
pub use notice::Notices;
pub use selection::Selection;

/// The class of a keyspace event; `notify-keyspace-events` chooses among them by letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventClass {
    /// `g`: commands on keys of any type.
    Generic,
    /// `$`: strings.
    String,
    /// `l`: lists.
    List,
    /// `s`: sets.
    Set,
    /// `h`: hashes.
    Hash,
    /// `z`: sorted sets.
    ZSet,
    /// `t`: streams.
    Stream,
    /// `x`: keys whose time was over.
    Expired,
    /// `e`: keys evicted to make room.
    Evicted,
    /// `m`: reads that found no key.
    KeyMiss,
    /// `n`: keys that were not there before.
    New,
}
