//! Telemetry of HTTP requests: the identifiers are chosen when a request comes in, so that its commands can name it
//! as their parent; whether it is told is decided when it is over.

use crate::telemetry::catalogue;
use crate::telemetry::commands::CommandTelemetry;
use crate::telemetry::commands::Inbox;
use crate::telemetry::commands::Record;
use crate::telemetry::context::TraceContext;
use crate::telemetry::own::Reason;
use crate::telemetry::sampler::Kept;
use crate::telemetry::sampler::Sampler;
use crate::telemetry::sampler::Special;
use crate::telemetry::voice::Voice;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

/// The status of a request whose client went away.
const CLIENT_CLOSED: u16 = 499;

/// Methods that have a label of their own.
const METHODS: [&str; 9] = ["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE", "CONNECT"];

/// How a request ended.
#[derive(Debug, Clone, Copy)]
pub struct HttpOutcome<'a> {
    /// The method; an unknown one counts as `_OTHER`.
    pub method: &'a str,
    /// The template of the route, never the path; `_OTHER` if none matched.
    pub route: &'a str,
    /// The status of the response.
    pub status: u16,
    /// Who asked.
    pub client: SocketAddr,
    /// Bytes of the request's body.
    pub request_bytes: u64,
    /// Bytes of the response's body.
    pub response_bytes: u64,
}

/// A finished request that is kept.
#[derive(Debug)]
pub(super) struct HttpRecord {
    pub(super) context: TraceContext,
    pub(super) parent: Option<TraceContext>,
    pub(super) reason: Reason,
    pub(super) span_ratio: Option<f64>,
    pub(super) line_ratio: Option<f64>,
    pub(super) method: &'static str,
    pub(super) route: Box<str>,
    pub(super) status: u16,
    pub(super) client: Option<SocketAddr>,
    pub(super) request_bytes: u64,
    pub(super) response_bytes: u64,
    pub(super) started: SystemTime,
    pub(super) took: Duration,
}

/// Telemetry of the HTTP door; cheap to clone.
#[derive(Clone)]
pub struct HttpTelemetry {
    shared: Arc<Shared>,
}

struct Shared {
    sampler: Arc<Sampler>,
    inbox: Arc<Inbox>,
    voice: Arc<Voice>,
    /// Knows the threshold above which anything is slow.
    commands: Arc<CommandTelemetry>,
}

impl HttpTelemetry {
    pub(super) fn new(
        sampler: Arc<Sampler>,
        commands: Arc<CommandTelemetry>,
        inbox: Arc<Inbox>,
        voice: Arc<Voice>,
    ) -> Self {
        Self { shared: Arc::new(Shared { sampler, inbox, voice, commands }) }
    }

    /// A request has come in, with these headers.
    pub fn begin(&self, traceparent: Option<&str>, tracestate: Option<&str>) -> HttpRequest {
        let parent = traceparent.and_then(|text| TraceContext::parse(text, tracestate));
        let sampled_above = parent.as_ref().filter(|parent| parent.sampled);
        let special = if sampled_above.is_some() { Special::HttpParent } else { Special::Http };
        let kept = self.shared.sampler.special(special);
        let context = TraceContext {
            trace_id: sampled_above.map_or_else(new_trace_id, |parent| parent.trace_id),
            span_id: new_span_id(),
            sampled: kept.is_some_and(|kept| kept.span.is_some()),
            state: sampled_above.and_then(|parent| parent.state.clone()),
        };
        HttpRequest {
            shared: self.shared.clone(),
            context,
            parent,
            kept,
            seen: None,
            started: SystemTime::now(),
            began: Instant::now(),
            done: false,
        }
    }
}

/// A request under way. Dropped without `finish`, it counts as cancelled by its client, with status 499.
pub struct HttpRequest {
    shared: Arc<Shared>,
    context: TraceContext,
    parent: Option<TraceContext>,
    kept: Option<Kept>,
    /// Method, route and client, as far as they are known.
    seen: Option<(&'static str, Box<str>, SocketAddr)>,
    started: SystemTime,
    began: Instant,
    done: bool,
}

impl HttpRequest {
    /// The trace's identifier: 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.context.trace_id)
    }

    /// The parent of the commands inside.
    pub fn context(&self) -> TraceContext {
        self.context.clone()
    }

    /// Says what the request is about, for the case that it never finishes.
    pub fn describe(&mut self, method: &str, route: &str, client: SocketAddr) {
        self.seen = Some((known_method(method), route.into(), client));
    }

    /// The response is made.
    pub fn finish(mut self, outcome: HttpOutcome<'_>) {
        self.done = true;
        self.tell(outcome, Some(outcome.client));
    }

    fn tell(&mut self, outcome: HttpOutcome<'_>, client: Option<SocketAddr>) {
        let took = self.began.elapsed();
        let method = known_method(outcome.method);
        let status = itoa::Buffer::new().format(outcome.status).to_owned();
        self.shared.voice.measure(|| {
            catalogue::HTTP_REQUEST_DURATION.of(&[method, outcome.route, &status]).record(took.as_secs_f64());
        });
        let Some((reason, span_ratio, line_ratio)) = self.decide(outcome.status >= 500, took) else { return };
        self.shared.inbox.offer(Record::Http(HttpRecord {
            context: self.context.clone(),
            parent: self.parent.take(),
            reason,
            span_ratio,
            line_ratio,
            method,
            route: outcome.route.into(),
            status: outcome.status,
            client,
            request_bytes: outcome.request_bytes,
            response_bytes: outcome.response_bytes,
            started: self.started,
            took,
        }));
    }

    /// Failed and slow requests are classes of their own; one that was kept from the start stays kept, because its
    /// commands name it as their parent.
    fn decide(&self, failed: bool, took: Duration) -> Option<(Reason, Option<f64>, Option<f64>)> {
        let late = match (failed, took >= self.shared.commands.slow_threshold()) {
            (true, _) => Some((Reason::Error, self.shared.sampler.special(Special::HttpError))),
            (false, true) => Some((Reason::Slow, self.shared.sampler.special(Special::HttpSlow))),
            (false, false) => None,
        };
        let first = self.kept;
        let Some((reason, late)) = late else {
            let traced = self.parent.as_ref().is_some_and(|parent| parent.sampled);
            let reason = if traced { Reason::Parent } else { Reason::Adaptive };
            return first.map(|kept| (reason, kept.span, kept.line));
        };
        let span = either(first.and_then(|kept| kept.span), late.and_then(|kept| kept.span));
        let line = either(first.and_then(|kept| kept.line), late.and_then(|kept| kept.line));
        (span.is_some() || line.is_some()).then_some((reason, span, line))
    }
}

impl Drop for HttpRequest {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let (method, route, client) = match self.seen.take() {
            Some((method, route, client)) => (method, route, Some(client)),
            None => ("_OTHER", "_OTHER".into(), None),
        };
        let nobody = SocketAddr::from(([0, 0, 0, 0], 0));
        let outcome = HttpOutcome {
            method,
            route: &route,
            status: CLIENT_CLOSED,
            client: client.unwrap_or(nobody),
            request_bytes: 0,
            response_bytes: 0,
        };
        self.tell(outcome, client);
    }
}

/// The chance of being kept by one of two draws, given what is known of each: that it was won, at this chance.
fn either(first: Option<f64>, second: Option<f64>) -> Option<f64> {
    match (first, second) {
        (Some(one), Some(other)) => Some(1.0 - (1.0 - one) * (1.0 - other)),
        (one, other) => one.or(other),
    }
}

fn known_method(method: &str) -> &'static str {
    METHODS.into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}

pub(super) fn new_trace_id() -> u128 {
    rand::random::<u128>().max(1)
}

pub(super) fn new_span_id() -> u64 {
    rand::random::<u64>().max(1)
}
