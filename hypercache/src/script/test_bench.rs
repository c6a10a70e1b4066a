//! Runs scripts without a node.

use std::sync::Arc;

use crate::command::Outcome;
use crate::command::spec::ScriptCommand;
use crate::config::Config;
use crate::keyspace::key::HashSeed;
use crate::resp::Args;
use crate::resp::OwnedArgs;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::script::Host;
use crate::script::Rules;
use crate::script::Scripting;
use crate::script::Stage;
use crate::store::Registry;

/// Deeply nested data takes stack, in debug builds most of all.
const STACK_BYTES: usize = 64 << 20;

/// Knows two commands: `ECHO`, and `FAIL`, which fails.
struct Echo;

impl Host for Echo {
    fn call(&mut self, args: Args<'_>, reply: &mut ReplyWriter) -> Result<(), String> {
        match &args[0] {
            b"ECHO" if args.len() == 2 => reply.bulk(&args[1]),
            b"FAIL" => reply.error("FAILED", "as asked for"),
            b"RAW" => reply.raw(&args[1]),
            _ => return Err("ERR Unknown Redis command called from script".to_owned()),
        }
        Ok(())
    }

    fn may_run(&mut self, args: Args<'_>) -> Option<bool> {
        match &args[0] {
            b"ECHO" => Some(true),
            b"FAIL" => Some(false),
            _ => None,
        }
    }
}

impl Stage for Echo {
    fn begin(&mut self, _: Rules, _: Args<'_>) -> Outcome {
        Ok(())
    }

    fn changed(&mut self) {}
}

/// Scripts of a node without a node.
pub fn scripting() -> Scripting {
    let config = Config::default();
    let registry = Registry::new(&config.stores, &config.cache, HashSeed(1));
    Scripting::new(Arc::new(registry), 0).unwrap()
}

/// What a command is answered, in the protocol's form.
pub fn answer(scripting: &Scripting, command: ScriptCommand, protocol: Protocol, parts: &[&[u8]]) -> String {
    let run = || {
        let args = OwnedArgs::new(parts);
        let mut reply = ReplyWriter::new(protocol);
        let mut world = scripting.enter().unwrap();
        match scripting.run(&mut world, command, args.view(), &mut Echo, &mut reply) {
            Ok(()) => String::from_utf8_lossy(reply.bytes()).into_owned(),
            Err(error) if error.prefix.is_empty() => format!("-{}", error.text),
            Err(error) => format!("-{error}"),
        }
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, run);
        thread.unwrap().join().unwrap()
    })
}

/// What a script returns, a string; or `-` and its error without prefix and place.
pub fn evaluate(script: &str) -> String {
    evaluate_with(script, &[])
}

/// As `evaluate`, with arguments.
pub fn evaluate_with(script: &str, arguments: &[&[u8]]) -> String {
    let mut parts = vec![&b"EVAL"[..], script.as_bytes(), b"0"];
    parts.extend(arguments);
    let reply = answer(&scripting(), ScriptCommand::Eval, Protocol::Resp2, &parts);
    if let Some(error) = reply.strip_prefix("-ERR ") {
        let text = error.split(" script: ").next().unwrap();
        return format!("-{text}");
    }
    match reply.strip_suffix("\r\n").and_then(|reply| reply.split_once("\r\n")) {
        Some((header, text)) if header.starts_with('$') => text.to_owned(),
        _ => reply,
    }
}
