//! What a command tells of the keys it changes: keyspace events, as Redis names and classes them, and that whoever watches
//! or has read a key should know.

use crate::command::Context;
use crate::store::events::Cause;
pub use crate::store::events::EventClass;
use crate::store::events::Notices;

impl Context<'_> {
    /// Tells that `key` of the selected store has really changed, and how. To be called once for each event that Redis
    /// would publish, after the change; never for a command that changed nothing. Where the key was a collection that is
    /// without elements now, its `del` follows by itself.
    pub fn notify(&mut self, class: EventClass, event: &'static str, key: &[u8]) {
        self.notify_in(self.store.index(), class, event, key);
    }

    /// As `notify`, for a key of another store that is locked.
    pub fn notify_in(&mut self, store: usize, class: EventClass, event: &'static str, key: &[u8]) {
        let emptied = std::mem::take(&mut self.emptied);
        if self.interest.is_none() {
            return;
        }
        self.note(store, key, Some(Cause::Command), Some((class, event)));
        if emptied {
            self.note(store, key, Some(Cause::Command), Some((EventClass::Generic, "del")));
        }
    }

    /// Publishes an event of a key that is, for those who watch or have read it, as it was: as Redis does with consumer
    /// groups.
    pub fn announce(&mut self, class: EventClass, event: &'static str, key: &[u8]) {
        if !self.interest.is_none() {
            self.note(self.store.index(), key, None, Some((class, event)));
        }
    }

    /// Tells those who watch or have read `key` that it has changed, without an event.
    pub fn signal(&mut self, key: &[u8]) {
        if !self.interest.is_none() {
            self.note(self.store.index(), key, Some(Cause::Command), None);
        }
    }

    /// What was told so far and is of interest to somebody, to be passed on while the locks are still held.
    pub fn take_notices(&mut self) -> Notices {
        std::mem::take(&mut self.notices)
    }

    /// Tells that a read has found nothing.
    pub(super) fn note_miss(&mut self, key: &[u8]) {
        self.announce(EventClass::KeyMiss, "keymiss", key);
    }

    /// Tells that `key` has been made; its own event follows.
    pub(super) fn note_new(&mut self, store: usize, key: &[u8]) {
        if !self.interest.is_none() {
            self.note(store, key, None, Some((EventClass::New, "new")));
        }
    }

    /// Tells that the time of `key`, or of fields of it, was over; `lapsed` is whether the key went with its last field.
    pub(super) fn note_fields_expired(&mut self, store: usize, key: &[u8], lapsed: bool) {
        if self.interest.is_none() {
            return;
        }
        self.note(store, key, Some(Cause::Time), Some((EventClass::Hash, "hexpired")));
        if lapsed {
            self.note(store, key, Some(Cause::Time), Some((EventClass::Generic, "del")));
        }
    }

    /// Tells that the time of `key` was over.
    pub(super) fn note_expired(&mut self, store: usize, key: &[u8]) {
        if !self.interest.is_none() {
            self.note(store, key, Some(Cause::Time), Some((EventClass::Expired, "expired")));
        }
    }

    #[cold]
    fn note(
        &mut self,
        store: usize,
        key: &[u8],
        modified: Option<Cause>,
        event: Option<(EventClass, &'static str)>,
    ) {
        if modified.is_some() && self.interest.watches() {
            let (hashed, at) = self.locate(store, key);
            self.locks[at].data.watches().note(hashed.hash);
        }
        self.notices.add(self.interest, (store, key), modified, event);
    }
}

#[cfg(test)]
mod tests;
