//! How far a node is that reads its data from disk after a start.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Acquire;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::Ordering::Release;

use crate::command::ReplyError;

/// What commands that need the data are answered meanwhile.
pub const LOADING: ReplyError = ReplyError::new("LOADING", "Redis is loading the dataset in memory");

/// Whether data is being loaded, and how much of it is there.
#[derive(Debug, Default)]
pub struct Loading {
    active: AtomicBool,
    started: AtomicU64,
    total: AtomicU64,
    loaded: AtomicU64,
    records: AtomicU64,
}

/// How far loading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// When it began, in seconds since 1970.
    pub started_unix: u64,
    /// Bytes of all files, as far as they are known.
    pub total_bytes: u64,
    /// Bytes of them that are loaded.
    pub loaded_bytes: u64,
    /// Keys and records of the log that are loaded.
    pub records: u64,
}

impl Progress {
    /// What part is loaded, in percent.
    pub fn percent(&self) -> f64 {
        if self.total_bytes == 0 {
            return 0.0;
        }
        (self.loaded_bytes as f64 / self.total_bytes as f64 * 100.0).min(100.0)
    }

    /// How many seconds it will still take if it goes on like this, at `now` in seconds since 1970; at least one.
    pub fn eta_seconds(&self, now: u64) -> u64 {
        let elapsed = u128::from(now.saturating_sub(self.started_unix));
        let left = u128::from(self.total_bytes.saturating_sub(self.loaded_bytes));
        let eta = elapsed * left / u128::from(self.loaded_bytes.max(1));
        u64::try_from(eta).unwrap_or(u64::MAX).max(1)
    }
}

impl Loading {
    /// Begins, at a time in seconds since 1970, with so many bytes to load.
    pub fn begin(&self, started_unix: u64, total_bytes: u64) {
        self.started.store(started_unix, Relaxed);
        self.total.store(total_bytes, Relaxed);
        self.loaded.store(0, Relaxed);
        self.records.store(0, Relaxed);
        self.active.store(true, Release);
    }

    /// So many more bytes and records are loaded.
    pub fn advance(&self, bytes: u64, records: u64) {
        self.loaded.fetch_add(bytes, Relaxed);
        self.records.fetch_add(records, Relaxed);
    }

    /// All is there.
    pub fn end(&self) {
        self.active.store(false, Release);
    }

    /// Whether data is being loaded. Who sees that it is not sees all of it.
    pub fn is_active(&self) -> bool {
        self.active.load(Acquire)
    }

    /// How far it is; none where nothing is being loaded.
    pub fn progress(&self) -> Option<Progress> {
        self.is_active().then(|| Progress {
            started_unix: self.started.load(Relaxed),
            total_bytes: self.total.load(Relaxed),
            loaded_bytes: self.loaded.load(Relaxed),
            records: self.records.load(Relaxed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_until_the_end() {
        let loading = Loading::default();
        assert_eq!(loading.progress(), None);
        loading.begin(1000, 400);
        loading.advance(100, 3);
        let progress = loading.progress().unwrap();
        assert_eq!((progress.loaded_bytes, progress.records, progress.eta_seconds(1010)), (100, 3, 30));
        assert!((progress.percent() - 25.0).abs() < 1e-9);
        loading.end();
        assert!(!loading.is_active());
    }

    #[test]
    fn nothing_known_is_no_division_by_zero() {
        let loading = Loading::default();
        loading.begin(u64::MAX, 0);
        let progress = loading.progress().unwrap();
        assert!(progress.percent().abs() < 1e-9);
        assert_eq!(progress.eta_seconds(0), 1);
    }
}
