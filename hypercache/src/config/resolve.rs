//! From what was said to the whole configuration: defaults filled in, what this build does not provide refused.

use std::path::Path;

use super::Config;
use super::OutputLimit;
use super::Secret;
use super::Store;
use super::file::CacheSection;
use super::file::CuckooFilter;
use super::file::File;
use super::file::LogSection;
use super::file::NetworkSection;
use super::file::OutputLimitSection;
use super::file::PersistenceMode;
use super::file::SecuritySection;
use super::file::StoreSection;
use super::file::TelemetrySection;
use super::file::TracingSection;
use super::notice::Findings;
use super::read::join;
use super::units::HumanDuration;
use super::units::Size;

/// The name of the store with index 0.
pub const DEFAULT_STORE: &str = "default";

/// Most bytes a password may have.
pub const PASSWORD_BYTES_MAX: usize = 512;

const NO_PERSISTENCE: &str = "this build keeps data in memory only";
const NO_CLUSTER: &str = "this build runs single nodes";

/// Fills in the defaults; faults go to `findings`, and the result is of use only when there are none.
pub fn resolve(file: File, findings: &mut Findings) -> Config {
    let mut config = Config::default();
    let node = file.node.unwrap_or_default();
    set(&mut config.node.id, node.id);
    config.node.data_dir = node.data_dir.unwrap_or_else(|| Path::new("./data").join(&config.node.id));
    set(&mut config.node.memory_limit, node.memory_limit);
    network(&mut config, file.network.unwrap_or_default());
    cache(&mut config, file.cache.unwrap_or_default());
    set_time(&mut config.scripts.busy_after, file.scripts.unwrap_or_default().busy_after);
    if let Some(listed) = file.stores {
        config.stores = stores(listed, findings);
    }
    let security = file.security.unwrap_or_default();
    set(&mut config.security.enable_debug_command, security.enable_debug_command);
    config.security.users_file = security.users_file.clone().filter(|path| !path.as_os_str().is_empty());
    config.security.requirepass = password(security, findings);
    telemetry(&mut config, file.telemetry.unwrap_or_default());
    if file.persistence.and_then(|section| section.enabled) == Some(true) {
        findings.fault("persistence.enabled", format!("{NO_PERSISTENCE}: set it to false or remove it"));
    }
    if file.cluster.and_then(|section| section.enabled) == Some(true) {
        findings.fault("cluster.enabled", format!("{NO_CLUSTER}: set it to false or remove it"));
    }
    config
}

fn set<T>(slot: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *slot = value;
    }
}

fn set_bytes(slot: &mut usize, given: Option<Size>) {
    set(slot, given.map(|Size(bytes)| usize::try_from(bytes).unwrap_or(usize::MAX)));
}

fn set_time(slot: &mut std::time::Duration, given: Option<HumanDuration>) {
    set(slot, given.map(|HumanDuration(duration)| duration));
}

fn network(config: &mut Config, said: NetworkSection) {
    let network = &mut config.network;
    set(&mut network.resp_addr, said.resp_addr);
    set(&mut network.http_addr, said.http_addr);
    set(&mut network.max_connections, said.max_connections);
    set_time(&mut network.idle_timeout, said.idle_timeout);
    set_time(&mut network.tcp_keepalive, said.tcp_keepalive);
    set(&mut network.tcp_backlog, said.tcp_backlog);
    // The default is one thread for each core already.
    set(&mut network.io_threads, said.io_threads.filter(|threads| *threads > 0));
    set_bytes(&mut network.max_bulk_bytes, said.max_bulk_bytes);
    set_bytes(&mut network.max_query_buffer, said.max_query_buffer);
    set_bytes(&mut network.max_inline_bytes, said.max_inline_bytes);
    set(&mut network.max_arguments, said.max_arguments);
    set_bytes(&mut network.http_max_body, said.http_max_body);
    set_time(&mut network.shutdown_timeout, said.shutdown_timeout);
    set(&mut network.max_client_memory, said.max_client_memory);
    set(&mut network.tracking_max_keys, said.tracking_max_keys);
    let limits = said.output_limits.unwrap_or_default();
    output_limit(&mut network.output_limits.normal, limits.normal.unwrap_or_default());
    output_limit(&mut network.output_limits.pubsub, limits.pubsub.unwrap_or_default());
}

fn output_limit(limit: &mut OutputLimit, said: OutputLimitSection) {
    set(&mut limit.hard, said.hard.map(|Size(bytes)| bytes));
    set(&mut limit.soft, said.soft.map(|Size(bytes)| bytes));
    set_time(&mut limit.soft_time, said.soft_time);
}

fn cache(config: &mut Config, said: CacheSection) {
    set(&mut config.cache.shards, said.shards);
    set_time(&mut config.cache.expiry_interval, said.expiry_interval);
    set(&mut config.cache.max_memory, said.max_memory.map(|Size(bytes)| bytes));
    set(&mut config.cache.keyspace_events, said.keyspace_events);
    set(&mut config.cache.miss_ratio_curves, said.miss_ratio_curves);
}

fn telemetry(config: &mut Config, said: TelemetrySection) {
    set(&mut config.telemetry.service_name, said.service_name);
    set_time(&mut config.telemetry.slow_command, said.slow_command);
    let logs = &mut config.telemetry.command_logs;
    let kept = said.command_logs.unwrap_or_default();
    set(&mut logs.slow_entries, kept.slow_entries);
    set(&mut logs.large_request, kept.large_request.map(|Size(bytes)| bytes));
    set(&mut logs.large_request_entries, kept.large_request_entries);
    set(&mut logs.large_reply, kept.large_reply.map(|Size(bytes)| bytes));
    set(&mut logs.large_reply_entries, kept.large_reply_entries);
    log(config, said.log.unwrap_or_default());
    tracing(config, said.tracing.unwrap_or_default());
}

fn log(config: &mut Config, said: LogSection) {
    let log = &mut config.telemetry.log;
    set(&mut log.level, said.level);
    log.dir = said.dir.unwrap_or_else(|| Path::new("./logs").join(&config.node.id));
    set(&mut log.stdout, said.stdout);
    set(&mut log.files, said.files);
    set(&mut log.max_file_size, said.max_file_size.map(|Size(bytes)| bytes));
    set(&mut log.max_files, said.max_files);
    set(&mut log.command_log, said.command_log);
    set(&mut log.command_budget, said.command_budget);
    set(&mut log.keys, said.keys);
}

fn tracing(config: &mut Config, said: TracingSection) {
    let tracing = &mut config.telemetry.tracing;
    tracing.endpoint = said.endpoint.filter(|endpoint| !endpoint.is_empty());
    set(&mut tracing.mode, said.mode);
    set(&mut tracing.span_budget, said.span_budget);
    set(&mut tracing.max_ratio, said.max_ratio);
    set_time(&mut tracing.timeout, said.timeout);
    set(&mut tracing.queue, said.queue);
    set(&mut tracing.batch, said.batch);
    set_time(&mut tracing.flush_interval, said.flush_interval);
}

/// The stores in order; `default` is put in front when the list does not name it.
fn stores(listed: Vec<StoreSection>, findings: &mut Findings) -> Vec<Store> {
    let mut stores = Vec::with_capacity(listed.len() + 1);
    if !listed.iter().any(|store| store.name.as_deref() == Some(DEFAULT_STORE)) {
        stores.push(Store::named(DEFAULT_STORE.to_owned()));
    }
    for (index, said) in listed.into_iter().enumerate() {
        let path = format!("stores[{index}]");
        unprovided(&said, &path, findings);
        if said.name.is_none() {
            findings.fault(&format!("{path}.name"), "is missing: every store needs a name");
        }
        let mut store = Store::named(said.name.unwrap_or_default());
        set(&mut store.max_memory, said.max_memory.map(|Size(bytes)| bytes));
        set(&mut store.eviction, said.eviction);
        set_time(&mut store.default_ttl, said.default_ttl);
        set(&mut store.miss_history, said.miss_history.map(|Size(bytes)| bytes));
        set(&mut store.key_journal, said.key_journal);
        store.cuckoo_filter = said.cuckoo_filter.and_then(|CuckooFilter(rate)| rate);
        stores.push(store);
    }
    stores
}

/// Refuses what a store may ask for in the language of the file but not of this build.
pub fn unprovided(store: &StoreSection, path: &str, findings: &mut Findings) {
    if store.persistence.as_ref().is_some_and(|persistence| persistence.0 != PersistenceMode::Disabled) {
        let message = format!("{NO_PERSISTENCE}: set it to disabled or remove it");
        findings.fault(&join(path, "persistence"), message);
    }
    match store.replication_factor {
        None | Some(1) => {}
        Some(0) => {
            findings.fault(&join(path, "replication_factor"), "is 0, but one copy is the least: set it to 1");
        }
        Some(_) => {
            let message = format!("{NO_CLUSTER} and keeps one copy: set it to 1 or remove it");
            findings.fault(&join(path, "replication_factor"), message);
        }
    }
}

fn password(said: SecuritySection, findings: &mut Findings) -> Option<Secret> {
    let given = said.requirepass.filter(|secret| !secret.0.is_empty());
    let Some(path) = said.requirepass_file else {
        return given;
    };
    let key = "security.requirepass_file";
    if given.is_some() {
        findings.fault(key, "names a password where security.requirepass gives one: keep one of the two");
        return None;
    }
    match password_of_file(&path) {
        Ok(secret) => Some(secret),
        Err(message) => {
            findings.fault(key, message);
            None
        }
    }
}

/// The only line of the file at `path`, without its line end.
fn password_of_file(path: &Path) -> Result<Secret, String> {
    let shown = path.display();
    let text = super::load::read_text(path, 4096).map_err(|problem| format!("{shown} {problem}"))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(format!("{shown} is empty: it must hold the password on one line"));
    }
    if line.contains('\n') {
        return Err(format!("{shown} has more than one line: it must hold the password and nothing else"));
    }
    Ok(Secret(line.to_owned()))
}
