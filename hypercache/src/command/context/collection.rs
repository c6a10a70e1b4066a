//! What handlers do with values made of many elements. A collection that is left without elements goes with its key; only
//! streams and filters stay.

use crate::command::Context;
use crate::command::ReplyError;
use crate::command::error;
use crate::keyspace::departure::Departure;
use crate::keyspace::entry::Entry;
use crate::keyspace::key::HashedKey;
use crate::value::Value;
use crate::value::bloom::Bloom;
use crate::value::cuckoo::Cuckoo;
use crate::value::hash::Hash;
use crate::value::limits::Limits;
use crate::value::list::List;
use crate::value::set::Set;
use crate::value::stream::Stream;
use crate::value::view::ValueRef;
use crate::value::zset::ZSet;

/// A type that is made of many elements.
pub trait Collection: Into<Value> {
    /// One without elements, whose hashes begin with `seed`.
    fn empty(seed: u64) -> Self;
    /// The value, if it is of this type.
    fn of(value: ValueRef<'_>) -> Option<&Self>;
    /// The value for changing in place, if it is of this type.
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
}

impl Collection for Bloom {
    fn empty(_: u64) -> Self {
        Self::usual()
    }

    fn of(value: ValueRef<'_>) -> Option<&Self> {
        value.as_bloom()
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        value.as_bloom_mut()
    }
}

impl Collection for Cuckoo {
    fn empty(_: u64) -> Self {
        Self::usual()
    }

    fn of(value: ValueRef<'_>) -> Option<&Self> {
        value.as_cuckoo()
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        value.as_cuckoo_mut()
    }
}

impl Collection for Hash {
    fn empty(seed: u64) -> Self {
        Self::new(seed)
    }

    fn of(value: ValueRef<'_>) -> Option<&Self> {
        value.as_hash()
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        value.as_hash_mut()
    }
}

impl Collection for List {
    fn empty(_: u64) -> Self {
        Self::new()
    }

    fn of(value: ValueRef<'_>) -> Option<&Self> {
        value.as_list()
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        value.as_list_mut()
    }
}

impl Collection for Set {
    fn empty(seed: u64) -> Self {
        Self::new(seed)
    }

    fn of(value: ValueRef<'_>) -> Option<&Self> {
        value.as_set()
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        value.as_set_mut()
    }
}

impl Collection for Stream {
    fn empty(_: u64) -> Self {
        Self::new()
    }

    fn of(value: ValueRef<'_>) -> Option<&Self> {
        value.as_stream()
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        value.as_stream_mut()
    }
}

impl Collection for ZSet {
    fn empty(seed: u64) -> Self {
        Self::new(seed)
    }

    fn of(value: ValueRef<'_>) -> Option<&Self> {
        value.as_zset()
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        value.as_zset_mut()
    }
}

impl Context<'_> {
    /// Up to which size collections are kept in their compact forms.
    pub fn limits(&self) -> Limits {
        self.registry.limits()
    }

    /// A collection without elements, for this store.
    pub fn empty<C: Collection>(&self) -> C {
        C::empty(self.store.keyspace().seed().0)
    }

    /// As `read`, for a collection; an error where the key holds another type.
    pub fn read_collection<C: Collection>(&mut self, key: &[u8]) -> Result<Option<&C>, ReplyError> {
        self.read(key).map(|entry| C::of(entry.value()).ok_or(error::WRONG_TYPE)).transpose()
    }

    /// As `peek`, for a collection; an error where the key holds another type.
    pub fn peek_collection<C: Collection>(&mut self, key: &[u8]) -> Result<Option<&C>, ReplyError> {
        self.peek(key).map(|entry| C::of(entry.value()).ok_or(error::WRONG_TYPE)).transpose()
    }

    /// The collection of a key that this command has read or looked at before; for holding several at once.
    pub fn seen_collection<C: Collection>(&self, key: &[u8]) -> Option<&C> {
        self.seen_value(key).and_then(C::of)
    }

    /// The value of a key that this command has read or looked at before, whatever its type.
    pub fn seen_value(&self, key: &[u8]) -> Option<ValueRef<'_>> {
        let (hashed, at) = self.locate(self.store.index(), key);
        let data = &self.locks[at].data;
        let live = data.get(hashed).filter(|entry| !data.expired(entry, self.stamp.now));
        live.map(Entry::value)
    }

    /// Lets `change` work on the collection of `key` in place, on a new one where there is none; an error where it holds
    /// another type. The handler counts the changes.
    pub fn change_collection<C: Collection, R>(
        &mut self,
        key: &[u8],
        change: impl FnOnce(&mut C) -> R,
    ) -> Result<R, ReplyError> {
        let now = self.stamp.now;
        let (hashed, at) = self.locate(self.store.index(), key);
        if !self.is_live(hashed, at) {
            let deadline = self.default_deadline(key);
            let empty: Value = self.empty::<C>().into();
            self.locks[at].data.set(hashed, empty.into(), deadline, now);
            self.note_new(self.store.index(), key);
        }
        self.change_found(hashed, at, change)
    }

    /// As `change_collection`; none where there is no such key.
    pub fn change_present_collection<C: Collection, R>(
        &mut self,
        key: &[u8],
        change: impl FnOnce(&mut C) -> R,
    ) -> Result<Option<R>, ReplyError> {
        let (hashed, at) = self.locate(self.store.index(), key);
        if self.is_live(hashed, at) { self.change_found(hashed, at, change).map(Some) } else { Ok(None) }
    }

    /// Lets `change` work on the collection of a key that is there; one that is empty then goes.
    fn change_found<C: Collection, R>(
        &mut self,
        key: HashedKey<'_>,
        at: usize,
        change: impl FnOnce(&mut C) -> R,
    ) -> Result<R, ReplyError> {
        let (now, data) = (self.stamp.now, &mut self.locks[at].data);
        // Looked at before it is updated: a refused command must not count as an access.
        data.get(key).and_then(|entry| C::of(entry.value())).ok_or(error::WRONG_TYPE)?;
        let (result, emptied) = data
            .update(key, now, |value| {
                let result = C::of_mut(value).map(change);
                (result, value.is_empty_collection())
            })
            .expect("the key is there: it was looked at above, under the same lock");
        self.emptied = emptied;
        self.sign(key, at);
        if emptied {
            // Without elements it may still have room for many.
            let entry = self.remove_at(key, at, Departure::Deleted);
            entry.into_iter().for_each(|entry| self.garbage.add(entry.into_value()));
        }
        result.ok_or(error::WRONG_TYPE)
    }
}
