//! What is kept for one key.

use crate::value::Value;

/// Milliseconds since the Unix epoch.
pub type UnixMillis = u64;

/// A key with its value, deadline and access data.
#[derive(Debug)]
pub struct Entry {
    key: Box<[u8]>,
    value: Value,
    /// 0: none. No key expires at the epoch itself.
    deadline: UnixMillis,
    /// Seconds of the clock at the last access, wrapping after 136 years.
    touched: u32,
    /// Seconds of the clock when it was made or last written whole.
    written: u32,
    /// Reads since then, up to what fits.
    hits: u16,
}

impl Entry {
    pub(super) fn new(key: &[u8], value: Value, deadline: Option<UnixMillis>, now: UnixMillis) -> Self {
        Self {
            key: key.into(),
            value,
            deadline: deadline.unwrap_or(0),
            touched: seconds(now),
            written: seconds(now),
            hits: 0,
        }
    }

    /// The key.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// When it expires; none: never.
    pub fn deadline(&self) -> Option<UnixMillis> {
        (self.deadline != 0).then_some(self.deadline)
    }

    /// Whether its time is over at `now`, or that of every part of its value.
    pub fn expired(&self, now: UnixMillis) -> bool {
        self.deadline != 0 && self.deadline <= now || self.value.lapsed(now)
    }

    /// Whether the time of a part of its value is over at `now`.
    pub fn part_expired(&self, now: UnixMillis) -> bool {
        self.value.earliest_part().is_some_and(|earliest| earliest <= now)
    }

    /// Seconds since it was last read or written.
    pub fn idle_seconds(&self, now: UnixMillis) -> u64 {
        seconds(now).saturating_sub(self.touched).into()
    }

    /// Seconds since it was made or last written whole.
    pub fn age_seconds(&self, now: UnixMillis) -> u64 {
        seconds(now).saturating_sub(self.written).into()
    }

    /// Reads since it was made or last written whole, 65,535 for more.
    pub fn hits(&self) -> u16 {
        self.hits
    }

    /// Bytes it takes: itself, its key and its value; the share of the table not counted.
    pub fn footprint(&self) -> usize {
        size_of::<Self>() + self.key.len() + self.value.heap_bytes()
    }

    /// Takes the value out.
    pub fn into_value(self) -> Value {
        self.value
    }

    pub(super) fn touch(&mut self, now: UnixMillis) {
        self.touched = seconds(now);
    }

    /// Notes a read.
    pub(super) fn hit(&mut self, now: UnixMillis) {
        self.touch(now);
        self.hits = self.hits.saturating_add(1);
    }

    /// Notes that it was written whole.
    pub(super) fn rewritten(&mut self, now: UnixMillis) {
        (self.written, self.hits) = (seconds(now), 0);
        self.touch(now);
    }

    pub(super) fn value_mut(&mut self) -> &mut Value {
        &mut self.value
    }

    pub(super) fn set_deadline(&mut self, deadline: Option<UnixMillis>) {
        self.deadline = deadline.unwrap_or(0);
    }
}

fn seconds(now: UnixMillis) -> u32 {
    (now / 1000) as u32
}
