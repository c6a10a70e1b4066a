//! Lists: pieces of bounded size, each of entries one after the other.
//!
//! Constant time at both ends; finding an element by its number takes as many steps as there are pieces before it, and
//! within a piece as there are entries before it, counted from the nearer end.

mod chunk;
pub mod entry;

use std::collections::VecDeque;

use crate::value::limits::Limits;
use crate::value::list::chunk::Chunk;
use crate::value::list::entry::Element;

/// An end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The head.
    Left,
    /// The tail.
    Right,
}

/// A list.
#[derive(Debug)]
pub struct List {
    chunks: VecDeque<Chunk>,
    len: usize,
    /// Whether Redis would keep it in several pieces; the name of the encoding follows from it.
    quick: bool,
    /// Bytes that the pieces have asked for.
    chunk_bytes: usize,
}

impl Default for List {
    fn default() -> Self {
        Self::new()
    }
}

impl List {
    /// An empty list.
    pub fn new() -> Self {
        Self { chunks: VecDeque::new(), len: 0, quick: false, chunk_bytes: 0 }
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Redis's name for how such a list is kept.
    pub fn encoding(&self) -> &'static str {
        if self.quick { "quicklist" } else { "listpack" }
    }

    /// Bytes on the heap; constant time.
    pub fn heap_bytes(&self) -> usize {
        self.chunk_bytes + self.chunks.capacity() * size_of::<Chunk>()
    }

    /// Prepares for elements that are to be added, as Redis does: a list that may become large is a large one from there on.
    pub fn expect<'a>(&mut self, elements: impl Iterator<Item = &'a [u8]>, limits: &Limits) {
        if !self.quick {
            let bytes = self.chunks.front().map_or(Chunk::default().listpack_bytes(), Chunk::listpack_bytes);
            let (bytes, len) =
                elements.fold((bytes, self.len), |(bytes, len), element| (bytes + element.len(), len + 1));
            self.quick = exceeds(limits.list_listpack_size, bytes, len);
        }
    }

    /// Notes that elements have been removed or replaced: a list that has become small is a small one again.
    pub fn settle(&mut self, limits: &Limits) {
        let [only] = self.chunks.make_contiguous() else { return };
        let size = limits.list_listpack_size;
        let small = match usize::try_from(size) {
            Ok(entries) => only.len() <= entries / 2,
            Err(_) => only.listpack_bytes() <= bytes_max(size) / 2,
        };
        self.quick &= !small;
    }

    /// Adds an element at an end.
    pub fn push(&mut self, end: End, element: &[u8], limits: &Limits) {
        let entry = Element::new(element).written();
        let outer = match end {
            End::Left => self.chunks.front(),
            End::Right => self.chunks.back(),
        };
        let full = outer.is_none_or(|chunk| {
            exceeds(limits.list_listpack_size, chunk.listpack_bytes() + entry.len(), chunk.len() + 1)
        });
        if full {
            self.quick |= !self.chunks.is_empty();
            self.make_room();
            match end {
                End::Left => self.chunks.push_front(Chunk::default()),
                End::Right => self.chunks.push_back(Chunk::default()),
            }
        }
        match end {
            End::Left => self.change(0, |chunk| chunk.push_front(&entry)),
            End::Right => self.change(self.chunks.len() - 1, |chunk| chunk.push_back(&entry)),
        }
        self.len += 1;
    }

    /// The element at an end.
    pub fn peek(&self, end: End) -> Option<Element<'_>> {
        match end {
            End::Left => self.chunks.front()?.iter().next(),
            End::Right => self.chunks.back()?.iter().next_back(),
        }
    }

    /// Removes the element at an end; whether there was one.
    pub fn pop(&mut self, end: End) -> bool {
        if self.is_empty() {
            return false;
        }
        self.len -= 1;
        let at = match end {
            End::Left => 0,
            End::Right => self.chunks.len() - 1,
        };
        self.change(at, |chunk| match end {
            End::Left => chunk.pop_front(),
            End::Right => chunk.pop_back(),
        });
        if self.chunks[at].len() == 0 {
            self.remove_chunk(at);
        }
        true
    }

    /// The element of a number.
    pub fn get(&self, number: usize) -> Option<Element<'_>> {
        let (at, within) = self.locate(number)?;
        self.chunks[at].iter_from(within).next()
    }

    /// Puts an element in place of that of a number, which is below `len`.
    pub fn set(&mut self, number: usize, element: &[u8], limits: &Limits) {
        let (at, within) = self.locate(number).expect("the number is below how many there are");
        let entry = Element::new(element).written();
        self.change(at, |chunk| chunk.replace(within, &entry));
        self.divide(at, limits);
    }

    /// Puts an element before that of a number, which is below `len`.
    pub fn insert(&mut self, number: usize, element: &[u8], limits: &Limits) {
        let (at, within) = self.locate(number).expect("the number is below how many there are");
        let entry = Element::new(element).written();
        self.change(at, |chunk| chunk.insert(within, &entry));
        self.len += 1;
        self.divide(at, limits);
    }

    /// Removes so many elements, or all, from an end.
    pub fn cut(&mut self, end: End, count: usize) {
        let mut left = count.min(self.len);
        self.len -= left;
        while left > 0 {
            let at = match end {
                End::Left => 0,
                End::Right => self.chunks.len() - 1,
            };
            let here = self.chunks[at].len();
            if here <= left {
                self.remove_chunk(at);
                left -= here;
                continue;
            }
            self.change(at, |chunk| match end {
                End::Left => chunk.cut_front(left),
                End::Right => chunk.cut_back(left),
            });
            left = 0;
        }
    }

    /// Removes up to `limit` elements that are equal to these bytes, those nearest to an end; how many.
    pub fn remove_equal(&mut self, bytes: &[u8], limit: usize, end: End, limits: &Limits) -> usize {
        let (wanted, mut removed) = (Element::new(bytes), 0);
        let chunks = self.chunks.len();
        for step in 0..chunks {
            let at = if end == End::Left { step } else { chunks - 1 - step };
            removed +=
                self.change(at, |chunk| chunk.remove_equal(wanted, limit - removed, end == End::Right));
            if removed == limit {
                break;
            }
        }
        if removed > 0 {
            self.len -= removed;
            self.join(limits);
        }
        removed
    }

    /// All elements, from either end.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Element<'_>> {
        self.chunks.iter().flat_map(Chunk::iter)
    }

    /// The elements piece by piece, each with the bytes of a listpack of its entries.
    pub fn pieces(&self) -> impl ExactSizeIterator<Item = (usize, impl Iterator<Item = Element<'_>>)> {
        self.chunks.iter().map(|chunk| (chunk.listpack_bytes(), chunk.iter()))
    }

    /// Notes that Redis would keep it in several pieces.
    pub fn make_quick(&mut self) {
        self.quick = true;
    }

    /// The elements from a number on.
    pub fn iter_from(&self, number: usize) -> impl Iterator<Item = Element<'_>> {
        let (at, within) = self.locate(number).unwrap_or((self.chunks.len(), 0));
        let first = self.chunks.get(at).map(|chunk| chunk.iter_from(within));
        let others = self.chunks.range((at + 1).min(self.chunks.len())..);
        first.into_iter().flatten().chain(others.flat_map(Chunk::iter))
    }

    /// The piece of the element of a number, and its number within.
    fn locate(&self, number: usize) -> Option<(usize, usize)> {
        if number >= self.len {
            return None;
        }
        if number < self.len / 2 {
            let mut before = 0;
            let at = self.chunks.iter().position(|chunk| {
                before += chunk.len();
                before > number
            })?;
            return Some((at, number + self.chunks[at].len() - before));
        }
        let mut start = self.len;
        let at = self.chunks.iter().rposition(|chunk| {
            start -= chunk.len();
            start <= number
        })?;
        Some((at, number - start))
    }

    /// Divides a piece that has become too large.
    fn divide(&mut self, at: usize, limits: &Limits) {
        let size = limits.list_listpack_size;
        let (mut at, mut end) = (at, at + 1);
        while at < end {
            let chunk = &self.chunks[at];
            if chunk.len() == 1 || !exceeds(size, chunk.listpack_bytes(), chunk.len()) {
                at += 1;
                continue;
            }
            let upper = self.change(at, Chunk::split);
            self.chunk_bytes += upper.heap_bytes();
            self.make_room();
            self.chunks.insert(at + 1, upper);
            end += 1;
            self.quick = true;
        }
    }

    /// Drops empty pieces, and joins neighbours that fill half a piece together.
    fn join(&mut self, limits: &Limits) {
        let size = limits.list_listpack_size;
        let mut joined: VecDeque<Chunk> = VecDeque::with_capacity(self.chunks.len());
        for chunk in std::mem::take(&mut self.chunks) {
            match joined.back_mut() {
                _ if chunk.len() == 0 => {}
                Some(last)
                    if !exceeds(
                        size,
                        2 * (last.listpack_bytes() + chunk.listpack_bytes()),
                        2 * (last.len() + chunk.len()),
                    ) =>
                {
                    last.append(&chunk);
                }
                _ => joined.push_back(chunk),
            }
        }
        joined.shrink_to_fit();
        self.chunk_bytes = joined.iter().map(Chunk::heap_bytes).sum();
        self.chunks = joined;
    }

    fn change<R>(&mut self, at: usize, change: impl FnOnce(&mut Chunk) -> R) -> R {
        let chunk = &mut self.chunks[at];
        let before = chunk.heap_bytes();
        let result = change(chunk);
        self.chunk_bytes = self.chunk_bytes - before + chunk.heap_bytes();
        result
    }

    fn remove_chunk(&mut self, at: usize) {
        self.chunk_bytes -= self.chunks.remove(at).map_or(0, |chunk| chunk.heap_bytes());
        if self.chunks.capacity() > 4 * self.chunks.len() + 4 {
            self.chunks.shrink_to(2 * self.chunks.len());
        }
    }

    /// Room for one more piece; most lists have one only.
    fn make_room(&mut self) {
        if self.chunks.len() == self.chunks.capacity() {
            self.chunks.reserve_exact(self.chunks.len() / 2 + 1);
        }
    }

    #[cfg(test)]
    fn counted_heap_bytes(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(Chunk::heap_bytes).sum();
        chunks + self.chunks.capacity() * size_of::<Chunk>()
    }
}

impl Clone for List {
    fn clone(&self) -> Self {
        let chunks: VecDeque<Chunk> = self.chunks.iter().cloned().collect();
        let chunk_bytes = chunks.iter().map(Chunk::heap_bytes).sum();
        Self { chunks, len: self.len, quick: self.quick, chunk_bytes }
    }
}

/// Lists are equal that have the same elements in the same order.
impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

/// Most bytes of a piece, for sizes that are negative; for others, which count entries, Redis's bound for safety.
fn bytes_max(size: i32) -> usize {
    match size {
        -1 => 4 << 10,
        ..=-5 => 64 << 10,
        -4 => 32 << 10,
        -3 => 16 << 10,
        _ => 8 << 10,
    }
}

/// Whether a piece of so many bytes and entries is larger than `list-max-listpack-size` allows.
fn exceeds(size: i32, bytes: usize, len: usize) -> bool {
    bytes > bytes_max(size) || usize::try_from(size).is_ok_and(|entries| len > entries.max(1))
}

#[cfg(test)]
mod tests;
