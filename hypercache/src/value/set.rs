//! Sets of byte strings.

mod integers;

use std::borrow::Cow;

use crate::value::limits::Limits;
use crate::value::number;
use crate::value::records::Layout;
use crate::value::records::Position;
use crate::value::records::Records;
use crate::value::set::integers::Integers;

/// A set.
#[derive(Debug, Clone)]
pub struct Set {
    seed: u64,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    /// Canonical decimals only, as numbers.
    Integers(Integers),
    /// Any members.
    Strings(Records<Whole>),
}

/// A record that is its own key.
#[derive(Debug, Clone)]
struct Whole;

impl Layout for Whole {
    fn key(record: &[u8]) -> &[u8] {
        record
    }
}

/// A member as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member<'a> {
    /// A canonical decimal, kept as a number.
    Int(i64),
    /// Bytes, which may be a decimal as well.
    Bytes(&'a [u8]),
}

impl<'a> Member<'a> {
    /// Its bytes; an integer is spelled out.
    pub fn bytes(self) -> Cow<'a, [u8]> {
        match self {
            Self::Int(number) => Cow::Owned(itoa::Buffer::new().format(number).as_bytes().to_vec()),
            Self::Bytes(bytes) => Cow::Borrowed(bytes),
        }
    }

    /// The integer that it is, if it is a canonical one.
    fn number(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            Self::Bytes(bytes) => number::decimal(bytes),
        }
    }
}

impl Set {
    /// An empty set; its hashes begin with `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, form: Form::Integers(Integers::new()) }
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Integers(integers) => integers.len(),
            Form::Strings(records) => records.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Redis's name for how such a set is kept.
    pub fn encoding(&self) -> &'static str {
        match &self.form {
            Form::Integers(_) => "intset",
            Form::Strings(records) if records.is_packed() => "listpack",
            Form::Strings(_) => "hashtable",
        }
    }

    /// Whether it has this member.
    pub fn contains(&self, member: Member<'_>) -> bool {
        match (&self.form, member) {
            (Form::Integers(integers), member) => {
                member.number().is_some_and(|number| integers.find(number).is_ok())
            }
            (Form::Strings(records), Member::Int(number)) => {
                records.find(itoa::Buffer::new().format(number).as_bytes()).is_some()
            }
            (Form::Strings(records), Member::Bytes(bytes)) => records.find(bytes).is_some(),
        }
    }

    /// Prepares for `count` members to be added at once, as Redis does: a set that may become large is kept as a large one
    /// from the start.
    pub fn expect(&mut self, count: usize, limits: &Limits) {
        let (packed_max, integers_max) = (limits.set_listpack_entries, limits.set_intset_entries);
        let large = match &self.form {
            Form::Integers(integers) if integers.is_empty() => count > packed_max.max(integers_max),
            Form::Integers(_) => count > integers_max,
            Form::Strings(_) => count > packed_max,
        };
        if large {
            self.make_strings(true);
        }
    }

    /// Keeps members as strings from here on, even where all are integers.
    pub fn keep_strings(&mut self) {
        self.make_strings(false);
    }

    /// Adds a member; whether it was not there.
    pub fn insert(&mut self, member: Member<'_>, limits: &Limits) -> bool {
        if let Form::Integers(integers) = &mut self.form {
            if let Some(number) = member.number() {
                let added = integers.insert(number);
                if integers.len() > limits.set_intset_entries {
                    self.make_strings(true);
                }
                return added;
            }
            let dense = integers.digits() > limits.set_listpack_value;
            self.make_strings(dense);
        }
        let bytes = member.bytes();
        let records = self.make_strings(false);
        if records.find(&bytes).is_some() {
            return false;
        }
        let fits = records.len() < limits.set_listpack_entries && bytes.len() <= limits.set_listpack_value;
        self.make_strings(!fits).push(&bytes);
        true
    }

    /// Removes a member; whether it was there.
    pub fn remove(&mut self, member: Member<'_>) -> bool {
        match &mut self.form {
            Form::Integers(integers) => member.number().is_some_and(|number| integers.remove(number)),
            Form::Strings(records) => {
                let place = records.find(&member.bytes());
                place.inspect(|place| records.remove(*place)).is_some()
            }
        }
    }

    /// The member of a number below `len`. Numbers are good until the next change.
    pub fn nth(&self, number: usize) -> Member<'_> {
        match &self.form {
            Form::Integers(integers) => Member::Int(integers.get(number)),
            Form::Strings(records) => Member::Bytes(records.get(records.nth(number))),
        }
    }

    /// The members of these numbers.
    pub fn pick(&self, numbers: &[usize]) -> Vec<Member<'_>> {
        match &self.form {
            Form::Integers(integers) => numbers.iter().map(|at| Member::Int(integers.get(*at))).collect(),
            Form::Strings(records) => records.pick(numbers).map(Member::Bytes).collect(),
        }
    }

    /// Removes the member of a number below `len`.
    pub fn remove_nth(&mut self, number: usize) {
        match &mut self.form {
            Form::Integers(integers) => integers.remove_at(number),
            Form::Strings(records) => records.remove(records.nth(number)),
        }
    }

    /// All members, in an order that follows from what was done to the set.
    pub fn iter(&self) -> impl Iterator<Item = Member<'_>> {
        let (integers, strings) = match &self.form {
            Form::Integers(integers) => (Some(integers.iter().map(Member::Int)), None),
            Form::Strings(records) => (None, Some(records.iter().map(Member::Bytes))),
        };
        integers.into_iter().flatten().chain(strings.into_iter().flatten())
    }

    /// Visits members from `from` on; see `Records::scan`. Integers are visited all at once.
    pub fn scan(&self, from: Position, count: usize, mut visit: impl FnMut(Member<'_>)) -> Option<Position> {
        match &self.form {
            Form::Integers(integers) => {
                integers.iter().map(Member::Int).for_each(visit);
                None
            }
            Form::Strings(records) => records.scan(from, count, |record| visit(Member::Bytes(record))),
        }
    }

    /// Bytes on the heap; constant time.
    pub fn heap_bytes(&self) -> usize {
        match &self.form {
            Form::Integers(integers) => integers.heap_bytes(),
            Form::Strings(records) => records.heap_bytes(),
        }
    }

    fn make_strings(&mut self, dense: bool) -> &mut Records<Whole> {
        if let Form::Integers(integers) = &self.form {
            let mut records = Records::new();
            if dense {
                records.make_dense(self.seed);
            }
            for number in integers.iter() {
                records.push(itoa::Buffer::new().format(number).as_bytes());
            }
            self.form = Form::Strings(records);
        }
        match &mut self.form {
            Form::Strings(records) => {
                if dense {
                    records.make_dense(self.seed);
                }
                records
            }
            Form::Integers(_) => unreachable!("made strings above"),
        }
    }
}

/// Sets are equal that have the same members.
impl PartialEq for Set {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|member| other.contains(member))
    }
}

#[cfg(test)]
mod tests;
