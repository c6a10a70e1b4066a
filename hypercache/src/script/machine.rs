//! Runs functions of Lua on behalf of a client, in one of the node's two Lua states.

use std::sync::Arc;

use mlua::Function;
use mlua::HookTriggers;
use mlua::Lua;
use mlua::Result;
use mlua::Table;
use mlua::Value;
use mlua::VmState;

use crate::command::ReplyError;
use crate::resp::Args;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::script::api;
use crate::script::api::Exchange;
use crate::script::api::Link;
use crate::script::api::Request;
use crate::script::reply;
use crate::script::running::Running;
use crate::script::sandbox;
use crate::script::sandbox::Sandbox;

/// Instructions of Lua between two looks at whether the script is to end.
const INSTRUCTIONS_BETWEEN_LOOKS: u32 = 10_000;

/// Prefixes that programs know; others are a script's own and stay with their text.
const PREFIXES: &[&str] = &[
    "ERR",
    "WRONGTYPE",
    "NOSCRIPT",
    "OOM",
    "BUSY",
    "BUSYKEY",
    "BUSYGROUP",
    "NOGROUP",
    "NOAUTH",
    "WRONGPASS",
    "NOPERM",
    "READONLY",
    "EXECABORT",
    "MOVED",
    "CROSSSLOT",
    "UNKILLABLE",
    "NOTBUSY",
    "LOADING",
    "MISCONF",
    "NOREPLICAS",
];

/// What a script asks the node for while it runs.
pub trait Host {
    /// Runs a command and writes its reply, an error reply too. An error tells, with its prefix, why it did not run.
    fn call(&mut self, args: Args<'_>, reply: &mut ReplyWriter) -> std::result::Result<(), String>;

    /// Whether the caller may run this command; none where there is no such command.
    fn may_run(&mut self, args: Args<'_>) -> Option<bool>;
}

/// A Lua state and what connects it with the node.
pub struct Machine {
    sandbox: Sandbox,
    link: Link,
}

impl Machine {
    /// A fresh state, where `extend` adds to `redis`.
    pub fn new(running: &Arc<Running>, extend: fn(&Lua, &Table) -> Result<()>) -> Result<Self> {
        let mut made = None;
        let watch = Arc::clone(running);
        let sandbox = Sandbox::new(
            move || watch.look(),
            |lua, globals| {
                let link = Link::new(lua)?;
                let redis = api::open(lua, &link)?;
                extend(lua, &redis)?;
                globals.raw_set("redis", redis)?;
                made = Some(link);
                Ok(())
            },
        )?;
        let running = Arc::clone(running);
        let triggers = HookTriggers::new().every_nth_instruction(INSTRUCTIONS_BETWEEN_LOOKS);
        sandbox.lua().set_global_hook(triggers, move |_, _| match running.look() {
            Ok(()) => Ok(VmState::Continue),
            Err(fault) => Err(mlua::Error::external(fault)),
        })?;
        Ok(Self { sandbox, link: made.expect("the sandbox was made with it") })
    }

    /// The state.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Memory of the state, in bytes.
    pub fn used_bytes(&self) -> usize {
        self.sandbox.lua().used_memory()
    }

    /// Strings as a list of Lua.
    pub fn list<'a>(&self, strings: impl Iterator<Item = &'a [u8]>) -> Result<Table> {
        let table = self.sandbox.lua().create_table()?;
        for (index, string) in strings.enumerate() {
            table.raw_set(index + 1, self.sandbox.lua().create_string(string)?)?;
        }
        Ok(table)
    }

    /// Calls a function and writes what it returns, or returns the error that it ends with, told as from the script
    /// `name`.
    pub fn run(
        &self,
        name: &str,
        function: &Function,
        (keys, arguments): (Value, Value),
        host: &mut dyn Host,
        reply: &mut ReplyWriter,
    ) -> std::result::Result<(), ReplyError> {
        self.link.exchange.lock().protocol = Protocol::Resp2;
        let lua = self.sandbox.lua();
        let outcome = lua.scope(|scope| {
            let serve = scope.create_function_mut(|_, ()| {
                serve(&mut self.link.exchange.lock(), host);
                Ok(())
            })?;
            self.link.serve(Some(&serve))?;
            let outcome = self.sandbox.call(function, keys, arguments);
            self.link.serve(None)?;
            outcome
        });
        let spoken = self.link.exchange.lock().protocol;
        let written = match outcome {
            Ok(Ok(value)) => match returned_error(&value) {
                Some(error) => return Err(error),
                None => reply::from_lua(&value, spoken, reply),
            },
            Ok(Err(fault)) => return Err(self.failed(name, &fault)),
            Err(error) => Err(error),
        };
        written.map_err(|error| {
            ReplyError::text(format!("Error running script {name}, {}", sandbox::message(&error)))
        })
    }

    fn failed(&self, name: &str, fault: &Value) -> ReplyError {
        let Value::Table(table) = fault else {
            let text = match fault {
                Value::String(text) => text.to_string_lossy(),
                Value::Error(error) => sandbox::message(error),
                _ => "execution failure".to_owned(),
            };
            return ReplyError::text(format!("Error running script {name}, {text}"));
        };
        let field = |field: &str| {
            let value = table.raw_get::<Value>(field).ok()?;
            let text = self.sandbox.lua().coerce_string(value).ok().flatten();
            text.map(|text| text.to_string_lossy())
        };
        let mut text = field("err").unwrap_or_else(|| "ERR unknown error".to_owned());
        if let (Some(source), Some(line)) = (field("source"), field("line")) {
            text.push_str(&format!(" script: {name}, on {source}:{line}."));
        }
        error_reply(&text)
    }
}

/// The error that a script has returned as its value.
fn returned_error(value: &Value) -> Option<ReplyError> {
    match value.as_table()?.raw_get("err").ok()? {
        Value::String(text) => Some(error_reply(&text.to_string_lossy())),
        _ => None,
    }
}

/// An error reply whose text begins with its prefix.
pub fn error_reply(text: &str) -> ReplyError {
    let (prefix, rest) = text.split_once(' ').unwrap_or((text, ""));
    match PREFIXES.iter().find(|known| **known == prefix) {
        Some(prefix) => ReplyError { prefix, text: rest.to_owned().into() },
        None => ReplyError { prefix: "", text: text.to_owned().into() },
    }
}

fn serve(exchange: &mut Exchange, host: &mut dyn Host) {
    let Exchange { request, args, protocol, reply, refusal, allowed } = exchange;
    match request {
        Request::Call => {
            reply.clear(REPLY_BYTES_KEPT);
            reply.set_protocol(*protocol);
            *refusal = host.call(args.view(), reply).err();
        }
        Request::Check => *allowed = host.may_run(args.view()),
    }
}

/// Memory that is kept for replies between two commands of scripts.
const REPLY_BYTES_KEPT: usize = 64 * 1024;
