//! Who wants to hear of changes, in one word: with nobody interested, a change costs the test of a register.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;

use crate::store::events::EventClass;
use crate::store::events::Selection;

/// One more client that watches keys.
const WATCHER: u64 = 1 << 16;
/// One more client that tracks what it has read.
const TRACKER: u64 = 1 << 40;
const WATCHERS: u64 = TRACKER - WATCHER;
const SELECTED: u64 = WATCHER - 1;

/// What all clients together are interested in: the selected events in the lowest 16 bits, above them the number of clients
/// that watch, in 24 bits, and the number of those that track. There are never as many clients as 24 bits can count.
#[derive(Debug, Default)]
pub struct Interests(AtomicU64);

/// The same, at one moment.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Interest(u64);

impl Interests {
    /// As it is now. Read under the lock of a shard, it knows of everybody who began to watch one of its keys before.
    pub fn now(&self) -> Interest {
        Interest(self.0.load(SeqCst))
    }

    /// Changes which events are published.
    pub fn select(&self, selection: Selection) {
        let change = |word: u64| Some(word & !SELECTED | selection.bits());
        // It cannot fail: the change is always one.
        let _before = self.0.fetch_update(SeqCst, SeqCst, change);
    }

    /// Notes a client that begins to watch keys, before it looks at the first of them.
    pub fn add_watcher(&self) {
        self.0.fetch_add(WATCHER, SeqCst);
    }

    /// Notes that one has ended.
    pub fn remove_watcher(&self) {
        self.0.fetch_sub(WATCHER, SeqCst);
    }

    /// Notes a client that begins to track what it reads, before its first read.
    pub fn add_tracker(&self) {
        self.0.fetch_add(TRACKER, SeqCst);
    }

    /// Notes that one has ended.
    pub fn remove_tracker(&self) {
        self.0.fetch_sub(TRACKER, SeqCst);
    }
}

impl Interest {
    /// Whether nobody is interested in anything.
    pub fn is_none(self) -> bool {
        self.0 & !SELECTED == 0 && self.selection().heard() == 0
    }

    /// Which events are published.
    pub fn selection(self) -> Selection {
        Selection::from_bits(self.0 & SELECTED)
    }

    /// Whether events of this class are published.
    pub fn hears(self, class: EventClass) -> bool {
        self.selection().heard() & 1 << class as u64 != 0
    }

    /// Whether somebody watches keys.
    pub fn watches(self) -> bool {
        self.0 & WATCHERS != 0
    }

    /// Whether somebody tracks what it has read.
    pub fn tracks(self) -> bool {
        self.0 >= TRACKER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_interest_is_counted_apart() {
        let interests = Interests::default();
        assert!(interests.now().is_none());
        interests.add_watcher();
        interests.add_watcher();
        interests.add_tracker();
        interests.select(Selection::parse(b"Kx").unwrap());
        let now = interests.now();
        assert!(now.watches() && now.tracks() && now.hears(EventClass::Expired));
        assert!(!now.hears(EventClass::Generic));
        interests.remove_watcher();
        interests.remove_tracker();
        assert!(interests.now().watches() && !interests.now().tracks());
        interests.remove_watcher();
        assert!(!interests.now().watches() && !interests.now().is_none());
        interests.select(Selection::parse(b"A").unwrap());
        assert!(interests.now().is_none(), "classes without a channel are heard by nobody");
    }
}
