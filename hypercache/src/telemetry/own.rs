//! Telemetry's counters about itself: handles that are held, because its threads count from outside any scope.

use crate::telemetry::catalogue;
use crate::telemetry::line::Stream;
use metrics::Counter;
use metrics::Gauge;
use metrics::Histogram;

/// Log levels as lines and labels spell them.
pub(super) const LEVELS: [&str; 5] = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];

/// Why a span was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The reply was an error.
    Error,
    /// It took longer than the threshold.
    Slow,
    /// The caller keeps its span.
    Parent,
    /// The first command of its kind since the start.
    First,
    /// Drawn at the ratio that fits the budget.
    Adaptive,
    /// An operation of the node itself.
    Operation,
    /// Something had to go to make room for it.
    Evicting,
}

impl Reason {
    const ALL: [Self; 7] =
        [Self::Error, Self::Slow, Self::Parent, Self::First, Self::Adaptive, Self::Operation, Self::Evicting];

    /// The value of labels and fields.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Slow => "slow",
            Self::Parent => "parent",
            Self::First => "first",
            Self::Adaptive => "adaptive",
            Self::Operation => "operation",
            Self::Evicting => "evicting",
        }
    }
}

/// Where spans get lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    QueueFull,
    ExportFailed,
    Shutdown,
}

/// Where log lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sink {
    File,
    Stdout,
}

impl Sink {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Stdout => "stdout",
        }
    }
}

/// Why log lines get lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    QueueFull,
    IoError,
}

/// All handles. Made inside the scope of the recorder that they belong to.
pub(super) struct OwnMeters {
    lines: [[Counter; LEVELS.len()]; 3],
    line_bytes: [Counter; 3],
    lines_dropped: [[[Counter; 2]; 2]; 3],
    lines_suppressed: [Counter; 3],
    spans: [[Counter; 2]; 7],
    spans_dropped: [Counter; 3],
    pub(super) records_dropped: Counter,
    pub(super) sampling_ratio: Gauge,
    pub(super) command_queue: Gauge,
    pub(super) command_capacity: Gauge,
    pub(super) span_queue: Gauge,
    pub(super) span_capacity: Gauge,
    pub(super) log_queue: Gauge,
    pub(super) log_capacity: Gauge,
    pub(super) export_ok: Histogram,
    pub(super) export_failed: Histogram,
    pub(super) render: Histogram,
    pub(super) series: Gauge,
}

impl OwnMeters {
    /// Registers everything, so that series exist before anything happens.
    pub(super) fn new() -> Self {
        let streams = Stream::ALL;
        Self {
            lines: streams
                .map(|stream| LEVELS.map(|level| catalogue::LOG_LINES.of(&[stream.label(), level]))),
            line_bytes: streams.map(|stream| catalogue::LOG_BYTES.of(&[stream.label()])),
            lines_dropped: streams.map(|stream| {
                [Sink::File, Sink::Stdout].map(|sink| {
                    ["queue_full", "io_error"].map(|reason| {
                        catalogue::LOG_LINES_DROPPED.of(&[stream.label(), sink.label(), reason])
                    })
                })
            }),
            lines_suppressed: streams.map(|stream| catalogue::LOG_LINES_SUPPRESSED.of(&[stream.label()])),
            spans: Reason::ALL.map(|reason| {
                ["exported", "dropped"].map(|result| catalogue::SPANS.of(&[reason.label(), result]))
            }),
            spans_dropped: ["queue_full", "export_failed", "shutdown"]
                .map(|stage| catalogue::SPANS_DROPPED.of(&[stage])),
            records_dropped: catalogue::RECORDS_DROPPED.of(&["queue_full"]),
            sampling_ratio: catalogue::SAMPLING_RATIO.of(&[]),
            command_queue: catalogue::QUEUE_LENGTH.of(&["command"]),
            command_capacity: catalogue::QUEUE_CAPACITY.of(&["command"]),
            span_queue: catalogue::QUEUE_LENGTH.of(&["span"]),
            span_capacity: catalogue::QUEUE_CAPACITY.of(&["span"]),
            log_queue: catalogue::QUEUE_LENGTH.of(&["log"]),
            log_capacity: catalogue::QUEUE_CAPACITY.of(&["log"]),
            export_ok: catalogue::EXPORT_DURATION.of(&["ok"]),
            export_failed: catalogue::EXPORT_DURATION.of(&["error"]),
            render: catalogue::RENDER_DURATION.of(&[]),
            series: catalogue::SERIES.of(&[]),
        }
    }

    /// A line was made.
    pub(super) fn line(&self, stream: Stream, level: &str, bytes: usize) {
        let level = LEVELS.iter().position(|known| *known == level).unwrap_or(2);
        self.lines[stream as usize][level].increment(1);
        self.line_bytes[stream as usize].increment(bytes as u64);
    }

    /// Lines were lost on their way.
    pub(super) fn lines_dropped(&self, stream: Stream, sink: Sink, loss: Loss, lines: u64) {
        self.lines_dropped[stream as usize][sink as usize][loss as usize].increment(lines);
    }

    /// A repeated line was folded.
    pub(super) fn line_suppressed(&self, stream: Stream) {
        self.lines_suppressed[stream as usize].increment(1);
    }

    /// A span reached the receiver.
    pub(super) fn span_exported(&self, reason: Reason) {
        self.spans[reason as usize][0].increment(1);
    }

    /// A span was lost.
    pub(super) fn span_dropped(&self, reason: Reason, stage: Stage) {
        self.spans[reason as usize][1].increment(1);
        self.spans_dropped[stage as usize].increment(1);
    }
}
