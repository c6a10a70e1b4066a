//! The data types. They know neither keys nor commands, neither clocks nor locks.

pub mod bits;
pub mod bloom;
pub mod cuckoo;
mod filter_form;
pub mod geo;
pub mod glob;
pub mod hash;
pub mod hyperloglog;
pub mod lcs;
pub mod limits;
pub mod list;
pub mod number;
pub mod records;
pub mod set;
pub mod stream;
pub mod string;
mod varint;
pub mod zset;

use crate::value::bloom::Bloom;
use crate::value::cuckoo::Cuckoo;
use crate::value::hash::Hash;
use crate::value::list::List;
use crate::value::set::Set;
use crate::value::stream::Stream;
use crate::value::string::Str;
use crate::value::zset::ZSet;

/// What a key holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Bits of items in a Bloom filter.
    Bloom(Box<Bloom>),
    /// Fingerprints of items in a cuckoo filter.
    Cuckoo(Box<Cuckoo>),
    /// Fields with values.
    Hash(Box<Hash>),
    /// Elements in the order they were put in.
    List(Box<List>),
    /// Members without order.
    Set(Box<Set>),
    /// A string of bytes, or a number kept as one.
    Str(Str),
    /// Entries in the order of their IDs, and the groups that read them.
    Stream(Box<Stream>),
    /// Members in the order of their scores.
    ZSet(Box<ZSet>),
}

impl Value {
    /// The name that `TYPE` tells.
    pub fn type_name(&self) -> &'static str {
        match self {
            // The names of the types that RedisBloom brings to Redis.
            Self::Bloom(_) => "MBbloom--",
            Self::Cuckoo(_) => "MBbloomCF",
            Self::Hash(_) => "hash",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Str(_) => "string",
            Self::Stream(_) => "stream",
            Self::ZSet(_) => "zset",
        }
    }

    /// The name that `OBJECT ENCODING` tells.
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::Bloom(_) | Self::Cuckoo(_) => "raw",
            Self::Hash(hash) => hash.encoding(),
            Self::List(list) => list.encoding(),
            Self::Set(set) => set.encoding(),
            Self::Str(string) => string.encoding(),
            Self::Stream(_) => "stream",
            Self::ZSet(zset) => zset.encoding(),
        }
    }

    /// Bytes on the heap, as the allocator is asked for them; constant time.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Bloom(filter) => size_of::<Bloom>() + filter.heap_bytes(),
            Self::Cuckoo(filter) => size_of::<Cuckoo>() + filter.heap_bytes(),
            Self::Hash(hash) => size_of::<Hash>() + hash.heap_bytes(),
            Self::List(list) => size_of::<List>() + list.heap_bytes(),
            Self::Set(set) => size_of::<Set>() + set.heap_bytes(),
            Self::Str(string) => string.heap_bytes(),
            Self::Stream(stream) => size_of::<Stream>() + stream.heap_bytes(),
            Self::ZSet(zset) => size_of::<ZSet>() + zset.heap_bytes(),
        }
    }

    /// The Bloom filter, if it is one.
    pub fn as_bloom(&self) -> Option<&Bloom> {
        match self {
            Self::Bloom(filter) => Some(filter),
            _ => None,
        }
    }

    /// The Bloom filter for changing in place, if it is one.
    pub fn as_bloom_mut(&mut self) -> Option<&mut Bloom> {
        match self {
            Self::Bloom(filter) => Some(filter),
            _ => None,
        }
    }

    /// The cuckoo filter, if it is one.
    pub fn as_cuckoo(&self) -> Option<&Cuckoo> {
        match self {
            Self::Cuckoo(filter) => Some(filter),
            _ => None,
        }
    }

    /// The cuckoo filter for changing in place, if it is one.
    pub fn as_cuckoo_mut(&mut self) -> Option<&mut Cuckoo> {
        match self {
            Self::Cuckoo(filter) => Some(filter),
            _ => None,
        }
    }

    /// The hash, if it is one.
    pub fn as_hash(&self) -> Option<&Hash> {
        match self {
            Self::Hash(hash) => Some(hash),
            _ => None,
        }
    }

    /// The hash for changing in place, if it is one.
    pub fn as_hash_mut(&mut self) -> Option<&mut Hash> {
        match self {
            Self::Hash(hash) => Some(hash),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&List> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The list for changing in place, if it is one.
    pub fn as_list_mut(&mut self) -> Option<&mut List> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The set, if it is one.
    pub fn as_set(&self) -> Option<&Set> {
        match self {
            Self::Set(set) => Some(set),
            _ => None,
        }
    }

    /// The set for changing in place, if it is one.
    pub fn as_set_mut(&mut self) -> Option<&mut Set> {
        match self {
            Self::Set(set) => Some(set),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&Str> {
        match self {
            Self::Str(string) => Some(string),
            _ => None,
        }
    }

    /// The string for changing in place, if it is one.
    pub fn as_str_mut(&mut self) -> Option<&mut Str> {
        match self {
            Self::Str(string) => Some(string),
            _ => None,
        }
    }

    /// The stream, if it is one.
    pub fn as_stream(&self) -> Option<&Stream> {
        match self {
            Self::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    /// The stream for changing in place, if it is one.
    pub fn as_stream_mut(&mut self) -> Option<&mut Stream> {
        match self {
            Self::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    /// The sorted set, if it is one.
    pub fn as_zset(&self) -> Option<&ZSet> {
        match self {
            Self::ZSet(zset) => Some(zset),
            _ => None,
        }
    }

    /// The sorted set for changing in place, if it is one.
    pub fn as_zset_mut(&mut self) -> Option<&mut ZSet> {
        match self {
            Self::ZSet(zset) => Some(zset),
            _ => None,
        }
    }

    /// Whether it is a collection without elements, which is as good as no value. A stream never is: it knows its last ID
    /// and its groups; nor is a filter, which was made for a certain size.
    pub fn is_empty_collection(&self) -> bool {
        match self {
            Self::Hash(hash) => hash.is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Set(set) => set.is_empty(),
            Self::ZSet(zset) => zset.is_empty(),
            _ => false,
        }
    }

    /// The earliest deadline of a part of it, in milliseconds since the Unix epoch.
    pub fn earliest_part(&self) -> Option<u64> {
        self.as_hash().and_then(Hash::earliest)
    }

    /// Whether the time of all its parts is over at `now`.
    pub fn lapsed(&self, now: u64) -> bool {
        self.as_hash().is_some_and(|hash| hash.lapsed(now))
    }
}

impl From<Bloom> for Value {
    fn from(filter: Bloom) -> Self {
        Self::Bloom(Box::new(filter))
    }
}

impl From<Cuckoo> for Value {
    fn from(filter: Cuckoo) -> Self {
        Self::Cuckoo(Box::new(filter))
    }
}

impl From<Hash> for Value {
    fn from(hash: Hash) -> Self {
        Self::Hash(Box::new(hash))
    }
}

impl From<List> for Value {
    fn from(list: List) -> Self {
        Self::List(Box::new(list))
    }
}

impl From<Set> for Value {
    fn from(set: Set) -> Self {
        Self::Set(Box::new(set))
    }
}

impl From<Str> for Value {
    fn from(string: Str) -> Self {
        Self::Str(string)
    }
}

impl From<Stream> for Value {
    fn from(stream: Stream) -> Self {
        Self::Stream(Box::new(stream))
    }
}

impl From<ZSet> for Value {
    fn from(zset: ZSet) -> Self {
        Self::ZSet(Box::new(zset))
    }
}
