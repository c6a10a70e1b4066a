//! Parameters of what is observed: command logs, latencies, and the limits of clients' buffers.

use std::time::Duration;

use crate::engine::client_memory::CLASSES;
use crate::engine::client_memory::ClientClass;
use crate::engine::client_memory::OutputLimit;
use crate::engine::observation::command_log::Log;
use crate::engine::observation::command_log::LogKind;
use crate::server::node_commands::NodeState;
use crate::server::node_commands::config::parameters::Parameter;
use crate::server::node_commands::config::parameters::settable;
use crate::server::node_commands::config::values::Apply;
use crate::server::node_commands::config::values::integer;
use crate::server::node_commands::config::values::memory;
use crate::server::node_commands::config::values::memory_or_share;
use crate::server::node_commands::config::values::yes_or_no;
use crate::value::number;

/// They are, by name.
pub const PARAMETERS: &[Parameter] = &[
    settable("client-output-buffer-limit", output_limits, set_output_limits),
    settable("commandlog-execution-slower-than", slow_threshold, set_slow_threshold),
    settable(
        "commandlog-large-reply-max-len",
        |node| log(node, LogKind::LargeReply).entries_max().to_string(),
        |node, value| set_length(node, LogKind::LargeReply, value),
    ),
    settable(
        "commandlog-large-request-max-len",
        |node| log(node, LogKind::LargeRequest).entries_max().to_string(),
        |node, value| set_length(node, LogKind::LargeRequest, value),
    ),
    settable(
        "commandlog-reply-larger-than",
        |node| threshold(node, LogKind::LargeReply),
        |node, value| set_threshold(node, LogKind::LargeReply, value),
    ),
    settable(
        "commandlog-request-larger-than",
        |node| threshold(node, LogKind::LargeRequest),
        |node, value| set_threshold(node, LogKind::LargeRequest, value),
    ),
    settable("commandlog-slow-execution-max-len", slow_length, set_slow_length),
    settable(
        "latency-monitor-threshold",
        |node| node.observation.latency.threshold_ms().to_string(),
        |node, value| {
            let ms = integer(value, 0, i64::MAX)?.unsigned_abs();
            Ok(Box::new(move || node.observation.latency.set_threshold_ms(ms)))
        },
    ),
    settable(
        "latency-tracking",
        |node| if node.observation.latency.tracking() { "yes" } else { "no" }.to_owned(),
        |node, value| {
            let on = yes_or_no(value)? == "yes";
            Ok(Box::new(move || node.observation.latency.set_tracking(on)))
        },
    ),
    settable("latency-tracking-info-percentiles", percentiles, set_percentiles),
    settable("maxmemory-clients", client_memory, set_client_memory),
    settable("slowlog-log-slower-than", slow_threshold, set_slow_threshold),
    settable("slowlog-max-len", slow_length, set_slow_length),
];

fn log(node: &NodeState, kind: LogKind) -> &Log {
    node.observation.log.of(kind)
}

/// -1: nothing is kept.
fn threshold(node: &NodeState, kind: LogKind) -> String {
    log(node, kind).threshold().map_or_else(|| "-1".to_owned(), |threshold| threshold.to_string())
}

fn read_threshold(value: &str) -> Result<Option<u64>, String> {
    integer(value, -1, i64::MAX).map(|number| u64::try_from(number).ok())
}

fn set_threshold<'a>(node: &'a NodeState, kind: LogKind, value: &str) -> Result<Apply<'a>, String> {
    let threshold = read_threshold(value)?;
    Ok(Box::new(move || log(node, kind).set_threshold(threshold)))
}

fn set_length<'a>(node: &'a NodeState, kind: LogKind, value: &str) -> Result<Apply<'a>, String> {
    let length = usize::try_from(integer(value, 0, i64::MAX)?).unwrap_or(usize::MAX);
    Ok(Box::new(move || log(node, kind).set_entries_max(length)))
}

fn slow_threshold(node: &NodeState) -> String {
    threshold(node, LogKind::Slow)
}

/// In microseconds; -1: no command counts as slow, neither here nor for telemetry.
fn set_slow_threshold<'a>(node: &'a NodeState, value: &str) -> Result<Apply<'a>, String> {
    let threshold = read_threshold(value)?;
    Ok(Box::new(move || {
        log(node, LogKind::Slow).set_threshold(threshold);
        let duration = threshold.map_or(Duration::MAX, Duration::from_micros);
        node.telemetry.commands().set_slow_threshold(duration);
    }))
}

fn slow_length(node: &NodeState) -> String {
    log(node, LogKind::Slow).entries_max().to_string()
}

fn set_slow_length<'a>(node: &'a NodeState, value: &str) -> Result<Apply<'a>, String> {
    set_length(node, LogKind::Slow, value)
}

fn percentiles(node: &NodeState) -> String {
    let all: Vec<String> = node.observation.latency.percentiles().iter().map(f64::to_string).collect();
    all.join(" ")
}

/// Numbers from 0 to 100, separated by blanks; none: no percentile is told.
fn set_percentiles<'a>(node: &'a NodeState, value: &str) -> Result<Apply<'a>, String> {
    const COUNT_MAX: usize = 64;
    let mut found = Vec::new();
    for word in value.split_ascii_whitespace() {
        let percentile = number::float(word.as_bytes())
            .filter(|_| found.len() < COUNT_MAX)
            .ok_or("Invalid latency-tracking-info-percentiles parameters")?;
        if !(0.0..=100.0).contains(&percentile) {
            return Err(
                "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]".to_owned()
            );
        }
        found.push(percentile);
    }
    Ok(Box::new(move || node.observation.latency.set_percentiles(found)))
}

/// Redis's names of the classes, its old name of replicas the one it shows.
const CLASS_NAMES: [&str; CLASSES.len()] = ["normal", "slave", "pubsub"];

fn output_limits(node: &NodeState) -> String {
    let shown = CLASSES.iter().zip(CLASS_NAMES).map(|(class, name)| {
        let OutputLimit { hard_bytes, soft_bytes, soft_seconds } = node.clients.pool().output_limit(*class);
        format!("{name} {hard_bytes} {soft_bytes} {soft_seconds}")
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// Groups of four words: class, hard limit, soft limit, seconds. Classes that are not named stay as they are.
fn set_output_limits<'a>(node: &'a NodeState, value: &str) -> Result<Apply<'a>, String> {
    const WRONG_VALUE: &str = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    let words: Vec<&str> = value.split_ascii_whitespace().collect();
    if !words.len().is_multiple_of(4) {
        return Err("Wrong number of arguments in buffer limit configuration.".to_owned());
    }
    let mut changes: Vec<(ClientClass, OutputLimit)> = Vec::new();
    for group in words.chunks_exact(4) {
        let class = class(group[0]).ok_or("Invalid client class specified in buffer limit configuration.")?;
        let bytes = |word: &str| memory(word, 0, i64::MAX).map_err(|_| WRONG_VALUE);
        let seconds = integer(group[3], 0, i64::MAX).map_err(|_| WRONG_VALUE)?;
        let limit = OutputLimit {
            hard_bytes: bytes(group[1])?,
            soft_bytes: bytes(group[2])?,
            soft_seconds: seconds.unsigned_abs(),
        };
        changes.push((class, limit));
    }
    Ok(Box::new(move || {
        changes.iter().for_each(|(class, limit)| node.clients.pool().set_output_limit(*class, *limit));
    }))
}

fn class(word: &str) -> Option<ClientClass> {
    if word.eq_ignore_ascii_case("replica") {
        return Some(ClientClass::Replica);
    }
    let known = CLASS_NAMES.iter().position(|name| word.eq_ignore_ascii_case(name))?;
    CLASSES.get(known).copied()
}

/// A percentage is shown as one.
fn client_memory(node: &NodeState) -> String {
    match node.clients.pool().memory_setting() {
        percentage @ ..0 => format!("{}%", percentage.unsigned_abs()),
        bytes => bytes.to_string(),
    }
}

/// Bytes, or a percentage of `maxmemory`.
fn set_client_memory<'a>(node: &'a NodeState, value: &str) -> Result<Apply<'a>, String> {
    let told = memory_or_share(value)?;
    let (digits, sign) = told.strip_suffix('%').map_or((told.as_str(), 1), |digits| (digits, -1));
    let setting = sign * number::decimal(digits.as_bytes()).expect("it was just written as a number");
    Ok(Box::new(move || {
        node.clients.pool().set_memory_setting(setting);
        node.limit_clients();
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::node_commands::fixture::Fixture;

    fn set(fixture: &mut Fixture, name: &str, value: &str) -> String {
        fixture.raw_parts(&["CONFIG", "SET", name, value])
    }

    #[test]
    fn output_limits_are_changed_class_by_class() {
        const NAME: &str = "client-output-buffer-limit";
        let mut fixture = Fixture::new();
        let shown = |fixture: &Fixture| output_limits(&fixture.node);
        assert_eq!(shown(&fixture), "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60");
        assert_eq!(set(&mut fixture, NAME, "normal 1mb 2kb 5 Replica 10 0 1"), "+OK\r\n");
        assert_eq!(shown(&fixture), "normal 1048576 2048 5 slave 10 0 1 pubsub 33554432 8388608 60");
        for (value, reason) in [
            ("normal 1 2", "Wrong number of arguments in buffer limit configuration."),
            ("master 1 2 3", "Invalid client class specified in buffer limit configuration."),
            ("normal x 2 3", "Error in hard, soft or soft_seconds setting in buffer limit configuration."),
            (
                "pubsub 1 2 3 normal 1 2 -3",
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
            ),
        ] {
            let answer = set(&mut fixture, NAME, value);
            assert!(
                answer.starts_with("-ERR CONFIG SET failed") && answer.contains(reason),
                "{value}: {answer}"
            );
        }
        assert!(shown(&fixture).ends_with("pubsub 33554432 8388608 60"), "all or nothing");
    }

    #[test]
    fn client_memory_is_a_size_or_a_share() {
        const NAME: &str = "maxmemory-clients";
        let mut fixture = Fixture::new();
        for (value, wanted) in [("0", "0"), ("1kb", "1024"), ("5%", "5%"), ("100%", "100%"), ("0%", "0")] {
            assert_eq!(set(&mut fixture, NAME, value), "+OK\r\n");
            assert_eq!(client_memory(&fixture.node), wanted);
        }
        for (value, reason) in [
            ("101%", "percentage argument must be less or equal to 100"),
            ("-5", "argument must be a memory or percent value"),
            ("x%", "argument must be a memory or percent value"),
        ] {
            assert!(set(&mut fixture, NAME, value).contains(reason), "{value}");
        }
    }

    #[test]
    fn names_are_in_lower_case_and_in_order() {
        assert!(PARAMETERS.is_sorted_by(|left, right| left.name < right.name), "not sorted, or a name twice");
    }
}
