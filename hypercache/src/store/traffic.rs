//! Which keys of a store have most of its accesses and of the bytes moved, always counted: over a sample of the accesses, and in
//! bounded memory.

use parking_lot::Mutex;

use crate::store::Registry;
use crate::store::Store;
use crate::telemetry::Event;
use crate::telemetry::Telemetry;
use crate::telemetry::catalogue;
use crate::telemetry::events::store::KeyHot;
use crate::value::heavy_hitters::HeavyHitters;

/// Counters for each of the two measures: a count is too large by 1/256 of all at the most.
const COUNTERS: usize = 256;
/// Longer keys are counted in the totals only.
const KEY_BYTES_MAX: usize = 1024;
/// Seconds after which what was counted counts for half.
pub const HALF_LIFE_SECONDS: u64 = 60;
/// A key with such a share of the accesses is told as an event.
const HOT_SHARE: f64 = 0.1;
/// With fewer accesses a share tells nothing.
const ACCESSES_MIN: u64 = 20_000;

/// What a key is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Accesses by commands.
    Count,
    /// Bytes of requests and replies.
    Bytes,
}

/// A key with what was counted for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The key.
    pub key: Box<[u8]>,
    /// An estimate, old counts halved.
    pub count: u64,
}

/// The keys that have most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Top {
    /// What was counted for all keys of the store.
    pub total: u64,
    /// The most first.
    pub keys: Vec<Counted>,
}

/// The traffic of one store.
#[derive(Debug)]
pub struct Traffic {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    by_count: HeavyHitters,
    by_bytes: HeavyHitters,
    seconds: u64,
    /// Until when no key is told as hot, in `seconds`.
    quiet_until: u64,
}

impl Default for Traffic {
    fn default() -> Self {
        let hitters = || HeavyHitters::new(COUNTERS);
        Self {
            state: Mutex::new(State { by_count: hitters(), by_bytes: hitters(), seconds: 0, quiet_until: 0 }),
        }
    }
}

impl Top {
    /// The share that the first keys have together, 0 to 1.
    pub fn share(&self, keys: usize) -> f64 {
        let sum: u64 = self.keys.iter().take(keys).map(|counted| counted.count).sum();
        if self.total == 0 { 0.0 } else { (sum as f64 / self.total as f64).min(1.0) }
    }
}

impl Traffic {
    /// Counts accesses and bytes for a key. Where somebody else is counting at this moment, these are left out: they are a sample
    /// anyway.
    pub fn add(&self, key: &[u8], accesses: u64, bytes: u64) {
        if key.len() > KEY_BYTES_MAX {
            return;
        }
        if let Some(mut state) = self.state.try_lock() {
            state.by_count.add(key, accesses);
            state.by_bytes.add(key, bytes);
        }
    }

    /// The keys that have most.
    pub fn top(&self, measure: Measure, count: usize) -> Top {
        let state = self.state.lock();
        let hitters = match measure {
            Measure::Count => &state.by_count,
            Measure::Bytes => &state.by_bytes,
        };
        let found = hitters.top(count).into_iter().filter(|(_, count)| *count > 0);
        Top {
            total: hitters.total(),
            keys: found.map(|(key, count)| Counted { key: key.into(), count }).collect(),
        }
    }

    /// Forgets everything, and that a key was told as hot.
    pub(super) fn clear(&self) {
        let mut state = self.state.lock();
        state.by_count.clear();
        state.by_bytes.clear();
        state.quiet_until = 0;
    }

    /// Ages what was counted, once a second; the hottest key with its share where it is to be told.
    fn tick(&self) -> Option<(Box<[u8]>, f64)> {
        let mut state = self.state.lock();
        state.seconds += 1;
        let told = (state.seconds >= state.quiet_until).then(|| state.hottest()).flatten();
        if told.is_some() {
            state.quiet_until = state.seconds + HALF_LIFE_SECONDS;
        }
        if state.seconds.is_multiple_of(HALF_LIFE_SECONDS) {
            state.by_count.halve();
            state.by_bytes.halve();
        }
        told
    }
}

impl State {
    fn hottest(&self) -> Option<(Box<[u8]>, f64)> {
        let total = self.by_count.total();
        if total < ACCESSES_MIN {
            return None;
        }
        let (key, count) = self.by_count.top(1).pop()?;
        let share = count as f64 / total as f64;
        (share >= HOT_SHARE).then(|| (key.into(), share))
    }
}

/// Ages what was counted in all stores, and tells keys that are hot: at most one for each store in a minute. To be called once a
/// second.
pub fn tick(registry: &Registry, telemetry: &Telemetry) {
    for store in registry.all() {
        if let Some((key, share)) = store.traffic().tick() {
            let shown = telemetry.shown_key(&key);
            let field =
                |name: &str| shown.as_ref().filter(|(field, _)| *field == name).map(|(_, text)| &**text);
            KeyHot {
                store: &store.name(),
                share,
                key_text: field("hypercache.key.text"),
                key_hash: field("hypercache.key.hash"),
                key_prefix: field("hypercache.key.prefix"),
            }
            .emit();
        }
    }
}

/// Sets the gauges of a store.
pub fn set_gauges(store: &Store) {
    let top = store.traffic().top(Measure::Count, 10);
    let name = store.name();
    catalogue::STORE_HOT_KEYS.of(&[&name, "1"]).set(top.share(1));
    catalogue::STORE_HOT_KEYS.of(&[&name, "10"]).set(top.share(10));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_told_and_halved() {
        let traffic = Traffic::default();
        assert_eq!((traffic.top(Measure::Count, 9).share(1), traffic.tick()), (0.0, None));
        for n in 0..100_u8 {
            traffic.add(&[n], 64, 640);
            traffic.add(b"hot", 64, 64);
        }
        traffic.add(&[b'k'; KEY_BYTES_MAX + 1], 1 << 40, 1);
        let top = traffic.top(Measure::Count, 2);
        assert_eq!((top.total, &*top.keys[0].key, top.keys[0].count), (12_800, &b"hot"[..], 6400));
        assert_eq!((top.keys.len(), top.share(1)), (2, 0.5));
        assert_eq!(traffic.top(Measure::Bytes, 1).keys[0].count, 6400);
        (0..HALF_LIFE_SECONDS).for_each(|_| drop(traffic.tick()));
        let top = traffic.top(Measure::Count, 1);
        assert_eq!((top.total, top.share(1)), (6400, 0.5));
        traffic.clear();
        assert_eq!(traffic.top(Measure::Count, 1), Top { total: 0, keys: Vec::new() });
    }

    #[test]
    fn a_hot_key_is_told_once_in_a_while_and_only_where_much_was_counted() {
        let traffic = Traffic::default();
        traffic.add(b"hot", ACCESSES_MIN - 1, 1);
        assert_eq!(traffic.tick(), None);
        traffic.add(b"hot", 1, 1);
        assert_eq!(traffic.tick(), Some((b"hot"[..].into(), 1.0)));
        assert!((1..HALF_LIFE_SECONDS).all(|_| traffic.tick().is_none()));
        traffic.add(b"hot", ACCESSES_MIN, 1);
        assert!(traffic.tick().is_some());
        let even = Traffic::default();
        (0..200_u8).for_each(|n| even.add(&[n], ACCESSES_MIN, 1));
        assert_eq!(even.tick(), None);
    }
}
