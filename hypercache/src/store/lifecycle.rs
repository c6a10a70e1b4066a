//! Stores that come, change and go while commands run.
//!
//! Whoever changes a store in a way that others could trip over holds the locks of all its shards meanwhile, and lets the
//! registry's epoch grow. So whoever holds the lock of one shard may rely on its store, and whoever has yet to take a lock
//! notices.

use std::sync::Arc;

use thiserror::Error;

use crate::config;
use crate::keyspace::Census;
use crate::keyspace::Keyspace;
use crate::keyspace::LockedShard;
use crate::keyspace::shard::Shard;
use crate::store::Registry;
use crate::store::Store;
use crate::store::script_gate::Denied;
use crate::store::script_gate::Overdue;

/// Why a store is not made, changed or dropped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A script that has run for too long holds a lock.
    #[error("a script has run for too long")]
    Busy(Overdue),
    /// There is no slot left.
    #[error("there are {} stores, the most that a node has", config::STORES_MAX)]
    Full,
    /// Another store has the name.
    #[error("a store of this name exists already")]
    Taken,
    /// There is no such store.
    #[error("there is no such store")]
    Unknown,
    /// The default store is always there.
    #[error("the default store cannot be dropped")]
    Default,
    /// What is to change needs a store that has no keys and for which nobody waits.
    #[error("this can change only while the store has no keys and no client waits for one")]
    InUse,
    /// The rules break those of the configuration.
    #[error("{0}")]
    Invalid(String),
}

/// A store that was changed.
#[derive(Debug)]
pub struct Altered {
    /// Its index.
    pub index: usize,
    /// The rules until now.
    pub before: Arc<config::Store>,
    /// The rules from now on.
    pub after: Arc<config::Store>,
}

/// A store that was dropped.
#[derive(Debug)]
pub struct Dropped {
    /// The index that it had.
    pub index: usize,
    /// Its rules.
    pub rules: Arc<config::Store>,
    /// Its sizes at the end.
    pub census: Census,
    /// Its keys, for whoever has the time to drop them.
    pub shards: Vec<Shard>,
}

impl Registry {
    /// Makes a store; its index. `named` is called before anybody can see it.
    pub fn create(&self, rules: config::Store, named: impl FnOnce(usize, &str)) -> Result<usize, Refusal> {
        config::check_store(&rules).map_err(Refusal::Invalid)?;
        let _changing = self.changing.lock();
        if self.all().any(|store| store.rules().name == rules.name) {
            return Err(Refusal::Taken);
        }
        let slot = self.vacancy().ok_or(Refusal::Full)?;
        let keyspace = slot.keyspace_if_made();
        // Nobody has got hold of a slot that never had a store.
        let mut held = keyspace.map_or(Ok(Vec::new()), |keyspace| self.lock_all(keyspace))?;
        if let Some(keyspace) = keyspace {
            let changed = keyspace.reconfigure(super::setup(&rules, self.seed), &mut held);
            changed.expect("nobody writes to a slot without a store");
            held.iter_mut().for_each(|shard| shard.forget_lookups());
        }
        named(slot.index(), &rules.name);
        self.fill(slot, rules, &mut held);
        drop(held);
        slot.count_usage();
        Ok(slot.index())
    }

    /// Lets other rules hold for the store that an index or a name tells; its name stays.
    pub fn alter(
        &self,
        index_or_name: &[u8],
        change: impl FnOnce(&mut config::Store),
    ) -> Result<Altered, Refusal> {
        let _changing = self.changing.lock();
        let store = self.find(index_or_name).ok_or(Refusal::Unknown)?;
        let before = store.rules();
        let mut after = config::Store::clone(&before);
        change(&mut after);
        after.name.clone_from(&before.name);
        config::check_store(&after).map_err(Refusal::Invalid)?;
        let (old, new) = (super::setup(&before, self.seed), super::setup(&after, self.seed));
        let held = if old == new {
            Vec::new()
        } else {
            let keyspace = store.keyspace();
            let mut held = self.lock_all(keyspace)?;
            let is_moved = old.by_session != new.by_session;
            let waited_for = held.iter_mut().any(|shard| !shard.waits().is_empty());
            if waited_for && is_moved {
                return Err(Refusal::InUse);
            }
            keyspace.reconfigure(new, &mut held).map_err(|_| Refusal::InUse)?;
            if is_moved {
                store.note_layout();
                self.advance();
            }
            held
        };
        store.set_rules(after);
        drop(held);
        store.count_usage();
        Ok(Altered { index: store.index(), before, after: store.rules() })
    }

    /// Drops the store that an index or a name tells, with all its keys. `told` is called at its end, while its shards are
    /// locked.
    pub fn remove(&self, index_or_name: &[u8], told: impl FnOnce(&Store)) -> Result<Dropped, Refusal> {
        let _changing = self.changing.lock();
        let store = self.find(index_or_name).ok_or(Refusal::Unknown)?;
        if store.index() == 0 {
            return Err(Refusal::Default);
        }
        let keyspace = store.keyspace();
        let mut held = self.lock_all(keyspace)?;
        let census = keyspace.census();
        let take = |shard: &mut LockedShard<'_>| {
            let taken = shard.take(keyspace.empty_shard());
            shard.forget();
            // Whoever waits is told below.
            drop(shard.waits().take_changed());
            taken
        };
        let shards = held.iter_mut().map(take).collect();
        self.empty(store);
        told(store);
        Ok(Dropped { index: store.index(), rules: store.rules(), census, shards })
    }

    /// Locks all shards of a store; other locks are not held.
    fn lock_all<'a>(&self, keyspace: &'a Keyspace) -> Result<Vec<LockedShard<'a>>, Refusal> {
        let gate = self.script_gate();
        'again: loop {
            let mut held = Vec::with_capacity(keyspace.shards());
            for shard in 0..keyspace.shards() {
                match gate.lock(keyspace, shard, !held.is_empty()) {
                    Ok(locked) => held.push(locked),
                    Err(Denied::Busy(overdue)) => return Err(Refusal::Busy(overdue)),
                    Err(Denied::GiveWay) => {
                        drop(held);
                        gate.wait();
                        continue 'again;
                    }
                }
            }
            return Ok(held);
        }
    }
}

#[cfg(test)]
mod tests;
