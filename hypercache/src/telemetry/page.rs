//! The Prometheus page: what the exporter renders, then the hot meters and the process, each family in one piece.

use crate::telemetry::buckets::COUNTS;
use crate::telemetry::buckets::LAG_SECONDS;
use crate::telemetry::buckets::LATENCY_SECONDS;
use crate::telemetry::catalogue;
use crate::telemetry::definition::MetricInfo;
use crate::telemetry::meters::CommandTotals;
use crate::telemetry::meters::LatencyTotals;
use crate::telemetry::meters::MISS_REASONS;
use crate::telemetry::meters::Meters;
use crate::telemetry::meters::Series;
use crate::telemetry::meters::StoreTotals;
use crate::telemetry::meters::Totals;
use crate::telemetry::process;
use crate::telemetry::process::ProcessStats;
use std::fmt::Display;
use std::fmt::Write;
use std::sync::Arc;

/// One of the histograms of a series.
type ChooseLatencies = fn(&Series) -> &LatencyTotals;

/// A page being written.
pub(super) struct Page {
    out: String,
}

impl Page {
    /// Continues the exporter's page, which forgets no store and no gauge: what it has of others than these is left out, and so
    /// is what is `ABSENT`.
    pub(super) fn after(exporter: &str, stores: &[Arc<str>]) -> Self {
        let mut out = String::with_capacity(exporter.len());
        let told = |line: &&str| {
            line.starts_with('#')
                || !line.ends_with(" NaN") && store_of(line).is_none_or(|of| names(stores, of))
        };
        for line in exporter.lines().filter(told) {
            out.push_str(line);
            out.push('\n');
        }
        Self { out }
    }

    /// The page and how many series are on it.
    pub(super) fn finish(self) -> (String, usize) {
        let series = self.out.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
        (self.out, series)
    }

    /// Adds the meters of the hot path.
    pub(super) fn meters(&mut self, meters: &Meters) {
        let totals = meters.totals();
        self.commands(meters, &totals);
        self.stores(&totals);
        let network = [("resp", totals.resp), ("http", totals.http)];
        self.family(catalogue::NETWORK_RECEIVE.info());
        for (proto, traffic) in network {
            self.sample(catalogue::NETWORK_RECEIVE.info(), &[proto], traffic.bytes_in);
        }
        self.family(catalogue::NETWORK_TRANSMIT.info());
        for (proto, traffic) in network {
            self.sample(catalogue::NETWORK_TRANSMIT.info(), &[proto], traffic.bytes_out);
        }
        let pipeline = catalogue::PIPELINE_COMMANDS.info();
        self.family(pipeline);
        self.histogram(pipeline, &[], &COUNTS, &totals.batches, totals.batched_commands as f64);
    }

    fn commands(&mut self, meters: &Meters, totals: &Totals) {
        let choose: [(MetricInfo, ChooseLatencies); 2] = [
            (catalogue::COMMAND_DURATION.info(), |series| &series.service),
            (catalogue::COMMAND_EXECUTION.info(), |series| &series.execution),
        ];
        for (info, latencies) in choose {
            self.family(info);
            for series in &totals.series {
                let outcome = if series.failed { "error" } else { "ok" };
                let command = meters.command_names()[series.command].as_str();
                let labels = [command, &*totals.stores[series.store].name, outcome];
                let of = latencies(series);
                self.histogram(info, &labels, &LATENCY_SECONDS, &of.buckets, of.sum_ns as f64 / 1e9);
            }
        }
        let seen =
            |command: &&CommandTotals| command.calls > 0 || command.slow > 0 || !command.errors.is_empty();
        let errors = catalogue::COMMAND_ERRORS.info();
        self.family(errors);
        for command in totals.by_command.iter().filter(seen) {
            // A series that is there at 0 makes the first error visible as an increase.
            if command.errors.iter().all(|(kind, _)| *kind != "ERR") {
                self.sample(errors, &[&command.name, "ERR"], 0);
            }
            for (kind, count) in &command.errors {
                self.sample(errors, &[&command.name, kind], *count);
            }
        }
        let slow = catalogue::SLOW_COMMANDS.info();
        self.family(slow);
        for command in totals.by_command.iter().filter(seen) {
            self.sample(slow, &[&command.name], command.slow);
        }
    }

    fn stores(&mut self, totals: &Totals) {
        let lookups = catalogue::STORE_LOOKUPS.info();
        self.family(lookups);
        for store in named(totals) {
            self.sample(lookups, &[&store.name, "hit"], store.hits);
            self.sample(lookups, &[&store.name, "miss"], store.misses);
        }
        let misses = catalogue::STORE_MISSES.info();
        self.family(misses);
        for store in named(totals) {
            for (reason, count) in MISS_REASONS.into_iter().zip(store.misses_by_reason) {
                self.sample(misses, &[&store.name, reason], count);
            }
        }
        let expired = catalogue::EXPIRED_KEYS.info();
        self.family(expired);
        for store in named(totals) {
            self.sample(expired, &[&store.name, "lazy"], store.expired_lazy);
            self.sample(expired, &[&store.name, "active"], store.expired_active);
        }
        let fields = catalogue::EXPIRED_FIELDS.info();
        self.family(fields);
        for store in named(totals) {
            self.sample(fields, &[&store.name, "lazy"], store.expired_fields_lazy);
            self.sample(fields, &[&store.name, "active"], store.expired_fields_active);
        }
        let sessions = catalogue::EXPIRED_SESSIONS.info();
        self.family(sessions);
        for store in named(totals) {
            self.sample(sessions, &[&store.name, "lazy"], store.expired_sessions_lazy);
            self.sample(sessions, &[&store.name, "active"], store.expired_sessions_active);
        }
        let lags = catalogue::EXPIRY_LAG.info();
        self.family(lags);
        for store in named(totals) {
            let sum = store.expiry_lag_ms as f64 / 1e3;
            self.histogram(lags, &[&store.name], &LAG_SECONDS, &store.expiry_lags, sum);
        }
    }

    /// Adds what the system and the allocator say.
    pub(super) fn process(&mut self, stats: &ProcessStats) {
        let whole = |value: Option<u64>| value.map(|value| value as f64);
        let readings = [
            (catalogue::PROCESS_CPU.info(), stats.cpu_seconds),
            (catalogue::PROCESS_RESIDENT.info(), whole(stats.resident_bytes)),
            (catalogue::PROCESS_VIRTUAL.info(), whole(stats.virtual_bytes)),
            (catalogue::PROCESS_OPEN_FDS.info(), whole(stats.open_fds)),
            (catalogue::PROCESS_MAX_FDS.info(), whole(stats.max_fds)),
            (catalogue::PROCESS_THREADS.info(), whole(stats.threads)),
            (catalogue::PROCESS_START_TIME.info(), stats.start_seconds),
        ];
        for (info, reading) in readings {
            if let Some(value) = reading {
                self.family(info);
                self.sample(info, &[], value);
            }
        }
        let states = process::allocator_bytes();
        if !states.is_empty() {
            self.family(catalogue::ALLOCATOR_BYTES.info());
            for (state, bytes) in states {
                self.sample(catalogue::ALLOCATOR_BYTES.info(), &[state], bytes);
            }
        }
    }

    fn family(&mut self, info: MetricInfo) {
        let MetricInfo { name, help, kind, .. } = info;
        self.put(format_args!("# HELP {name} {help}\n# TYPE {name} {}\n", kind.as_str()));
    }

    fn sample(&mut self, info: MetricInfo, labels: &[&str], value: impl Display) {
        self.series(info.name, "", info, labels, None);
        self.put(format_args!(" {value}\n"));
    }

    fn histogram(&mut self, info: MetricInfo, labels: &[&str], bounds: &[f64], buckets: &[u64], sum: f64) {
        let mut count = 0;
        for (index, bucket) in buckets.iter().enumerate() {
            count += bucket;
            let bound = bounds.get(index).map_or_else(|| "+Inf".to_owned(), f64::to_string);
            self.series(info.name, "_bucket", info, labels, Some(&bound));
            self.put(format_args!(" {count}\n"));
        }
        self.series(info.name, "_sum", info, labels, None);
        self.put(format_args!(" {sum}\n"));
        self.series(info.name, "_count", info, labels, None);
        self.put(format_args!(" {count}\n"));
    }

    fn series(&mut self, name: &str, suffix: &str, info: MetricInfo, values: &[&str], le: Option<&str>) {
        self.put(format_args!("{name}{suffix}"));
        let mut separator = '{';
        for (label, value) in
            info.labels.iter().copied().zip(values.iter().copied()).chain(le.map(|le| ("le", le)))
        {
            self.put(format_args!("{separator}{label}=\""));
            self.escaped(value);
            self.out.push('"');
            separator = ',';
        }
        if separator == ',' {
            self.out.push('}');
        }
    }

    fn escaped(&mut self, value: &str) {
        for character in value.chars() {
            match character {
                '\\' => self.out.push_str("\\\\"),
                '"' => self.out.push_str("\\\""),
                '\n' => self.out.push_str("\\n"),
                other => self.out.push(other),
            }
        }
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.out.write_fmt(text).expect("a String takes all writes");
    }
}

/// The stores that there are.
fn named(totals: &Totals) -> impl Iterator<Item = &StoreTotals> {
    totals.stores.iter().filter(|store| !store.name.is_empty())
}

/// The store that a line is about, if it is about one. Its name has no characters that would be escaped.
fn store_of(line: &str) -> Option<&str> {
    const LABEL: &str = "store=\"";
    if line.starts_with('#') {
        return None;
    }
    let at = line.match_indices(LABEL).map(|(at, _)| at).find(|at| line[..*at].ends_with(['{', ',']))?;
    line[at + LABEL.len()..].split('"').next()
}

fn names(stores: &[Arc<str>], of: &str) -> bool {
    stores.iter().any(|store| **store == *of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_stores_that_are_no_more_are_left_out() {
        let exported = "# HELP a Of store=\"x\".\na{store=\"x\"} 1\na{kind=\"k\",store=\"y\"} 2\na{restore=\"z\"} 3\n\nb 4\nb{kind=\"k\"} NaN\n# HELP c Or NaN\n";
        let kept = Page::after(exported, &["y".into()]).out;
        let expected = "# HELP a Of store=\"x\".\na{kind=\"k\",store=\"y\"} 2\na{restore=\"z\"} 3\n\nb 4\n# HELP c Or NaN\n";
        assert_eq!(kept, expected);
    }
}
