//! Which keys expire when: exact, so that no key is looked at before its time.
//!
//! Each segment of a table has the deadlines of its entries in order, each with so many bits of the hash that the entry is
//! found by them: eight bytes for a key. A tournament over the segments tells the earliest of all.

mod earliest;
mod fields;

pub use earliest::Earliest;
pub use fields::FieldDeadlines;

use crate::keyspace::entry::UnixMillis;
use crate::value::size_class::size_class;

/// Bits of the hash beside a deadline: the lowest, by which entries within a segment are found.
const MARK_BITS: u32 = 20;
/// Later deadlines, beyond the year 2500, count as this one.
const DEADLINE_MAX: UnixMillis = (u64::MAX >> MARK_BITS) - 1;

/// A deadline with the mark of its key's hash, in the order of deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due(u64);

impl Due {
    /// Later than all deadlines.
    const NEVER: Self = Self(u64::MAX);

    /// A deadline of a key with this hash.
    pub fn new(deadline: UnixMillis, hash: u64) -> Self {
        Self(deadline.min(DEADLINE_MAX) << MARK_BITS | hash & ((1 << MARK_BITS) - 1))
    }

    /// The deadline, or the latest that can be told here.
    pub fn deadline(self) -> UnixMillis {
        self.0 >> MARK_BITS
    }

    /// Whether it is of this deadline, whatever the hash.
    pub fn is(self, deadline: UnixMillis) -> bool {
        deadline.min(DEADLINE_MAX) == self.deadline()
    }

    /// The lowest bits of the key's hash, above them others.
    pub fn hash(self) -> u64 {
        self.0
    }
}

/// Deadlines in order; two that are equal are both kept.
#[derive(Debug, Default)]
pub struct Timed {
    ordered: Vec<Due>,
}

impl Timed {
    /// Notes a deadline.
    pub fn insert(&mut self, due: Due) {
        // Deadlines mostly come in order: the same time to live from ever later moments.
        let at = match self.ordered.last() {
            Some(last) if *last > due => self.ordered.partition_point(|other| *other <= due),
            _ => self.ordered.len(),
        };
        self.make_room();
        self.ordered.insert(at, due);
    }

    /// Forgets a deadline that was noted.
    pub fn remove(&mut self, due: Due) {
        if let Ok(at) = self.ordered.binary_search(&due) {
            self.ordered.remove(at);
        }
        if self.ordered.capacity() > 2 * self.ordered.len() + 8 {
            self.ordered.shrink_to_fit();
        }
    }

    /// The earliest.
    pub fn first(&self) -> Option<Due> {
        self.ordered.first().copied()
    }

    /// Adds a deadline, if it is one, before all are put in order by `sorted`.
    pub fn add(&mut self, due: Option<Due>) {
        if let Some(due) = due {
            self.make_room();
            self.ordered.push(due);
        }
    }

    /// In order again.
    pub fn sorted(mut self) -> Self {
        self.ordered.sort_unstable();
        self
    }

    /// Adds all of another.
    pub fn append(&mut self, other: Self) {
        self.ordered.extend(other.ordered);
        self.ordered.sort_unstable();
    }

    /// Bytes that the allocator takes for them.
    pub fn bytes(&self) -> usize {
        size_class(self.ordered.capacity() * size_of::<Due>())
    }

    /// Room for one more: to the end of a size class, of which each is a quarter larger than the one before at the most.
    fn make_room(&mut self) {
        let len = self.ordered.len();
        if len == self.ordered.capacity() {
            let room = size_class((len + 1) * size_of::<Due>()) / size_of::<Due>();
            self.ordered.reserve_exact(room.max(len + 1) - len);
        }
    }
}

#[cfg(test)]
mod tests;
