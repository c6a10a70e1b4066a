//! A named store: a keyspace and the rules that hold for it.

pub mod events;
pub mod eviction;
pub mod registry;
pub mod script_gate;
pub mod sweep;

pub use registry::Registry;
pub use script_gate::ScriptGate;

use std::time::Duration;

use crate::config;
use crate::keyspace::Census;
use crate::keyspace::Keyspace;
use crate::keyspace::key::HashSeed;
use crate::keyspace::setup::Setup;
use crate::store::eviction::Eviction;

/// Limits of fewer bytes are compared with exact sums.
const EXACT_BELOW: u64 = 64 << 20;

/// A named keyspace with its rules.
#[derive(Debug)]
pub struct Store {
    index: usize,
    rules: config::Store,
    keyspace: Keyspace,
    eviction: Eviction,
}

impl Store {
    /// An empty store.
    pub fn new(index: usize, rules: config::Store, shards: usize, seed: HashSeed) -> Self {
        let setup = Setup {
            seed,
            by_session: rules.eviction == config::Eviction::Session,
            filter: rules.cuckoo_filter,
        };
        let eviction = Eviction::new(rules.eviction);
        let store = Self { index, rules, keyspace: Keyspace::new(shards, setup), eviction };
        store.set_eviction(store.eviction.rule());
        store
    }

    /// What `SELECT` takes; also the store's number in meters.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.rules.name
    }

    /// Bytes it may hold; 0: no limit of its own.
    pub fn limit_bytes(&self) -> u64 {
        self.rules.max_memory
    }

    /// Time to live of keys written without one.
    pub fn default_ttl(&self) -> Option<Duration> {
        (!self.rules.default_ttl.is_zero()).then_some(self.rules.default_ttl)
    }

    /// Its keys.
    pub fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    /// How it makes room.
    pub fn eviction(&self) -> &Eviction {
        &self.eviction
    }

    /// Bytes that it holds, its tables among them, as exactly as a limit of so many bytes needs it: a small one is passed
    /// by few keys, for a large one a single load will do. Takes no lock.
    pub fn about_bytes(&self, limit: u64) -> u64 {
        if limit < EXACT_BELOW {
            self.census().total_bytes() as u64
        } else {
            self.keyspace.about_bytes() as u64
        }
    }

    /// Its sizes; takes no lock.
    pub fn census(&self) -> Census {
        self.keyspace.census()
    }
}
