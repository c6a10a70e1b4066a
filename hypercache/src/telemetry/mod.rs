//! Telemetry: the only part of the program that logs, counts or opens spans.
//!
//! There are three shapes. An *event* is a fact, told by a struct of `events` and its `emit`. An *operation* has a
//! duration and an outcome. The *meters* are for what happens with each command: plain sums per thread. Commands and
//! HTTP requests are sampled when they are over; `commands` and `http` say how. Nothing here ever blocks the caller,
//! and whatever is lost on its way out is counted.

pub mod buckets;
mod build;
pub mod catalogue;
pub mod commands;
pub mod context;
pub mod definition;
mod duration;
pub mod error;
pub mod event;
pub mod events;
mod export;
mod files;
mod held;
pub mod http;
mod limiter;
pub mod line;
mod lines;
mod logging;
pub mod meters;
pub mod operation;
mod own;
mod page;
pub mod process;
mod processor;
mod redaction;
pub mod reference;
mod sampler;
mod spans;
mod voice;
mod worker;
mod writer;

pub use build::Builder;
pub use commands::CommandError;
pub use commands::CommandRecord;
pub use commands::CommandTelemetry;
pub use commands::Keep;
pub use context::TraceContext;
pub use duration::nanoseconds;
pub use error::TelemetryError;
pub use event::Event;
pub use http::HttpOutcome;
pub use http::HttpRequest;
pub use http::HttpTelemetry;
pub use meters::BatchSample;
pub use meters::CommandSample;
pub use meters::ExpiryMode;
pub use meters::Meters;
pub use meters::Proto;
pub use operation::Operation;
pub use own::Reason;

use crate::config;
use crate::telemetry::commands::Inbox;
use crate::telemetry::events::telemetry::LogLevelChanged;
use crate::telemetry::export::SpanQueue;
use crate::telemetry::own::OwnMeters;
use crate::telemetry::page::Page;
use crate::telemetry::process::ProcessStats;
use crate::telemetry::voice::Voice;
use crate::telemetry::writer::LogWriter;
use crossbeam_channel::Receiver;
use metrics_exporter_prometheus::PrometheusHandle;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;
use tracing::Dispatch;

/// Who tells.
#[derive(Debug, Clone)]
pub struct NodeIdentity {
    /// The node's name.
    pub id: String,
    /// The program's version.
    pub version: &'static str,
}

/// The handle to telemetry; cheap to clone.
#[derive(Clone)]
pub struct Telemetry {
    inner: Arc<Inner>,
}

/// Sets gauges from state before a page is rendered.
type ScrapeSource = Box<dyn Fn() + Send + Sync>;

struct Inner {
    meters: Arc<Meters>,
    commands: Arc<CommandTelemetry>,
    http: HttpTelemetry,
    voice: Arc<Voice>,
    own: Arc<OwnMeters>,
    writer: Arc<LogWriter>,
    spans: Option<Arc<SpanQueue>>,
    inbox: Arc<Inbox>,
    exporter: PrometheusHandle,
    dispatch: Dispatch,
    set_filter: build::SetFilter,
    level: Mutex<String>,
    sources: Mutex<Vec<ScrapeSource>>,
    redaction: redaction::Redaction,
}

impl Telemetry {
    /// Starts telemetry for the process: global recorder and subscriber, threads, panic hook. The index into the names is what samples and records carry.
    ///
    /// # Errors
    /// If it was started before, if a setting cannot be used, or if a thread cannot be started.
    pub fn start(
        config: &config::Telemetry,
        node: &NodeIdentity,
        command_names: Vec<String>,
        store_names: Vec<String>,
    ) -> Result<(Self, TelemetryGuard), TelemetryError> {
        Self::builder(config, node, command_names, store_names).install()
    }

    /// Begins to put telemetry together piece by piece.
    pub fn builder<'a>(
        config: &'a config::Telemetry,
        node: &'a NodeIdentity,
        command_names: Vec<String>,
        store_names: Vec<String>,
    ) -> Builder<'a> {
        Builder::new(config, node, command_names, store_names)
    }

    /// A key as lines and spans may show it: the field's name and its value; none: not at all.
    pub fn shown_key(&self, key: &[u8]) -> Option<(&'static str, String)> {
        let shown = self.inner.redaction.key(Some(key));
        shown.field().map(|(field, text)| (field, text.to_owned()))
    }

    /// The counters of the hot path.
    pub fn meters(&self) -> &Arc<Meters> {
        &self.inner.meters
    }

    /// Lines and spans of commands.
    pub fn commands(&self) -> &Arc<CommandTelemetry> {
        &self.inner.commands
    }

    /// Telemetry of the HTTP door.
    pub fn http(&self) -> &HttpTelemetry {
        &self.inner.http
    }

    /// Adds a function that sets gauges from state; it is called before each page.
    pub fn on_scrape(&self, source: Box<dyn Fn() + Send + Sync>) {
        self.inner.sources.lock().push(source);
    }

    /// Runs `work` such that its events, operations and metrics belong to this telemetry; only needed for one that
    /// was built and not installed.
    pub fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        self.inner.voice.scope(work)
    }

    /// The page for Prometheus, text format 0.0.4.
    pub fn render(&self) -> String {
        let began = Instant::now();
        let inner = &self.inner;
        inner.voice.measure(|| inner.sources.lock().iter().for_each(|source| source()));
        inner.own.command_queue.set(inner.inbox.waiting() as f64);
        inner.own.span_queue.set(inner.spans.as_ref().map_or(0, |spans| spans.waiting()) as f64);
        inner.own.log_queue.set(inner.writer.waiting() as f64);
        let mut page = Page::after(&inner.exporter.render(), &inner.meters.store_names());
        page.meters(&inner.meters);
        page.process(&ProcessStats::read());
        let (text, series) = page.finish();
        inner.own.series.set(series as f64);
        inner.own.render.record(began.elapsed().as_secs_f64());
        text
    }

    /// Sets the log filter, in `tracing`'s syntax: a level, or `target=level` terms.
    ///
    /// # Errors
    /// If the filter cannot be parsed; the one in force stays.
    pub fn set_log_level(&self, filter: &str) -> Result<(), TelemetryError> {
        (self.inner.set_filter)(filter)?;
        filter.clone_into(&mut self.inner.level.lock());
        self.inner.voice.tell(&LogLevelChanged { filter });
        Ok(())
    }

    /// The log filter in force.
    pub fn log_level(&self) -> String {
        self.inner.level.lock().clone()
    }
}

/// Ends telemetry in order. Dropped, it gives the queues one second.
pub struct TelemetryGuard {
    telemetry: Telemetry,
    stop: Arc<AtomicBool>,
    worker_done: Receiver<()>,
    spans_done: Option<Receiver<()>>,
    finished: bool,
}

impl TelemetryGuard {
    /// Writes and exports what waits; never takes longer than `within`. What is left then is counted as lost.
    pub fn shutdown(mut self, within: Duration) {
        self.end(within);
    }

    fn end(&mut self, within: Duration) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        let until = Instant::now() + within;
        // A receiver that does not answer must not take the log's time.
        let spans_until = Instant::now() + within / 2;
        self.stop.store(true, Relaxed);
        self.telemetry.inner.inbox.wake();
        // Nothing is left to do with one that does not end in time.
        self.worker_done.recv_deadline(until).ok();
        if let (Some(spans), Some(done)) = (&self.telemetry.inner.spans, &self.spans_done) {
            spans.stop(spans_until);
            done.recv_deadline(until).ok();
        }
        self.telemetry.inner.writer.flush(until);
    }
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        self.end(Duration::from_secs(1));
    }
}
