//! Records in a dense table, each in memory of its own, found through an index of their keys' hashes.

use std::marker::PhantomData;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::value::records::Layout;
use crate::value::records::Place;
use crate::value::records::Position;
use crate::value::records::chunks::Chunks;
use crate::value::records::index::Index;

/// Records up to which looking at each is as fast as an index, and saves it.
const UNINDEXED_MAX: usize = 16;
/// Records below which an index is given up; far enough from the maximum not to be made again at once.
const INDEXED_MIN: usize = 8;

/// The records.
#[derive(Debug, Clone)]
pub struct Dense<L> {
    /// The secret start of the hashes, so that nobody can choose keys that collide.
    seed: u64,
    records: Chunks<Box<[u8]>>,
    index: Option<Index>,
    record_bytes: usize,
    layout: PhantomData<L>,
}

impl<L: Layout> Dense<L> {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, records: Chunks::new(), index: None, record_bytes: 0, layout: PhantomData }
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.records.iter().map(AsRef::as_ref)
    }

    pub(super) fn find(&self, key: &[u8]) -> Option<Place> {
        let slot = match &self.index {
            Some(index) => index.find(self.hash(key), |slot| L::key(self.record(slot)) == key)?,
            None => slot(self.iter().position(|record| L::key(record) == key)?),
        };
        Some(Place(slot))
    }

    pub(super) fn get(&self, place: Place) -> &[u8] {
        self.record(place.0)
    }

    pub(super) fn get_mut(&mut self, place: Place) -> &mut [u8] {
        self.records.get_mut(place.0 as usize)
    }

    pub(super) fn push(&mut self, record: Box<[u8]>) {
        let slot = slot(self.len());
        let hash = self.hash(L::key(&record));
        self.record_bytes += record.len();
        self.records.push(record);
        if let Some(index) = &mut self.index {
            index.insert(hash, slot);
        } else if self.len() > UNINDEXED_MAX {
            self.make_index();
        }
    }

    pub(super) fn replace(&mut self, place: Place, record: Box<[u8]>) {
        self.record_bytes += record.len();
        let old = self.records.replace(place.0 as usize, record);
        self.record_bytes -= old.len();
    }

    pub(super) fn remove(&mut self, place: Place) {
        let (Place(at), last) = (place, slot(self.len() - 1));
        let hashes = [at, last].map(|slot| self.hash(L::key(self.record(slot))));
        if let Some(index) = &mut self.index {
            index.remove(hashes[0], at);
            if at != last {
                index.remove(hashes[1], last);
                index.insert(hashes[1], at);
            }
        }
        self.record_bytes -= self.records.swap_remove(at as usize).len();
        if self.len() < INDEXED_MIN {
            self.index = None;
        }
    }

    /// See `Records::scan`. Without an index all are visited at once.
    pub(super) fn scan(
        &self,
        from: Position,
        count: usize,
        visit: &mut impl FnMut(&[u8]),
    ) -> Option<Position> {
        match &self.index {
            Some(index) => index.scan(from, count, |slot| visit(self.record(slot))),
            None => {
                self.iter().for_each(visit);
                None
            }
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.record_bytes + self.records.heap_bytes() + self.index.as_ref().map_or(0, Index::heap_bytes)
    }

    fn record(&self, slot: u32) -> &[u8] {
        self.records.get(slot as usize)
    }

    fn hash(&self, key: &[u8]) -> Position {
        (xxh3_64_with_seed(key, self.seed) >> 32) as Position
    }

    fn make_index(&mut self) {
        let mut index = Index::new();
        for (at, record) in self.iter().enumerate() {
            index.insert(self.hash(L::key(record)), slot(at));
        }
        self.index = Some(index);
    }

    #[cfg(test)]
    pub(super) fn counted_heap_bytes(&self) -> usize {
        let records: usize = self.iter().map(<[u8]>::len).sum();
        let index = self.index.as_ref().map_or(0, Index::counted_heap_bytes);
        records + self.records.counted_heap_bytes() + index
    }
}

fn slot(at: usize) -> u32 {
    u32::try_from(at).expect("2^32 records would take more memory than there is")
}
