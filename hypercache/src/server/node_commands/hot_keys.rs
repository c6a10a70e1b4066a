//! `HOTKEYS`, as Redis 8.6 has it outside of a cluster.

use std::time::Duration;

use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::error;
use crate::command::spec::HotKeysCommand;
use crate::engine::observation::hot_keys::Counted;
use crate::engine::observation::hot_keys::CpuTime;
use crate::engine::observation::hot_keys::Report;
use crate::engine::observation::hot_keys::Wanted;
use crate::engine::session::unix_millis;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::server::node_commands::NodeState;
use crate::server::node_commands::help;
use crate::telemetry::process::ProcessStats;

/// Keys that are told unless a number is given.
const KEYS_DEFAULT: usize = 10;
const KEYS_MAX: i64 = 64;
/// In seconds.
const DURATION_MAX: i64 = 1_000_000;
/// The slots there are; where there is no cluster, all are looked at.
const LAST_SLOT: i64 = 16_383;

const STARTED: ReplyError = ReplyError::err("hotkey tracking session already in progress");
const NOT_STOPPED: ReplyError = ReplyError::err("hotkey tracking session in progress, stop tracking first");
const NO_METRICS: ReplyError = ReplyError::err("METRICS parameter is required");
const WRONG_METRICS_COUNT: ReplyError = ReplyError::err("METRICS count must be > 0 and <= 2");
const TOO_FEW_METRICS: ReplyError =
    ReplyError::err("METRICS count does not match number of metric types provided");
const UNKNOWN_METRICS: ReplyError = ReplyError::err("METRICS no valid metrics passed. Supported: CPU|NET");
const CPU_TWICE: ReplyError = ReplyError::err("METRICS CPU defined more than once!");
const NET_TWICE: ReplyError = ReplyError::err("METRICS NET defined more than once!");
const WRONG_COUNT: ReplyError = ReplyError::err("COUNT must be between 1 and 64");
const WRONG_DURATION: ReplyError = ReplyError::err("DURATION must be between 1 and 1000000");
const WRONG_SAMPLE: ReplyError = ReplyError::err("SAMPLE ratio must be positive");
const NO_SLOTS: ReplyError = ReplyError::err("SLOTS parameter cannot be used in non-cluster mode");

/// Runs `command`.
pub fn run(
    command: HotKeysCommand,
    args: Args<'_>,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<(), ReplyError> {
    let hot_keys = &node.observation.hot_keys;
    match command {
        HotKeysCommand::Help => help::write("HOTKEYS", reply),
        HotKeysCommand::Get => match hot_keys.report() {
            Some(report) => write(&report, reply),
            None => reply.null(),
        },
        HotKeysCommand::Start => {
            if hot_keys.report().is_some_and(|report| report.active) {
                return Err(STARTED);
            }
            // Somebody else may have been faster.
            if !hot_keys.start(wanted(args)?, unix_millis(), cpu_time()) {
                return Err(STARTED);
            }
            reply.ok();
        }
        HotKeysCommand::Stop if hot_keys.stop() => reply.ok(),
        HotKeysCommand::Stop => reply.null(),
        HotKeysCommand::Reset if hot_keys.reset() => reply.ok(),
        HotKeysCommand::Reset => return Err(NOT_STOPPED),
    }
    Ok(())
}

/// What the arguments of `HOTKEYS START` ask for.
fn wanted(args: Args<'_>) -> Result<Wanted, ReplyError> {
    let mut cursor = Cursor::at(args, 2);
    if cursor.remaining() < 2 || !cursor.word("METRICS") {
        return Err(NO_METRICS);
    }
    let (cpu, net) = metrics(&mut cursor)?;
    let mut wanted = Wanted { cpu, net, keys: KEYS_DEFAULT, duration: None, sample: 1 };
    while cursor.remaining() > 1 {
        if cursor.word("COUNT") {
            wanted.keys = number(&mut cursor, KEYS_MAX, &WRONG_COUNT)? as usize;
        } else if cursor.word("DURATION") {
            let seconds = number(&mut cursor, DURATION_MAX, &WRONG_DURATION)?;
            wanted.duration = Some(Duration::from_secs(seconds));
        } else if cursor.word("SAMPLE") {
            wanted.sample = number(&mut cursor, i32::MAX.into(), &WRONG_SAMPLE)? as u32;
        } else if cursor.word("SLOTS") {
            return Err(NO_SLOTS);
        } else {
            return Err(error::SYNTAX);
        }
    }
    cursor.end()?;
    Ok(wanted)
}

/// The metrics that follow their number; as in Redis, an unknown one beside a known one is passed over.
fn metrics(cursor: &mut Cursor<'_>) -> Result<(bool, bool), ReplyError> {
    let count = number(cursor, 2, &WRONG_METRICS_COUNT)?;
    let (mut cpu, mut net) = (false, false);
    for _ in 0..count {
        if cursor.word("CPU") {
            if std::mem::replace(&mut cpu, true) {
                return Err(CPU_TWICE);
            }
        } else if cursor.word("NET") {
            if std::mem::replace(&mut net, true) {
                return Err(NET_TWICE);
            }
        } else if cursor.next().is_none() {
            return Err(TOO_FEW_METRICS);
        }
    }
    if cpu || net { Ok((cpu, net)) } else { Err(UNKNOWN_METRICS) }
}

/// A number from 1 to `most`.
fn number(cursor: &mut Cursor<'_>, most: i64, wrong: &ReplyError) -> Result<u64, ReplyError> {
    let number = cursor.integer().ok().filter(|number| (1..=most).contains(number));
    number.map(i64::unsigned_abs).ok_or_else(|| wrong.clone())
}

/// Processor time of the process so far.
fn cpu_time() -> CpuTime {
    let stats = ProcessStats::read();
    let millis = |seconds: Option<f64>| (seconds.unwrap_or_default() * 1000.0) as u64;
    CpuTime { user_ms: millis(stats.user_seconds), system_ms: millis(stats.system_seconds) }
}

/// As Redis does it, an array around the only map there is.
fn write(report: &Report, reply: &mut ReplyWriter) {
    let told = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut numbers = vec![
        ("all-commands-all-slots-us", report.all_us),
        ("net-bytes-all-commands-all-slots", report.all_bytes),
        ("collection-start-time-unix-ms", report.began),
        ("collection-duration-ms", u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX)),
    ];
    if report.by_cpu_us.is_some() {
        let (now, then) = (cpu_time(), report.cpu_then);
        numbers.push(("total-cpu-time-user-ms", now.user_ms.saturating_sub(then.user_ms)));
        numbers.push(("total-cpu-time-sys-ms", now.system_ms.saturating_sub(then.system_ms)));
    }
    if report.by_net_bytes.is_some() {
        numbers.push(("total-net-bytes", report.net_bytes));
    }
    let lists = [("by-cpu-time-us", &report.by_cpu_us), ("by-net-bytes", &report.by_net_bytes)];
    let lists: Vec<_> =
        lists.into_iter().filter_map(|(name, list)| list.as_ref().map(|list| (name, list))).collect();
    reply.array(1);
    reply.map(3 + numbers.len() + lists.len());
    reply.bulk("tracking-active");
    reply.integer(report.active.into());
    reply.bulk("sample-ratio");
    reply.integer(report.sample.into());
    reply.bulk("selected-slots");
    reply.array(1);
    reply.array(2);
    reply.integer(0);
    reply.integer(LAST_SLOT);
    for (name, value) in numbers {
        reply.bulk(name);
        reply.integer(told(value));
    }
    for (name, list) in lists {
        reply.bulk(name);
        write_list(list, reply);
    }
}

fn write_list(list: &[Counted], reply: &mut ReplyWriter) {
    reply.array(2 * list.len());
    for (key, count) in list {
        reply.bulk(key);
        reply.integer(i64::try_from(*count).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use crate::resp::Protocol;
    use crate::server::node_commands::fixture::Fixture;

    #[test]
    fn a_session_is_started_looked_at_stopped_and_forgotten() {
        let mut fixture = Fixture::new();
        let null = "$-1\r\n";
        assert_eq!((fixture.raw("HOTKEYS GET").as_str(), fixture.raw("HOTKEYS STOP").as_str()), (null, null));
        assert_eq!(fixture.raw("HOTKEYS RESET"), "+OK\r\n");
        assert_eq!(fixture.raw("HOTKEYS START METRICS 2 CPU NET COUNT 2"), "+OK\r\n");
        let value = "x".repeat(500);
        for key in ["warm", "hot", "hot", "cold"] {
            let bytes = if key == "cold" { "1" } else { &value };
            fixture.raw(&format!("SET {key} {bytes}"));
        }
        let told = fixture.raw("hotkeys get");
        assert!(
            told.starts_with("*1\r\n*24\r\n$15\r\ntracking-active\r\n:1\r\n$12\r\nsample-ratio\r\n:1\r\n"),
            "{told}"
        );
        assert!(told.contains("$14\r\nselected-slots\r\n*1\r\n*2\r\n:0\r\n:16383\r\n"), "{told}");
        let (_, by_net) = told.split_once("$12\r\nby-net-bytes\r\n*4\r\n").unwrap();
        let parts: Vec<&str> = by_net.split("\r\n").collect();
        assert_eq!((parts[1], parts[4]), ("hot", "warm"), "{told}");
        let bytes: u64 = parts[2].trim_start_matches(':').parse().unwrap();
        assert!((1000..1200).contains(&bytes), "{told}");
        let started = "-ERR hotkey tracking session already in progress\r\n";
        assert_eq!(fixture.raw("HOTKEYS START METRICS 1 CPU"), started);
        assert_eq!(
            fixture.raw("HOTKEYS RESET"),
            "-ERR hotkey tracking session in progress, stop tracking first\r\n"
        );
        assert_eq!(fixture.raw("HOTKEYS STOP"), "+OK\r\n");
        fixture.protocol(Protocol::Resp3);
        let stopped = fixture.raw("HOTKEYS GET");
        assert!(stopped.starts_with("*1\r\n%12\r\n$15\r\ntracking-active\r\n:0\r\n"), "{stopped}");
        assert_eq!(fixture.raw("HOTKEYS RESET"), "+OK\r\n");
        assert_eq!(fixture.raw("HOTKEYS GET"), "_\r\n");
    }

    #[test]
    fn only_what_is_asked_for_is_told() {
        let mut fixture = Fixture::new();
        fixture.raw("HOTKEYS START METRICS 1 NET DURATION 100 SAMPLE 1");
        let told = fixture.raw("HOTKEYS GET");
        assert!(told.contains("total-net-bytes") && told.ends_with("by-net-bytes\r\n*0\r\n"), "{told}");
        assert!(!told.contains("cpu"), "{told}");
    }

    #[test]
    fn what_a_script_calls_is_part_of_it() {
        let mut fixture = Fixture::new();
        fixture.raw("HOTKEYS START METRICS 1 NET");
        fixture.raw_parts(&["EVAL", "redis.call('GET', 'inner') return 1", "1", "outer"]);
        let told = fixture.raw("HOTKEYS GET");
        assert!(told.contains("outer") && !told.contains("inner"), "{told}");
        fixture.raw("MULTI");
        fixture.raw("GET queued");
        fixture.raw("EXEC");
        assert!(fixture.raw("HOTKEYS GET").contains("queued"));
    }

    #[test]
    fn wrong_arguments_are_refused_in_redis_words() {
        let mut fixture = Fixture::new();
        for (line, answer) in [
            ("HOTKEYS START", "METRICS parameter is required"),
            ("HOTKEYS START METRICS", "METRICS parameter is required"),
            ("HOTKEYS START COUNT 1", "METRICS parameter is required"),
            ("HOTKEYS START METRICS 0 CPU", "METRICS count must be > 0 and <= 2"),
            ("HOTKEYS START METRICS 3 CPU NET", "METRICS count must be > 0 and <= 2"),
            ("HOTKEYS START METRICS x", "METRICS count must be > 0 and <= 2"),
            ("HOTKEYS START METRICS 2 CPU", "METRICS count does not match number of metric types provided"),
            ("HOTKEYS START METRICS 1 DISK", "METRICS no valid metrics passed. Supported: CPU|NET"),
            ("HOTKEYS START METRICS 2 CPU CPU", "METRICS CPU defined more than once!"),
            ("HOTKEYS START METRICS 2 NET NET", "METRICS NET defined more than once!"),
            ("HOTKEYS START METRICS 1 CPU NET", "syntax error"),
            ("HOTKEYS START METRICS 1 CPU COUNT 65", "COUNT must be between 1 and 64"),
            ("HOTKEYS START METRICS 1 CPU COUNT", "syntax error"),
            ("HOTKEYS START METRICS 1 CPU DURATION 0", "DURATION must be between 1 and 1000000"),
            ("HOTKEYS START METRICS 1 CPU SAMPLE 0", "SAMPLE ratio must be positive"),
            ("HOTKEYS START METRICS 1 CPU SLOTS 1 5", "SLOTS parameter cannot be used in non-cluster mode"),
            ("HOTKEYS WHAT", "unknown subcommand 'WHAT'. Try HOTKEYS HELP."),
        ] {
            assert_eq!(fixture.raw(line), format!("-ERR {answer}\r\n"), "{line}");
        }
        assert!(fixture.raw("HOTKEYS HELP").contains("+STOP\r\n"));
        assert_eq!(fixture.raw("HOTKEYS GET"), "$-1\r\n");
    }
}
