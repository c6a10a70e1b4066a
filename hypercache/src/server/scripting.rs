//! Runs scripts: on a thread of their own, so that one that does not end keeps no client waiting that has nothing to do
//! with it, and each with what it needs of the node.

use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Instant;

use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::context::Effects;
use crate::command::context::Locks;
use crate::command::context::Place;
use crate::command::context::Places;
use crate::command::error;
use crate::command::spec::Flags;
use crate::command::spec::Run;
use crate::command::spec::ScriptCommand;
use crate::command::table::table;
use crate::engine::Call;
use crate::engine::Execution;
use crate::engine::Flow;
use crate::engine::Reach;
use crate::engine::Session;
use crate::engine::observation::monitors::Origin;
use crate::engine::parked::Answer;
use crate::engine::parked::Parked;
use crate::engine::parked::Waiting;
use crate::engine::session::Door;
use crate::resp::Args;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::script::Host;
use crate::script::Rules;
use crate::script::Stage;
use crate::script::World;
use crate::security::acl::access;
use crate::security::acl::log::Scene;
use crate::server::Dispatch;

/// Stack of a thread that runs scripts, in bytes: data may be nested thousands of levels deep.
pub const STACK_BYTES: usize = 32 << 20;

/// A command for the thread.
pub struct Job {
    command: ScriptCommand,
    parked: Arc<Parked>,
    session: Session,
    protocol: Protocol,
}

impl Dispatch {
    /// Starts the thread that scripts run on from here on; it ends when nobody is left who could ask it for anything.
    pub fn start_scripts(mut self) -> io::Result<Self> {
        let (sender, jobs) = mpsc::channel::<Job>();
        let dispatch = self.clone();
        std::thread::Builder::new()
            .name("scripts".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || jobs.into_iter().for_each(|job| dispatch.run_job(job)))?;
        self.scripts = Some(sender);
        Ok(self)
    }

    /// A command about scripts: has it run on their thread while the client waits.
    pub(super) fn script(
        &self,
        command: ScriptCommand,
        call: &Call<'_>,
        session: &mut Session,
        reply: &mut ReplyWriter,
    ) -> Result<Execution, ReplyError> {
        session.client.note_command(call.command.id);
        if self.node.scripting.answer_at_once(command, call.args, reply)? {
            return Ok(Execution::default());
        }
        if call.command.spec.flags.has(Flags::DENYOOM) {
            self.engine.room(call, session)?;
        }
        let thread = self.scripts.as_ref().filter(|_| session.may_wait());
        if let Some(thread) = thread {
            let parked = Arc::new(Parked::new(call, None));
            let job = Job {
                command,
                parked: Arc::clone(&parked),
                session: acting_for(session),
                protocol: reply.protocol(),
            };
            thread.send(job).map_err(|_| ReplyError::err("scripts do not run any more"))?;
            session.park(Waiting::new(parked, None, None));
            return Ok(Execution { flow: Flow::Wait, ..Execution::default() });
        }
        let mut acting = acting_for(session);
        let outcome = self.run_script(command, call, &mut acting, reply);
        if let Some((sequence, fsync)) = acting.take_logged() {
            session.note_logged(sequence, fsync);
        }
        outcome
    }

    fn run_job(&self, job: Job) {
        let Job { command, parked, mut session, protocol } = job;
        let began = Instant::now();
        let mut reply = ReplyWriter::new(protocol);
        let run = || self.run_script(command, &parked.call(), &mut session, &mut reply);
        // The panic hook tells of it; the thread goes on for the others.
        let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(PANICKED));
        let took = began.elapsed();
        let logged = session.take_logged();
        parked.answer_if(|| Some(Answer::Ran { reply: reply.take(), result, took, logged }));
    }

    /// Runs a command under locks of its own.
    fn run_script(
        &self,
        command: ScriptCommand,
        call: &Call<'_>,
        session: &mut Session,
        reply: &mut ReplyWriter,
    ) -> Result<Execution, ReplyError> {
        let mut world = self.node.scripting.enter()?;
        // For the script, time stands still from here on.
        session.begin_batch(Instant::now());
        let (locks, outcome) = self.script_locked(
            command,
            call,
            session,
            &mut world,
            Locks::none(self.engine.registry()),
            reply,
        );
        self.engine.finish(locks, session);
        drop(world);
        self.engine.registry().script_gate().do_deferred();
        outcome
    }

    /// Runs a command under locks that are held already, and adds to them what it needs.
    pub(super) fn script_locked<'a>(
        &'a self,
        command: ScriptCommand,
        call: &Call<'_>,
        session: &mut Session,
        world: &mut World,
        locks: Locks<'a>,
        reply: &mut ReplyWriter,
    ) -> (Locks<'a>, Result<Execution, ReplyError>) {
        let selected = session.selected();
        let monitors = &self.node.observation.monitors;
        if monitors.any() {
            monitors.show(call.command, call.args, selected.index, session.origin());
        }
        session.in_script = true;
        let mark = reply.len();
        let mut actor = Actor {
            dispatch: self,
            call: *call,
            session,
            locks: Some(locks),
            rules: Rules { read_only: true, allow_oom: false, refused_when_full: false },
            full: false,
            effects: Effects::default(),
            written: Places::new(),
        };
        let outcome = self.node.scripting.run(world, command, call.args, &mut actor, reply);
        let Actor { locks, effects, written, session, .. } = actor;
        let mut locks = locks.expect("they come back from each command");
        if outcome.is_err() {
            reply.truncate(mark);
        }
        // What it has selected was for itself alone.
        session.select(selected);
        session.in_script = false;
        self.engine.escalate_to_lines(&written, &mut locks);
        (locks, outcome.map(|()| Execution { effects, ..Execution::default() }))
    }
}

/// A session in which a script acts for a client.
fn acting_for(session: &mut Session) -> Session {
    let seed = session.stamp().seed;
    let mut acting = Session::new(Arc::clone(&session.client), Door::Resp, session.user.clone(), seed);
    acting.select(session.selected());
    acting.set_trace(session.trace().cloned());
    acting
}

/// A script at work for a client.
struct Actor<'a, 's, 'c> {
    dispatch: &'a Dispatch,
    call: Call<'c>,
    session: &'s mut Session,
    /// Gone only while a command has them.
    locks: Option<Locks<'a>>,
    rules: Rules,
    /// There was no memory left when it began.
    full: bool,
    effects: Effects,
    /// Where the keys lie that it may have changed.
    written: Places,
}

impl Stage for Actor<'_, '_, '_> {
    fn begin(&mut self, rules: Rules, keys: Args<'_>) -> Outcome {
        let engine = &self.dispatch.engine;
        let (made_room, full) = engine.room_for_script(&self.call, self.session);
        self.effects.add(made_room);
        self.full = full;
        if rules.refused_when_full && self.full {
            return Err(FULL);
        }
        self.rules = rules;
        let registry = engine.registry();
        if self.locks.as_ref().is_some_and(Locks::are_whole) {
            return Ok(());
        }
        let mut epoch = registry.epoch();
        loop {
            let places = keys.iter().filter_map(|key| Place::of(registry, self.session.store, key));
            let locks = engine.lock(places.collect(), !rules.read_only)?;
            let now = registry.epoch();
            if now == epoch {
                self.locks = Some(locks.found_in(epoch));
                return Ok(());
            }
            epoch = now;
        }
    }

    fn changed(&mut self) {
        self.effects.changes = self.effects.changes.saturating_add(1);
    }
}

impl Host for Actor<'_, '_, '_> {
    fn call(&mut self, args: Args<'_>, reply: &mut ReplyWriter) -> Result<(), String> {
        let command = table().resolve(args);
        let inner = Call { command, args, ..self.call };
        let began = Instant::now();
        if let Err(refusal) = self.check(&inner) {
            let error = ReplyError::text(refusal.clone());
            if !matches!(command.spec.run, Run::Unknown | Run::Container) {
                self.dispatch.measure(&inner, self.session, (began, 0), &Err(error));
            }
            return Err(refusal);
        }
        if command.spec.flags.has(Flags::WRITE) {
            self.dispatch.node.scripting.running().note_write();
        }
        let (mark, store) = (reply.len(), self.session.store);
        let outcome = match command.spec.run {
            Run::Data(_) => self.run_data(&inner, reply),
            _ => self.dispatch.answer(&inner, self.session, reply),
        };
        let reply_bytes = reply.len().saturating_sub(mark);
        self.dispatch.measure(&inner, self.session, (began, reply_bytes), &outcome);
        self.dispatch.show(&inner, store, Origin::Script);
        match outcome {
            Ok(done) => self.effects.add(done.effects),
            Err(error) => {
                reply.truncate(mark);
                reply.error(error.prefix, &error.text);
            }
        }
        Ok(())
    }

    fn may_run(&mut self, args: Args<'_>) -> Option<bool> {
        let command = table().resolve(args);
        let known = !matches!(command.spec.run, Run::Unknown | Run::Container);
        known.then(|| {
            let user = self.dispatch.node.authenticator.users().of(self.session.user.as_ref());
            access::check(&user.account, command, args).is_ok()
        })
    }
}

impl<'a> Actor<'a, '_, '_> {
    fn check(&self, call: &Call<'_>) -> Result<(), String> {
        let spec = call.command.spec;
        if matches!(spec.run, Run::Unknown) || (!spec.subcommands.is_empty() && call.args.len() > 1) {
            return Err("ERR Unknown Redis command called from script".to_owned());
        }
        if !spec.takes(call.args.len()) {
            return Err("ERR Wrong number of args calling Redis command from script".to_owned());
        }
        if spec.flags.has(Flags::NOSCRIPT) {
            return Err("ERR This Redis command is not allowed from script".to_owned());
        }
        if let Err((denied, user)) = self.dispatch.node.authenticator.check(call, self.session, Scene::Lua) {
            return Err(match denied.text(&user, call.command) {
                Some(text) => format!("ERR ACL failure in script: {text}"),
                None => denied.reply(&user, call.command).to_string(),
            });
        }
        let writes = spec.flags.has(Flags::WRITE) || spec.flags.has(Flags::MAY_REPLICATE);
        if self.rules.read_only && writes {
            return Err("ERR Write commands are not allowed from read-only scripts.".to_owned());
        }
        self.dispatch.admit(call, self.session.selected()).map_err(|error| error.to_string())?;
        let running = self.dispatch.node.scripting.running();
        let needs_room = spec.flags.has(Flags::DENYOOM) && !self.rules.allow_oom && !running.has_written();
        if needs_room && self.full {
            return Err(error::OUT_OF_MEMORY.to_string());
        }
        Ok(())
    }

    fn run_data(&mut self, call: &Call<'_>, reply: &mut ReplyWriter) -> Result<Execution, ReplyError> {
        let engine = &self.dispatch.engine;
        let registry = engine.registry();
        let epoch = registry.epoch();
        let reach = engine.reach(call, self.session)?;
        let mut locks = self.locks.take().expect("they come back from each command");
        match &reach {
            Reach::Keys(places) => locks.escalate(registry, places),
            Reach::Store => locks.escalate_to_store(registry, self.session.store),
            Reach::Anywhere => locks.escalate_to_all(registry),
        }
        // Where stores have changed meanwhile, the engine looks whether these are the right ones.
        let locks = locks.found_in(epoch);
        let (locks, outcome) = engine.run_locked(call, self.session, locks, reply);
        self.dispatch.note_read(self.session);
        self.locks = Some(locks);
        if let (Reach::Keys(places), true) = (reach, call.command.spec.flags.has(Flags::WRITE)) {
            let new: Places = places.into_iter().filter(|place| !self.written.contains(place)).collect();
            self.written.extend(new);
        }
        outcome
    }
}

const PANICKED: ReplyError = ReplyError::err("the script could not be run to its end");

const FULL: ReplyError = ReplyError::new(
    "OOM",
    "allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'",
);
