//! Spans of operations come from `tracing-opentelemetry`; this puts them into the same queue as those of commands.

use crate::telemetry::export::SpanQueue;
use crate::telemetry::operation::OPERATIONS;
use crate::telemetry::own::Reason;
use crate::telemetry::spans::RATIO;
use crate::telemetry::spans::REASON;
use opentelemetry::Context;
use opentelemetry::KeyValue;
use opentelemetry::trace::Span as _;
use opentelemetry::trace::Status;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::Span;
use opentelemetry_sdk::trace::SpanData;
use opentelemetry_sdk::trace::SpanProcessor;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Hands ended spans to the queue.
pub(super) struct QueueProcessor {
    pub(super) queue: Arc<SpanQueue>,
}

impl fmt::Debug for QueueProcessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueProcessor")
    }
}

impl SpanProcessor for QueueProcessor {
    fn on_start(&self, span: &mut Span, _: &Context) {
        span.set_attribute(KeyValue::new(RATIO, 1.0));
        span.set_attribute(KeyValue::new(REASON, Reason::Operation.label()));
    }

    fn on_end(&self, span: SpanData) {
        let def = OPERATIONS.iter().find(|def| def.name == span.name);
        let took = span.end_time.duration_since(span.start_time).unwrap_or_default();
        let failed = matches!(span.status, Status::Error { .. });
        if failed || def.is_none_or(|def| took >= def.span_above) {
            self.queue.push(span, Reason::Operation);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
