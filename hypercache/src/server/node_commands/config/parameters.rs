//! The parameters: Redis's names for what we have, and the present value of what we do not have.

use std::time::Duration;

use crate::server::node_commands::NodeState;
use crate::server::node_commands::config::eviction;
use crate::server::node_commands::config::observation;
use crate::server::node_commands::config::values::Apply;
use crate::server::node_commands::config::values::HIDDEN;
use crate::server::node_commands::config::values::Set;
use crate::server::node_commands::config::values::integer;
use crate::server::node_commands::config::values::memory;
use crate::server::node_commands::config::values::only;
use crate::server::node_commands::config::values::word;
use crate::server::node_commands::config::values::yes_or_no;
use crate::store::events::Selection;

/// A parameter.
pub struct Parameter {
    /// Its name, in lower case.
    pub name: &'static str,
    /// Its present value; of a secret, only whether it is set.
    pub get: fn(&NodeState) -> String,
    /// What changes it; none: it is fixed while the node runs.
    pub set: Option<Set>,
}

const fn fixed(name: &'static str, get: fn(&NodeState) -> String) -> Parameter {
    Parameter { name, get, set: None }
}

pub(super) const fn settable(name: &'static str, get: fn(&NodeState) -> String, set: Set) -> Parameter {
    Parameter { name, get, set: Some(set) }
}

/// A threshold of an encoding, under one of its names: the field of the limits, and what reads a new value for it.
macro_rules! value_limit {
    ($name:literal, $field:ident, $read:ident) => {
        settable(
            $name,
            |node| node.registry.limits().$field.to_string(),
            |node, value| {
                let limit = $read(value)?;
                Ok(Box::new(move || node.registry.change_limits(|limits| limits.$field = limit)))
            },
        )
    };
}

/// Longest time in seconds, and most connections, that Redis takes.
const INT_MAX: i64 = i32::MAX as i64;
const INT_MIN: i64 = i32::MIN as i64;
/// Redis takes any number for `hz` and keeps it between these.
const HZ_MIN: i64 = 1;
const HZ_MAX: i64 = 500;
/// Least that Redis takes for the limits of input.
const INPUT_BYTES_MIN: i64 = 1 << 20;
/// Most for the limits of input: positions in a request are 32 bits wide.
const INPUT_BYTES_MAX: i64 = 3 << 30;

/// All parameters, table by table.
pub fn all() -> impl Iterator<Item = &'static Parameter> {
    PARAMETERS.iter().chain(eviction::PARAMETERS).chain(observation::PARAMETERS)
}

/// Those that have no table of their own.
pub const PARAMETERS: &[Parameter] = &[
    settable(
        "acl-pubsub-default",
        |node| {
            if node.authenticator.users().all_channels() { "allchannels" } else { "resetchannels" }.to_owned()
        },
        |node, value| {
            let all = word(value, &["allchannels", "resetchannels"])? == "allchannels";
            Ok(Box::new(move || node.authenticator.users().set_all_channels(all)))
        },
    ),
    fixed("aclfile", |node| {
        node.authenticator.file().map_or_else(String::new, |path| path.display().to_string())
    }),
    settable(
        "acllog-max-len",
        |node| node.authenticator.log().entries_max().to_string(),
        |node, value| {
            let entries = limit_of_count(value)?;
            Ok(Box::new(move || node.authenticator.log().set_entries_max(entries)))
        },
    ),
    settable(
        "appendfsync",
        |_| "everysec".to_owned(),
        |_, value| {
            only(word(value, &["always", "everysec", "no"])?, "everysec", "there is no append-only file")
        },
    ),
    settable(
        "appendonly",
        |_| "no".to_owned(),
        |_, value| only(yes_or_no(value)?, "no", "there is no append-only file"),
    ),
    fixed("bind", |node| node.config.network.resp_addr.ip().to_string()),
    settable("busy-reply-threshold", script_time, set_script_time),
    settable(
        "client-query-buffer-limit",
        |node| node.settings.max_query_buffer().to_string(),
        |node, value| {
            let bytes = input_bytes(value)?;
            Ok(Box::new(move || node.settings.set_max_query_buffer(bytes)))
        },
    ),
    fixed("cluster-enabled", |_| "no".to_owned()),
    settable(
        "cluster-require-full-coverage",
        |_| "yes".to_owned(),
        |_, value| only(yes_or_no(value)?, "yes", "cluster support is disabled"),
    ),
    // `SELECT` takes the indexes below it, where there is a store.
    fixed("databases", |node| node.registry.all().last().map_or(1, |last| last.index() + 1).to_string()),
    fixed("dir", |node| node.config.node.data_dir.display().to_string()),
    fixed("enable-debug-command", |node| node.config.security.enable_debug_command.word().to_owned()),
    value_limit!("hash-max-listpack-entries", hash_listpack_entries, limit_of_count),
    value_limit!("hash-max-listpack-value", hash_listpack_value, limit_of_bytes),
    value_limit!("hash-max-ziplist-entries", hash_listpack_entries, limit_of_count),
    value_limit!("hash-max-ziplist-value", hash_listpack_value, limit_of_bytes),
    value_limit!("hll-sparse-max-bytes", hll_sparse_bytes, limit_of_bytes),
    settable(
        "hz",
        |node| node.registry.sweeps_per_second().to_string(),
        |node, value| {
            let sweeps = integer(value, 0, INT_MAX)?.clamp(HZ_MIN, HZ_MAX).unsigned_abs();
            Ok(Box::new(move || node.registry.set_sweeps_per_second(sweeps)))
        },
    ),
    fixed("io-threads", |node| node.config.network.io_threads.to_string()),
    value_limit!("list-max-listpack-size", list_listpack_size, limit_of_chunk),
    value_limit!("list-max-ziplist-size", list_listpack_size, limit_of_chunk),
    settable("loglevel", log_level, set_log_level),
    settable("lua-time-limit", script_time, set_script_time),
    settable(
        "maxclients",
        |node| node.settings.max_connections().to_string(),
        |node, value| {
            let limit = usize::try_from(integer(value, 1, INT_MAX)?).unwrap_or(usize::MAX);
            let ceiling = node.settings.connections_ceiling();
            if limit > ceiling {
                return Err(format!(
                    "The operating system is not able to handle the specified number of clients, try with {ceiling}"
                ));
            }
            Ok(Box::new(move || node.settings.set_max_connections(limit)))
        },
    ),
    settable(
        "notify-keyspace-events",
        |node| node.registry.interests().now().selection().to_string(),
        |node, value| {
            let selection = Selection::parse(value.as_bytes())
                .ok_or("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")?;
            Ok(Box::new(move || node.registry.interests().select(selection)))
        },
    ),
    fixed("port", |node| node.config.network.resp_addr.port().to_string()),
    settable(
        "proto-max-bulk-len",
        |node| node.settings.max_bulk_bytes().to_string(),
        |node, value| {
            let bytes = input_bytes(value)?;
            Ok(Box::new(move || node.settings.set_max_bulk_bytes(bytes)))
        },
    ),
    settable("replica-read-only", |_| "yes".to_owned(), replica_read_only),
    settable(
        "requirepass",
        |node| {
            if node.authenticator.users().default_user().account.has_passwords() {
                HIDDEN.to_owned()
            } else {
                String::new()
            }
        },
        |node, value| {
            let password = value.to_owned();
            Ok(Box::new(move || node.authenticator.set_password(&password)))
        },
    ),
    settable("save", |_| String::new(), |_, value| only(value, "", "there are no snapshots")),
    value_limit!("set-max-intset-entries", set_intset_entries, limit_of_count),
    value_limit!("set-max-listpack-entries", set_listpack_entries, limit_of_count),
    value_limit!("set-max-listpack-value", set_listpack_value, limit_of_bytes),
    settable("slave-read-only", |_| "yes".to_owned(), replica_read_only),
    settable(
        "stop-writes-on-bgsave-error",
        |node| if node.durability.stops_writes() { "yes" } else { "no" }.to_owned(),
        |node, value| {
            let stops = yes_or_no(value)? == "yes";
            Ok(Box::new(move || node.durability.set_stops_writes(stops)))
        },
    ),
    value_limit!("stream-node-max-bytes", stream_node_bytes, limit_of_bytes),
    value_limit!("stream-node-max-entries", stream_node_entries, limit_of_count),
    fixed("tcp-backlog", |node| node.config.network.tcp_backlog.to_string()),
    settable(
        "tcp-keepalive",
        |node| seconds(node.settings.tcp_keepalive()),
        |node, value| {
            let interval = whole_seconds(value)?;
            Ok(Box::new(move || node.settings.set_tcp_keepalive(interval)))
        },
    ),
    settable(
        "timeout",
        |node| seconds(node.settings.idle_timeout()),
        |node, value| {
            let timeout = whole_seconds(value)?;
            Ok(Box::new(move || node.settings.set_idle_timeout(timeout)))
        },
    ),
    settable(
        "tracking-table-max-keys",
        |node| node.herald.tracking().keys_max().to_string(),
        |node, value| {
            let keys = limit_of_count(value)?;
            Ok(Box::new(move || node.herald.tracking().set_keys_max(keys)))
        },
    ),
    value_limit!("zset-max-listpack-entries", zset_listpack_entries, limit_of_count),
    value_limit!("zset-max-listpack-value", zset_listpack_value, limit_of_bytes),
    value_limit!("zset-max-ziplist-entries", zset_listpack_entries, limit_of_count),
    value_limit!("zset-max-ziplist-value", zset_listpack_value, limit_of_bytes),
];

fn script_time(node: &NodeState) -> String {
    node.scripting.running().threshold_ms().to_string()
}

fn set_script_time<'a>(node: &'a NodeState, value: &str) -> Result<Apply<'a>, String> {
    let millis = integer(value, 0, i64::MAX)?.unsigned_abs();
    Ok(Box::new(move || node.scripting.running().set_threshold_ms(millis)))
}

fn limit_of_count(value: &str) -> Result<usize, String> {
    integer(value, 0, i64::MAX).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

fn limit_of_bytes(value: &str) -> Result<usize, String> {
    memory(value, 0, i64::MAX).map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// Of a list's chunk: a number of elements, or, below zero, a class of bytes.
fn limit_of_chunk(value: &str) -> Result<i32, String> {
    integer(value, INT_MIN, INT_MAX).map(|size| i32::try_from(size).unwrap_or(i32::MAX))
}

fn input_bytes(value: &str) -> Result<usize, String> {
    memory(value, INPUT_BYTES_MIN, INPUT_BYTES_MAX).map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn whole_seconds(value: &str) -> Result<Duration, String> {
    integer(value, 0, INT_MAX).map(|seconds| Duration::from_secs(seconds.unsigned_abs()))
}

/// A setting of less than a second is not off, so it reads as one.
fn seconds(duration: Option<Duration>) -> String {
    duration.map_or(0, |duration| duration.as_secs().max(1)).to_string()
}

fn replica_read_only<'a>(_: &'a NodeState, value: &str) -> Result<Apply<'a>, String> {
    only(yes_or_no(value)?, "yes", "there are no replicas")
}

/// Redis's names of levels, then our own, each with the filter that it stands for. A filter that has several names is
/// shown by the first.
const LOG_LEVELS: [(&str, &str); 9] = [
    ("notice", "info"),
    ("warning", "warn"),
    ("debug", "debug"),
    ("verbose", "debug"),
    ("trace", "trace"),
    ("info", "info"),
    ("warn", "warn"),
    ("error", "error"),
    ("off", "off"),
];

fn log_level(node: &NodeState) -> String {
    let filter = node.telemetry.log_level();
    let known = LOG_LEVELS.iter().find(|(_, level)| level.eq_ignore_ascii_case(&filter));
    known.map_or(filter.clone(), |(name, _)| (*name).to_owned())
}

fn set_log_level<'a>(node: &'a NodeState, value: &str) -> Result<Apply<'a>, String> {
    let name = word(value, &LOG_LEVELS.map(|(name, _)| name))?;
    let (_, filter) =
        LOG_LEVELS.iter().find(|(known, _)| *known == name).expect("`word` gives one of these names");
    Ok(Box::new(move || node.telemetry.set_log_level(filter).expect("a level alone is a filter")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_lower_case_and_in_order() {
        for parameter in PARAMETERS {
            assert_eq!(parameter.name, parameter.name.to_ascii_lowercase());
        }
        assert!(PARAMETERS.is_sorted_by(|left, right| left.name < right.name), "not sorted, or a name twice");
    }
}
