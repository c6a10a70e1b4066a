//! What a data handler works on: locked data, time, chance, and a note of what happened.

use smallvec::SmallVec;

use crate::command::ReplyError;
use crate::keyspace::LockedShard;
use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::key::HashedKey;
use crate::store::Registry;
use crate::store::Store;
use crate::value::Value;
use crate::value::string::Str;

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
        Self { stamp, registry, store, locks, effects: Effects::default() }
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

    /// Reads `key` and counts a hit or a miss.
    pub fn read(&mut self, key: &[u8]) -> Option<&Entry> {
        self.drop_expired(self.store.index(), key);
        let now = self.stamp.now;
        let (hashed, at) = self.locate(self.store.index(), key);
        // Counted before the entry is borrowed: `get` is cheap and the borrow then lasts as long as the caller likes.
        if self.locks[at].data.get(hashed).is_none() {
            self.effects.misses += 1;
            return None;
        }
        self.effects.hits += 1;
        self.locks[at].data.touch(hashed, now)
    }

    /// Reads the string of `key` and counts a hit or a miss; an error where it holds another type.
    pub fn read_string(&mut self, key: &[u8]) -> Result<Option<&Str>, ReplyError> {
        self.read(key).map(string).transpose()
    }

    /// Looks at `key` as a write does: counts nothing, does not note the access.
    pub fn peek(&mut self, key: &[u8]) -> Option<&Entry> {
        self.peek_in(self.store.index(), key)
    }

    /// As `peek`, in another store that is locked.
    pub fn peek_in(&mut self, store: usize, key: &[u8]) -> Option<&Entry> {
        self.drop_expired(store, key);
        let (hashed, at) = self.locate(store, key);
        self.locks[at].data.get(hashed)
    }

    /// As `peek`, for a string; an error where the key holds another type.
    pub fn peek_string(&mut self, key: &[u8]) -> Result<Option<&Str>, ReplyError> {
        self.peek(key).map(string).transpose()
    }

    /// Writes `key` whole, with the store's default time to live where `deadline` is none and the store has one.
    pub fn set(&mut self, key: &[u8], value: impl Into<Value>, deadline: Option<UnixMillis>) {
        let ttl = self.store.default_ttl();
        let deadline = deadline.or_else(|| {
            ttl.map(|ttl| self.stamp.now.saturating_add(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)))
        });
        self.put(self.store.index(), key, value.into(), deadline);
    }

    /// Writes `key` whole in a store that is locked, with exactly this deadline.
    pub fn put(&mut self, store: usize, key: &[u8], value: Value, deadline: Option<UnixMillis>) {
        let now = self.stamp.now;
        let (hashed, at) = self.locate(store, key);
        self.locks[at].data.set(hashed, value, deadline, now);
        self.changed(1);
    }

    /// Lets `change` work on the string of `key` in place, a new empty one where there is none; an error where it holds
    /// another type. Counts one change.
    pub fn change_string<R>(
        &mut self,
        key: &[u8],
        change: impl FnOnce(&mut Str) -> R,
    ) -> Result<R, ReplyError> {
        if self.peek_string(key)?.is_none() {
            self.set(key, Str::Growing(Vec::new()), None);
            self.effects.changes -= 1;
        }
        let now = self.stamp.now;
        let (hashed, at) = self.locate(self.store.index(), key);
        let changed = self.locks[at].data.update(hashed, now, |value| match value {
            Value::Str(string) => Ok(change(string)),
        });
        self.changed(1);
        changed.expect("the key is there: it was looked at or made above, under the same lock")
    }

    /// Gives `key` another deadline, or none. Whether there is such a key; counts one change if so.
    pub fn set_deadline(&mut self, key: &[u8], deadline: Option<UnixMillis>) -> bool {
        self.drop_expired(self.store.index(), key);
        let (hashed, at) = self.locate(self.store.index(), key);
        let done = self.locks[at].data.set_deadline(hashed, deadline);
        self.changed(usize::from(done));
        done
    }

    /// Removes `key`; the entry, if it was there and had not expired. Counts one change if so.
    pub fn remove(&mut self, key: &[u8]) -> Option<Box<Entry>> {
        self.drop_expired(self.store.index(), key);
        let (hashed, at) = self.locate(self.store.index(), key);
        let removed = self.locks[at].data.remove(hashed);
        self.changed(usize::from(removed.is_some()));
        removed
    }

    /// Notes an access to `key`; whether it is there.
    pub fn touch(&mut self, key: &[u8]) -> bool {
        self.drop_expired(self.store.index(), key);
        let now = self.stamp.now;
        let (hashed, at) = self.locate(self.store.index(), key);
        self.locks[at].data.touch(hashed, now).is_some()
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

    fn locate<'k>(&self, store: usize, key: &'k [u8]) -> (HashedKey<'k>, usize) {
        let keyspace = if store == self.store.index() {
            self.store.keyspace()
        } else {
            self.registry.get(store).expect("a locked store exists").keyspace()
        };
        let hashed = keyspace.hashed(key);
        let shard = keyspace.shard_of(hashed.hash);
        let found = self.locks.iter().position(|lock| lock.store == store && lock.shard == shard);
        (hashed, found.expect("a handler touches only the keys that its spec names"))
    }

    fn drop_expired(&mut self, store: usize, key: &[u8]) {
        let now = self.stamp.now;
        let (hashed, at) = self.locate(store, key);
        let data = &mut self.locks[at].data;
        if data.get(hashed).is_some_and(|entry| entry.expired(now)) {
            data.remove(hashed);
            self.effects.expired += 1;
        }
    }
}

fn string(entry: &Entry) -> Result<&Str, ReplyError> {
    match entry.value() {
        Value::Str(string) => Ok(string),
    }
}
