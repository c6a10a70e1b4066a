//! `EVAL`: scripts by the digest of their source.

use std::sync::Arc;

use hashbrown::HashMap;
use mlua::Function;
use mlua::Table;
use mlua::Value;

use crate::command::ReplyError;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::script::api;
use crate::script::machine::Host;
use crate::script::machine::Machine;
use crate::script::running::Running;
use crate::script::sandbox;
use crate::script::shebang;
use crate::script::shebang::Flags;

/// A script that is known.
#[derive(Clone, Copy)]
pub struct Script {
    /// What it says about itself; none where it says nothing, as scripts did before Redis 7.
    pub flags: Option<Flags>,
    source_bytes: usize,
}

/// The scripts that are known, and the Lua state they are compiled in.
pub struct Scripts {
    running: Arc<Running>,
    machine: Machine,
    /// Their functions by digest: in Lua, since a state has handles for some thousands of values only.
    functions: Table,
    known: HashMap<String, Script>,
}

/// There is no script of this digest.
pub const NO_SCRIPT: ReplyError = ReplyError::new("NOSCRIPT", "No matching script. Please use EVAL.");

impl Scripts {
    /// None yet.
    pub fn new(running: Arc<Running>) -> mlua::Result<Self> {
        let machine = Machine::new(&running, api::debugging)?;
        let functions = machine.sandbox().lua().create_table()?;
        Ok(Self { functions, machine, running, known: HashMap::new() })
    }

    /// Forgets all, and starts a fresh Lua state.
    pub fn flush(&mut self) -> Result<(), ReplyError> {
        *self = Self::new(Arc::clone(&self.running))
            .map_err(|error| ReplyError::text(sandbox::message(&error)))?;
        Ok(())
    }

    /// Compiles a script, unless it is known; its digest.
    pub fn load(&mut self, source: &[u8]) -> Result<String, ReplyError> {
        let digest = api::sha1(source);
        if self.known.contains_key(&digest) {
            return Ok(digest);
        }
        let (flags, code) = shebang::of_script(source)?;
        let compiled = self.machine.sandbox().compile(code, "@user_script");
        compiled.and_then(|function| self.functions.raw_set(&*digest, function)).map_err(|error| {
            ReplyError::text(format!("Error compiling script (new function): {}", sandbox::message(&error)))
        })?;
        self.known.insert(digest.clone(), Script { flags, source_bytes: source.len() });
        Ok(digest)
    }

    /// The script of a digest, in any case.
    pub fn find(&self, digest: &[u8]) -> Option<(String, Script)> {
        let digest = std::str::from_utf8(digest).ok()?.to_ascii_lowercase();
        let script = *self.known.get(&digest)?;
        Some((digest, script))
    }

    /// Runs the script of this digest, which is known.
    pub fn run(
        &self,
        digest: &str,
        (keys, arguments): (Args<'_>, Args<'_>),
        host: &mut dyn Host,
        reply: &mut ReplyWriter,
    ) -> Result<(), ReplyError> {
        let sandbox = self.machine.sandbox();
        let prepared = self.machine.list(keys.iter()).and_then(|keys| {
            sandbox.set_global("KEYS", keys)?;
            sandbox.set_global("ARGV", self.machine.list(arguments.iter())?)?;
            self.functions.raw_get::<Function>(digest)
        });
        let function = prepared.map_err(|error| ReplyError::text(sandbox::message(&error)))?;
        self.machine.run(digest, &function, (Value::Nil, Value::Nil), host, reply)
    }

    /// How many scripts are known.
    pub fn count(&self) -> usize {
        self.known.len()
    }

    /// Bytes of their sources and digests.
    pub fn source_bytes(&self) -> usize {
        self.known
            .iter()
            .map(|(digest, script)| digest.len() + script.source_bytes + size_of::<Script>())
            .sum()
    }

    /// Memory of their Lua state, in bytes.
    pub fn used_bytes(&self) -> usize {
        self.machine.used_bytes()
    }
}
