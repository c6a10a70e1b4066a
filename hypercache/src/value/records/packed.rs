//! Records one after the other in one piece of memory, each after its length.

use std::marker::PhantomData;

use crate::value::records::Layout;
use crate::value::records::Place;
use crate::value::size_class::size_class;
use crate::value::varint;

/// Bytes of the count before the records.
const COUNT_BYTES: usize = 4;

/// The records: how many there are, then themselves; nothing at all where there are none. Always exactly as many bytes as
/// that, since most such collections are small and many: growing by a little mostly stays within what the allocator gave
/// anyway.
#[derive(Debug, Clone)]
pub struct Packed<L> {
    bytes: Box<[u8]>,
    layout: PhantomData<L>,
}

impl<L: Layout> Packed<L> {
    pub(super) fn new() -> Self {
        Self { bytes: Box::default(), layout: PhantomData }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.first_chunk().map_or(0, |count| u32::from_le_bytes(*count) as usize)
    }

    /// Places with their records.
    fn placed(&self) -> impl Iterator<Item = (Place, &[u8])> {
        let mut rest = self.bytes.get(COUNT_BYTES..).unwrap_or_default();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let place = place(self.bytes.len() - rest.len());
            let (len, after) = varint::split(rest);
            let (record, next) = after.split_at(len);
            rest = next;
            Some((place, record))
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.placed().map(|(_, record)| record)
    }

    pub(super) fn find(&self, key: &[u8]) -> Option<Place> {
        self.placed().find(|(_, record)| L::key(record) == key).map(|(place, _)| place)
    }

    pub(super) fn nth(&self, number: usize) -> Place {
        self.placed().nth(number).map(|(place, _)| place).expect("the number is below how many there are")
    }

    pub(super) fn get(&self, place: Place) -> &[u8] {
        let (len, after) = varint::split(&self.bytes[place.0 as usize..]);
        &after[..len]
    }

    pub(super) fn get_mut(&mut self, place: Place) -> &mut [u8] {
        let from = &mut self.bytes[place.0 as usize..];
        let (len, after) = varint::split(from);
        let start = from.len() - after.len();
        &mut from[start..start + len]
    }

    pub(super) fn push(&mut self, record: &[u8]) {
        let count = self.len() + 1;
        self.change(|bytes| {
            let head = if bytes.is_empty() { COUNT_BYTES } else { 0 };
            bytes.reserve_exact(head + varint::width(record.len()) + record.len());
            bytes.resize(bytes.len() + head, 0);
            varint::push(bytes, record.len());
            bytes.extend_from_slice(record);
        });
        self.set_len(count);
    }

    pub(super) fn replace(&mut self, place: Place, record: &[u8]) {
        let (at, old) = (place.0 as usize, self.width(place));
        let new = varint::width(record.len()) + record.len();
        let mut written = Vec::with_capacity(new);
        varint::push(&mut written, record.len());
        written.extend_from_slice(record);
        if new == old {
            self.bytes[at..at + old].copy_from_slice(&written);
            return;
        }
        self.change(|bytes| {
            bytes.reserve_exact(new.saturating_sub(old));
            bytes.splice(at..at + old, written);
        });
    }

    pub(super) fn remove(&mut self, place: Place) {
        let (at, width, count) = (place.0 as usize, self.width(place), self.len() - 1);
        if count == 0 {
            *self = Self::new();
            return;
        }
        self.change(|bytes| {
            bytes.drain(at..at + width);
        });
        self.set_len(count);
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_class(self.bytes.len())
    }

    fn set_len(&mut self, count: usize) {
        let count = u32::try_from(count).expect("packed records are few by the limits of their owner");
        self.bytes[..COUNT_BYTES].copy_from_slice(&count.to_le_bytes());
    }

    fn change(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = std::mem::take(&mut self.bytes).into_vec();
        change(&mut bytes);
        self.bytes = bytes.into_boxed_slice();
    }

    /// Bytes of a record with its length before it.
    fn width(&self, place: Place) -> usize {
        let from = &self.bytes[place.0 as usize..];
        let (len, after) = varint::split(from);
        from.len() - after.len() + len
    }
}

fn place(at: usize) -> Place {
    Place(u32::try_from(at).expect("packed records are few and short by the limits of their owner"))
}
