//! `CONFIG`.

mod observation;
mod parameters;
mod values;

use std::borrow::Cow;

use crate::command::ReplyError;
use crate::command::error;
use crate::engine::Session;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::server::node_commands::NodeState;
use crate::server::node_commands::help;
use crate::server::node_commands::statistics::Counts;
use crate::telemetry::Event;
use crate::telemetry::events::config::ConfigChangeRefused;
use crate::telemetry::events::config::ConfigChanged;
use crate::value::glob;
use parameters::Parameter;
use values::Apply;
use values::HIDDEN;
use values::Set;

/// Prefix of the views of our own configuration, as the node started with it.
const OWN_PREFIX: &str = "hypercache.";

const NO_FILE: ReplyError = ReplyError::err("The server is running without a config file");
const NO_REWRITE: ReplyError = ReplyError::err(
    "CONFIG REWRITE is not provided: the YAML file is left as its author wrote it; put lasting changes there",
);

/// `CONFIG GET`: each parameter that matches a pattern, once.
pub fn get(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) {
    let patterns = args.from(2);
    let wanted =
        |name: &str| patterns.iter().any(|pattern| glob::matches_ignoring_case(pattern, name.as_bytes()));
    let mut found: Vec<(Cow<'static, str>, String)> = parameters::all()
        .filter(|parameter| wanted(parameter.name))
        .map(|parameter| (parameter.name.into(), (parameter.get)(node)))
        .collect();
    if patterns.iter().any(may_mean_own) {
        found.extend(
            own(node).into_iter().filter(|(name, _)| wanted(name)).map(|(name, value)| (name.into(), value)),
        );
    }
    reply.map(found.len());
    for (name, value) in found {
        reply.bulk(name.as_bytes());
        reply.bulk(value);
    }
}

/// Whether it is worth while to write down our own configuration for this pattern.
fn may_mean_own(pattern: &[u8]) -> bool {
    let own = pattern
        .get(..OWN_PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(OWN_PREFIX.as_bytes()));
    own || pattern.iter().any(|byte| b"*?[\\".contains(byte))
}

/// Our own configuration, key by key; passwords are not in it.
fn own(node: &NodeState) -> Vec<(String, String)> {
    let document = serde_saphyr::from_str::<serde_json::Value>(&node.config.to_yaml());
    let mut found = Vec::new();
    let root = document.expect("a configuration that was written here can be read again");
    flatten(OWN_PREFIX.trim_end_matches('.'), root, &mut found);
    found
}

fn flatten(path: &str, value: serde_json::Value, found: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(members) => {
            members.into_iter().for_each(|(key, value)| flatten(&format!("{path}.{key}"), value, found));
        }
        serde_json::Value::Array(elements) => {
            let numbered = elements.into_iter().enumerate();
            numbered.for_each(|(index, value)| flatten(&format!("{path}.{index}"), value, found));
        }
        serde_json::Value::String(text) => found.push((path.to_owned(), text)),
        serde_json::Value::Null => found.push((path.to_owned(), String::new())),
        other => found.push((path.to_owned(), other.to_string())),
    }
}

/// A change that was found possible.
struct Change<'a> {
    parameter: &'static Parameter,
    old: String,
    apply: Apply<'a>,
}

/// Why nothing is changed.
struct Refused {
    /// The parameter at fault, where it exists.
    parameter: Option<String>,
    reason: String,
    reply: ReplyError,
}

impl Refused {
    fn unknown(name: &[u8]) -> Self {
        let shown = String::from_utf8_lossy(name);
        let reply = format!("Unknown option or number of arguments for CONFIG SET - '{shown}'");
        Self { parameter: None, reason: "unknown parameter".to_owned(), reply: ReplyError::text(reply) }
    }

    fn value(name: &str, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        let reply = format!("CONFIG SET failed (possibly related to argument '{name}') - {reason}");
        Self { parameter: Some(name.to_owned()), reason, reply: ReplyError::text(reply) }
    }
}

/// `CONFIG SET`: all of the changes or none.
pub fn set(
    args: Args<'_>,
    session: &Session,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<(), ReplyError> {
    if !args.len().is_multiple_of(2) {
        return Err(error::SYNTAX);
    }
    let user = session.user.as_deref().unwrap_or_default();
    let client = session.client.address;
    let changes = prepare(args.from(2), node).map_err(|refused| {
        let name = refused.parameter.as_deref().unwrap_or_default();
        ConfigChangeRefused { name, message: &refused.reason, user, client }.emit();
        refused.reply
    })?;
    for Change { parameter, old, apply } in changes {
        apply();
        let new = (parameter.get)(node);
        // A secret that changes into another looks the same before and after.
        if new != old || new == HIDDEN {
            ConfigChanged { name: parameter.name, old: &old, new: &new, user, client }.emit();
        }
    }
    reply.ok();
    Ok(())
}

/// Checks all pairs, first their names, then their values, and changes nothing.
fn prepare<'a>(pairs: Args<'_>, node: &'a NodeState) -> Result<Vec<Change<'a>>, Refused> {
    let mut wanted: Vec<(&'static Parameter, Set, &[u8])> = Vec::new();
    for pair in 0..pairs.len() / 2 {
        let (name, value) = (&pairs[2 * pair], &pairs[2 * pair + 1]);
        let (parameter, set) = settable(name, node)?;
        if wanted.iter().any(|(other, ..)| other.name == parameter.name) {
            return Err(Refused::value(parameter.name, "duplicate parameter"));
        }
        wanted.push((parameter, set, value));
    }
    let checked = wanted.into_iter().map(|(parameter, set, value)| {
        let text = std::str::from_utf8(value).map_err(|_| "argument is not valid UTF-8".to_owned());
        let apply = text.and_then(|text| set(node, text));
        let apply = apply.map_err(|reason| Refused::value(parameter.name, reason))?;
        Ok(Change { parameter, old: (parameter.get)(node), apply })
    });
    checked.collect()
}

/// The parameter of this name and what changes it.
fn settable(name: &[u8], node: &NodeState) -> Result<(&'static Parameter, Set), Refused> {
    const IMMUTABLE: &str = "can't set immutable config";
    let named = |known: &str| known.as_bytes().eq_ignore_ascii_case(name);
    if let Some(parameter) = parameters::all().find(|parameter| named(parameter.name)) {
        let set = parameter.set.ok_or_else(|| Refused::value(parameter.name, IMMUTABLE))?;
        return Ok((parameter, set));
    }
    match own(node).into_iter().find(|(known, _)| named(known)) {
        Some((known, _)) => Err(Refused::value(&known, IMMUTABLE)),
        None => Err(Refused::unknown(name)),
    }
}

/// `CONFIG RESETSTAT`: lets what `INFO` counts begin anew.
pub fn reset_stat(node: &NodeState, reply: &mut ReplyWriter) {
    node.statistics.reset(Counts::read(&node.telemetry, &node.clients));
    reply.ok();
}

/// `CONFIG REWRITE`: refused.
pub fn rewrite(node: &NodeState) -> Result<(), ReplyError> {
    Err(if node.config_file.is_some() { NO_REWRITE } else { NO_FILE })
}

/// `CONFIG HELP`.
pub fn help(reply: &mut ReplyWriter) {
    help::write("CONFIG", reply);
}

#[cfg(test)]
mod tests;
