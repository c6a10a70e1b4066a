//! What is kept for one key.

mod given;
mod layout;

use std::fmt;

use crate::keyspace::entry::layout::Access;
use crate::keyspace::entry::layout::Content;
use crate::keyspace::entry::layout::Piece;
use crate::value::Value;
use crate::value::size_class::size_class;
use crate::value::string::Str;
use crate::value::view::ValueRef;

pub use given::Given;

/// Milliseconds since the Unix epoch.
pub type UnixMillis = u64;

/// Sixteenths of seconds: fine enough to tell what was used in one second apart, wrapping after 8.5 years.
pub type Ticks = u32;

const TICKS_PER_SECOND: Ticks = 16;

/// A key with its value, deadline and access data; one pointer to one piece of memory, in which a short string lies, too.
pub struct Entry(Piece);

impl Entry {
    pub(super) fn new(key: &[u8], value: Given<'_>, deadline: Option<UnixMillis>, now: UnixMillis) -> Self {
        let now = ticks(now);
        let access = Access { touched: now, written: now, hits: 0 };
        value.with_content(|content| Self(Piece::new(access, told(deadline), key, content)))
    }

    /// The key.
    pub fn key(&self) -> &[u8] {
        self.0.key()
    }

    /// The value.
    pub fn value(&self) -> ValueRef<'_> {
        self.0.value()
    }

    /// When it expires; none: never.
    pub fn deadline(&self) -> Option<UnixMillis> {
        self.0.deadline()
    }

    /// Whether its time is over at `now`, or that of every part of its value.
    pub fn expired(&self, now: UnixMillis) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
            || self.0.holds_hash() && self.value().lapsed(now)
    }

    /// Whether the time of a part of its value is over at `now`.
    pub fn part_expired(&self, now: UnixMillis) -> bool {
        self.earliest_part().is_some_and(|earliest| earliest <= now)
    }

    /// The earliest deadline of a part of its value.
    pub fn earliest_part(&self) -> Option<UnixMillis> {
        if self.0.holds_hash() { self.value().earliest_part() } else { None }
    }

    /// Seconds since it was last read or written.
    pub fn idle_seconds(&self, now: UnixMillis) -> u64 {
        (self.idle_ticks(now) / TICKS_PER_SECOND).into()
    }

    /// As `idle_seconds`, finer.
    pub fn idle_ticks(&self, now: UnixMillis) -> Ticks {
        since(self.0.access().touched, now)
    }

    /// Seconds since it was made or last written whole.
    pub fn age_seconds(&self, now: UnixMillis) -> u64 {
        (self.age_ticks(now) / TICKS_PER_SECOND).into()
    }

    /// As `age_seconds`, finer.
    pub fn age_ticks(&self, now: UnixMillis) -> Ticks {
        since(self.0.access().written, now)
    }

    /// Reads since it was made or last written whole, 65,535 for more.
    pub fn hits(&self) -> u16 {
        self.0.access().hits
    }

    /// Bytes that the allocator takes for it, its key and its value; the share of the table not counted.
    pub fn footprint(&self) -> usize {
        self.0.bytes()
            + match (self.0.boxed_string(), self.value()) {
                (Some(string), _) => size_class(size_of::<Str>()) + size_class(string.heap_bytes()),
                (None, ValueRef::Str(_)) => 0,
                (None, value) => value.heap_bytes(),
            }
    }

    /// Takes the value out.
    pub fn into_value(mut self) -> Value {
        self.take_or_copy()
    }

    /// Takes the value out if it has memory of its own; none where it lies in the entry itself.
    pub(super) fn take_own(&mut self) -> Option<Value> {
        self.0.take_boxed()
    }

    pub(super) fn touch(&mut self, now: UnixMillis) {
        self.0.set_access(Access { touched: ticks(now), ..self.0.access() });
    }

    /// Notes a read.
    pub(super) fn hit(&mut self, now: UnixMillis) {
        let access = self.0.access();
        self.0.set_access(Access { touched: ticks(now), hits: access.hits.saturating_add(1), ..access });
    }

    /// Writes it whole.
    pub(super) fn rewrite(&mut self, value: Given<'_>, deadline: Option<UnixMillis>, now: UnixMillis) {
        value.with_content(|content| self.0.put(told(deadline), content));
        let now = ticks(now);
        self.0.set_access(Access { touched: now, written: now, hits: 0 });
    }

    /// Lets `change` work on the value. A string that lies in the entry is copied out and in again.
    pub(super) fn change<R>(&mut self, change: impl FnOnce(&mut Value) -> R) -> R {
        let value = self.take_or_copy();
        let mut changing = Changing { entry: self, value };
        change(&mut changing.value)
    }

    pub(super) fn set_deadline(&mut self, deadline: Option<UnixMillis>) {
        self.0.set_deadline(told(deadline));
    }

    fn take_or_copy(&mut self) -> Value {
        self.0.take_boxed().unwrap_or_else(|| self.value().to_value())
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.key())
            .field("value", &self.value())
            .field("deadline", &self.deadline())
            .field("access", &self.0.access())
            .finish()
    }
}

/// A value that is out of its entry and goes back, even where the change panics.
struct Changing<'a> {
    entry: &'a mut Entry,
    value: Value,
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        let value = std::mem::replace(&mut self.value, Value::Str(Str::Int(0)));
        let deadline = self.entry.deadline();
        Given::Value(value).with_content(|content: Content<'_>| self.entry.0.put(deadline, content));
    }
}

/// A deadline as it is kept: no key expires at the epoch itself.
fn told(deadline: Option<UnixMillis>) -> Option<UnixMillis> {
    deadline.filter(|deadline| *deadline != 0)
}

/// A time in ticks since the Unix epoch.
pub(super) fn unix_ticks(now: UnixMillis) -> u64 {
    now / 1000 * u64::from(TICKS_PER_SECOND) + now % 1000 * u64::from(TICKS_PER_SECOND) / 1000
}

/// A time as entries note it: what does not fit is cut off, only differences count.
pub(super) fn ticks(now: UnixMillis) -> Ticks {
    unix_ticks(now) as Ticks
}

/// Ticks from `then` to `now`; none where `then` is yet to come, as far as that can be told.
fn since(then: Ticks, now: UnixMillis) -> Ticks {
    let since = ticks(now).wrapping_sub(then);
    if since > Ticks::MAX / 2 { 0 } else { since }
}

#[cfg(test)]
mod tests;
