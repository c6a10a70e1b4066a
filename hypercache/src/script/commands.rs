//! The commands about scripts and functions, one at a time.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;
use parking_lot::MutexGuard;

use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args;
use crate::command::spec::ScriptCommand;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::script::functions::ENGINE;
use crate::script::functions::Functions;
use crate::script::functions::Library;
use crate::script::functions::Policy;
use crate::script::machine::Host;
use crate::script::running::Run;
use crate::script::running::Running;
use crate::script::sandbox;
use crate::script::scripts::NO_SCRIPT;
use crate::script::scripts::Scripts;
use crate::script::shebang::Flags;
use crate::store::Registry;
use crate::store::script_gate::Overdue;
use crate::value::glob;

/// How long somebody waits for scripts of others before looking again whether one runs for too long.
const SLICE: Duration = Duration::from_millis(1);
/// Arguments that `FUNCTION STATS` and the node's memory of a running script keep, in bytes.
const COMMAND_BYTES_KEPT: usize = 64 * 1024;

/// What holds for a script while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// It must not change data.
    pub read_only: bool,
    /// It may change data where there is no memory left.
    pub allow_oom: bool,
    /// It says about itself that it needs memory, and so does not begin where there is none left.
    pub refused_when_full: bool,
}

impl Rules {
    /// What a script's flags, none where it has no first line for them, make of it when a command for reading calls it.
    fn of(flags: Option<Flags>, reading: bool) -> Result<Self, ReplyError> {
        let Some(flags) = flags else {
            return Ok(Self { read_only: reading, allow_oom: false, refused_when_full: false });
        };
        let no_writes = flags.has(Flags::NO_WRITES);
        if reading && !no_writes {
            return Err(ReplyError::err("Can not execute a script with write flag using *_ro command."));
        }
        let allow_oom = flags.has(Flags::ALLOW_OOM);
        Ok(Self { read_only: no_writes, allow_oom, refused_when_full: !allow_oom && !no_writes })
    }
}

/// What a script runs on: it is made ready before, and then serves it.
pub trait Stage: Host {
    /// Makes ready for a script with these rules that has declared these keys.
    fn begin(&mut self, rules: Rules, keys: Args<'_>) -> Outcome;
    /// Changes to the libraries, for whoever counts changes.
    fn changed(&mut self);
}

/// Scripts and functions of a node.
pub struct Scripting {
    registry: Arc<Registry>,
    running: Arc<Running>,
    world: Mutex<World>,
    sizes: Sizes,
}

/// What only one may use at a time.
pub struct World {
    scripts: Scripts,
    functions: Functions,
}

/// What the scripts and functions measured when they were last used: read by whoever must not wait.
#[derive(Debug, Default)]
struct Sizes {
    scripts: AtomicUsize,
    script_bytes: AtomicUsize,
    script_state_bytes: AtomicUsize,
    libraries: AtomicUsize,
    functions: AtomicUsize,
    function_bytes: AtomicUsize,
    function_state_bytes: AtomicUsize,
}

/// Sizes of scripts and functions.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Census {
    /// Scripts that are known.
    pub scripts: usize,
    /// Bytes of their sources.
    pub script_bytes: usize,
    /// Bytes of their Lua state.
    pub script_state_bytes: usize,
    /// Libraries.
    pub libraries: usize,
    /// Their functions.
    pub functions: usize,
    /// Bytes of their sources.
    pub function_bytes: usize,
    /// Bytes of their Lua state.
    pub function_state_bytes: usize,
}

impl Census {
    /// Bytes of sources and states together.
    pub fn held_bytes(&self) -> u64 {
        let sources = self.script_bytes + self.function_bytes;
        (sources + self.script_state_bytes + self.function_state_bytes) as u64
    }
}

impl Scripting {
    /// None yet; a script has run for too long after `threshold_ms`, never where that is 0.
    pub fn new(registry: Arc<Registry>, threshold_ms: u64) -> Result<Self, ReplyError> {
        let running = Arc::new(Running::new(Arc::clone(&registry), threshold_ms));
        let told = |error: mlua::Error| ReplyError::text(sandbox::message(&error));
        let world = World {
            scripts: Scripts::new(Arc::clone(&running)).map_err(told)?,
            functions: Functions::new(Arc::clone(&running)).map_err(told)?,
        };
        let scripting = Self { registry, running, world: Mutex::new(world), sizes: Sizes::default() };
        scripting.measure(&scripting.world.lock());
        Ok(scripting)
    }

    /// What is running.
    pub fn running(&self) -> &Arc<Running> {
        &self.running
    }

    /// Sizes as they were after the last command; waits for nobody.
    pub fn census(&self) -> Census {
        let sizes = &self.sizes;
        Census {
            scripts: sizes.scripts.load(Relaxed),
            script_bytes: sizes.script_bytes.load(Relaxed),
            script_state_bytes: sizes.script_state_bytes.load(Relaxed),
            libraries: sizes.libraries.load(Relaxed),
            functions: sizes.functions.load(Relaxed),
            function_bytes: sizes.function_bytes.load(Relaxed),
            function_state_bytes: sizes.function_state_bytes.load(Relaxed),
        }
    }

    /// Waits until no script of others runs; an error where one runs for too long. To be called before shards are
    /// locked: whoever runs a script locks shards, too.
    pub fn enter(&self) -> Result<MutexGuard<'_, World>, ReplyError> {
        loop {
            if let Some(world) = self.world.try_lock_for(SLICE) {
                return Ok(world);
            }
            if let Some(overdue) = self.registry.script_gate().overdue() {
                return Err(ReplyError::busy(overdue));
            }
        }
    }

    /// Runs a command. `answer_at_once` has had its turn.
    pub fn run(
        &self,
        world: &mut World,
        command: ScriptCommand,
        args: Args<'_>,
        stage: &mut dyn Stage,
        reply: &mut ReplyWriter,
    ) -> Outcome {
        let outcome = self.dispatch(world, command, args, stage, reply);
        self.measure(world);
        outcome
    }

    fn dispatch(
        &self,
        world: &mut World,
        command: ScriptCommand,
        args: Args<'_>,
        stage: &mut dyn Stage,
        reply: &mut ReplyWriter,
    ) -> Outcome {
        use ScriptCommand as C;
        match command {
            C::Eval | C::EvalRo | C::EvalSha | C::EvalShaRo => {
                self.eval(world, command, args, stage, reply)?
            }
            C::FCall | C::FCallRo => self.fcall(world, command == C::FCallRo, args, stage, reply)?,
            C::ScriptLoad => {
                let digest = world.scripts.load(&args[2])?;
                reply.bulk(digest);
            }
            C::ScriptExists => {
                reply.array(args.len() - 2);
                for digest in args.from(2).iter() {
                    reply.integer(world.scripts.find(digest).is_some().into());
                }
            }
            C::ScriptFlush => {
                flush_mode(args, "SCRIPT FLUSH only support SYNC|ASYNC option")?;
                world.scripts.flush()?;
                reply.ok();
            }
            C::FunctionLoad => {
                let name = load(&mut world.functions, args)?;
                stage.changed();
                reply.bulk(name);
            }
            C::FunctionDelete => {
                world.functions.delete(&args[2])?;
                stage.changed();
                reply.ok();
            }
            C::FunctionFlush => {
                if args.len() > 3 {
                    return Err(ReplyError::misused_subcommand(args));
                }
                flush_mode(args, "FUNCTION FLUSH only supports SYNC|ASYNC option")?;
                world.functions.flush()?;
                stage.changed();
                reply.ok();
            }
            C::FunctionList => list(&world.functions, args, reply)?,
            C::FunctionDump => reply.bulk(world.functions.dump()),
            C::FunctionRestore => {
                restore(&mut world.functions, args)?;
                stage.changed();
                reply.ok();
            }
            C::FunctionKill | C::FunctionStats | C::ScriptKill | C::ScriptDebug => {
                self.answer_at_once(command, args, reply)?;
            }
        }
        Ok(())
    }

    /// Answers a command that must not wait for scripts; false where it is none.
    pub fn answer_at_once(
        &self,
        command: ScriptCommand,
        args: Args<'_>,
        reply: &mut ReplyWriter,
    ) -> Result<bool, ReplyError> {
        match command {
            ScriptCommand::ScriptKill => {
                self.running.kill(Overdue::Script)?;
                reply.ok();
            }
            ScriptCommand::FunctionKill => {
                self.running.kill(Overdue::Function)?;
                reply.ok();
            }
            ScriptCommand::FunctionStats => self.stats(reply)?,
            ScriptCommand::ScriptDebug => debug(args, reply)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn eval(
        &self,
        world: &mut World,
        command: ScriptCommand,
        args: Args<'_>,
        stage: &mut dyn Stage,
        reply: &mut ReplyWriter,
    ) -> Outcome {
        use ScriptCommand as C;
        let by_digest = matches!(command, C::EvalSha | C::EvalShaRo);
        if by_digest && args[1].len() != DIGEST_DIGITS {
            return Err(NO_SCRIPT);
        }
        let keys = numkeys(args, args::integer(&args[2])?)?;
        let (digest, script) = if by_digest {
            world.scripts.find(&args[1]).ok_or(NO_SCRIPT)?
        } else {
            let digest = world.scripts.load(&args[1])?;
            world.scripts.find(digest.as_bytes()).ok_or(NO_SCRIPT)?
        };
        let rules = Rules::of(script.flags, matches!(command, C::EvalRo | C::EvalShaRo))?;
        let given = (args.from(3).first(keys), args.from(3 + keys));
        stage.begin(rules, given.0)?;
        let _ending = self.running.begin(run(Overdue::Script, &digest, args));
        world.scripts.run(&digest, given, stage, reply)
    }

    fn fcall(
        &self,
        world: &World,
        reading: bool,
        args: Args<'_>,
        stage: &mut dyn Stage,
        reply: &mut ReplyWriter,
    ) -> Outcome {
        let function = world.functions.find(&args[1]).ok_or(ReplyError::err("Function not found"))?;
        let count = args::integer(&args[2]).map_err(|_| ReplyError::err("Bad number of keys provided"))?;
        let keys = numkeys(args, count)?;
        let rules = Rules::of(Some(function.flags), reading)?;
        let given = (args.from(3).first(keys), args.from(3 + keys));
        stage.begin(rules, given.0)?;
        let _ending = self.running.begin(run(Overdue::Function, &function.name, args));
        world.functions.run(&function, given, stage, reply)
    }

    fn stats(&self, reply: &mut ReplyWriter) -> Outcome {
        let current = self.running.current();
        if current.as_ref().is_some_and(|run| run.kind == Overdue::Script) {
            return Err(ReplyError::busy(Overdue::Script));
        }
        reply.map(2);
        reply.bulk("running_script");
        match current {
            None => reply.null(),
            Some(run) => {
                reply.map(3);
                reply.bulk("name");
                reply.bulk(&run.name);
                reply.bulk("command");
                reply.array(run.command.view().len());
                run.command.view().iter().for_each(|argument| reply.bulk(argument));
                reply.bulk("duration_ms");
                reply.integer(i64::try_from(run.began.elapsed().as_millis()).unwrap_or(i64::MAX));
            }
        }
        let census = self.census();
        reply.bulk("engines");
        reply.map(1);
        reply.bulk(ENGINE);
        reply.map(2);
        reply.bulk("libraries_count");
        reply.count(census.libraries);
        reply.bulk("functions_count");
        reply.count(census.functions);
        Ok(())
    }

    fn measure(&self, world: &World) {
        let World { scripts, functions } = world;
        self.sizes.scripts.store(scripts.count(), Relaxed);
        self.sizes.script_state_bytes.store(scripts.used_bytes(), Relaxed);
        self.sizes.function_state_bytes.store(functions.used_bytes(), Relaxed);
        self.sizes.libraries.store(functions.libraries().len(), Relaxed);
        self.sizes.functions.store(functions.count(), Relaxed);
        self.sizes.script_bytes.store(scripts.source_bytes(), Relaxed);
        self.sizes.function_bytes.store(functions.source_bytes(), Relaxed);
    }
}

/// Digits of a digest.
const DIGEST_DIGITS: usize = 40;

fn run(kind: Overdue, name: &str, args: Args<'_>) -> Run {
    let command = if args.bytes() <= COMMAND_BYTES_KEPT { args.to_owned() } else { args.first(2).to_owned() };
    Run { kind, name: name.to_owned(), command, began: Instant::now() }
}

fn numkeys(args: Args<'_>, count: i64) -> Result<usize, ReplyError> {
    let count = usize::try_from(count).map_err(|_| ReplyError::err("Number of keys can't be negative"))?;
    if count > args.len() - 3 {
        return Err(ReplyError::err("Number of keys can't be greater than number of args"));
    }
    Ok(count)
}

fn flush_mode(args: Args<'_>, refusal: &'static str) -> Outcome {
    let known = |mode: &[u8]| mode.eq_ignore_ascii_case(b"SYNC") || mode.eq_ignore_ascii_case(b"ASYNC");
    if args.len() > 3 || args.get(2).is_some_and(|mode| !known(mode)) {
        return Err(ReplyError::err(refusal));
    }
    Ok(())
}

fn debug(args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let mode = &args[2];
    if mode.eq_ignore_ascii_case(b"NO") {
        reply.ok();
        return Ok(());
    }
    if mode.eq_ignore_ascii_case(b"YES") || mode.eq_ignore_ascii_case(b"SYNC") {
        return Err(ReplyError::err(
            "this node has no debugger for scripts; SCRIPT DEBUG NO is all it takes",
        ));
    }
    Err(ReplyError::err("Use SCRIPT DEBUG YES/SYNC/NO"))
}

fn load(functions: &mut Functions, args: Args<'_>) -> Result<String, ReplyError> {
    let mut replace = false;
    for option in args.from(2).first(args.len() - 3).iter() {
        if !option.eq_ignore_ascii_case(b"REPLACE") {
            return Err(ReplyError::text(format!(
                "Unknown option given: {}",
                String::from_utf8_lossy(option)
            )));
        }
        replace = true;
    }
    functions.load(&args[args.len() - 1], replace)
}

fn restore(functions: &mut Functions, args: Args<'_>) -> Outcome {
    if args.len() > 4 {
        return Err(ReplyError::misused_subcommand(args));
    }
    let policy = match args.get(3).map(<[u8]>::to_ascii_uppercase).as_deref() {
        None | Some(b"APPEND") => Policy::Append,
        Some(b"REPLACE") => Policy::Replace,
        Some(b"FLUSH") => Policy::Flush,
        Some(_) => {
            return Err(ReplyError::err(
                "Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
            ));
        }
    };
    functions.restore(&args[2], policy)
}

fn list(functions: &Functions, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (mut with_code, mut pattern) = (false, None);
    let mut words = args.from(2).iter();
    while let Some(word) = words.next() {
        if !with_code && word.eq_ignore_ascii_case(b"WITHCODE") {
            with_code = true;
        } else if pattern.is_none() && word.eq_ignore_ascii_case(b"LIBRARYNAME") {
            pattern = Some(words.next().ok_or(ReplyError::err("library name argument was not given"))?);
        } else {
            return Err(ReplyError::text(format!("Unknown argument {}", String::from_utf8_lossy(word))));
        }
    }
    let wanted: Vec<&Library> = functions
        .libraries()
        .filter(|library| pattern.is_none_or(|pattern| is_like(pattern, library.name.as_bytes())))
        .collect();
    reply.array(wanted.len());
    for library in wanted {
        reply.map(if with_code { 4 } else { 3 });
        reply.bulk("library_name");
        reply.bulk(&library.name);
        reply.bulk("engine");
        reply.bulk(ENGINE);
        reply.bulk("functions");
        reply.array(library.functions.len());
        for function in library.functions.values() {
            reply.map(3);
            reply.bulk("name");
            reply.bulk(&function.name);
            reply.bulk("description");
            match &function.description {
                Some(description) => reply.bulk(description),
                None => reply.null(),
            }
            reply.bulk("flags");
            reply.set(function.flags.names().count());
            function.flags.names().for_each(|flag| reply.simple(flag));
        }
        if with_code {
            reply.bulk("library_code");
            reply.bulk(&library.source);
        }
    }
    Ok(())
}

/// Whether a library's name matches a pattern, in any case.
fn is_like(pattern: &[u8], name: &[u8]) -> bool {
    glob::matches(&pattern.to_ascii_lowercase(), &name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
