//! Hashes: fields with values, each with a deadline of its own where it was given one.

mod pair;
mod times;

pub use pair::Pair;

use crate::value::hash::pair::PairLayout;
use crate::value::hash::times::Times;
use crate::value::limits::Limits;
use crate::value::records::Place;
use crate::value::records::Position;
use crate::value::records::Records;

/// A hash.
#[derive(Debug, Clone)]
pub struct Hash {
    seed: u64,
    records: Records<PairLayout>,
    /// None where no field has a deadline.
    times: Option<Box<Times>>,
}

impl Hash {
    /// An empty hash; the hashes of its fields begin with `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, records: Records::new(), times: None }
    }

    /// How many fields it has, those whose time is over and that nobody has removed yet among them.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Redis's name for how such a hash is kept.
    pub fn encoding(&self) -> &'static str {
        match (self.records.is_packed(), &self.times) {
            (true, None) => "listpack",
            (true, Some(_)) => "listpackex",
            (false, _) => "hashtable",
        }
    }

    /// A field with its value and deadline.
    pub fn pair(&self, field: &[u8]) -> Option<Pair<'_>> {
        self.records.find(field).map(|place| Pair::read(self.records.get(place)))
    }

    /// The value of a field.
    pub fn get(&self, field: &[u8]) -> Option<&[u8]> {
        self.pair(field).map(|pair| pair.value)
    }

    /// Prepares for `count` fields to be written at once, as Redis does: a hash that may become large is kept as a large
    /// one from the start.
    pub fn expect(&mut self, count: usize, limits: &Limits) {
        if count > limits.hash_listpack_entries {
            self.make_dense();
        }
    }

    /// Writes a field whole; whether it was not there.
    pub fn set(&mut self, pair: Pair<'_>, limits: &Limits) -> bool {
        let mut found = self.records.find(pair.field);
        let entries = self.len() + usize::from(found.is_none());
        let fits = entries <= limits.hash_listpack_entries
            && pair.field.len().max(pair.value.len()) <= limits.hash_listpack_value;
        if !fits && self.records.is_packed() {
            self.make_dense();
            // A place in the packed form is none in the table.
            found = self.records.find(pair.field);
        }
        let record = pair.record();
        match found {
            Some(place) => {
                let old = Pair::read(self.records.get(place)).deadline;
                self.records.replace(place, &record);
                self.retime(place, old, pair.deadline);
            }
            None => {
                self.records.push(&record);
                if pair.deadline.is_some() {
                    let place = self.records.nth(self.len() - 1);
                    self.retime(place, None, pair.deadline);
                }
            }
        }
        found.is_none()
    }

    /// Gives a field another deadline, in milliseconds since the Unix epoch and not 0, or none; whether there is such a
    /// field.
    pub fn set_deadline(&mut self, field: &[u8], deadline: Option<u64>) -> bool {
        let Some(place) = self.records.find(field) else { return false };
        let pair = Pair::read(self.records.get(place));
        let old = pair.deadline;
        if old != deadline {
            let record = Pair { deadline, ..pair }.record();
            self.records.replace(place, &record);
            self.retime(place, old, deadline);
        }
        true
    }

    /// Removes a field; whether it was there.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        let found = self.records.find(field);
        found.inspect(|place| self.remove_at(*place)).is_some()
    }

    /// The field of a number below `len`. Numbers are good until the next change.
    pub fn nth(&self, number: usize) -> Pair<'_> {
        Pair::read(self.records.get(self.records.nth(number)))
    }

    /// The fields of these numbers.
    pub fn pick(&self, numbers: &[usize]) -> Vec<Pair<'_>> {
        self.records.pick(numbers).map(Pair::read).collect()
    }

    /// All fields, in an order that follows from what was done to the hash.
    pub fn iter(&self) -> impl Iterator<Item = Pair<'_>> {
        self.records.iter().map(Pair::read)
    }

    /// Visits fields from `from` on; see `Records::scan`.
    pub fn scan(&self, from: Position, count: usize, mut visit: impl FnMut(Pair<'_>)) -> Option<Position> {
        self.records.scan(from, count, |record| visit(Pair::read(record)))
    }

    /// The earliest deadline of a field.
    pub fn earliest(&self) -> Option<u64> {
        self.times.as_ref().map(|times| times.earliest())
    }

    /// Whether the time of every field is over at `now`.
    pub fn lapsed(&self, now: u64) -> bool {
        self.times.as_ref().is_some_and(|times| times.count() == self.len() && times.latest() <= now)
    }

    /// Removes fields whose time is over at `now`, the longest overdue first, `budget` of them at most; how many.
    pub fn remove_due(&mut self, now: u64, budget: usize) -> usize {
        let mut removed = 0;
        while removed < budget && self.earliest().is_some_and(|earliest| earliest <= now) {
            let place = self.first_timed().expect("there is an earliest deadline");
            self.remove_at(place);
            removed += 1;
        }
        removed
    }

    /// Bytes on the heap; constant time.
    pub fn heap_bytes(&self) -> usize {
        self.records.heap_bytes()
            + self.times.as_ref().map_or(0, |times| size_of::<Times>() + times.heap_bytes())
    }

    /// Where a field with the earliest deadline is.
    fn first_timed(&self) -> Option<Place> {
        let times = self.times.as_ref()?;
        times.first().map(|slot| self.records.nth(slot as usize)).or_else(|| {
            let earliest = Some(times.earliest());
            let number = self.iter().position(|pair| pair.deadline == earliest)?;
            Some(self.records.nth(number))
        })
    }

    fn remove_at(&mut self, place: Place) {
        let deadline = Pair::read(self.records.get(place)).deadline;
        if let Some(times) = &mut self.times
            && !self.records.is_packed()
        {
            // The last one will take its place.
            let last = self.records.nth(self.records.len() - 1);
            let moved = Pair::read(self.records.get(last)).deadline;
            times.remove(deadline, place.slot());
            if last != place {
                times.remove(moved, last.slot());
                times.insert(moved, place.slot());
            }
        }
        self.records.remove(place);
        if deadline.is_some() {
            self.settle();
        }
    }

    /// Notes that the field at `place` has another deadline now.
    fn retime(&mut self, place: Place, old: Option<u64>, new: Option<u64>) {
        if old == new {
            return;
        }
        let times = self.times.get_or_insert_default();
        if !self.records.is_packed() {
            times.remove(old, place.slot());
            times.insert(new, place.slot());
        }
        self.settle();
    }

    /// Takes stock after a deadline has come or gone.
    fn settle(&mut self) {
        let Some(times) = &mut self.times else { return };
        if self.records.is_packed() {
            times.count_anew(self.records.iter().filter_map(|record| Pair::read(record).deadline));
        } else {
            times.settle();
        }
        if times.count() == 0 {
            self.times = None;
        }
    }

    fn make_dense(&mut self) {
        self.records.make_dense(self.seed);
        if let Some(times) = &mut self.times {
            for (slot, record) in self.records.iter().enumerate() {
                times.insert(Pair::read(record).deadline, slot as u32);
            }
            times.settle();
        }
    }
}

/// Hashes are equal that have the same fields with the same values and deadlines.
impl PartialEq for Hash {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|pair| other.pair(pair.field) == Some(pair))
    }
}

#[cfg(test)]
mod tests;
