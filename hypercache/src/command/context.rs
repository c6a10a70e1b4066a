//! What a data handler works on: locked data, time, chance, and a note of what happened.

mod collection;

use smallvec::SmallVec;

use crate::command::ReplyError;
use crate::command::error;
use crate::keyspace::LockedShard;
use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::key::HashedKey;
use crate::keyspace::shard::Shard;
use crate::store::Registry;
use crate::store::Store;
use crate::value::Value;
use crate::value::string::Str;

/// Values of fewer bytes are dropped at once: handing them over would cost more.
const GARBAGE_BYTES_MIN: usize = 1 << 20;

/// What a request is stamped with. The same stamp gives the same result, on a client's behalf, in a replay, on a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The time of the request.
    pub now: UnixMillis,
    /// Where its chance begins.
    pub seed: u64,
}

/// What a handler did, for the layer above to tell.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Effects {
    /// Changes to data; 0: nothing to log.
    pub changes: u32,
    /// Reads that found their key.
    pub hits: u32,
    /// Reads that did not.
    pub misses: u32,
    /// Expired keys met and removed.
    pub expired: u32,
    /// Expired fields of hashes met and removed.
    pub expired_fields: u32,
}

/// Data that was taken out and takes long to drop.
#[derive(Debug, Default)]
pub struct Garbage {
    shards: Vec<Shard>,
    values: Vec<Value>,
}

impl Garbage {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.shards.is_empty() && self.values.is_empty()
    }

    /// Keeps a big value; drops a small one.
    fn add(&mut self, value: Value) {
        if value.heap_bytes() >= GARBAGE_BYTES_MIN {
            self.values.push(value);
        }
    }
}

struct Lock<'a> {
    store: usize,
    shard: usize,
    data: LockedShard<'a>,
}

/// The world of one data command.
pub struct Context<'a> {
    stamp: Stamp,
    registry: &'a Registry,
    store: &'a Store,
    locks: SmallVec<[Lock<'a>; 1]>,
    effects: Effects,
    /// Last, so that it is dropped after the locks.
    garbage: Garbage,
}

impl<'a> Context<'a> {
    /// Locks the shards of `keys`, pairs of store index and key, in ascending order and each once.
    pub fn lock<'k>(
        stamp: Stamp,
        registry: &'a Registry,
        store: &'a Store,
        keys: impl Iterator<Item = (usize, &'k [u8])>,
    ) -> Self {
        let mut wanted: SmallVec<[(usize, usize); 4]> = keys
            .filter_map(|(store, key)| {
                let keyspace = registry.get(store)?.keyspace();
                Some((store, keyspace.shard_of(keyspace.hashed(key).hash)))
            })
            .collect();
        if wanted.len() > 1 {
            wanted.sort_unstable();
            wanted.dedup();
        }
        let locks = wanted
            .into_iter()
            .filter_map(|(store, shard)| {
                Some(Lock { store, shard, data: registry.get(store)?.keyspace().lock(shard) })
            })
            .collect();
        Self { stamp, registry, store, locks, effects: Effects::default(), garbage: Garbage::default() }
    }

    /// The time of the request.
    pub fn now(&self) -> UnixMillis {
        self.stamp.now
    }

    /// The next number of the request's chance (SplitMix64, Steele, Lea and Flood 2014).
    pub fn random(&mut self) -> u64 {
        self.stamp.seed = self.stamp.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.stamp.seed;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// The store that the client has selected.
    pub fn store(&self) -> &'a Store {
        self.store
    }

    /// All stores. A command without keys holds no lock and may lock shards one at a time.
    pub fn registry(&self) -> &'a Registry {
        self.registry
    }

    /// What happened so far.
    pub fn effects(&self) -> Effects {
        self.effects
    }

    /// Notes changes to data.
    pub fn changed(&mut self, changes: usize) {
        self.effects.changes =
            self.effects.changes.saturating_add(u32::try_from(changes).unwrap_or(u32::MAX));
    }

    /// Reads `key`, counts a hit or a miss and notes the access.
    pub fn read(&mut self, key: &[u8]) -> Option<&Entry> {
        let now = self.stamp.now;
        let (hashed, at) = self.look_up(key)?;
        self.locks[at].data.touch(hashed, now)
    }

    /// Reads about `key`: counts a hit or a miss, does not note the access.
    pub fn inspect(&mut self, key: &[u8]) -> Option<&Entry> {
        let (hashed, at) = self.look_up(key)?;
        self.locks[at].data.get(hashed)
    }

    /// As `read`, for a string; an error where the key holds another type.
    pub fn read_string(&mut self, key: &[u8]) -> Result<Option<&Str>, ReplyError> {
        self.read(key).map(string).transpose()
    }

    /// Looks at `key` as a write does: counts nothing, does not note the access.
    pub fn peek(&mut self, key: &[u8]) -> Option<&Entry> {
        self.peek_in(self.store.index(), key)
    }

    /// As `peek`, in another store that is locked.
    pub fn peek_in(&mut self, store: usize, key: &[u8]) -> Option<&Entry> {
        let (hashed, at) = self.locate(store, key);
        if self.is_live(hashed, at) { self.locks[at].data.get(hashed) } else { None }
    }

    /// As `peek`, for a string; an error where the key holds another type.
    pub fn peek_string(&mut self, key: &[u8]) -> Result<Option<&Str>, ReplyError> {
        self.peek(key).map(string).transpose()
    }

    /// Writes `key` whole, with the store's default time to live where `deadline` is none and the store has one. Counts
    /// one change.
    pub fn set(&mut self, key: &[u8], value: impl Into<Value>, deadline: Option<UnixMillis>) {
        let deadline = deadline.or_else(|| self.default_deadline());
        self.put(self.store.index(), key, value.into(), deadline);
    }

    /// Writes `key` whole in a store that is locked, with exactly this deadline. Counts one change.
    pub fn put(&mut self, store: usize, key: &[u8], value: Value, deadline: Option<UnixMillis>) {
        let now = self.stamp.now;
        let (hashed, at) = self.locate(store, key);
        if let Some(old) = self.locks[at].data.set(hashed, value, deadline, now) {
            self.garbage.add(old);
        }
        self.changed(1);
    }

    /// Lets `change` work on the string of `key` in place, a new empty one where there is none; an error where it holds
    /// another type. Counts one change.
    pub fn change_string<R>(
        &mut self,
        key: &[u8],
        change: impl FnOnce(&mut Str) -> R,
    ) -> Result<R, ReplyError> {
        let (now, deadline) = (self.stamp.now, self.default_deadline());
        let (hashed, at) = self.locate(self.store.index(), key);
        if !self.is_live(hashed, at) {
            self.locks[at].data.set(hashed, Str::Growing(Vec::new()).into(), deadline, now);
        }
        let changed = self.locks[at]
            .data
            .update(hashed, now, |value| value.as_str_mut().map(change))
            .expect("the key is there: it was looked at or made above, under the same lock");
        self.changed(usize::from(changed.is_some()));
        changed.ok_or(error::WRONG_TYPE)
    }

    /// Gives `key` another deadline, or none. Whether there is such a key; counts one change if so.
    pub fn set_deadline(&mut self, key: &[u8], deadline: Option<UnixMillis>) -> bool {
        let (hashed, at) = self.locate(self.store.index(), key);
        let done = self.is_live(hashed, at) && self.locks[at].data.set_deadline(hashed, deadline);
        self.changed(usize::from(done));
        done
    }

    /// Removes `key` and hands its entry over, if it was there and had not expired. Counts one change if so.
    pub fn take(&mut self, key: &[u8]) -> Option<Box<Entry>> {
        let (hashed, at) = self.locate(self.store.index(), key);
        if !self.is_live(hashed, at) {
            return None;
        }
        self.changed(1);
        self.locks[at].data.remove(hashed)
    }

    /// Removes `key`; whether it was there and had not expired. Counts one change if so.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        let taken = self.take(key);
        let removed = taken.is_some();
        if let Some(entry) = taken {
            self.garbage.add(entry.into_value());
        }
        removed
    }

    /// Empties these stores, all at the same moment: their shards are locked until the command ends. Counts each key as
    /// a change and hands the shards over, for `discard` or to be dropped at once.
    pub fn take_stores(&mut self, stores: std::ops::Range<usize>) -> Vec<Shard> {
        self.lock_stores(stores);
        let mut taken = Vec::with_capacity(self.locks.len());
        for lock in &mut self.locks {
            let keyspace = self.registry.get(lock.store).expect("a locked store exists").keyspace();
            taken.push(std::mem::replace(&mut *lock.data, keyspace.empty_shard()));
        }
        self.changed(taken.iter().map(Shard::len).sum());
        taken
    }

    /// Exchanges the content of two stores, all at the same moment: their shards are locked until the command ends.
    /// Counts one change.
    pub fn swap_stores(&mut self, left: usize, right: usize) {
        self.changed(1);
        if left == right {
            return;
        }
        self.lock_stores([left.min(right), left.max(right)]);
        let middle = self.locks.len() / 2;
        let (lower, upper) = self.locks.split_at_mut(middle);
        for (lower, upper) in lower.iter_mut().zip(upper) {
            std::mem::swap(&mut *lower.data, &mut *upper.data);
        }
    }

    /// Puts aside what takes long to drop.
    pub fn discard(&mut self, shards: Vec<Shard>) {
        self.garbage.shards.extend(shards);
    }

    /// Takes what was put aside, to be dropped where that disturbs nobody. What is not taken is dropped with the context,
    /// after its locks.
    pub fn take_garbage(&mut self) -> Garbage {
        std::mem::take(&mut self.garbage)
    }

    /// A relative time to live as a deadline; the command's own error where it is not positive or too far away.
    pub fn deadline_after(
        &self,
        amount: i64,
        unit_millis: i64,
        command: &str,
    ) -> Result<UnixMillis, ReplyError> {
        let millis = amount.checked_mul(unit_millis).filter(|millis| *millis > 0);
        let deadline = millis.and_then(|millis| i64::try_from(self.stamp.now).ok()?.checked_add(millis));
        deadline.map(i64::unsigned_abs).ok_or_else(|| ReplyError::invalid_expire(command))
    }

    /// An absolute time as a deadline; the command's own error where it is not positive or too far away.
    pub fn deadline_at(
        &self,
        amount: i64,
        unit_millis: i64,
        command: &str,
    ) -> Result<UnixMillis, ReplyError> {
        let millis = amount.checked_mul(unit_millis).filter(|millis| *millis > 0);
        millis.map(i64::unsigned_abs).ok_or_else(|| ReplyError::invalid_expire(command))
    }

    fn default_deadline(&self) -> Option<UnixMillis> {
        let ttl = self.store.default_ttl()?;
        Some(self.stamp.now.saturating_add(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Where `key` lies, a hit or a miss counted; none where there is no such key.
    fn look_up<'k>(&mut self, key: &'k [u8]) -> Option<(HashedKey<'k>, usize)> {
        let (hashed, at) = self.locate(self.store.index(), key);
        if !self.is_live(hashed, at) {
            self.effects.misses += 1;
            return None;
        }
        self.effects.hits += 1;
        Some((hashed, at))
    }

    fn locate<'k>(&self, store: usize, key: &'k [u8]) -> (HashedKey<'k>, usize) {
        let keyspace = if store == self.store.index() {
            self.store.keyspace()
        } else {
            self.registry.get(store).expect("a locked store exists").keyspace()
        };
        let hashed = keyspace.hashed(key);
        let shard = keyspace.shard_of(hashed.hash);
        let found = match self.locks.as_slice() {
            [only] => (only.store == store && only.shard == shard).then_some(0),
            locks => locks.binary_search_by_key(&(store, shard), |lock| (lock.store, lock.shard)).ok(),
        };
        (hashed, found.expect("a handler touches only the keys that its spec names"))
    }

    /// Whether the key is there and its time is not over; one whose time is over is removed.
    fn is_live(&mut self, key: HashedKey<'_>, at: usize) -> bool {
        let data = &mut self.locks[at].data;
        let Some(entry) = data.get(key) else { return false };
        if !entry.expired(self.stamp.now) {
            if entry.part_expired(self.stamp.now) {
                let removed = data.remove_due_fields(key, self.stamp.now);
                self.effects.expired_fields += u32::try_from(removed).unwrap_or(u32::MAX);
            }
            return true;
        }
        if let Some(entry) = data.remove(key) {
            match entry.value().as_hash().filter(|hash| hash.lapsed(self.stamp.now)) {
                Some(hash) => self.effects.expired_fields += u32::try_from(hash.len()).unwrap_or(u32::MAX),
                None => self.effects.expired += 1,
            }
            self.garbage.add(entry.into_value());
        }
        false
    }

    /// Locks all shards of these stores, which are named in ascending order.
    fn lock_stores(&mut self, stores: impl IntoIterator<Item = usize>) {
        assert!(
            self.locks.is_empty(),
            "a command on whole stores names no keys: who holds a lock must not wait"
        );
        for store in stores {
            let Some(found) = self.registry.get(store) else { continue };
            let keyspace = found.keyspace();
            let all = (0..keyspace.shards()).map(|shard| Lock { store, shard, data: keyspace.lock(shard) });
            self.locks.extend(all);
        }
    }
}

fn string(entry: &Entry) -> Result<&Str, ReplyError> {
    entry.value().as_str().ok_or(error::WRONG_TYPE)
}
