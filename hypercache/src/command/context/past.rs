//! What is remembered of keys: why they have left, and whose doing it was.

use crate::command::Context;
use crate::keyspace::departure::Departure;
use crate::keyspace::entry::Entry;
use crate::keyspace::journal::Author;
use crate::keyspace::journal::Fact;
use crate::keyspace::journal::Flush;
use crate::keyspace::key::HashedKey;

/// Facts that are told of a key at the most.
const FACTS_MAX: usize = 64;

/// What is remembered of one key.
#[derive(Debug, Default)]
pub struct Past {
    /// Why it has left, if it has.
    pub departure: Option<Departure>,
    /// What has lately happened to it, the newest first.
    pub facts: Vec<Fact>,
    /// When its store was last emptied.
    pub flush: Option<Flush>,
}

impl Context<'_> {
    /// Says on whose behalf the command runs, for what is remembered of the keys that it changes.
    pub fn on_behalf_of(&mut self, author: Author) {
        self.author = Some(author);
    }

    /// Lets the command tell on whose behalf others have come about what they did.
    pub fn show_authors(&mut self) {
        self.shows_authors = true;
    }

    /// Whether the command may tell on whose behalf others have come about what they did.
    pub fn shows_authors(&self) -> bool {
        self.shows_authors
    }

    /// What is remembered of `key`. Counts nothing, does not note the access.
    pub fn past(&mut self, key: &[u8]) -> Past {
        let (hashed, at) = self.locate(self.store.index(), key);
        let present = self.is_live(hashed, at);
        let data = &mut self.locks[at].data;
        let facts: Vec<Fact> = data.journal().about(hashed.hash).take(FACTS_MAX).copied().collect();
        let flush = data.journal().flush();
        let departure = if present { None } else { data.history().reason(hashed.hash) };
        Past { departure: departure.or_else(|| (!present).then(|| recorded(&facts, flush))?), facts, flush }
    }

    /// Counts a read that did not find its key, by why the key has left; `lapsed`: this read has removed it, its time being
    /// over.
    pub(super) fn count_miss(&mut self, key: HashedKey<'_>, at: usize, lapsed: bool) {
        self.effects.misses += 1;
        let why =
            if lapsed { Some(Departure::Expired) } else { self.locks[at].data.history().reason(key.hash) };
        if let Some(why) = why {
            self.effects.departed[why as usize] += 1;
        }
    }

    /// Removes an entry and notes it.
    pub(super) fn remove_at(&mut self, key: HashedKey<'_>, at: usize, why: Departure) -> Option<Entry> {
        let (now, author) = (self.stamp.now, self.author.filter(|_| why == Departure::Deleted));
        let data = &mut self.locks[at].data;
        let entry = data.remove(key, why)?;
        let journal = data.journal();
        journal.left(key.hash, &entry, why, now);
        journal.sign(key.hash, author);
        Some(entry)
    }

    /// Notes that an entry which is there was given another deadline.
    pub(super) fn note_retimed(&mut self, key: HashedKey<'_>, at: usize) {
        let (now, author, data) = (self.stamp.now, self.author, &mut self.locks[at].data);
        data.note_retimed(key, now);
        data.journal().sign(key.hash, author);
    }

    /// Says whose doing the change was that has just been made to a key.
    pub(super) fn sign(&mut self, key: HashedKey<'_>, at: usize) {
        let author = self.author;
        self.locks[at].data.journal().sign(key.hash, author);
    }
}

/// Why a key that is not there has left, as far as the last facts about it tell.
fn recorded(facts: &[Fact], flush: Option<Flush>) -> Option<Departure> {
    let newest = facts.first()?;
    match newest.departure() {
        Some(why) => Some(why),
        // Whatever else takes a key away is a fact of its own.
        None => flush.filter(|flush| flush.at >= newest.at).map(|_| Departure::Deleted),
    }
}
