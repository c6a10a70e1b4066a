//! `MULTI`, `EXEC` and `WATCH`: commands that wait for each other, and keys that must not change meanwhile.

use std::sync::Arc;

use crate::command::Command;
use crate::command::context::Locks;
use crate::command::spec::Keys;
use crate::command::spec::Run;
use crate::command::spec::SessionCommand;
use crate::keyspace::entry::UnixMillis;
use crate::resp::Args;
use crate::resp::OwnedArgs;
use crate::resp::args::Span;
use crate::store::Registry;

/// A command that waits for `EXEC`.
#[derive(Clone)]
pub struct Queued {
    /// What it asks for.
    pub command: &'static Command,
    /// Its arguments.
    pub args: OwnedArgs,
}

/// What has been queued since `MULTI`.
#[derive(Default)]
pub struct Transaction {
    /// The commands, in order.
    pub queued: Vec<Queued>,
    /// What they measure together, in bytes.
    pub bytes: usize,
    /// A command could not be queued: `EXEC` will refuse them all.
    pub spoiled: bool,
}

impl Transaction {
    /// Bytes that it takes to keep `args`: an empty argument has a place, too.
    pub fn measure(args: Args<'_>) -> usize {
        args.bytes() + args.len() * size_of::<Span>()
    }

    /// Takes in a command; one that will be refused with the rest need not be kept.
    pub fn push(&mut self, command: &'static Command, args: Args<'_>) {
        if !self.spoiled {
            self.bytes += Self::measure(args);
            self.queued.push(Queued { command, args: args.to_owned() });
        }
    }

    /// Has `EXEC` refuse it, and gives up what was queued.
    pub fn spoil(&mut self) {
        *self = Self { spoiled: true, ..Self::default() };
    }
}

/// The keys that a client watches; given up when dropped.
pub struct WatchList {
    registry: Arc<Registry>,
    keys: Vec<WatchedKey>,
}

struct WatchedKey {
    store: usize,
    key: Box<[u8]>,
    changes: u64,
}

impl WatchList {
    /// Watches nothing yet.
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { registry, keys: Vec::new() }
    }

    /// Watches a key from now on. One whose time is over already counts as not there.
    pub fn add(&mut self, store: usize, key: &[u8], now: UnixMillis) {
        if self.keys.iter().any(|watched| watched.store == store && *watched.key == *key) {
            return;
        }
        let Some(found) = self.registry.get(store) else { return };
        let keyspace = found.keyspace();
        let hashed = keyspace.hashed(key);
        let mut shard = keyspace.lock(keyspace.shard_of(hashed.hash));
        if shard.get(hashed).is_some_and(|entry| entry.expired(now)) {
            shard.remove(hashed);
        }
        let changes = shard.watches().begin(hashed.hash);
        self.keys.push(WatchedKey { store, key: key.into(), changes });
    }

    /// How many keys are watched.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key is watched.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether no key has changed; `locks` cover them all.
    pub fn unchanged(&self, locks: &mut Locks<'_>, now: UnixMillis) -> bool {
        self.keys.iter().all(|watched| {
            locks.changes(&self.registry, watched.store, &watched.key, now) == Some(watched.changes)
        })
    }
}

impl Drop for WatchList {
    fn drop(&mut self) {
        for WatchedKey { store, key, .. } in &self.keys {
            let Some(found) = self.registry.get(*store) else { continue };
            let keyspace = found.keyspace();
            let hash = keyspace.hashed(key).hash;
            keyspace.lock(keyspace.shard_of(hash)).watches().end(hash);
        }
    }
}

/// Locks all that the queued commands and the watched keys need, for a client that has selected `store`. A command that
/// works on data and names no keys, or not all of them, may touch any.
pub fn lock<'a>(
    registry: &'a Registry,
    mut store: usize,
    queued: &[Queued],
    watched: Option<&WatchList>,
) -> Locks<'a> {
    let anywhere = |queued: &Queued| {
        let spec = queued.command.spec;
        matches!(spec.run, Run::Data(_)) && (spec.keys == Keys::None || spec.roams_with(queued.args.view()))
    };
    if queued.iter().any(anywhere) {
        return Locks::of_all(registry);
    }
    let mut keys: Vec<(usize, &[u8])> = Vec::new();
    for Queued { command, args } in queued {
        let args = args.view();
        if matches!(command.spec.run, Run::Session(SessionCommand::Select)) {
            // One that names no store fails later and changes nothing.
            store = args.get(1).and_then(|name| registry.find(name)).map_or(store, |found| found.index());
        }
        if !matches!(command.spec.run, Run::Data(_)) {
            continue;
        }
        keys.extend(command.spec.keys.positions(args).filter_map(|at| Some((store, args.get(at)?))));
        if let Some(Ok(Some((other, at)))) = command.spec.other_store.map(|plan| plan(args, registry)) {
            keys.extend(args.get(at).map(|key| (other, key)));
        }
    }
    let watched =
        watched.into_iter().flat_map(|list| list.keys.iter().map(|watched| (watched.store, &*watched.key)));
    Locks::of_keys(registry, keys.into_iter().chain(watched))
}
