//! Puts telemetry together: recorder, subscriber, threads.

use crate::config;
use crate::config::TracingMode;
use crate::telemetry::Inner;
use crate::telemetry::NodeIdentity;
use crate::telemetry::Telemetry;
use crate::telemetry::TelemetryGuard;
use crate::telemetry::catalogue;
use crate::telemetry::commands::CommandTelemetry;
use crate::telemetry::commands::Inbox;
use crate::telemetry::commands::QUEUE_RECORDS;
use crate::telemetry::definition::Kind;
use crate::telemetry::definition::Source;
use crate::telemetry::error::TelemetryError;
use crate::telemetry::events::lifecycle::PanicCaught;
use crate::telemetry::export::ExportSettings;
use crate::telemetry::export::SpanQueue;
use crate::telemetry::files::Limits;
use crate::telemetry::http::HttpTelemetry;
use crate::telemetry::limiter::Limiter;
use crate::telemetry::line::LineContext;
use crate::telemetry::line::Stream;
use crate::telemetry::logging::LogLayer;
use crate::telemetry::meters::Meters;
use crate::telemetry::own::OwnMeters;
use crate::telemetry::processor::QueueProcessor;
use crate::telemetry::redaction::Redaction;
use crate::telemetry::sampler::Plan;
use crate::telemetry::sampler::Sampler;
use crate::telemetry::spans::SpanBuilder;
use crate::telemetry::voice::Voice;
use crate::telemetry::worker::Worker;
use crate::telemetry::writer;
use crate::telemetry::writer::LogWriter;
use crate::telemetry::writer::Outlets;
use crossbeam_channel::Receiver;
use metrics_exporter_prometheus::Matcher;
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_exporter_prometheus::PrometheusRecorder;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::Sampler as SdkSampler;
use opentelemetry_sdk::trace::SdkTracerProvider;
use parking_lot::Mutex;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::AcqRel;
use std::sync::atomic::Ordering::Acquire;
use tracing::Dispatch;
use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterExt;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::reload;

/// Libraries that the span exporter itself runs on: were they logged, each export would cause lines.
/// Targets match by prefix: `hyper` would silence `hypercache`.
const SILENT: &str = "h2=off,hyper_util=off,tonic=off,tower=off,opentelemetry=off,\
                      opentelemetry_sdk=off,opentelemetry_otlp=off";

/// Sets the log filter.
pub(super) type SetFilter = Box<dyn Fn(&str) -> Result<(), TelemetryError> + Send + Sync>;

/// Telemetry that is being put together.
pub struct Builder<'a> {
    config: &'a config::Telemetry,
    node: &'a NodeIdentity,
    commands: Vec<String>,
    stores: Vec<String>,
    console: Option<Box<dyn Write + Send>>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        config: &'a config::Telemetry,
        node: &'a NodeIdentity,
        commands: Vec<String>,
        stores: Vec<String>,
    ) -> Self {
        Self { config, node, commands, stores, console: None }
    }

    /// Takes the place of standard output.
    #[must_use]
    pub fn console(mut self, out: Box<dyn Write + Send>) -> Self {
        self.console = Some(out);
        self
    }

    /// Starts everything, but leaves the process's global recorder and subscriber alone: `Telemetry::scope` says
    /// which code belongs to it. Several such can live in one process.
    pub fn build(self) -> Result<(Telemetry, TelemetryGuard), TelemetryError> {
        let config = self.config;
        let recorder = Arc::new(recorder()?);
        let voice = Arc::new(Voice::new(recorder.clone()));
        let own = Arc::new(metrics::with_local_recorder(&*recorder, OwnMeters::new));
        let context = Arc::new(LineContext::new(&config.service_name, self.node.version, &self.node.id));
        let outlets = outlets(&config.log, self.console)?;
        let writer = LogWriter::start(outlets, &context, &own, &voice)?;
        let (spans, spans_done) = match export_settings(&config.tracing) {
            Some(settings) => {
                let resource = resource(&config.service_name, self.node);
                SpanQueue::start(settings, &resource, &own, &voice)
                    .map(|(queue, done)| (Some(queue), Some(done)))?
            }
            None => (None, None),
        };
        let limiter = Arc::new(Limiter::default());
        let log = LogLayer {
            writer: writer.clone(),
            context: context.clone(),
            own: own.clone(),
            limiter: limiter.clone(),
        };
        let (dispatch, set_filter) = subscriber(&config.log.level, log, spans.as_ref())?;
        voice.attach(&dispatch);

        let meters = Meters::new(self.commands, self.stores);
        let plan = plan(config, spans.is_some());
        let sampler = Sampler::new(meters.command_names().len(), plan);
        let (sender, receiver) = crossbeam_channel::bounded(QUEUE_RECORDS);
        let inbox = Arc::new(Inbox::new(sender, own.clone()));
        let slow = config.slow_command;
        let commands = Arc::new(CommandTelemetry::new(sampler.clone(), meters.clone(), inbox.clone(), slow));
        let http = HttpTelemetry::new(sampler.clone(), commands.clone(), inbox.clone(), voice.clone());
        let redaction = Redaction::new(config.log.keys);
        let worker = Worker {
            receiver,
            sampler,
            meters: meters.clone(),
            builder: SpanBuilder::new(self.node.version),
            redaction: redaction.clone(),
            writer: writer.clone(),
            context,
            own: own.clone(),
            limiter,
            voice: voice.clone(),
            spans: spans.clone(),
            exporter: recorder.handle(),
            stop: Arc::default(),
            chunk: Vec::new(),
            chunk_lines: 0,
        };
        let inner = Inner {
            meters,
            commands,
            http,
            voice,
            own,
            writer,
            spans,
            inbox,
            exporter: recorder.handle(),
            dispatch,
            set_filter,
            level: Mutex::new(config.log.level.clone()),
            sources: Mutex::new(Vec::new()),
            redaction,
        };
        set_capacities(&inner);
        start_worker(worker, inner, spans_done)
    }

    /// Starts everything and makes it the process's own: once per process.
    pub fn install(self) -> Result<(Telemetry, TelemetryGuard), TelemetryError> {
        static INSTALLED: AtomicBool = AtomicBool::new(false);
        if INSTALLED.load(Acquire) {
            return Err(TelemetryError::AlreadyStarted);
        }
        let (telemetry, guard) = self.build()?;
        if INSTALLED.swap(true, AcqRel) {
            return Err(TelemetryError::AlreadyStarted);
        }
        let recorder = telemetry.inner.voice.recorder.clone();
        metrics::set_global_recorder(recorder).map_err(|error| TelemetryError::Install(error.to_string()))?;
        tracing::dispatcher::set_global_default(telemetry.inner.dispatch.clone())
            .map_err(|error| TelemetryError::Install(error.to_string()))?;
        tell_panics();
        Ok((telemetry, guard))
    }
}

/// Starts the telemetry thread, the last piece.
fn start_worker(
    worker: Worker,
    inner: Inner,
    spans_done: Option<Receiver<()>>,
) -> Result<(Telemetry, TelemetryGuard), TelemetryError> {
    let stop = worker.stop.clone();
    let (done, worker_done) = crossbeam_channel::bounded(1);
    let thread = std::thread::Builder::new().name("hc-telemetry".to_owned()).spawn(move || {
        worker.run();
        done.try_send(()).ok();
    })?;
    inner.inbox.attach(thread.thread().clone());
    let telemetry = Telemetry { inner: Arc::new(inner) };
    let guard =
        TelemetryGuard { telemetry: telemetry.clone(), stop, worker_done, spans_done, finished: false };
    Ok((telemetry, guard))
}

fn set_capacities(inner: &Inner) {
    inner.own.command_capacity.set(QUEUE_RECORDS as f64);
    inner.own.log_capacity.set(writer::BYTES_MAX as f64);
    inner.own.span_capacity.set(inner.spans.as_ref().map_or(0, |spans| spans.capacity()) as f64);
}

/// What the sampler aims at; without a receiver no span is wanted.
fn plan(config: &config::Telemetry, exporting: bool) -> Plan {
    let tracing = &config.tracing;
    let mode = if exporting { tracing.mode } else { TracingMode::Off };
    Plan::new(mode, tracing.span_budget, tracing.max_ratio, config.log.command_log, config.log.command_budget)
}

/// A recorder that knows the catalogue.
fn recorder() -> Result<PrometheusRecorder, TelemetryError> {
    let mut builder = PrometheusBuilder::new();
    let histograms = catalogue::CATALOGUE
        .iter()
        .filter(|metric| metric.kind == Kind::Histogram && metric.source == Source::Facade);
    for metric in histograms {
        builder = builder
            .set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), metric.buckets)
            .map_err(|error| TelemetryError::Buckets(error.to_string()))?;
    }
    let recorder = builder.build_recorder();
    catalogue::describe(&recorder);
    Ok(recorder)
}

fn outlets(log: &config::Log, console: Option<Box<dyn Write + Send>>) -> std::io::Result<Outlets> {
    let files = log.files.then(|| Limits {
        dir: log.dir.clone(),
        max_file_size: log.max_file_size,
        max_files: log.max_files,
    });
    let console = match console {
        // The descriptor itself: `Stdout` would hold a lock that others in the process may want.
        None if log.stdout => {
            let out = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
            Some(Box::new(out) as Box<dyn Write + Send>)
        }
        other => other.filter(|_| log.stdout),
    };
    Ok(Outlets { files, console })
}

fn export_settings(tracing: &config::Tracing) -> Option<ExportSettings> {
    let endpoint = tracing.endpoint.clone().filter(|_| tracing.mode != TracingMode::Off)?;
    Some(ExportSettings {
        endpoint,
        timeout: tracing.timeout,
        queue: tracing.queue,
        batch: tracing.batch,
        flush_interval: tracing.flush_interval,
    })
}

fn resource(service: &str, node: &NodeIdentity) -> Resource {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    Resource::builder()
        .with_attributes([
            KeyValue::new("service.name", service.to_owned()),
            KeyValue::new("service.version", node.version),
            KeyValue::new("service.instance.id", node.id.clone()),
            KeyValue::new("service.node.name", node.id.clone()),
            KeyValue::new("host.name", host),
            KeyValue::new("process.pid", i64::from(std::process::id())),
        ])
        .build()
}

fn subscriber(
    level: &str,
    log: LogLayer,
    spans: Option<&Arc<SpanQueue>>,
) -> Result<(Dispatch, SetFilter), TelemetryError> {
    let (filter, handle) = reload::Layer::new(parse_filter(level)?);
    // Who came in and what was changed is told at any level.
    let audit = filter_fn(|metadata| metadata.target() == Stream::Audit.target());
    let subscriber =
        tracing_subscriber::registry().with(spans.map(operations)).with(log.with_filter(filter.or(audit)));
    let set_filter: SetFilter = Box::new(move |text| {
        let refused = |reason: String| TelemetryError::LogLevel { filter: text.to_owned(), reason };
        handle.reload(parse_filter(text)?).map_err(|error| refused(error.to_string()))
    });
    Ok((Dispatch::new(subscriber), set_filter))
}

/// The layer that makes spans of operations.
fn operations<S>(queue: &Arc<SpanQueue>) -> impl Layer<S> + use<S>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let provider = SdkTracerProvider::builder()
        .with_sampler(SdkSampler::AlwaysOn)
        .with_span_processor(QueueProcessor { queue: queue.clone() })
        .build();
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("hypercache"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_level(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|metadata| {
            metadata.target().starts_with("hypercache") && *metadata.level() <= Level::INFO
        }))
}

fn parse_filter(text: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::builder()
        .parse(format!("{SILENT},{text}"))
        .map_err(|error| TelemetryError::LogLevel { filter: text.to_owned(), reason: error.to_string() })
}

/// Tells panics as events, then lets the usual message go to standard error.
fn tell_panics() {
    use crate::telemetry::event::Event;
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        let current = std::thread::current();
        let thread = current.name().unwrap_or("unnamed");
        PanicCaught { message, location: &location, thread }.emit();
        before(panic);
    }));
}
