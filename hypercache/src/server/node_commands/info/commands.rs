//! Sections by command and by error.

use crate::command::spec::Run;
use crate::command::table::table;
use crate::server::node_commands::info::Facts;
use crate::server::node_commands::info::Page;
use crate::server::node_commands::statistics::CommandCounts;
use crate::telemetry::buckets::LATENCY_NS;
use crate::telemetry::meters::LatencyTotals;

/// Commands that were called, with their names. Names that are no command are not among them: their errors are counted.
fn called<'a>(facts: &'a Facts<'_>) -> impl Iterator<Item = (String, &'a CommandCounts)> {
    let commands = table().all().iter().zip(&facts.counts.by_command);
    commands
        .filter(|(command, counts)| {
            counts.calls > 0 && !matches!(command.spec.run, Run::Container | Run::Unknown)
        })
        .map(|(command, counts)| (command.lower_name(), counts))
}

/// `# Commandstats`
pub fn command_stats(facts: &Facts<'_>, page: &mut Page) {
    for (name, counts) in called(facts) {
        // The counters are not read at one instant, so a difference may come out below nothing.
        let refused = counts.refused.min(counts.failed);
        let calls = counts.calls.saturating_sub(refused);
        let micros = counts.execution.sum_ns / 1000;
        let each = if calls == 0 { 0.0 } else { counts.execution.sum_ns as f64 / 1e3 / calls as f64 };
        page.line(
            format_args!("cmdstat_{name}"),
            format_args!(
                "calls={calls},usec={micros},usec_per_call={each:.2},rejected_calls={refused},failed_calls={}",
                counts.failed - refused
            ),
        );
    }
}

/// `# Errorstats`
pub fn error_stats(facts: &Facts<'_>, page: &mut Page) {
    for (kind, count) in &facts.counts.errors {
        page.line(format_args!("errorstat_{kind}"), format_args!("count={count}"));
    }
}

/// `# Latencystats`: percentiles of the execution alone, as Redis has them.
pub fn latency_stats(facts: &Facts<'_>, page: &mut Page) {
    let latency = &facts.node.observation.latency;
    let percentiles = latency.percentiles();
    if !latency.tracking() || percentiles.is_empty() {
        return;
    }
    for (name, counts) in called(facts) {
        let value = |percentile: &f64| {
            format!("p{percentile}={:.3}", quantile(&counts.execution, percentile / 100.0) / 1e3)
        };
        let values: Vec<String> = percentiles.iter().map(value).collect();
        page.line(format_args!("latency_percentiles_usec_{name}"), values.join(","));
    }
}

/// The duration, in nanoseconds, that a part `rank` of the observations do not exceed: within its bucket by its rank, as
/// Prometheus does it, so that both tell the same. What is above all bounds reads as the last bound.
fn quantile(latencies: &LatencyTotals, rank: f64) -> f64 {
    let wanted = rank * latencies.count() as f64;
    let (mut below, mut low) = (0.0, 0.0);
    for (count, high) in latencies.buckets.iter().zip(LATENCY_NS) {
        let (count, high) = (*count as f64, high as f64);
        if count > 0.0 && below + count >= wanted {
            return low + (high - low) * (wanted - below) / count;
        }
        below += count;
        low = high;
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_in_their_bucket_by_their_rank() {
        let mut latencies = LatencyTotals::default();
        latencies.buckets[0] = 50;
        latencies.buckets[1] = 50;
        assert_eq!(quantile(&latencies, 0.25), 500.0);
        assert_eq!(quantile(&latencies, 0.5), 1000.0);
        assert_eq!(quantile(&latencies, 0.75), 1500.0);
        latencies.buckets[22] = 100;
        assert_eq!(quantile(&latencies, 0.99), 1e10);
    }
}
