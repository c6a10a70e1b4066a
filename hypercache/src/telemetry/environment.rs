//! The `OTEL_*` variables of the environment. They speak where the configuration says nothing of its own.
//!
//! Headers and compression of the OTLP exporter (`OTEL_EXPORTER_OTLP_HEADERS`, `…_COMPRESSION` and their `…_TRACES_…`
//! forms) and `OTEL_RESOURCE_ATTRIBUTES` are read by the OpenTelemetry libraries themselves.

use crate::config;
use crate::config::TracingMode;
use std::time::Duration;

/// What the environment asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Environment {
    /// `OTEL_SDK_DISABLED`: no spans.
    pub disabled: bool,
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, else `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub endpoint: Option<String>,
    /// `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`, else `OTEL_EXPORTER_OTLP_TIMEOUT`, else `OTEL_BSP_EXPORT_TIMEOUT`.
    pub timeout: Option<Duration>,
    /// `OTEL_SERVICE_NAME`.
    pub service_name: Option<String>,
    /// `OTEL_TRACES_SAMPLER`.
    pub mode: Option<TracingMode>,
    /// `OTEL_TRACES_SAMPLER_ARG` of a ratio sampler: no ordinary command has a greater chance of a span.
    pub ratio: Option<f64>,
    /// `OTEL_BSP_MAX_QUEUE_SIZE`.
    pub queue: Option<usize>,
    /// `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`.
    pub batch: Option<usize>,
    /// `OTEL_BSP_SCHEDULE_DELAY`.
    pub flush_interval: Option<Duration>,
    /// Variables whose value cannot be used, with the reason.
    pub ignored: Vec<(String, String)>,
}

impl Environment {
    /// Reads the process's environment.
    pub fn read() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads variables by a function that knows them; empty ones count as not set.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get =
            |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let mut environment = Self {
            disabled: get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")),
            endpoint: get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
                .or_else(|| get("OTEL_EXPORTER_OTLP_ENDPOINT")),
            service_name: get("OTEL_SERVICE_NAME"),
            ..Self::default()
        };
        let timeouts =
            ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_BSP_EXPORT_TIMEOUT"];
        environment.timeout = timeouts.iter().find_map(|name| environment.milliseconds(&get, name));
        environment.flush_interval = environment.milliseconds(&get, "OTEL_BSP_SCHEDULE_DELAY");
        environment.queue = environment.count(&get, "OTEL_BSP_MAX_QUEUE_SIZE");
        environment.batch = environment.count(&get, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE");
        environment.sampler(&get);
        environment
    }

    /// The configuration with what it leaves open filled in from here.
    ///
    /// A value that differs from the default was chosen by somebody and stays.
    pub fn apply(&self, config: &config::Telemetry) -> config::Telemetry {
        let default = config::Config::default().telemetry;
        let mut merged = config.clone();
        let tracing = &mut merged.tracing;
        fill(&mut merged.service_name, &default.service_name, self.service_name.as_ref());
        fill(&mut tracing.endpoint, &default.tracing.endpoint, self.endpoint.clone().map(Some).as_ref());
        fill(&mut tracing.mode, &default.tracing.mode, self.mode.as_ref());
        fill(&mut tracing.timeout, &default.tracing.timeout, self.timeout.as_ref());
        fill(&mut tracing.queue, &default.tracing.queue, self.queue.as_ref());
        fill(&mut tracing.batch, &default.tracing.batch, self.batch.as_ref());
        fill(&mut tracing.flush_interval, &default.tracing.flush_interval, self.flush_interval.as_ref());
        if self.disabled {
            tracing.mode = TracingMode::Off;
        }
        merged
    }

    fn sampler(&mut self, get: &impl Fn(&str) -> Option<String>) {
        let Some(sampler) = get("OTEL_TRACES_SAMPLER") else { return };
        let mode = match sampler.to_ascii_lowercase().as_str() {
            "always_on" | "parentbased_always_on" => TracingMode::All,
            "always_off" => TracingMode::Off,
            "parentbased_always_off" => TracingMode::Parent,
            "traceidratio" | "parentbased_traceidratio" => {
                self.ratio = get("OTEL_TRACES_SAMPLER_ARG").and_then(|text| text.parse().ok());
                if !self.ratio.is_some_and(|ratio| (0.0..=1.0).contains(&ratio)) {
                    self.ratio = None;
                    self.ignore("OTEL_TRACES_SAMPLER_ARG", "not a ratio from 0 to 1: 1 is assumed");
                }
                TracingMode::Adaptive
            }
            other => {
                let reason = format!("no such sampler here: {other}");
                self.ignore("OTEL_TRACES_SAMPLER", &reason);
                return;
            }
        };
        self.mode = Some(mode);
    }

    fn milliseconds(&mut self, get: &impl Fn(&str) -> Option<String>, name: &str) -> Option<Duration> {
        self.count(get, name).map(|milliseconds| Duration::from_millis(milliseconds as u64))
    }

    fn count(&mut self, get: &impl Fn(&str) -> Option<String>, name: &str) -> Option<usize> {
        let text = get(name)?;
        let count = text.parse().ok().filter(|count| *count > 0);
        if count.is_none() {
            self.ignore(name, "not a whole number above 0");
        }
        count
    }

    fn ignore(&mut self, name: &str, reason: &str) {
        self.ignored.push((name.to_owned(), reason.to_owned()));
    }
}

fn fill<T: PartialEq + Clone>(value: &mut T, default: &T, found: Option<&T>) {
    if let Some(found) = found
        && *value == *default
    {
        *value = found.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::from_lookup(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn it_fills_what_the_configuration_leaves_open() {
        let found = environment(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4317"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:4317"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            ("OTEL_SERVICE_NAME", "cache"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "77"),
            ("OTEL_BSP_SCHEDULE_DELAY", " "),
        ]);
        let mut config = config::Config::default().telemetry;
        config.tracing.queue = 5;
        let merged = found.apply(&config);
        assert_eq!(merged.tracing.endpoint.as_deref(), Some("http://traces:4317"));
        assert_eq!(merged.tracing.timeout, Duration::from_millis(2500));
        assert_eq!(merged.service_name, "cache");
        assert_eq!(merged.tracing.queue, 5, "the configuration's own word holds");
        assert_eq!(merged.tracing.flush_interval, config.tracing.flush_interval);
        assert!(found.ignored.is_empty());
    }

    #[test]
    fn samplers_become_modes() {
        let mode = |name| environment(&[("OTEL_TRACES_SAMPLER", name)]).mode;
        assert_eq!(mode("always_on"), Some(TracingMode::All));
        assert_eq!(mode("always_off"), Some(TracingMode::Off));
        assert_eq!(mode("parentbased_always_off"), Some(TracingMode::Parent));
        let ratio =
            environment(&[("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0.25")]);
        assert_eq!((ratio.mode, ratio.ratio), (Some(TracingMode::Adaptive), Some(0.25)));
    }

    #[test]
    fn nonsense_is_named_and_ignored() {
        let found = environment(&[
            ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "-1"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ]);
        assert_eq!((found.mode, found.batch, found.timeout), (None, None, None));
        let names: Vec<_> = found.ignored.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_TRACES_SAMPLER"]
        );
    }

    #[test]
    fn the_switch_turns_spans_off() {
        let off = environment(&[("OTEL_SDK_DISABLED", "TRUE"), ("OTEL_TRACES_SAMPLER", "always_on")]);
        assert_eq!(off.apply(&config::Config::default().telemetry).tracing.mode, TracingMode::Off);
    }
}
