//! Short byte records that are found by a key within them: what hashes and sets are made of.
//!
//! Few and short ones lie packed one after the other; many or long ones lie in a dense table with an index. Their order
//! follows from what was done to them alone, never from hashes, so that a choice by number is the same on every replica.

mod chunks;
mod dense;
mod index;
mod packed;

use dense::Dense;
use packed::Packed;

/// How a kind of record is laid out.
pub trait Layout: std::fmt::Debug + Clone {
    /// The key within a record.
    fn key(record: &[u8]) -> &[u8];
}

/// Where a record is; good until the next change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(u32);

impl Place {
    /// The number of the record, where it lies in a table.
    pub fn slot(self) -> u32 {
        self.0
    }
}

/// Where a scan stands in hash order.
pub type Position = u32;

/// Records with different keys.
#[derive(Debug, Clone)]
pub enum Records<L: Layout> {
    /// One after the other; looking for one reads all before it.
    Packed(Packed<L>),
    /// In a table; looking for one takes constant time.
    Dense(Box<Dense<L>>),
}

impl<L: Layout> Default for Records<L> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: Layout> Records<L> {
    /// None, packed.
    pub fn new() -> Self {
        Self::Packed(Packed::new())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Packed(packed) => packed.len(),
            Self::Dense(dense) => dense.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether they lie packed.
    pub fn is_packed(&self) -> bool {
        matches!(self, Self::Packed(_))
    }

    /// Puts them into a table if they lie packed; its hashes begin with `seed`.
    pub fn make_dense(&mut self, seed: u64) {
        if let Self::Packed(packed) = self {
            let mut dense = Box::new(Dense::new(seed));
            for record in packed.iter() {
                dense.push(record.into());
            }
            *self = Self::Dense(dense);
        }
    }

    /// Where the record with this key is.
    pub fn find(&self, key: &[u8]) -> Option<Place> {
        match self {
            Self::Packed(packed) => packed.find(key),
            Self::Dense(dense) => dense.find(key),
        }
    }

    /// Where the record of this number is; counting takes linear time where they lie packed.
    pub fn nth(&self, number: usize) -> Place {
        match self {
            Self::Packed(packed) => packed.nth(number),
            Self::Dense(_) => Place(u32::try_from(number).expect("a number of a record is within 32 bits")),
        }
    }

    /// The records of these numbers, in time that grows with them and, where they lie packed, with the records.
    pub fn pick(&self, numbers: &[usize]) -> impl Iterator<Item = &[u8]> {
        let packed: Vec<&[u8]> = if self.is_packed() { self.iter().collect() } else { Vec::new() };
        numbers.iter().map(move |number| match self {
            Self::Packed(_) => packed[*number],
            Self::Dense(_) => self.get(self.nth(*number)),
        })
    }

    /// The record at a place.
    pub fn get(&self, place: Place) -> &[u8] {
        match self {
            Self::Packed(packed) => packed.get(place),
            Self::Dense(dense) => dense.get(place),
        }
    }

    /// Adds a record whose key is not there yet, as the last one.
    pub fn push(&mut self, record: &[u8]) {
        match self {
            Self::Packed(packed) => packed.push(record),
            Self::Dense(dense) => dense.push(record.into()),
        }
    }

    /// Puts a record with the same key in place of another.
    pub fn replace(&mut self, place: Place, record: &[u8]) {
        match self {
            Self::Packed(packed) => packed.replace(place, record),
            Self::Dense(dense) => dense.replace(place, record.into()),
        }
    }

    /// Writes `bytes` over the beginning of a record, which must not be part of its key.
    pub fn overwrite(&mut self, place: Place, bytes: &[u8]) {
        let record = match self {
            Self::Packed(packed) => packed.get_mut(place),
            Self::Dense(dense) => dense.get_mut(place),
        };
        record[..bytes.len()].copy_from_slice(bytes);
    }

    /// Removes a record. In a table the last one takes its place.
    pub fn remove(&mut self, place: Place) {
        match self {
            Self::Packed(packed) => packed.remove(place),
            Self::Dense(dense) => dense.remove(place),
        }
    }

    /// All records in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let (packed, dense) = match self {
            Self::Packed(packed) => (Some(packed.iter()), None),
            Self::Dense(dense) => (None, Some(dense.iter())),
        };
        packed.into_iter().flatten().chain(dense.into_iter().flatten())
    }

    /// Visits at least `count` records from `from` on in hash order, and all of those that share a position together.
    /// Where to go on; none at the end. Packed records are visited all at once. A record that is there from the first
    /// call to the last is visited, whatever else changes.
    pub fn scan(&self, from: Position, count: usize, mut visit: impl FnMut(&[u8])) -> Option<Position> {
        match self {
            Self::Packed(packed) => {
                packed.iter().for_each(visit);
                None
            }
            Self::Dense(dense) => dense.scan(from, count, &mut visit),
        }
    }

    /// Bytes on the heap; constant time.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Packed(packed) => packed.heap_bytes(),
            Self::Dense(dense) => size_of::<Dense<L>>() + dense.heap_bytes(),
        }
    }
}

#[cfg(test)]
mod tests;
