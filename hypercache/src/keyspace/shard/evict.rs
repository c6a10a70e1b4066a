//! What in a shard makes room for others.

use std::collections::VecDeque;

use crate::keyspace::departure::Departure;
use crate::keyspace::entry::Entry;
use crate::keyspace::entry::Ticks;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::entry::ticks;
use crate::keyspace::entry::unix_ticks;
use crate::keyspace::eviction::OVERDUE;
use crate::keyspace::eviction::Order;
use crate::keyspace::eviction::Policy;
use crate::keyspace::eviction::Popularity;
use crate::keyspace::eviction::Rank;
use crate::keyspace::shard::Shard;

/// Places of the table looked at for one sample, beside some for each candidate wanted.
const SLOTS: usize = 256;
const SLOTS_PER_CANDIDATE: usize = 8;
/// The share of the newest keys that has a time of grace while the least used go, as a divisor: one in a hundred.
const GRACE_SHARE: usize = 100;
/// Keys that may wait for their turn beyond the time of grace.
const NEWEST_SPARE: usize = 64;
/// How many times the idle time counts of what was not used since it was made.
const UNPROVEN_WEIGHT: Rank = 8;
/// Bits of a rank that tell the time of the last use.
const SINCE_BITS: u32 = 48;

/// What a shard remembers so that the least used can go.
#[derive(Debug, Default)]
pub struct Usage {
    popularity: Popularity,
    /// Keys that have arrived since `grace_from` was last moved.
    arrived: usize,
    /// Keys written after this are among the newest.
    grace_from: Ticks,
    grace_next: Ticks,
    /// Hashes of the newest keys, oldest first: they have yet to stand up to the others.
    newest: VecDeque<u64>,
}

impl Usage {
    /// Notes that a key was asked for.
    pub(super) fn note(&mut self, hash: u64) {
        self.popularity.note(hash);
    }
}

impl Shard {
    /// Begins or ends to count how often keys are asked for, those that are not there among them.
    pub fn count_usage(&mut self, on: bool) {
        if !on {
            self.usage = None;
        } else if self.usage.is_none() {
            let mut usage = Box::<Usage>::default();
            usage.popularity.fit(self.len());
            self.usage = Some(usage);
        }
    }

    /// How often a key was asked for lately, from 0 to 15; none where that is not counted.
    pub fn frequency(&self, hash: u64) -> Option<u8> {
        self.usage.as_ref().map(|usage| usage.popularity.estimate(hash))
    }

    /// Has a key count as one that was asked for so often, if it is not more already.
    pub fn raise_frequency(&mut self, hash: u64, count: u8) {
        if let Some(usage) = &mut self.usage {
            usage.popularity.raise(hash, count);
        }
    }

    /// Notes that somebody asked for a key, be it there or not.
    pub fn asked(&mut self, hash: u64) {
        if let Some(usage) = &mut self.usage {
            usage.note(hash);
        }
    }

    /// Bytes that counting takes.
    pub(super) fn usage_bytes(&self) -> usize {
        self.usage.as_ref().map_or(0, |usage| {
            size_of::<Usage>() + usage.popularity.heap_bytes() + usage.newest.capacity() * size_of::<u64>()
        })
    }

    /// Bytes that counting takes in a shard without keys.
    pub fn least_usage_bytes(&self) -> usize {
        self.usage.as_ref().map_or(0, |_| size_of::<Usage>() + Popularity::LEAST_BYTES)
    }

    /// Notes a key that was not there before.
    pub(super) fn note_arrival(&mut self, hash: u64, now: UnixMillis) {
        let keys = self.len() + 1;
        let Some(usage) = &mut self.usage else { return };
        usage.popularity.fit(keys);
        usage.newest.push_back(hash);
        if usage.newest.len() > keys / GRACE_SHARE + NEWEST_SPARE {
            usage.newest.pop_front();
        }
        usage.arrived += 1;
        if usage.arrived > keys / GRACE_SHARE {
            usage.arrived = 0;
            usage.grace_from = usage.grace_next;
            usage.grace_next = ticks(now);
        }
    }

    /// Tells up to `count` entries that may go, with the hashes of their keys, from a place that `random` chooses on. How
    /// many there were, beside those whose time of grace is over. Few places are looked at: where only some entries may go
    /// and none of them is met, the one whose time is over soonest is told.
    pub fn candidates(
        &mut self,
        policy: Policy,
        now: UnixMillis,
        random: u64,
        count: usize,
        mut found: impl FnMut(u64, Rank),
    ) -> usize {
        if policy.expiring_only && self.expiring() == 0 {
            return 0;
        }
        if policy.order == Order::Deadline {
            let soonest = self.table.first_due(UnixMillis::MAX);
            let Some((hash, rank)) =
                soonest.and_then(|(_, hash)| Some((hash, self.rank_at(hash, policy, now)?)))
            else {
                return 0;
            };
            found(hash, rank);
            return 1;
        }
        // As many as of the others: shards are met by chance, and keys would wait long for their turn one by one.
        for _ in 0..count {
            let Some(hash) = self.next_of_the_newest() else { break };
            if let Some(rank) = self.rank_at(hash, policy, now) {
                found(hash, rank);
            }
        }
        let mut seen = 0;
        let slots = count.saturating_mul(SLOTS_PER_CANDIDATE).saturating_add(SLOTS);
        self.table.visit_from(random, slots, |entry| {
            let hash = self.table.hash_of(entry);
            if let Some(rank) = self.rank(entry, hash, policy, now) {
                found(hash, rank);
                seen += 1;
            }
            seen < count
        });
        if seen == 0
            && policy.expiring_only
            && let Some((_, hash)) = self.table.first_due(UnixMillis::MAX)
            && let Some(rank) = self.rank_at(hash, policy, now)
        {
            found(hash, rank);
            seen = 1;
        }
        seen
    }

    /// The hash of a key whose time of grace is over: whether it may stay is decided once, as by TinyLFU's admission. A
    /// sample would meet few of them.
    fn next_of_the_newest(&mut self) -> Option<u64> {
        let grace = self.len() / GRACE_SHARE;
        let usage = self.usage.as_mut()?;
        if usage.newest.len() > grace { usage.newest.pop_front() } else { None }
    }

    /// How much the entry with this hash deserves to go; none where there is none, or it may not go.
    pub fn rank_at(&self, hash: u64, policy: Policy, now: UnixMillis) -> Option<Rank> {
        let entry = self.table.find_by(hash, |entry| !policy.expiring_only || entry.deadline().is_some())?;
        self.rank(entry, hash, policy, now)
    }

    /// Takes out the entry with this hash to make room, and whether its time was over already.
    pub fn evict(&mut self, hash: u64, policy: Policy, now: UnixMillis) -> Option<(Entry, bool)> {
        let may_go = |entry: &Entry| !policy.expiring_only || entry.deadline().is_some();
        let overdue = self.table.find_by(hash, may_go)?.expired(now);
        let why = if overdue { Departure::Expired } else { Departure::Evicted };
        Some((self.let_go(hash, why, now, may_go)?, overdue))
    }

    fn rank(&self, entry: &Entry, hash: u64, policy: Policy, now: UnixMillis) -> Option<Rank> {
        if policy.expiring_only && entry.deadline().is_none() {
            return None;
        }
        if entry.expired(now) {
            return Some(OVERDUE);
        }
        Some(match policy.order {
            Order::Recency => weighed_idle(entry, now),
            Order::Frequency => self.disuse(entry, hash, now),
            Order::Chance => 0,
            Order::Deadline => OVERDUE - entry.deadline()?,
        })
    }

    /// How little an entry is used: how seldom it was asked for, where that is equal whether nobody has used it since it
    /// was made, and then how long ago that was.
    fn disuse(&self, entry: &Entry, hash: u64, now: UnixMillis) -> Rank {
        let idle = disuse_since(entry, now);
        let Some(usage) = &self.usage else { return idle };
        // Seen from now, so that a clock that wraps does not matter.
        let age = ticks(now).wrapping_sub(usage.grace_from);
        let is_new = entry.age_ticks(now) < age.min(Ticks::MAX / 2) && usage.grace_from != 0;
        if is_new {
            return idle;
        }
        let proven = is_proven(entry, now);
        // Who asked for it when it was not there has been counted, which is no reason to have it.
        let asked = 2 * Rank::from(usage.popularity.estimate(hash).saturating_sub(u8::from(!proven)));
        (32 - asked - Rank::from(proven)) << SINCE_BITS | idle
    }
}

/// Whether an entry was used since it was made or last written whole.
fn is_proven(entry: &Entry, now: UnixMillis) -> bool {
    entry.hits() > 0 || entry.idle_ticks(now) < entry.age_ticks(now)
}

/// For how long an entry was not used, which counts several times where it never was. So what is asked for only once
/// makes room soon, and keys that come round in a loop larger than memory do not push each other out in turn.
fn weighed_idle(entry: &Entry, now: UnixMillis) -> Rank {
    let idle = Rank::from(entry.idle_ticks(now));
    if is_proven(entry, now) { idle } else { UNPROVEN_WEIGHT * idle + UNPROVEN_WEIGHT / 2 }
}

/// How long ago an entry was used last, in a number that stays the same while time goes on.
fn disuse_since(entry: &Entry, now: UnixMillis) -> Rank {
    let used = unix_ticks(now).saturating_sub(entry.idle_ticks(now).into());
    (1 << SINCE_BITS) - 1 - used.min((1 << SINCE_BITS) - 1)
}

#[cfg(test)]
mod tests;
