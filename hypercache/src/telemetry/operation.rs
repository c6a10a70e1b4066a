//! Work with a duration that is no command: a span, a duration by outcome, and a line if it fails.

use crate::telemetry::catalogue;
use crate::telemetry::definition::HistogramDef;
use crate::telemetry::duration::nanoseconds;
use crate::telemetry::event::Event;
use crate::telemetry::event::events;
use std::future::Future;
use std::time::Duration;
use std::time::Instant;
use tracing::Instrument;
use tracing::Span;
use tracing::field::Empty;

/// A kind of work.
#[derive(Debug)]
pub struct OperationDef {
    /// `subject.verb`: the span's name and the metric's label.
    pub name: &'static str,
    /// Shorter ones get no span unless they fail: periodic work with nothing to do is no news.
    pub span_above: Duration,
    /// A histogram of its own, beside the one of all operations.
    histogram: Option<&'static HistogramDef<0>>,
}

/// From the first line of the program to the last door being open.
pub static NODE_START: OperationDef =
    OperationDef { name: "node.start", span_above: Duration::ZERO, histogram: None };
/// From the wish to stop to everything being flushed.
pub static NODE_STOP: OperationDef =
    OperationDef { name: "node.stop", span_above: Duration::ZERO, histogram: None };
/// One sweep for expired keys.
pub static EXPIRY_CYCLE: OperationDef = OperationDef {
    name: "expiry.cycle",
    span_above: Duration::from_millis(5),
    histogram: Some(&catalogue::EXPIRY_CYCLE_DURATION),
};
/// Unused pages given back to the system.
pub static MEMORY_PURGE: OperationDef =
    OperationDef { name: "memory.purge", span_above: Duration::from_millis(5), histogram: None };
/// A store emptied by a command.
pub static STORE_FLUSH: OperationDef =
    OperationDef { name: "store.flush", span_above: Duration::ZERO, histogram: None };

/// A filter built for the keys of a store, from the first part to the last.
pub static FILTER_BUILD: OperationDef =
    OperationDef { name: "filter.build", span_above: Duration::ZERO, histogram: None };

/// Every kind of operation.
pub static OPERATIONS: [&OperationDef; 6] =
    [&NODE_START, &NODE_STOP, &EXPIRY_CYCLE, &MEMORY_PURGE, &STORE_FLUSH, &FILTER_BUILD];

events! {
    /// An operation failed.
    ERROR Node ["process"] ["error"] failure "operation.failed" "operation failed"
    OperationFailed<'a> {
        /// The operation.
        operation: &'a str as "hypercache.operation",
        /// A fixed word for the kind of failure.
        error_type: &'a str as "error.type",
        /// What went wrong.
        message: &'a str as "error.message",
        /// How long it took to fail.
        duration_ns: u64 as "event.duration",
    };
}

impl OperationDef {
    /// Begins such an operation.
    pub fn start(&'static self) -> Operation {
        let span = tracing::info_span!(
            target: "hypercache::operation",
            "operation",
            otel.name = self.name,
            otel.status_code = Empty,
            otel.status_description = Empty,
            "error.type" = Empty,
            "hypercache.outcome" = Empty,
        );
        Operation { def: self, span, began: Instant::now(), outcome: "cancelled" }
    }
}

/// Work under way. Dropped without an outcome, it counts as cancelled.
#[derive(Debug)]
pub struct Operation {
    def: &'static OperationDef,
    span: Span,
    began: Instant,
    outcome: &'static str,
}

impl Operation {
    /// Runs a part of the work inside the operation's span.
    pub fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(work)
    }

    /// Runs a future inside the operation's span.
    pub fn instrument<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        work.instrument(self.span.clone())
    }

    /// It is done.
    pub fn succeed(mut self) {
        self.outcome = "ok";
    }

    /// It failed: `error_type` is a fixed word, `message` says what went wrong.
    pub fn fail(mut self, error_type: &str, message: &str) {
        self.outcome = "error";
        self.span.record("error.type", error_type);
        self.span.record("otel.status_code", "ERROR");
        self.span.record("otel.status_description", message);
        let duration_ns = nanoseconds(self.began.elapsed());
        let failed = OperationFailed { operation: self.def.name, error_type, message, duration_ns };
        self.span.in_scope(|| failed.emit());
    }

    /// It ended with this result; `error_type` names the kind of an error by a fixed word.
    pub fn finish<T, E: std::fmt::Display>(self, result: &Result<T, E>, error_type: fn(&E) -> &'static str) {
        match result {
            Ok(_) => self.succeed(),
            Err(error) => self.fail(error_type(error), &error.to_string()),
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.span.record("hypercache.outcome", self.outcome);
        let seconds = self.began.elapsed().as_secs_f64();
        catalogue::OPERATION_DURATION.of(&[self.def.name, self.outcome]).record(seconds);
        if let Some(histogram) = self.def.histogram {
            histogram.of(&[]).record(seconds);
        }
    }
}
