//! A load generator for HyperCache, Redis and Valkey.
//!
//! `args` says what may be asked, `plan` decides it, `run` does it phase by phase with `worker`s, `report` and `table`
//! tell it.

#![forbid(unsafe_code)]

mod answer;
mod args;
mod client;
mod goals;
mod histogram;
mod http;
mod keys;
mod link;
mod metrics;
mod open_files;
mod operation;
mod plan;
mod preload;
mod progress;
mod report;
mod request;
mod run;
mod scenario;
mod schedule;
mod table;
mod tally;
mod timer;
mod values;
mod worker;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::CommandFactory;
use clap::Parser;
use tokio::sync::watch;

use crate::args::Args;
use crate::args::Command;
use crate::goals::Status;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::Report;
use crate::tally::Board;

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(Command::Scenarios) = args.command {
        for (name, about) in scenario::ALL {
            println!("{name:<14}{about}");
        }
        return ExitCode::SUCCESS;
    }
    let plan = match plan::resolve(args.run) {
        Ok(plan) => plan,
        Err(text) => Args::command().error(clap::error::ErrorKind::ValueValidation, text).exit(),
    };
    let status = execute(&plan).unwrap_or_else(|error| {
        eprintln!("loadgen: {error:#}");
        Status::Usage
    });
    ExitCode::from(status as u8)
}

/// Runs the plan and tells the result.
///
/// # Errors
/// When a file or an address of the command line cannot be used.
fn execute(plan: &Plan) -> anyhow::Result<Status> {
    let json = plan.json.as_deref().map(JsonTarget::open).transpose()?;
    open_files::raise_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (outcome, interrupted) = runtime.block_on(async {
        let board = Arc::new(Board::new(plan.threads));
        let mut progress = Progress::new(plan.quiet);
        for note in &plan.notes {
            progress.note(note);
        }
        if let Some(addr) = plan.metrics_addr {
            let taken = metrics::serve(addr, Arc::clone(&board)).await;
            let taken = taken
                .with_context(|| format!("cannot serve metrics at {addr}; choose another --metrics-addr"))?;
            progress.note(&format!("metrics at http://{taken}/metrics"));
        }
        let interrupted = interruption()?;
        let outcome = run::run(plan, &board, &mut progress, &interrupted).await;
        let interrupted = *interrupted.borrow();
        anyhow::Ok((outcome, interrupted))
    })?;
    let report = Report::new(plan, &outcome.results, interrupted || outcome.error.is_some());
    if !outcome.results.is_empty() {
        tell(plan, &report, json)?;
    }
    if let Some(error) = outcome.error {
        eprintln!("loadgen: {error}");
        return Ok(Status::Unreachable);
    }
    Ok(goals::status(&report.goals))
}

fn tell(plan: &Plan, report: &Report, json: Option<JsonTarget>) -> anyhow::Result<()> {
    let to_stdout = matches!(json, Some(JsonTarget::Stdout));
    if !plan.quiet {
        let table = table::render(report);
        if to_stdout { eprint!("{table}") } else { print!("{table}") }
    }
    json.map_or(Ok(()), |json| json.write(report))
}

/// Where the JSON report goes; opened before the run, so that a wrong path costs no run.
enum JsonTarget {
    Stdout,
    File(File),
}

impl JsonTarget {
    fn open(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let file = File::create(path).with_context(|| format!("cannot write --json {}", path.display()))?;
        Ok(Self::File(file))
    }

    fn write(self, report: &Report) -> anyhow::Result<()> {
        let mut text = serde_json::to_vec_pretty(report)?;
        text.push(b'\n');
        match self {
            Self::Stdout => std::io::stdout().write_all(&text),
            Self::File(mut file) => file.write_all(&text),
        }
        .context("cannot write the JSON report")
    }
}

/// Turns true at the first interrupt or request to terminate; a second one ends the program at once.
fn interruption() -> anyhow::Result<watch::Receiver<bool>> {
    let (interrupt, interrupted) = watch::channel(false);
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            #[cfg(unix)]
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            #[cfg(not(unix))]
            tokio::signal::ctrl_c().await.ok();
            if interrupt.send_replace(true) {
                std::process::exit(130);
            }
        }
    });
    Ok(interrupted)
}
