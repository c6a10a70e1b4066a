//! `EVAL`: scripts by the digest of their source.

use std::sync::Arc;

use hashbrown::HashMap;
use mlua::Function;
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
#[derive(Clone)]
pub struct Script {
    function: Function,
    /// What it says about itself; none where it says nothing, as scripts did before Redis 7.
    pub flags: Option<Flags>,
    source_bytes: usize,
}

/// The scripts that are known, and the Lua state they are compiled in.
pub struct Scripts {
    running: Arc<Running>,
    machine: Machine,
    known: HashMap<String, Script>,
}

/// There is no script of this digest.
pub const NO_SCRIPT: ReplyError = ReplyError::new("NOSCRIPT", "No matching script. Please use EVAL.");

impl Scripts {
    /// None yet.
    pub fn new(running: Arc<Running>) -> mlua::Result<Self> {
        let machine = Machine::new(&running, api::debugging)?;
        Ok(Self { machine, running, known: HashMap::new() })
    }

    /// Forgets all, and starts a fresh Lua state.
    pub fn flush(&mut self) -> Result<(), ReplyError> {
        self.machine = Machine::new(&self.running, api::debugging)
            .map_err(|error| ReplyError::text(sandbox::message(&error)))?;
        self.known.clear();
        Ok(())
    }

    /// Compiles a script, unless it is known; its digest.
    pub fn load(&mut self, source: &[u8]) -> Result<String, ReplyError> {
        let digest = api::sha1(source);
        if self.known.contains_key(&digest) {
            return Ok(digest);
        }
        let (flags, code) = shebang::of_script(source)?;
        let function = self.machine.sandbox().compile(code, "@user_script").map_err(|error| {
            ReplyError::text(format!("Error compiling script (new function): {}", sandbox::message(&error)))
        })?;
        self.known.insert(digest.clone(), Script { function, flags, source_bytes: source.len() });
        Ok(digest)
    }

    /// The script of a digest, in any case.
    pub fn find(&self, digest: &[u8]) -> Option<(String, Script)> {
        let digest = std::str::from_utf8(digest).ok()?.to_ascii_lowercase();
        let script = self.known.get(&digest)?.clone();
        Some((digest, script))
    }

    /// Runs a script; errors are told as from `digest`.
    pub fn run(
        &self,
        digest: &str,
        script: &Script,
        (keys, arguments): (Args<'_>, Args<'_>),
        host: &mut dyn Host,
        reply: &mut ReplyWriter,
    ) -> Result<(), ReplyError> {
        let sandbox = self.machine.sandbox();
        let prepared = self.machine.list(keys.iter()).and_then(|keys| {
            sandbox.set_global("KEYS", keys)?;
            sandbox.set_global("ARGV", self.machine.list(arguments.iter())?)
        });
        prepared.map_err(|error| ReplyError::text(sandbox::message(&error)))?;
        self.machine.run(digest, &script.function, (Value::Nil, Value::Nil), host, reply)
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
