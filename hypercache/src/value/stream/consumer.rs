//! Consumers of a group. Each has a number, by which what is pending refers to it.

use std::collections::BTreeSet;

use crate::value::stream::id::Id;

/// Bytes of an ID in a set, whose nodes are about half full.
pub(super) const PENDING_ID_BYTES: usize = 2 * size_of::<Id>();

/// The number of a consumer; another one gets it when it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsumerNumber(u32);

/// A consumer.
#[derive(Debug, Clone)]
pub struct Consumer {
    name: Box<[u8]>,
    /// When it last tried something, in milliseconds since the Unix epoch.
    pub seen: u64,
    /// When it last got or claimed something, likewise; none where it never did.
    pub active: Option<u64>,
    pub(super) pending: BTreeSet<Id>,
}

impl Consumer {
    /// Its name.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The IDs of the entries that it got and has not acknowledged.
    pub fn pending(&self) -> &BTreeSet<Id> {
        &self.pending
    }
}

/// Equal apart from when they were last seen, which reading commands change too.
impl PartialEq for Consumer {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.active == other.active && self.pending == other.pending
    }
}

/// The consumers of a group.
#[derive(Debug, Clone, Default)]
pub(super) struct Consumers {
    by_number: Vec<Option<Consumer>>,
    /// In the order of their names.
    by_name: Vec<ConsumerNumber>,
    name_bytes: usize,
}

impl Consumers {
    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// In the order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Consumer> {
        self.by_name.iter().map(|number| self.get(*number))
    }

    /// Bytes on the heap without those of what is pending; constant time.
    pub(super) fn heap_bytes(&self) -> usize {
        self.by_number.capacity() * size_of::<Option<Consumer>>()
            + self.by_name.capacity() * size_of::<ConsumerNumber>()
            + self.name_bytes
    }

    pub(super) fn get(&self, number: ConsumerNumber) -> &Consumer {
        self.by_number[number.0 as usize].as_ref().expect("a number that is in use has a consumer")
    }

    pub(super) fn get_mut(&mut self, number: ConsumerNumber) -> &mut Consumer {
        self.by_number[number.0 as usize].as_mut().expect("a number that is in use has a consumer")
    }

    pub(super) fn find(&self, name: &[u8]) -> Option<ConsumerNumber> {
        self.place(name).ok().map(|at| self.by_name[at])
    }

    /// Adds a consumer; its number. None where there is one of this name.
    pub(super) fn create(&mut self, name: &[u8], now: u64) -> Option<ConsumerNumber> {
        let at = self.place(name).err()?;
        let free = if self.by_name.len() == self.by_number.len() {
            None
        } else {
            self.by_number.iter().position(Option::is_none)
        };
        let place = free.unwrap_or_else(|| {
            self.by_number.push(None);
            self.by_number.len() - 1
        });
        let number =
            ConsumerNumber(u32::try_from(place).expect("each consumer takes more than a byte of memory"));
        self.by_number[place] =
            Some(Consumer { name: name.into(), seen: now, active: None, pending: BTreeSet::new() });
        self.by_name.insert(at, number);
        self.name_bytes += name.len();
        Some(number)
    }

    /// Takes a consumer out.
    pub(super) fn remove(&mut self, name: &[u8]) -> Option<Consumer> {
        let at = self.place(name).ok()?;
        let number = self.by_name.remove(at);
        self.name_bytes -= name.len();
        let removed = self.by_number[number.0 as usize].take();
        if self.by_name.is_empty() {
            (self.by_number, self.by_name) = (Vec::new(), Vec::new());
        }
        removed
    }

    /// Where a name stands, or would stand.
    fn place(&self, name: &[u8]) -> Result<usize, usize> {
        self.by_name.binary_search_by(|number| self.get(*number).name().cmp(name))
    }
}
