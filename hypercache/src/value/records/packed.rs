//! Records one after the other in one piece of memory, each after its length.

use std::marker::PhantomData;

use crate::value::records::Layout;
use crate::value::records::Place;
use crate::value::varint;

/// Spare bytes beyond twice what is in use from which memory is given back.
const SPARE_BYTES_MAX: usize = 64;

/// The records.
#[derive(Debug, Clone)]
pub struct Packed<L> {
    bytes: Vec<u8>,
    len: u32,
    layout: PhantomData<L>,
}

impl<L: Layout> Packed<L> {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), len: 0, layout: PhantomData }
    }

    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// Places with their records.
    fn placed(&self) -> impl Iterator<Item = (Place, &[u8])> {
        let mut rest = self.bytes.as_slice();
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
        self.make_room(varint::width(record.len()) + record.len());
        varint::push(&mut self.bytes, record.len());
        self.bytes.extend_from_slice(record);
        self.len += 1;
    }

    pub(super) fn replace(&mut self, place: Place, record: &[u8]) {
        let (at, old) = (place.0 as usize, self.width(place));
        let new = varint::width(record.len()) + record.len();
        self.make_room(new.saturating_sub(old));
        let mut written = Vec::with_capacity(new);
        varint::push(&mut written, record.len());
        written.extend_from_slice(record);
        self.bytes.splice(at..at + old, written);
        self.give_back();
    }

    pub(super) fn remove(&mut self, place: Place) {
        let at = place.0 as usize;
        self.bytes.drain(at..at + self.width(place));
        self.len -= 1;
        self.give_back();
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Bytes of a record with its length before it.
    fn width(&self, place: Place) -> usize {
        let from = &self.bytes[place.0 as usize..];
        let (len, after) = varint::split(from);
        from.len() - after.len() + len
    }

    /// Room for so many more bytes; a little more than needed, so that growing moves the bytes now and then only.
    fn make_room(&mut self, more: usize) {
        let needed = self.bytes.len() + more;
        if needed > self.bytes.capacity() {
            self.bytes.reserve_exact(more + needed / 8);
        }
    }

    fn give_back(&mut self) {
        if self.bytes.capacity() > 2 * self.bytes.len() + SPARE_BYTES_MAX {
            self.bytes.shrink_to_fit();
        }
    }
}

fn place(at: usize) -> Place {
    Place(u32::try_from(at).expect("packed records are few and short by the limits of their owner"))
}
