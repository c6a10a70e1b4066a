//! Locks on the shards that a command, or a whole transaction, works on.

use std::ops::Index;
use std::ops::IndexMut;

use smallvec::SmallVec;

use crate::keyspace::LockedShard;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::shard::Shard;
use crate::store::Registry;

/// Locks on shards, in the order of store and shard.
#[derive(Default)]
pub struct Locks<'a> {
    pub(super) held: SmallVec<[Lock<'a>; 1]>,
    /// All shards of all stores are among them.
    pub(super) whole: bool,
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
    pub fn of_keys<'k>(registry: &'a Registry, keys: impl Iterator<Item = (usize, &'k [u8])>) -> Self {
        Self::of_places(registry, keys.filter_map(|(store, key)| Place::of(registry, store, key)).collect())
    }

    /// Locks the shards of these places, in ascending order and each once.
    pub fn of_places(registry: &'a Registry, mut wanted: Places) -> Self {
        if wanted.len() > 1 {
            wanted.sort_unstable();
            wanted.dedup_by_key(|place| (place.store, place.shard));
        }
        let held = wanted
            .into_iter()
            .filter_map(|Place { store, shard, .. }| {
                Some(Lock { store, shard, data: registry.get(store)?.keyspace().lock(shard) })
            })
            .collect();
        Self { held, whole: false }
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

    /// Locks all shards of one store.
    pub fn of_store(registry: &'a Registry, store: usize) -> Self {
        let mut locks = Self::default();
        locks.add_stores(registry, [store]);
        locks
    }

    /// Locks everything.
    pub fn of_all(registry: &'a Registry) -> Self {
        let mut locks = Self::default();
        locks.add_stores(registry, 0..registry.all().len());
        locks.whole = true;
        locks
    }

    /// Begins to watch a key, whose shard is locked; what `changes` tells now.
    pub fn watch(&mut self, registry: &Registry, store: usize, key: &[u8]) -> u64 {
        let Some(keyspace) = registry.get(store).map(|found| found.keyspace()) else { return 0 };
        let hash = keyspace.hashed(key).hash;
        self.find(store, keyspace.shard_of(hash)).map_or(0, |lock| lock.data.watches().begin(hash))
    }

    /// Changes of a watched key, counted since somebody began to watch; a key whose time is over by `now` has changed.
    pub fn changes(&mut self, registry: &Registry, store: usize, key: &[u8], now: UnixMillis) -> Option<u64> {
        let keyspace = registry.get(store)?.keyspace();
        let hashed = keyspace.hashed(key);
        let data = &mut self.find(store, keyspace.shard_of(hashed.hash))?.data;
        let lapsed = data.get(hashed).is_some_and(|entry| entry.expired(now));
        Some(data.watches().changes(hashed.hash) + u64::from(lapsed))
    }

    fn find(&mut self, store: usize, shard: usize) -> Option<&mut Lock<'a>> {
        let at = self.held.binary_search_by_key(&(store, shard), |lock| (lock.store, lock.shard)).ok()?;
        self.held.get_mut(at)
    }

    pub(super) fn add_stores(&mut self, registry: &'a Registry, stores: impl IntoIterator<Item = usize>) {
        for store in stores {
            let Some(found) = registry.get(store) else { continue };
            let keyspace = found.keyspace();
            self.held.extend((0..keyspace.shards()).map(|shard| Lock {
                store,
                shard,
                data: keyspace.lock(shard),
            }));
        }
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
