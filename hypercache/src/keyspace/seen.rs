//! An entry as whoever visits all of them sees it.

use std::ops::Deref;

use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::shard::Shard;

/// An entry, whose deadline may be that of its session.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub(super) entry: &'a Entry,
    pub(super) shard: &'a Shard,
}

impl Seen<'_> {
    /// When it expires; none: never.
    pub fn deadline(self) -> Option<UnixMillis> {
        self.shard.deadline(self.entry)
    }

    /// Whether its time is over at `now`, or that of every part of its value.
    pub fn expired(self, now: UnixMillis) -> bool {
        self.shard.expired(self.entry, now)
    }
}

impl Deref for Seen<'_> {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        self.entry
    }
}
