//! Environment variables: `HYPERCACHE_*` and the standard `OTEL_*` ones.
//!
//! | variable | key |
//! | --- | --- |
//! | `HYPERCACHE_CONFIG` | the configuration file |
//! | each other `HYPERCACHE_*` | see [`VARIABLES`] |
//! | `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `OTEL_EXPORTER_OTLP_ENDPOINT` | `telemetry.tracing.endpoint` |
//! | `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`, `OTEL_EXPORTER_OTLP_TIMEOUT`, `OTEL_BSP_EXPORT_TIMEOUT` (milliseconds) | `telemetry.tracing.timeout` |
//! | `OTEL_SERVICE_NAME` | `telemetry.service_name` |
//! | `OTEL_TRACES_SAMPLER` | `telemetry.tracing.mode` |
//! | `OTEL_TRACES_SAMPLER_ARG` of a ratio sampler | `telemetry.tracing.max_ratio` |
//! | `OTEL_BSP_MAX_QUEUE_SIZE`, `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` | `telemetry.tracing.queue`, `telemetry.tracing.batch` |
//! | `OTEL_BSP_SCHEDULE_DELAY` (milliseconds) | `telemetry.tracing.flush_interval` |
//! | `OTEL_SDK_DISABLED` = `true`, `OTEL_TRACES_EXPORTER` = `none` | `telemetry.tracing.mode: off` |
//!
//! `OTEL_RESOURCE_ATTRIBUTES` and the exporter's headers and compression are read by the OpenTelemetry libraries.
//! An empty variable counts as unset. `HYPERCACHE_*` wins over `OTEL_*`. An unknown `HYPERCACHE_*` variable is a fault,
//! because a typing error must not pass for a setting; an `OTEL_*` value that means nothing here is a warning, as the
//! OpenTelemetry specification asks.

use std::collections::BTreeMap;

use super::notice::Notice;
use super::notice::Place;
use super::notice::hint;

const PREFIX: &str = "HYPERCACHE_";

/// The variable that names the configuration file.
pub const CONFIG_VARIABLE: &str = "HYPERCACHE_CONFIG";

/// Each variable with the key it sets, written as the file writes it.
pub const VARIABLES: &[(&str, &str)] = &[
    ("HYPERCACHE_NODE_ID", "node.id"),
    ("HYPERCACHE_DATA_DIR", "node.data_dir"),
    ("HYPERCACHE_MEMORY_LIMIT", "node.memory_limit"),
    ("HYPERCACHE_RESP_ADDR", "network.resp_addr"),
    ("HYPERCACHE_HTTP_ADDR", "network.http_addr"),
    ("HYPERCACHE_MAX_CONNECTIONS", "network.max_connections"),
    ("HYPERCACHE_IDLE_TIMEOUT", "network.idle_timeout"),
    ("HYPERCACHE_IO_THREADS", "network.io_threads"),
    ("HYPERCACHE_SHUTDOWN_TIMEOUT", "network.shutdown_timeout"),
    ("HYPERCACHE_MAX_MEMORY", "cache.max_memory"),
    ("HYPERCACHE_REQUIREPASS", "security.requirepass"),
    ("HYPERCACHE_REQUIREPASS_FILE", "security.requirepass_file"),
    ("HYPERCACHE_USERS_FILE", "security.users_file"),
    ("HYPERCACHE_ENABLE_DEBUG_COMMAND", "security.enable_debug_command"),
    ("HYPERCACHE_LOG_LEVEL", "telemetry.log.level"),
    ("HYPERCACHE_LOG_DIR", "telemetry.log.dir"),
    ("HYPERCACHE_LOG_STDOUT", "telemetry.log.stdout"),
    ("HYPERCACHE_LOG_FILES", "telemetry.log.files"),
    ("HYPERCACHE_LOG_KEYS", "telemetry.log.keys"),
    ("HYPERCACHE_COMMAND_LOG", "telemetry.log.command_log"),
    ("HYPERCACHE_COMMAND_BUDGET", "telemetry.log.command_budget"),
    ("HYPERCACHE_OTLP_ENDPOINT", "telemetry.tracing.endpoint"),
    ("HYPERCACHE_TRACING_MODE", "telemetry.tracing.mode"),
    ("HYPERCACHE_SPAN_BUDGET", "telemetry.tracing.span_budget"),
    ("HYPERCACHE_SLOW_COMMAND", "telemetry.slow_command"),
];

/// A value given outside the file, as text.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Who said it.
    pub place: Place,
    /// The path of the key it sets.
    pub key: &'static str,
    /// The value, as text.
    pub text: String,
}

/// What the environment says.
#[derive(Debug, Default)]
pub struct Environment {
    /// The configuration file.
    pub config: Option<String>,
    /// The settings, the weaker ones first.
    pub settings: Vec<Setting>,
    /// What was wrong.
    pub faults: Vec<Notice>,
    /// What was left aside.
    pub warnings: Vec<Notice>,
}

/// The variables of this process; bytes that are no UTF-8 become U+FFFD, which [`read`] refuses.
pub fn of_process() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
}

/// Reads the variables that concern this program.
pub fn read(variables: impl Iterator<Item = (String, String)>) -> Environment {
    let relevant = |name: &str| name.starts_with(PREFIX) || name.starts_with("OTEL_");
    let variables: BTreeMap<String, String> =
        variables.filter(|(name, value)| relevant(name) && !value.is_empty()).collect();
    let mut found = Environment::default();
    found.read_otel(&variables);
    found.read_own(&variables);
    found
}

impl Environment {
    fn read_own(&mut self, variables: &BTreeMap<String, String>) {
        for (name, value) in variables.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
            let place = Place::Variable(name.clone());
            if value.contains('\u{FFFD}') {
                self.faults.push(Notice::new(Some(place), "", "holds bytes that are no UTF-8"));
            } else if name == CONFIG_VARIABLE {
                self.config = Some(value.clone());
            } else if let Some((_, key)) = VARIABLES.iter().find(|(known, _)| known == name) {
                self.settings.push(Setting { place, key, text: value.clone() });
            } else {
                let known = VARIABLES.iter().map(|(known, _)| *known).chain([CONFIG_VARIABLE]);
                let message = format!("unknown variable; {}", hint(name, known));
                self.faults.push(Notice::new(Some(place), "", message));
            }
        }
    }

    fn read_otel(&mut self, variables: &BTreeMap<String, String>) {
        let get = |name: &'static str| variables.get(name).map(|value| (name, value.trim()));
        if let Some((name, value)) = get("OTEL_SERVICE_NAME") {
            self.set(name, "telemetry.service_name", value);
        }
        let endpoint =
            get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| get("OTEL_EXPORTER_OTLP_ENDPOINT"));
        if let Some((name, value)) = endpoint {
            self.set(name, "telemetry.tracing.endpoint", value);
        }
        let timeout = get("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")
            .or_else(|| get("OTEL_EXPORTER_OTLP_TIMEOUT"))
            .or_else(|| get("OTEL_BSP_EXPORT_TIMEOUT"));
        self.set_number("telemetry.tracing.timeout", timeout, "ms");
        self.set_number("telemetry.tracing.flush_interval", get("OTEL_BSP_SCHEDULE_DELAY"), "ms");
        self.set_number("telemetry.tracing.queue", get("OTEL_BSP_MAX_QUEUE_SIZE"), "");
        self.set_number("telemetry.tracing.batch", get("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"), "");
        let protocol =
            get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL").or_else(|| get("OTEL_EXPORTER_OTLP_PROTOCOL"));
        if let Some((name, value)) = protocol.filter(|(_, value)| *value != "grpc") {
            self.ignore(name, format!("{value:?} is ignored: spans go out by gRPC"));
        }
        if let Some((name, value)) = get("OTEL_TRACES_SAMPLER") {
            match mode_of_sampler(value) {
                Some(mode) => self.set(name, "telemetry.tracing.mode", mode),
                None => self.ignore(name, format!("the sampler {value:?} is unknown here and is ignored")),
            }
        }
        if let Some((name, value)) = get("OTEL_TRACES_SAMPLER_ARG") {
            let by_ratio =
                get("OTEL_TRACES_SAMPLER").is_some_and(|(_, sampler)| sampler.ends_with("traceidratio"));
            if by_ratio && value.parse().is_ok_and(|ratio: f64| (0.0..=1.0).contains(&ratio)) {
                self.set(name, "telemetry.tracing.max_ratio", value);
            } else {
                self.ignore(
                    name,
                    format!("{value:?} is ignored: only a ratio sampler takes one, from 0 to 1"),
                );
            }
        }
        match get("OTEL_TRACES_EXPORTER") {
            Some((name, "none")) => self.set(name, "telemetry.tracing.mode", "off"),
            None | Some((_, "otlp")) => {}
            Some((name, value)) => self.ignore(name, format!("{value:?} is ignored: spans go out by OTLP")),
        }
        if let Some((name, value)) = get("OTEL_SDK_DISABLED") {
            if value.eq_ignore_ascii_case("true") {
                self.set(name, "telemetry.tracing.mode", "off");
            } else if !value.eq_ignore_ascii_case("false") {
                self.ignore(name, format!("{value:?} is neither true nor false and counts as false"));
            }
        }
    }

    fn set(&mut self, variable: &str, key: &'static str, text: &str) {
        self.settings.push(Setting {
            place: Place::Variable(variable.to_owned()),
            key,
            text: text.to_owned(),
        });
    }

    fn set_number(&mut self, key: &'static str, found: Option<(&'static str, &str)>, unit: &str) {
        let Some((name, value)) = found else { return };
        match value.parse::<u32>() {
            Ok(number) => self.set(name, key, &format!("{number}{unit}")),
            Err(_) => self.ignore(name, format!("{value:?} is no whole number and is ignored")),
        }
    }

    fn ignore(&mut self, variable: &str, message: impl Into<String>) {
        self.warnings.push(Notice::new(Some(Place::Variable(variable.to_owned())), "", message));
    }
}

/// The tracing mode nearest to a sampler of the OpenTelemetry specification.
fn mode_of_sampler(sampler: &str) -> Option<&'static str> {
    Some(match sampler {
        "always_on" | "parentbased_always_on" => "all",
        "always_off" => "off",
        "parentbased_always_off" => "parent",
        "traceidratio" | "parentbased_traceidratio" => "adaptive",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_pairs(pairs: &[(&str, &str)]) -> Environment {
        read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    fn last<'e>(found: &'e Environment, key: &str) -> Option<&'e str> {
        found.settings.iter().rfind(|setting| setting.key == key).map(|setting| setting.text.as_str())
    }

    #[test]
    fn a_typing_error_is_refused_with_a_hint() {
        let found = read_pairs(&[("HYPERCACHE_RESP_ADR", "x"), ("HYPERCACHE_CONFG", "y"), ("PATH", "z")]);
        let faults: Vec<_> = found.faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "HYPERCACHE_CONFG: unknown variable; did you mean HYPERCACHE_CONFIG?",
                "HYPERCACHE_RESP_ADR: unknown variable; did you mean HYPERCACHE_RESP_ADDR?",
            ]
        );
    }

    #[test]
    fn an_empty_variable_is_unset() {
        let found = read_pairs(&[("HYPERCACHE_NODE_ID", ""), ("OTEL_SERVICE_NAME", "")]);
        assert!(found.settings.is_empty() && found.faults.is_empty());
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let found = read_pairs(&[("HYPERCACHE_REQUIREPASS", "a\u{FFFD}b")]);
        assert_eq!(found.faults[0].to_string(), "HYPERCACHE_REQUIREPASS: holds bytes that are no UTF-8");
        assert!(found.settings.is_empty());
    }

    #[test]
    fn own_variables_win_over_the_standard_ones() {
        let found = read_pairs(&[
            ("HYPERCACHE_OTLP_ENDPOINT", "http://a:1"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://b:1"),
        ]);
        assert_eq!(last(&found, "telemetry.tracing.endpoint"), Some("http://a:1"));
    }

    #[test]
    fn the_variable_of_the_signal_wins_over_the_general_one() {
        let found = read_pairs(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://b:1"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://a:1"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "250"),
        ]);
        assert_eq!(last(&found, "telemetry.tracing.endpoint"), Some("http://a:1"));
        assert_eq!(last(&found, "telemetry.tracing.timeout"), Some("250ms"));
    }

    #[test]
    fn samplers_become_modes() {
        for (sampler, mode) in [
            ("always_on", "all"),
            ("always_off", "off"),
            ("parentbased_always_on", "all"),
            ("parentbased_always_off", "parent"),
            ("traceidratio", "adaptive"),
            ("parentbased_traceidratio", "adaptive"),
        ] {
            let found = read_pairs(&[("OTEL_TRACES_SAMPLER", sampler)]);
            assert_eq!(last(&found, "telemetry.tracing.mode"), Some(mode), "{sampler}");
        }
    }

    #[test]
    fn the_batch_processors_variables_set_queue_batch_and_delay() {
        let found = read_pairs(&[
            ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10"),
            ("OTEL_BSP_SCHEDULE_DELAY", "250"),
            ("OTEL_BSP_EXPORT_TIMEOUT", "900"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ]);
        for (key, text) in [
            ("telemetry.tracing.queue", "100"),
            ("telemetry.tracing.batch", "10"),
            ("telemetry.tracing.flush_interval", "250ms"),
            ("telemetry.tracing.timeout", "900ms"),
            ("telemetry.tracing.max_ratio", "0.25"),
        ] {
            assert_eq!(last(&found, key), Some(text), "{key}");
        }
        assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    }

    #[test]
    fn what_means_nothing_here_is_a_warning() {
        let found = read_pairs(&[
            ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.1"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_TRACES_EXPORTER", "zipkin"),
            ("OTEL_SDK_DISABLED", "1"),
        ]);
        assert_eq!(found.warnings.len(), 6, "{:?}", found.warnings);
        assert!(found.settings.is_empty() && found.faults.is_empty());
    }

    #[test]
    fn a_disabled_sdk_turns_tracing_off() {
        let found = read_pairs(&[("OTEL_SDK_DISABLED", "TRUE"), ("OTEL_TRACES_SAMPLER", "always_on")]);
        assert_eq!(last(&found, "telemetry.tracing.mode"), Some("off"));
    }
}
