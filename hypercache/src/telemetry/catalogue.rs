//! Every metric of the program: the only file with metric names.
//!
//! The list drives the descriptions and buckets of the exporter, the rendering of the hot meters, the table in
//! `docs/telemetry.md` and the tests that hold dashboards and alert rules to it.

use crate::telemetry::buckets::COUNTS;
use crate::telemetry::buckets::LAG_SECONDS;
use crate::telemetry::buckets::LATENCY_SECONDS;
use crate::telemetry::buckets::POWERS;
use crate::telemetry::definition::CounterDef;
use crate::telemetry::definition::GaugeDef;
use crate::telemetry::definition::HistogramDef;
use crate::telemetry::definition::Kind;
use crate::telemetry::definition::MetricInfo;
use crate::telemetry::definition::Source;
use crate::telemetry::definition::catalogue;
use std::fmt::Write;

catalogue! {
    HistogramDef COMMAND_DURATION ["command", "store", "outcome"] Meters
    "hypercache_command_duration_seconds" buckets &LATENCY_SECONDS;
    "Time from a command's bytes being read to its reply being in the output buffer, waiting included."

    HistogramDef COMMAND_EXECUTION ["command", "store", "outcome"] Meters
    "hypercache_command_execution_seconds" buckets &LATENCY_SECONDS;
    "Time a command's execution took, waiting not included."

    CounterDef COMMAND_ERRORS ["command", "error_type"] Meters "hypercache_command_errors_total";
    "Commands answered by an error, by the error's prefix."

    CounterDef SLOW_COMMANDS ["command"] Meters "hypercache_slow_commands_total";
    "Commands that took longer than the configured threshold."

    CounterDef STORE_LOOKUPS ["store", "result"] Meters "hypercache_store_lookups_total";
    "Keys looked up by reading commands, by whether they were there."

    CounterDef STORE_MISSES ["store", "reason"] Meters "hypercache_store_misses_total";
    "Keys that reading commands did not find: never_seen, or deleted, expired or evicted as far as the store remembers."

    GaugeDef STORE_KEYS ["store", "kind"] Facade "hypercache_store_keys";
    "Keys in a store; kind is all, or expiring for those with a time to live."

    GaugeDef STORE_MEMORY ["store"] Facade "hypercache_store_memory_bytes";
    "Bytes a store's keys and values take."

    GaugeDef STORE_LIMIT ["store"] Facade "hypercache_store_limit_bytes";
    "Bytes a store may hold; 0 means no limit of its own."

    GaugeDef STORE_PREDICTED_HITS ["store", "size"] Facade "hypercache_store_predicted_hit_ratio";
    "Share of lookups that would be hits if the store had so many times its size, by its miss-ratio curve."

    GaugeDef STORE_SAMPLING ["store"] Facade "hypercache_store_sampling_ratio";
    "Share of a store's keys that is followed for its miss-ratio curve."

    GaugeDef STORE_HOT_KEYS ["store", "keys"] Facade "hypercache_store_hot_keys_ratio";
    "Share of a store's accesses that its so many hottest keys have together."

    CounterDef FILTER_LOOKUPS ["store", "result"] Facade "hypercache_filter_lookups_total";
    "Lookups that a store's filter was asked about: negative when it answered, true_positive or false_positive when the table had to be asked."

    GaugeDef FILTER_FALSE_POSITIVES ["store", "kind"] Facade "hypercache_filter_false_positive_ratio";
    "Share of the lookups of absent keys that a store's filter passes on; kind is wanted, expected from its load, or measured."

    GaugeDef FILTER_ITEMS ["store"] Facade "hypercache_filter_keys";
    "Keys in a store's filter."

    GaugeDef FILTER_CAPACITY ["store"] Facade "hypercache_filter_slots";
    "Keys that the slots of a store's filter could take."

    GaugeDef FILTER_MEMORY ["store"] Facade "hypercache_filter_memory_bytes";
    "Bytes a store's filter takes."

    GaugeDef FILTER_BUILT ["store"] Facade "hypercache_filter_built_ratio";
    "Share of a store's keys that its filter can answer for; less than 1 while it is built."

    CounterDef FILTER_CHANGES ["store", "kind"] Facade "hypercache_filter_changes_total";
    "What was done to a store's filter: fingerprints moved, segments split, pairs of segments joined, segments built."

    CounterDef EXPIRED_KEYS ["store", "mode"] Meters "hypercache_expired_keys_total";
    "Keys removed because their time was over; lazy when found by a command, active when swept."

    CounterDef EXPIRED_FIELDS ["store", "mode"] Meters "hypercache_expired_fields_total";
    "Fields of hashes removed because their time was over; lazy when found by a command, active when swept."

    HistogramDef EXPIRY_LAG ["store"] Meters "hypercache_expiry_lag_seconds" buckets &LAG_SECONDS;
    "How long expired keys had been overdue when they were removed, each counted."

    CounterDef EXPIRED_SESSIONS ["store", "mode"] Meters "hypercache_expired_sessions_total";
    "Sessions removed because their time was over; lazy when found by a command, active when swept."

    GaugeDef STORE_SESSIONS ["store"] Facade "hypercache_store_sessions";
    "Sessions in a store whose keys live and go by session."

    HistogramDef EXPIRY_CYCLE_DURATION [] Facade "hypercache_expiry_cycle_duration_seconds" buckets &LATENCY_SECONDS;
    "Time one sweep for expired keys took."

    CounterDef EVICTED_KEYS ["store", "policy"] Facade "hypercache_evicted_keys_total";
    "Keys dropped under memory pressure."

    CounterDef EVICTED_BYTES ["store", "policy"] Facade "hypercache_evicted_bytes_total";
    "Bytes freed by dropping keys under memory pressure."

    HistogramDef EVICTED_AGE ["store"] Facade "hypercache_evicted_age_seconds" buckets &POWERS;
    "Time since evicted keys were made or last written whole; a fair sample where many go at once."

    HistogramDef EVICTED_IDLE ["store"] Facade "hypercache_evicted_idle_seconds" buckets &POWERS;
    "Time since evicted keys were last used; a fair sample where many go at once."

    HistogramDef EVICTED_HITS ["store"] Facade "hypercache_evicted_hits" buckets &POWERS;
    "Reads of evicted keys since they were made or last written whole; a fair sample where many go at once."

    HistogramDef EVICTION_DURATION [] Facade "hypercache_eviction_duration_seconds" buckets &LATENCY_SECONDS;
    "Time that making room took at once, before a write or in the background; a fair sample where that is done often."

    CounterDef WRITES_REFUSED ["store", "reason"] Facade "hypercache_writes_refused_total";
    "Writes refused because of a limit."

    HistogramDef PIPELINE_COMMANDS [] Meters "hypercache_pipeline_commands" buckets &COUNTS;
    "Commands answered by one pass over what a client had sent."

    CounterDef NETWORK_RECEIVE ["proto"] Meters "hypercache_network_receive_bytes_total";
    "Bytes read from clients."

    CounterDef NETWORK_TRANSMIT ["proto"] Meters "hypercache_network_transmit_bytes_total";
    "Bytes written to clients."

    GaugeDef CONNECTIONS ["proto"] Facade "hypercache_connections";
    "Open client connections."

    GaugeDef CONNECTIONS_LIMIT [] Facade "hypercache_connections_limit";
    "RESP connections that are allowed at the same time."

    GaugeDef CLIENTS_BLOCKED [] Facade "hypercache_blocked_clients";
    "Clients that wait for a key, as after BLPOP."

    GaugeDef PUBSUB_CHANNELS ["kind"] Facade "hypercache_pubsub_channels";
    "Channels, patterns and shard channels that somebody has subscribed to."

    CounterDef PUBSUB_MESSAGES ["direction"] Facade "hypercache_pubsub_messages_total";
    "Messages published, and messages delivered to subscribers."

    CounterDef CONNECTIONS_OPENED ["proto"] Facade "hypercache_connections_opened_total";
    "Client connections accepted."

    CounterDef CONNECTIONS_CLOSED ["proto", "reason"] Facade "hypercache_connections_closed_total";
    "Client connections closed, by why."

    CounterDef CONNECTIONS_REJECTED ["reason"] Facade "hypercache_connections_rejected_total";
    "Client connections refused, by why."

    CounterDef AUTHENTICATIONS ["result"] Facade "hypercache_authentications_total";
    "Attempts to authenticate, by success or failure."

    CounterDef STORE_CHANGES ["change"] Facade "hypercache_store_changes_total";
    "Stores made, altered and dropped while running, by which of these."

    CounterDef CONFIG_CHANGES [] Facade "hypercache_config_changes_total";
    "Settings changed while running."

    HistogramDef HTTP_REQUEST_DURATION ["http_request_method", "http_route", "http_response_status_code"] Facade
    "http_server_request_duration_seconds" buckets &LATENCY_SECONDS;
    "Time HTTP requests took; status 499 means that the client went away."

    GaugeDef MEMORY_USED [] Facade "hypercache_memory_used_bytes";
    "Bytes the keys and values of all stores take."

    GaugeDef MEMORY_LIMIT [] Facade "hypercache_memory_limit_bytes";
    "Bytes all stores together may hold; 0 means no limit."

    GaugeDef MEMORY_AREA ["area"] Facade "hypercache_memory_area_bytes";
    "Bytes in use by each part of the program; unexplained is what the allocator has given out beyond them."

    GaugeDef PROCESS_LIMIT ["source"] Facade "hypercache_process_memory_limit_bytes";
    "Bytes the process may take, by who says so; 0 means no limit."

    GaugeDef MEMORY_PRESSURE [] Facade "hypercache_memory_pressure_level";
    "How near the process is to its memory limit: 0 normal, 1 elevated, 2 high, 3 critical."

    CounterDef MEMORY_PRESSURE_TIME ["level"] Facade "hypercache_memory_pressure_seconds_total";
    "Whole seconds spent at each level of memory pressure."

    CounterDef MEMORY_PRESSURE_CHANGES ["level"] Facade "hypercache_memory_pressure_changes_total";
    "Changes of the level of memory pressure, by the level reached."

    CounterDef MEMORY_PURGED [] Facade "hypercache_memory_purged_bytes_total";
    "Resident bytes given back to the system because the process was near its memory limit."

    GaugeDef ALLOCATOR_BYTES ["state"] Process "hypercache_allocator_bytes";
    "What the memory allocator holds, by state."

    CounterDef PROCESS_CPU [] Process "process_cpu_seconds_total";
    "Processor time spent, user and system."

    GaugeDef PROCESS_RESIDENT [] Process "process_resident_memory_bytes";
    "Resident memory."

    GaugeDef PROCESS_VIRTUAL [] Process "process_virtual_memory_bytes";
    "Virtual memory."

    GaugeDef PROCESS_OPEN_FDS [] Process "process_open_fds";
    "Open file descriptors."

    GaugeDef PROCESS_MAX_FDS [] Process "process_max_fds";
    "File descriptors that may be open."

    GaugeDef PROCESS_THREADS [] Process "process_threads";
    "Threads."

    GaugeDef PROCESS_START_TIME [] Process "process_start_time_seconds";
    "When the process started, in Unix time."

    GaugeDef BUILD_INFO ["version"] Facade "hypercache_build_info";
    "The program's version; always 1."

    HistogramDef OPERATION_DURATION ["operation", "outcome"] Facade
    "hypercache_operation_duration_seconds" buckets &LATENCY_SECONDS;
    "Time that background and administrative work took."

    CounterDef SPANS ["reason", "result"] Facade "hypercache_telemetry_spans_total";
    "Spans made, by why they were kept and what became of them."

    CounterDef SPANS_DROPPED ["stage"] Facade "hypercache_telemetry_spans_dropped_total";
    "Spans lost, by where."

    GaugeDef SAMPLING_RATIO [] Facade "hypercache_telemetry_sampling_ratio";
    "Share of ordinary commands that get a span at the moment."

    GaugeDef QUEUE_LENGTH ["signal"] Facade "hypercache_telemetry_queue_length";
    "What waits in telemetry's own queues: command and span in records, log in bytes."

    GaugeDef QUEUE_CAPACITY ["signal"] Facade "hypercache_telemetry_queue_capacity";
    "What telemetry's own queues can hold: command and span in records, log in bytes."

    CounterDef RECORDS_DROPPED ["reason"] Facade "hypercache_telemetry_records_dropped_total";
    "Command records, kept by the sampler, that found the queue full: their line and span are lost."

    HistogramDef EXPORT_DURATION ["outcome"] Facade
    "hypercache_telemetry_export_duration_seconds" buckets &LATENCY_SECONDS;
    "Time one export of spans took."

    CounterDef LOG_LINES ["stream", "level"] Facade "hypercache_telemetry_log_lines_total";
    "Log lines made, before any loss."

    CounterDef LOG_LINES_DROPPED ["stream", "sink", "reason"] Facade "hypercache_telemetry_log_lines_dropped_total";
    "Log lines lost, by where they were going and why."

    CounterDef LOG_LINES_SUPPRESSED ["stream"] Facade "hypercache_telemetry_log_lines_suppressed_total";
    "Repeated log lines that were folded into one that counts them."

    CounterDef LOG_BYTES ["stream"] Facade "hypercache_telemetry_log_bytes_total";
    "Bytes of the log lines made."

    HistogramDef RENDER_DURATION [] Facade
    "hypercache_telemetry_render_duration_seconds" buckets &LATENCY_SECONDS;
    "Time it took to render this page."

    GaugeDef SERIES [] Facade "hypercache_telemetry_series";
    "Series on this page when it was last rendered."
}

/// Describes the facade's metrics to a recorder.
pub(super) fn describe(recorder: &dyn metrics::Recorder) {
    for metric in CATALOGUE.iter().filter(|metric| metric.source == Source::Facade) {
        let (name, help) = (metrics::KeyName::from(metric.name), metrics::SharedString::from(metric.help));
        match metric.kind {
            Kind::Counter => recorder.describe_counter(name, None, help),
            Kind::Gauge => recorder.describe_gauge(name, None, help),
            Kind::Histogram => recorder.describe_histogram(name, None, help),
        }
    }
}

/// The table of metrics for `docs/telemetry.md`, as Markdown.
pub fn markdown() -> String {
    let mut text = String::from("| metric | kind | labels | what it says |\n| --- | --- | --- | --- |\n");
    for MetricInfo { name, help, labels, kind, .. } in CATALOGUE {
        let labels = labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        writeln!(text, "| `{name}` | {} | {labels} | {help} |", kind.as_str())
            .expect("a String takes all writes");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const UNITS: &[&str] = &["seconds", "bytes", "ratio", "total", "info"];
    /// Gauges and histograms that count things have no unit.
    const COUNTED: &[&str] = &[
        "hypercache_store_keys",
        "hypercache_filter_keys",
        "hypercache_filter_slots",
        "hypercache_pipeline_commands",
        "hypercache_store_sessions",
        "hypercache_evicted_hits",
        "hypercache_connections",
        "hypercache_blocked_clients",
        "hypercache_pubsub_channels",
        "hypercache_connections_limit",
        "hypercache_telemetry_queue_length",
        "hypercache_telemetry_queue_capacity",
        "hypercache_memory_pressure_level",
        "hypercache_telemetry_series",
        "process_open_fds",
        "process_max_fds",
        "process_threads",
    ];

    #[test]
    fn names_are_unique_and_well_formed() {
        let mut seen = HashSet::new();
        for metric in CATALOGUE {
            let name = metric.name;
            assert!(seen.insert(name), "{name} is there twice");
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
                "{name}"
            );
            let unit = name.rsplit('_').next().unwrap();
            assert!(UNITS.contains(&unit) || COUNTED.contains(&name), "{name} names no unit");
            assert_eq!(
                metric.kind == Kind::Counter,
                name.ends_with("_total"),
                "{name}: _total is for counters"
            );
            assert!(metric.help.ends_with('.'), "{name}: help is a sentence");
            assert_eq!(metric.kind == Kind::Histogram, !metric.buckets.is_empty(), "{name}: buckets");
            assert!(metric.buckets.is_sorted(), "{name}: buckets ascend");
            let labels: HashSet<_> = metric.labels.iter().collect();
            assert_eq!(labels.len(), metric.labels.len(), "{name}: label twice");
            assert!(!metric.labels.contains(&"le"), "{name}: le is taken");
        }
    }

    #[test]
    fn the_table_has_a_line_for_each_metric() {
        let text = markdown();
        assert_eq!(text.lines().count(), CATALOGUE.len() + 2);
        assert!(CATALOGUE.iter().all(|metric| text.contains(&format!("| `{}` |", metric.name))));
    }
}
