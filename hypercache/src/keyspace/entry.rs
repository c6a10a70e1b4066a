//! What is kept for one key.

use crate::value::Value;

/// Milliseconds since the Unix epoch.
pub type UnixMillis = u64;

/// Sixteenths of seconds: fine enough to tell what was used in one second apart, wrapping after 8.5 years.
pub type Ticks = u32;

const TICKS_PER_SECOND: Ticks = 16;

/// A key with its value, deadline and access data.
#[derive(Debug)]
pub struct Entry {
    key: Box<[u8]>,
    value: Value,
    /// 0: none. No key expires at the epoch itself.
    deadline: UnixMillis,
    /// The clock at the last access.
    touched: Ticks,
    /// The clock when it was made or last written whole.
    written: Ticks,
    /// Reads since then, up to what fits.
    hits: u16,
}

impl Entry {
    pub(super) fn new(key: &[u8], value: Value, deadline: Option<UnixMillis>, now: UnixMillis) -> Self {
        Self {
            key: key.into(),
            value,
            deadline: deadline.unwrap_or(0),
            touched: ticks(now),
            written: ticks(now),
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
        (self.idle_ticks(now) / TICKS_PER_SECOND).into()
    }

    /// As `idle_seconds`, finer.
    pub fn idle_ticks(&self, now: UnixMillis) -> Ticks {
        since(self.touched, now)
    }

    /// Seconds since it was made or last written whole.
    pub fn age_seconds(&self, now: UnixMillis) -> u64 {
        (self.age_ticks(now) / TICKS_PER_SECOND).into()
    }

    /// As `age_seconds`, finer.
    pub fn age_ticks(&self, now: UnixMillis) -> Ticks {
        since(self.written, now)
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
        self.touched = ticks(now);
    }

    /// Notes a read.
    pub(super) fn hit(&mut self, now: UnixMillis) {
        self.touch(now);
        self.hits = self.hits.saturating_add(1);
    }

    /// Notes that it was written whole.
    pub(super) fn rewritten(&mut self, now: UnixMillis) {
        (self.written, self.hits) = (ticks(now), 0);
        self.touch(now);
    }

    pub(super) fn value_mut(&mut self) -> &mut Value {
        &mut self.value
    }

    pub(super) fn set_deadline(&mut self, deadline: Option<UnixMillis>) {
        self.deadline = deadline.unwrap_or(0);
    }
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
