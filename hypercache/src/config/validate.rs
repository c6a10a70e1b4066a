//! The rules a configuration must keep, whatever it came from; all that are broken are told at once.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::Config;
use super::MemoryLimit;
use super::OutputLimits;
use super::SizeOrShare;
use super::Store;
use super::notice::Findings;
use super::read::join;
use super::resolve::DEFAULT_STORE;
use super::resolve::PASSWORD_BYTES_MAX;
use super::units::HumanDuration;
use super::units::Size;

/// Most stores a node has.
pub const STORES_MAX: usize = 64;
const NAME_BYTES_MAX: usize = 64;
const TEXT_BYTES_MAX: usize = 1024;
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// What a number counts, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Count,
    Bytes,
    Nanoseconds,
}

/// The least and the most a number may be; `zero` where 0 is allowed beside them, as "none".
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    unit: Unit,
    zero: bool,
    least: u64,
    most: u64,
}

impl Bound {
    const fn or_zero(self) -> Self {
        Self { zero: true, ..self }
    }

    fn holds(&self, value: u64) -> bool {
        (self.zero && value == 0) || (self.least..=self.most).contains(&value)
    }

    fn show(&self, value: u64) -> String {
        match self.unit {
            Unit::Count => value.to_string(),
            Unit::Bytes => Size(value).to_string(),
            Unit::Nanoseconds => HumanDuration(Duration::from_nanos(value)).to_string(),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_zero = if self.zero { "0 or " } else { "" };
        write!(f, "{or_zero}{} to {}", self.show(self.least), self.show(self.most))
    }
}

const fn count(least: u64, most: u64) -> Bound {
    Bound { unit: Unit::Count, zero: false, least, most }
}

const fn bytes(least: u64, most: u64) -> Bound {
    Bound { unit: Unit::Bytes, zero: false, least, most }
}

const fn time(least: Duration, most: Duration) -> Bound {
    // The bounds are constants below, far from what 64 bits of nanoseconds hold.
    Bound {
        unit: Unit::Nanoseconds,
        zero: false,
        least: least.as_nanos() as u64,
        most: most.as_nanos() as u64,
    }
}

const KB: u64 = 1 << 10;
const MB: u64 = 1 << 20;
const GB: u64 = 1 << 30;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
const MILLISECOND: Duration = Duration::from_millis(1);
/// Entries of a log that is kept in memory.
const ENTRIES: Bound = count(0, 1_000_000);
/// Of all clients together.
const CLIENT_MEMORY: Bound = bytes(0, 1 << 50);
/// Less than this is taken by a node that does nothing.
const PROCESS_MEMORY: Bound = bytes(32 * MB, 1 << 50).or_zero();
/// Letters of `notify-keyspace-events`.
const EVENT_LETTERS: &str = "KEAg$lshzxetdmn";
/// At least a cache line for each of 1024 shards.
const MISS_HISTORY: Bound = bytes(64 * KB, 64 * GB).or_zero();
/// Who asks about a key has those of its shard read one by one.
const KEY_JOURNAL: Bound = count(0, 262_144);
const MEMORY: Bound = bytes(64 * KB, 1 << 50).or_zero();

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Every number outside `stores` that has bounds, with its key and its value here.
pub fn bounded(config: &Config) -> Vec<(&'static str, u64, Bound)> {
    let network = &config.network;
    let log = &config.telemetry.log;
    let tracing = &config.telemetry.tracing;
    let logs = &config.telemetry.command_logs;
    let mut all = output_limits(config);
    all.extend([
        ("network.max_connections", network.max_connections as u64, count(1, 1_000_000)),
        (
            "network.idle_timeout",
            nanoseconds(network.idle_timeout),
            time(Duration::from_millis(100), Duration::from_secs(365 * 86_400)).or_zero(),
        ),
        (
            "network.tcp_keepalive",
            nanoseconds(network.tcp_keepalive),
            // What Linux takes for TCP_KEEPIDLE.
            time(SECOND, Duration::from_secs(32_767)).or_zero(),
        ),
        ("network.tcp_backlog", network.tcp_backlog.into(), count(1, 65_535)),
        ("network.io_threads", network.io_threads as u64, count(1, 1024)),
        ("network.max_bulk_bytes", network.max_bulk_bytes as u64, bytes(KB, 3 * GB)),
        ("network.max_query_buffer", network.max_query_buffer as u64, bytes(64 * KB, 3 * GB)),
        ("network.max_inline_bytes", network.max_inline_bytes as u64, bytes(KB, 16 * MB)),
        ("network.max_arguments", network.max_arguments as u64, count(16, 16_777_216)),
        ("network.http_max_body", network.http_max_body as u64, bytes(KB, 4 * GB)),
        (
            "network.shutdown_timeout",
            nanoseconds(network.shutdown_timeout),
            time(MILLISECOND, Duration::from_secs(3600)).or_zero(),
        ),
        ("network.tracking_max_keys", network.tracking_max_keys as u64, count(0, u32::MAX as u64)),
        (
            "scripts.busy_after",
            nanoseconds(config.scripts.busy_after),
            time(MILLISECOND, Duration::from_secs(365 * 86_400)).or_zero(),
        ),
        ("telemetry.command_logs.slow_entries", logs.slow_entries as u64, ENTRIES),
        ("telemetry.command_logs.large_request", logs.large_request, bytes(0, 1 << 50)),
        ("telemetry.command_logs.large_request_entries", logs.large_request_entries as u64, ENTRIES),
        ("telemetry.command_logs.large_reply", logs.large_reply, bytes(0, 1 << 50)),
        ("telemetry.command_logs.large_reply_entries", logs.large_reply_entries as u64, ENTRIES),
        ("cache.shards", config.cache.shards as u64, count(1, 1024)),
        ("cache.expiry_interval", nanoseconds(config.cache.expiry_interval), time(10 * MILLISECOND, MINUTE)),
        ("cache.max_memory", config.cache.max_memory, MEMORY),
        ("telemetry.log.max_file_size", log.max_file_size, bytes(4 * KB, 64 * GB)),
        ("telemetry.log.max_files", log.max_files as u64, count(1, 1000)),
        ("telemetry.log.command_budget", log.command_budget.into(), count(0, 1_000_000)),
        ("telemetry.tracing.span_budget", tracing.span_budget.into(), count(0, 1_000_000)),
        ("telemetry.tracing.timeout", nanoseconds(tracing.timeout), time(100 * MILLISECOND, 5 * MINUTE)),
        ("telemetry.tracing.queue", tracing.queue as u64, count(1, 1_048_576)),
        ("telemetry.tracing.batch", tracing.batch as u64, count(1, 65_536)),
        (
            "telemetry.tracing.flush_interval",
            nanoseconds(tracing.flush_interval),
            time(10 * MILLISECOND, MINUTE),
        ),
        (
            "telemetry.slow_command",
            nanoseconds(config.telemetry.slow_command),
            time(Duration::from_micros(1), MINUTE),
        ),
    ]);
    all
}

fn output_limits(config: &Config) -> Vec<(&'static str, u64, Bound)> {
    const HELD: Bound = bytes(0, 1 << 50);
    let OutputLimits { normal, pubsub } = &config.network.output_limits;
    let time = time(SECOND, DAY).or_zero();
    vec![
        ("network.output_limits.normal.hard", normal.hard, HELD),
        ("network.output_limits.normal.soft", normal.soft, HELD),
        ("network.output_limits.normal.soft_time", nanoseconds(normal.soft_time), time),
        ("network.output_limits.pubsub.hard", pubsub.hard, HELD),
        ("network.output_limits.pubsub.soft", pubsub.soft, HELD),
        ("network.output_limits.pubsub.soft_time", nanoseconds(pubsub.soft_time), time),
    ]
}

/// Holds `config` to the rules; the first `unlisted` stores have no place in the list of the file.
pub fn validate(config: &Config, unlisted: usize, findings: &mut Findings) {
    for (key, value, bound) in bounded(config) {
        within(key, value, bound, findings);
    }
    node(config, findings);
    network(config, findings);
    if !config.cache.shards.is_power_of_two() {
        findings.fault("cache.shards", format!("is {}, must be a power of two", config.cache.shards));
    }
    if let Some(letter) = config.cache.keyspace_events.chars().find(|letter| !EVENT_LETTERS.contains(*letter))
    {
        let message = format!("has {letter:?}, must be made of the letters {EVENT_LETTERS}");
        findings.fault("cache.keyspace_events", message);
    }
    stores(config, unlisted, findings);
    security(config, findings);
    telemetry(config, findings);
}

fn within(key: &str, value: u64, bound: Bound, findings: &mut Findings) {
    if !bound.holds(value) {
        findings.fault(key, format!("is {}, must be {bound}", bound.show(value)));
    }
}

fn node(config: &Config, findings: &mut Findings) {
    let id = &config.node.id;
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let valid = id.len() <= NAME_BYTES_MAX
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.chars().all(of_name);
    if !valid {
        let message = format!(
            "is {id:?}, must be 1 to {NAME_BYTES_MAX} letters, digits, `-`, `_` or `.`, a letter or digit first"
        );
        findings.fault("node.id", message);
    }
    folder("node.data_dir", &config.node.data_dir, findings);
    if let MemoryLimit::Bytes(limit) = config.node.memory_limit {
        within("node.memory_limit", limit, PROCESS_MEMORY, findings);
        let data = config.cache.max_memory;
        if limit != 0 && data >= limit {
            let message = format!(
                "is {}, not less than node.memory_limit ({}), which is reached first",
                Size(data),
                Size(limit)
            );
            findings.warn("cache.max_memory", message);
        }
    }
}

fn folder(key: &str, path: &Path, findings: &mut Findings) {
    if path.as_os_str().is_empty() {
        findings.fault(key, "is empty, must name a folder");
    } else if path.is_file() {
        findings.fault(key, format!("{} is a file, must be a folder", path.display()));
    }
}

fn network(config: &Config, findings: &mut Findings) {
    let network = &config.network;
    let (resp, http) = (network.resp_addr, network.http_addr);
    let same_host = resp.ip() == http.ip() || resp.ip().is_unspecified() || http.ip().is_unspecified();
    if resp.port() == http.port() && resp.port() != 0 && same_host {
        findings.fault(
            "network.http_addr",
            format!("{http} is taken by network.resp_addr ({resp}): use another port"),
        );
    }
    match network.max_client_memory {
        SizeOrShare::Size(size) => within("network.max_client_memory", size, CLIENT_MEMORY, findings),
        SizeOrShare::Share(percent) if (1..=100).contains(&percent) => {}
        SizeOrShare::Share(percent) => {
            findings.fault("network.max_client_memory", format!("is {percent}%, must be 1% to 100%"));
        }
    }
    if network.max_query_buffer < network.max_bulk_bytes {
        let message = format!(
            "is {}, must be at least network.max_bulk_bytes ({}), or the longest argument would never fit",
            Size(network.max_query_buffer as u64),
            Size(network.max_bulk_bytes as u64)
        );
        findings.fault("network.max_query_buffer", message);
    }
}

fn stores(config: &Config, unlisted: usize, findings: &mut Findings) {
    if config.stores.len() > STORES_MAX {
        let message =
            format!("are {} with `{DEFAULT_STORE}`, at most {STORES_MAX} are allowed", config.stores.len());
        findings.fault("stores", message);
    }
    match config.stores.iter().position(|store| store.name == DEFAULT_STORE) {
        Some(0) => {}
        Some(index) => {
            let message =
                format!("is {DEFAULT_STORE:?}, which must be the first store, because SELECT 0 is it");
            findings.fault(&format!("stores[{}].name", index - unlisted), message);
        }
        None => findings.fault("stores", format!("has no store named `{DEFAULT_STORE}`")),
    }
    let mut names = BTreeSet::new();
    for (index, store) in config.stores.iter().enumerate() {
        let Some(listed) = index.checked_sub(unlisted) else {
            names.insert(store.name.as_str());
            continue;
        };
        let path = format!("stores[{listed}]");
        store_rules(store, &path, findings);
        if !names.insert(store.name.as_str()) {
            findings
                .fault(&format!("{path}.name"), format!("{:?} is the name of an earlier store", store.name));
        }
        more_than_all(config, store, &path, findings);
    }
}

fn store_name(store: &Store, key: &str, findings: &mut Findings) {
    let name = &store.name;
    let valid = (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && !name.chars().all(|c| c.is_ascii_digit());
    if !valid {
        let message = format!(
            "is {name:?}, must be 1 to {NAME_BYTES_MAX} letters, digits, `-` or `_`, not all of them digits"
        );
        findings.fault(key, message);
    }
}

/// The rules for one store by itself; `path` is where it was named.
pub fn store_rules(store: &Store, path: &str, findings: &mut Findings) {
    store_name(store, &join(path, "name"), findings);
    within(&join(path, "max_memory"), store.max_memory, MEMORY, findings);
    let ttl = time(MILLISECOND, 3650 * DAY).or_zero();
    within(&join(path, "default_ttl"), nanoseconds(store.default_ttl), ttl, findings);
    within(&join(path, "miss_history"), store.miss_history, MISS_HISTORY, findings);
    within(&join(path, "key_journal"), store.key_journal as u64, KEY_JOURNAL, findings);
}

/// Whether a store made while the node runs keeps the rules; what is wrong with it, if anything is.
pub fn check_store(store: &Store) -> Result<(), String> {
    let mut findings = Findings::default();
    store_rules(store, "", &mut findings);
    findings.faults.first().map_or(Ok(()), |fault| Err(fault.to_string()))
}

fn more_than_all(config: &Config, store: &Store, path: &str, findings: &mut Findings) {
    let all = config.cache.max_memory;
    if all != 0 && store.max_memory > all {
        let message = format!(
            "is {}, more than cache.max_memory ({}), which is reached first",
            Size(store.max_memory),
            Size(all)
        );
        findings.warn(&format!("{path}.max_memory"), message);
    }
}

fn security(config: &Config, findings: &mut Findings) {
    if let Some(password) = &config.security.requirepass {
        if password.0.is_empty() || password.0.len() > PASSWORD_BYTES_MAX {
            let message = format!("has {} bytes, must have 1 to {PASSWORD_BYTES_MAX}", password.0.len());
            findings.fault("security.requirepass", message);
        }
        return;
    }
    // Whether the default user has a password stands in there.
    if config.security.users_file.is_some() {
        return;
    }
    let open = |address: &SocketAddr| !address.ip().is_loopback();
    let doors =
        [("network.resp_addr", config.network.resp_addr), ("network.http_addr", config.network.http_addr)];
    for (key, address) in doors.into_iter().filter(|(_, address)| open(address)) {
        let message = format!(
            "{address} can be reached from other machines and no password is set: whoever reaches it may read and \
             write; set security.requirepass_file, or listen on 127.0.0.1"
        );
        findings.warn(key, message);
    }
}

fn telemetry(config: &Config, findings: &mut Findings) {
    let ratio = config.telemetry.tracing.max_ratio;
    if !(0.0..=1.0).contains(&ratio) {
        findings.fault("telemetry.tracing.max_ratio", format!("is {ratio}, must be from 0 to 1"));
    }
    let telemetry = &config.telemetry;
    if telemetry.service_name.is_empty() || telemetry.service_name.len() > TEXT_BYTES_MAX {
        findings.fault("telemetry.service_name", format!("must have 1 to {TEXT_BYTES_MAX} bytes"));
    }
    if let Err(message) = log_filter(&telemetry.log.level) {
        findings.fault("telemetry.log.level", message);
    }
    folder("telemetry.log.dir", &telemetry.log.dir, findings);
    if !telemetry.log.stdout && !telemetry.log.files {
        findings.warn("telemetry.log.files", "with telemetry.log.stdout off too, the log goes nowhere");
    }
    if telemetry.tracing.batch > telemetry.tracing.queue {
        let message = format!(
            "is {}, must be at most telemetry.tracing.queue ({})",
            telemetry.tracing.batch, telemetry.tracing.queue
        );
        findings.fault("telemetry.tracing.batch", message);
    }
    if let Some(Err(message)) = telemetry.tracing.endpoint.as_deref().map(otlp_endpoint) {
        findings.fault("telemetry.tracing.endpoint", message);
    }
}

/// Whether `filter` is a level, or terms `target=level` and at most a level, with commas between.
fn log_filter(filter: &str) -> Result<(), String> {
    if filter.len() > TEXT_BYTES_MAX {
        return Err(format!("must have at most {TEXT_BYTES_MAX} bytes"));
    }
    let is_level = |text: &str| LEVELS.iter().any(|level| text.eq_ignore_ascii_case(level));
    let of_target = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-' | '.');
    for term in filter.split(',').map(str::trim) {
        let valid = match term.split_once('=') {
            None => is_level(term),
            Some((target, level)) => !target.is_empty() && target.chars().all(of_target) && is_level(level),
        };
        if !valid {
            let levels = LEVELS.join(", ");
            return Err(format!("{term:?} will not do: expected a level ({levels}) or target=level"));
        }
    }
    Ok(())
}

/// Whether `endpoint` is `http://host:port`.
fn otlp_endpoint(endpoint: &str) -> Result<(), String> {
    let expected = "expected http://host:port, such as http://localhost:4317";
    if endpoint.starts_with("https://") {
        return Err(format!("{endpoint:?} will not do: this build sends spans without TLS; {expected}"));
    }
    let wrong = || format!("{endpoint:?} will not do: {expected}");
    let authority = endpoint.strip_prefix("http://").ok_or_else(wrong)?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let (host, port) = authority.rsplit_once(':').ok_or_else(wrong)?;
    let of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
    let valid_port = port.parse::<u16>().is_ok_and(|port| port != 0);
    if host.is_empty() || !host.chars().all(of_host) || !valid_port {
        return Err(wrong());
    }
    Ok(())
}
