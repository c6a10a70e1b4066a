//! Notices of what happened to keys, on their way to those who are interested.

use crate::store::events::EventClass;
use crate::store::events::Interest;

/// What changes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A command.
    Command,
    /// Its time was over.
    Time,
    /// It had to make room for others.
    Room,
}

/// What happened to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Index of the key's store.
    pub store: usize,
    /// The key.
    pub key: Box<[u8]>,
    /// What has changed the key, so that whoever has read it has read something that no longer holds; none: it is as it
    /// was, or nobody remembers what is read.
    pub modified: Option<Cause>,
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

    /// Adds what happened to a key, as far as anybody is interested in it.
    pub fn add(
        &mut self,
        interest: Interest,
        (store, key): (usize, &[u8]),
        modified: Option<Cause>,
        event: Option<(EventClass, &'static str)>,
    ) {
        let modified = modified.filter(|_| interest.tracks());
        let event = event.filter(|(class, _)| interest.hears(*class));
        if modified.is_some() || event.is_some() {
            self.keys.push(Notice { store, key: key.into(), modified, event });
        }
    }
}

/// Serves those who wait for keys that have changed beside commands.
pub trait Attendant: Send + Sync {
    /// Serves those who wait for changed keys of a shard, which the caller has not locked. False where a script stands in
    /// the way, and the shard is to be attended to again.
    fn attend(&self, store: usize, shard: usize) -> bool;
}

/// Hears what happens to keys beside commands, while their shard is still locked.
pub trait Listener: Send + Sync {
    /// Takes notice.
    fn hear(&self, notices: Notices);
}
