//! The entries of one segment, found by a tag of their hash.

use crate::keyspace::entry::Entry;
use crate::value::size_class::size_class;

/// Tags that are compared before anybody looks which of them it was: so many fit into a few vector registers.
const RUN: usize = 32;

/// Entries one after the other in no order, and in the same order two bytes of each one's hash. Looking for one reads all
/// tags, which for the few entries of a segment takes as long as one look into a hash table, and there are no empty
/// slots: the table takes little more than ten bytes for a key however many there are.
#[derive(Debug, Default)]
pub(super) struct Slots {
    tags: Vec<u16>,
    entries: Vec<Entry>,
}

impl Slots {
    /// None, with room for so many.
    pub(super) fn with_room(entries: usize) -> Self {
        Self { tags: Vec::with_capacity(entries), entries: Vec::with_capacity(entries) }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The first entry with the tag of this hash that `wanted` takes.
    pub(super) fn find(&self, hash: u64, wanted: impl Fn(&Entry) -> bool) -> Option<&Entry> {
        self.position(hash, wanted).map(|at| &self.entries[at])
    }

    /// As `find`, to be changed.
    pub(super) fn find_mut(&mut self, hash: u64, wanted: impl Fn(&Entry) -> bool) -> Option<&mut Entry> {
        self.position(hash, wanted).map(|at| &mut self.entries[at])
    }

    pub(super) fn push(&mut self, hash: u64, entry: Entry) {
        make_room(&mut self.tags);
        make_room(&mut self.entries);
        self.tags.push(tag(hash));
        self.entries.push(entry);
    }

    /// Takes the first entry with the tag of this hash that `wanted` takes out.
    pub(super) fn remove(&mut self, hash: u64, wanted: impl Fn(&Entry) -> bool) -> Option<Entry> {
        let at = self.position(hash, wanted)?;
        self.tags.swap_remove(at);
        let entry = self.entries.swap_remove(at);
        if self.entries.capacity() > 2 * self.entries.len() + 8 {
            self.tags.shrink_to_fit();
            self.entries.shrink_to_fit();
        }
        Some(entry)
    }

    pub(super) fn append(&mut self, other: Self) {
        self.tags.extend(other.tags);
        self.entries.extend(other.entries);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(super) fn into_entries(self) -> impl Iterator<Item = Entry> {
        self.entries.into_iter()
    }

    /// The entry of a number below `len`.
    pub(super) fn nth(&self, number: usize) -> &Entry {
        &self.entries[number]
    }

    /// Bytes that the allocator takes for it, for the entries themselves not counted.
    pub(super) fn bytes(&self) -> usize {
        size_class(self.tags.capacity() * size_of::<u16>())
            + size_class(self.entries.capacity() * size_of::<Entry>())
    }

    fn position(&self, hash: u64, wanted: impl Fn(&Entry) -> bool) -> Option<usize> {
        let tag = tag(hash);
        for (run, tags) in self.tags.chunks(RUN).enumerate() {
            // Without a way out in the middle this is a handful of vector instructions.
            if !tags.iter().fold(false, |found, other| found | (*other == tag)) {
                continue;
            }
            for (at, other) in tags.iter().enumerate() {
                if *other == tag && wanted(&self.entries[run * RUN + at]) {
                    return Some(run * RUN + at);
                }
            }
        }
        None
    }
}

/// The lowest bits: entries of a segment agree in the leading ones.
fn tag(hash: u64) -> u16 {
    hash as u16
}

/// Room for one more: to the end of a size class, of which each is a quarter larger than the one before at the most.
fn make_room<T>(slots: &mut Vec<T>) {
    let len = slots.len();
    if len == slots.capacity() {
        let room = size_class((len + 2) * size_of::<T>()) / size_of::<T>();
        slots.reserve_exact(room - len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::string::StrRef;

    fn entry(number: u16) -> Entry {
        Entry::new(&number.to_be_bytes(), StrRef::Int(0).into(), None, 0)
    }

    #[test]
    fn entries_with_the_same_tag_are_told_apart_by_who_looks() {
        let mut slots = Slots::default();
        let is = |number: u16| move |entry: &Entry| entry.key() == number.to_be_bytes();
        for number in 0..100 {
            slots.push(u64::from(number % 10), entry(number));
        }
        for number in 0..100 {
            let hash = u64::from(number % 10);
            assert_eq!(slots.find(hash, is(number)).map(Entry::key), Some(&number.to_be_bytes()[..]));
            assert!(slots.find(hash + 1, is(number)).is_none());
        }
        let grown = slots.bytes();
        assert!(grown < 100 * 10 * 5 / 4, "{grown}");
        for number in (0..100).filter(|number| number % 20 != 0) {
            assert!(slots.remove(u64::from(number % 10), is(number)).is_some());
            assert!(slots.remove(u64::from(number % 10), is(number)).is_none());
        }
        assert_eq!((slots.len(), slots.iter().count()), (5, 5));
        assert!(slots.find_mut(0, is(40)).is_some() && slots.bytes() < grown / 4);
    }
}
