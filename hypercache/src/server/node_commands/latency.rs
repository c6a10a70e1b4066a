//! `LATENCY`.

mod advice;
mod sparkline;

use std::time::SystemTime;

use crate::command::Command;
use crate::command::ReplyError;
use crate::command::table::table;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::server::node_commands::NodeState;
use crate::server::node_commands::statistics::Counts;
use crate::telemetry::buckets::LATENCY_NS;
use crate::telemetry::meters::LatencyTotals;

/// Columns of a graph.
const GRAPH_COLUMNS: usize = 80;

/// `LATENCY LATEST`: of each event its name, the last sample, and the worst ever.
pub fn latest(node: &NodeState, reply: &mut ReplyWriter) {
    let events = node.observation.latency.events();
    reply.array(events.len());
    for (name, series) in events {
        reply.array(4);
        reply.bulk(name);
        let last = series.samples.back();
        reply.integer(number(last.map_or(0, |sample| sample.time)));
        reply.integer(number(last.map_or(0, |sample| sample.latency)));
        reply.integer(number(series.max));
    }
}

/// `LATENCY HISTORY`: the samples of an event.
pub fn history(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) {
    let samples =
        node.observation.latency.event(&args[2]).map(|(_, series)| series.samples).unwrap_or_default();
    reply.array(samples.len());
    for sample in samples {
        reply.array(2);
        reply.integer(number(sample.time));
        reply.integer(number(sample.latency));
    }
}

/// `LATENCY RESET`: forgets the named events, or all.
pub fn reset(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) {
    let (latency, named) = (&node.observation.latency, args.from(2));
    let forgotten = if named.is_empty() {
        latency.reset(None)
    } else {
        named.iter().map(|name| latency.reset(Some(name))).sum()
    };
    reply.count(forgotten);
}

/// `LATENCY GRAPH`: the samples of an event as a picture, each with its age.
pub fn graph(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let (name, series) = node.observation.latency.event(&args[2]).ok_or_else(|| {
        let name = String::from_utf8_lossy(&args[2]).into_owned();
        ReplyError::text(format!("No samples available for event '{name}'"))
    })?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let shown: Vec<_> = series.samples.iter().rev().take(GRAPH_COLUMNS).rev().copied().collect();
    let latencies = || series.samples.iter().map(|sample| sample.latency);
    let mut text = format!(
        "{name} - high {} ms, low {} ms (all time high {} ms)\n{}\n",
        latencies().max().unwrap_or(0),
        latencies().min().unwrap_or(0),
        series.max,
        "-".repeat(GRAPH_COLUMNS)
    );
    let columns: Vec<(u64, String)> =
        shown.iter().map(|sample| (sample.latency, age(now.saturating_sub(sample.time)))).collect();
    text.push_str(&sparkline::draw(&columns));
    reply.verbatim("txt", &text);
    Ok(())
}

/// Seconds in the largest unit that they fill.
fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// `LATENCY DOCTOR`.
pub fn doctor(node: &NodeState, reply: &mut ReplyWriter) {
    reply.verbatim("txt", &advice::report(node));
}

/// `LATENCY HISTOGRAM`: of all commands that were called, or of the named ones and their subcommands.
pub fn histogram(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) {
    let named = args.from(2);
    let counts = node.statistics.counts(Counts::read(&node.telemetry, &node.clients, &node.registry));
    let of = |command: &Command| {
        let counts = counts.by_command.get(usize::from(command.id))?;
        let tracked = node.observation.latency.tracking() && counts.execution.count() > 0;
        tracked.then(|| (command.lower_name(), counts.execution.clone()))
    };
    let found: Vec<(String, LatencyTotals)> = if named.is_empty() {
        table().all().iter().skip(1).filter_map(of).collect()
    } else {
        let known = named.iter().filter_map(|name| table().find(name));
        let family =
            |command: &'static Command| std::iter::once(command).chain(table().subcommands_of(command));
        known.flat_map(family).filter_map(of).collect()
    };
    reply.map(found.len());
    for (name, latencies) in found {
        reply.bulk(name);
        write_histogram(&latencies, reply);
    }
}

/// Microseconds and how many calls took no longer, where that grows. Above the last bound there is none to name: what
/// lies there is told under twice the last.
fn write_histogram(latencies: &LatencyTotals, reply: &mut ReplyWriter) {
    let above = LATENCY_NS.last().map(|last| 2 * last);
    let bounds = LATENCY_NS.into_iter().chain(above);
    let mut below = 0;
    let buckets = latencies.buckets.iter().zip(bounds).filter(|(count, _)| **count > 0);
    let points: Vec<(u64, u64)> = buckets
        .map(|(count, bound)| {
            below += count;
            (bound / 1000, below)
        })
        .collect();
    reply.map(2);
    reply.bulk("calls");
    reply.integer(number(below));
    reply.bulk("histogram_usec");
    reply.map(points.len());
    for (micros, calls) in points {
        reply.integer(number(micros));
        reply.integer(number(calls));
    }
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
