//! What handlers meet where keys live and go by session.

use crate::command::Context;
use crate::keyspace::departure::Departure;
use crate::keyspace::entry::Entry;
use crate::keyspace::entry::Given;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::key::HashedKey;
use crate::value::Value;

impl Context<'_> {
    /// When a key of the selected store that this command has looked at expires; none: never, or there is no such key.
    pub fn deadline(&self, key: &[u8]) -> Option<UnixMillis> {
        let (hashed, at) = self.locate(self.store.index(), key);
        let data = &self.locks[at].data;
        data.get(hashed).and_then(|entry| data.deadline(entry))
    }

    /// Writes `key`, which is there, whole and leaves it the time that it has. Counts one change.
    pub fn set_keeping_deadline<'v>(&mut self, key: &[u8], value: impl Into<Given<'v>>) {
        let deadline = self.deadline(key).filter(|_| !self.store.keyspace().by_session());
        self.put(self.store.index(), key, value, deadline);
    }

    /// As `put_anew`, for a value that comes from another key, with the deadline that it had there: where it joins a session,
    /// that one's time to live holds, and a session that begins takes it over.
    pub fn move_in(&mut self, store: usize, key: &[u8], value: Value, deadline: Option<UnixMillis>) {
        self.remove_silently(store, key);
        let deadline = deadline.filter(|_| !self.joins_session(store, key));
        self.put(store, key, value, deadline);
    }

    pub(super) fn remove_silently(&mut self, store: usize, key: &[u8]) {
        let (hashed, at) = self.locate(store, key);
        if self.is_live(hashed, at)
            && let Some(entry) = self.remove_at(hashed, at, Departure::Deleted)
        {
            self.garbage.add(entry.into_value());
        }
    }

    /// Whether `key` belongs to a session that is there and not over.
    pub(super) fn joins_session(&self, store: usize, key: &[u8]) -> bool {
        let (_, at) = self.locate(store, key);
        self.locks[at].data.joins_session(key, self.stamp.now)
    }

    /// Removes the session of `key` with all its keys if its time is over. Whether it was.
    pub(super) fn expire_session(&mut self, key: HashedKey<'_>, at: usize) -> bool {
        let (now, store) = (self.stamp.now, self.locks[at].store);
        let mut gone: Vec<Entry> = Vec::new();
        let deadline = self.locks[at].data.session_deadline(key.bytes);
        let over = self.locks[at].data.expire_session(key.bytes, now, &mut |entry| gone.push(entry));
        self.effects.expired_sessions += u32::from(over);
        for entry in gone {
            self.effects.expired = self.effects.expired.saturating_add(1);
            self.count_lag(deadline);
            self.note_expired(store, entry.key());
            self.garbage.add(entry.into_value());
        }
        over
    }
}

#[cfg(test)]
mod tests;
