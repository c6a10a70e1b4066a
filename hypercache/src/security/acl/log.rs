//! What was denied lately, and how often since the start.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;

/// Entries that are kept unless `acllog-max-len` says otherwise.
const ENTRIES_MAX: usize = 128;
/// What happens again within this time counts up its entry.
const SAME_WITHIN_MS: u64 = 60_000;
/// Entries that are looked at for the same.
const LOOKED_AT: usize = 10;
/// Bytes of a key, channel or name that are kept.
const OBJECT_BYTES_MAX: usize = 1024;

/// What was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// To come in.
    Auth,
    /// A command.
    Command,
    /// A key.
    Key,
    /// A channel.
    Channel,
}

impl Reason {
    /// Redis's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Command => "command",
            Self::Key => "key",
            Self::Channel => "channel",
        }
    }
}

/// Where it was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// As a command of its own.
    TopLevel,
    /// Within a transaction.
    Multi,
    /// Within a script or function.
    Lua,
}

impl Scene {
    /// Redis's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::TopLevel => "toplevel",
            Self::Multi => "multi",
            Self::Lua => "lua",
        }
    }
}

/// Something that was denied, once or several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// How often.
    pub count: u64,
    /// What kind of thing.
    pub reason: Reason,
    /// Where.
    pub scene: Scene,
    /// The command, key or channel; of a key or channel at most 1,024 bytes.
    pub object: Box<[u8]>,
    /// Who wanted it.
    pub user: Box<[u8]>,
    /// The last client that wanted it, as `CLIENT LIST` shows it.
    pub client: String,
    /// Its number, which no other entry has had.
    pub id: u64,
    /// When it was first denied, in Unix milliseconds.
    pub created_ms: u64,
    /// When it was last denied, in Unix milliseconds.
    pub updated_ms: u64,
}

/// The log, newest entry first.
#[derive(Debug)]
pub struct AclLog {
    entries: Mutex<(VecDeque<Entry>, u64)>,
    entries_max: AtomicUsize,
    counts: [AtomicU64; 4],
}

impl Default for AclLog {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
            entries_max: AtomicUsize::new(ENTRIES_MAX),
            counts: Default::default(),
        }
    }
}

impl AclLog {
    /// Entries that are kept at the most.
    pub fn entries_max(&self) -> usize {
        self.entries_max.load(Relaxed)
    }

    /// Changes how many entries are kept at the most; those that are too many go with the next entry.
    pub fn set_entries_max(&self, entries: usize) {
        self.entries_max.store(entries, Relaxed);
    }

    /// How often something of this kind was denied.
    pub fn count(&self, reason: Reason) -> u64 {
        self.counts[reason as usize].load(Relaxed)
    }

    /// Counts from zero again.
    pub fn reset_counts(&self) {
        self.counts.iter().for_each(|count| count.store(0, Relaxed));
    }

    /// Forgets all entries.
    pub fn clear(&self) {
        self.entries.lock().0.clear();
    }

    /// The newest entries, so many at the most.
    pub fn newest(&self, count: usize) -> Vec<Entry> {
        self.entries.lock().0.iter().take(count).cloned().collect()
    }

    /// Notes what was denied at `now_ms`, in Unix milliseconds.
    pub fn add(
        &self,
        (reason, scene): (Reason, Scene),
        object: &[u8],
        user: &[u8],
        client: String,
        now_ms: u64,
    ) {
        self.counts[reason as usize].fetch_add(1, Relaxed);
        let cut = |bytes: &[u8]| -> Box<[u8]> { bytes[..bytes.len().min(OBJECT_BYTES_MAX)].into() };
        let (object, user) = (cut(object), cut(user));
        let (entries, next_id) = &mut *self.entries.lock();
        let same = |entry: &Entry| {
            entry.reason == reason
                && entry.scene == scene
                && now_ms.abs_diff(entry.updated_ms) <= SAME_WITHIN_MS
                && entry.object == object
                && entry.user == user
        };
        let known = entries.iter().take(LOOKED_AT).position(same).and_then(|at| entries.remove(at));
        let entry = known.map_or_else(
            || {
                let id = *next_id;
                *next_id += 1;
                let client = client.clone();
                let (created_ms, updated_ms) = (now_ms, now_ms);
                let (object, user) = (object.clone(), user.clone());
                Entry { count: 1, reason, scene, object, user, client, id, created_ms, updated_ms }
            },
            |entry| Entry { count: entry.count + 1, client: client.clone(), updated_ms: now_ms, ..entry },
        );
        entries.push_front(entry);
        entries.truncate(self.entries_max());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(log: &AclLog, reason: Reason, object: &str, now_ms: u64) {
        log.add((reason, Scene::TopLevel), object.as_bytes(), b"u", "c".to_owned(), now_ms);
    }

    #[test]
    fn the_same_within_a_minute_counts_up() {
        let log = AclLog::default();
        add(&log, Reason::Key, "a", 1_000);
        add(&log, Reason::Key, "b", 1_000);
        add(&log, Reason::Key, "a", 61_000);
        let entries = log.newest(9);
        assert_eq!((entries.len(), entries[0].count, entries[0].id), (2, 2, 0));
        assert_eq!((entries[0].created_ms, entries[0].updated_ms), (1_000, 61_000));
        add(&log, Reason::Key, "a", 200_000);
        add(&log, Reason::Command, "a", 200_000);
        assert_eq!(log.newest(9).len(), 4);
        assert_eq!((log.count(Reason::Key), log.count(Reason::Command), log.count(Reason::Auth)), (4, 1, 0));
        log.reset_counts();
        log.clear();
        assert_eq!((log.newest(9).len(), log.count(Reason::Key)), (0, 0));
        add(&log, Reason::Key, "z", 200_000);
        assert_eq!(log.newest(9)[0].id, 4);
    }

    #[test]
    fn no_more_is_kept_than_may_be() {
        let log = AclLog::default();
        log.set_entries_max(3);
        (0..10).for_each(|number| add(&log, Reason::Key, &number.to_string(), 0));
        let kept: Vec<_> = log.newest(9).iter().map(|entry| entry.object[0]).collect();
        assert_eq!(kept, b"987");
        add(&log, Reason::Key, &"x".repeat(5000), 0);
        assert_eq!(log.newest(1)[0].object.len(), OBJECT_BYTES_MAX);
    }
}
