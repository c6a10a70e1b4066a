//! From `tracing` events to ECS lines.

use crate::telemetry::event::EventInfo;
use crate::telemetry::events;
use crate::telemetry::limiter::Limiter;
use crate::telemetry::line::LineContext;
use crate::telemetry::line::LineWriter;
use crate::telemetry::line::Stream;
use crate::telemetry::own::OwnMeters;
use crate::telemetry::writer::LogWriter;
use bytes::Bytes;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::LazyLock;
use std::time::Instant;
use std::time::SystemTime;
use tracing::Level;
use tracing::Subscriber;
use tracing::field::Field;
use tracing::field::Visit;
use tracing_subscriber::Layer;
use tracing_subscriber::layer;

/// Longest text that a foreign library's field may have in a line, in bytes.
const FOREIGN_BYTES_MAX: usize = 1024;

/// The catalogue by name, with the action's spelling.
static EVENTS: LazyLock<HashMap<&'static str, (&'static EventInfo, String)>> = LazyLock::new(|| {
    events::catalogue().map(|info| (info.name, (info, events::action(info.name)))).collect()
});

/// Writes each event as one line.
pub(super) struct LogLayer {
    pub(super) writer: Arc<LogWriter>,
    pub(super) context: Arc<LineContext>,
    pub(super) own: Arc<OwnMeters>,
    pub(super) limiter: Arc<Limiter>,
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &tracing::Event<'_>, _: layer::Context<'_, S>) {
        thread_local! {
            static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        // A thread that is ending has no buffer any more; its last words get one of their own.
        let shared = BUFFER.try_with(|buffer| match buffer.try_borrow_mut() {
            Ok(mut buffer) => {
                buffer.clear();
                self.log(event, &mut buffer);
                true
            }
            Err(_) => false,
        });
        if shared != Ok(true) {
            self.log(event, &mut Vec::new());
        }
    }
}

impl LogLayer {
    fn log(&self, event: &tracing::Event<'_>, buffer: &mut Vec<u8>) {
        let metadata = event.metadata();
        let known = EVENTS.get(metadata.name());
        let stream = known.map_or(Stream::Node, |(info, _)| info.stream);
        let limited = stream == Stream::Audit || *metadata.level() <= Level::WARN;
        let kind = if known.is_some() { metadata.name() } else { metadata.target() };
        if limited && !self.limiter.allow(kind, stream, Instant::now()) {
            self.own.line_suppressed(stream);
            return;
        }
        let level = metadata.level().as_str();
        let line = match known {
            Some((info, action)) => {
                let mut line = LineWriter::begin(buffer, SystemTime::now(), level, info.message);
                describe(&mut line, info, action);
                event.record(&mut Fields { line: &mut line });
                line
            }
            None => foreign(buffer, event),
        };
        let length = self.finish(line);
        self.own.line(stream, level, length);
        self.writer.write(stream, 1, Bytes::copy_from_slice(buffer));
    }

    fn finish(&self, mut line: LineWriter<'_>) -> usize {
        Context::map_current(|context| {
            let span = context.span();
            let current = span.span_context();
            if current.is_valid() {
                line.str("trace.id", &current.trace_id().to_string());
                line.str("span.id", &current.span_id().to_string());
            }
        });
        self.context.end(line)
    }
}

fn describe(line: &mut LineWriter<'_>, info: &EventInfo, action: &str) {
    line.str("event.dataset", info.stream.dataset());
    line.str("event.kind", "event");
    line.list("event.category", info.category);
    line.list("event.type", info.kind);
    line.str("event.action", action);
    line.str("event.outcome", info.outcome);
}

/// The line of an event that a library logged: its fields are labels, because their types are not ours.
fn foreign<'a>(buffer: &'a mut Vec<u8>, event: &tracing::Event<'_>) -> LineWriter<'a> {
    let mut texts = Texts::default();
    event.record(&mut texts);
    let metadata = event.metadata();
    let mut line = LineWriter::begin(buffer, SystemTime::now(), metadata.level().as_str(), &texts.message);
    line.str("event.dataset", Stream::Node.dataset());
    line.str("event.kind", "event");
    line.list("event.category", &["process"]);
    line.list("event.type", &["info"]);
    line.str("event.action", "library-logged");
    line.str("event.outcome", "unknown");
    line.str("log.logger", metadata.target());
    for (name, value) in &texts.others {
        line.str(&format!("labels.{}", name.replace('.', "_")), value);
    }
    line
}

/// Writes an own event's fields under their ECS names.
struct Fields<'a, 'b> {
    line: &'a mut LineWriter<'b>,
}

impl Visit for Fields<'_, '_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.line.u64(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.line.i64(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.line.f64(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.line.bool(field.name(), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.line.str(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            return;
        }
        let text = format!("{value:?}");
        match (field.name().strip_suffix(".address"), text.parse::<SocketAddr>()) {
            (Some(side), Ok(address)) => {
                self.line.str(field.name(), &address.ip().to_string());
                self.line.u64(&format!("{side}.port"), u64::from(address.port()));
            }
            _ => self.line.str(field.name(), &text),
        }
    }
}

/// Collects a foreign event's fields as text.
#[derive(Default)]
struct Texts {
    message: String,
    others: Vec<(&'static str, String)>,
}

impl Visit for Texts {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        write!(text, "{value:?}").expect("a String takes all writes");
        self.keep(field, text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, value.to_owned());
    }
}

impl Texts {
    fn keep(&mut self, field: &Field, mut text: String) {
        text.truncate(text.floor_char_boundary(FOREIGN_BYTES_MAX));
        if field.name() == "message" {
            self.message = text;
        } else {
            self.others.push((field.name(), text));
        }
    }
}
