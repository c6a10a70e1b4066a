//! The telemetry thread: turns records into lines and spans, adjusts the sampling, keeps the exporter's memory small.

use crate::telemetry::commands::CommandRecord;
use crate::telemetry::commands::Record;
use crate::telemetry::events::telemetry::LogSuppressed;
use crate::telemetry::export::SpanQueue;
use crate::telemetry::http::HttpRecord;
use crate::telemetry::limiter::Limiter;
use crate::telemetry::line::LineContext;
use crate::telemetry::line::Stream;
use crate::telemetry::lines;
use crate::telemetry::lines::LineMade;
use crate::telemetry::meters::Meters;
use crate::telemetry::own::OwnMeters;
use crate::telemetry::redaction;
use crate::telemetry::redaction::Redaction;
use crate::telemetry::sampler::Sampler;
use crate::telemetry::spans::Ids;
use crate::telemetry::spans::SpanBuilder;
use crate::telemetry::voice::Voice;
use crate::telemetry::writer::LogWriter;
use bytes::Bytes;
use crossbeam_channel::Receiver;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;

/// How often an idle thread looks into its queue: nobody has to wake it, which would cost the one who wakes.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Time between two turns of the sampling budget.
const ADJUST_EVERY: Duration = Duration::from_secs(1);
/// Time between two drains of the exporter's histogram samples.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// Lines are handed on when they are this many bytes.
const CHUNK_BYTES: usize = 32 << 10;

/// Everything the thread works with.
pub(super) struct Worker {
    pub(super) receiver: Receiver<Record>,
    pub(super) sampler: Arc<Sampler>,
    pub(super) meters: Arc<Meters>,
    pub(super) builder: SpanBuilder,
    pub(super) redaction: Redaction,
    pub(super) writer: Arc<LogWriter>,
    pub(super) context: Arc<LineContext>,
    pub(super) own: Arc<OwnMeters>,
    pub(super) limiter: Arc<Limiter>,
    pub(super) voice: Arc<Voice>,
    pub(super) spans: Option<Arc<SpanQueue>>,
    pub(super) exporter: PrometheusHandle,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) chunk: Vec<u8>,
    pub(super) chunk_lines: u64,
}

impl Worker {
    /// Works until it is told to stop, then empties the queue once more.
    pub(super) fn run(mut self) {
        let (mut adjusted, mut kept_up) = (Instant::now(), Instant::now());
        loop {
            let stopping = self.stop.load(Relaxed);
            let idle = self.drain() == 0;
            let now = Instant::now();
            if now.duration_since(adjusted) >= ADJUST_EVERY {
                let share = self.sampler.adjust(now.duration_since(adjusted).as_secs_f64());
                self.own.sampling_ratio.set(share);
                adjusted = now;
                self.tell_suppressed(now, false);
            }
            if now.duration_since(kept_up) >= UPKEEP_EVERY {
                self.exporter.run_upkeep();
                kept_up = now;
            }
            if stopping {
                self.tell_suppressed(now, true);
                return;
            }
            if idle {
                std::thread::park_timeout(LOOK_EVERY);
            }
        }
    }

    /// Works off what is in the queue now; returns how many records that were.
    fn drain(&mut self) -> usize {
        let mut records = 0;
        while let Ok(record) = self.receiver.try_recv() {
            match record {
                Record::Command(record) => self.command(&record),
                Record::Http(record) => self.http(&record),
            }
            if self.chunk.len() >= CHUNK_BYTES {
                self.hand_on();
            }
            records += 1;
            if records == crate::telemetry::commands::QUEUE_RECORDS {
                break;
            }
        }
        self.hand_on();
        records
    }

    fn command(&mut self, record: &CommandRecord) {
        let store = self.meters.store_name(record.store);
        let names = (self.meters.command_name(record.command), &*store);
        let key = self.redaction.key(record.key.as_deref());
        let error = record.error.as_ref().map(|error| redaction::error_text(&error.message));
        let ratio = record.keep.span_ratio.filter(|_| self.spans.is_some());
        let ids = ratio.map(|ratio| Ids::choose(record.parent.as_ref(), ratio));
        if let (Some(ids), Some(spans)) = (ids, &self.spans) {
            let span = self.builder.command(record, ids, names, &key, error.as_deref());
            spans.push(span, record.keep.reason);
        }
        if record.keep.line_ratio.is_some() {
            let shown = (&key, error.as_deref());
            let made = lines::command(&mut self.chunk, &self.context, record, names, ids, shown);
            self.count(&made);
        }
    }

    fn http(&mut self, record: &HttpRecord) {
        let spanned = record.span_ratio.is_some() && self.spans.is_some();
        if let (true, Some(spans)) = (spanned, &self.spans) {
            spans.push(self.builder.http(record), record.reason);
        }
        if record.line_ratio.is_some() {
            let made = lines::http(&mut self.chunk, &self.context, record, spanned);
            self.count(&made);
        }
    }

    fn count(&mut self, made: &LineMade) {
        self.own.line(Stream::Command, made.level, made.bytes);
        self.chunk_lines += 1;
    }

    fn hand_on(&mut self) {
        if self.chunk_lines > 0 {
            let bytes = Bytes::copy_from_slice(&self.chunk);
            self.writer.write(Stream::Command, self.chunk_lines, bytes);
            self.chunk.clear();
            self.chunk_lines = 0;
        }
    }

    fn tell_suppressed(&self, now: Instant, all: bool) {
        for (source, count) in self.limiter.ended(now, all) {
            self.voice.tell(&LogSuppressed { source, count });
        }
    }
}
