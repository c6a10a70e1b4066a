//! `redis`: what scripts ask of the node.

use std::sync::Arc;

use mlua::Function;
use mlua::Lua;
use mlua::MultiValue;
use mlua::Result;
use mlua::Table;
use mlua::Value;
use parking_lot::Mutex;

use crate::resp::OwnedArgs;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::script::arguments::Arguments;
use crate::script::fault;
use crate::script::library::add;
use crate::script::library::one;
use crate::script::reply;
use crate::telemetry::Event;
use crate::telemetry::events::script::ScriptLogged;
use crate::telemetry::events::script::ScriptLoggedDetail;
use crate::telemetry::events::script::ScriptWarned;

/// The version whose semantics scripts find, and the same as a number: a byte each for major, minor and patch.
const VERSION: &str = "7.2.6";
const VERSION_NUMBER: u32 = 0x0007_0206;

/// What a script and the node hand each other.
#[derive(Debug, Default)]
pub struct Exchange {
    /// What the script asks for.
    pub request: Request,
    /// The command, name first.
    pub args: OwnedArgs,
    /// The version that replies to the script are written in.
    pub protocol: Protocol,
    /// The command's reply.
    pub reply: ReplyWriter,
    /// Why the command did not run, in place of a reply.
    pub refusal: Option<String>,
    /// Whether the command would be allowed; none where there is no such command.
    pub allowed: Option<bool>,
}

/// What a script asks the node for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// To run a command.
    #[default]
    Call,
    /// Whether a command would be allowed.
    Check,
}

/// The way from a script to the node: the exchange, and the function that serves it while a script runs.
#[derive(Debug, Clone)]
pub struct Link {
    /// What is handed over.
    pub exchange: Arc<Mutex<Exchange>>,
    /// Holds the function under 1.
    slot: Table,
}

impl Link {
    /// A way on which nobody serves yet.
    pub fn new(lua: &Lua) -> Result<Self> {
        Ok(Self { exchange: Arc::default(), slot: lua.create_table()? })
    }

    /// Has `function` serve, or nobody.
    pub fn serve(&self, function: Option<&Function>) -> Result<()> {
        self.slot.raw_set(1, function)
    }

    /// Puts the arguments of a call into the exchange and has it served.
    fn ask(&self, lua: &Lua, request: Request, args: &Arguments<'_>) -> Result<()> {
        {
            let mut exchange = self.exchange.lock();
            exchange.request = request;
            exchange.args.clear();
            if args.len() == 0 {
                return Err(fault::reply("ERR Please specify at least one argument for this redis lib call"));
            }
            for value in args.values() {
                match value {
                    Value::String(text) => exchange.args.push(&text.as_bytes()),
                    Value::Integer(number) => exchange.args.push(number.to_string().as_bytes()),
                    Value::Number(number) => exchange.args.push(reply::number_text(*number).as_bytes()),
                    _ => {
                        return Err(fault::reply(
                            "ERR Lua redis lib command arguments must be strings or integers",
                        ));
                    }
                }
            }
        }
        let _ = lua;
        match self.slot.raw_get::<Option<Function>>(1)? {
            Some(function) => function.call(()),
            None => Err(fault::reply("ERR redis.call/pcall can only be called inside a script invocation")),
        }
    }
}

/// The table, for scripts and functions alike.
pub fn open(lua: &Lua, link: &Link) -> Result<Table> {
    let table = lua.create_table()?;
    let way = link.clone();
    add(lua, &table, "call", move |lua, args| call(lua, &way, &args))?;
    let way = link.clone();
    add(lua, &table, "pcall", move |lua, args| match call(lua, &way, &args) {
        Ok(value) => Ok(value),
        Err(error) => match error.downcast_ref::<fault::Fault>() {
            Some(fault::Fault::Reply(text)) => one(reply::error_table(lua, text)?, lua),
            _ => Err(error),
        },
    })?;
    log_and_version(lua, &table)?;
    add(lua, &table, "sha1hex", |lua, args| {
        if args.len() != 1 {
            return Err(fault::reply("ERR wrong number of arguments"));
        }
        // As in Redis, what is no text has the digest of none.
        let text = lua.coerce_string(args.value(0).clone())?;
        let digest = text.map_or_else(|| sha1(b""), |text| sha1(&text.as_bytes()));
        one(digest, lua)
    })?;
    replies(lua, &table)?;
    let exchange = Arc::clone(&link.exchange);
    add(lua, &table, "setresp", move |_, args| {
        if args.len() != 1 {
            return Err(fault::reply("ERR redis.setresp() requires one argument."));
        }
        exchange.lock().protocol = match number(args.value(0)) {
            Some(2.0) => Protocol::Resp2,
            Some(3.0) => Protocol::Resp3,
            _ => return Err(fault::reply("ERR RESP version must be 2 or 3.")),
        };
        Ok(MultiValue::new())
    })?;
    replication(lua, &table)?;
    let way = link.clone();
    add(lua, &table, "acl_check_cmd", move |lua, args| {
        way.ask(lua, Request::Check, &args)?;
        match way.exchange.lock().allowed {
            Some(allowed) => one(allowed, lua),
            None => Err(fault::reply("ERR Invalid command passed to redis.acl_check_cmd()")),
        }
    })?;
    Ok(table)
}

/// What only scripts find, not functions: outside of a debugging session these do nothing.
pub fn debugging(lua: &Lua, table: &Table) -> Result<()> {
    add(lua, table, "breakpoint", |lua, _| one(false, lua))?;
    add(lua, table, "debug", |_, _| Ok(MultiValue::new()))?;
    add(lua, table, "replicate_commands", |lua, _| one(true, lua))
}

/// The functions and constants that libraries find already while they are loaded.
pub fn log_and_version(lua: &Lua, table: &Table) -> Result<()> {
    add(lua, table, "log", |lua, args| log(lua, &args))?;
    for (name, level) in [("LOG_DEBUG", 0), ("LOG_VERBOSE", 1), ("LOG_NOTICE", 2), ("LOG_WARNING", 3)] {
        table.raw_set(name, level)?;
    }
    table.raw_set("REDIS_VERSION", VERSION)?;
    table.raw_set("REDIS_VERSION_NUM", VERSION_NUMBER)
}

/// The SHA-1 digest of a text, in lower-case hexadecimal digits.
pub fn sha1(text: &[u8]) -> String {
    sha1_smol::Sha1::from(text).digest().to_string()
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Number(number) => Some(*number),
        Value::String(text) => text.to_string_lossy().trim().parse().ok(),
        _ => None,
    }
}

fn call(lua: &Lua, link: &Link, args: &Arguments<'_>) -> Result<MultiValue> {
    link.ask(lua, Request::Call, args)?;
    let exchange = link.exchange.lock();
    if let Some(refusal) = &exchange.refusal {
        return Err(fault::reply(refusal));
    }
    match exchange.reply.bytes() {
        [b'-', text @ ..] => Err(fault::reply(text.strip_suffix(b"\r\n").unwrap_or(text))),
        reply => one(reply::to_lua(lua, reply)?, lua),
    }
}

fn replies(lua: &Lua, table: &Table) -> Result<()> {
    add(lua, table, "error_reply", |lua, args| {
        let Value::String(text) = args.value(0) else { return wrong_arguments(lua) };
        if args.len() != 1 {
            return wrong_arguments(lua);
        }
        let text = text.as_bytes();
        let text = text.strip_prefix(b"-").unwrap_or(&text);
        let text = text.trim_ascii_end();
        // Whoever names no prefix means the general one.
        let full = if text.contains(&b' ') { text.to_vec() } else { [b"ERR ", text].concat() };
        let table = lua.create_table()?;
        table.raw_set("err", lua.create_string(full)?)?;
        one(table, lua)
    })?;
    add(lua, table, "status_reply", |lua, args| {
        let Value::String(text) = args.value(0) else { return wrong_arguments(lua) };
        if args.len() != 1 {
            return wrong_arguments(lua);
        }
        let table = lua.create_table()?;
        table.raw_set("ok", text)?;
        one(table, lua)
    })
}

fn wrong_arguments(lua: &Lua) -> Result<MultiValue> {
    let table = lua.create_table()?;
    table.raw_set("err", "ERR wrong number or type of arguments")?;
    one(table, lua)
}

fn replication(lua: &Lua, table: &Table) -> Result<()> {
    // How a script's writes would reach a log and replicas; the sets are checked here as they are there.
    for (name, flags) in
        [("REPL_NONE", 0), ("REPL_AOF", 1), ("REPL_SLAVE", 2), ("REPL_REPLICA", 2), ("REPL_ALL", 3)]
    {
        table.raw_set(name, flags)?;
    }
    add(lua, table, "set_repl", |_, args| {
        if args.len() != 1 {
            return Err(fault::reply("ERR redis.set_repl() requires one argument."));
        }
        let flags = number(args.value(0)).unwrap_or(0.0) as i64;
        if flags & !3 != 0 {
            return Err(fault::reply(
                "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.",
            ));
        }
        Ok(MultiValue::new())
    })
}

fn log(lua: &Lua, args: &Arguments<'_>) -> Result<MultiValue> {
    if args.len() < 2 {
        return Err(fault::reply("ERR redis.log() requires two arguments or more."));
    }
    let level = number(args.value(0))
        .ok_or_else(|| fault::reply("ERR First argument must be a number (log level)."))?;
    if !(0.0..4.0).contains(&level) {
        return Err(fault::reply("ERR Invalid debug level."));
    }
    let mut parts = Vec::new();
    for value in &args.values()[1..] {
        if let Value::String(_) | Value::Integer(_) | Value::Number(_) = value {
            parts.extend(lua.coerce_string(value.clone())?.map(|text| text.to_string_lossy()));
        }
    }
    let text = parts.join(" ");
    match level as u8 {
        0 | 1 => ScriptLoggedDetail { text: &text }.emit(),
        2 => ScriptLogged { text: &text }.emit(),
        _ => ScriptWarned { text: &text }.emit(),
    }
    Ok(MultiValue::new())
}
