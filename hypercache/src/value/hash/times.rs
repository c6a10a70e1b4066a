//! When the fields of one hash expire.

use std::collections::BTreeSet;

/// Bytes that one element of the ordered deadlines takes, its share of the tree's nodes counted.
const ORDERED_BYTES: usize = 24;

/// The deadlines, of which there is at least one. In order with their slots where the fields lie in a table; where they lie
/// packed, few as they are, only the first and the last are known.
#[derive(Debug, Clone, Default)]
pub struct Times {
    count: usize,
    earliest: u64,
    latest: u64,
    ordered: BTreeSet<(u64, u32)>,
}

impl Times {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn earliest(&self) -> u64 {
        self.earliest
    }

    pub(super) fn latest(&self) -> u64 {
        self.latest
    }

    /// The slot with the earliest deadline, where slots are known.
    pub(super) fn first(&self) -> Option<u32> {
        self.ordered.first().map(|(_, slot)| *slot)
    }

    pub(super) fn insert(&mut self, deadline: Option<u64>, slot: u32) {
        self.ordered.extend(deadline.map(|deadline| (deadline, slot)));
    }

    pub(super) fn remove(&mut self, deadline: Option<u64>, slot: u32) {
        if let Some(deadline) = deadline {
            self.ordered.remove(&(deadline, slot));
        }
    }

    /// Takes count, first and last from the ordered deadlines.
    pub(super) fn settle(&mut self) {
        let [first, last] =
            [self.ordered.first(), self.ordered.last()].map(|end| end.map_or(0, |(deadline, _)| *deadline));
        (self.count, self.earliest, self.latest) = (self.ordered.len(), first, last);
    }

    /// Takes count, first and last from these deadlines.
    pub(super) fn count_anew(&mut self, deadlines: impl Iterator<Item = u64>) {
        *self = Self::default();
        self.earliest = u64::MAX;
        for deadline in deadlines {
            self.count += 1;
            self.earliest = self.earliest.min(deadline);
            self.latest = self.latest.max(deadline);
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.ordered.len() * ORDERED_BYTES
    }
}
