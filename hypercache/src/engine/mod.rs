//! Runs requests on this node's data.

pub mod client;
pub mod client_memory;
pub mod disposal;
pub mod gate;
pub mod mailbox;
pub mod observation;
pub mod observed;
pub mod pubsub;
pub mod session;
pub mod transaction;
pub mod version;

pub use disposal::Disposal;
pub use observation::Observation;
pub use observed::Observed;
pub use session::Session;

use std::sync::Arc;
use std::time::Instant;

use crate::command::Command;
use crate::command::Context;
use crate::command::ReplyError;
use crate::command::context::Effects;
use crate::command::context::Locks;
use crate::command::error;
use crate::command::spec::Run;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::store::Registry;
use crate::store::Store;
use crate::store::registry::LimitReached;
use crate::telemetry::Event;
use crate::telemetry::ExpiryMode;
use crate::telemetry::Telemetry;
use crate::telemetry::events::store::StoreWriteRefused;

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
}

/// How a request ended, its reply being written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Execution {
    /// What the door does next.
    pub flow: Flow,
    /// What happened to the data.
    pub effects: Effects,
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
}

/// Runs data commands on the stores of this node.
pub struct Engine {
    registry: Arc<Registry>,
    disposal: Disposal,
    telemetry: Telemetry,
}

impl Engine {
    /// An engine for these stores.
    pub fn new(registry: Arc<Registry>, disposal: Disposal, telemetry: Telemetry) -> Self {
        Self { registry, disposal, telemetry }
    }

    /// The stores.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }
}

impl Engine {
    /// Whether the store has room for a command that needs some.
    pub fn room(&self, call: &Call<'_>, session: &Session) -> Result<(), ReplyError> {
        let store = self.registry.get(session.store).ok_or(error::DB_OUT_OF_RANGE)?;
        match gate::memory(call.command.spec, &self.registry, store) {
            None => Ok(()),
            Some(LimitReached { reason, used_bytes, limit_bytes }) => {
                StoreWriteRefused { store: store.name(), reason, used_bytes, limit_bytes }.emit();
                Err(error::OUT_OF_MEMORY)
            }
        }
    }

    /// Runs a data command under locks that cover it, and gives them back.
    pub fn run_locked<'a>(
        &'a self,
        call: &Call<'_>,
        session: &mut Session,
        locks: Locks<'a>,
        reply: &mut ReplyWriter,
    ) -> (Locks<'a>, Result<Execution, ReplyError>) {
        let Run::Data(handler) = call.command.spec.run else {
            unreachable!("{}: only data commands come down here", call.command.name);
        };
        let Some(store) = self.registry.get(session.store) else {
            return (locks, Err(error::DB_OUT_OF_RANGE));
        };
        let mut context = Context::with_locks(session.stamp(), &self.registry, store, locks);
        // `TOUCH` is for nothing but the trace.
        if session.client.no_touch() && call.command.name != "TOUCH" {
            context.read_without_trace();
        }
        let outcome = handler(&mut context, call.args, reply);
        let (effects, garbage) = (context.effects(), context.take_garbage());
        let locks = context.into_locks();
        self.disposal.discard(garbage);
        self.tell(store, effects);
        (locks, outcome.map(|()| Execution { flow: Flow::Continue, effects }))
    }

    fn tell(&self, store: &Store, effects: Effects) {
        let meters = self.telemetry.meters();
        if effects.hits + effects.misses > 0 {
            meters.lookups(store.index() as u16, effects.hits, effects.misses);
        }
        if effects.expired > 0 {
            meters.expired(store.index() as u16, ExpiryMode::Lazy, effects.expired.into());
        }
        if effects.expired_fields > 0 {
            meters.expired_fields(store.index() as u16, ExpiryMode::Lazy, effects.expired_fields.into());
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
        self.room(call, session)?;
        let spec = call.command.spec;
        let other = spec.other_store.map(|plan| plan(call.args, &self.registry)).transpose()?.flatten();
        let own = spec.keys.positions(call.args).map(|at| (session.store, &call.args[at]));
        let others = other.iter().map(|(store, at)| (*store, &call.args[*at]));
        let locks = Locks::of_keys(&self.registry, own.chain(others));
        let (locks, outcome) = self.run_locked(call, session, locks, reply);
        drop(locks);
        outcome
    }
}
