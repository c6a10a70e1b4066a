//! The sessions of a shard: which keys belong to each, when it was last touched and when its time is over.
//!
//! The time to live belongs to the session, not to its keys: entries of such a shard have no deadline of their own, so all
//! keys of a session end at one moment for whoever looks, and a touch moves one number however many keys there are.

mod index;
mod members;

use std::collections::BTreeSet;

use crate::keyspace::entry::UnixMillis;
use crate::keyspace::key::KeyHasher;
use crate::keyspace::sessions::index::Index;
use crate::keyspace::sessions::members::Members;

/// With no more sessions than this the longest idle is looked for among all of them.
const LOOKED_AT_MAX: usize = 16;
/// Sessions drawn where there are more: as many as Redis draws keys at its closer setting (`maxmemory-samples 10`).
const DRAWN: usize = 10;
/// What an entry of a `BTreeSet` of two words takes, its share of the nodes counted.
const NOTE_BYTES: usize = 24;

/// The sessions. Two names that share their 64-bit hash are taken for one session.
#[derive(Debug)]
pub struct Sessions {
    hasher: KeyHasher,
    index: Index,
    /// Each session with a time to live, at a time no later than its end: a touch need not move it.
    due: BTreeSet<(UnixMillis, u64)>,
    /// Keys of sessions with a time to live.
    expiring: usize,
    /// Bytes that members take beside the index.
    members_bytes: usize,
}

#[derive(Debug)]
struct Session {
    hash: u64,
    members: Members,
    touched: UnixMillis,
    /// How long it lives untouched, in milliseconds; 0: for ever.
    ttl: u64,
    /// When its time is over; 0: never.
    deadline: UnixMillis,
    /// Where it stands in `due`; 0: nowhere.
    noted: UnixMillis,
}

impl Session {
    fn touch(&mut self, now: UnixMillis) {
        self.touched = self.touched.max(now);
        if self.ttl != 0 {
            // A clock that several threads read may seem to go back; nothing ends earlier for that.
            self.deadline = self.deadline.max(now.saturating_add(self.ttl));
        }
    }

    /// Moves it in `due` to when it ends.
    fn note(&mut self, due: &mut BTreeSet<(UnixMillis, u64)>) {
        if self.noted != 0 {
            due.remove(&(self.noted, self.hash));
        }
        self.noted = self.deadline;
        if self.noted != 0 {
            due.insert((self.noted, self.hash));
        }
    }
}

impl Sessions {
    /// None so far.
    pub fn new(hasher: KeyHasher) -> Self {
        Self { hasher, index: Index::new(), due: BTreeSet::new(), expiring: 0, members_bytes: 0 }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.index.len()
    }

    /// Keys that end with their session.
    pub fn expiring(&self) -> usize {
        self.expiring
    }

    /// Bytes that all this takes.
    pub fn bytes(&self) -> usize {
        self.index.bytes() + self.due.len() * NOTE_BYTES + self.members_bytes
    }

    /// How keys and their sessions are hashed.
    pub fn hasher(&self) -> KeyHasher {
        self.hasher
    }

    /// The hash of the session that a key belongs to.
    pub fn of_key(&self, key: &[u8]) -> u64 {
        self.hasher.session(key)
    }

    /// Whether there is such a session.
    pub fn holds(&self, session: u64) -> bool {
        self.index.get(session).is_some()
    }

    /// When the time of a session is over; none: never, or there is no such session.
    pub fn deadline(&self, session: u64) -> Option<UnixMillis> {
        self.index.get(session).map(|found| found.deadline).filter(|deadline| *deadline != 0)
    }

    /// How long a session has not been touched, in milliseconds; none: there is no such session.
    pub fn idle(&self, session: u64, now: UnixMillis) -> Option<u64> {
        self.index.get(session).map(|found| now.saturating_sub(found.touched))
    }

    /// Begins a session, or touches it where it is there. The caller puts a key into one that begins: there is no session
    /// without any.
    pub fn begin(&mut self, session: u64, now: UnixMillis) {
        if let Some(found) = self.index.get_mut(session) {
            found.touch(now);
            return;
        }
        let members = Members::default();
        self.index.insert(Session { hash: session, members, touched: now, ttl: 0, deadline: 0, noted: 0 });
    }

    /// Restarts the idle clock of a session, and its time to live.
    pub fn touch(&mut self, session: u64, now: UnixMillis) {
        if let Some(found) = self.index.get_mut(session) {
            found.touch(now);
        }
    }

    /// Gives a session the time from `now` until `deadline` to live from each touch on, or for ever.
    pub fn set_deadline(&mut self, session: u64, deadline: Option<UnixMillis>, now: UnixMillis) {
        let Some(found) = self.index.get_mut(session) else { return };
        let members = found.members.count();
        self.expiring -= if found.ttl == 0 { 0 } else { members };
        // One that is over already has the shortest time that there is.
        found.ttl = deadline.map_or(0, |deadline| deadline.saturating_sub(now).max(1));
        found.deadline = deadline.unwrap_or(0);
        found.touched = found.touched.max(now);
        self.expiring += if found.ttl == 0 { 0 } else { members };
        if found.deadline == 0 || found.noted == 0 || found.deadline < found.noted {
            found.note(&mut self.due);
        }
    }

    /// Adds a key, by its hash, to a session that is there.
    pub fn join(&mut self, session: u64, key: u64) {
        let Some(found) = self.index.get_mut(session) else { return };
        let before = found.members.bytes();
        found.members.add(key);
        self.members_bytes = self.members_bytes - before + found.members.bytes();
        self.expiring += usize::from(found.ttl != 0);
    }

    /// Takes a key out of its session, which ends with the last one. Nothing where `take` has taken the session before.
    pub fn leave(&mut self, session: u64, key: u64) {
        let Some(found) = self.index.get_mut(session) else { return };
        let before = found.members.bytes();
        if !found.members.remove(key) {
            return;
        }
        self.members_bytes = self.members_bytes - before + found.members.bytes();
        self.expiring -= usize::from(found.ttl != 0);
        if found.members.count() == 0 {
            self.take(session);
        }
    }

    /// Takes a session out: the hashes of its keys, which are to be removed now.
    pub fn take(&mut self, session: u64) -> Vec<u64> {
        let Some(taken) = self.index.remove(session) else { return Vec::new() };
        if taken.noted != 0 {
            self.due.remove(&(taken.noted, taken.hash));
        }
        if taken.ttl != 0 {
            self.expiring -= taken.members.count();
        }
        self.members_bytes -= taken.members.bytes();
        taken.members.into_hashes()
    }

    /// The session whose time has been over for longest at `now`, with its deadline.
    pub fn first_expired(&mut self, now: UnixMillis) -> Option<(UnixMillis, u64)> {
        loop {
            let (noted, session) = *self.due.first()?;
            if noted > now {
                return None;
            }
            let found = self
                .index
                .get_mut(session)
                .expect("a session that is noted is there: `take` keeps both in step");
            if found.deadline == noted {
                return Some((noted, session));
            }
            // It was touched since.
            found.note(&mut self.due);
        }
    }

    /// The session that was not touched for longest: of all where they are few, else of some that `random` draws.
    pub fn longest_idle(&self, random: &mut dyn FnMut() -> u64) -> Option<u64> {
        let oldest = if self.count() <= LOOKED_AT_MAX {
            self.index.iter().min_by_key(|session| session.touched)
        } else {
            (0..DRAWN).filter_map(|_| self.index.draw(random())).min_by_key(|session| session.touched)
        };
        oldest.map(|session| session.hash)
    }
}

#[cfg(test)]
mod tests;
