//! Who makes room: for a command before it writes, and in the background where that was not enough.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use smallvec::SmallVec;

use crate::config::Eviction as Rule;
use crate::keyspace::LockedShard;
use crate::keyspace::departure::Departure;
use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::eviction::Candidate;
use crate::keyspace::eviction::Policy;
use crate::store::Registry;
use crate::store::Store;
use crate::store::events::Cause;
use crate::store::events::EventClass;
use crate::store::events::Listener;
use crate::store::events::Notices;
use crate::store::eviction::Stripe;
use crate::store::registry::LimitReached;
use crate::telemetry::nanoseconds;
use crate::value::Value;

/// What a command frees at least, if that much is to be freed: somewhat more than small writes bring, so that memory which
/// is over its limit comes down.
const DUTY_BYTES_MIN: u64 = 4096;
/// Memory may be over its limit by so much before a command works longer than for what it brings itself.
const BATCH_BYTES: u64 = 1 << 20;
/// Steps between two looks at the clock.
const STEPS_PER_LOOK: u32 = 16;
/// Shards looked at for one entry, where they hold few entries each.
const SHARDS_PER_STEP: usize = 16;

/// What was done to make room.
#[derive(Debug, Default)]
pub struct Freed {
    /// Keys that had to go.
    pub keys: u64,
    /// Bytes freed.
    pub bytes: u64,
    /// How long it took.
    pub took: Duration,
    /// Big values, to be dropped where that disturbs nobody.
    pub garbage: Vec<Value>,
}

/// What one step came to.
enum Step {
    /// An entry of so many bytes has gone.
    Freed(u64),
    /// Nothing may go.
    Nothing,
    /// What may go is locked by others.
    Busy,
}

/// Why work for room ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// There is room.
    Room,
    /// More is to be done, but not by who is here.
    Later,
    /// Nothing is left that may go.
    Nothing,
}

/// Which stores have a limit together.
#[derive(Clone, Copy)]
enum Scope<'a> {
    One(&'a Store),
    All,
}

/// Stores that may evict, with the bytes that each holds.
type Shares<'a> = SmallVec<[(&'a Store, u64); 4]>;

/// Makes room.
pub struct Evictor {
    registry: Arc<Registry>,
    listener: Arc<dyn Listener>,
}

impl Evictor {
    /// Who makes room in the stores of `registry` and tells `listener` which keys went.
    pub fn new(registry: Arc<Registry>, listener: Arc<dyn Listener>) -> Self {
        Self { registry, listener }
    }

    /// Makes room for a command that brings `wanted` bytes into `store`: by the store's own limit and by that of all
    /// stores. Work is bounded by what it brings, so that who writes much pays for it. The limit that stands in the way,
    /// where nothing more may go.
    #[inline]
    pub fn make_room(
        &self,
        store: &Store,
        wanted: u64,
        now: UnixMillis,
    ) -> (Option<Freed>, Option<LimitReached>) {
        let (own, all) = (store.limit_bytes(), self.registry.eviction_target_bytes());
        let own_over = own != 0 && store.about_bytes(own) + wanted.max(Registry::ROOM_BYTES) > own;
        let all_over = all != 0 && self.registry.about_bytes(all) + wanted.max(Registry::ROOM_BYTES) > all;
        if !own_over && !all_over {
            return (None, self.registry.pressed());
        }
        self.make_room_slowly(store, (own_over, all_over), wanted, now)
    }

    #[cold]
    fn make_room_slowly(
        &self,
        store: &Store,
        (own_over, all_over): (bool, bool),
        wanted: u64,
        now: UnixMillis,
    ) -> (Option<Freed>, Option<LimitReached>) {
        let mut freed = Freed::default();
        let began = Instant::now();
        let mut reached = None;
        if own_over {
            let limit = store.limit_bytes();
            reached = self.clear(Scope::One(store), ("store_limit", limit), wanted, now, &mut freed);
        }
        if all_over && reached.is_none() {
            let target = self.registry.eviction_target_bytes();
            let stands = self.clear(Scope::All, ("node_limit", target), wanted, now, &mut freed);
            // What the process's memory asks of those who may evict is no limit for those who write.
            let own = self.registry.limit_bytes();
            let passes = |stands: &LimitReached| {
                target == own || own != 0 && stands.used_bytes + wanted.max(Registry::ROOM_BYTES) > own
            };
            reached = stands.filter(passes).map(|stands| LimitReached { limit_bytes: own, ..stands });
        }
        if freed.keys > 0 {
            freed.took = began.elapsed();
            store.evictions().stripe().tally.worked(nanoseconds(freed.took));
        }
        (Some(freed), self.registry.pressed().or(reached))
    }

    /// Brings memory a step nearer to its limits, working for about `time`. Whether more is to be done.
    pub fn relieve(&self, now: UnixMillis, time: Duration) -> (Freed, bool) {
        let (mut freed, mut more) = (Freed::default(), false);
        let until = Instant::now() + time;
        for store in self.registry.all() {
            let limit = store.limit_bytes();
            if limit != 0 {
                more |= self.work(Scope::One(store), limit, until, now, &mut freed) == End::Later;
            }
        }
        let limit = self.registry.eviction_target_bytes();
        if limit != 0 {
            more |= self.work(Scope::All, limit, until, now, &mut freed) == End::Later;
        }
        (freed, more)
    }

    fn work(&self, scope: Scope<'_>, limit: u64, until: Instant, now: UnixMillis, freed: &mut Freed) -> End {
        let began = Instant::now();
        let before = freed.keys;
        let end = loop {
            let over = self.used(scope, limit).saturating_sub(limit);
            if over == 0 {
                break End::Room;
            }
            match self.free(scope, over.min(BATCH_BYTES), STEPS_PER_LOOK, now, freed) {
                End::Nothing => break End::Nothing,
                _ if Instant::now() >= until => break End::Later,
                _ => {}
            }
        };
        if freed.keys > before {
            let took = began.elapsed();
            let store = match scope {
                Scope::One(store) => Some(store),
                Scope::All => self.registry.get(0),
            };
            store.inspect(|store| store.evictions().stripe().tally.worked(nanoseconds(took)));
        }
        end
    }

    fn used(&self, scope: Scope<'_>, limit: u64) -> u64 {
        match scope {
            Scope::One(store) => store.about_bytes(limit),
            Scope::All => self.registry.about_bytes(limit),
        }
    }

    /// Does a command's part for a limit. The limit, where it stands in the way.
    fn clear(
        &self,
        scope: Scope<'_>,
        (reason, limit_bytes): (&'static str, u64),
        wanted: u64,
        now: UnixMillis,
        freed: &mut Freed,
    ) -> Option<LimitReached> {
        let used_bytes = self.used(scope, limit_bytes);
        let full = used_bytes + Registry::ROOM_BYTES > limit_bytes;
        let reached = LimitReached { reason, used_bytes, limit_bytes };
        let may_evict = match scope {
            Scope::One(store) => store.evicts(),
            Scope::All => self.registry.all().any(Store::evicts),
        };
        if !may_evict {
            return full.then_some(reached);
        }
        if wanted > limit_bytes {
            // All could go and there would be no room: so nothing goes.
            return Some(reached);
        }
        let over = (used_bytes + wanted.max(Registry::ROOM_BYTES)).saturating_sub(limit_bytes);
        let duty = over.min(wanted.saturating_mul(2).saturating_add(DUTY_BYTES_MIN));
        let before = freed.bytes;
        let mut end = self.free(scope, duty, u32::MAX, now, freed);
        let left = |freed: &Freed| over.saturating_sub(freed.bytes - before);
        if left(freed) > BATCH_BYTES {
            let until = Instant::now().checked_add(self.registry.eviction().patience());
            while end == End::Room
                && left(freed) > BATCH_BYTES
                && until.is_none_or(|until| Instant::now() < until)
            {
                end = self.free(scope, left(freed), STEPS_PER_LOOK, now, freed);
                end = if end == End::Later { End::Room } else { end };
            }
        }
        if left(freed) > 0 {
            self.registry.eviction().wake();
        }
        (end == End::Nothing
            && used_bytes - (freed.bytes - before).min(used_bytes) + Registry::ROOM_BYTES > limit_bytes)
            .then_some(reached)
    }

    /// Lets entries go until `target` bytes are free, in up to `steps` steps.
    fn free(&self, scope: Scope<'_>, target: u64, steps: u32, now: UnixMillis, freed: &mut Freed) -> End {
        let (mut sum, mut busy) = (0, 0);
        // What each holds changes little in these steps, and adding it up for each of them would cost more than the step.
        let shares = match scope {
            Scope::One(_) => Shares::new(),
            Scope::All => self.shares(),
        };
        for _ in 0..steps {
            if sum >= target {
                return End::Room;
            }
            let step = match scope {
                Scope::One(store) => self.evict_one(store, now, freed),
                Scope::All => self.evict_anywhere(&shares, now, freed),
            };
            match step {
                Step::Freed(bytes) => sum += bytes,
                Step::Nothing => return End::Nothing,
                Step::Busy if busy >= 3 => return End::Later,
                Step::Busy => busy += 1,
            }
        }
        if sum >= target { End::Room } else { End::Later }
    }

    /// The stores that may evict, each with the bytes that it holds.
    fn shares(&self) -> Shares<'_> {
        let may_evict = self.registry.all().filter(|store| store.may_evict());
        may_evict.map(|store| (store, store.about_bytes(0))).collect()
    }

    /// Lets an entry of some store go: each store pays in proportion to what it holds.
    fn evict_anywhere(&self, shares: &Shares<'_>, now: UnixMillis, freed: &mut Freed) -> Step {
        let Some((first, _)) = shares.first() else { return Step::Nothing };
        if shares.len() == 1 {
            return self.evict_one(first, now, freed);
        }
        let total = shares.iter().map(|(_, bytes)| bytes).sum::<u64>().max(1);
        let mut at = first.evictions().stripe().random() % total;
        let chosen = shares.iter().position(|(_, bytes)| {
            let here = at < *bytes;
            at = at.saturating_sub(*bytes);
            here
        });
        let chosen = chosen.unwrap_or(0);
        // One that has nothing left, or whose shards are all in use, hands over to the next.
        let mut busy = false;
        for offset in 0..shares.len() {
            match self.evict_one(shares[(chosen + offset) % shares.len()].0, now, freed) {
                Step::Nothing => {}
                Step::Busy => busy = true,
                freed => return freed,
            }
        }
        if busy { Step::Busy } else { Step::Nothing }
    }

    /// Lets an entry of this store go.
    fn evict_one(&self, store: &Store, now: UnixMillis, freed: &mut Freed) -> Step {
        let Some(policy) = store.policy() else { return self.evict_session(store, now, freed) };
        let mut stripe = store.evictions().stripe();
        if stripe.policy != Some(policy) {
            stripe.policy = Some(policy);
            stripe.pool.clear();
        }
        let (held, mut busy) = self.sample(store, policy, &mut stripe, now);
        match take_best(store, policy, &mut stripe, held, now, &mut busy) {
            Some((mut shard, hash)) => {
                let gone = shard.evict(hash, policy, now);
                let (entry, overdue) = gone.expect("it was ranked under the same lock");
                self.tell(store, &entry, overdue);
                drop(shard);
                let bytes = entry.footprint() as u64;
                note_gone(entry, overdue, &mut stripe, now, freed);
                Step::Freed(bytes)
            }
            None if busy => Step::Busy,
            None => Step::Nothing,
        }
    }

    /// Lets a session of this store go, with all its keys.
    fn evict_session(&self, store: &Store, now: UnixMillis, freed: &mut Freed) -> Step {
        if store.eviction() != Rule::Session {
            return Step::Nothing;
        }
        let mut stripe = store.evictions().stripe();
        let (keyspace, mut busy) = (store.keyspace(), false);
        let start = stripe.random() as usize;
        for offset in 0..keyspace.shards() {
            let at = start.wrapping_add(offset) % keyspace.shards();
            if keyspace.census_of(at).keys == 0 {
                continue;
            }
            let Some(mut shard) = keyspace.try_lock_for(at, Duration::ZERO) else {
                busy = true;
                continue;
            };
            let mut gone = Vec::new();
            let mut take = |entry: Entry, why: Departure| gone.push((entry, why == Departure::Expired));
            let Some(session) = shard.evict_session(now, &mut || stripe.random(), &mut take) else {
                continue;
            };
            gone.iter().for_each(|(entry, overdue)| self.tell(store, entry, *overdue));
            drop(shard);
            for (entry, overdue) in gone {
                note_gone(entry, overdue, &mut stripe, now, freed);
            }
            return Step::Freed(session.bytes);
        }
        if busy { Step::Busy } else { Step::Nothing }
    }

    /// Fills the pool from shards that nobody holds; the last of them, still locked, and whether others were in use.
    fn sample<'a>(
        &self,
        store: &'a Store,
        policy: Policy,
        stripe: &mut Stripe,
        now: UnixMillis,
    ) -> (Option<(usize, LockedShard<'a>)>, bool) {
        let (keyspace, wanted) = (store.keyspace(), self.registry.eviction().samples());
        let (mut held, mut busy, mut seen, mut looked) = (None, false, 0, 0);
        let start = stripe.random() as usize;
        for offset in 0..keyspace.shards() {
            let at = start.wrapping_add(offset) % keyspace.shards();
            let census = keyspace.census_of(at);
            if census.keys == 0 || policy.expiring_only && census.expiring == 0 {
                continue;
            }
            let Some(mut shard) = keyspace.try_lock_for(at, Duration::ZERO) else {
                busy = true;
                continue;
            };
            let random = stripe.random();
            seen += shard.candidates(policy, now, random, wanted - seen, |hash, rank| {
                stripe.pool.offer(Candidate { rank, shard: at, hash });
            });
            looked += 1;
            held = Some((at, shard));
            if seen >= wanted || looked >= SHARDS_PER_STEP {
                break;
            }
        }
        (held, busy)
    }

    /// Tells who is interested, while the shard is locked.
    fn tell(&self, store: &Store, entry: &Entry, overdue: bool) {
        let interest = self.registry.interests().now();
        if interest.is_none() {
            return;
        }
        let event = if overdue { (EventClass::Expired, "expired") } else { (EventClass::Evicted, "evicted") };
        let cause = if overdue { Cause::Time } else { Cause::Room };
        let mut notices = Notices::default();
        notices.add(interest, (store.index(), entry.key()), Some(cause), Some(event));
        if !notices.is_empty() {
            self.listener.hear(notices);
        }
    }
}

/// Counts an entry that is gone, and drops it unless that takes long.
fn note_gone(entry: Entry, overdue: bool, stripe: &mut Stripe, now: UnixMillis, freed: &mut Freed) {
    if overdue {
        stripe.tally.expired += 1;
    } else {
        stripe.tally.evicted(&entry, now);
        freed.keys += 1;
    }
    freed.bytes += entry.footprint() as u64;
    if entry.value().takes_long_to_drop() {
        freed.garbage.push(entry.into_value());
    }
}

/// Takes the best candidate that still is one, with its shard locked. `held` is locked already.
fn take_best<'a>(
    store: &'a Store,
    policy: Policy,
    stripe: &mut Stripe,
    mut held: Option<(usize, LockedShard<'a>)>,
    now: UnixMillis,
    busy: &mut bool,
) -> Option<(LockedShard<'a>, u64)> {
    let mut in_use = Vec::new();
    let mut found = None;
    while let Some(best) = stripe.pool.take_best() {
        let locked = match held.take() {
            Some((at, shard)) if at == best.shard => Some(shard),
            other => {
                drop(other);
                store.keyspace().try_lock_for(best.shard, Duration::ZERO)
            }
        };
        let Some(shard) = locked else {
            *busy = true;
            in_use.push(best);
            continue;
        };
        let Some(rank) = shard.rank_at(best.hash, policy, now) else {
            held = Some((best.shard, shard));
            continue;
        };
        // It was used since it was seen, and another deserves it more.
        if rank < best.rank && stripe.pool.best_rank().is_some_and(|next| next > rank) {
            stripe.pool.offer(Candidate { rank, ..best });
            held = Some((best.shard, shard));
            continue;
        }
        found = Some((shard, best.hash));
        break;
    }
    in_use.into_iter().for_each(|candidate| stripe.pool.offer(candidate));
    found
}
