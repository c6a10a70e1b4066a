//! A block of a stream: some entries one after the other, written as Redis writes a listpack of a stream, so that blocks
//! begin and end where Redis's do. What is trimmed in whole blocks depends on that.
//!
//! First stand the names of the first entry's fields. Each entry has a mark, the distance of its ID from the block's
//! first one, its fields (the values alone where the names are those of the first entry), and how many elements it has,
//! for reading backwards.

use crate::value::list::entry;
use crate::value::list::entry::Element;
use crate::value::stream::id::Id;

/// Bytes of a listpack around its elements.
const FRAME_BYTES: usize = 7;
/// The mark of an entry that is deleted.
const DELETED: u8 = 1;
/// The mark of an entry whose field names are those of the block's first.
const SAME_NAMES: u8 = 2;
/// Elements before the fields: mark and both parts of the ID.
const HEAD_ELEMENTS: usize = 3;

/// The block.
#[derive(Debug, Clone)]
pub struct Block {
    /// The names, how many and which, and an end mark; then the entries.
    bytes: Vec<u8>,
    /// Where the entries begin.
    start: usize,
    names: usize,
    first: Id,
    last: Id,
    live: usize,
    deleted: usize,
}

/// An entry.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Its ID.
    pub id: Id,
    /// Its fields with their values.
    pub fields: Fields<'a>,
}

impl PartialEq for Entry<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.fields.clone().eq(other.fields.clone())
    }
}

/// The fields of an entry: names with values.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    /// Where they are told apart from the values.
    names: Option<&'a [u8]>,
    rest: &'a [u8],
    left: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Element<'a>, Element<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let name = take(self.names.as_mut().unwrap_or(&mut self.rest));
        Some((name, take(&mut self.rest)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Fields<'_> {}

/// Takes the first element off.
fn take<'a>(rest: &mut &'a [u8]) -> Element<'a> {
    let (element, width) = entry::first(rest);
    *rest = &rest[width..];
    element
}

/// Takes the first element, which is one of the block's own numbers, off.
fn take_number(rest: &mut &[u8]) -> i64 {
    match take(rest) {
        Element::Int(number) => number,
        Element::Bytes(_) => unreachable!("where a number stands nothing else is written"),
    }
}

fn take_count(rest: &mut &[u8]) -> usize {
    usize::try_from(take_number(rest)).expect("how many there are is not negative")
}

fn push(bytes: &mut Vec<u8>, element: Element<'_>) {
    bytes.extend_from_slice(&element.written());
}

fn push_count(bytes: &mut Vec<u8>, count: usize) {
    push(bytes, count_element(count));
}

fn count_element(count: usize) -> Element<'static> {
    Element::Int(i64::try_from(count).expect("less than memory has bytes"))
}

/// Takes the first element off, whatever the bytes are.
fn checked<'a>(rest: &mut &'a [u8]) -> Option<Element<'a>> {
    let (element, width) = entry::checked_first(rest)?;
    *rest = &rest[width..];
    Some(element)
}

fn checked_number(rest: &mut &[u8]) -> Option<i64> {
    match checked(rest)? {
        Element::Int(number) => Some(number),
        Element::Bytes(_) => None,
    }
}

fn checked_count(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(checked_number(rest)?).ok()
}

/// Takes an entry off, whatever the bytes are; its mark and its ID.
fn checked_entry(rest: &mut &[u8], first: Id, names: usize) -> Option<(u8, Id)> {
    // A mark is changed in place later, so it has to lie there as it is written here.
    let mark = *rest.first().filter(|mark| **mark <= DELETED | SAME_NAMES)?;
    checked(rest)?;
    let ms = first.ms.wrapping_add_signed(checked_number(rest)?);
    let seq = first.seq.wrapping_add_signed(checked_number(rest)?);
    let fields = if mark & SAME_NAMES != 0 { names } else { checked_count(rest)?.checked_mul(2)? };
    for _ in 0..fields {
        checked(rest)?;
    }
    let elements = HEAD_ELEMENTS + fields + usize::from(mark & SAME_NAMES == 0);
    (checked_count(rest)? == elements).then_some((mark, Id { ms, seq }))
}

impl Block {
    /// A block without entries, for one with this ID and these fields.
    pub(super) fn new<'f>(first: Id, fields: impl Iterator<Item = (&'f [u8], &'f [u8])> + Clone) -> Self {
        let (mut bytes, names) = (Vec::new(), fields.clone().count());
        push_count(&mut bytes, names);
        fields.for_each(|(name, _)| push(&mut bytes, Element::new(name)));
        push_count(&mut bytes, 0);
        Self { start: bytes.len(), bytes, names, first, last: first, live: 0, deleted: 0 }
    }

    /// A block of entries that come from anybody: `bytes` are the elements of a stream's listpack that follow its two
    /// counts, those of live and of deleted entries. None where anything in it is not as it is written here, IDs do not
    /// ascend, or no entry is live.
    pub(super) fn restore(first: Id, live: usize, deleted: usize, bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let names = checked_count(&mut rest)?;
        for _ in 0..names {
            checked(&mut rest)?;
        }
        if checked_count(&mut rest)? != 0 {
            return None;
        }
        let start = bytes.len() - rest.len();
        let (mut last, mut found) = (None, [0, 0]);
        while !rest.is_empty() {
            let (mark, id) = checked_entry(&mut rest, first, names)?;
            if id < first || last.is_some_and(|last| id <= last) {
                return None;
            }
            last = Some(id);
            found[usize::from(mark & DELETED)] += 1;
        }
        let fits = found == [live, deleted] && live > 0;
        fits.then_some(Self { bytes: bytes.to_vec(), start, names, first, last: last?, live, deleted })
    }

    /// The elements that `restore` takes, and how many they are.
    pub(super) fn written(&self) -> (&[u8], usize) {
        let (mut rest, mut count) = (self.bytes.as_slice(), 0);
        while !rest.is_empty() {
            take(&mut rest);
            count += 1;
        }
        (&self.bytes, count)
    }

    /// Entries that are deleted.
    pub(super) fn deleted(&self) -> usize {
        self.deleted
    }

    /// The least ID that it may have.
    pub(super) fn first(&self) -> Id {
        self.first
    }

    /// The ID of its last entry, be it deleted or not.
    pub(super) fn last(&self) -> Id {
        self.last
    }

    /// Entries that are not deleted.
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// Entries, deleted ones among them.
    pub(super) fn entries(&self) -> usize {
        self.live + self.deleted
    }

    /// Bytes that Redis's listpack of the same entries has.
    pub(super) fn listpack_bytes(&self) -> usize {
        let counts = [self.live, self.deleted].map(|count| count_element(count).written().len());
        FRAME_BYTES + counts[0] + counts[1] + self.bytes.len()
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Adds an entry, whose ID is greater than all here.
    pub(super) fn append<'f>(&mut self, id: Id, fields: impl Iterator<Item = (&'f [u8], &'f [u8])> + Clone) {
        let same = self.names_are(fields.clone().map(|(name, _)| name));
        let mark = if same { SAME_NAMES } else { 0 };
        let mut written = Vec::new();
        push(&mut written, Element::Int(mark.into()));
        push(&mut written, Element::Int(id.ms.wrapping_sub(self.first.ms).cast_signed()));
        push(&mut written, Element::Int(id.seq.wrapping_sub(self.first.seq).cast_signed()));
        let count = fields.clone().count();
        if !same {
            push_count(&mut written, count);
        }
        for (name, value) in fields {
            if !same {
                push(&mut written, Element::new(name));
            }
            push(&mut written, Element::new(value));
        }
        push_count(&mut written, HEAD_ELEMENTS + if same { count } else { 2 * count + 1 });
        if self.bytes.capacity() - self.bytes.len() < written.len() {
            self.bytes.reserve_exact(written.len() + self.bytes.len() / 4);
        }
        self.bytes.extend_from_slice(&written);
        self.last = id;
        self.live += 1;
    }

    /// Marks an entry as deleted; whether it was there.
    pub(super) fn remove(&mut self, id: Id) -> bool {
        let mut raw = self.raw();
        let found = raw.by_ref().take_while(|entry| entry.id <= id).find(|entry| entry.id == id);
        let Some(entry) = found.filter(|entry| !entry.deleted) else { return false };
        let at = self.start + entry.at;
        self.mark_deleted(at);
        true
    }

    /// Marks entries as deleted from the first on, as long as `wanted` says so of the next one's ID; how many.
    pub(super) fn remove_while(&mut self, mut wanted: impl FnMut(Id) -> bool) -> usize {
        let entries = self.raw().filter(|entry| !entry.deleted);
        let chosen = entries.take_while(|entry| wanted(entry.id)).map(|entry| self.start + entry.at);
        let chosen: Vec<usize> = chosen.collect();
        chosen.iter().for_each(|at| self.mark_deleted(*at));
        chosen.len()
    }

    /// Deletes those at the front, so many.
    pub(super) fn remove_first(&mut self, count: usize) -> usize {
        let mut left = count;
        self.remove_while(|_| {
            let wanted = left > 0;
            left = left.saturating_sub(1);
            wanted
        })
    }

    /// A number below 128 is its own element: the mark changes in place.
    fn mark_deleted(&mut self, at: usize) {
        self.bytes[at] |= DELETED;
        self.live -= 1;
        self.deleted += 1;
    }

    /// Gives back the room of deleted entries where they are more than the others; for a block that nothing is added to.
    pub(super) fn compact(&mut self) {
        if self.deleted <= self.live {
            return;
        }
        let mut bytes = Vec::with_capacity(self.bytes.len());
        bytes.extend_from_slice(&self.bytes[..self.start]);
        for entry in self.raw().filter(|entry| !entry.deleted) {
            let at = self.start + entry.at;
            bytes.extend_from_slice(&self.bytes[at..at + entry.width]);
        }
        bytes.shrink_to_fit();
        self.bytes = bytes;
        self.deleted = 0;
    }

    /// Gives back the room for more entries.
    pub(super) fn close(&mut self) {
        self.compact();
        self.bytes.shrink_to_fit();
    }

    /// Entries that are not deleted, from either end.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        self.raw()
            .filter(|entry| !entry.deleted)
            .map(|entry| Entry { id: entry.id, fields: self.fields(entry.body, entry.same_names) })
    }

    fn fields<'a>(&'a self, mut body: &'a [u8], same_names: bool) -> Fields<'a> {
        if same_names {
            let mut names = self.bytes.as_slice();
            take_count(&mut names);
            return Fields { names: Some(names), rest: body, left: self.names };
        }
        let left = take_count(&mut body);
        Fields { names: None, rest: body, left }
    }

    fn names_are<'f>(&self, mut names: impl Iterator<Item = &'f [u8]>) -> bool {
        let mut rest = self.bytes.as_slice();
        let count = take_count(&mut rest);
        (0..count).all(|_| names.next().map(Element::new) == Some(take(&mut rest))) && names.next().is_none()
    }

    fn raw(&self) -> RawEntries<'_> {
        RawEntries { rest: &self.bytes[self.start..], at: 0, first: self.first, names: self.names }
    }
}

/// An entry as it lies there.
struct Raw<'a> {
    /// Its distance from the first one, in bytes.
    at: usize,
    width: usize,
    id: Id,
    deleted: bool,
    same_names: bool,
    /// What follows the ID.
    body: &'a [u8],
}

/// All entries, deleted ones too, from either end.
struct RawEntries<'a> {
    rest: &'a [u8],
    /// Bytes before the rest.
    at: usize,
    first: Id,
    names: usize,
}

impl<'a> RawEntries<'a> {
    /// The entry that the rest begins with at `start`.
    fn read(&self, start: usize) -> Raw<'a> {
        let from = &self.rest[start..];
        let mut rest = from;
        let mark = take_number(&mut rest);
        let has = |bit: u8| mark & i64::from(bit) != 0;
        let ms = self.first.ms.wrapping_add_signed(take_number(&mut rest));
        let seq = self.first.seq.wrapping_add_signed(take_number(&mut rest));
        let body = rest;
        let elements = if has(SAME_NAMES) { self.names } else { 2 * take_count(&mut rest) };
        for _ in 0..=elements {
            take(&mut rest);
        }
        Raw {
            at: self.at + start,
            width: from.len() - rest.len(),
            id: Id { ms, seq },
            deleted: has(DELETED),
            same_names: has(SAME_NAMES),
            body,
        }
    }
}

impl<'a> Iterator for RawEntries<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Raw<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.read(0);
        self.rest = &self.rest[entry.width..];
        self.at += entry.width;
        Some(entry)
    }
}

impl DoubleEndedIterator for RawEntries<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (count, width) = entry::last(self.rest);
        let Element::Int(count) = count else {
            unreachable!("an entry ends with how many elements it has");
        };
        let mut start = self.rest.len() - width;
        for _ in 0..count {
            start -= entry::last(&self.rest[..start]).1;
        }
        let entry = self.read(start);
        self.rest = &self.rest[..start];
        Some(entry)
    }
}
