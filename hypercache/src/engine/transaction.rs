//! `MULTI`, `EXEC` and `WATCH`: commands that wait for each other, and keys that must not change meanwhile.

use std::sync::Arc;

use crate::command::Command;
use crate::command::Context;
use crate::command::ReplyError;
use crate::command::context::Locks;
use crate::command::context::Place;
use crate::command::context::Places;
use crate::command::context::Stamp;
use crate::command::error;
use crate::command::spec::Flags;
use crate::command::spec::Keys;
use crate::command::spec::Run;
use crate::command::spec::SessionCommand;
use crate::engine::unlocked;
use crate::keyspace::entry::UnixMillis;
use crate::resp::Args;
use crate::resp::OwnedArgs;
use crate::resp::args::Span;
use crate::store::Registry;
use crate::store::Selected;
use crate::store::events::Listener;

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
    place: Place,
    /// The store's layout then: after another one nobody can tell what has become of the key.
    layout: u32,
    key: Box<[u8]>,
    changes: u64,
    was_there: bool,
}

impl WatchList {
    /// Watches nothing yet.
    pub fn new(registry: Arc<Registry>) -> Self {
        registry.interests().add_watcher();
        Self { registry, keys: Vec::new() }
    }

    /// Watches a key from now on. One whose time is over already is removed, which `listener` hears.
    pub fn add(
        &mut self,
        selected: Selected,
        key: &[u8],
        now: UnixMillis,
        listener: &dyn Listener,
    ) -> Result<(), ReplyError> {
        let store = selected.index;
        let found = self.registry.selected(selected).ok_or(error::NO_STORE)?;
        let layout = found.layout();
        let known = |watched: &WatchedKey| {
            (watched.place.store, watched.layout) == (store, layout) && *watched.key == *key
        };
        if self.keys.iter().any(known) {
            return Ok(());
        }
        let stamp = Stamp { now, seed: 0 };
        let mut cx = Context::lock(stamp, &self.registry, found, std::iter::once((store, key)))?;
        let (Some(_), Some(place)) =
            (self.registry.selected(selected), Place::of(&self.registry, store, key))
        else {
            return Err(error::NO_STORE);
        };
        let layout = found.layout();
        // Looking is enough.
        cx.peek(key);
        let notices = cx.take_notices();
        if !notices.is_empty() {
            listener.hear(notices);
        }
        let (changes, was_there) = cx.into_locks().watch(&self.registry, store, key);
        self.keys.push(WatchedKey { place, layout, key: key.into(), changes, was_there });
        Ok(())
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
            let store = watched.place.store;
            if self.registry.get(store).is_none_or(|found| found.layout() != watched.layout) {
                return false;
            }
            let found = locks.changes(&self.registry, store, &watched.key, now);
            // One that was not there is as it was where one whose time is over has taken its place.
            found
                .is_some_and(|(changes, lapsed)| changes == watched.changes && !(lapsed && watched.was_there))
        })
    }
}

impl Drop for WatchList {
    fn drop(&mut self) {
        for WatchedKey { place, .. } in &self.keys {
            let place = *place;
            unlocked::later(&self.registry, place.store, place.shard, move |shard| {
                shard.watches().end(place.hash);
            });
        }
        self.registry.interests().remove_watcher();
    }
}

/// Where all keys belong that the queued commands and the watched keys need, for a client that has selected `store`, and
/// whether any of it may change. None: a command that works on data and names no keys, or not all of them, may touch any.
pub fn places(
    registry: &Registry,
    mut store: usize,
    queued: &[Queued],
    watched: Option<&WatchList>,
) -> Option<(Places, bool)> {
    let (mut places, mut writes) = (Places::new(), false);
    for Queued { command, args } in queued {
        let args = args.view();
        if matches!(command.spec.run, Run::Session(SessionCommand::Select)) {
            // One that names no store fails later and changes nothing.
            store = args.get(1).and_then(|name| registry.find(name)).map_or(store, |found| found.index());
        }
        if matches!(command.spec.run, Run::Script(_)) {
            // A script touches what it likes.
            return None;
        }
        if !matches!(command.spec.run, Run::Data(_)) {
            continue;
        }
        if command.spec.keys == Keys::None || command.spec.roams_with(args) {
            return None;
        }
        writes |= command.spec.flags.has(Flags::WRITE);
        let keys = command.spec.keys.positions(args).filter_map(|at| args.get(at));
        places.extend(keys.filter_map(|key| Place::of(registry, store, key)));
        if let Some(Ok(Some((other, at)))) = command.spec.other_store.map(|plan| plan(args, registry)) {
            places.extend(args.get(at).and_then(|key| Place::of(registry, other, key)));
        }
    }
    let watched = watched.into_iter().flat_map(|list| &list.keys);
    places.extend(watched.filter_map(|watched| Place::of(registry, watched.place.store, &watched.key)));
    Some((places, writes))
}
