//! What a run brought, for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use indicatif::HumanBytes;
use indicatif::HumanCount;

use crate::report::Quantiles;
use crate::report::Report;
use crate::report::Section;

/// The report as text, latencies in milliseconds.
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    write(&mut text, report).expect("a String takes everything");
    text
}

fn write(text: &mut String, report: &Report) -> Result<(), std::fmt::Error> {
    for phase in &report.phases {
        section(text, phase)?;
    }
    if report.phases.len() > 1 {
        section(text, &report.total)?;
    }
    if report.interrupted {
        writeln!(text, "interrupted: the run ended early")?;
    }
    for goal in &report.goals {
        let unit = if goal.goal == "max-p99" { " us" } else { "" };
        let verdict = if goal.met { "met" } else { "MISSED" };
        writeln!(text, "{} {}{unit}: {:.1}{unit}, {verdict}", goal.goal, goal.limit, goal.reached)?;
    }
    Ok(())
}

fn section(text: &mut String, section: &Section) -> Result<(), std::fmt::Error> {
    let asked =
        section.rate_asked.map_or("as fast as possible".to_owned(), |rate| format!("{rate:.0}/s asked"));
    writeln!(
        text,
        "{}: {asked}, {:.0}/s reached, {:.1} s, {}, {} connections, pipeline {}",
        section.name,
        section.rate_reached,
        section.elapsed_seconds,
        section.door,
        section.connections,
        section.pipeline
    )?;
    writeln!(
        text,
        "{:<11}{:>12}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>9}",
        "ms", "requests", "p50", "p90", "p95", "p99", "p99.9", "p99.99", "max", "errors"
    )?;
    for (name, operation) in &section.operations {
        row(text, name, operation.requests, &operation.latency_us, operation.errors)?;
    }
    row(text, "total", section.requests, &section.latency_us, section.errors)?;
    errors(text, "errors", &section.errors_by_prefix)?;
    errors(text, "errors on purpose", &section.expected_errors_by_prefix)?;
    if let Some(ratio) = section.hit_ratio {
        let (hits, misses) = (HumanCount(section.hits), HumanCount(section.misses));
        writeln!(text, "hit ratio {:.2} % ({hits} hits, {misses} misses)", ratio * 100.0)?;
    }
    let (sent, received) = (HumanBytes(section.bytes_sent), HumanBytes(section.bytes_received));
    writeln!(text, "{sent} sent, {received} received\n")
}

fn row(
    text: &mut String,
    name: &str,
    requests: u64,
    latency: &Quantiles,
    errors: u64,
) -> Result<(), std::fmt::Error> {
    write!(text, "{name:<11}{:>12}", HumanCount(requests).to_string())?;
    let quantiles = [latency.p50, latency.p90, latency.p95, latency.p99, latency.p99_9, latency.p99_99];
    for micros in quantiles {
        write!(text, "{:>9.3}", micros / 1e3)?;
    }
    writeln!(text, "{:>10.3}{:>9}", latency.max / 1e3, HumanCount(errors).to_string())
}

fn errors(text: &mut String, title: &str, errors: &BTreeMap<String, u64>) -> Result<(), std::fmt::Error> {
    if errors.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = errors.iter().map(|(prefix, count)| format!("{prefix} {count}")).collect();
    writeln!(text, "{title}: {}", list.join(", "))
}
