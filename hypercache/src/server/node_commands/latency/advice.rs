//! `LATENCY DOCTOR`: what the samples show, and what may be done about it.

use std::fmt::Write;

use crate::engine::observation::command_log::LogKind;
use crate::engine::observation::latency::LatencySeries;
use crate::server::node_commands::NodeState;

/// Microseconds above which a threshold of the slow log hides most of what matters here.
const SLOW_THRESHOLD_HIGH: u64 = 100_000;

/// The report.
pub fn report(node: &NodeState) -> String {
    let latency = &node.observation.latency;
    let events = latency.events();
    if events.is_empty() && latency.threshold_ms() == 0 {
        return "Latency monitoring is off, so there is nothing to report. Turn it on with CONFIG SET \
                latency-monitor-threshold <milliseconds>, and ask again after a while.\n"
            .to_owned();
    }
    if events.is_empty() {
        return format!(
            "No step of this node has taken {} ms or longer since monitoring began.\n",
            latency.threshold_ms()
        );
    }
    let mut text = String::from("Steps of this node that took longer than the threshold:\n\n");
    for (number, (name, series)) in events.iter().enumerate() {
        writeln!(text, "{}. {name}: {}", number + 1, figures(series))
            .expect("writing to a string does not fail");
    }
    text.push_str("\nWhat may help:\n\n");
    for advice in advices(node, &events.keys().copied().collect::<Vec<_>>()) {
        writeln!(text, "- {advice}").expect("writing to a string does not fail");
    }
    text
}

/// Number, mean, spread, interval and worst of the samples.
fn figures(series: &LatencySeries) -> String {
    let samples = &series.samples;
    let count = samples.len().max(1) as f64;
    let mean = samples.iter().map(|sample| sample.latency as f64).sum::<f64>() / count;
    let spread = samples.iter().map(|sample| (sample.latency as f64 - mean).abs()).sum::<f64>() / count;
    let period = match (samples.front(), samples.back()) {
        (Some(first), Some(last)) if samples.len() > 1 => {
            last.time.saturating_sub(first.time) as f64 / (count - 1.0)
        }
        _ => 0.0,
    };
    let every = if period > 0.0 { format!(", one every {period:.1} s") } else { String::new() };
    format!(
        "{} spikes{every}; {mean:.0} ms on average, {spread:.0} ms mean deviation, {} ms at worst.",
        samples.len(),
        series.max
    )
}

fn advices(node: &NodeState, events: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let slow = node.observation.log.of(LogKind::Slow);
    if events.contains(&"command") {
        found.push(match slow.threshold() {
            None => "The slow log is off. Turn it on (CONFIG SET slowlog-log-slower-than 10000) to see which \
                     commands are slow."
                .to_owned(),
            Some(micros) if micros > SLOW_THRESHOLD_HIGH => format!(
                "The slow log only keeps commands of {} ms and more. Lower slowlog-log-slower-than to see which \
                 commands cause the shorter spikes.",
                micros / 1000
            ),
            Some(_) if slow.is_empty() => "The slow log is empty: the slow commands came before it was reset.".to_owned(),
            Some(_) => "Look at SLOWLOG GET for the commands that took long. Commands on whole collections take \
                        time in proportion to their size: read them in parts (HSCAN, SSCAN, ranges)."
                .to_owned(),
        });
    }
    if events.contains(&"fast-command") {
        found.push(
            "Commands of constant time were slow. Then the machine is the likely cause: look for processors that \
             are shared or throttled, for swapping, and measure with redis-cli --intrinsic-latency 60 there."
                .to_owned(),
        );
    }
    if events.contains(&"expire-cycle") {
        found.push(format!(
            "Many keys expire at the same time. Spread their deadlines by adding a random part to their times to \
             live. A sweep takes {} ms at the most, a quarter of the interval between sweeps; a shorter interval \
             makes sweeps shorter.",
            node.config.cache.expiry_interval.as_millis() / 4
        ));
    }
    if events.iter().any(|event| event.starts_with("eviction")) {
        found.push(
            "Evicting keys takes long: the data is at its limit and writes come faster than it can be kept. Raise \
             maxmemory or give the keys times to live."
                .to_owned(),
        );
    }
    if found.is_empty() {
        found.push("Nothing in particular: the samples show no known pattern.".to_owned());
    }
    found
}
