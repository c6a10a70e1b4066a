//! What a key holds, for reading, wherever and however it is kept.

use crate::value::Value;
use crate::value::bloom::Bloom;
use crate::value::cuckoo::Cuckoo;
use crate::value::hash::Hash;
use crate::value::list::List;
use crate::value::set::Set;
use crate::value::size_class::size_class;
use crate::value::stream::Stream;
use crate::value::string::StrRef;
use crate::value::zset::ZSet;

/// The names of all types, as `TYPE` tells them; the last two are those that RedisBloom brings to Redis.
pub const TYPE_NAMES: [&str; 8] =
    ["string", "list", "set", "zset", "hash", "stream", "MBbloom--", "MBbloomCF"];

/// Values of fewer bytes are dropped at once: handing them over would cost more.
const LONG_TO_DROP_BYTES: usize = 1 << 20;

/// A value for reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    /// Bits of items in a Bloom filter.
    Bloom(&'a Bloom),
    /// Fingerprints of items in a cuckoo filter.
    Cuckoo(&'a Cuckoo),
    /// Fields with values.
    Hash(&'a Hash),
    /// Elements in the order they were put in.
    List(&'a List),
    /// Members without order.
    Set(&'a Set),
    /// A string of bytes, or a number kept as one.
    Str(StrRef<'a>),
    /// Entries in the order of their IDs, and the groups that read them.
    Stream(&'a Stream),
    /// Members in the order of their scores.
    ZSet(&'a ZSet),
}

impl<'a> ValueRef<'a> {
    /// The name that `TYPE` tells.
    pub fn type_name(self) -> &'static str {
        TYPE_NAMES[self.type_index()]
    }

    /// The place of its type among `TYPE_NAMES`.
    pub fn type_index(self) -> usize {
        match self {
            Self::Str(_) => 0,
            Self::List(_) => 1,
            Self::Set(_) => 2,
            Self::ZSet(_) => 3,
            Self::Hash(_) => 4,
            Self::Stream(_) => 5,
            Self::Bloom(_) => 6,
            Self::Cuckoo(_) => 7,
        }
    }

    /// The name that `OBJECT ENCODING` tells.
    pub fn encoding(self) -> &'static str {
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

    /// Bytes on the heap; constant time. The box of a collection counts as what the allocator gives for it, what is within
    /// it as what the allocator is asked for, and a string as its bytes, wherever they lie.
    pub fn heap_bytes(self) -> usize {
        match self {
            Self::Bloom(filter) => size_class(size_of::<Bloom>()) + filter.heap_bytes(),
            Self::Cuckoo(filter) => size_class(size_of::<Cuckoo>()) + filter.heap_bytes(),
            Self::Hash(hash) => size_class(size_of::<Hash>()) + hash.heap_bytes(),
            Self::List(list) => size_class(size_of::<List>()) + list.heap_bytes(),
            Self::Set(set) => size_class(size_of::<Set>()) + set.heap_bytes(),
            Self::Str(string) => string.heap_bytes(),
            Self::Stream(stream) => size_class(size_of::<Stream>()) + stream.heap_bytes(),
            Self::ZSet(zset) => size_class(size_of::<ZSet>()) + zset.heap_bytes(),
        }
    }

    /// Whether dropping it takes so long that it is worth being handed over to whoever has the time.
    pub fn takes_long_to_drop(self) -> bool {
        self.heap_bytes() >= LONG_TO_DROP_BYTES
    }

    /// A copy of it.
    pub fn to_value(self) -> Value {
        match self {
            Self::Bloom(filter) => filter.clone().into(),
            Self::Cuckoo(filter) => filter.clone().into(),
            Self::Hash(hash) => hash.clone().into(),
            Self::List(list) => list.clone().into(),
            Self::Set(set) => set.clone().into(),
            Self::Str(string) => string.to_str().into(),
            Self::Stream(stream) => stream.clone().into(),
            Self::ZSet(zset) => zset.clone().into(),
        }
    }

    /// The Bloom filter, if it is one.
    pub fn as_bloom(self) -> Option<&'a Bloom> {
        match self {
            Self::Bloom(filter) => Some(filter),
            _ => None,
        }
    }

    /// The cuckoo filter, if it is one.
    pub fn as_cuckoo(self) -> Option<&'a Cuckoo> {
        match self {
            Self::Cuckoo(filter) => Some(filter),
            _ => None,
        }
    }

    /// The hash, if it is one.
    pub fn as_hash(self) -> Option<&'a Hash> {
        match self {
            Self::Hash(hash) => Some(hash),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_list(self) -> Option<&'a List> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The set, if it is one.
    pub fn as_set(self) -> Option<&'a Set> {
        match self {
            Self::Set(set) => Some(set),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn as_str(self) -> Option<StrRef<'a>> {
        match self {
            Self::Str(string) => Some(string),
            _ => None,
        }
    }

    /// The stream, if it is one.
    pub fn as_stream(self) -> Option<&'a Stream> {
        match self {
            Self::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    /// The sorted set, if it is one.
    pub fn as_zset(self) -> Option<&'a ZSet> {
        match self {
            Self::ZSet(zset) => Some(zset),
            _ => None,
        }
    }

    /// Whether it is a collection without elements, which is as good as no value. A stream never is: it knows its last ID
    /// and its groups; nor is a filter, which was made for a certain size.
    pub fn is_empty_collection(self) -> bool {
        match self {
            Self::Hash(hash) => hash.is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Set(set) => set.is_empty(),
            Self::ZSet(zset) => zset.is_empty(),
            _ => false,
        }
    }

    /// The earliest deadline of a part of it, in milliseconds since the Unix epoch.
    pub fn earliest_part(self) -> Option<u64> {
        self.as_hash().and_then(Hash::earliest)
    }

    /// Whether the time of all its parts is over at `now`.
    pub fn lapsed(self, now: u64) -> bool {
        self.as_hash().is_some_and(|hash| hash.lapsed(now))
    }
}
