//! What the telemetry tests share: a node's telemetry with its own folder and console, and a collector.

#![expect(clippy::unwrap_used, reason = "an expectation that fails here ends the test that relied on it")]

use hypercache::config;
use hypercache::config::Config;
use hypercache::telemetry::CommandRecord;
use hypercache::telemetry::Event;
use hypercache::telemetry::Keep;
use hypercache::telemetry::NodeIdentity;
use hypercache::telemetry::Proto;
use hypercache::telemetry::Telemetry;
use hypercache::telemetry::TelemetryGuard;
use hypercache::telemetry::events::lifecycle::NodeReady;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::TraceService;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::TraceServiceServer;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use parking_lot::Mutex;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::io;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use tonic::transport::server::TcpIncoming;

/// Waits until `state` has something to give.
pub fn wait_for<T>(why: &str, mut state: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = state() {
            return found;
        }
        assert!(Instant::now() < until, "waited too long until {why}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Telemetry's default settings with this folder for the logs.
pub fn settings(dir: &Path) -> (config::Telemetry, NodeIdentity) {
    let mut config = Config::default().telemetry;
    config.log.dir = dir.join("logs");
    config.tracing.flush_interval = Duration::from_millis(20);
    (config, NodeIdentity { id: "n1".to_owned(), version: "1.2.3" })
}

/// One node's telemetry.
pub struct Node {
    pub telemetry: Telemetry,
    guard: Option<TelemetryGuard>,
    console: Console,
    dir: tempfile::TempDir,
}

#[derive(Clone, Default)]
struct Console {
    written: Arc<Mutex<Vec<u8>>>,
}

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pipe that nobody reads.
struct Blocked;

impl Write for Blocked {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        loop {
            std::thread::park();
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Node {
    pub fn start(configure: impl FnOnce(&mut config::Telemetry)) -> Self {
        Self::start_with(|_| {}, configure)
    }

    pub fn start_with(prepare: impl FnOnce(&Path), configure: impl FnOnce(&mut config::Telemetry)) -> Self {
        let console = Console::default();
        Self::build(prepare, configure, Box::new(console.clone()), console)
    }

    pub fn start_with_blocked_console() -> Self {
        Self::build(|_| {}, |_| {}, Box::new(Blocked), Console::default())
    }

    fn build(
        prepare: impl FnOnce(&Path),
        configure: impl FnOnce(&mut config::Telemetry),
        out: Box<dyn Write + Send>,
        console: Console,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (mut config, identity) = settings(dir.path());
        configure(&mut config);
        prepare(&config.log.dir);
        let names = vec!["GET".to_owned(), "SET".to_owned()];
        let (telemetry, guard) = Telemetry::builder(&config, &identity, names, vec!["default".to_owned()])
            .console(out)
            .build()
            .unwrap();
        Self { telemetry, guard: Some(guard), console, dir }
    }

    pub fn shutdown(&mut self, within: Duration) {
        self.guard.take().unwrap().shutdown(within);
    }

    pub fn log_dir(&self) -> PathBuf {
        self.dir.path().join("logs")
    }

    pub fn emit_something(&self) {
        self.telemetry.scope(|| NodeReady { duration_ns: 1 }.emit());
    }

    /// The whole lines of a stream's file.
    pub fn lines(&self, stream: &str) -> Vec<Json> {
        let bytes = std::fs::read(self.log_dir().join(format!("{stream}.ndjson"))).unwrap_or_default();
        parse(&bytes)
    }

    /// The whole lines on the console.
    pub fn console(&self) -> Vec<Json> {
        parse(&self.console.written.lock())
    }

    pub fn wait_for_line(&self, stream: &str, wanted: impl Fn(&Json) -> bool) -> Json {
        wait_for("the line is in the file", || self.lines(stream).into_iter().find(&wanted))
    }
}

fn parse(bytes: &[u8]) -> Vec<Json> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let text = std::str::from_utf8(&bytes[..whole]).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

pub fn client() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 7], 51422))
}

pub fn record(keep: Keep, command: u16) -> CommandRecord {
    CommandRecord {
        keep,
        command,
        store: 0,
        service_ns: 1000,
        queue_ns: 300,
        execution_ns: 500,
        ended: SystemTime::now(),
        error: None,
        client: client(),
        client_id: 9,
        client_name: None,
        user: None,
        proto: Proto::Resp3,
        batch_position: 0,
        batch_size: 1,
        request_bytes: 30,
        reply_bytes: 5,
        key: None,
        parent: None,
        hit: None,
        evicted: (0, 0),
        miss_reason: None,
    }
}

/// The value of one series on a page, by everything before the blank.
pub fn value_of(page: &str, series: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not on the page:\n{page}")).parse().unwrap()
}

/// Checks what every line must have.
pub fn check_line(line: &Json, stream: &str) {
    let texts = [
        "@timestamp",
        "log.level",
        "message",
        "ecs.version",
        "event.dataset",
        "event.kind",
        "event.action",
        "event.outcome",
        "service.name",
        "service.version",
        "service.node.name",
    ];
    for field in texts {
        assert!(line[field].is_string(), "{field} in {line}");
    }
    for field in ["event.category", "event.type"] {
        assert!(line[field].as_array().is_some_and(|list| list.iter().all(Json::is_string)), "{line}");
    }
    assert!(line["event.sequence"].is_u64() && line["process.pid"].is_u64(), "{line}");
    assert_eq!(line["event.dataset"], format!("hypercache.{stream}"));
    assert!(line.get("level").is_none());
    let stamp = line["@timestamp"].as_str().unwrap();
    assert!(stamp.len() == 27 && stamp.ends_with('Z'), "{stamp}");
    let time = humantime::parse_rfc3339(stamp).unwrap();
    assert!(
        SystemTime::now().duration_since(time).is_ok_and(|age| age < Duration::from_secs(600)),
        "{stamp}"
    );
    if line["event.action"].as_str().is_some_and(|action| action.starts_with("command-")) {
        for field in ["event.duration", "hypercache.queue_ns", "hypercache.execute_ns", "client.port"] {
            assert!(line[field].is_u64(), "{field} in {line}");
        }
        assert!(line["sample.weight"].is_f64() && line["sample.reason"].is_string(), "{line}");
        assert_eq!(line["network.protocol"], "resp");
        assert_eq!(line["hypercache.store"], "default");
    }
}

/// Asks Prometheus's own tool about a page.
pub fn promtool(page: &str) {
    let tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut tool = match tool {
        Ok(tool) => tool,
        Err(error) => {
            eprintln!("SKIPPED: promtool cannot be run ({error}); the page is not checked by it");
            return;
        }
    };
    tool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "promtool: {said}");
}

/// An attribute of a span as text.
pub fn attribute(span: &Span, name: &str) -> String {
    text(&span.attributes, name).unwrap_or_else(|| panic!("{name} in {span:#?}"))
}

fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    Some(match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::DoubleValue(number) => number.to_string(),
        Value::BoolValue(truth) => truth.to_string(),
        other => panic!("{name} is {other:?}"),
    })
}

/// A collector in this process that keeps what it gets.
pub struct Collector {
    address: SocketAddr,
    received: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    _runtime: tokio::runtime::Runtime,
}

struct Keeper {
    received: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    delay: Duration,
}

#[tonic::async_trait]
impl TraceService for Keeper {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        tokio::time::sleep(self.delay).await;
        self.received.lock().push(request.into_inner());
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    pub fn start() -> Self {
        Self::start_slow(Duration::ZERO)
    }

    /// One that takes its time over each answer.
    pub fn start_slow(delay: Duration) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let service = TraceServiceServer::new(Keeper { received: received.clone(), delay });
        runtime.spawn(
            tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming(TcpIncoming::from(listener)),
        );
        Self { address, received, _runtime: runtime }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn spans(&self) -> Vec<Span> {
        let received = self.received.lock();
        let scopes =
            received.iter().flat_map(|request| &request.resource_spans).flat_map(|part| &part.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    pub fn wait_for_spans(&self, count: usize) -> Vec<Span> {
        wait_for("the spans are exported", || Some(self.spans()).filter(|spans| spans.len() >= count))
    }

    /// The attributes of the resource that the spans belong to.
    pub fn resource(&self) -> HashMap<String, String> {
        let received = self.received.lock();
        let resource = received[0].resource_spans[0].resource.clone().unwrap();
        let names =
            ["service.name", "service.version", "service.instance.id", "service.node.name", "host.name"];
        names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), text(&resource.attributes, name)?)))
            .collect()
    }
}
