//! Sections about what the node is and has. What there is not reads as in a Redis where it is switched off.

use std::time::SystemTime;

use crate::engine::session::unix_millis;
use crate::engine::version::COMPATIBLE_REDIS_VERSION;
use crate::engine::version::VERSION;
use crate::keyspace::filter::standing::Standing;
use crate::server::node_commands::info::Facts;
use crate::server::node_commands::info::Page;
use crate::store::Store;

/// An id that belongs to nothing.
const NO_ID: &str = "0000000000000000000000000000000000000000";

/// `# Server`
pub fn server(facts: &Facts<'_>, page: &mut Page) {
    let node = facts.node;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let up = node.started.elapsed().as_secs();
    let hz = node.registry.sweeps_per_second();
    page.line("redis_version", COMPATIBLE_REDIS_VERSION);
    page.line("server_name", "hypercache");
    page.line("hypercache_version", VERSION);
    page.line("node_id", &node.config.node.id);
    page.line("redis_mode", "standalone");
    page.line("os", operating_system());
    page.line("arch_bits", usize::BITS);
    page.line("multiplexing_api", "epoll");
    page.line("process_id", std::process::id());
    page.line("process_supervised", "no");
    page.line("run_id", &node.run_id);
    page.line("tcp_port", node.config.network.resp_addr.port());
    page.line("http_port", node.config.network.http_addr.port());
    page.line("server_time_usec", now.as_micros());
    page.line("uptime_in_seconds", up);
    page.line("uptime_in_days", up / 86_400);
    page.line("hz", hz);
    page.line("configured_hz", hz);
    page.line("io_threads", node.config.network.io_threads);
    page.line("io_threads_active", u8::from(node.config.network.io_threads > 1));
    page.line("executable", shown(std::env::current_exe().ok()));
    page.line("config_file", shown(node.config_file.clone()));
}

fn shown(path: Option<std::path::PathBuf>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}

/// As `uname -srm` tells it, where the system has `/proc`.
fn operating_system() -> String {
    let kernel = |what: &str| std::fs::read_to_string(format!("/proc/sys/kernel/{what}"));
    match (kernel("ostype"), kernel("osrelease")) {
        (Ok(name), Ok(release)) => format!("{} {} {}", name.trim(), release.trim(), std::env::consts::ARCH),
        _ => format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

/// `# Clients`
pub fn clients(facts: &Facts<'_>, page: &mut Page) {
    let clients = facts.node.clients.all();
    let pending = clients.iter().map(|client| client.traffic().query_bytes).max();
    let waiting = clients.iter().map(|client| client.memory()).map(|held| held.unsent + held.mailbox).max();
    let pubsub = clients.iter().filter(|client| client.subscriptions.any()).count();
    page.line("connected_clients", clients.len());
    page.line("cluster_connections", 0);
    page.line("maxclients", facts.node.settings.max_connections());
    page.line("client_recent_max_input_buffer", pending.unwrap_or(0));
    page.line("client_recent_max_output_buffer", waiting.unwrap_or(0));
    page.line("blocked_clients", facts.node.blocked_clients());
    page.line("tracking_clients", facts.node.herald.tracking().totals().clients);
    page.line("pubsub_clients", pubsub);
    let watched = || clients.iter().map(|client| client.transaction().1).filter(|keys| *keys > 0);
    page.line("watching_clients", watched().count());
    page.line("total_watched_keys", watched().sum::<usize>());
    page.line("clients_in_timeout_table", 0);
    page.line("total_blocking_keys", facts.node.waiters.keys());
    page.line("total_blocking_keys_on_nokey", facts.node.waiters.keys_with_end());
}

fn loading(facts: &Facts<'_>, page: &mut Page) {
    let progress = facts.node.durability.loading.progress();
    page.line("loading", u8::from(progress.is_some()));
    let Some(progress) = progress else { return page.line("loading_eta_seconds", 0) };
    page.line("loading_start_time", progress.started_unix);
    page.line("loading_total_bytes", progress.total_bytes);
    page.line("loading_loaded_bytes", progress.loaded_bytes);
    page.line("loading_loaded_perc", format_args!("{:.2}", progress.percent()));
    page.line("loading_eta_seconds", progress.eta_seconds(unix_millis() / 1000));
}

/// `# Persistence`: there is none, so nothing was ever saved and nothing has failed.
pub fn persistence(facts: &Facts<'_>, page: &mut Page) {
    // Nothing is ever saved, so all changes since the start count.
    let changes = facts.counts.changes.to_string();
    // As in Redis, the data of the start counts as saved.
    let last_save = facts.node.started_unix.to_string();
    loading(facts, page);
    for (key, value) in [
        ("async_loading", "0"),
        ("current_cow_peak", "0"),
        ("current_cow_size", "0"),
        ("current_cow_size_age", "0"),
        ("current_fork_perc", "0.00"),
        ("current_save_keys_processed", "0"),
        ("current_save_keys_total", "0"),
        ("rdb_changes_since_last_save", &changes),
        ("rdb_bgsave_in_progress", "0"),
        ("rdb_last_save_time", &last_save),
        ("rdb_last_bgsave_status", "ok"),
        ("rdb_last_bgsave_time_sec", "-1"),
        ("rdb_current_bgsave_time_sec", "-1"),
        ("rdb_saves", "0"),
        ("rdb_last_cow_size", "0"),
        ("rdb_last_load_keys_expired", "0"),
        ("rdb_last_load_keys_loaded", "0"),
        ("aof_enabled", "0"),
        ("aof_rewrite_in_progress", "0"),
        ("aof_rewrite_scheduled", "0"),
        ("aof_last_rewrite_time_sec", "-1"),
        ("aof_current_rewrite_time_sec", "-1"),
        ("aof_last_bgrewrite_status", "ok"),
        ("aof_rewrites", "0"),
        ("aof_rewrites_consecutive_failures", "0"),
        ("aof_last_write_status", "ok"),
        ("aof_last_cow_size", "0"),
        ("aof_current_size", "0"),
        ("aof_base_size", "0"),
        ("aof_pending_rewrite", "0"),
        ("aof_buffer_length", "0"),
        ("aof_pending_bio_fsync", "0"),
        ("aof_delayed_fsync", "0"),
        ("module_fork_in_progress", "0"),
        ("module_fork_last_cow_size", "0"),
    ] {
        page.line(key, value);
    }
}

/// `# Replication`: a master without replicas. As in Redis, a master has no `master_host` and its like.
pub fn replication(_: &Facts<'_>, page: &mut Page) {
    for (key, value) in [
        ("role", "master"),
        ("connected_slaves", "0"),
        ("master_failover_state", "no-failover"),
        ("master_replid", NO_ID),
        ("master_replid2", NO_ID),
        ("master_repl_offset", "0"),
        ("second_repl_offset", "-1"),
        ("repl_backlog_active", "0"),
        ("repl_backlog_size", "0"),
        ("repl_backlog_first_byte_offset", "0"),
        ("repl_backlog_histlen", "0"),
    ] {
        page.line(key, value);
    }
}

/// `# Cluster`
pub fn cluster(_: &Facts<'_>, page: &mut Page) {
    page.line("cluster_enabled", 0);
}

/// `# Keyspace`: stores by index, those without keys left out.
pub fn keyspace(facts: &Facts<'_>, page: &mut Page) {
    for store in facts.node.registry.all() {
        let census = store.census();
        if census.keys > 0 {
            let value =
                format_args!("keys={},expires={},avg_ttl=0", census.keys, census.expiring).to_string();
            page.line(format_args!("db{}", store.index()), value);
        }
    }
}

/// `# Stores`
pub fn stores(facts: &Facts<'_>, page: &mut Page) {
    for store in facts.node.registry.all() {
        page.line(format_args!("store{}", store.index()), described(store));
        if let Some(filter) = store.keyspace().filter_standing() {
            page.line(format_args!("filter{}", store.index()), described_filter(&filter));
        }
    }
}

fn described_filter(filter: &Standing) -> String {
    let tally = filter.tally;
    format!(
        "items={},slots={},bytes={},built={:.4},wanted_rate={},expected_rate={:.6},measured_rate={:.6},\
         negatives={},true_positives={},false_positives={},moves={},splits={},joins={}",
        filter.items,
        filter.slots,
        filter.bytes,
        filter.covered,
        filter.wanted_rate,
        filter.expected_rate,
        filter.measured_rate().unwrap_or(0.0),
        tally.negatives,
        tally.true_positives,
        tally.false_positives,
        tally.kicks,
        tally.splits,
        tally.joins,
    )
}

fn described(store: &Store) -> String {
    let census = store.census();
    let ttl = store.default_ttl().unwrap_or_default().as_millis();
    format!(
        "name={},keys={},expires={},sessions={},bytes={},limit_bytes={},default_ttl_ms={ttl},eviction={},evicted={}",
        store.name(),
        census.keys,
        census.expiring,
        census.sessions,
        census.total_bytes(),
        store.limit_bytes(),
        store.policy_word(),
        store.evictions().evicted_keys(),
    )
}
