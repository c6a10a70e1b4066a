//! Digests of values: equal for equal values, whatever their encoding and the order of parts that have none.

use xxhash_rust::xxh3::xxh3_64_with_seed;
use xxhash_rust::xxh3::xxh3_128;

use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;
use crate::value::view::ValueRef;

/// Bytes of a digest, as many as Redis's have.
const BYTES: usize = 20;

/// A digest: for tests, not against forgery.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; BYTES]);

impl Digest {
    /// Adds something without regard to the order.
    fn add(&mut self, bytes: &[u8]) {
        let wide = xxh3_128(bytes).to_be_bytes();
        let narrow = xxh3_64_with_seed(bytes, 1).to_be_bytes();
        let hash = wide.iter().chain(&narrow);
        self.0.iter_mut().zip(hash).for_each(|(byte, hash)| *byte ^= hash);
    }

    /// Adds another digest without regard to the order.
    pub fn join(&mut self, other: Self) {
        self.add(&other.0);
    }

    /// Adds something after what is there already.
    pub fn mix(&mut self, bytes: &[u8]) {
        self.add(bytes);
        let before = std::mem::take(self);
        self.add(&before.0);
    }

    /// In hexadecimal digits.
    pub fn text(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Of a key and its value.
pub fn of_entry(entry: &Entry, expires: bool, now: UnixMillis) -> Digest {
    let mut digest = of_value(entry, expires, now);
    digest.mix(entry.key());
    digest
}

/// Of a value without the parts whose time is over, and whether it has a deadline.
pub fn of_value(entry: &Entry, expires: bool, now: UnixMillis) -> Digest {
    let mut digest = Digest::default();
    digest.mix(entry.value().type_name().as_bytes());
    match entry.value() {
        ValueRef::Bloom(filter) => {
            digest.mix(&filter.header());
            filter.links().iter().for_each(|link| digest.mix(link.data()));
        }
        ValueRef::Cuckoo(filter) => {
            digest.mix(&filter.header());
            filter.tables().iter().for_each(|table| digest.mix(table.data()));
        }
        ValueRef::Str(text) => digest.mix(&text.bytes()),
        ValueRef::List(list) => list.iter().for_each(|element| digest.mix(&element.bytes())),
        ValueRef::Set(set) => set.iter().for_each(|member| digest.add(&member.bytes())),
        ValueRef::Hash(hash) => {
            hash.iter().filter(|pair| pair.deadline.is_none_or(|at| at > now)).for_each(|pair| {
                let mut one = Digest::default();
                one.mix(pair.field);
                one.mix(pair.value);
                if pair.deadline.is_some() {
                    one.add(DEADLINE);
                }
                digest.join(one);
            })
        }
        ValueRef::Stream(stream) => stream.log().iter().for_each(|entry| {
            digest.mix(&entry.id.text());
            for (field, value) in entry.fields.clone() {
                digest.mix(&field.bytes());
                digest.mix(&value.bytes());
            }
        }),
        ValueRef::ZSet(zset) => zset.iter().for_each(|pair| {
            let mut one = Digest::default();
            one.mix(pair.member);
            one.mix(&pair.score.to_be_bytes());
            digest.join(one);
        }),
    }
    if expires {
        digest.add(DEADLINE);
    }
    digest
}

const DEADLINE: &[u8] = b"deadline";
