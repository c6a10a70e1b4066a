//! Runs requests on this node's data.

pub mod accounting;
pub mod caller;
pub mod client;
pub mod client_memory;
pub mod disposal;
pub mod durability;
pub mod gate;
pub mod herald;
pub mod identity;
pub mod loading;
pub mod mailbox;
pub mod observation;
pub mod observed;
pub mod parked;
pub mod pause;
pub mod pubsub;
mod room;
pub mod session;
pub mod settings;
pub mod tracking;
mod traffic;
pub mod transaction;
mod unlocked;
pub mod version;
pub mod waiting;

pub use accounting::Accounting;
pub use disposal::Disposal;
pub use durability::Durability;
pub use herald::Herald;
pub use observation::Observation;
pub use observed::Observed;
pub use session::Session;

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crate::command::Command;
use crate::command::Context;
use crate::command::ReplyError;
use crate::command::context::Effects;
use crate::command::context::Locks;
use crate::command::context::Place;
use crate::command::context::Places;
use crate::command::context::Stamp;
use crate::command::context::Wait;
use crate::command::error;
use crate::command::spec::Flags;
use crate::command::spec::Keys;
use crate::command::spec::Run;
use crate::engine::caller::Caller;
use crate::engine::waiting::Waiters;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::store::Registry;
use crate::store::Store;
use crate::store::events::Listener;
use crate::store::eviction::Evictor;
use crate::telemetry::ExpiryMode;
use crate::telemetry::Telemetry;

/// A request on its way down.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// What it asks for.
    pub command: &'static Command,
    /// Its arguments, the name first.
    pub args: Args<'a>,
    /// When its bytes had arrived: from here its service time counts.
    pub received: Instant,
    /// Its place in the batch that arrived together, from 0.
    pub position: u32,
}

/// What the door does after the reply.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Goes on.
    #[default]
    Continue,
    /// Sends what is written and closes.
    Close,
    /// Waits for the reply, which comes later: see the session's `waiting`.
    Wait,
}

/// How a request ended, its reply being written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Execution {
    /// What the door does next.
    pub flow: Flow,
    /// What happened to the data.
    pub effects: Effects,
    /// It has only been put aside for `EXEC`, which will count it.
    pub queued: bool,
}

/// Runs a request: writes its reply, or returns the error to be sent in its place, having written nothing that counts.
/// `Observed`, `Guarded`, what answers for sessions and the node, and `Engine` are executors, each around the next.
pub trait Executor: Send + Sync {
    /// Runs `call` on behalf of `session`.
    fn execute(
        &self,
        call: &Call<'_>,
        session: &mut Session,
        reply: &mut ReplyWriter,
    ) -> Result<Execution, ReplyError>;

    /// Takes note of a request that had to wait: it has ended, having run for `took` and replied with so many bytes. Only
    /// who measures has anything to do here.
    fn completed(
        &self,
        _call: &Call<'_>,
        _session: &mut Session,
        _result: &Result<Execution, ReplyError>,
        _took: Duration,
        _reply_bytes: usize,
    ) {
    }
}

/// What a data command touches.
pub enum Reach {
    /// The keys that it names.
    Keys(Places),
    /// Any key of the selected store.
    Store,
    /// Any key of any store; it locks for itself.
    Anywhere,
}

/// Changes that are kept to be told all together: a transaction or a script may make any number.
const CHANGES_MAX: usize = 1024;

/// Runs data commands on the stores of this node.
pub struct Engine {
    registry: Arc<Registry>,
    disposal: Disposal,
    telemetry: Telemetry,
    waiters: Arc<Waiters>,
    herald: Arc<Herald>,
    evictor: Evictor,
    observation: Arc<Observation>,
}

/// How a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// It answers at once.
    AtOnce,
    /// It may wait for what is not there yet.
    MayWait,
    /// It answers a script, at once.
    Script,
}

/// A command that has run under locks.
struct Ran<'a> {
    locks: Locks<'a>,
    result: Result<Execution, ReplyError>,
    wait: Option<Wait>,
}

impl Engine {
    /// An engine for these stores; `herald` tells of changes to keys, `waiters` are those who wait for them,
    /// `observation` keeps what took long.
    pub fn new(
        registry: Arc<Registry>,
        disposal: Disposal,
        telemetry: Telemetry,
        herald: Arc<Herald>,
        waiters: Arc<Waiters>,
        observation: Arc<Observation>,
    ) -> Self {
        let evictor = Evictor::new(Arc::clone(&registry), Arc::clone(&herald) as Arc<dyn Listener>);
        Self { registry, disposal, telemetry, waiters, herald, evictor, observation }
    }

    /// The stores.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Who tells of changes.
    pub fn herald(&self) -> &Arc<Herald> {
        &self.herald
    }
}

impl Engine {
    /// What a data command touches.
    pub fn reach(&self, call: &Call<'_>, session: &Session) -> Result<Reach, ReplyError> {
        self.reach_from(call, session.store)
    }

    fn reach_from(&self, call: &Call<'_>, store: usize) -> Result<Reach, ReplyError> {
        let spec = call.command.spec;
        if spec.roams_with(call.args) {
            return Ok(Reach::Store);
        }
        if spec.keys == Keys::None {
            return Ok(Reach::Anywhere);
        }
        let other = spec.other_store.map(|plan| plan(call.args, &self.registry)).transpose()?.flatten();
        let own = spec.keys.positions(call.args).map(|at| (store, &call.args[at]));
        let others = other.iter().map(|(store, at)| (*store, &call.args[*at]));
        let places = own.chain(others).filter_map(|(store, key)| Place::of(&self.registry, store, key));
        Ok(Reach::Keys(places.collect()))
    }

    /// Whether locks cover what a command touches, which was found out before stores have come, gone or been laid out anew.
    #[cold]
    fn check_reach(&self, call: &Call<'_>, store: &Store, locks: &Locks<'_>) -> Result<(), ReplyError> {
        let covered = match self.reach_from(call, store.index())? {
            Reach::Keys(places) => places.iter().all(|place| locks.cover(*place)),
            Reach::Store => locks.cover_store(store),
            // Without locks it takes what it needs itself.
            Reach::Anywhere => locks.is_empty() || locks.cover_store(store),
        };
        if covered { Ok(()) } else { Err(error::DB_OUT_OF_RANGE) }
    }

    /// Runs a data command under locks that cover it, and gives them back. It does not wait, and those who wait for what
    /// it has changed are served by `finish`.
    pub fn run_locked<'a>(
        &'a self,
        call: &Call<'_>,
        session: &mut Session,
        locks: Locks<'a>,
        reply: &mut ReplyWriter,
    ) -> (Locks<'a>, Result<Execution, ReplyError>) {
        let stamp = session.stamp();
        let manner = if session.in_script { Manner::Script } else { Manner::AtOnce };
        let ran = self.run_handler(call, stamp, &session.caller(), locks, manner, reply);
        (ran.locks, ran.result)
    }

    /// Ends what `run_locked` has done once or several times: serves who waits for it, and gives the locks back.
    pub fn finish<'a>(&'a self, locks: Locks<'a>, session: &mut Session) {
        drop(self.serve(locks, session));
    }

    /// Tells in one message for each prefix what was changed under these locks.
    fn broadcast(&self, locks: &mut Locks<'_>) {
        if !locks.changes.is_empty() {
            self.herald.tracking().broadcast(&std::mem::take(&mut locks.changes));
        }
    }

    /// Runs a handler for a client that has selected a store.
    fn run_handler<'a>(
        &'a self,
        call: &Call<'_>,
        stamp: Stamp,
        caller: &Caller<'_>,
        locks: Locks<'a>,
        manner: Manner,
        reply: &mut ReplyWriter,
    ) -> Ran<'a> {
        let Run::Data(handler) = call.command.spec.run else {
            unreachable!("{}: only data commands come down here", call.command.name);
        };
        let client = caller.client;
        let Some(store) = self.registry.selected(caller.store) else {
            return Ran { locks, result: Err(error::NO_STORE), wait: None };
        };
        if !locks.are_current(&self.registry)
            && let Err(error) = self.check_reach(call, store, &locks)
        {
            return Ran { locks, result: Err(error), wait: None };
        }
        let mut context = Context::with_locks(stamp, &self.registry, store, locks);
        context.insist_on(caller.store);
        // `TOUCH` is for nothing but the trace.
        if client.no_touch() && call.command.name != "TOUCH" {
            context.read_without_trace();
        }
        if call.command.spec.flags.has(Flags::WRITE) {
            context.on_behalf_of(caller.author());
        } else if caller.unrestricted {
            context.show_authors();
        }
        match manner {
            Manner::AtOnce => {}
            Manner::MayWait => context.let_wait(),
            Manner::Script => context.serve_script(),
        }
        let mark = reply.len();
        let mut outcome = handler(&mut context, call.args, reply);
        if traffic::is_due() {
            traffic::note(store, call, reply.len().saturating_sub(mark));
        }
        if reply.take_cut() && outcome.is_ok() {
            outcome = Err(error::REPLY_TOO_LONG);
        }
        let (effects, garbage, wait) = (context.effects(), context.take_garbage(), context.take_wait());
        let (notices, lags) = (context.take_notices(), context.take_lags());
        let mut locks = context.into_locks();
        if !notices.is_empty() {
            self.herald.tell(notices, client.id, &mut locks.changes);
            if locks.changes.len() >= CHANGES_MAX {
                self.broadcast(&mut locks);
            }
        }
        let spec = call.command.spec;
        if client.tracking.remembers() && spec.flags.has(Flags::READONLY) {
            let keys = spec.keys.positions(call.args).filter_map(|at| call.args.get(at));
            self.herald.tracking().remember(client, keys);
        }
        self.disposal.discard(garbage);
        self.tell(store, effects);
        if let Some(lags) = lags {
            let meters = self.telemetry.meters();
            meters.expiry_lags(store.index() as u16, lags.counts(), lags.sum_ms());
        }
        Ran { locks, result: outcome.map(|()| Execution { effects, ..Execution::default() }), wait }
    }

    fn tell(&self, store: &Store, effects: Effects) {
        let meters = self.telemetry.meters();
        if effects.hits + effects.misses > 0 {
            let departed: u32 = effects.departed.iter().sum();
            meters.lookups(store.index() as u16, effects.hits, effects.misses - departed);
            if departed > 0 {
                meters.missed(store.index() as u16, effects.departed);
            }
        }
        if effects.changes > 0 {
            meters.changed(store.index() as u16, effects.changes);
        }
        if effects.expired > 0 {
            meters.expired(store.index() as u16, ExpiryMode::Lazy, effects.expired.into());
        }
        if effects.expired_fields > 0 {
            meters.expired_fields(store.index() as u16, ExpiryMode::Lazy, effects.expired_fields.into());
        }
        if effects.expired_sessions > 0 {
            let sessions = effects.expired_sessions.into();
            meters.expired_sessions(store.index() as u16, ExpiryMode::Lazy, sessions);
        }
    }
}

impl Executor for Engine {
    fn execute(
        &self,
        call: &Call<'_>,
        session: &mut Session,
        reply: &mut ReplyWriter,
    ) -> Result<Execution, ReplyError> {
        let made_room = self.room(call, session)?;
        let locks = loop {
            let epoch = self.registry.epoch();
            let locks = match self.reach(call, session)? {
                Reach::Keys(places) => self.lock(places, call.command.spec.flags.has(Flags::WRITE))?,
                Reach::Store => Locks::of_store(&self.registry, session.store)?,
                Reach::Anywhere => Locks::none(&self.registry),
            };
            if self.registry.epoch() == epoch {
                break locks.found_in(epoch);
            }
        };
        let stamp = session.stamp();
        let manner = if session.may_wait() { Manner::MayWait } else { Manner::AtOnce };
        let ran = self.run_handler(call, stamp, &session.caller(), locks, manner, reply);
        if let (Some(wait), Ok(_)) = (ran.wait, &ran.result) {
            // What others wait for first: its own changes, such as a consumer that is new, are not to wake it.
            let mut locks = self.serve(ran.locks, session);
            return Ok(self.stand_in_line(call, session, wait, &mut locks));
        }
        self.finish(ran.locks, session);
        ran.result.map(|mut done| {
            done.effects.add(made_room);
            done
        })
    }
}
