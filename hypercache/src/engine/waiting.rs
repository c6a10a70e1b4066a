//! Clients that stand in line for keys, and who serves them.
//!
//! Whoever changes a key that others wait for serves them before it gives its locks back: so nobody can take in between
//! what was meant for the one who has waited longest. It knows before it begins which locks that may take, since what a
//! waiting command touches is told by its arguments.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use hashbrown::HashMap;
use parking_lot::Mutex;

use crate::command::ReplyError;
use crate::command::context::Locks;
use crate::command::context::Place as KeyPlace;
use crate::command::context::Places;
use crate::command::context::Stamp;
use crate::command::context::Wait;
use crate::command::context::wait::Awaited;
use crate::engine::Call;
use crate::engine::Engine;
use crate::engine::Execution;
use crate::engine::Flow;
use crate::engine::Manner;
use crate::engine::Session;
use crate::engine::caller::Caller;
use crate::engine::client::Client;
use crate::engine::identity::Identity;
use crate::engine::parked::Answer;
use crate::engine::parked::Parked;
use crate::engine::parked::Waiting;
use crate::engine::session::unix_millis;
use crate::engine::unlocked;
use crate::keyspace::journal::Via;
use crate::keyspace::key::HashedKey;
use crate::resp::OwnedArgs;
use crate::resp::ReplyWriter;
use crate::store::Registry;
use crate::store::Selected;
use crate::store::events::Attendant;
use crate::value::split_mix;
use crate::value::view::ValueRef;

/// A command that waits for keys.
#[derive(Debug)]
struct Waiter {
    parked: Arc<Parked>,
    client: Arc<Client>,
    store: Selected,
    user: Option<Arc<Identity>>,
    trace: u128,
    /// What to run when something has come.
    args: OwnedArgs,
    awaited: Awaited,
    /// The keys it waits for, each with its index among the arguments.
    keys: Vec<(KeyPlace, usize)>,
    /// All keys that it touches.
    touched: Places,
}

/// All who wait for keys.
#[derive(Debug, Default)]
pub struct Waiters {
    last_id: AtomicU64,
    count: AtomicUsize,
    /// How many of them also wait for the end of a key.
    groups: AtomicUsize,
    by_id: Mutex<HashMap<u64, Arc<Waiter>>>,
}

/// A place in the lines for some keys; given up when dropped.
#[derive(Debug)]
pub struct Place {
    waiters: Arc<Waiters>,
    registry: Arc<Registry>,
    id: u64,
}

/// What stands at a key that somebody waits for.
enum Found {
    Nothing,
    OtherType,
    Awaited,
}

impl Waiters {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Whether nobody waits. Whoever holds a shard's lock sees all who wait for a key of it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys are waited for.
    pub fn keys(&self) -> usize {
        self.keys_of(|_| true)
    }

    /// How many keys there are whose end is also waited for.
    pub fn keys_with_end(&self) -> usize {
        self.keys_of(|waiter| waiter.awaited == Awaited::Group)
    }

    fn keys_of(&self, counts: impl Fn(&Waiter) -> bool) -> usize {
        let waiters = self.by_id.lock();
        let counted = waiters.values().filter(|waiter| counts(waiter));
        let places = counted.flat_map(|waiter| waiter.keys.iter().map(|(place, _)| *place));
        places.collect::<hashbrown::HashSet<_>>().len()
    }

    /// Ends the wait of all who wait for keys of a store that is no more, whose shards are locked.
    pub fn refuse_all_of(&self, store: usize, error: &ReplyError) {
        let waiters: Vec<_> =
            self.by_id.lock().values().filter(|waiter| waiter.store.index == store).cloned().collect();
        for waiter in waiters {
            waiter.parked.refuse(error);
        }
    }

    fn get(&self, id: u64) -> Option<Arc<Waiter>> {
        self.by_id.lock().get(&id).cloned()
    }

    /// Puts a waiter at the end of the lines for its keys, whose shards are locked.
    fn enter(&self, waiter: Waiter, locks: &mut Locks<'_>) -> u64 {
        let id = self.last_id.fetch_add(1, Relaxed) + 1;
        for (place, _) in &waiter.keys {
            if let Some(shard) = locks.shard(*place) {
                shard.waits().add(place.hash, id);
            }
        }
        let mut by_id = self.by_id.lock();
        self.groups.fetch_add(usize::from(waiter.awaited == Awaited::Group), Relaxed);
        by_id.insert(id, Arc::new(waiter));
        self.count.store(by_id.len(), Relaxed);
        id
    }

    fn remove(&self, id: u64) -> Option<Arc<Waiter>> {
        let mut by_id = self.by_id.lock();
        let removed = by_id.remove(&id);
        let group = removed.as_ref().is_some_and(|waiter| waiter.awaited == Awaited::Group);
        self.groups.fetch_sub(usize::from(group), Relaxed);
        self.count.store(by_id.len(), Relaxed);
        removed
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Whoever was served has been taken out of the lines by the one who served it.
        let Some(waiter) = self.waiters.remove(self.id) else { return };
        for (place, _) in &waiter.keys {
            let (place, id) = (*place, self.id);
            unlocked::later(&self.registry, place.store, place.shard, move |shard| {
                shard.waits().remove(place.hash, id);
            });
        }
    }
}

impl Attendant for Engine {
    fn attend(&self, store: usize, shard: usize) -> bool {
        if self.waiters.is_empty() {
            return true;
        }
        let Some(found) = self.registry.get(store) else { return true };
        let Ok(mut data) = self.registry.script_gate().lock(found.keyspace(), shard, false) else {
            return false;
        };
        let places = data.waits().changed().iter().map(|hash| KeyPlace { store, shard, hash: *hash });
        let places: Places = places.collect();
        drop(data);
        if places.is_empty() {
            return true;
        }
        let Ok(locks) = self.lock(places, true) else { return false };
        let now = unix_millis();
        drop(self.serve_stamped(locks, Stamp { now, seed: now }));
        true
    }
}

impl Waiter {
    fn caller(&self) -> Caller<'_> {
        Caller {
            client: &self.client,
            store: self.store,
            via: Via::Resp,
            user: self.user.as_ref().map_or(0, |user| user.number()),
            trace: self.trace,
            unrestricted: self.user.as_ref().is_some_and(|user| user.is_unrestricted()),
        }
    }

    fn find(&self, place: KeyPlace, locks: &mut Locks<'_>, now: u64) -> Found {
        let Some((_, at)) = self.keys.iter().find(|(key, _)| *key == place) else { return Found::OtherType };
        let args = self.args.view();
        let key = HashedKey { bytes: &args[*at], hash: place.hash };
        let entry =
            locks.shard(place).and_then(|shard| shard.get(key).filter(|entry| !shard.expired(entry, now)));
        match (self.awaited, entry.map(|entry| entry.value())) {
            (Awaited::Group, _)
            | (Awaited::List, Some(ValueRef::List(_)))
            | (Awaited::Stream, Some(ValueRef::Stream(_)))
            | (Awaited::ZSet, Some(ValueRef::ZSet(_))) => Found::Awaited,
            (_, Some(_)) => Found::OtherType,
            (_, None) => Found::Nothing,
        }
    }
}

impl Engine {
    /// Locks the shards of these keys and, for whoever may change them, of all keys that have to be touched to serve
    /// those who wait for them.
    pub fn lock(&self, keys: Places, writes: bool) -> Result<Locks<'_>, ReplyError> {
        let mut wanted = keys.clone();
        loop {
            let mut locks = Locks::of_places(&self.registry, wanted.clone())?;
            if !writes || self.waiters.is_empty() || !self.add_lines(&keys, &mut locks, &mut wanted) {
                return Ok(locks);
            }
            // Somebody waits for a key here and touches another, whose lock may have to be taken first.
            drop(locks);
        }
    }

    /// Adds to the locks of a script that has changed these keys whatever serving the lines for them touches.
    pub fn escalate_to_lines<'a>(&'a self, keys: &[KeyPlace], locks: &mut Locks<'a>) {
        let mut wanted = Places::new();
        while !self.waiters.is_empty() && self.add_lines(keys, locks, &mut wanted) {
            locks.escalate(&self.registry, &wanted);
        }
    }

    /// Adds to `wanted` what serving the lines for `keys` touches; whether anything is not locked yet.
    fn add_lines(&self, keys: &[KeyPlace], locks: &mut Locks<'_>, wanted: &mut Places) -> bool {
        let (mut seen, mut next): (Vec<u64>, Vec<KeyPlace>) = (Vec::new(), keys.to_vec());
        let mut missing = false;
        while let Some(place) = next.pop() {
            let Some(shard) = locks.shard(place) else { continue };
            let line: Vec<u64> = shard.waits().queue(place.hash).filter(|id| !seen.contains(id)).collect();
            for waiter in line.iter().filter_map(|id| self.waiters.get(*id)) {
                for touched in &waiter.touched {
                    if locks.shard(*touched).is_none() {
                        missing = true;
                        wanted.push(*touched);
                    }
                    next.push(*touched);
                }
            }
            seen.extend(line);
        }
        missing
    }

    /// Lets a command's client stand in line for what it waits for.
    pub(super) fn stand_in_line(
        &self,
        call: &Call<'_>,
        session: &mut Session,
        wait: Wait,
        locks: &mut Locks<'_>,
    ) -> Execution {
        let parked = Arc::new(Parked::new(call, Some(wait.unserved)));
        let place = |at: usize| Some((KeyPlace::of(&self.registry, session.store, call.args.get(at)?)?, at));
        let waiter = Waiter {
            parked: Arc::clone(&parked),
            client: Arc::clone(&session.client),
            store: session.selected(),
            user: session.user.clone(),
            trace: session.trace().map_or(0, |trace| trace.trace_id),
            args: wait.args.unwrap_or_else(|| call.args.to_owned()),
            awaited: wait.awaited,
            keys: wait.keys.filter_map(place).collect(),
            touched: call
                .command
                .spec
                .keys
                .positions(call.args)
                .filter_map(place)
                .map(|(place, _)| place)
                .collect(),
        };
        let id = self.waiters.enter(waiter, locks);
        let place = Place { waiters: Arc::clone(&self.waiters), registry: Arc::clone(&self.registry), id };
        // One that the clock cannot tell is as good as none.
        let deadline = wait.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        session.park(Waiting::new(parked, deadline, Some(place)));
        Execution { flow: Flow::Wait, ..Execution::default() }
    }

    /// Serves those who wait for keys that have changed under these locks, the longest waiting first, and tells what is to
    /// be told of all changes together.
    pub(super) fn serve<'a>(&'a self, locks: Locks<'a>, session: &mut Session) -> Locks<'a> {
        self.serve_stamped(locks, session.stamp())
    }

    fn serve_stamped<'a>(&'a self, locks: Locks<'a>, stamp: Stamp) -> Locks<'a> {
        let mut locks = if self.waiters.is_empty() { locks } else { self.serve_lines(locks, stamp) };
        self.broadcast(&mut locks);
        locks
    }

    fn serve_lines<'a>(&'a self, mut locks: Locks<'a>, mut stamp: Stamp) -> Locks<'a> {
        let mut changed = std::collections::VecDeque::from(locks.take_changed());
        if changed.is_empty() {
            return locks;
        }
        // What took its time, such as a transaction, may have let a key's time run out.
        stamp.now = unix_millis();
        while let Some(place) = changed.pop_front() {
            let mut last = 0;
            while let Some(id) = locks.shard(place).and_then(|shard| shard.waits().next(place.hash, last)) {
                last = id;
                let Some(waiter) = self.waiters.get(id) else { continue };
                if !waiter.touched.iter().all(|touched| locks.shard(*touched).is_some()) {
                    continue;
                }
                match waiter.find(place, &mut locks, stamp.now) {
                    // Somebody further back may wait for just that.
                    Found::Nothing if self.waiters.groups.load(Relaxed) == 0 => break,
                    Found::Nothing | Found::OtherType => continue,
                    Found::Awaited => {}
                }
                let waits;
                split_mix::advance(&mut stamp.seed);
                (locks, waits) = self.run_again(&waiter, stamp, locks);
                let since = locks.take_changed();
                if !waits {
                    // What a command changes that goes on waiting is its own bookkeeping, and nobody's to wait for.
                    changed.extend(since);
                    self.waiters.remove(id);
                    for (place, _) in &waiter.keys {
                        locks
                            .shard(*place)
                            .into_iter()
                            .for_each(|shard| shard.waits().remove(place.hash, id));
                    }
                }
            }
        }
        locks
    }

    /// Runs a command that waits once more; whether it goes on waiting.
    fn run_again<'a>(&'a self, waiter: &Waiter, stamp: Stamp, locks: Locks<'a>) -> (Locks<'a>, bool) {
        let mut locks = Some(locks);
        let waits = waiter.parked.answer_if(|| {
            let began = Instant::now();
            let mut reply = ReplyWriter::new(waiter.client.protocol());
            let call = Call { args: waiter.args.view(), ..waiter.parked.call() };
            let caller = waiter.caller();
            let ran = self.run_handler(&call, stamp, &caller, locks.take()?, Manner::MayWait, &mut reply);
            locks = Some(ran.locks);
            if ran.wait.is_some() && ran.result.is_ok() {
                return None;
            }
            Some(Answer::Ran { reply: reply.take(), result: ran.result, took: began.elapsed(), logged: None })
        });
        (locks.expect("they come back from whatever runs"), waits)
    }
}
