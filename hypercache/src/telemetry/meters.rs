//! Counters and histograms of the hot path: plain sums, one set per thread, joined when somebody reads.
//!
//! A thread writes only to its own set, with a relaxed load and store, so that no two cores fight over a line. Cells
//! of a (store, command) pair are allocated when the pair is first seen. A set outlives its thread and is handed to
//! the next new one, so no count is lost and threads that come and go cost no memory.

mod cells;
mod names;
mod totals;
mod weight;

pub use cells::Proto;
pub use totals::CommandTotals;
pub use totals::LatencyTotals;
pub use totals::Series;
pub use totals::StoreTotals;
pub use totals::Totals;

use crate::config::STORES_MAX;
use crate::telemetry::buckets::LAG_BUCKETS;
use cells::Shard;
use names::Names;
use parking_lot::Mutex;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// Label of commands that are not in the command table.
pub const OTHER: &str = "_OTHER";

/// Error prefixes that have a label of their own; the last stands for all others.
pub const ERROR_TYPES: [&str; 30] = [
    "ERR",
    "WRONGTYPE",
    "OOM",
    "NOAUTH",
    "WRONGPASS",
    "NOPERM",
    "SYNTAX",
    "EXECABORT",
    "NOPROTO",
    "NOSCRIPT",
    "NOTBUSY",
    "BUSY",
    "BUSYKEY",
    "BUSYGROUP",
    "NOGROUP",
    "UNKILLABLE",
    "LOADING",
    "READONLY",
    "MISCONF",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "CROSSSLOT",
    "MOVED",
    "ASK",
    "TRYAGAIN",
    "UNBLOCKED",
    "INVALIDOBJ",
    "NOREPLICAS",
    "NOSTORE",
    OTHER,
];

/// Why a read did not find its key. What was never seen includes what is forgotten.
pub const MISS_REASONS: [&str; 4] = ["never_seen", "deleted", "expired", "evicted"];

/// One executed command.
#[derive(Debug, Clone, Copy)]
pub struct CommandSample {
    /// Index into the command names; what is beyond them counts as `_OTHER`.
    pub command: u16,
    /// Index into the store names.
    pub store: u16,
    /// The reply was an error.
    pub failed: bool,
    /// From the bytes being read to the reply being in the output buffer.
    pub service_ns: u64,
    /// The execution alone.
    pub execution_ns: u64,
}

/// One pass over what a client had sent.
#[derive(Debug, Clone, Copy)]
pub struct BatchSample {
    /// How the client speaks.
    pub proto: Proto,
    /// Commands answered.
    pub commands: u32,
    /// Bytes read from the client.
    pub bytes_in: u64,
    /// Bytes written to the client.
    pub bytes_out: u64,
}

/// How an expired key was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiryMode {
    /// By a command that asked for it.
    Lazy,
    /// By a sweep.
    Active,
}

/// The hot path's counters of one node.
#[derive(Debug)]
pub struct Meters {
    id: u64,
    this: Weak<Meters>,
    commands: Vec<String>,
    stores: Mutex<Names>,
    other: usize,
    shards: Mutex<Shards>,
}

#[derive(Debug, Default)]
struct Shards {
    all: Vec<Arc<Shard>>,
    /// Those whose thread has ended.
    free: Vec<Arc<Shard>>,
}

thread_local! {
    /// This thread's shards: one, unless a process holds several nodes.
    static LOCAL: RefCell<Vec<Local>> = const { RefCell::new(Vec::new()) };
}

struct Local {
    id: u64,
    shard: Arc<Shard>,
    home: Weak<Meters>,
}

impl Drop for Local {
    fn drop(&mut self) {
        if let Some(home) = self.home.upgrade() {
            home.shards.lock().free.push(self.shard.clone());
        }
    }
}

impl Meters {
    /// Empty meters; the index into `commands` and `stores` is what samples carry.
    pub(super) fn new(mut commands: Vec<String>, stores: Vec<String>) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let other = commands.iter().position(|name| name == OTHER).unwrap_or_else(|| {
            commands.push(OTHER.to_owned());
            commands.len() - 1
        });
        let stores = if stores.is_empty() { vec!["default".to_owned()] } else { stores };
        let stores = Mutex::new(Names::new(stores));
        let id = NEXT.fetch_add(1, Relaxed);
        Arc::new_cyclic(|this| Self {
            id,
            this: this.clone(),
            commands,
            stores,
            other,
            shards: Mutex::new(Shards::default()),
        })
    }

    /// Names of the commands, by index; `_OTHER` is among them.
    pub fn command_names(&self) -> &[String] {
        &self.commands
    }

    /// Names of the stores that there are.
    pub fn store_names(&self) -> Vec<Arc<str>> {
        self.stores.lock().present().collect()
    }

    /// Gives an index to a new store, or to none: what has been counted for it so far is no longer told by its name.
    ///
    /// The cells themselves go on, since their threads alone may write them; what they tell now is taken off later.
    pub fn name_store(&self, store: usize, name: Option<&str>) {
        let mut names = self.stores.lock();
        let base = totals::Base::of(self, store);
        names.rename(store, name, base);
    }

    /// The name of a command, `_OTHER` if there is none.
    pub fn command_name(&self, command: u16) -> &str {
        &self.commands[self.command_index(command)]
    }

    /// The name of a store, or of the last one with its index.
    pub fn store_name(&self, store: u16) -> Arc<str> {
        self.stores.lock().last(usize::from(store))
    }

    /// Counts a command and its durations.
    #[inline]
    pub fn command(&self, sample: CommandSample) {
        let (store, command) = (self.store_index(sample.store), self.command_index(sample.command));
        self.with(|shard| shard.store(store).command(command, sample));
    }

    /// Counts an error reply by its prefix; unknown prefixes count as `_OTHER`.
    pub fn error(&self, command: u16, error_type: &str) {
        let command = self.command_index(command);
        let kind = error_type_index(error_type);
        self.with(|shard| shard.error(command, kind));
    }

    /// Counts a command, counted as failed as well, that was refused before it ran.
    pub fn refused(&self, command: u16) {
        let command = self.command_index(command);
        self.with(|shard| shard.refused(command));
    }

    /// Counts a command over the threshold.
    pub fn slow(&self, command: u16) {
        let command = self.command_index(command);
        self.with(|shard| shard.slow(command));
    }

    /// Counts keys that reading commands found, and those that they did not find and that were never seen.
    #[inline]
    pub fn lookups(&self, store: u16, hits: u32, never_seen: u32) {
        let store = self.store_index(store);
        self.with(|shard| shard.store(store).lookups(hits, never_seen));
    }

    /// Counts keys that reading commands did not find because they have left, by the rest of `MISS_REASONS`.
    pub fn missed(&self, store: u16, departed: [u32; MISS_REASONS.len() - 1]) {
        let store = self.store_index(store);
        self.with(|shard| shard.store(store).missed(departed));
    }

    /// Counts changes to data.
    #[inline]
    pub fn changed(&self, store: u16, changes: u32) {
        let store = self.store_index(store);
        self.with(|shard| shard.store(store).changed(changes));
    }

    /// Counts a pass over a client's input.
    #[inline]
    pub fn batch(&self, batch: BatchSample) {
        self.with(|shard| shard.batch(batch));
    }

    /// Counts keys whose time was over.
    pub fn expired(&self, store: u16, mode: ExpiryMode, keys: u64) {
        let store = self.store_index(store);
        self.with(|shard| shard.store(store).expired(mode, keys));
    }

    /// Counts fields of hashes whose time was over.
    pub fn expired_fields(&self, store: u16, mode: ExpiryMode, fields: u64) {
        let store = self.store_index(store);
        self.with(|shard| shard.store(store).expired_fields(mode, fields));
    }

    /// Counts sessions whose time was over.
    pub fn expired_sessions(&self, store: u16, mode: ExpiryMode, sessions: u64) {
        let store = self.store_index(store);
        self.with(|shard| shard.store(store).expired_sessions(mode, sessions));
    }

    /// Counts how late keys were removed: how many in each bucket of `buckets::LAG_SECONDS`, and the sum in milliseconds.
    pub fn expiry_lags(&self, store: u16, counts: &[u32; LAG_BUCKETS], sum_ms: u64) {
        let store = self.store_index(store);
        self.with(|shard| shard.store(store).expiry_lags(counts, sum_ms));
    }

    /// The sums over all threads.
    pub fn totals(&self) -> Totals {
        Totals::gather(self)
    }

    /// Everybody's cells, those of ended threads too.
    fn all(&self) -> Vec<Arc<Shard>> {
        self.shards.lock().all.clone()
    }

    #[inline]
    fn command_index(&self, command: u16) -> usize {
        let index = usize::from(command);
        if index < self.commands.len() { index } else { self.other }
    }

    #[inline]
    fn store_index(&self, store: u16) -> usize {
        usize::from(store).min(STORES_MAX - 1)
    }

    /// Runs `write` on this thread's shard.
    #[inline]
    fn with(&self, write: impl FnOnce(&Shard)) {
        let mut write = Some(write);
        let found = LOCAL.try_with(|locals| {
            let locals = locals.borrow();
            match locals.iter().find(|local| local.id == self.id) {
                Some(local) => {
                    if let Some(write) = write.take() {
                        write(&local.shard);
                    }
                }
                None => {
                    drop(locals);
                    let shard = self.adopt();
                    if let Some(write) = write.take() {
                        write(&shard);
                    }
                }
            }
        });
        if found.is_err()
            && let Some(write) = write.take()
        {
            self.write_while_thread_ends(write);
        }
    }

    /// Makes a shard this thread's own.
    #[cold]
    fn adopt(&self) -> Arc<Shard> {
        let shard = {
            let mut shards = self.shards.lock();
            shards.free.pop().unwrap_or_else(|| {
                let shard = Arc::new(Shard::new(self.commands.len(), STORES_MAX));
                shards.all.push(shard.clone());
                shard
            })
        };
        let local = Local { id: self.id, shard: shard.clone(), home: self.this.clone() };
        LOCAL.with(|locals| {
            let mut locals = locals.borrow_mut();
            locals.retain(|local| local.home.strong_count() > 0);
            locals.push(local);
        });
        shard
    }

    /// A destructor that still counts when the thread's locals are gone borrows a free shard under the lock.
    #[cold]
    fn write_while_thread_ends(&self, write: impl FnOnce(&Shard)) {
        let mut shards = self.shards.lock();
        let shard = shards.free.pop().unwrap_or_else(|| {
            let shard = Arc::new(Shard::new(self.commands.len(), STORES_MAX));
            shards.all.push(shard.clone());
            shard
        });
        write(&shard);
        shards.free.push(shard);
    }
}

fn error_type_index(error_type: &str) -> usize {
    ERROR_TYPES.iter().position(|known| *known == error_type).unwrap_or(ERROR_TYPES.len() - 1)
}

#[cfg(test)]
mod tests;
