//! Locks on the shards that a command, or a whole transaction, works on.

use std::ops::Index;
use std::ops::IndexMut;

use smallvec::SmallVec;

use crate::command::ReplyError;
use crate::keyspace::LockedShard;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::shard::Shard;
use crate::store::Registry;
use crate::store::Store;
use crate::store::script_gate::Denied;

/// Locks on shards, in the order of store and shard.
#[derive(Default)]
pub struct Locks<'a> {
    pub(super) held: SmallVec<[Lock<'a>; 1]>,
    /// All shards of all stores that there were when they were taken are among them.
    pub(super) whole: bool,
    /// The registry's epoch when it was found out which ones are needed.
    epoch: u64,
    /// Keys that were changed under them, each with the client that did it: what is yet to be told of them all together.
    pub changes: Vec<(Box<[u8]>, u64)>,
}

/// Where a key belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Index of its store.
    pub store: usize,
    /// Its shard there.
    pub shard: usize,
    /// The hash of the key.
    pub hash: u64,
}

/// Where some keys belong; most commands have few.
pub type Places = SmallVec<[Place; 4]>;

impl Place {
    /// Where `key` belongs, unless there is no such store.
    pub fn of(registry: &Registry, store: usize, key: &[u8]) -> Option<Self> {
        let keyspace = registry.get(store)?.keyspace();
        let hash = keyspace.hashed(key).hash;
        Some(Self { store, shard: keyspace.shard_of(hash), hash })
    }
}

/// One of them.
pub struct Lock<'a> {
    pub(super) store: usize,
    pub(super) shard: usize,
    pub(super) data: LockedShard<'a>,
}

impl<'a> Locks<'a> {
    /// Locks the shards of `keys`, pairs of store index and key, in ascending order and each once.
    pub fn of_keys<'k>(
        registry: &'a Registry,
        keys: impl Iterator<Item = (usize, &'k [u8])>,
    ) -> Result<Self, ReplyError> {
        let keys: SmallVec<[_; 4]> = keys.collect();
        let places = || keys.iter().filter_map(|(store, key)| Place::of(registry, *store, key)).collect();
        unchanged(registry, || Self::of_places(registry, places()))
    }

    /// None yet; what is locked is found out from here on.
    pub fn none(registry: &Registry) -> Self {
        Self { epoch: registry.epoch(), ..Self::default() }
    }

    /// Notes that what is needed was found out in this epoch of the registry.
    #[must_use]
    pub fn found_in(mut self, epoch: u64) -> Self {
        self.epoch = epoch;
        self
    }

    /// Whether no store has come, gone or been laid out anew since it was found out which locks are needed.
    pub fn are_current(&self, registry: &Registry) -> bool {
        self.epoch == registry.epoch()
    }

    /// Whether a place is among them.
    pub fn cover(&self, place: Place) -> bool {
        self.position((place.store, place.shard)).is_ok()
    }

    /// Whether all shards of a store are among them.
    pub fn cover_store(&self, store: &Store) -> bool {
        let held = self.held.iter().filter(|lock| lock.store == store.index()).count();
        held == store.keyspace().shards()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// The stores of which all shards are among them, where everything is locked.
    pub(super) fn stores(&self) -> impl Iterator<Item = usize> {
        let mut last = None;
        self.held.iter().map(|lock| lock.store).filter(move |store| last.replace(*store) != Some(*store))
    }

    /// Locks the shards of these places, in ascending order and each once. An error where a script that holds one of them
    /// runs for too long.
    pub fn of_places(registry: &'a Registry, mut wanted: Places) -> Result<Self, ReplyError> {
        if wanted.len() > 1 {
            wanted.sort_unstable();
            wanted.dedup_by_key(|place| (place.store, place.shard));
        }
        let epoch = registry.epoch();
        let wanted = wanted.iter().map(|place| (place.store, place.shard));
        Ok(Self { held: lock_in_order(registry, wanted)?, whole: false, epoch, changes: Vec::new() })
    }

    /// The shard of a place, if it is among them.
    pub fn shard(&mut self, place: Place) -> Option<&mut Shard> {
        self.find(place.store, place.shard).map(|lock| &mut *lock.data)
    }

    /// Takes the keys that have changed while somebody waited for them.
    pub fn take_changed(&mut self) -> Vec<Place> {
        let mut changed = Vec::new();
        for Lock { store, shard, data } in &mut self.held {
            let hashes = data.waits().take_changed();
            changed.extend(hashes.into_iter().map(|hash| Place { store: *store, shard: *shard, hash }));
        }
        changed
    }

    /// Locks all shards of one store. An error where a script runs for too long.
    pub fn of_store(registry: &'a Registry, store: usize) -> Result<Self, ReplyError> {
        unchanged(registry, || {
            let epoch = registry.epoch();
            let held = lock_in_order(registry, shards_of(registry, std::iter::once(store)))?;
            Ok(Self { held, whole: false, epoch, changes: Vec::new() })
        })
    }

    /// Locks everything. An error where a script runs for too long.
    pub fn of_all(registry: &'a Registry) -> Result<Self, ReplyError> {
        unchanged(registry, || {
            let epoch = registry.epoch();
            let held = lock_in_order(registry, shards_of(registry, registry.all().map(Store::index)))?;
            Ok(Self { held, whole: true, epoch, changes: Vec::new() })
        })
    }

    /// Whether everything is locked.
    pub fn are_whole(&self) -> bool {
        self.whole
    }

    /// Locks the shards of these places, too, for the script that is running: only it may lock in any order.
    pub fn escalate(&mut self, registry: &'a Registry, places: &[Place]) {
        let mut missing: Vec<(usize, usize)> =
            places.iter().map(|place| (place.store, place.shard)).collect();
        missing.sort_unstable();
        missing.dedup();
        missing.retain(|wanted| self.position(*wanted).is_err());
        self.add_out_of_order(registry, missing);
    }

    /// Locks all shards of a store for the script that is running.
    pub fn escalate_to_store(&mut self, registry: &'a Registry, store: usize) {
        let missing =
            shards_of(registry, std::iter::once(store)).filter(|wanted| self.position(*wanted).is_err());
        let missing = missing.collect();
        self.add_out_of_order(registry, missing);
    }

    /// Locks everything for the script that is running.
    pub fn escalate_to_all(&mut self, registry: &'a Registry) {
        if !self.whole {
            let all = shards_of(registry, registry.all().map(Store::index));
            let missing = all.filter(|wanted| self.position(*wanted).is_err()).collect();
            self.add_out_of_order(registry, missing);
            self.whole = true;
            // Whoever asks for sizes is to see what the script has done so far.
            self.held.iter().for_each(|lock| lock.data.publish_sizes());
        }
    }

    fn add_out_of_order(&mut self, registry: &'a Registry, missing: Vec<(usize, usize)>) {
        if missing.is_empty() {
            return;
        }
        registry.script_gate().escalate(|| {
            for (store, shard) in missing {
                let Some(found) = registry.get(store) else { continue };
                let lock = Lock { store, shard, data: found.keyspace().lock(shard) };
                let at = self.position((store, shard)).unwrap_or_else(|at| at);
                self.held.insert(at, lock);
            }
        });
    }

    fn position(&self, wanted: (usize, usize)) -> Result<usize, usize> {
        self.held.binary_search_by_key(&wanted, |lock| (lock.store, lock.shard))
    }

    /// Begins to watch a key, whose shard is locked; what `changes` tells now, and whether the key is there.
    pub fn watch(&mut self, registry: &Registry, store: usize, key: &[u8]) -> (u64, bool) {
        let Some(keyspace) = registry.slot(store).map(|found| found.keyspace()) else { return (0, false) };
        let hashed = keyspace.hashed(key);
        let lock = self.find(store, keyspace.shard_of(hashed.hash));
        lock.map_or((0, false), |lock| {
            (lock.data.watches().begin(hashed.hash), lock.data.get(hashed).is_some())
        })
    }

    /// Changes of a watched key, counted since somebody began to watch, and whether its time is over by `now`.
    pub fn changes(
        &mut self,
        registry: &Registry,
        store: usize,
        key: &[u8],
        now: UnixMillis,
    ) -> Option<(u64, bool)> {
        let keyspace = registry.get(store)?.keyspace();
        let hashed = keyspace.hashed(key);
        let data = &mut self.find(store, keyspace.shard_of(hashed.hash))?.data;
        let lapsed = data.get(hashed).is_some_and(|entry| data.expired(entry, now));
        Some((data.watches().changes(hashed.hash), lapsed))
    }

    fn find(&mut self, store: usize, shard: usize) -> Option<&mut Lock<'a>> {
        let at = self.position((store, shard)).ok()?;
        self.held.get_mut(at)
    }

    /// Locks all shards of these stores, which are named in ascending order; nothing is held yet.
    pub(super) fn take_stores(
        &mut self,
        registry: &'a Registry,
        stores: impl Iterator<Item = usize> + Clone,
    ) -> Result<(), ReplyError> {
        self.held = unchanged(registry, || lock_in_order(registry, shards_of(registry, stores.clone())))?;
        Ok(())
    }
}

/// What `lock` returns, found out and taken while no store has come, gone or been laid out anew.
fn unchanged<L>(registry: &Registry, lock: impl Fn() -> Result<L, ReplyError>) -> Result<L, ReplyError> {
    loop {
        let epoch = registry.epoch();
        let locks = lock()?;
        if registry.epoch() == epoch {
            return Ok(locks);
        }
    }
}

/// All shards of these stores.
fn shards_of(
    registry: &Registry,
    stores: impl Iterator<Item = usize> + Clone,
) -> impl Iterator<Item = (usize, usize)> + Clone {
    stores.flat_map(|store| {
        let shards = registry.get(store).map_or(0, |store| store.keyspace().shards());
        (0..shards).map(move |shard| (store, shard))
    })
}

/// Locks shards that are named in ascending order. Whenever a script wants one of them out of order, all are given up and
/// locked anew.
fn lock_in_order<'a>(
    registry: &'a Registry,
    wanted: impl Iterator<Item = (usize, usize)> + Clone,
) -> Result<SmallVec<[Lock<'a>; 1]>, ReplyError> {
    let gate = registry.script_gate();
    'again: loop {
        let mut held = SmallVec::new();
        for (store, shard) in wanted.clone() {
            let Some(found) = registry.get(store) else { continue };
            match gate.lock(found.keyspace(), shard, !held.is_empty()) {
                Ok(data) => held.push(Lock { store, shard, data }),
                Err(Denied::Busy(overdue)) => return Err(ReplyError::busy(overdue)),
                Err(Denied::GiveWay) => {
                    drop(held);
                    gate.wait();
                    continue 'again;
                }
            }
        }
        return Ok(held);
    }
}

impl<'a> Index<usize> for Locks<'a> {
    type Output = Lock<'a>;

    fn index(&self, at: usize) -> &Lock<'a> {
        &self.held[at]
    }
}

impl<'a> IndexMut<usize> for Locks<'a> {
    fn index_mut(&mut self, at: usize) -> &mut Lock<'a> {
        &mut self.held[at]
    }
}
