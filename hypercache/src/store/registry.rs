//! The stores of a node, by index and by name.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Acquire;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::Ordering::Release;
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use crate::config;
use crate::config::STORES_MAX;
use crate::keyspace::Keyspace;
use crate::keyspace::LockedShard;
use crate::keyspace::key::HashSeed;
use crate::store::Pressure;
use crate::store::ScriptGate;
use crate::store::Selected;
use crate::store::Store;
use crate::store::events::Interests;
use crate::store::eviction;
use crate::value::limits::Limits;
use crate::value::number;

// One bit of a word for each.
const _: () = assert!(STORES_MAX <= u64::BITS as usize);

/// All stores of a node, and the slots for those that may come.
#[derive(Debug)]
pub struct Registry {
    slots: Box<[Store]>,
    /// One bit for each slot that has a store.
    live: AtomicU64,
    /// Grows before a store is made, dropped, or has its keys laid out anew; see `epoch`.
    epoch: AtomicU64,
    /// Held by whoever changes which stores there are, or their rules.
    pub(super) changing: Mutex<()>,
    pub(super) shards: usize,
    /// Whether keys are sampled for miss-ratio curves.
    sampled: bool,
    pub(super) seed: HashSeed,
    /// Bytes all stores together may hold; 0: no limit. Behind `CONFIG SET maxmemory`.
    limit_bytes: AtomicU64,
    limits: ArcSwap<Limits>,
    interests: Interests,
    /// Behind `CONFIG SET hz`.
    sweep_interval_ms: AtomicU64,
    script_gate: ScriptGate,
    pressure: Pressure,
    eviction: eviction::Settings,
}

impl Registry {
    /// Bytes that even the smallest entry takes: a limit that has no room for them is reached.
    pub const ROOM_BYTES: u64 = 64;

    /// The stores that the configuration names, which are not more than there are slots.
    pub fn new(stores: &[config::Store], cache: &config::Cache, seed: HashSeed) -> Self {
        let interval = u64::try_from(cache.expiry_interval.as_millis()).unwrap_or(u64::MAX);
        let registry = Self {
            slots: (0..STORES_MAX).map(Store::vacant).collect(),
            live: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
            changing: Mutex::new(()),
            shards: cache.shards,
            sampled: cache.miss_ratio_curves,
            seed,
            limit_bytes: cache.max_memory.into(),
            limits: ArcSwap::default(),
            interests: Interests::default(),
            sweep_interval_ms: interval.max(1).into(),
            script_gate: ScriptGate::default(),
            pressure: Pressure::default(),
            eviction: eviction::Settings::default(),
        };
        for (slot, rules) in registry.slots.iter().zip(stores) {
            registry.fill(slot, rules.clone(), &mut []);
            slot.count_usage();
        }
        registry
    }

    /// With this limit of the process, which its pressure is told by.
    pub fn under(self, limit: config::ProcessLimit) -> Self {
        Self { pressure: Pressure::new(limit), ..self }
    }

    /// How near the process is to its memory limit.
    pub fn pressure(&self) -> &Pressure {
        &self.pressure
    }

    /// Where whoever locks shards agrees with scripts.
    pub fn script_gate(&self) -> &ScriptGate {
        &self.script_gate
    }

    /// What holds for evicting from all stores.
    pub fn eviction(&self) -> &eviction::Settings {
        &self.eviction
    }

    /// All stores in the order of their indexes.
    pub fn all(&self) -> impl Iterator<Item = &Store> + Clone {
        let mut live = self.live.load(Acquire);
        std::iter::from_fn(move || {
            let index = live.trailing_zeros() as usize;
            live &= live.wrapping_sub(1);
            self.slots.get(index)
        })
        .filter(|store| store.is_live())
    }

    /// The indexes that stores may have.
    pub fn indexes(&self) -> std::ops::Range<usize> {
        0..self.slots.len()
    }

    /// How many stores there are.
    pub fn count(&self) -> usize {
        self.live.load(Acquire).count_ones() as usize
    }

    /// The store at `index`.
    pub fn get(&self, index: usize) -> Option<&Store> {
        self.slots.get(index).filter(|store| store.is_live())
    }

    /// The store that somebody has selected, unless it has been dropped since.
    pub fn selected(&self, selected: Selected) -> Option<&Store> {
        let there = |store: &&Store| selected.is_of_a_store() && store.selected() == selected;
        self.slots.get(selected.index).filter(there)
    }

    /// The slot at `index` that has or has had a store: for whoever puts the shards there in order.
    pub fn slot(&self, index: usize) -> Option<&Store> {
        self.slots.get(index).filter(|store| store.keyspace_if_made().is_some())
    }

    /// The store that an index or a name tells.
    pub fn find(&self, index_or_name: &[u8]) -> Option<&Store> {
        match number::decimal(index_or_name) {
            Some(index) => self.get(usize::try_from(index).ok()?),
            None => self.all().find(|store| store.rules.load().name.as_bytes() == index_or_name),
        }
    }

    /// Grows before a store is made, is dropped, or has its keys laid out anew, while all its shards are locked. So whoever
    /// finds it the same after taking locks as before finding out which, has the right ones; whoever finds it changed looks
    /// again.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Acquire)
    }

    /// Notes that what was known of which stores there are, and where keys lie in them, is over.
    pub(super) fn advance(&self) {
        self.epoch.fetch_add(1, Release);
    }

    /// The slot with the lowest index that has no store.
    pub(super) fn vacancy(&self) -> Option<&Store> {
        self.slots.iter().find(|store| !store.is_live())
    }

    /// Lets a store begin in a slot without one, under these rules; `held` are its shards, where it has had a store.
    pub(super) fn fill(&self, slot: &Store, rules: config::Store, held: &mut [LockedShard<'_>]) {
        let keyspace =
            slot.keyspace.get_or_init(|| Keyspace::new(self.shards, super::setup(&rules, self.seed)));
        if self.sampled {
            keyspace.start_sample(held);
        }
        slot.traffic.clear();
        slot.evictions.begin();
        slot.set_rules(rules);
        self.advance();
        slot.turn();
        self.live.fetch_or(1 << slot.index(), Release);
    }

    /// Lets the store in a slot end; all its shards are locked and without keys.
    pub(super) fn empty(&self, slot: &Store) {
        self.advance();
        self.live.fetch_and(!(1 << slot.index()), Release);
        slot.note_layout();
        slot.turn();
    }

    /// Bytes all stores together may hold; 0: no limit.
    pub fn limit_bytes(&self) -> u64 {
        self.limit_bytes.load(Relaxed)
    }

    /// Changes the limit of all stores together.
    pub fn set_limit_bytes(&self, bytes: u64) {
        self.limit_bytes.store(bytes, Relaxed);
    }

    /// Bytes that stores which may evict are to bring the data down to: the limit of all stores, or less while the process
    /// is near its own; 0: no limit.
    pub fn eviction_target_bytes(&self) -> u64 {
        let own = Some(self.limit_bytes()).filter(|limit| *limit != 0);
        // One byte is as good as nothing, and is not taken for no limit.
        let pressed = self.pressure.eviction_limit_bytes().map(|limit| limit.max(1));
        own.into_iter().chain(pressed).min().unwrap_or(0)
    }

    /// Who wants to hear of changes.
    pub fn interests(&self) -> &Interests {
        &self.interests
    }

    /// Up to which size collections are kept in their compact forms.
    pub fn limits(&self) -> Limits {
        **self.limits.load()
    }

    /// Changes the limits of the compact forms, for what is written from here on.
    pub fn change_limits(&self, change: impl Fn(&mut Limits)) {
        self.limits.rcu(|limits| {
            let mut limits = **limits;
            change(&mut limits);
            limits
        });
    }

    /// Time between two sweeps for expired keys, at least a millisecond.
    pub fn sweep_interval(&self) -> Duration {
        Duration::from_millis(self.sweep_interval_ms.load(Relaxed))
    }

    /// Sweeps for expired keys in a second, at least one, as `hz` tells it.
    pub fn sweeps_per_second(&self) -> u64 {
        (1000 / self.sweep_interval_ms.load(Relaxed)).max(1)
    }

    /// Changes how many sweeps for expired keys there are in a second, from 1 to 1000.
    pub fn set_sweeps_per_second(&self, sweeps: u64) {
        self.sweep_interval_ms.store(1000 / sweeps.clamp(1, 1000), Relaxed);
    }

    /// Bytes that all stores hold, their tables among them; takes no lock.
    pub fn used_bytes(&self) -> u64 {
        self.all().map(|store| store.census().total_bytes() as u64).sum()
    }

    /// Keys that had to go since the start, those of stores that have been dropped among them.
    pub fn evicted_keys(&self) -> u64 {
        self.slots.iter().map(|slot| slot.evictions().evicted_keys_ever()).sum()
    }

    /// As `used_bytes`, as exactly as a limit of so many bytes needs it; see `Store::about_bytes`.
    pub fn about_bytes(&self, limit: u64) -> u64 {
        self.all().map(|store| store.about_bytes(limit)).sum()
    }

    /// The limit of the process, where it is so near that nothing is to grow.
    pub fn pressed(&self) -> Option<LimitReached> {
        let (used_bytes, limit_bytes) = self.pressure.refuses(|| self.used_bytes())?;
        Some(LimitReached { reason: "memory_pressure", used_bytes, limit_bytes })
    }

    /// The limit that a write which needs memory would pass in `store` and for which nothing may give way, if there is one.
    pub fn limit_reached(&self, store: &Store) -> Option<LimitReached> {
        if let Some(reached) = self.pressed() {
            return Some(reached);
        }
        if store.limit_bytes() != 0 {
            let (used_bytes, limit_bytes) = (store.census().total_bytes() as u64, store.limit_bytes());
            if used_bytes + Self::ROOM_BYTES > limit_bytes && !store.may_evict() {
                return Some(LimitReached { reason: "store_limit", used_bytes, limit_bytes });
            }
        }
        let limit_bytes = self.limit_bytes();
        if limit_bytes == 0 {
            return None;
        }
        let used_bytes = self.used_bytes();
        let full = used_bytes + Self::ROOM_BYTES > limit_bytes;
        let reached = LimitReached { reason: "node_limit", used_bytes, limit_bytes };
        (full && !self.all().any(|store| store.may_evict())).then_some(reached)
    }
}

/// A memory limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitReached {
    /// Which limit: `store_limit`, `node_limit`, or that of the process: `memory_pressure`.
    pub reason: &'static str,
    /// Bytes in use.
    pub used_bytes: u64,
    /// Bytes allowed.
    pub limit_bytes: u64,
}
