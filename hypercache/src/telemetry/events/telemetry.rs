//! Telemetry about telemetry.

use crate::telemetry::event::events;

events! {
    /// Something that telemetry writes to does not take it any more; told once until it recovers.
    WARN Node ["process"] ["error"] failure "telemetry.degraded" "telemetry is losing records"
    TelemetryDegraded<'a> {
        /// file, stdout or otlp.
        sink: &'a str as "hypercache.telemetry.sink",
        /// What the system said.
        message: &'a str as "error.message",
    };

    /// It works again.
    INFO Node ["process"] ["info"] success "telemetry.recovered" "telemetry is complete again"
    TelemetryRecovered<'a> {
        /// file, stdout or otlp.
        sink: &'a str as "hypercache.telemetry.sink",
        /// Lines or spans that were lost meanwhile.
        lost: u64 as "hypercache.telemetry.lost",
    };

    /// The receiver does not take spans; they are lost. Told when it begins, and once a minute while it lasts.
    WARN Node ["process"] ["error"] failure "telemetry.span_export_failed" "spans could not be exported"
    SpanExportFailed<'a> {
        /// The receiver.
        endpoint: &'a str as "hypercache.telemetry.endpoint",
        /// Spans lost since it began.
        lost: u64 as "hypercache.telemetry.lost",
        /// What went wrong.
        message: &'a str as "error.message",
    };

    /// The same line came so often that the rest was folded into this one.
    WARN Node ["process"] ["info"] success "telemetry.log_suppressed" "repeated log lines suppressed"
    LogSuppressed<'a> {
        /// The name of the event that repeated, or the code that logged.
        source: &'a str as "hypercache.suppressed.source",
        /// How often it was suppressed.
        count: u64 as "hypercache.suppressed.count",
    };

    /// The log filter was set.
    INFO Node ["configuration"] ["change"] success "telemetry.log_level_changed" "log level changed"
    LogLevelChanged<'a> {
        /// The filter now.
        filter: &'a str as "hypercache.config.new",
    };

}
