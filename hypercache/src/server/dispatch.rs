//! The executor that knows who answers what: data goes to the engine, the rest is answered here.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Instant;

use crate::command::ReplyError;
use crate::command::context::Effects;
use crate::command::context::Locks;
use crate::command::error;
use crate::command::spec::Flags;
use crate::command::spec::Keys;
use crate::command::spec::Run;
use crate::command::spec::SessionCommand;
use crate::config::DebugCommand;
use crate::engine::Call;
use crate::engine::Engine;
use crate::engine::Execution;
use crate::engine::Executor;
use crate::engine::Flow;
use crate::engine::Session;
use crate::engine::loading::LOADING;
use crate::engine::observation::Measured;
use crate::engine::observation::monitors::Origin;
use crate::engine::transaction;
use crate::engine::transaction::Transaction;
use crate::engine::transaction::WatchList;
use crate::resp::ReplyWriter;
use crate::security::Authenticator;
use crate::security::acl::log::Scene;
use crate::server::node_commands;
use crate::server::node_commands::NodeState;
use crate::server::scripting::Job;
use crate::server::session_commands;
use crate::server::transaction_commands;
use crate::store::Selected;
use crate::telemetry::CommandSample;
use crate::telemetry::nanoseconds;

/// Answers for sessions and the node, hands data commands to the engine, and has scripts run.
#[derive(Clone)]
pub struct Dispatch {
    pub(super) engine: Arc<Engine>,
    authenticator: Arc<Authenticator>,
    pub(super) node: Arc<NodeState>,
    /// The way to the thread for scripts; none: they run where they are asked for.
    pub(super) scripts: Option<mpsc::Sender<Job>>,
}

impl Dispatch {
    /// Brings engine, authentication and the node's state together.
    pub fn new(engine: Engine, authenticator: Arc<Authenticator>, node: Arc<NodeState>) -> Self {
        Self { engine: Arc::new(engine), authenticator, node, scripts: None }
    }
}

impl Executor for Dispatch {
    fn execute(
        &self,
        call: &Call<'_>,
        session: &mut Session,
        reply: &mut ReplyWriter,
    ) -> Result<Execution, ReplyError> {
        if call.command.spec.flags.has(Flags::PROTECTED) && !self.may_debug(session) {
            session.spoil_transaction();
            return Err(NO_DEBUG);
        }
        if let Some(overdue) = self.engine.registry().script_gate().overdue()
            && !call.command.spec.flags.has(Flags::ALLOW_BUSY)
        {
            let busy = ReplyError::busy(overdue);
            if session.transaction.is_some()
                && matches!(call.command.spec.run, Run::Session(SessionCommand::Exec))
            {
                session.end_transaction();
                return Err(aborted(&busy));
            }
            session.spoil_transaction();
            return Err(busy);
        }
        if let Err(refusal) = self.admit_now(call, session) {
            if matches!(call.command.spec.run, Run::Session(SessionCommand::Exec)) {
                session.end_transaction();
                return Err(aborted(&refusal));
            }
            session.spoil_transaction();
            return Err(refusal);
        }
        if session.transaction.is_some() && !transaction_commands::runs_at_once(call.command) {
            // What waits for `EXEC` is input that is not answered yet.
            let bytes_max = self.node.settings.max_query_buffer();
            return transaction_commands::queue(call, session, &self.engine, bytes_max, reply);
        }
        session.called = true;
        let store = session.store;
        let outcome = match call.command.spec.run {
            Run::Data(_) => {
                let outcome = self.engine.execute(call, session, reply);
                self.note_read(session);
                outcome
            }
            Run::Session(SessionCommand::Exec) => self.exec(call, session, reply),
            Run::Script(command) => self.script(command, call, session, reply),
            _ => self.answer(call, session, reply),
        };
        if outcome.as_ref().is_err_and(|error| *error == error::OUT_OF_MEMORY) {
            session.called = false;
        } else {
            self.show(call, store, session.origin());
        }
        // It holds for one command or one transaction; one that waits has yet to run.
        let waits = outcome.as_ref().is_ok_and(|execution| execution.flow == Flow::Wait);
        let tracking = &session.client.tracking;
        if tracking.caching()
            && session.transaction.is_none()
            && !waits
            && !call.command.name.starts_with("CLIENT|")
        {
            tracking.set_caching(false);
        }
        outcome
    }
}

impl Dispatch {
    /// Whether the node's data is there and may be changed, as far as a request needs that.
    fn admit_now(&self, call: &Call<'_>, session: &Session) -> Result<(), ReplyError> {
        let durability = &self.node.durability;
        if durability.loading.is_active() && !call.command.spec.flags.has(Flags::LOADING) {
            return Err(LOADING);
        }
        match (call.command.spec.run, &session.transaction) {
            (Run::Session(SessionCommand::Exec), Some(transaction)) if !transaction.spoiled => {
                self.admit_all(transaction, call, session)
            }
            _ => self.admit(call, session.selected()),
        }
    }

    fn admit_all(
        &self,
        transaction: &Transaction,
        call: &Call<'_>,
        session: &Session,
    ) -> Result<(), ReplyError> {
        let mut anywhere = false;
        for queued in &transaction.queued {
            anywhere |= matches!(queued.command.spec.run, Run::Session(SessionCommand::Select));
            let inner = Call { command: queued.command, args: queued.args.view(), ..*call };
            if anywhere && queued.command.spec.flags.has(Flags::WRITE) {
                self.node.durability.admit_to_any(self.engine.registry())?;
            }
            self.admit(&inner, session.selected())?;
        }
        Ok(())
    }

    /// Whether a command of a client that has selected a store may change what it changes: not where that could not be kept.
    /// As in Redis, `PING` tells that something is wrong.
    pub(super) fn admit(&self, call: &Call<'_>, selected: Selected) -> Result<(), ReplyError> {
        let (spec, durability, registry) = (call.command.spec, &self.node.durability, self.engine.registry());
        let pings = matches!(spec.run, Run::Session(SessionCommand::Ping));
        if !spec.flags.has(Flags::WRITE) && !pings {
            return Ok(());
        }
        if pings || spec.keys == Keys::None || spec.other_store.is_some() {
            return durability.admit_to_any(registry);
        }
        registry.selected(selected).map_or(Ok(()), |store| durability.admit_to(store))
    }

    /// Lets the reply to a command wait for what it may have read, where the store promises that that is on disk.
    pub(super) fn note_read(&self, session: &mut Session) {
        if self.node.durability.log().is_some()
            && let Some(store) = self.engine.registry().selected(session.selected())
        {
            self.node.durability.note_read(store, session);
        }
    }

    /// Shows a command that was executed to those who monitor. A script has shown itself before what it calls.
    pub(super) fn show(&self, call: &Call<'_>, store: usize, origin: Origin) {
        let monitors = &self.node.observation.monitors;
        if monitors.any() && !matches!(call.command.spec.run, Run::Script(_)) {
            monitors.show(call.command, call.args, store, origin);
        }
    }

    fn may_debug(&self, session: &Session) -> bool {
        match self.node.config.security.enable_debug_command {
            DebugCommand::No => false,
            DebugCommand::Local => session.client.address.ip().is_loopback(),
            DebugCommand::Yes => true,
        }
    }

    /// Answers what is about the session or the node.
    pub(super) fn answer(
        &self,
        call: &Call<'_>,
        session: &mut Session,
        reply: &mut ReplyWriter,
    ) -> Result<Execution, ReplyError> {
        match call.command.spec.run {
            Run::Session(command) => {
                session.client.note_command(call.command.id);
                let world = session_commands::World {
                    authenticator: &self.authenticator,
                    registry: self.engine.registry(),
                    broker: &self.node.broker,
                    observation: &self.node.observation,
                    herald: self.engine.herald(),
                    clients: &self.node.clients,
                };
                session_commands::run(command, call.args, session, &world, reply)
            }
            Run::Node(command) => {
                session.client.note_command(call.command.id);
                node_commands::run(command, call, session, &self.node, reply)
            }
            // `Guarded` lets none of them through, and data has gone to the engine.
            Run::Container | Run::Unknown | Run::Data(_) | Run::Script(_) => {
                Err(ReplyError::unknown_command(call.args))
            }
        }
    }

    /// `EXEC`: runs what was queued, all under locks that are taken once.
    fn exec(
        &self,
        call: &Call<'_>,
        session: &mut Session,
        reply: &mut ReplyWriter,
    ) -> Result<Execution, ReplyError> {
        let Some(transaction) = session.transaction.take() else {
            return Err(ReplyError::err("EXEC without MULTI"));
        };
        session.client.note_command(call.command.id);
        let watched = session.watched.take();
        session.end_transaction();
        if transaction.spoiled {
            return Err(SPOILED);
        }
        let made_room = self.room_for_all(&transaction, call, session)?;
        let registry = self.engine.registry();
        // Before any lock of a shard, in the order in which the thread for scripts takes them.
        let runs_scripts =
            transaction.queued.iter().any(|queued| matches!(queued.command.spec.run, Run::Script(_)));
        let mut world = runs_scripts.then(|| self.node.scripting.enter()).transpose()?;
        let mut locks = self.lock_queued(session.store, &transaction, watched.as_ref())?;
        if watched.as_ref().is_some_and(|watched| !watched.unchanged(&mut locks, session.now())) {
            reply.null_array();
            drop(locks);
            return Ok(Execution::default());
        }
        reply.array(transaction.queued.len());
        let (mut effects, mut flow) = (made_room, Flow::Continue);
        session.in_transaction = true;
        for queued in &transaction.queued {
            let inner = Call { command: queued.command, args: queued.args.view(), ..*call };
            let (mark, began, store) = (reply.len(), Instant::now(), session.store);
            let allowed = self.node.authenticator.check(&inner, session, Scene::Multi);
            let outcome = if let Err((denied, user)) = allowed {
                Err(denied.reply_in_exec(&user, inner.command))
            } else if matches!(inner.command.spec.run, Run::Session(SessionCommand::Monitor)) {
                Err(NO_MONITOR)
            } else if matches!(inner.command.spec.run, Run::Data(_)) {
                let (back, outcome) = self.engine.run_locked(&inner, session, locks, reply);
                locks = back;
                self.note_read(session);
                outcome
            } else if let (Run::Script(command), Some(world)) = (inner.command.spec.run, world.as_deref_mut())
            {
                let (back, outcome) = self.script_locked(command, &inner, session, world, locks, reply);
                locks = back;
                outcome
            } else {
                let outcome = self.answer(&inner, session, reply);
                if reply.take_cut() { outcome.and(Err(error::REPLY_TOO_LONG)) } else { outcome }
            };
            self.measure(&inner, session, (began, reply.len().saturating_sub(mark)), &outcome);
            self.show(&inner, store, session.origin());
            match outcome {
                Ok(done) => {
                    effects.add(done.effects);
                    flow = if done.flow == Flow::Close { Flow::Close } else { flow };
                }
                Err(error) => {
                    reply.truncate(mark);
                    reply.error(error.prefix, &error.text);
                }
            }
        }
        session.in_transaction = false;
        // Before the watches are given up, which takes locks of its own.
        self.engine.finish(locks, session);
        drop(watched);
        drop(world);
        registry.script_gate().do_deferred();
        Ok(Execution { flow, effects, ..Execution::default() })
    }

    /// Locks what the queued commands and the watched keys need, of a client that has selected `store`.
    fn lock_queued(
        &self,
        store: usize,
        transaction: &Transaction,
        watched: Option<&WatchList>,
    ) -> Result<Locks<'_>, ReplyError> {
        let registry = self.engine.registry();
        let mut epoch = registry.epoch();
        loop {
            let locks = match transaction::places(registry, store, &transaction.queued, watched) {
                Some((places, writes)) => self.engine.lock(places, writes)?,
                None => Locks::of_all(registry)?,
            };
            let now = registry.epoch();
            if now == epoch {
                return Ok(locks.found_in(epoch));
            }
            epoch = now;
        }
    }

    /// Whether there is room for each queued command that needs some; if not, none of them runs.
    fn room_for_all(
        &self,
        transaction: &Transaction,
        call: &Call<'_>,
        session: &Session,
    ) -> Result<Effects, ReplyError> {
        transaction.queued.iter().try_fold(Effects::default(), |mut made_room, queued| {
            let inner = Call { command: queued.command, args: queued.args.view(), ..*call };
            made_room.add(self.engine.room(&inner, session).map_err(|error| aborted(&error))?);
            Ok(made_room)
        })
    }

    /// A command inside `EXEC` is measured under its own name, its execution alone.
    pub(super) fn measure(
        &self,
        call: &Call<'_>,
        session: &Session,
        (began, reply_bytes): (Instant, usize),
        outcome: &Result<Execution, ReplyError>,
    ) {
        let took = nanoseconds(began.elapsed());
        self.node.observation.executed(call, session, Measured { execution_ns: took, reply_bytes });
        let meters = self.node.telemetry.meters();
        meters.command(CommandSample {
            command: call.command.id,
            store: session.store as u16,
            failed: outcome.is_err(),
            service_ns: took,
            execution_ns: took,
        });
        if let Err(error) = outcome {
            meters.error(call.command.id, error.prefix);
        }
    }
}

const NO_MONITOR: ReplyError = ReplyError::err("MONITOR isn't allowed for DENY BLOCKING client");
const NO_DEBUG: ReplyError = ReplyError::err(
    "DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.",
);
/// A transaction that is not even begun.
fn aborted(reason: &ReplyError) -> ReplyError {
    let text = format!("Transaction discarded because of: {reason}");
    ReplyError { prefix: "EXECABORT", text: text.into() }
}

const SPOILED: ReplyError = ReplyError::new("EXECABORT", "Transaction discarded because of previous errors.");
