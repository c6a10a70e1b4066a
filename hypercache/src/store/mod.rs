//! A named store: a keyspace and the rules that hold for it.

pub mod events;
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

/// A named keyspace with its rules.
#[derive(Debug)]
pub struct Store {
    index: usize,
    rules: config::Store,
    keyspace: Keyspace,
}

impl Store {
    /// An empty store.
    pub fn new(index: usize, rules: config::Store, shards: usize, seed: HashSeed) -> Self {
        let setup = Setup {
            seed,
            by_session: rules.eviction == config::Eviction::Session,
            filter: rules.cuckoo_filter,
        };
        Self { index, rules, keyspace: Keyspace::new(shards, setup) }
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

    /// Its sizes; takes no lock.
    pub fn census(&self) -> Census {
        self.keyspace.census()
    }
}
