//! A named store: a keyspace and the rules that hold for it.
//!
//! A node has a fixed number of slots for stores, each made once and never moved: so whoever runs a command may borrow a
//! store for as long as the command takes, while others make and drop stores. A slot's keyspace stays when its store is
//! dropped, without keys, for the next store there.

pub mod events;
pub mod eviction;
pub mod filters;
pub mod lifecycle;
pub mod names;
pub mod prediction;
pub mod pressure;
pub mod registry;
pub mod script_gate;
pub mod sweep;
pub mod traffic;

pub use pressure::Pressure;
pub use registry::Registry;
pub use script_gate::ScriptGate;

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Acquire;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::Ordering::Release;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::config;
use crate::config::Eviction;
use crate::config::Word;
use crate::keyspace::Census;
use crate::keyspace::Keyspace;
use crate::keyspace::key::HashSeed;
use crate::keyspace::setup::Setup;
use crate::store::eviction::Evictions;
use crate::store::traffic::Traffic;

/// Limits of fewer bytes are compared with exact sums.
const EXACT_BELOW: u64 = 64 << 20;

/// A slot for a named keyspace with its rules.
#[derive(Debug)]
pub struct Store {
    index: usize,
    /// Odd while there is a store here; grows by one when it is made and when it is dropped.
    incarnation: AtomicU32,
    /// Grows whenever keys may lie elsewhere or are gone with their store.
    layout: AtomicU32,
    rules: ArcSwap<config::Store>,
    /// What every command asks for, out of the rules.
    limit_bytes: AtomicU64,
    default_ttl_ms: AtomicU64,
    eviction: AtomicU8,
    evictions: Evictions,
    keyspace: OnceLock<Keyspace>,
    traffic: Traffic,
}

/// A store as somebody has selected it: when it is dropped, this is the end of it, whatever takes its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selected {
    /// What `SELECT` takes.
    pub index: usize,
    /// Which of the stores that have had this index.
    pub incarnation: u32,
}

impl Selected {
    /// The default store, which is always there.
    pub const DEFAULT: Self = Self { index: 0, incarnation: 1 };

    /// Whether a store was there when it was selected.
    fn is_of_a_store(self) -> bool {
        self.incarnation % 2 == 1
    }
}

impl Store {
    /// A slot without a store.
    fn vacant(index: usize) -> Self {
        Self {
            index,
            incarnation: AtomicU32::new(0),
            layout: AtomicU32::new(0),
            rules: ArcSwap::from_pointee(config::Store::named(String::new())),
            limit_bytes: AtomicU64::new(0),
            default_ttl_ms: AtomicU64::new(0),
            eviction: AtomicU8::new(0),
            evictions: Evictions::default(),
            keyspace: OnceLock::new(),
            traffic: Traffic::default(),
        }
    }

    /// What `SELECT` takes; also the store's number in meters.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Whether there is a store in the slot.
    pub fn is_live(&self) -> bool {
        self.selected().is_of_a_store()
    }

    /// The store that is here now.
    pub fn selected(&self) -> Selected {
        Selected { index: self.index, incarnation: self.incarnation.load(Acquire) }
    }

    /// Changes whenever keys may lie elsewhere, or are gone with their store. It stays the same while a shard is locked.
    pub fn layout(&self) -> u32 {
        self.layout.load(Acquire)
    }

    /// Its rules as they are now.
    pub fn rules(&self) -> Arc<config::Store> {
        self.rules.load_full()
    }

    /// What of it is kept on disk.
    pub fn persistence_mode(&self) -> config::PersistenceMode {
        self.rules.load().persistence.mode
    }

    /// Whether each of its changes is on disk before it is acknowledged.
    pub fn syncs_always(&self) -> bool {
        let persistence = &self.rules.load().persistence;
        persistence.mode.logs() && persistence.fsync == config::Fsync::Always
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.rules.load().name.clone()
    }

    /// Bytes it may hold; 0: no limit of its own.
    pub fn limit_bytes(&self) -> u64 {
        self.limit_bytes.load(Relaxed)
    }

    /// What gives way when the limit is reached, in the configuration's word.
    pub fn policy_word(&self) -> &'static str {
        self.eviction().word()
    }

    /// Time to live of keys written without one, in whole milliseconds.
    pub fn default_ttl(&self) -> Option<Duration> {
        let millis = self.default_ttl_ms.load(Relaxed);
        (millis != 0).then_some(Duration::from_millis(millis))
    }

    /// What gives way when its limit is reached.
    pub fn eviction(&self) -> Eviction {
        Eviction::WORDS
            .get(usize::from(self.eviction.load(Relaxed)))
            .map_or(Eviction::None, |(_, policy)| *policy)
    }

    /// Its keys. A slot that never had a store has none and is not asked.
    pub fn keyspace(&self) -> &Keyspace {
        self.keyspace.get().expect("whoever has a store got it from a slot that had one")
    }

    /// The slot's keyspace, where it has had a store.
    pub(crate) fn keyspace_if_made(&self) -> Option<&Keyspace> {
        self.keyspace.get()
    }

    /// Which of its keys have most of its accesses.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// What it remembers of making room.
    pub fn evictions(&self) -> &Evictions {
        &self.evictions
    }

    /// Bytes that it holds, its tables among them, as exactly as a limit of so many bytes needs it: a small one is passed
    /// by few keys, for a large one a single load will do. Takes no lock.
    pub fn about_bytes(&self, limit: u64) -> u64 {
        if limit < EXACT_BELOW {
            self.census().total_bytes() as u64
        } else {
            self.keyspace().about_bytes() as u64
        }
    }

    /// Its sizes; takes no lock.
    pub fn census(&self) -> Census {
        self.keyspace().census()
    }

    /// Makes rules hold.
    fn set_rules(&self, rules: config::Store) {
        let millis = u64::try_from(rules.default_ttl.as_millis()).unwrap_or(u64::MAX);
        self.limit_bytes.store(rules.max_memory, Relaxed);
        self.default_ttl_ms.store(millis, Relaxed);
        let policy = Eviction::WORDS.iter().position(|(_, policy)| *policy == rules.eviction);
        self.eviction.store(policy.and_then(|at| u8::try_from(at).ok()).unwrap_or(0), Relaxed);
        self.rules.store(Arc::new(rules));
    }

    /// Lets a store begin in the slot, or end.
    fn turn(&self) {
        self.incarnation.fetch_add(1, Release);
    }

    /// Notes that keys may lie elsewhere from here on; all shards are locked.
    fn note_layout(&self) {
        self.layout.fetch_add(1, Release);
    }
}

/// What a keyspace needs to know of a store's rules.
fn setup(rules: &config::Store, seed: HashSeed) -> Setup {
    Setup {
        seed,
        by_session: rules.eviction == Eviction::Session,
        filter: rules.cuckoo_filter,
        miss_history: usize::try_from(rules.miss_history).unwrap_or(usize::MAX),
        key_journal: rules.key_journal,
    }
}
