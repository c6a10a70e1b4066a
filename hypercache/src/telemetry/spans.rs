//! Spans of commands and HTTP requests, built after the fact with their true times.

use crate::telemetry::commands::CommandRecord;
use crate::telemetry::context::TraceContext;
use crate::telemetry::http::HttpRecord;
use crate::telemetry::http::new_span_id;
use crate::telemetry::http::new_trace_id;
use crate::telemetry::meters::Proto;
use crate::telemetry::own::Reason;
use crate::telemetry::redaction::ShownKey;
use opentelemetry::InstrumentationScope;
use opentelemetry::KeyValue;
use opentelemetry::trace::Event;
use opentelemetry::trace::Link;
use opentelemetry::trace::SpanContext;
use opentelemetry::trace::SpanId;
use opentelemetry::trace::SpanKind;
use opentelemetry::trace::Status;
use opentelemetry::trace::TraceFlags;
use opentelemetry::trace::TraceId;
use opentelemetry::trace::TraceState;
use opentelemetry_sdk::trace::SpanData;
use opentelemetry_sdk::trace::SpanEvents;
use opentelemetry_sdk::trace::SpanLinks;
use std::str::FromStr;
use std::time::Duration;
use std::time::SystemTime;

/// The random part of a trace identifier has this many bits.
const RANDOM_BITS: u32 = 56;

/// Attribute with the chance a span had of being kept; Tempo multiplies by its inverse.
pub(super) const RATIO: &str = "hypercache.sampling.ratio";
/// Attribute with the reason a span was kept.
pub(super) const REASON: &str = "hypercache.sampling.reason";

/// The identifiers of a command's span and line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids {
    pub(super) trace_id: u128,
    pub(super) span_id: u64,
}

impl Ids {
    /// Child of a parent that keeps its own span, else a trace of its own. Consistent with `ot=th`: the random part
    /// of a new trace's identifier is at least the threshold that stands for `ratio`.
    pub(super) fn choose(parent: Option<&TraceContext>, ratio: f64) -> Self {
        let trace_id = match parent.filter(|parent| parent.sampled) {
            Some(parent) => parent.trace_id,
            None => {
                let id = new_trace_id();
                let random = (id as u64) & ((1 << RANDOM_BITS) - 1);
                let threshold = threshold(ratio);
                let room = (1 << RANDOM_BITS) - threshold;
                let chosen = threshold + ((u128::from(random) * u128::from(room)) >> RANDOM_BITS) as u64;
                ((id >> RANDOM_BITS << RANDOM_BITS) | u128::from(chosen)).max(1)
            }
        };
        Self { trace_id, span_id: new_span_id() }
    }
}

/// The rejection threshold of a ratio, out of 2^56.
fn threshold(ratio: f64) -> u64 {
    let all = (1_u64 << RANDOM_BITS) as f64;
    ((1.0 - ratio.clamp(0.0, 1.0)) * all).min(all - 1.0) as u64
}

/// The `tracestate` of a new trace: `ot=th:` and the threshold's digits without trailing zeros.
fn root_state(ratio: f64) -> TraceState {
    let digits = format!("{:014x}", threshold(ratio));
    let short = digits.trim_end_matches('0');
    let value = format!("th:{}", if short.is_empty() { "0" } else { short });
    TraceState::from_key_value([("ot", value.as_str())]).unwrap_or_default()
}

/// Makes spans in the name of this program.
pub(super) struct SpanBuilder {
    scope: InstrumentationScope,
}

/// What both kinds of span have in common.
struct Shape<'a> {
    ids: Ids,
    parent: Option<&'a TraceContext>,
    reason: Reason,
    ratio: f64,
    started: SystemTime,
    ended: SystemTime,
    error: Option<String>,
}

impl SpanBuilder {
    /// For this version of the program.
    pub(super) fn new(version: &'static str) -> Self {
        Self { scope: InstrumentationScope::builder("hypercache").with_version(version).build() }
    }

    /// The span of a command.
    pub(super) fn command(
        &self,
        record: &CommandRecord,
        ids: Ids,
        names: (&str, &str),
        key: &ShownKey,
        error_message: Option<&str>,
    ) -> SpanData {
        let (command, store) = names;
        let started = record
            .ended
            .checked_sub(Duration::from_nanos(record.service_ns))
            .unwrap_or(SystemTime::UNIX_EPOCH);
        let shape = Shape {
            ids,
            parent: record.parent.as_ref(),
            reason: record.keep.reason,
            ratio: record.keep.span_ratio.unwrap_or(1.0),
            started,
            ended: record.ended,
            error: record.error.as_ref().map(|_| error_message.unwrap_or_default().to_owned()),
        };
        // A command inside an HTTP request is work of the request, not a call from outside.
        let kind = if record.proto == Proto::Http { SpanKind::Internal } else { SpanKind::Server };
        let mut span = self.span(command.to_owned(), kind, &shape);
        span.attributes.extend(command_attributes(record, command, store));
        span.attributes.extend(key.field().map(|(name, value)| KeyValue::new(name, value.to_owned())));
        let executing = started + Duration::from_nanos(record.queue_ns);
        let executed = executing + Duration::from_nanos(record.execution_ns);
        let steps = [("executing", executing), ("executed", executed)];
        span.events.events.extend(steps.map(|(name, time)| Event::new(name, time, Vec::new(), 0)));
        span
    }

    /// The span of an HTTP request.
    pub(super) fn http(&self, record: &HttpRecord) -> SpanData {
        let ids = Ids { trace_id: record.context.trace_id, span_id: record.context.span_id };
        let shape = Shape {
            ids,
            parent: record.parent.as_ref(),
            reason: record.reason,
            ratio: record.span_ratio.unwrap_or(1.0),
            started: record.started,
            ended: record.started + record.took,
            error: (record.status >= 500).then(String::new),
        };
        let name = format!("{} {}", record.method, record.route);
        let mut span = self.span(name, SpanKind::Server, &shape);
        span.attributes.extend([
            KeyValue::new("http.request.method", record.method),
            KeyValue::new("http.route", record.route.to_string()),
            KeyValue::new("http.response.status_code", i64::from(record.status)),
            KeyValue::new("http.request.body.size", signed(record.request_bytes)),
            KeyValue::new("http.response.body.size", signed(record.response_bytes)),
            KeyValue::new("url.scheme", "http"),
        ]);
        if record.status >= 500 {
            span.attributes.push(KeyValue::new("error.type", record.status.to_string()));
        }
        if let Some(client) = record.client {
            span.attributes.push(KeyValue::new("client.address", client.ip().to_string()));
            span.attributes.push(KeyValue::new("client.port", i64::from(client.port())));
        }
        span
    }

    fn span(&self, name: String, kind: SpanKind, shape: &Shape<'_>) -> SpanData {
        let sampled_parent = shape.parent.filter(|parent| parent.sampled);
        let state = match sampled_parent {
            Some(parent) => {
                parent.state.as_deref().and_then(|state| TraceState::from_str(state).ok()).unwrap_or_default()
            }
            None => root_state(shape.ratio),
        };
        let mut links = SpanLinks::default();
        // A caller that drops its own span would leave a child an orphan: a trace of its own points to it instead.
        let unsampled = shape.parent.filter(|parent| !parent.sampled);
        links.links.extend(unsampled.map(|parent| Link::new(parent.span_context(), Vec::new(), 0)));
        SpanData {
            span_context: SpanContext::new(
                TraceId::from(shape.ids.trace_id),
                SpanId::from(shape.ids.span_id),
                TraceFlags::SAMPLED,
                false,
                state,
            ),
            parent_span_id: sampled_parent.map_or(SpanId::INVALID, |parent| SpanId::from(parent.span_id)),
            parent_span_is_remote: sampled_parent.is_some(),
            span_kind: kind,
            name: name.into(),
            start_time: shape.started,
            end_time: shape.ended,
            attributes: vec![KeyValue::new(RATIO, shape.ratio), KeyValue::new(REASON, shape.reason.label())],
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links,
            status: match &shape.error {
                Some(message) => Status::error(message.clone()),
                None => Status::Unset,
            },
            instrumentation_scope: self.scope.clone(),
        }
    }
}

fn command_attributes(record: &CommandRecord, command: &str, store: &str) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("db.system.name", "redis"),
        KeyValue::new("db.operation.name", command.to_owned()),
        KeyValue::new("db.namespace", store.to_owned()),
        KeyValue::new("hypercache.store", store.to_owned()),
        KeyValue::new("client.address", record.client.ip().to_string()),
        KeyValue::new("client.port", i64::from(record.client.port())),
        KeyValue::new("network.transport", "tcp"),
        KeyValue::new("network.protocol.name", record.proto.label()),
        KeyValue::new("network.protocol.version", record.proto.version()),
        KeyValue::new("hypercache.client.id", signed(record.client_id)),
        KeyValue::new("hypercache.queue_ns", signed(record.queue_ns)),
        KeyValue::new("hypercache.execute_ns", signed(record.execution_ns)),
        KeyValue::new("hypercache.pipeline.position", i64::from(record.batch_position)),
        KeyValue::new("hypercache.pipeline.size", i64::from(record.batch_size)),
        KeyValue::new("hypercache.request_bytes", signed(record.request_bytes)),
        KeyValue::new("hypercache.reply_bytes", signed(record.reply_bytes)),
    ];
    let named = [("hypercache.client.name", &record.client_name), ("user.name", &record.user)];
    for (name, value) in named {
        attributes.extend(value.as_ref().map(|value| KeyValue::new(name, value.to_string())));
    }
    if let Some(hit) = record.hit {
        attributes.push(KeyValue::new("hypercache.result", if hit { "hit" } else { "miss" }));
    }
    if record.evicted.0 > 0 {
        attributes.push(KeyValue::new("hypercache.evicted.keys", i64::from(record.evicted.0)));
        attributes.push(KeyValue::new("hypercache.evicted.bytes", signed(record.evicted.1)));
    }
    if let Some(reason) = record.miss_reason {
        attributes.push(KeyValue::new("hypercache.miss_reason", reason));
    }
    if let Some(error) = &record.error {
        attributes.push(KeyValue::new("error.type", error.kind.to_string()));
        attributes.push(KeyValue::new("db.response.status_code", error.kind.to_string()));
    }
    attributes
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_the_standards_own_examples() {
        assert_eq!(root_state(1.0).header(), "ot=th:0");
        assert_eq!(root_state(0.5).header(), "ot=th:8");
        assert_eq!(root_state(0.25).header(), "ot=th:c");
        assert!(root_state(0.01).header().starts_with("ot=th:fd70a3"));
    }

    #[test]
    fn new_traces_pass_the_threshold_of_their_ratio() {
        for ratio in [1.0, 0.5, 0.01, 1e-6] {
            for _ in 0..200 {
                let ids = Ids::choose(None, ratio);
                let random = (ids.trace_id as u64) & ((1 << RANDOM_BITS) - 1);
                assert!(random >= threshold(ratio), "{ratio}");
            }
        }
    }
}
