//! The live line on a terminal: rate, tail latency, errors.

use std::io::IsTerminal;
use std::time::Duration;
use std::time::Instant;

use indicatif::HumanCount;
use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;

use crate::plan::Phase;
use crate::plan::Stop;
use crate::tally::Board;
use crate::tally::Recent;

/// Shows what is going on; silent unless standard error is a terminal.
#[derive(Debug)]
pub struct Progress {
    enabled: bool,
    quiet: bool,
    bar: ProgressBar,
    recent: Recent,
    since: Instant,
    started: Instant,
    stop: Stop,
    done: u64,
    errors: u64,
}

impl Progress {
    /// Silent in every case when `quiet`.
    pub fn new(quiet: bool) -> Self {
        let now = Instant::now();
        Self {
            enabled: !quiet && std::io::stderr().is_terminal(),
            quiet,
            bar: ProgressBar::hidden(),
            recent: Recent::default(),
            since: now,
            started: now,
            stop: Stop::Never,
            done: 0,
            errors: 0,
        }
    }

    /// Something the user should know, in a line of its own.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.bar.suspend(|| eprintln!("loadgen: {text}"));
        }
    }

    /// Shows how many keys have been written.
    pub fn start_preload(&mut self, name: &str, keys: u64) {
        self.bar = self.new_bar(Some(keys), "{msg:16} [{bar:30}] {human_pos}/{human_len} keys");
        self.bar.set_message(format!("{name}: preload"));
    }

    /// Counts keys written.
    pub fn advance(&self, keys: u64) {
        self.bar.inc(keys);
    }

    /// Shows a phase.
    pub fn start_phase(&mut self, phase: &Phase) {
        let length = match phase.stop {
            Stop::After(time) => Some(millis(time + phase.warmup)),
            Stop::Requests(requests) => Some(requests),
            Stop::Never => None,
        };
        let template = if length.is_some() {
            "{prefix:16} [{bar:30}] {percent:>3}% {msg}"
        } else {
            "{prefix:16} {spinner} {elapsed} {msg}"
        };
        self.bar = self.new_bar(length, template);
        self.bar.set_prefix(phase.name.clone());
        self.stop = phase.stop;
        self.started = Instant::now();
        self.since = self.started;
        self.done = 0;
        self.errors = 0;
    }

    /// Takes what happened since the last tick and shows it.
    pub fn tick(&mut self, board: &Board) {
        let now = Instant::now();
        board.take_recent(&mut self.recent);
        let span = now.duration_since(self.since);
        self.since = now;
        self.done += self.recent.latency.count();
        self.errors += self.recent.errors;
        match self.stop {
            Stop::After(_) => self.bar.set_position(millis(now.duration_since(self.started))),
            Stop::Requests(_) => self.bar.set_position(self.done),
            Stop::Never => self.bar.tick(),
        }
        if span.is_zero() {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a number for people")]
        let rate = self.recent.latency.count() as f64 / span.as_secs_f64();
        self.bar.set_message(format!(
            "{rate:.0}/s  p99 {:.3} ms  errors {}",
            self.recent.latency.quantile(0.99).as_secs_f64() * 1e3,
            HumanCount(self.errors)
        ));
    }

    /// Takes the line away.
    pub fn end_phase(&mut self) {
        self.bar.finish_and_clear();
    }

    fn new_bar(&self, length: Option<u64>, template: &str) -> ProgressBar {
        if !self.enabled {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
        bar.set_style(ProgressStyle::with_template(template).expect("the templates are constants"));
        bar
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
