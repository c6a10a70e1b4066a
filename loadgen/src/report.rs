//! What a run brought, for machines.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::goals;
use crate::goals::Status;
use crate::histogram::Latency;
use crate::operation::Operation;
use crate::plan::Door;
use crate::plan::Plan;
use crate::run::PhaseResult;
use crate::schedule::Pace;
use crate::tally::Tally;

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Version of this program.
    pub version: &'static str,
    /// The scenario.
    pub scenario: String,
    /// The protocol: `resp2`, `resp3` or `http`.
    pub protocol: &'static str,
    /// Servers of all phases.
    pub targets: Vec<String>,
    /// Seed of all chance.
    pub seed: u64,
    /// Threads that served connections.
    pub threads: usize,
    /// Whether the run was stopped before its end.
    pub interrupted: bool,
    /// All phases together.
    pub total: Section,
    /// Each phase.
    pub phases: Vec<Section>,
    /// The limits that were set and what was reached.
    pub goals: Vec<goals::Outcome>,
    /// Whether every limit was kept.
    pub met: bool,
}

/// A phase, or all of them.
#[derive(Debug, Serialize)]
pub struct Section {
    /// Name of the phase, or `total`.
    pub name: String,
    /// `resp`, `http` or, for all phases of both, `mixed`.
    pub door: &'static str,
    /// Connections; the most of any phase in the total.
    pub connections: usize,
    /// Requests sent at once; the most of any phase in the total.
    pub pipeline: usize,
    /// Requests per second asked for; none in a closed loop.
    pub rate_asked: Option<f64>,
    /// Requests per second answered.
    pub rate_reached: f64,
    /// Time from the first intended start to the last answer.
    pub elapsed_seconds: f64,
    /// Requests that ended, answered or not.
    pub requests: u64,
    /// Requests that got no answer; among the errors.
    pub unanswered: u64,
    /// Errors nobody wanted, failed attempts to connect among them.
    pub errors: u64,
    /// The same by prefix.
    pub errors_by_prefix: BTreeMap<String, u64>,
    /// Errors caused on purpose.
    pub expected_errors: u64,
    /// The same by prefix.
    pub expected_errors_by_prefix: BTreeMap<String, u64>,
    /// Keys found by reads.
    pub hits: u64,
    /// Keys not found by reads.
    pub misses: u64,
    /// Share of keys found; none without reads.
    pub hit_ratio: Option<f64>,
    /// Bytes written: all of RESP, bodies of HTTP.
    pub bytes_sent: u64,
    /// Bytes read: all of RESP, bodies of HTTP.
    pub bytes_received: u64,
    /// Latencies of all requests.
    pub latency_us: Quantiles,
    /// By operation.
    pub operations: BTreeMap<&'static str, OperationReport>,
}

/// One operation of a phase.
#[derive(Debug, Serialize)]
pub struct OperationReport {
    /// Requests that ended.
    pub requests: u64,
    /// Those that ended in an error nobody wanted.
    pub errors: u64,
    /// Those that ended in an error caused on purpose.
    pub expected_errors: u64,
    /// Their latencies.
    pub latency_us: Quantiles,
}

/// Latencies in microseconds, from the intended start to the answer.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Quantiles {
    /// Mean.
    pub mean: f64,
    /// Half are not longer.
    pub p50: f64,
    /// 90 % are not longer.
    pub p90: f64,
    /// 95 % are not longer.
    pub p95: f64,
    /// 99 % are not longer.
    pub p99: f64,
    /// 99.9 % are not longer.
    pub p99_9: f64,
    /// 99.99 % are not longer.
    pub p99_99: f64,
    /// None is longer.
    pub max: f64,
}

impl From<&Latency> for Quantiles {
    fn from(latency: &Latency) -> Self {
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let at = |quantile| micros(latency.quantile(quantile));
        Self {
            mean: micros(latency.mean()),
            p50: at(0.5),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            p99_9: at(0.999),
            p99_99: at(0.9999),
            max: micros(latency.max()),
        }
    }
}

impl Report {
    /// The report of a run of `plan`.
    pub fn new(plan: &Plan, results: &[PhaseResult], interrupted: bool) -> Self {
        let mut all = Tally::default();
        let mut elapsed = Duration::ZERO;
        let mut phases = Vec::with_capacity(results.len());
        for result in results {
            all.add(&result.tally);
            elapsed += result.elapsed;
            phases.push(phase_section(plan, result));
        }
        let (mut total, latency) = section("total", &all, elapsed);
        total.connections = phases.iter().map(|phase| phase.connections).max().unwrap_or(0);
        total.pipeline = phases.iter().map(|phase| phase.pipeline).max().unwrap_or(0);
        total.door = match phases.as_slice() {
            [] => "none",
            [first, rest @ ..] if rest.iter().all(|phase| phase.door == first.door) => first.door,
            _ => "mixed",
        };
        let asked = |phase: &Section| phase.rate_asked.map(|rate| rate * phase.elapsed_seconds);
        total.rate_asked = phases
            .iter()
            .map(asked)
            .sum::<Option<f64>>()
            .filter(|_| !elapsed.is_zero())
            .map(|requests| requests / elapsed.as_secs_f64());
        let goals = plan.goals.judge(latency.quantile(0.99), total.errors, total.rate_reached);
        let mut targets: Vec<String> = plan.phases.iter().flat_map(|p| p.targets.iter().cloned()).collect();
        targets.sort_unstable();
        targets.dedup();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            scenario: plan.scenario.clone(),
            protocol: plan.protocol,
            targets,
            seed: plan.seed,
            threads: plan.threads,
            interrupted,
            met: goals::status(&goals) == Status::Met,
            total,
            phases,
            goals,
        }
    }
}

fn phase_section(plan: &Plan, result: &PhaseResult) -> Section {
    let phase = &plan.phases[result.phase];
    let (mut section, _) = section(&phase.name, &result.tally, result.elapsed);
    section.connections = phase.connections;
    section.pipeline = phase.pipeline;
    section.door = match phase.door {
        Door::Resp => "resp",
        Door::Http => "http",
    };
    #[expect(clippy::cast_precision_loss, reason = "rates are far below 2^53")]
    let asked = match phase.pace {
        Pace::PerSecond(rate) => Some(rate as f64),
        Pace::Max => None,
    };
    section.rate_asked = asked;
    section
}

/// The counts of a tally, and its latencies of all operations together.
#[expect(clippy::cast_precision_loss, reason = "ratios for people and limits")]
fn section(name: &str, tally: &Tally, elapsed: Duration) -> (Section, Latency) {
    let mut latency = Latency::default();
    let mut operations = BTreeMap::new();
    let mut expected_errors = 0;
    for (operation, counts) in Operation::ALL.into_iter().zip(&tally.operations) {
        let Some(counts) = counts else { continue };
        latency.add(&counts.latency);
        expected_errors += counts.expected_errors;
        let report = OperationReport {
            requests: counts.latency.count(),
            errors: counts.errors,
            expected_errors: counts.expected_errors,
            latency_us: Quantiles::from(&counts.latency),
        };
        operations.insert(operation.name(), report);
    }
    let lookups = tally.hits + tally.misses;
    let answered = latency.count().saturating_sub(tally.unanswered);
    let rate = if elapsed.is_zero() { 0.0 } else { answered as f64 / elapsed.as_secs_f64() };
    let section = Section {
        name: name.to_owned(),
        door: "none",
        connections: 0,
        pipeline: 0,
        rate_asked: None,
        rate_reached: rate,
        elapsed_seconds: elapsed.as_secs_f64(),
        requests: latency.count(),
        unanswered: tally.unanswered,
        errors: tally.error_count(),
        errors_by_prefix: tally.errors.clone(),
        expected_errors,
        expected_errors_by_prefix: tally.expected_errors.clone(),
        hits: tally.hits,
        misses: tally.misses,
        hit_ratio: (lookups > 0).then(|| tally.hits as f64 / lookups as f64),
        bytes_sent: tally.sent,
        bytes_received: tally.received,
        latency_us: Quantiles::from(&latency),
        operations,
    };
    (section, latency)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use clap::Parser;

    use super::*;
    use crate::answer::Answer;
    use crate::answer::Verdict;
    use crate::args::Args;

    fn report(line: &str) -> serde_json::Value {
        let words = std::iter::once("loadgen").chain(line.split_whitespace());
        let plan = crate::plan::resolve(Args::try_parse_from(words).unwrap().run).unwrap();
        let mut tally = Tally::default();
        let start = Instant::now();
        for millis in 1..=100 {
            let at = start + Duration::from_millis(millis);
            let answer = Answer { operation: Operation::Get, at, verdict: Verdict::Ok, hits: 1, misses: 0 };
            tally.record(&answer, Duration::from_millis(millis));
        }
        tally.record(&Answer::failed(Operation::Set, "TIMEOUT", start), Duration::from_millis(1));
        tally.unanswered = 1;
        let result = PhaseResult { phase: 0, elapsed: Duration::from_secs(2), tally };
        serde_json::to_value(Report::new(&plan, &[result], false)).unwrap()
    }

    #[test]
    fn shape() {
        let report = report("--rate 50 --max-p99 50ms --max-errors 1 --min-rate 50");
        let total = &report["total"];
        assert_eq!(
            (&total["requests"], &total["unanswered"], &total["errors"]),
            (&101.into(), &1.into(), &1.into())
        );
        assert_eq!(total["rate_asked"], 50.0);
        assert_eq!(total["rate_reached"], 50.0);
        assert_eq!(total["errors_by_prefix"]["TIMEOUT"], 1);
        assert_eq!(total["hit_ratio"], 1.0);
        assert_eq!(total["operations"]["GET"]["requests"], 100);
        for quantile in ["mean", "p50", "p90", "p95", "p99", "p99_9", "p99_99", "max"] {
            assert!(total["operations"]["GET"]["latency_us"][quantile].as_f64().unwrap() > 0.0, "{quantile}");
        }
        let p50 = total["operations"]["GET"]["latency_us"]["p50"].as_f64().unwrap();
        assert!((50_000.0..51_000.0).contains(&p50), "{p50}");
        assert_eq!(report["phases"][0]["name"], "steady");
        assert_eq!(report["phases"][0]["door"], "resp");
        let met: Vec<bool> =
            report["goals"].as_array().unwrap().iter().map(|goal| goal["met"].as_bool().unwrap()).collect();
        assert_eq!((met, report["met"].as_bool()), (vec![false, true, true], Some(false)));
    }

    #[test]
    fn a_closed_loop_asks_for_no_rate() {
        assert!(report("--rate max")["total"]["rate_asked"].is_null());
    }
}
