//! `CONFIG`.

mod absent;
pub mod eviction;
mod observation;
mod parameters;
pub(super) mod values;

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
use absent::ABSENT;
use absent::Absent;
use parameters::Parameter;
use values::Apply;
use values::HIDDEN;
use values::IMMUTABLE;

/// Prefix of the views of our own configuration, as the node started with it.
const OWN_PREFIX: &str = "hypercache.";

const NO_FILE: ReplyError = ReplyError::err("The server is running without a config file");
const NO_REWRITE: ReplyError = ReplyError::err(
    "CONFIG REWRITE is not provided: the YAML file is left as its author wrote it; put lasting changes there",
);

/// What `CONFIG` knows a name to be.
enum Known {
    /// A parameter of Redis that we have.
    Real(&'static Parameter),
    /// A parameter of Redis that has one value here.
    Absent(&'static Absent),
    /// A part of our own configuration, with its value.
    Own(String, String),
}

impl Known {
    fn name(&self) -> &str {
        match self {
            Self::Real(parameter) => parameter.name,
            Self::Absent(absent) => absent.name,
            Self::Own(name, _) => name,
        }
    }

    fn value(&self, node: &NodeState) -> String {
        match self {
            Self::Real(parameter) => (parameter.get)(node),
            Self::Absent(absent) => absent.value.to_owned(),
            Self::Own(_, value) => value.clone(),
        }
    }

    /// Whether it keeps its value while the node runs.
    fn is_fixed(&self) -> bool {
        match self {
            Self::Real(parameter) => parameter.set.is_none(),
            Self::Absent(absent) => !absent.is_settable(),
            Self::Own(..) => true,
        }
    }

    /// Checks a new value; of what is fixed, the one that it has.
    fn check<'a>(&self, node: &'a NodeState, text: &str) -> Result<Apply<'a>, String> {
        match self {
            Self::Real(Parameter { set: Some(set), .. }) => set(node, text),
            Self::Absent(absent) => absent.check(text),
            Self::Real(_) | Self::Own(..) => Ok(Box::new(|| ())),
        }
    }

    /// The parameter of this name, in any case.
    fn find(name: &[u8], node: &NodeState) -> Option<Self> {
        let named = |known: &str| known.as_bytes().eq_ignore_ascii_case(name);
        let real = parameters::all().find(|parameter| named(parameter.name)).map(Self::Real);
        let absent = || ABSENT.iter().find(|absent| named(absent.name)).map(Self::Absent);
        let own = || own(node).into_iter().find(|(known, _)| named(known));
        real.or_else(absent).or_else(|| own().map(|(name, value)| Self::Own(name, value)))
    }
}

/// `CONFIG GET`: each parameter that matches a pattern, once.
pub fn get(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) {
    let patterns = args.from(2);
    let wanted =
        |name: &str| patterns.iter().any(|pattern| glob::matches_ignoring_case(pattern, name.as_bytes()));
    let called = |name: &str| patterns.iter().any(|pattern| pattern.eq_ignore_ascii_case(name.as_bytes()));
    let real = parameters::all().filter(|parameter| wanted(parameter.name)).map(Known::Real);
    let absent =
        ABSENT.iter().filter(|absent| wanted(absent.name) && (!absent.hidden || called(absent.name)));
    let mut found: Vec<Known> = real.chain(absent.map(Known::Absent)).collect();
    if patterns.iter().any(may_mean_own) {
        let own = own(node).into_iter().filter(|(name, _)| wanted(name));
        found.extend(own.map(|(name, value)| Known::Own(name, value)));
    }
    reply.map(found.len());
    for known in found {
        reply.bulk(known.name().as_bytes());
        reply.bulk(known.value(node));
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
    known: Known,
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
    let user = session.user_name().unwrap_or_default();
    let client = session.client.address;
    let changes = prepare(args.from(2), node).map_err(|refused| {
        let name = refused.parameter.as_deref().unwrap_or_default();
        ConfigChangeRefused { name, message: &refused.reason, user, client }.emit();
        refused.reply
    })?;
    for Change { known, old, apply } in changes {
        apply();
        let new = known.value(node);
        // A secret that changes into another looks the same before and after.
        if new != old || new == HIDDEN {
            ConfigChanged { name: known.name(), old: &old, new: &new, user, client }.emit();
        }
    }
    reply.ok();
    Ok(())
}

/// Checks all pairs, first their names, then their values, and changes nothing.
fn prepare<'a>(pairs: Args<'_>, node: &'a NodeState) -> Result<Vec<Change<'a>>, Refused> {
    let mut wanted: Vec<(Known, &[u8])> = Vec::new();
    for pair in 0..pairs.len() / 2 {
        let (name, value) = (&pairs[2 * pair], &pairs[2 * pair + 1]);
        let known = Known::find(name, node).ok_or_else(|| Refused::unknown(name))?;
        if known.is_fixed() && known.value(node).as_bytes() != value {
            return Err(Refused::value(known.name(), IMMUTABLE));
        }
        if wanted.iter().any(|(other, _)| other.name() == known.name()) {
            return Err(Refused::value(known.name(), "duplicate parameter"));
        }
        wanted.push((known, value));
    }
    let checked = wanted.into_iter().map(|(known, value)| {
        let text = std::str::from_utf8(value).map_err(|_| "argument is not valid UTF-8".to_owned());
        let apply = text.and_then(|text| known.check(node, text));
        let apply = apply.map_err(|reason| Refused::value(known.name(), reason))?;
        let old = known.value(node);
        Ok(Change { known, old, apply })
    });
    checked.collect()
}

/// `CONFIG RESETSTAT`: lets what `INFO` counts begin anew.
pub fn reset_stat(node: &NodeState, reply: &mut ReplyWriter) {
    node.statistics.reset(Counts::read(&node.telemetry, &node.clients, &node.registry));
    node.authenticator.log().reset_counts();
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
