//! The filter that a shard keeps of its keys, if it is to have one.

use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::filter::Filter;
use crate::keyspace::filter::standing::Published;
use crate::keyspace::filter::standing::Tally;
use crate::keyspace::filter::width::Width;
use crate::keyspace::key::HashedKey;
use crate::keyspace::setup::Setup;
use crate::keyspace::shard::Met;
use crate::keyspace::shard::Shard;
use crate::keyspace::table::Table;

/// A filter, or none, and what filters did here. The filter goes with the keys; what is wanted and what was counted stays
/// with the place.
#[derive(Debug)]
pub struct Filtering {
    wanted: Option<Width>,
    prefix_bits: u32,
    filter: Option<Box<Filter>>,
    tally: Tally,
    /// Counts all that is told of a filter beside its lookups.
    revision: u64,
}

impl Filtering {
    /// For a shard without keys.
    pub fn new(setup: Setup, prefix_bits: u32) -> Self {
        let wanted = setup.filter.map(Width::of_rate);
        let filter = wanted.map(|width| Box::new(Filter::new(width, prefix_bits, 0)));
        Self { wanted, prefix_bits, filter, tally: Tally::default(), revision: 1 }
    }

    /// Notes a key that is about to be put into the table.
    pub fn arrived(&mut self, hash: u64, table: &Table) {
        if let Some(filter) = &mut self.filter {
            filter.insert(hash, table, &mut self.tally);
            self.revision += 1;
        }
    }

    /// Notes a key that was taken out of the table.
    pub fn departed(&mut self, hash: u64, table: &Table) {
        if let Some(filter) = &mut self.filter {
            filter.remove(hash, table, &mut self.tally);
            self.revision += 1;
        }
    }

    fn find<'t>(&mut self, table: &'t Table, key: HashedKey<'_>) -> Option<&'t Entry> {
        let answer = self.filter.as_ref().and_then(|filter| filter.answer(key.hash));
        if answer == Some(false) {
            self.tally.negatives += 1;
            return None;
        }
        let found = table.find(key.hash, key.bytes);
        if answer.is_some() {
            if found.is_some() {
                self.tally.true_positives += 1;
            } else {
                self.tally.false_positives += 1;
            }
        }
        found
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.filter.as_ref().map_or(0, |filter| size_of::<Filter>() + filter.heap_bytes())
    }

    /// Tells whoever must not wait for the shard's lock how things stand.
    pub fn publish(&self, to: &Published) {
        to.tell_changes(self.revision, self.filter.as_deref(), &self.tally);
        if self.filter.is_some() {
            to.tell_lookups(&self.tally);
        }
    }

    /// Begins a filter as it is wanted here where there is none for these keys.
    fn fit(&mut self, keys: usize) {
        self.revision += 1;
        if self.filter.as_ref().map(|filter| filter.width()) != self.wanted {
            let (bits, wanted) = (self.prefix_bits, self.wanted);
            self.filter = wanted.map(|width| Box::new(Filter::new(width, bits, keys)));
        }
    }

    /// Takes over what stays with the place from what was here before its keys were taken or exchanged.
    fn stay(&mut self, before: &Self) {
        (self.wanted, self.tally) = (before.wanted, before.tally);
        // Never one that was told before.
        self.revision = before.revision + 1;
    }
}

impl Shard {
    /// The entry of `key`, be it expired or not. The filter is asked first, and how well it answers is counted; with a
    /// certain no the table is not touched.
    pub fn seek(&mut self, key: HashedKey<'_>) -> Option<&Entry> {
        self.filtering.find(&self.table, key)
    }

    /// How it stands with `key` at `now`, found as `seek` does.
    pub fn meet(&mut self, key: HashedKey<'_>, now: UnixMillis) -> Met {
        match self.filtering.find(&self.table, key) {
            None => Met::Absent,
            Some(entry) if self.expired(entry, now) => Met::Over,
            Some(entry) => Met::Live { part_over: entry.part_expired(now) },
        }
    }

    /// Whether there may be such a key, as the filter knows it; none where it cannot tell. Counts nothing.
    pub fn may_have(&self, hash: u64) -> Option<bool> {
        self.filtering.filter.as_ref()?.answer(hash)
    }

    /// Has the shard keep a filter with another rate of false positives, or none. A filter for keys that are there is not
    /// asked before it is built.
    pub fn set_filter(&mut self, rate: Option<f64>) {
        self.filtering.wanted = rate.map(Width::of_rate);
        self.filtering.fit(self.table.entries());
    }

    /// Forgets what filters did here, for another store that takes the place.
    pub fn forget_lookups(&mut self) {
        self.filtering.tally = Tally::default();
        self.filtering.revision += 1;
    }

    /// Builds a few segments, each for some hundred keys, of a filter for keys that were there before it; `start` is the
    /// lowest hash of this shard. Whether there are more.
    pub fn build_filter(&mut self, start: u64, segments: usize) -> bool {
        let Filtering { filter, tally, revision, .. } = &mut self.filtering;
        let Some(filter) = filter else { return false };
        *revision += 1;
        filter.build(&self.table, start, segments, tally)
    }

    /// Lets what stays with the place stay, after all keys were taken; `before` has what was here.
    pub(super) fn filter_stays(&mut self, before: &Self) {
        self.filtering.stay(&before.filtering);
        self.filtering.fit(self.table.entries());
    }

    /// Lets what stays with both places stay, after all keys were exchanged. A filter that came along stays where it is as
    /// wanted; any other is begun anew.
    pub(super) fn filters_stay(&mut self, other: &mut Self) {
        let (left, right) = (&mut self.filtering, &mut other.filtering);
        std::mem::swap(&mut left.wanted, &mut right.wanted);
        std::mem::swap(&mut left.tally, &mut right.tally);
        let revision = left.revision.max(right.revision);
        (left.revision, right.revision) = (revision, revision);
        left.fit(self.table.entries());
        right.fit(other.table.entries());
    }

    /// What of its keys' filter is told to whoever must not wait.
    pub fn publish_filter(&self, to: &Published) {
        self.filtering.publish(to);
    }
}
