//! What filters have done, and how they stand.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use crate::keyspace::filter::Filter;
use crate::keyspace::filter::WHOLE;
use crate::keyspace::filter::segment::SLOTS;
use crate::keyspace::filter::width::Width;

/// What the filter of a shard has done, whatever keys it had. Under the shard's lock.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Lookups it answered: there is no such key.
    pub negatives: u64,
    /// Lookups it passed on that found their key.
    pub true_positives: u64,
    /// Lookups it passed on that did not.
    pub false_positives: u64,
    /// Fingerprints moved to make room for others.
    pub kicks: u64,
    /// Segments split because they were full.
    pub splits: u64,
    /// Pairs of sparse segments joined.
    pub joins: u64,
    /// Segments built for keys that were there.
    pub built: u64,
}

/// The filters of a keyspace, summed up.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Standing {
    /// The rate of false positives that is wanted.
    pub wanted_rate: f64,
    /// Bits of a fingerprint.
    pub fingerprint_bits: u32,
    /// Keys in it.
    pub items: u64,
    /// Keys that the slots there are could take.
    pub slots: u64,
    /// Bytes it takes.
    pub bytes: u64,
    /// Share of the keys' hashes that it can answer for; less than 1 while it is built.
    pub covered: f64,
    /// The rate of false positives to expect with as many keys as there are.
    pub expected_rate: f64,
    /// Segments that are not built yet.
    pub unbuilt: u64,
    /// Segments that cannot answer because their keys collide.
    pub overflown: u64,
    /// What it has done.
    pub tally: Tally,
}

impl Standing {
    /// The rate of false positives among the lookups of keys that were not there; none before the first.
    pub fn measured_rate(&self) -> Option<f64> {
        let absent = self.tally.false_positives + self.tally.negatives;
        (absent > 0).then(|| self.tally.false_positives as f64 / absent as f64)
    }

    /// Whether all keys there are, are in it.
    pub fn is_built(&self) -> bool {
        self.unbuilt == 0
    }
}

/// What a shard told of its filter when its lock was last given back: read by whoever must not wait for the lock.
#[derive(Debug, Default)]
pub struct Published {
    /// Counts changes to what follows it; so that little is written where little happened.
    revision: AtomicU64,
    items: AtomicU64,
    slots: AtomicU64,
    bytes: AtomicU64,
    covered: AtomicU64,
    load: AtomicU64,
    unbuilt: AtomicU64,
    overflown: AtomicU64,
    kicks: AtomicU64,
    splits: AtomicU64,
    joins: AtomicU64,
    built: AtomicU64,
    negatives: AtomicU64,
    true_positives: AtomicU64,
    false_positives: AtomicU64,
}

impl Published {
    /// Tells how often keys were looked up.
    pub fn tell_lookups(&self, tally: &Tally) {
        self.negatives.store(tally.negatives, Relaxed);
        self.true_positives.store(tally.true_positives, Relaxed);
        self.false_positives.store(tally.false_positives, Relaxed);
    }

    /// Tells how the filter stands, if that has become another since `revision` before.
    pub fn tell_changes(&self, revision: u64, filter: Option<&Filter>, tally: &Tally) {
        if self.revision.load(Relaxed) == revision {
            return;
        }
        self.revision.store(revision, Relaxed);
        let sums = filter.map(|filter| filter.sums).unwrap_or_default();
        self.items.store(sums.items as u64, Relaxed);
        self.slots.store(sums.slots as u64, Relaxed);
        self.bytes.store(filter.map_or(0, Filter::heap_bytes) as u64, Relaxed);
        self.covered.store(sums.covered, Relaxed);
        self.load.store(sums.load, Relaxed);
        self.unbuilt.store(sums.unbuilt as u64, Relaxed);
        self.overflown.store(sums.overflown as u64, Relaxed);
        self.kicks.store(tally.kicks, Relaxed);
        self.splits.store(tally.splits, Relaxed);
        self.joins.store(tally.joins, Relaxed);
        self.built.store(tally.built, Relaxed);
    }

    /// Whether the filter was still to be built.
    pub fn is_unbuilt(&self) -> bool {
        self.unbuilt.load(Relaxed) > 0
    }
}

/// Sums up what shards have told of filters for a rate.
pub fn sum<'a>(wanted_rate: f64, shards: impl ExactSizeIterator<Item = &'a Published>) -> Standing {
    let width = Width::of_rate(wanted_rate);
    let mut standing = Standing { wanted_rate, fingerprint_bits: width.bits(), ..Standing::default() };
    let whole = (WHOLE as f64) * shards.len() as f64;
    let (mut covered, mut load) = (0.0, 0.0);
    for shard in shards {
        standing.items += shard.items.load(Relaxed);
        standing.slots += shard.slots.load(Relaxed);
        standing.bytes += shard.bytes.load(Relaxed);
        standing.unbuilt += shard.unbuilt.load(Relaxed);
        standing.overflown += shard.overflown.load(Relaxed);
        covered += shard.covered.load(Relaxed) as f64;
        load += shard.load.load(Relaxed) as f64;
        let tally = &mut standing.tally;
        tally.negatives += shard.negatives.load(Relaxed);
        tally.true_positives += shard.true_positives.load(Relaxed);
        tally.false_positives += shard.false_positives.load(Relaxed);
        tally.kicks += shard.kicks.load(Relaxed);
        tally.splits += shard.splits.load(Relaxed);
        tally.joins += shard.joins.load(Relaxed);
        tally.built += shard.built.load(Relaxed);
    }
    standing.covered = covered / whole;
    if covered > 0.0 {
        standing.expected_rate = width.full_rate() * load / covered / SLOTS as f64;
    }
    standing
}
