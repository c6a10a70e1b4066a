//! The log lines of commands and HTTP requests.

use crate::telemetry::commands::CommandRecord;
use crate::telemetry::duration::nanoseconds;
use crate::telemetry::http::HttpRecord;
use crate::telemetry::line::LineContext;
use crate::telemetry::line::LineWriter;
use crate::telemetry::line::Stream;
use crate::telemetry::own::Reason;
use crate::telemetry::redaction::ShownKey;
use crate::telemetry::spans::Ids;

/// What a finished line was, for those who count it.
pub(super) struct LineMade {
    pub(super) level: &'static str,
    pub(super) bytes: usize,
}

/// Appends the line of a command. `ids` are those of its span, if it gets one.
pub(super) fn command(
    out: &mut Vec<u8>,
    context: &LineContext,
    record: &CommandRecord,
    names: (&str, &str),
    ids: Option<Ids>,
    shown: (&ShownKey, Option<&str>),
) -> LineMade {
    let (command, store) = names;
    let (key, error_message) = shown;
    let slow = record.keep.reason == Reason::Slow;
    let (level, end, action) = match (&record.error, slow) {
        (Some(_), _) => ("ERROR", " failed", "command-executed"),
        (None, true) => ("WARN", " slow", "command-slow"),
        (None, false) => ("INFO", " executed", "command-executed"),
    };
    let kind = if record.error.is_some() { "error" } else { "access" };
    let mut line = LineWriter::begin(out, record.ended, level, &format!("{command}{end}"));
    shape(&mut line, ["database", kind], action, record.error.is_none(), record.service_ns);
    line.str("db.operation.name", command);
    line.str("hypercache.store", store);
    if let Some((name, value)) = key.field() {
        line.str(name, value);
    }
    line.u64("hypercache.queue_ns", record.queue_ns);
    line.u64("hypercache.execute_ns", record.execution_ns);
    line.u64("hypercache.pipeline_size", u64::from(record.batch_size));
    line.u64("hypercache.pipeline_position", u64::from(record.batch_position));
    line.u64("hypercache.request_bytes", record.request_bytes);
    line.u64("hypercache.reply_bytes", record.reply_bytes);
    line.u64("hypercache.client.id", record.client_id);
    if let Some(hit) = record.hit {
        line.str("hypercache.result", if hit { "hit" } else { "miss" });
    }
    if record.evicted.0 > 0 {
        line.u64("hypercache.evicted.keys", record.evicted.0.into());
        line.u64("hypercache.evicted.bytes", record.evicted.1);
    }
    if let Some(reason) = record.miss_reason {
        line.str("hypercache.miss_reason", reason);
    }
    if let Some(name) = &record.client_name {
        line.str("hypercache.client.name", name);
    }
    if let Some(user) = &record.user {
        line.str("user.name", user);
    }
    sample(&mut line, record.keep.reason, record.keep.line_ratio);
    line.str("client.address", &record.client.ip().to_string());
    line.u64("client.port", u64::from(record.client.port()));
    line.str("network.protocol", record.proto.label());
    if let Some(error) = &record.error {
        line.str("error.type", &error.kind);
        line.str("error.message", error_message.unwrap_or_default());
    }
    match (ids, &record.parent) {
        (Some(ids), _) => trace(&mut line, ids),
        (None, Some(parent)) => line.hex("trace.id", parent.trace_id, 32),
        (None, None) => {}
    }
    LineMade { level, bytes: context.end(line) }
}

/// Appends the line of an HTTP request.
pub(super) fn http(out: &mut Vec<u8>, context: &LineContext, record: &HttpRecord, spanned: bool) -> LineMade {
    let failed = record.status >= 500;
    let (level, end, action) = match (failed, record.reason) {
        (true, _) => ("ERROR", "failed", "http-request"),
        (false, Reason::Slow) => ("WARN", "slow", "http-request-slow"),
        (false, _) => ("INFO", "answered", "http-request"),
    };
    let message = format!("{} {} {end}", record.method, record.route);
    let kind = if failed { "error" } else { "access" };
    let mut line = LineWriter::begin(out, record.started + record.took, level, &message);
    shape(&mut line, ["web", kind], action, record.status < 400, nanoseconds(record.took));
    line.str("http.request.method", record.method);
    line.u64("http.response.status_code", u64::from(record.status));
    line.u64("http.request.body.bytes", record.request_bytes);
    line.u64("http.response.body.bytes", record.response_bytes);
    line.str("url.path", &record.route);
    line.str("network.protocol", "http");
    sample(&mut line, record.reason, record.line_ratio);
    if let Some(client) = record.client {
        line.str("client.address", &client.ip().to_string());
        line.u64("client.port", u64::from(client.port()));
    }
    if failed {
        line.str("error.type", itoa::Buffer::new().format(record.status));
    }
    let ids = Ids { trace_id: record.context.trace_id, span_id: record.context.span_id };
    if spanned {
        trace(&mut line, ids);
    } else {
        line.hex("trace.id", ids.trace_id, 32);
    }
    LineMade { level, bytes: context.end(line) }
}

fn shape(line: &mut LineWriter<'_>, class: [&str; 2], action: &str, success: bool, duration_ns: u64) {
    line.str("event.dataset", Stream::Command.dataset());
    line.str("event.kind", "event");
    line.list("event.category", &class[..1]);
    line.list("event.type", &class[1..]);
    line.str("event.action", action);
    line.str("event.outcome", if success { "success" } else { "failure" });
    line.u64("event.duration", duration_ns);
}

fn sample(line: &mut LineWriter<'_>, reason: Reason, ratio: Option<f64>) {
    line.f64("sample.weight", 1.0 / ratio.unwrap_or(1.0));
    line.str("sample.reason", reason.label());
}

fn trace(line: &mut LineWriter<'_>, ids: Ids) {
    line.hex("trace.id", ids.trace_id, 32);
    line.hex("span.id", u128::from(ids.span_id), 16);
}
