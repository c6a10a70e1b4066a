//! A configuration as YAML that loads to the same again; passwords are hidden.

use std::fmt::Write as _;
use std::time::Duration;

use super::Config;
use super::units::HumanDuration;
use super::units::Size;
use super::words::Word;

impl Config {
    /// The configuration as YAML. It loads to the same configuration again, but for the password, which is left out.
    pub fn to_yaml(&self) -> String {
        let mut page = Page::default();
        self.render_node(&mut page);
        self.render_stores(&mut page);
        page.section(0, "security");
        match self.security.requirepass {
            Some(_) => page.text.push_str("  # requirepass: is set, and hidden here\n"),
            None => page.key(2, "requirepass", quoted("")),
        }
        let users_file = self.security.users_file.as_deref().unwrap_or(std::path::Path::new(""));
        page.key(2, "users_file", quoted(&users_file.to_string_lossy()));
        page.key(2, "enable_debug_command", quoted(self.security.enable_debug_command.word()));
        self.render_telemetry(&mut page);
        page.text
    }

    fn render_node(&self, page: &mut Page) {
        page.section(0, "node");
        page.key(2, "id", quoted(&self.node.id));
        page.key(2, "data_dir", quoted(&self.node.data_dir.to_string_lossy()));
        page.key(2, "memory_limit", self.node.memory_limit);
        let network = &self.network;
        page.section(0, "network");
        page.key(2, "resp_addr", quoted(&network.resp_addr.to_string()));
        page.key(2, "http_addr", quoted(&network.http_addr.to_string()));
        page.key(2, "max_connections", network.max_connections);
        page.key(2, "idle_timeout", time(network.idle_timeout));
        page.key(2, "tcp_keepalive", time(network.tcp_keepalive));
        page.key(2, "tcp_backlog", network.tcp_backlog);
        page.key(2, "io_threads", network.io_threads);
        page.key(2, "max_bulk_bytes", Size(network.max_bulk_bytes as u64));
        page.key(2, "max_query_buffer", Size(network.max_query_buffer as u64));
        page.key(2, "max_inline_bytes", Size(network.max_inline_bytes as u64));
        page.key(2, "max_arguments", network.max_arguments);
        page.key(2, "http_max_body", Size(network.http_max_body as u64));
        page.key(2, "shutdown_timeout", time(network.shutdown_timeout));
        page.key(2, "max_client_memory", network.max_client_memory);
        page.key(2, "tracking_max_keys", network.tracking_max_keys);
        page.section(2, "output_limits");
        for (class, limit) in
            [("normal", &network.output_limits.normal), ("pubsub", &network.output_limits.pubsub)]
        {
            page.section(4, class);
            page.key(6, "hard", Size(limit.hard));
            page.key(6, "soft", Size(limit.soft));
            page.key(6, "soft_time", time(limit.soft_time));
        }
        page.section(0, "cache");
        page.key(2, "shards", self.cache.shards);
        page.key(2, "expiry_interval", time(self.cache.expiry_interval));
        page.key(2, "max_memory", Size(self.cache.max_memory));
        page.key(2, "keyspace_events", quoted(&self.cache.keyspace_events));
        page.key(2, "miss_ratio_curves", self.cache.miss_ratio_curves);
        page.section(0, "scripts");
        page.key(2, "busy_after", time(self.scripts.busy_after));
        page.section(0, "persistence");
        page.key(2, "enabled", false);
        page.section(0, "cluster");
        page.key(2, "enabled", false);
    }

    fn render_stores(&self, page: &mut Page) {
        page.section(0, "stores");
        for store in &self.stores {
            page.key(2, "- name", quoted(&store.name));
            page.key(4, "max_memory", Size(store.max_memory));
            page.key(4, "eviction", quoted(store.eviction.word()));
            page.key(4, "default_ttl", time(store.default_ttl));
            match store.cuckoo_filter {
                None => page.key(4, "cuckoo_filter", false),
                Some(rate) => {
                    page.section(4, "cuckoo_filter");
                    page.key(6, "enabled", true);
                    page.key(6, "false_positive_rate", rate);
                }
            }
            page.key(4, "miss_history", Size(store.miss_history));
            page.key(4, "key_journal", store.key_journal);
            page.key(4, "persistence", quoted("disabled"));
            page.key(4, "replication_factor", 1);
        }
    }

    fn render_telemetry(&self, page: &mut Page) {
        let log = &self.telemetry.log;
        page.section(0, "telemetry");
        page.key(2, "service_name", quoted(&self.telemetry.service_name));
        page.section(2, "log");
        page.key(4, "level", quoted(&log.level));
        page.key(4, "dir", quoted(&log.dir.to_string_lossy()));
        page.key(4, "stdout", log.stdout);
        page.key(4, "files", log.files);
        page.key(4, "max_file_size", Size(log.max_file_size));
        page.key(4, "max_files", log.max_files);
        page.key(4, "command_log", quoted(log.command_log.word()));
        page.key(4, "command_budget", log.command_budget);
        page.key(4, "keys", quoted(log.keys.word()));
        let tracing = &self.telemetry.tracing;
        page.section(2, "tracing");
        page.key(4, "endpoint", quoted(tracing.endpoint.as_deref().unwrap_or("")));
        page.key(4, "mode", quoted(tracing.mode.word()));
        page.key(4, "span_budget", tracing.span_budget);
        page.key(4, "max_ratio", tracing.max_ratio);
        page.key(4, "timeout", time(tracing.timeout));
        page.key(4, "queue", tracing.queue);
        page.key(4, "batch", tracing.batch);
        page.key(4, "flush_interval", time(tracing.flush_interval));
        page.key(2, "slow_command", time(self.telemetry.slow_command));
        let logs = &self.telemetry.command_logs;
        page.section(2, "command_logs");
        page.key(4, "slow_entries", logs.slow_entries);
        page.key(4, "large_request", Size(logs.large_request));
        page.key(4, "large_request_entries", logs.large_request_entries);
        page.key(4, "large_reply", Size(logs.large_reply));
        page.key(4, "large_reply_entries", logs.large_reply_entries);
    }
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn section(&mut self, indent: usize, name: &str) {
        writeln!(self.text, "{:indent$}{name}:", "").expect("a String takes any text");
    }

    fn key(&mut self, indent: usize, name: &str, value: impl std::fmt::Display) {
        writeln!(self.text, "{:indent$}{name}: {value}", "").expect("a String takes any text");
    }
}

fn time(duration: Duration) -> HumanDuration {
    HumanDuration(duration)
}

/// A text as YAML: plain where nobody could take it for something else, else as a JSON string, which YAML reads.
fn quoted(text: &str) -> String {
    const TAKEN_FOR_SOMETHING_ELSE: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
        && !TAKEN_FOR_SOMETHING_ELSE.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
