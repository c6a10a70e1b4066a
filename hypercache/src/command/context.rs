//! What a data handler works on: locked data, time, chance, and a note of what happened.

pub mod collection;
mod deadlines;
mod effects;
mod events;
mod everything;
mod filter;
mod locks;
mod past;
mod session;
mod shards;
mod stores;
mod usage;
pub mod wait;

pub use effects::Effects;
pub use effects::Garbage;
pub use events::EventClass;
pub use locks::Locks;
pub use locks::Place;
pub use locks::Places;
pub use past::Past;
pub use wait::Wait;

use crate::command::ReplyError;
use crate::command::error;
use crate::keyspace::departure::Departure;
use crate::keyspace::entry::Entry;
use crate::keyspace::entry::Given;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::journal::Author;
use crate::keyspace::key::HashedKey;
use crate::keyspace::lag::Lags;
use crate::keyspace::shard::Met;
use crate::keyspace::shard::Shard;
use crate::store::Registry;
use crate::store::Selected;
use crate::store::Store;
use crate::store::events::Interest;
use crate::store::events::Notices;
use crate::value::Value;
use crate::value::split_mix;
use crate::value::string::Str;
use crate::value::string::StrRef;

/// What a request is stamped with. The same stamp gives the same result, on a client's behalf, in a replay, on a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The time of the request.
    pub now: UnixMillis,
    /// Where its chance begins.
    pub seed: u64,
}

/// The world of one data command.
pub struct Context<'a> {
    stamp: Stamp,
    registry: &'a Registry,
    store: &'a Store,
    selected: Selected,
    locks: Locks<'a>,
    touches: bool,
    may_wait: bool,
    in_script: bool,
    author: Option<Author>,
    shows_authors: bool,
    wait: Option<Wait>,
    effects: Effects,
    /// How late expired keys were met, if any were.
    lags: Option<Box<Lags>>,
    /// As it was once the locks were held.
    interest: Interest,
    notices: Notices,
    /// The last collection that was changed is without elements and gone; its event has not been told yet.
    emptied: bool,
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
    ) -> Result<Self, ReplyError> {
        Ok(Self::with_locks(stamp, registry, store, Locks::of_keys(registry, keys)?))
    }

    /// Works under locks that are held already; they must cover all that the command touches.
    pub fn with_locks(stamp: Stamp, registry: &'a Registry, store: &'a Store, locks: Locks<'a>) -> Self {
        Self {
            stamp,
            registry,
            store,
            selected: store.selected(),
            locks,
            touches: true,
            may_wait: false,
            in_script: false,
            author: None,
            shows_authors: false,
            wait: None,
            effects: Effects::default(),
            lags: None,
            interest: registry.interests().now(),
            notices: Notices::default(),
            emptied: false,
            garbage: Garbage::default(),
        }
    }

    /// Gives the locks back to whoever goes on with them; sizes are told as they are now.
    pub fn into_locks(self) -> Locks<'a> {
        if self.locks.whole {
            self.locks.held.iter().for_each(|lock| lock.data.publish_sizes());
        }
        self.locks
    }

    /// Has the command fail where the store is not this one any more once it has locks.
    pub fn insist_on(&mut self, selected: Selected) {
        self.selected = selected;
    }

    /// Lets reads leave no trace in the access order, as `CLIENT NO-TOUCH` asks for.
    pub fn read_without_trace(&mut self) {
        self.touches = false;
    }

    /// Lets the command wait where there is nothing for it; else it is answered at once.
    pub fn let_wait(&mut self) {
        self.may_wait = true;
    }

    /// Has the command answer a script.
    pub fn serve_script(&mut self) {
        self.in_script = true;
    }

    /// Whether a script has called the command.
    pub fn in_script(&self) -> bool {
        self.in_script
    }

    /// Whether the command may wait.
    pub fn may_wait(&self) -> bool {
        self.may_wait
    }

    /// What the command waits for, if it does.
    pub fn take_wait(&mut self) -> Option<Wait> {
        self.wait.take()
    }

    /// The time of the request.
    pub fn now(&self) -> UnixMillis {
        self.stamp.now
    }

    /// The next number of the request's chance.
    pub fn random(&mut self) -> u64 {
        split_mix::next(&mut self.stamp.seed)
    }

    /// Whether `key` of this store is locked, so that it may be touched: where all or some locks have been taken before, a
    /// store that has come since is out of their reach.
    pub fn covers(&self, store: usize, key: &[u8]) -> bool {
        Place::of(self.registry, store, key).is_some_and(|place| self.locks.cover(place))
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

    /// How late expired keys were met, if any were.
    pub fn take_lags(&mut self) -> Option<Box<Lags>> {
        self.lags.take()
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
        let data = &mut self.locks[at].data;
        if self.touches { data.read(hashed, now) } else { data.get(hashed) }
    }

    /// Reads about `key`: counts a hit or a miss, does not note the access.
    pub fn inspect(&mut self, key: &[u8]) -> Option<&Entry> {
        let (hashed, at) = self.look_up(key)?;
        self.locks[at].data.get(hashed)
    }

    /// As `inspect`, but nobody is told where there is no such key.
    pub fn inspect_quietly(&mut self, key: &[u8]) -> Option<&Entry> {
        let (hashed, at) = self.find(key)?;
        self.locks[at].data.get(hashed)
    }

    /// As `read`, for a string; an error where the key holds another type.
    pub fn read_string(&mut self, key: &[u8]) -> Result<Option<StrRef<'_>>, ReplyError> {
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
    pub fn peek_string(&mut self, key: &[u8]) -> Result<Option<StrRef<'_>>, ReplyError> {
        self.peek(key).map(string).transpose()
    }

    /// Writes `key` whole, with the store's default time to live where `deadline` is none and the store has one. Counts
    /// one change.
    pub fn set<'v>(&mut self, key: &[u8], value: impl Into<Given<'v>>, deadline: Option<UnixMillis>) {
        let deadline = deadline.or_else(|| self.default_deadline(key));
        self.put(self.store.index(), key, value, deadline);
    }

    /// Writes `key` whole in a store that is locked, with exactly this deadline. Counts one change.
    pub fn put<'v>(
        &mut self,
        store: usize,
        key: &[u8],
        value: impl Into<Given<'v>>,
        deadline: Option<UnixMillis>,
    ) {
        let now = self.stamp.now;
        let (hashed, at) = self.locate(store, key);
        if !self.interest.is_none() || self.locks[at].data.sessions().is_some() {
            // Whoever listens hears of the end of what is overwritten, if its time was over; and with a session other keys
            // have to go.
            self.is_live(hashed, at);
        }
        match self.locks[at].data.set(hashed, value.into(), deadline, now) {
            Some(old) => self.garbage.add(old),
            None => self.note_new(store, key),
        }
        self.sign(hashed, at);
        self.changed(1);
    }

    /// As `put`, as a key that was not there before: what is there is removed first and without a word.
    pub fn put_anew(&mut self, store: usize, key: &[u8], value: Value, deadline: Option<UnixMillis>) {
        self.remove_silently(store, key);
        self.put(store, key, value, deadline);
    }

    /// Lets `change` work on the string of `key` in place, a new empty one where there is none; an error where it holds
    /// another type. Counts one change.
    pub fn change_string<R>(
        &mut self,
        key: &[u8],
        change: impl FnOnce(&mut Str) -> R,
    ) -> Result<R, ReplyError> {
        let now = self.stamp.now;
        let (hashed, at) = self.locate(self.store.index(), key);
        if !self.is_live(hashed, at) {
            let deadline = self.default_deadline(key);
            self.locks[at].data.set(hashed, StrRef::Growing(&[]).into(), deadline, now);
            self.note_new(self.store.index(), key);
        }
        let changed = self.locks[at]
            .data
            .update(hashed, now, |value| value.as_str_mut().map(change))
            .expect("the key is there: it was looked at or made above, under the same lock");
        self.sign(hashed, at);
        self.changed(usize::from(changed.is_some()));
        changed.ok_or(error::WRONG_TYPE)
    }

    /// Gives `key` another deadline, or none. Whether there is such a key; counts one change if so.
    pub fn set_deadline(&mut self, key: &[u8], deadline: Option<UnixMillis>) -> bool {
        let (hashed, at) = self.locate(self.store.index(), key);
        let done =
            self.is_live(hashed, at) && self.locks[at].data.set_deadline(hashed, deadline, self.stamp.now);
        if done {
            self.note_retimed(hashed, at);
        }
        self.changed(usize::from(done));
        done
    }

    /// Removes `key` and hands its entry over, if it was there and had not expired. Counts one change if so.
    pub fn take(&mut self, key: &[u8]) -> Option<Entry> {
        let (hashed, at) = self.locate(self.store.index(), key);
        if !self.is_live(hashed, at) {
            return None;
        }
        self.changed(1);
        self.locks[at].data.touch_session(key, self.stamp.now);
        self.remove_at(hashed, at, Departure::Deleted)
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

    /// Removes those of these keys, which a scan has met, whose time is over. No lock is held, or all are; those that are
    /// taken here are kept until the command ends, so that what is told of the keys is told in order.
    pub fn expire(&mut self, keys: &[Box<[u8]>]) -> Result<(), ReplyError> {
        let index = self.store.index();
        if !self.locks.whole {
            assert!(self.locks.held.is_empty(), "who holds a lock must not wait");
            self.locks = Locks::of_keys(self.registry, keys.iter().map(|key| (index, &**key)))?;
            self.check_selected()?;
            self.interest = self.registry.interests().now();
        }
        for key in keys {
            let (hashed, at) = self.locate(index, key);
            self.is_live(hashed, at);
        }
        Ok(())
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

    /// The deadline of `key`, which is written without one.
    fn default_deadline(&self, key: &[u8]) -> Option<UnixMillis> {
        let ttl = self.store.default_ttl()?;
        if self.joins_session(self.store.index(), key) {
            // What the session has, which may be none.
            return None;
        }
        Some(self.stamp.now.saturating_add(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Where `key` lies, a hit or a miss counted and a miss told; none where there is no such key.
    fn look_up<'k>(&mut self, key: &'k [u8]) -> Option<(HashedKey<'k>, usize)> {
        let found = self.find(key);
        if found.is_none() {
            self.note_miss(key);
        }
        found
    }

    /// Where `key` lies, a hit or a miss counted; none where there is no such key.
    fn find<'k>(&mut self, key: &'k [u8]) -> Option<(HashedKey<'k>, usize)> {
        let (hashed, at) = self.locate(self.store.index(), key);
        let lapsed_before = self.lapsed();
        let live = self.is_live(hashed, at);
        self.locks[at].data.looked_up(hashed, live, self.stamp.now);
        if !live {
            self.count_miss(hashed, at, self.lapsed() != lapsed_before);
            if self.touches {
                self.locks[at].data.asked(hashed.hash);
            }
            return None;
        }
        self.effects.hits += 1;
        Some((hashed, at))
    }

    fn lapsed(&self) -> (u32, u32) {
        (self.effects.expired, self.effects.expired_fields)
    }

    fn locate<'k>(&self, store: usize, key: &'k [u8]) -> (HashedKey<'k>, usize) {
        let keyspace = if store == self.store.index() {
            self.store.keyspace()
        } else {
            self.registry.get(store).expect("a locked store exists").keyspace()
        };
        let hashed = keyspace.hashed(key);
        let shard = keyspace.shard_of(hashed.hash);
        let found = match self.locks.held.as_slice() {
            [only] => (only.store == store && only.shard == shard).then_some(0),
            locks => locks.binary_search_by_key(&(store, shard), |lock| (lock.store, lock.shard)).ok(),
        };
        (hashed, found.expect("a handler touches only the keys that its spec names"))
    }

    /// Whether the key is there and its time is not over; one whose time is over is removed.
    fn is_live(&mut self, key: HashedKey<'_>, at: usize) -> bool {
        let (now, store) = (self.stamp.now, self.locks[at].store);
        let data = &mut self.locks[at].data;
        let part_over = match data.meet(key, now) {
            Met::Absent => {
                // It may be about to join others whose time is over.
                self.expire_session(key, at);
                return false;
            }
            Met::Over => None,
            Met::Live { part_over } => Some(part_over),
        };
        if let Some(part_over) = part_over {
            if part_over {
                let removed = data.remove_due_fields(key, now);
                self.effects.expired_fields += u32::try_from(removed).unwrap_or(u32::MAX);
                self.note_fields_expired(store, key.bytes, false);
            }
            return true;
        }
        if self.expire_session(key, at) {
            return false;
        }
        if let Some(entry) = self.remove_at(key, at, Departure::Expired) {
            match entry.value().as_hash().filter(|hash| hash.lapsed(now)) {
                Some(hash) => {
                    self.effects.expired_fields += u32::try_from(hash.len()).unwrap_or(u32::MAX);
                    self.note_fields_expired(store, key.bytes, true);
                }
                None => {
                    self.effects.expired += 1;
                    self.count_lag(entry.deadline());
                    self.note_expired(store, key.bytes);
                }
            }
            self.garbage.add(entry.into_value());
        }
        false
    }

    /// Counts how late a key was met whose time was over at `deadline`.
    fn count_lag(&mut self, deadline: Option<UnixMillis>) {
        let lag = self.stamp.now.saturating_sub(deadline.unwrap_or(self.stamp.now));
        self.lags.get_or_insert_default().count(lag);
    }
}

fn string(entry: &Entry) -> Result<StrRef<'_>, ReplyError> {
    entry.value().as_str().ok_or(error::WRONG_TYPE)
}
