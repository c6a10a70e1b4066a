//! What a command tells of the keys it changes: keyspace events, as Redis names and classes them.

use crate::command::Context;

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

impl Context<'_> {
    /// Tells that `key` of the selected store has really changed, and how. To be called once for each event that Redis
    /// would publish, after the change; never for a command that changed nothing.
    pub fn notify(&mut self, class: EventClass, event: &'static str, key: &[u8]) {
        self.notify_in(self.store.index(), class, event, key);
    }

    /// As `notify`, for a key of another store that is locked.
    pub fn notify_in(&mut self, store: usize, class: EventClass, event: &'static str, key: &[u8]) {
        let _ = (store, class, event, key);
    }
}
