//! `FUNCTION` and `FCALL`: libraries of functions that stay until they are deleted.

mod register;

use std::collections::BTreeMap;
use std::sync::Arc;

use mlua::Function;
use mlua::Lua;
use mlua::Table;
use mlua::Value;
use parking_lot::Mutex;

use crate::command::ReplyError;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::script::api;
use crate::script::machine::Host;
use crate::script::machine::Machine;
use crate::script::payload;
use crate::script::running::Running;
use crate::script::sandbox;
use crate::script::shebang;
use crate::script::shebang::Flags;

/// The one engine there is.
pub const ENGINE: &str = "LUA";

/// A function that a library has registered.
#[derive(Clone)]
pub struct Registered {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<Vec<u8>>,
    /// What it says about itself.
    pub flags: Flags,
    /// Where its callback lies in the table of them.
    callback: u64,
}

/// A library.
pub struct Library {
    /// Its name.
    pub name: String,
    /// Its source, the first line with it.
    pub source: Vec<u8>,
    /// Its functions by name.
    pub functions: BTreeMap<String, Registered>,
}

/// What is done with libraries that are there already when others are restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// They stay; none may be there twice.
    Append,
    /// Those of the same names are replaced.
    Replace,
    /// All go.
    Flush,
}

/// The libraries, and the Lua state they are loaded in.
pub struct Functions {
    running: Arc<Running>,
    state: State,
    libraries: BTreeMap<String, Library>,
}

struct State {
    machine: Machine,
    /// What libraries find while they are loaded, in place of the globals.
    loading_globals: Table,
    loading: Loading,
    /// What is called: in Lua, since a state has handles for some thousands of values only.
    callbacks: Table,
}

/// What the library that is being loaded has registered; none where none is.
type Loading = Arc<Mutex<Option<BTreeMap<String, Registered>>>>;

const BAD_NAME: ReplyError = ReplyError::err(
    "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
);

fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn told(error: &mlua::Error) -> ReplyError {
    ReplyError::text(sandbox::message(error))
}

impl State {
    fn new(running: &Arc<Running>) -> mlua::Result<Self> {
        let machine = Machine::new(running, |_: &Lua, _: &Table| Ok(()))?;
        let lua = machine.sandbox().lua();
        let loading = Loading::default();
        let (globals, redis, callbacks) = (lua.create_table()?, lua.create_table()?, lua.create_table()?);
        register::add(lua, &redis, &loading, &callbacks)?;
        api::log_and_version(lua, &redis)?;
        machine.sandbox().refuse_missing(&redis)?;
        globals.raw_set("redis", machine.sandbox().freeze(&redis)?)?;
        machine.sandbox().refuse_missing(&globals)?;
        Ok(Self { loading_globals: globals, loading, callbacks, machine })
    }

    /// Gives up the callbacks of functions.
    fn forget<'a>(&self, functions: impl Iterator<Item = &'a Registered>) {
        for function in functions {
            // Where there is no memory to take one out it stays, and is never called.
            self.callbacks.raw_set(function.callback, Value::Nil).ok();
        }
    }
}

impl Functions {
    /// None yet.
    pub fn new(running: Arc<Running>) -> mlua::Result<Self> {
        Ok(Self { state: State::new(&running)?, running, libraries: BTreeMap::new() })
    }

    /// Deletes all, and starts a fresh Lua state.
    pub fn flush(&mut self) -> Result<(), ReplyError> {
        self.state = State::new(&self.running).map_err(|error| told(&error))?;
        self.libraries.clear();
        Ok(())
    }

    /// The libraries in the order of their names.
    pub fn libraries(&self) -> impl ExactSizeIterator<Item = &Library> {
        self.libraries.values()
    }

    /// How many functions there are.
    pub fn count(&self) -> usize {
        self.libraries.values().map(|library| library.functions.len()).sum()
    }

    /// Bytes of the libraries' sources and of what their functions tell about themselves.
    pub fn source_bytes(&self) -> usize {
        let function = |function: &Registered| {
            function.name.len() + function.description.as_ref().map_or(0, Vec::len) + size_of::<Registered>()
        };
        let library = |library: &Library| {
            library.name.len()
                + library.source.len()
                + library.functions.values().map(function).sum::<usize>()
        };
        self.libraries.values().map(library).sum()
    }

    /// Memory of their Lua state, in bytes.
    pub fn used_bytes(&self) -> usize {
        self.state.machine.used_bytes()
    }

    /// Loads a library; its name.
    pub fn load(&mut self, source: &[u8], replace: bool) -> Result<String, ReplyError> {
        let library = self.prepare(source, |name| {
            if !replace && self.libraries.contains_key(name) {
                return Err(ReplyError::text(format!("Library '{name}' already exists")));
            }
            Ok(())
        })?;
        let name = library.name.clone();
        if let Err(error) = self.refuse_twice(&library, &[&name]) {
            self.state.forget(library.functions.values());
            return Err(error);
        }
        let replaced = self.libraries.insert(name.clone(), library);
        self.state.forget(replaced.iter().flat_map(|library| library.functions.values()));
        Ok(name)
    }

    /// Deletes a library.
    pub fn delete(&mut self, name: &[u8]) -> Result<(), ReplyError> {
        let found = std::str::from_utf8(name).ok().and_then(|name| self.libraries.remove(name));
        let library = found.ok_or(ReplyError::err("Library not found"))?;
        self.state.forget(library.functions.values());
        Ok(())
    }

    /// All libraries, as `restore` reads them.
    pub fn dump(&self) -> Vec<u8> {
        payload::write(self.libraries.values().map(|library| library.source.as_slice()))
    }

    /// Brings back libraries: all of them, or none where one cannot be.
    pub fn restore(&mut self, payload: &[u8], policy: Policy) -> Result<(), ReplyError> {
        let mut restored: Vec<Library> = Vec::new();
        let outcome = self.restore_into(&mut restored, payload, policy);
        let gone = match outcome {
            Err(_) => restored,
            Ok(()) => {
                let mut gone = Vec::new();
                if policy == Policy::Flush {
                    gone.extend(std::mem::take(&mut self.libraries).into_values());
                }
                let added = restored.into_iter().map(|library| (library.name.clone(), library));
                gone.extend(added.filter_map(|(name, library)| self.libraries.insert(name, library)));
                gone
            }
        };
        self.state.forget(gone.iter().flat_map(|library| library.functions.values()));
        outcome
    }

    /// Loads what a payload holds, beside what is there; whether it may take its place.
    fn restore_into(
        &self,
        restored: &mut Vec<Library>,
        payload: &[u8],
        policy: Policy,
    ) -> Result<(), ReplyError> {
        for source in payload::read(payload)? {
            let library = self.prepare(&source, |name| {
                if restored.iter().any(|library| library.name == name) {
                    return Err(ReplyError::text(format!("Library '{name}' already exists")));
                }
                Ok(())
            })?;
            let outcome = refuse_shared(&library, restored.iter());
            restored.push(library);
            outcome?;
        }
        let names: Vec<&str> = restored.iter().map(|library| library.name.as_str()).collect();
        if policy == Policy::Append
            && let Some(name) = names.iter().find(|name| self.libraries.contains_key(**name))
        {
            return Err(ReplyError::text(format!("Library {name} already exists")));
        }
        if policy == Policy::Flush {
            return Ok(());
        }
        restored.iter().try_for_each(|library| self.refuse_twice(library, &names))
    }

    /// The function of this name, in any case.
    pub fn find(&self, name: &[u8]) -> Option<Registered> {
        let named = |function: &&Registered| function.name.as_bytes().eq_ignore_ascii_case(name);
        self.libraries.values().find_map(|library| library.functions.values().find(named)).cloned()
    }

    /// Calls a function.
    pub fn run(
        &self,
        function: &Registered,
        (keys, arguments): (Args<'_>, Args<'_>),
        host: &mut dyn Host,
        reply: &mut ReplyWriter,
    ) -> Result<(), ReplyError> {
        let machine = &self.state.machine;
        let keys = machine.list(keys.iter()).map_err(|error| told(&error))?;
        let arguments = machine.list(arguments.iter()).map_err(|error| told(&error))?;
        let given = (Value::Table(keys), Value::Table(arguments));
        let callback: Function =
            self.state.callbacks.raw_get(function.callback).map_err(|error| told(&error))?;
        machine.run(&function.name, &callback, given, host, reply)
    }

    /// An error where a function of `library` is in another library that is not among those to be `replaced`.
    fn refuse_twice(&self, library: &Library, replaced: &[&str]) -> Result<(), ReplyError> {
        refuse_shared(
            library,
            self.libraries.values().filter(|other| !replaced.contains(&other.name.as_str())),
        )
    }

    /// Runs a library's source so that it registers its functions; `check` sees its name before.
    fn prepare(
        &self,
        source: &[u8],
        check: impl FnOnce(&str) -> Result<(), ReplyError>,
    ) -> Result<Library, ReplyError> {
        let line = shebang::of_library(source)?;
        let name =
            std::str::from_utf8(&line.name).ok().filter(|name| is_name(name.as_bytes())).ok_or(BAD_NAME)?;
        if !line.engine.eq_ignore_ascii_case(ENGINE.as_bytes()) {
            let engine = String::from_utf8_lossy(&line.engine);
            return Err(ReplyError::text(format!("Engine '{engine}' not found")));
        }
        check(name)?;
        let functions = self.register(line.code)?;
        if functions.is_empty() {
            return Err(ReplyError::err("No functions registered"));
        }
        Ok(Library { name: name.to_owned(), source: source.to_vec(), functions })
    }

    fn register(&self, code: &[u8]) -> Result<BTreeMap<String, Registered>, ReplyError> {
        let State { machine, loading_globals, loading, .. } = &self.state;
        let sandbox = machine.sandbox();
        let function = sandbox.compile(code, "@user_function").map_err(|error| {
            ReplyError::text(format!("Error compiling function: {}", sandbox::message(&error)))
        })?;
        sandbox.look_up_in(Some(loading_globals)).map_err(|error| told(&error))?;
        *loading.lock() = Some(BTreeMap::new());
        let outcome = {
            let _ending = self.running.begin_load();
            sandbox.call(&function, Value::Nil, Value::Nil)
        };
        let registered = loading.lock().take().unwrap_or_default();
        sandbox.look_up_in(None).map_err(|error| told(&error))?;
        if !matches!(outcome, Ok(Ok(_))) {
            self.state.forget(registered.values());
        }
        match outcome {
            Ok(Ok(_)) => Ok(registered),
            Ok(Err(fault)) => {
                let text = match &fault {
                    Value::Table(table) => table.raw_get::<mlua::LuaString>("err").ok(),
                    _ => None,
                };
                let text = text.map_or_else(|| "ERR unknown error".to_owned(), |text| text.to_string_lossy());
                Err(ReplyError::text(format!("Error registering functions: {text}")))
            }
            Err(error) => Err(ReplyError::text(format!(
                "Error registering functions: ERR {}",
                sandbox::message(&error)
            ))),
        }
    }
}

fn refuse_shared<'a>(library: &Library, others: impl Iterator<Item = &'a Library>) -> Result<(), ReplyError> {
    for other in others {
        let there = |name: &&String| other.functions.keys().any(|other| other.eq_ignore_ascii_case(name));
        if let Some(name) = library.functions.keys().find(there) {
            return Err(ReplyError::text(format!("Function {name} already exists")));
        }
    }
    Ok(())
}
