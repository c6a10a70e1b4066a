//! How near the process is to its memory limit, and what of that the data has to heed.
//!
//! Whoever measures the process says it here; sweeps, evictors and the gate for writes read it, by loads alone. While the
//! level is normal that is one load for each write that needs memory.

pub mod ladder;

use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

pub use ladder::Change;
pub use ladder::Ladder;
pub use ladder::Level;

use crate::config::LimitSource;
use crate::config::ProcessLimit;

/// The limit is none.
const NO_LIMIT: u64 = u64::MAX;

/// What the process was seen to take.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Bytes of the process that are in memory: what the kernel ends it for.
    pub resident_bytes: u64,
    /// Bytes that are in use by what the allocator was asked for.
    pub allocated_bytes: u64,
}

/// The state of the process's memory.
#[derive(Debug)]
pub struct Pressure {
    limit: ProcessLimit,
    level: AtomicU8,
    resident_bytes: AtomicU64,
    allocated_bytes: AtomicU64,
    data_bytes: AtomicU64,
    /// Beyond so many bytes of data the process would be at the critical mark.
    data_ceiling: AtomicU64,
    /// Down to so many bytes stores that may evict are to bring the data.
    eviction_limit: AtomicU64,
    /// Milliseconds at each level.
    spent_ms: [AtomicU64; Level::ALL.len()],
}

impl Default for Pressure {
    fn default() -> Self {
        Self::new(ProcessLimit { bytes: 0, source: LimitSource::None })
    }
}

impl Pressure {
    /// No pressure so far, under this limit.
    pub fn new(limit: ProcessLimit) -> Self {
        Self {
            limit,
            level: AtomicU8::new(0),
            resident_bytes: AtomicU64::new(0),
            allocated_bytes: AtomicU64::new(0),
            data_bytes: AtomicU64::new(0),
            data_ceiling: AtomicU64::new(NO_LIMIT),
            eviction_limit: AtomicU64::new(NO_LIMIT),
            spent_ms: Default::default(),
        }
    }

    /// The limit of the process.
    pub fn limit(&self) -> ProcessLimit {
        self.limit
    }

    /// The level that holds.
    pub fn level(&self) -> Level {
        Level::ALL.get(usize::from(self.level.load(Relaxed))).copied().unwrap_or(Level::Critical)
    }

    /// What the process was last seen to take.
    pub fn reading(&self) -> Reading {
        Reading {
            resident_bytes: self.resident_bytes.load(Relaxed),
            allocated_bytes: self.allocated_bytes.load(Relaxed),
        }
    }

    /// Milliseconds spent at a level, until the last reading.
    pub fn spent_ms(&self, level: Level) -> u64 {
        self.spent_ms[level as usize].load(Relaxed)
    }

    /// Takes note of a reading while the data took `data_bytes`, of the level that it means, and of the time since the one
    /// before.
    pub fn note(&self, reading: Reading, data_bytes: u64, level: Level, passed_ms: u64) {
        let Reading { resident_bytes, allocated_bytes } = reading;
        self.resident_bytes.store(resident_bytes, Relaxed);
        self.allocated_bytes.store(allocated_bytes, Relaxed);
        self.data_bytes.store(data_bytes, Relaxed);
        let limit = self.limit.bytes;
        let room = |mark: u64, used: u64| {
            (data_bytes + mark.saturating_sub(used)).saturating_sub(used.saturating_sub(mark))
        };
        let ceiling = match level {
            Level::Normal => NO_LIMIT,
            Level::Elevated | Level::High => room(Level::Critical.mark(limit), resident_bytes),
            // Less than led here, or writes would be refused and let through by turns.
            Level::Critical => room(Level::Critical.leave_mark(limit), resident_bytes),
        };
        // By what is allocated, not by what is resident: evicting brings the first down at once, and the second only as
        // pages become empty. Whoever went by the second would empty a store whose memory is fragmented.
        let eviction = if level >= Level::High {
            room(Level::High.leave_mark(limit), allocated_bytes)
        } else {
            NO_LIMIT
        };
        self.data_ceiling.store(ceiling, Relaxed);
        self.eviction_limit.store(eviction, Relaxed);
        self.spent_ms[self.level() as usize].fetch_add(passed_ms, Relaxed);
        self.level.store(level as u8, Relaxed);
    }

    /// Bytes of data of all stores together that stores which may evict are to come down to; none: as many as their
    /// limits allow. Holds from `high` on.
    pub fn eviction_limit_bytes(&self) -> Option<u64> {
        Some(self.eviction_limit.load(Relaxed)).filter(|limit| *limit != NO_LIMIT)
    }

    /// Whether a write that needs memory is to be refused, by the bytes of data at hand; then the bytes the process takes,
    /// and those it may take.
    ///
    /// From `elevated` on the data may grow only as far as the process would come to its critical mark. Writes see that
    /// between two readings, so even the fastest writers do not pass the mark unseen, and whoever has made room need
    /// not wait for the level to change.
    pub fn refuses(&self, data_bytes: impl FnOnce() -> u64) -> Option<(u64, u64)> {
        if self.level.load(Relaxed) == Level::Normal as u8 {
            return None;
        }
        let data_bytes = data_bytes();
        if data_bytes < self.data_ceiling.load(Relaxed) {
            return None;
        }
        let grown = data_bytes.saturating_sub(self.data_bytes.load(Relaxed));
        Some((self.resident_bytes.load(Relaxed).saturating_add(grown), self.limit.bytes))
    }

    /// How many quarters of its interval a sweep for expired keys may take.
    pub fn sweep_quarters(&self) -> u32 {
        match self.level() {
            Level::Normal => 1,
            Level::Elevated => 2,
            Level::High | Level::Critical => 3,
        }
    }

    /// Bytes that all clients together may make the node hold while the level holds; none: as many as is configured.
    pub fn client_limit_bytes(&self) -> Option<u64> {
        match self.level() {
            Level::Normal | Level::Elevated => None,
            Level::High => Some(self.limit.bytes / 10),
            Level::Critical => Some(self.limit.bytes / 20),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    fn pressure() -> Pressure {
        Pressure::new(ProcessLimit { bytes: 100 * MB, source: LimitSource::Configured })
    }

    fn note(pressure: &Pressure, resident: u64, allocated: u64, data: u64, level: Level) {
        let reading = Reading { resident_bytes: resident * MB, allocated_bytes: allocated * MB };
        pressure.note(reading, data * MB, level, 100);
    }

    #[test]
    fn each_level_asks_for_more() {
        let pressure = pressure();
        let asked = |level, resident, data| {
            note(&pressure, resident, resident, 50, level);
            let refuses = pressure.refuses(|| data * MB).is_some();
            let megabytes = |bytes: Option<u64>| bytes.map(|bytes| bytes / MB);
            (
                refuses,
                megabytes(pressure.eviction_limit_bytes()),
                megabytes(pressure.client_limit_bytes()),
                pressure.sweep_quarters(),
            )
        };
        assert_eq!(asked(Level::Normal, 60, 90), (false, None, None, 1));
        assert_eq!(asked(Level::Elevated, 80, 64), (false, None, None, 2));
        assert_eq!(asked(Level::Elevated, 80, 65), (true, None, None, 2));
        assert_eq!(asked(Level::High, 90, 54), (false, Some(40), Some(10), 3));
        assert_eq!(asked(Level::High, 90, 55), (true, Some(40), Some(10), 3));
        assert_eq!(asked(Level::Critical, 96, 50), (true, Some(34), Some(5), 3));
        assert_eq!(pressure.refuses(|| 52 * MB), Some((98 * MB, 100 * MB)));
        // While the level still holds, whoever makes room may use it.
        assert_eq!(asked(Level::Critical, 96, 43), (false, Some(34), Some(5), 3));
        assert_eq!(asked(Level::Critical, 60, 79), (false, Some(70), Some(5), 3));
        assert_eq!(asked(Level::Critical, 60, 80), (true, Some(70), Some(5), 3));
        // What takes the memory is not data.
        note(&pressure, 96, 96, 0, Level::Critical);
        assert!(pressure.refuses(|| 0).is_some());
        let spent = Level::ALL.map(|level| pressure.spent_ms(level));
        assert_eq!(spent, [200, 200, 200, 400], "the time before a reading belongs to the level that held");
    }

    #[test]
    fn a_fragmented_heap_does_not_empty_stores() {
        let pressure = pressure();
        note(&pressure, 96, 50, 40, Level::Critical);
        assert_eq!(
            pressure.eviction_limit_bytes(),
            Some(70 * MB),
            "there is room in pages that are resident already"
        );
        note(&pressure, 99, 99, 5, Level::Critical);
        assert_eq!(pressure.eviction_limit_bytes(), Some(0));
    }

    #[test]
    fn evictors_go_by_the_smaller_limit() {
        let config = crate::config::Config::default();
        let seed = crate::keyspace::key::HashSeed(1);
        let limit = ProcessLimit { bytes: 100 * MB, source: LimitSource::Configured };
        let registry = crate::store::Registry::new(&config.stores, &config.cache, seed).under(limit);
        assert_eq!(registry.eviction_target_bytes(), 0);
        note(registry.pressure(), 90, 90, 50, Level::High);
        assert_eq!(registry.eviction_target_bytes(), 40 * MB);
        registry.set_limit_bytes(30 * MB);
        assert_eq!(registry.eviction_target_bytes(), 30 * MB);
        registry.set_limit_bytes(0);
        note(registry.pressure(), 99, 99, 5, Level::Critical);
        assert_eq!(registry.eviction_target_bytes(), 1, "0 would be no limit");
        assert_eq!(registry.limit_reached(registry.get(0).unwrap()).unwrap().reason, "memory_pressure");
    }

    #[test]
    fn without_a_limit_nothing_is_refused() {
        let pressure = Pressure::default();
        assert_eq!((pressure.refuses(|| u64::MAX), pressure.level()), (None, Level::Normal));
    }
}
