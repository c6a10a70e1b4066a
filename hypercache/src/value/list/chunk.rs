//! A piece of a list: entries one after the other, with room at either end for some more.

use crate::value::list::entry;
use crate::value::list::entry::Element;

/// Bytes of a listpack around its entries.
const FRAME_BYTES: usize = 7;
/// Spare bytes beyond twice what is in use from which memory is given back.
const SPARE_BYTES_MAX: usize = 64;

/// The piece.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Room at the front, then the entries.
    bytes: Vec<u8>,
    /// Where the entries begin.
    start: usize,
    len: u32,
}

/// A copy has no room to spare.
impl Clone for Chunk {
    fn clone(&self) -> Self {
        Self { bytes: self.entries().to_vec(), start: 0, len: self.len }
    }
}

impl Chunk {
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// Bytes that a listpack of the same entries has.
    pub(super) fn listpack_bytes(&self) -> usize {
        self.entries().len() + FRAME_BYTES
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    fn entries(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(super) fn iter(&self) -> Elements<'_> {
        Elements { rest: self.entries() }
    }

    /// The elements from a number on.
    pub(super) fn iter_from(&self, number: usize) -> Elements<'_> {
        Elements { rest: &self.bytes[self.offset(number)..] }
    }

    pub(super) fn push_back(&mut self, entry: &[u8]) {
        self.make_room(entry.len());
        self.bytes.extend_from_slice(entry);
        self.len += 1;
    }

    pub(super) fn push_front(&mut self, entry: &[u8]) {
        if self.start < entry.len() {
            let (used, room) = (self.entries().len(), entry.len() + self.entries().len() / 8);
            let mut bytes = Vec::with_capacity(room + used);
            bytes.resize(room, 0);
            bytes.extend_from_slice(self.entries());
            (self.bytes, self.start) = (bytes, room);
        }
        let end = self.start;
        self.start -= entry.len();
        self.bytes[self.start..end].copy_from_slice(entry);
        self.len += 1;
    }

    pub(super) fn pop_front(&mut self) {
        self.start += entry::first(self.entries()).1;
        self.len -= 1;
        self.give_back();
    }

    pub(super) fn pop_back(&mut self) {
        self.bytes.truncate(self.bytes.len() - entry::last(self.entries()).1);
        self.len -= 1;
        self.give_back();
    }

    /// Puts an entry before the one of this number, or at the end.
    pub(super) fn insert(&mut self, number: usize, entry: &[u8]) {
        self.make_room(entry.len());
        let at = self.offset(number);
        self.bytes.splice(at..at, entry.iter().copied());
        self.len += 1;
    }

    pub(super) fn replace(&mut self, number: usize, entry: &[u8]) {
        let old = entry::first(&self.bytes[self.offset(number)..]).1;
        self.make_room(entry.len().saturating_sub(old));
        let at = self.offset(number);
        self.bytes.splice(at..at + old, entry.iter().copied());
        self.give_back();
    }

    /// Removes the first `count` elements.
    pub(super) fn cut_front(&mut self, count: usize) {
        self.start = self.offset(count);
        self.len -= count as u32;
        self.give_back();
    }

    /// Removes the last `count` elements.
    pub(super) fn cut_back(&mut self, count: usize) {
        let end = self.offset(self.len() - count);
        self.bytes.truncate(end);
        self.len -= count as u32;
        self.give_back();
    }

    /// Removes up to `limit` elements that are equal to `wanted`, the first or the last ones; how many.
    pub(super) fn remove_equal(&mut self, wanted: Element<'_>, limit: usize, from_back: bool) -> usize {
        let mut numbers: Vec<usize> = if from_back {
            let equal = self.iter().rev().enumerate().filter(|(_, element)| *element == wanted);
            equal.take(limit).map(|(back, _)| self.len() - 1 - back).collect()
        } else {
            let equal = self.iter().enumerate().filter(|(_, element)| *element == wanted);
            equal.take(limit).map(|(number, _)| number).collect()
        };
        if numbers.is_empty() {
            return 0;
        }
        numbers.sort_unstable();
        let removed = numbers.len();
        let (mut kept, mut gone) = (Vec::with_capacity(self.entries().len()), numbers.into_iter().peekable());
        let mut rest = self.entries();
        for number in 0..self.len() {
            let (entry, after) = rest.split_at(entry::first(rest).1);
            if gone.next_if_eq(&number).is_none() {
                kept.extend_from_slice(entry);
            }
            rest = after;
        }
        (self.bytes, self.start) = (kept, 0);
        self.len -= removed as u32;
        self.give_back();
        removed
    }

    /// Takes the upper half of its bytes out; each half has an element where there are two.
    pub(super) fn split(&mut self) -> Self {
        let (half, mut at, mut number) = (self.entries().len() / 2, 0, 0);
        while number == 0 || (at < half && number + 1 < self.len()) {
            at += entry::first(&self.entries()[at..]).1;
            number += 1;
        }
        let upper = Self { bytes: self.entries()[at..].to_vec(), start: 0, len: self.len - number as u32 };
        self.bytes.truncate(self.start + at);
        self.len = number as u32;
        self.give_back();
        upper
    }

    /// Adds the elements of another piece.
    pub(super) fn append(&mut self, other: &Self) {
        self.make_room(other.entries().len());
        self.bytes.extend_from_slice(other.entries());
        self.len += other.len;
    }

    /// Where the entry of this number begins; the end for the number after the last.
    fn offset(&self, number: usize) -> usize {
        if number <= self.len() / 2 {
            return (0..number).fold(self.start, |at, _| at + entry::first(&self.bytes[at..]).1);
        }
        (number..self.len())
            .fold(self.bytes.len(), |end, _| end - entry::last(&self.bytes[self.start..end]).1)
    }

    /// Room for so many more bytes at the end; a little more than needed, so that growing moves them now and then only.
    fn make_room(&mut self, more: usize) {
        let used = self.entries().len();
        if self.bytes.capacity() - self.bytes.len() >= more {
            return;
        }
        if self.start > used / 8 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        if self.bytes.capacity() - self.bytes.len() < more {
            self.bytes.reserve_exact(more + used / 8);
        }
    }

    fn give_back(&mut self) {
        let used = self.entries().len();
        if self.bytes.capacity() > 2 * used + SPARE_BYTES_MAX {
            self.bytes.drain(..self.start);
            self.start = 0;
            self.bytes.shrink_to_fit();
        }
    }
}

/// The elements of a piece, from either end.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (element, width) = entry::first(self.rest);
        self.rest = &self.rest[width..];
        Some(element)
    }
}

impl DoubleEndedIterator for Elements<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (element, width) = entry::last(self.rest);
        self.rest = &self.rest[..self.rest.len() - width];
        Some(element)
    }
}
