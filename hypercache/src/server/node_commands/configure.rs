//! What a new node takes from its configuration that may change while it runs.

use crate::config::OutputLimit;
use crate::config::SizeOrShare;
use crate::engine::client_memory;
use crate::engine::client_memory::ClientClass;
use crate::engine::observation::command_log::LogKind;
use crate::server::node_commands::NodeState;
use crate::store::events::Selection;

impl NodeState {
    /// Lets the limits of clients and scripts, the command logs and the events about keys be as the configuration says.
    pub fn configure(&self) {
        let network = &self.config.network;
        let pool = self.clients.pool();
        pool.set_output_limit(ClientClass::Normal, limit(&network.output_limits.normal));
        pool.set_output_limit(ClientClass::Pubsub, limit(&network.output_limits.pubsub));
        pool.set_memory_setting(match network.max_client_memory {
            SizeOrShare::Size(bytes) => i64::try_from(bytes).unwrap_or(i64::MAX),
            SizeOrShare::Share(percent) => -i64::from(percent),
        });
        self.limit_clients();
        self.herald.tracking().set_keys_max(network.tracking_max_keys);
        let busy_after = u64::try_from(self.config.scripts.busy_after.as_millis()).unwrap_or(u64::MAX);
        self.scripting.running().set_threshold_ms(busy_after);
        let logs = &self.config.telemetry.command_logs;
        self.observation.log.of(LogKind::Slow).set_entries_max(logs.slow_entries);
        for (kind, threshold, entries) in [
            (LogKind::LargeRequest, logs.large_request, logs.large_request_entries),
            (LogKind::LargeReply, logs.large_reply, logs.large_reply_entries),
        ] {
            self.observation.log.of(kind).set_threshold(Some(threshold));
            self.observation.log.of(kind).set_entries_max(entries);
        }
        // A configuration that was checked has no other letters.
        let events = Selection::parse(self.config.cache.keyspace_events.as_bytes());
        self.registry.interests().select(events.unwrap_or_default());
    }
}

/// A started second counts as a whole one.
fn limit(said: &OutputLimit) -> client_memory::OutputLimit {
    client_memory::OutputLimit {
        hard_bytes: said.hard,
        soft_bytes: said.soft,
        soft_seconds: said.soft_time.as_secs() + u64::from(said.soft_time.subsec_nanos() > 0),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::config::OutputLimit;
    use crate::config::SizeOrShare;
    use crate::server::node_commands::fixture::Fixture;

    #[test]
    fn what_config_set_changes_begins_as_the_file_says() {
        let mut fixture = Fixture::with(|config| {
            config.network.max_client_memory = SizeOrShare::Share(5);
            config.network.tracking_max_keys = 7;
            config.network.output_limits.normal =
                OutputLimit { hard: 3, soft: 2, soft_time: Duration::from_millis(1500) };
            config.cache.keyspace_events = "KEA".to_owned();
            config.scripts.busy_after = Duration::from_millis(250);
            config.telemetry.command_logs.slow_entries = 11;
            config.telemetry.command_logs.large_request = 12;
            config.telemetry.command_logs.large_request_entries = 13;
            config.telemetry.command_logs.large_reply = 14;
            config.telemetry.command_logs.large_reply_entries = 15;
        });
        for (name, value) in [
            ("maxmemory-clients", "5%"),
            ("tracking-table-max-keys", "7"),
            (
                "client-output-buffer-limit",
                "normal 3 2 2 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
            ),
            ("notify-keyspace-events", "AKE"),
            ("busy-reply-threshold", "250"),
            ("slowlog-max-len", "11"),
            ("commandlog-request-larger-than", "12"),
            ("commandlog-large-request-max-len", "13"),
            ("commandlog-reply-larger-than", "14"),
            ("commandlog-large-reply-max-len", "15"),
        ] {
            let wanted = format!("*2\r\n${}\r\n{name}\r\n${}\r\n{value}\r\n", name.len(), value.len());
            assert_eq!(fixture.raw(&format!("CONFIG GET {name}")), wanted);
        }
    }

    #[test]
    fn the_defaults_are_those_of_redis() {
        let mut fixture = Fixture::new();
        for (name, value) in [
            ("maxmemory-clients", "0"),
            ("tracking-table-max-keys", "1000000"),
            ("notify-keyspace-events", ""),
            ("busy-reply-threshold", "5000"),
            ("slowlog-max-len", "128"),
        ] {
            let wanted = format!("*2\r\n${}\r\n{name}\r\n${}\r\n{value}\r\n", name.len(), value.len());
            assert_eq!(fixture.raw(&format!("CONFIG GET {name}")), wanted);
        }
    }

    #[test]
    fn the_letters_that_a_file_may_name_are_those_of_events() {
        for byte in 0..128_u8 {
            let letter = char::from(byte).to_string();
            let mut config = crate::config::Config::default();
            config.cache.keyspace_events.clone_from(&letter);
            let known = crate::store::events::Selection::parse(letter.as_bytes()).is_some();
            assert_eq!(config.check().is_ok(), known, "{letter:?}");
        }
    }
}
