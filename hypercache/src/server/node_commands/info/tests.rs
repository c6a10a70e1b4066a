use std::collections::BTreeMap;
use std::time::Duration;
use std::time::Instant;

use super::*;
use crate::resp::Protocol;
use crate::server::node_commands::fixture::Fixture;

/// Reads the text as clients do: every line is empty, a title, or `key:value`, and no key stands twice.
fn parsed(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    assert!(text.is_empty() || text.ends_with("\r\n"));
    for line in text.split_terminator("\r\n") {
        if line.is_empty() || line.starts_with("# ") {
            continue;
        }
        let (key, value) = line.split_once(':').unwrap_or_else(|| panic!("{line:?} is no key:value"));
        assert!(found.insert(key.to_owned(), value.to_owned()).is_none(), "{key} stands twice");
    }
    found
}

fn info(fixture: &mut Fixture, sections: &str) -> BTreeMap<String, String> {
    parsed(&fixture.text(format!("INFO {sections}").trim_end()))
}

fn titles(fixture: &mut Fixture, sections: &str) -> Vec<String> {
    let text = fixture.text(format!("INFO {sections}").trim_end());
    text.lines().filter_map(|line| line.strip_prefix("# ")).map(str::to_owned).collect()
}

#[test]
fn sections_are_chosen_by_name() {
    let mut fixture = Fixture::new();
    let default = titles(&mut fixture, "");
    assert!(!default.contains(&"Commandstats".to_owned()) && default.contains(&"Server".to_owned()));
    assert_eq!(titles(&mut fixture, "default"), default);
    assert_eq!(titles(&mut fixture, "ALL").len(), SECTIONS.len());
    assert_eq!(titles(&mut fixture, "everything").len(), SECTIONS.len());
    assert_eq!(titles(&mut fixture, "keyspace SERVER server"), ["Server", "Keyspace"]);
    assert_eq!(titles(&mut fixture, "default commandstats").len(), default.len() + 1);
    assert_eq!(fixture.text("INFO nonsense"), "");
    fixture.protocol(Protocol::Resp3);
    assert!(fixture.raw("INFO").starts_with('='));
}

#[test]
fn every_field_that_clients_and_exporters_read_is_there() {
    let mut fixture = Fixture::new();
    for line in ["SET a 1", "GET a", "GET b", "NONSENSE"] {
        fixture.raw(line);
    }
    let info = info(&mut fixture, "all");
    let required = "redis_version redis_mode server_name run_id tcp_port uptime_in_seconds process_id os arch_bits \
        connected_clients blocked_clients maxclients used_memory used_memory_human used_memory_rss used_memory_peak \
        used_memory_dataset maxmemory maxmemory_policy mem_fragmentation_ratio mem_not_counted_for_evict loading \
        async_loading loading_eta_seconds rdb_changes_since_last_save rdb_bgsave_in_progress rdb_last_save_time \
        rdb_last_bgsave_status rdb_last_bgsave_time_sec aof_enabled aof_rewrite_in_progress aof_last_bgrewrite_status \
        aof_last_write_status aof_current_size aof_base_size aof_delayed_fsync total_connections_received \
        total_commands_processed instantaneous_ops_per_sec total_net_input_bytes total_net_output_bytes \
        rejected_connections expired_keys evicted_keys evicted_clients keyspace_hits keyspace_misses \
        total_error_replies latest_fork_usec pubsub_channels role connected_slaves master_repl_offset \
        repl_backlog_active repl_backlog_size repl_backlog_histlen used_cpu_sys used_cpu_user cluster_enabled db0 \
        store0 store1 cmdstat_get latency_percentiles_usec_get errorstat_ERR hypercache_version";
    for field in required.split_ascii_whitespace() {
        assert!(info.contains_key(field), "{field} is missing");
    }
    for (field, value) in [
        ("redis_version", "7.2.4"),
        ("server_name", "hypercache"),
        ("redis_mode", "standalone"),
        ("run_id", "0123456789012345678901234567890123456789"),
        ("tcp_port", "8080"),
        ("connected_clients", "1"),
        ("total_connections_received", "1"),
        ("maxclients", "10000"),
        ("maxmemory", "0"),
        ("role", "master"),
        ("loading", "0"),
        ("db0", "keys=1,expires=0,avg_ttl=0"),
        ("keyspace_hits", "1"),
        ("keyspace_misses", "1"),
        ("errorstat_ERR", "count=1"),
        ("total_error_replies", "1"),
        ("total_commands_processed", "4"),
    ] {
        assert_eq!(info[field], value, "{field}");
    }
    assert!(!info.contains_key("db1") && !info.contains_key("master_host"));
    assert!(info["store1"].starts_with("name=sessions,keys=0,"), "{}", info["store1"]);
    let number = |field: &str| info[field].parse::<f64>().unwrap();
    assert!(number("used_memory") > 0.0 && number("used_memory_peak") >= number("used_memory"));
    assert!(number("used_memory_dataset") > 0.0 && number("total_system_memory") > number("used_memory"));
}

#[test]
fn commands_are_counted_as_run_failed_and_refused() {
    let mut fixture = Fixture::new();
    for line in [
        "SET a 1",
        "GET a",
        "GET a",
        "GET",
        "LPUSH a x",
        "CLIENT LIST",
        "CLIENT NONSENSE",
        "CONFIG SET maxmemory 1",
        "SET b 2",
    ] {
        fixture.raw(line);
    }
    let info = info(&mut fixture, "commandstats latencystats errorstats");
    let starts = |key: &str, start: &str| assert!(info[key].starts_with(start), "{key}: {}", info[key]);
    let ends = |key: &str, end: &str| assert!(info[key].ends_with(end), "{key}: {}", info[key]);
    starts("cmdstat_get", "calls=2,usec=");
    ends("cmdstat_get", ",rejected_calls=1,failed_calls=0");
    starts("cmdstat_lpush", "calls=1,usec=");
    ends("cmdstat_lpush", ",rejected_calls=0,failed_calls=1");
    starts("cmdstat_set", "calls=1,usec=");
    ends("cmdstat_set", ",rejected_calls=1,failed_calls=0");
    starts("cmdstat_client|list", "calls=1,");
    assert!(!info.contains_key("cmdstat_client") && !info.contains_key("cmdstat__other"));
    assert_eq!((info["errorstat_ERR"].as_str(), info["errorstat_OOM"].as_str()), ("count=2", "count=1"));
    let percentiles = &info["latency_percentiles_usec_get"];
    let values: Vec<(&str, f64)> = percentiles
        .split(',')
        .map(|part| part.split_once('=').unwrap())
        .map(|(k, v)| (k, v.parse().unwrap()))
        .collect();
    assert_eq!(values.iter().map(|(key, _)| *key).collect::<Vec<_>>(), ["p50", "p99", "p99.9"]);
    assert!(values.is_sorted_by(|a, b| a.1 <= b.1) && values[0].1 > 0.0, "{percentiles}");
}

#[test]
fn what_is_queued_counts_when_it_runs() {
    let mut fixture = Fixture::new();
    for line in ["MULTI", "SET a 1", "SET a 2"] {
        fixture.raw(line);
    }
    assert_eq!(fixture.node.telemetry.meters().totals().commands, 1);
    fixture.raw("EXEC");
    assert!(info(&mut fixture, "commandstats")["cmdstat_set"].starts_with("calls=2,"));
    assert_eq!(info(&mut fixture, "persistence")["rdb_changes_since_last_save"], "2");
}

#[test]
fn a_reset_starts_the_counts_anew_and_leaves_the_meters() {
    let mut fixture = Fixture::new();
    for line in ["SET a 1", "GET a", "NONSENSE"] {
        fixture.raw(line);
    }
    let before = fixture.node.telemetry.meters().totals().commands;
    assert_eq!(fixture.raw("CONFIG RESETSTAT"), "+OK\r\n");
    let info = info(&mut fixture, "all");
    // The reset is counted when it is over, and so after itself.
    assert_eq!(info["total_commands_processed"], "1");
    assert!(info.contains_key("cmdstat_config|resetstat") && !info.contains_key("cmdstat_get"));
    assert_eq!((info["keyspace_hits"].as_str(), info["total_error_replies"].as_str()), ("0", "0"));
    assert!(!info.contains_key("errorstat_ERR"));
    assert_eq!(info["db0"], "keys=1,expires=0,avg_ttl=0");
    assert!(fixture.node.telemetry.meters().totals().commands > before);
}

#[test]
fn rates_come_from_ticks() {
    let mut fixture = Fixture::new();
    assert_eq!(info(&mut fixture, "stats")["instantaneous_ops_per_sec"], "0");
    let counts = Counts::read(&fixture.node.telemetry, &fixture.node.clients, &fixture.node.registry);
    fixture.node.statistics.look(Instant::now() - Duration::from_secs(1), &counts);
    for _ in 0..500 {
        fixture.raw("GET a");
    }
    fixture.node.tick();
    let rate: u64 = info(&mut fixture, "stats")["instantaneous_ops_per_sec"].parse().unwrap();
    assert!((1..=500).contains(&rate), "{rate}");
}
