//! Notices of what happened to keys, on their way to those who are interested.

use crate::store::events::EventClass;

/// What happened to a key, or to all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Index of the key's store.
    pub store: usize,
    /// The key.
    pub key: Box<[u8]>,
    /// Whether whoever has read the key has read something that no longer holds.
    pub modified: bool,
    /// The event to be published, if one is.
    pub event: Option<(EventClass, &'static str)>,
}

/// What happened, in order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Notices {
    /// Of single keys.
    pub keys: Vec<Notice>,
    /// Whole stores have been emptied or exchanged.
    pub emptied: bool,
}

impl Notices {
    /// Whether nothing is told.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && !self.emptied
    }
}

/// Hears what happens to keys beside commands, while their shard is still locked.
pub trait Listener: Send + Sync {
    /// Takes notice.
    fn hear(&self, notices: Notices);
}
