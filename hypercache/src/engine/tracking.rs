//! Client-side caching: remembers what clients have read and tells them when it no longer holds.
//!
//! What is read is remembered, and what has changed is told, while the shard of the key is locked. So whoever has a value
//! in its cache is told of the first change after it was read, whenever that comes. Keys are told by name alone: those of
//! the same name in several stores are taken for each other, as in Redis.

pub mod message;
pub mod mode;
pub mod table;

pub use mode::ClientTracking;
pub use mode::Mode;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use hashbrown::HashMap;
use parking_lot::Mutex;

use crate::engine::client::Client;
use crate::engine::client::Clients;
use crate::engine::tracking::message::Invalid;
use crate::engine::tracking::table::Readers;
use crate::engine::tracking::table::Table;
use crate::store::Registry;

/// Keys that are remembered at most unless `tracking-table-max-keys` says otherwise; Redis's default.
const KEYS_MAX: usize = 1_000_000;
/// Keys that are forgotten under one hold of the lock.
const FORGOTTEN_PER_HOLD: usize = 1000;

/// A key that has changed, and the client that changed it; 0: nobody did, its time was over.
pub type Change = (Box<[u8]>, u64);

type Prefixes = BTreeSet<Box<[u8]>>;

/// Knows who tracks, and what.
#[derive(Debug)]
pub struct Tracking {
    registry: Arc<Registry>,
    clients: Arc<Clients>,
    /// Keys to be remembered at most; 0: any number.
    keys_max: AtomicUsize,
    /// As many as `State::prefixes` has.
    prefixes: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    trackers: HashMap<u64, Tracker>,
    table: Table,
    /// The prefixes of those who track in broadcast mode, each with their ids.
    prefixes: BTreeMap<Box<[u8]>, BTreeSet<u64>>,
}

#[derive(Debug)]
struct Tracker {
    client: Arc<Client>,
    prefixes: Prefixes,
}

/// How much is tracked.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Clients that track.
    pub clients: usize,
    /// Keys remembered.
    pub keys: usize,
    /// Readers of all of them together.
    pub items: usize,
    /// Prefixes in broadcast mode.
    pub prefixes: usize,
}

/// A client's tracking; ends when dropped.
#[derive(Debug)]
pub struct Tracked {
    tracking: Arc<Tracking>,
    client: Arc<Client>,
}

impl Tracking {
    /// Nobody tracks yet.
    pub fn new(registry: Arc<Registry>, clients: Arc<Clients>) -> Self {
        Self {
            registry,
            clients,
            keys_max: AtomicUsize::new(KEYS_MAX),
            prefixes: AtomicUsize::new(0),
            state: Mutex::default(),
        }
    }

    /// Lets a client track that did not, or in another mode than before; to the prefixes it has these are added.
    pub fn start(&self, client: &Arc<Client>, mode: Mode, prefixes: &[&[u8]]) {
        if let Some(target) = self.clients.get(mode.redirect) {
            target.listen_for_others();
        }
        let mut state = self.state.lock();
        let State { trackers, prefixes: known, .. } = &mut *state;
        let tracker = trackers.entry(client.id).or_insert_with(|| {
            self.registry.interests().add_tracker();
            Tracker { client: Arc::clone(client), prefixes: Prefixes::new() }
        });
        // Without a prefix: all keys.
        let all: &[&[u8]] = &[b""];
        let added = if mode.broadcast && prefixes.is_empty() { all } else { prefixes };
        for prefix in added {
            known.entry((*prefix).into()).or_default().insert(client.id);
            tracker.prefixes.insert((*prefix).into());
        }
        self.prefixes.store(known.len(), Relaxed);
        client.tracking.set(Some(mode));
    }

    fn end(&self, client: &Client) {
        client.tracking.set(None);
        let mut state = self.state.lock();
        let Some(tracker) = state.trackers.remove(&client.id) else { return };
        for prefix in tracker.prefixes {
            if let Some(ids) = state.prefixes.get_mut(&prefix) {
                ids.remove(&client.id);
                if ids.is_empty() {
                    state.prefixes.remove(&prefix);
                }
            }
        }
        self.prefixes.store(state.prefixes.len(), Relaxed);
        // What it has read stays until it changes, as in Redis: to find it would take a list for each client.
        let forgotten = state.trackers.is_empty().then(|| std::mem::take(&mut state.table));
        drop(state);
        drop(forgotten);
        self.registry.interests().remove_tracker();
    }

    /// The prefixes of a client in broadcast mode, in order.
    pub fn prefixes_of(&self, client: u64) -> Vec<Box<[u8]>> {
        let state = self.state.lock();
        state
            .trackers
            .get(&client)
            .map_or_else(Vec::new, |tracker| tracker.prefixes.iter().cloned().collect())
    }

    /// Remembers that a client has read these keys, whose shards are still locked.
    pub fn remember<'k>(&self, client: &Client, keys: impl Iterator<Item = &'k [u8]>) {
        let keys_max = self.keys_max.load(Relaxed);
        let mut state = self.state.lock();
        for key in keys {
            state.table.add(key, client.id);
            if keys_max != 0 && state.table.keys() > keys_max {
                self.forget_one(&mut state);
            }
        }
    }

    /// Tells who has read a key that it no longer holds. The key's shard is still locked; `by` is the client whose
    /// command is under way, 0: none.
    pub fn invalidate(&self, key: &[u8], by: u64) {
        let mut state = self.state.lock();
        let readers = state.table.remove(key);
        self.tell(&state, &readers, key, by);
    }

    fn tell(&self, state: &State, readers: &Readers, key: &[u8], by: u64) {
        for tracker in readers.iter().filter_map(|id| state.trackers.get(id)) {
            let Some(mode) = tracker.client.tracking.mode() else { continue };
            if mode.broadcast || mode.no_loop && tracker.client.id == by {
                continue;
            }
            message::send(&self.clients, &tracker.client, mode.redirect, Invalid::Keys(&[key]));
        }
    }

    /// Tells everybody that nothing holds any more.
    pub fn invalidate_all(&self) {
        let mut state = self.state.lock();
        let forgotten = std::mem::take(&mut state.table);
        for tracker in state.trackers.values() {
            if let Some(mode) = tracker.client.tracking.mode() {
                message::send(&self.clients, &tracker.client, mode.redirect, Invalid::All);
            }
        }
        drop(state);
        drop(forgotten);
    }

    /// Whether somebody wants to hear of changes by prefix. Read under a shard's lock, it knows of all who have read a key
    /// of it since.
    pub fn broadcasts(&self) -> bool {
        self.prefixes.load(Relaxed) > 0
    }

    /// Tells those in broadcast mode what has changed: one message for each of their prefixes.
    pub fn broadcast(&self, changes: &[Change]) {
        // Of a key that has changed several times the last one counts.
        let last: BTreeMap<&[u8], u64> = changes.iter().map(|(key, by)| (&**key, *by)).collect();
        let state = self.state.lock();
        for (prefix, ids) in &state.prefixes {
            let matching = || last.iter().filter(|(key, _)| key.starts_with(prefix));
            let all: Vec<&[u8]> = matching().map(|(key, _)| *key).collect();
            for tracker in ids.iter().filter_map(|id| state.trackers.get(id)) {
                let Some(mode) = tracker.client.tracking.mode() else { continue };
                let of_others: Vec<&[u8]>;
                let keys = if mode.no_loop {
                    of_others =
                        matching().filter(|(_, by)| **by != tracker.client.id).map(|(key, _)| *key).collect();
                    &of_others
                } else {
                    &all
                };
                if !keys.is_empty() {
                    message::send(&self.clients, &tracker.client, mode.redirect, Invalid::Keys(keys));
                }
            }
        }
    }

    /// Keys that are remembered at most; 0: any number.
    pub fn keys_max(&self) -> usize {
        self.keys_max.load(Relaxed)
    }

    /// Changes how many keys are remembered at most; what is too much is forgotten, and told as if it had changed.
    pub fn set_keys_max(&self, keys_max: usize) {
        self.keys_max.store(keys_max, Relaxed);
        let mut more = keys_max != 0;
        while more {
            let mut state = self.state.lock();
            let surplus = state.table.keys().saturating_sub(keys_max);
            (0..surplus.min(FORGOTTEN_PER_HOLD)).for_each(|_| self.forget_one(&mut state));
            more = surplus > FORGOTTEN_PER_HOLD;
        }
    }

    fn forget_one(&self, state: &mut State) {
        if let Some((key, readers)) = state.table.evict() {
            self.tell(state, &readers, &key, 0);
        }
    }

    /// Bytes of what is remembered.
    pub fn held_bytes(&self) -> usize {
        self.state.lock().table.held_bytes()
    }

    /// How much is tracked.
    pub fn totals(&self) -> Totals {
        let state = self.state.lock();
        Totals {
            clients: state.trackers.len(),
            keys: state.table.keys(),
            items: state.table.items(),
            prefixes: state.prefixes.len(),
        }
    }
}

impl Tracked {
    /// Of a client that has started or is about to.
    pub fn new(tracking: Arc<Tracking>, client: Arc<Client>) -> Self {
        Self { tracking, client }
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.tracking.end(&self.client);
    }
}

#[cfg(test)]
mod tests;
