//! The data types. They know neither keys nor commands, neither clocks nor locks.

pub mod bits;
pub mod bloom;
pub mod cuckoo;
mod filter_form;
pub mod geo;
pub mod glob;
pub mod hash;
pub mod heavy_hitters;
pub mod hyperloglog;
pub mod lcs;
pub mod limits;
pub mod list;
pub mod number;
pub mod records;
pub mod set;
pub mod size_class;
pub mod split_mix;
pub mod stream;
pub mod string;
mod varint;
pub mod view;
pub mod zset;

use crate::value::bloom::Bloom;
use crate::value::cuckoo::Cuckoo;
use crate::value::hash::Hash;
use crate::value::list::List;
use crate::value::set::Set;
use crate::value::size_class::size_class;
use crate::value::stream::Stream;
use crate::value::string::Str;
use crate::value::string::StrRef;
use crate::value::view::ValueRef;
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
    /// It for reading.
    pub fn view(&self) -> ValueRef<'_> {
        match self {
            Self::Bloom(filter) => ValueRef::Bloom(filter),
            Self::Cuckoo(filter) => ValueRef::Cuckoo(filter),
            Self::Hash(hash) => ValueRef::Hash(hash),
            Self::List(list) => ValueRef::List(list),
            Self::Set(set) => ValueRef::Set(set),
            Self::Str(string) => ValueRef::Str(string.view()),
            Self::Stream(stream) => ValueRef::Stream(stream),
            Self::ZSet(zset) => ValueRef::ZSet(zset),
        }
    }

    /// The name that `TYPE` tells.
    pub fn type_name(&self) -> &'static str {
        self.view().type_name()
    }

    /// The name that `OBJECT ENCODING` tells.
    pub fn encoding(&self) -> &'static str {
        self.view().encoding()
    }

    /// Bytes on the heap; constant time. What the value itself points to counts as what the allocator gives for it, what is
    /// within as what the allocator is asked for.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Str(string) => size_class(string.heap_bytes()),
            _ => self.view().heap_bytes(),
        }
    }

    /// The Bloom filter, if it is one.
    pub fn as_bloom(&self) -> Option<&Bloom> {
        self.view().as_bloom()
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
        self.view().as_cuckoo()
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
        self.view().as_hash()
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
        self.view().as_list()
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
        self.view().as_set()
    }

    /// The set for changing in place, if it is one.
    pub fn as_set_mut(&mut self) -> Option<&mut Set> {
        match self {
            Self::Set(set) => Some(set),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<StrRef<'_>> {
        self.view().as_str()
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
        self.view().as_stream()
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
        self.view().as_zset()
    }

    /// The sorted set for changing in place, if it is one.
    pub fn as_zset_mut(&mut self) -> Option<&mut ZSet> {
        match self {
            Self::ZSet(zset) => Some(zset),
            _ => None,
        }
    }

    /// As `ValueRef::is_empty_collection`.
    pub fn is_empty_collection(&self) -> bool {
        self.view().is_empty_collection()
    }

    /// The earliest deadline of a part of it, in milliseconds since the Unix epoch.
    pub fn earliest_part(&self) -> Option<u64> {
        self.view().earliest_part()
    }

    /// Whether the time of all its parts is over at `now`.
    pub fn lapsed(&self, now: u64) -> bool {
        self.view().lapsed(now)
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
