//! Telemetry from the outside: what a collector, a log file, a console and a scrape get to see.

mod telemetry_support;

use hypercache::config::CommandLog;
use hypercache::config::KeyRedaction;
use hypercache::config::TracingMode;
use hypercache::telemetry::CommandError;
use hypercache::telemetry::CommandSample;
use hypercache::telemetry::Event;
use hypercache::telemetry::HttpOutcome;
use hypercache::telemetry::Proto;
use hypercache::telemetry::Reason;
use hypercache::telemetry::Telemetry;
use hypercache::telemetry::TelemetryError;
use hypercache::telemetry::TraceContext;
use hypercache::telemetry::catalogue;
use hypercache::telemetry::events::config::ConfigChanged;
use hypercache::telemetry::events::connection::ConnectionRefused;
use hypercache::telemetry::events::lifecycle::NodeReady;
use hypercache::telemetry::events::security::AuthenticationFailed;
use hypercache::telemetry::operation;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use std::collections::HashSet;
use std::time::Duration;
use std::time::Instant;
use std::time::UNIX_EPOCH;
use telemetry_support::Collector;
use telemetry_support::Node;
use telemetry_support::attribute;
use telemetry_support::check_line;
use telemetry_support::client;
use telemetry_support::record;
use telemetry_support::value_of;
use telemetry_support::wait_for;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no span {name} in {spans:#?}"))
}

#[test]
fn a_command_becomes_a_span_with_its_true_times_and_its_callers_parent() {
    let collector = Collector::start();
    let node = Node::start(|config| {
        config.tracing.endpoint = Some(collector.endpoint());
        config.log.keys = KeyRedaction::Prefix;
    });
    let parent = TraceContext::parse(PARENT, Some("vendor=7")).unwrap();
    let keep = node.telemetry.commands().keep(1, true, 3_000_000, Some(&parent)).unwrap();
    assert_eq!((keep.reason, keep.span_ratio, keep.line_ratio), (Reason::Error, Some(1.0), Some(1.0)));
    let mut command = record(keep, 1);
    command.ended = UNIX_EPOCH + Duration::new(1_790_000_000, 123_456_789);
    command.service_ns = 3_000_000;
    command.queue_ns = 1_000_000;
    command.execution_ns = 1_500_000;
    command.key = Some(b"sess:42".as_slice().into());
    command.parent = Some(parent);
    command.error = Some(CommandError { kind: "WRONGTYPE".into(), message: "no 'secret' here".into() });
    node.telemetry.commands().offer(command);

    let spans = collector.wait_for_spans(1);
    let span = named(&spans, "SET");
    assert_eq!(span.kind(), SpanKind::Server);
    assert_eq!(span.end_time_unix_nano, 1_790_000_000_123_456_789);
    assert_eq!(span.start_time_unix_nano, 1_790_000_000_120_456_789);
    assert_eq!(span.trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes());
    assert_eq!(span.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    assert_eq!(span.trace_state, "vendor=7");
    for (name, value) in [
        ("hypercache.sampling.ratio", "1"),
        ("hypercache.sampling.reason", "error"),
        ("db.system.name", "redis"),
        ("db.operation.name", "SET"),
        ("db.namespace", "default"),
        ("error.type", "WRONGTYPE"),
        ("client.address", "10.0.0.7"),
        ("client.port", "51422"),
        ("network.protocol.version", "3"),
        ("hypercache.key.prefix", "sess"),
    ] {
        assert_eq!(attribute(span, name), value, "{name}");
    }
    let status = span.status.as_ref().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "no '?' here"));
    let executing = span.events.iter().find(|event| event.name == "executing").unwrap();
    assert_eq!(executing.time_unix_nano, 1_790_000_000_121_456_789);
    let resource = collector.resource();
    assert_eq!(resource["service.name"], "hypercache");
    assert_eq!(
        (resource["service.node.name"].as_str(), resource["service.version"].as_str()),
        ("n1", "1.2.3")
    );
    wait_for("the export is counted", || {
        let exported = "hypercache_telemetry_spans_total{reason=\"error\",result=\"exported\"}";
        (value_of(&node.telemetry.render(), exported) == 1.0).then_some(())
    });
}

#[test]
fn an_unsampled_parent_gets_a_link_and_a_new_trace() {
    let collector = Collector::start();
    let node = Node::start(|config| config.tracing.endpoint = Some(collector.endpoint()));
    let parent = TraceContext::parse(&PARENT.replace("-01", "-00"), None).unwrap();
    let keep = node.telemetry.commands().keep(0, false, 1000, Some(&parent)).unwrap();
    assert_eq!(keep.reason, Reason::First);
    let mut command = record(keep, 0);
    command.parent = Some(parent);
    node.telemetry.commands().offer(command);
    let spans = collector.wait_for_spans(1);
    let span = named(&spans, "GET");
    assert!(span.parent_span_id.is_empty());
    assert_eq!(span.links[0].span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    assert_ne!(span.trace_id, span.links[0].trace_id);
    assert_eq!(span.trace_state, "ot=th:0");
}

#[test]
fn thinned_spans_carry_the_ratio_that_restores_the_count() {
    let collector = Collector::start();
    let node = Node::start(|config| {
        config.tracing.endpoint = Some(collector.endpoint());
        config.tracing.span_budget = 100;
        config.log.command_log = CommandLog::Off;
    });
    let commands = node.telemetry.commands();
    let (mut kept, mut weight) = (0, 0.0);
    for _ in 0..200_000 {
        if let Some(keep) = commands.keep(0, false, 1000, None) {
            kept += 1;
            weight += 1.0 / keep.span_ratio.unwrap();
            commands.offer(record(keep, 0));
        }
    }
    assert!(kept < 20_000, "{kept} kept");
    let spans = collector.wait_for_spans(kept);
    let told: f64 = spans
        .iter()
        .map(|span| 1.0 / attribute(span, "hypercache.sampling.ratio").parse::<f64>().unwrap())
        .sum();
    assert!((told - weight).abs() < weight * 1e-9, "spans stand for {told}, kept were {weight}");
    assert!(spans.iter().any(|span| span.trace_state.starts_with("ot=th:") && span.trace_state != "ot=th:0"));
}

#[test]
fn operations_travel_the_same_way_and_quick_periodic_ones_stay_quiet() {
    let collector = Collector::start();
    let node = Node::start(|config| config.tracing.endpoint = Some(collector.endpoint()));
    node.telemetry.scope(|| {
        operation::EXPIRY_CYCLE.start().succeed();
        let outer = operation::NODE_START.start();
        outer.scope(|| operation::STORE_FLUSH.start().fail("io", "no space"));
        outer.succeed();
        drop(operation::NODE_STOP.start());
    });
    let spans = collector.wait_for_spans(3);
    assert!(spans.iter().all(|span| span.name != "expiry.cycle"), "{spans:#?}");
    let (outer, inner) = (named(&spans, "node.start"), named(&spans, "store.flush"));
    assert_eq!((&inner.parent_span_id, &inner.trace_id), (&outer.span_id, &outer.trace_id));
    assert_eq!(inner.status.as_ref().unwrap().message, "no space");
    assert_eq!(attribute(inner, "error.type"), "io");
    assert_eq!(attribute(inner, "hypercache.sampling.reason"), "operation");
    assert_eq!(attribute(named(&spans, "node.stop"), "hypercache.outcome"), "cancelled");
    assert!(inner.end_time_unix_nano >= inner.start_time_unix_nano);
    let failed = node.wait_for_line("node", |line| line["event.action"] == "operation-failed");
    let span_id: String = inner.span_id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(failed["span.id"], span_id);
    let page = node.telemetry.render();
    let cycles = "hypercache_operation_duration_seconds_count{operation=\"expiry.cycle\",outcome=\"ok\"}";
    assert_eq!(value_of(&page, cycles), 1.0);
    assert_eq!(value_of(&page, "hypercache_expiry_cycle_duration_seconds_count"), 1.0);
}

#[test]
fn an_http_request_is_the_parent_of_its_commands() {
    let collector = Collector::start();
    let node = Node::start(|config| config.tracing.endpoint = Some(collector.endpoint()));
    let request = node.telemetry.http().begin(Some(PARENT), None);
    assert_eq!(request.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    let context = request.context();
    assert!(context.sampled);
    let keep = node.telemetry.commands().keep(0, false, 1000, Some(&context)).unwrap();
    assert_eq!(keep.reason, Reason::Parent);
    let mut command = record(keep, 0);
    command.proto = Proto::Http;
    command.parent = Some(context);
    node.telemetry.commands().offer(command);
    request.finish(HttpOutcome {
        method: "GET",
        route: "/api/cache/{key}",
        status: 200,
        client: client(),
        request_bytes: 0,
        response_bytes: 5,
    });
    let mut cancelled = node.telemetry.http().begin(None, None);
    cancelled.describe("BREW", "/api/cache/{key}", client());
    drop(cancelled);
    let spans = collector.wait_for_spans(3);
    let (http, command) = (named(&spans, "GET /api/cache/{key}"), named(&spans, "GET"));
    assert_eq!(command.parent_span_id, http.span_id);
    assert_eq!(command.kind(), SpanKind::Internal);
    assert_eq!(http.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    assert_eq!(attribute(http, "http.response.status_code"), "200");
    assert_eq!(attribute(named(&spans, "_OTHER /api/cache/{key}"), "http.response.status_code"), "499");
    let page = node.telemetry.render();
    let requests = "http_server_request_duration_seconds_count{http_request_method=\"GET\",\
                    http_route=\"/api/cache/{key}\",http_response_status_code=\"200\"}";
    assert_eq!(value_of(&page, requests), 1.0);
    let line = node.wait_for_line("command", |line| line["event.action"] == "http-request");
    assert_eq!(line["trace.id"], "4bf92f3577b34da6a3ce929d0e0e4736");
}

#[test]
fn a_shutdown_waits_for_a_slow_collector_while_there_is_time() {
    let collector = Collector::start_slow(Duration::from_millis(300));
    let mut node = Node::start(|config| {
        config.tracing.endpoint = Some(collector.endpoint());
        config.tracing.mode = TracingMode::All;
        config.tracing.batch = 4;
        config.log.command_log = CommandLog::Off;
    });
    let commands = node.telemetry.commands().clone();
    let offer = || commands.offer(record(commands.keep(0, false, 1000, None).unwrap(), 0));
    (0..4).for_each(|_| offer());
    let waiting = "hypercache_telemetry_queue_length{signal=\"span\"}";
    wait_for("the first export is under way", || {
        let records =
            value_of(&node.telemetry.render(), "hypercache_telemetry_queue_length{signal=\"command\"}");
        (records == 0.0 && value_of(&node.telemetry.render(), waiting) == 0.0).then_some(())
    });
    (0..6).for_each(|_| offer());
    node.shutdown(Duration::from_secs(60));
    assert_eq!(collector.spans().len(), 10);
    let exported = ["first", "adaptive"].map(|reason| {
        let series = format!("hypercache_telemetry_spans_total{{reason=\"{reason}\",result=\"exported\"}}");
        value_of(&node.telemetry.render(), &series)
    });
    assert_eq!(exported, [1.0, 9.0]);
}

#[test]
fn a_collector_that_never_answers_costs_nothing_but_counted_spans() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for address in [silent.local_addr().unwrap(), gone] {
        let mut node = Node::start(|config| {
            config.tracing.endpoint = Some(format!("http://{address}"));
            config.tracing.mode = TracingMode::All;
            config.tracing.queue = 64;
            config.tracing.batch = 16;
            config.tracing.timeout = Duration::from_millis(1500);
            config.log.command_log = CommandLog::Off;
        });
        let commands = node.telemetry.commands().clone();
        let mut slowest = Duration::ZERO;
        for _ in 0..20_000 {
            let keep = commands.keep(0, false, 1000, None).unwrap();
            let command = record(keep, 0);
            let began = Instant::now();
            commands.offer(command);
            slowest = slowest.max(began.elapsed());
        }
        // The scheduler may take its share; a wait for the collector would be its whole timeout.
        assert!(slowest < Duration::from_secs(1), "one offer took {slowest:?}");
        let began = Instant::now();
        node.shutdown(Duration::from_secs(2));
        assert!(began.elapsed() < Duration::from_secs(10), "shutdown took {:?}", began.elapsed());
        let page = wait_for("every command is accounted for", || {
            let page = node.telemetry.render();
            let mut lost =
                value_of(&page, "hypercache_telemetry_records_dropped_total{reason=\"queue_full\"}");
            for stage in ["queue_full", "export_failed", "shutdown"] {
                let series = format!("hypercache_telemetry_spans_dropped_total{{stage=\"{stage}\"}}");
                lost += value_of(&page, &series);
            }
            (lost == 20_000.0).then_some(page)
        });
        assert!(value_of(&page, "hypercache_telemetry_spans_dropped_total{stage=\"queue_full\"}") > 0.0);
    }
}

#[test]
fn every_line_has_the_fields_and_types_it_should() {
    let node = Node::start(|config| config.log.command_log = CommandLog::All);
    let commands = node.telemetry.commands();
    for (failed, service_ns) in [(false, 1000), (true, 1000), (false, 50_000_000)] {
        let keep = commands.keep(0, failed, service_ns, None).unwrap();
        let mut command = record(keep, 0);
        command.service_ns = service_ns;
        command.key = Some([0xff, b'"', b'\n'].as_slice().into());
        command.client_name = Some("na\"me\u{1}".into());
        command.hit = Some(false);
        command.miss_reason = Some("evicted");
        command.error = failed.then(|| CommandError { kind: "ERR".into(), message: "bad 'x'".into() });
        commands.offer(command);
    }
    node.telemetry.http().begin(None, None).finish(HttpOutcome {
        method: "GET",
        route: "/health",
        status: 503,
        client: client(),
        request_bytes: 1,
        response_bytes: 2,
    });
    node.telemetry.scope(|| {
        let (client, method) = (client(), "AUTH");
        AuthenticationFailed { client, client_id: 1, user: None, method, reason: "wrong_password" }.emit();
        ConnectionRefused { client, reason: "max_connections", limit: 1, protocol: "resp" }.emit();
    });
    node.wait_for_line("command", |line| line["event.action"] == "http-request");
    node.wait_for_line("node", |line| line["event.action"] == "connection-refused");
    let audit = node.wait_for_line("audit", |line| line["event.action"] == "authentication-failed");
    assert_eq!((&audit["client.address"], &audit["client.port"]), (&"10.0.0.7".into(), &51422.into()));
    assert!(audit.get("user.name").is_none(), "what is not known is left out");

    let mut sequences = HashSet::new();
    for stream in ["node", "command", "audit"] {
        for line in node.lines(stream) {
            check_line(&line, stream);
            assert!(sequences.insert(line["event.sequence"].as_u64().unwrap()), "{line}");
        }
    }
    assert!(sequences.len() >= 9, "{} lines", sequences.len());
    let commands = node.lines("command");
    let levels: Vec<_> = commands[1..4].iter().map(|line| line["log.level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["INFO", "ERROR", "WARN"]);
    assert_eq!(commands[2]["error.message"], "bad '?'");
    assert_eq!(commands[3]["event.action"], "command-slow");
    assert_eq!(commands[3]["event.duration"], 50_000_000);
    assert_eq!(commands[1]["hypercache.client.name"], "na\"me\u{1}");
    assert_eq!(commands[1]["hypercache.key.hash"].as_str().unwrap().len(), 16);
    let on_console = node.console();
    assert!(on_console.iter().all(|line| line["event.dataset"] != "hypercache.command"), "{on_console:?}");
}

#[test]
fn with_a_log_of_all_commands_each_has_a_line_or_is_counted_as_lost() {
    let mut node = Node::start(|config| config.log.command_log = CommandLog::All);
    let commands = node.telemetry.commands().clone();
    for n in 0..20_000 {
        let keep = commands.keep(n % 2, false, 1000, None).unwrap();
        assert_eq!(keep.line_ratio, Some(1.0));
        commands.offer(record(keep, n % 2));
    }
    node.shutdown(Duration::from_secs(30));
    let page = node.telemetry.render();
    let lost = value_of(&page, "hypercache_telemetry_records_dropped_total{reason=\"queue_full\"}");
    let lines = node.lines("command");
    let told = lines.iter().filter(|line| line["event.action"] == "command-executed").count();
    assert_eq!(told as f64 + lost, 20_000.0, "{lost} counted as lost");
    assert!(told > 0 && lines.iter().all(|line| line.get("trace.id").is_none()), "no receiver, no span");
}

#[test]
fn the_page_passes_promtool_and_no_family_is_torn() {
    let node = Node::start(|config| config.log.command_log = CommandLog::All);
    let meters = node.telemetry.meters();
    for (command, failed) in [(0, false), (1, true)] {
        meters.command(CommandSample { command, store: 0, failed, service_ns: 1500, execution_ns: 900 });
    }
    meters.error(1, "WRONGTYPE");
    node.telemetry.on_scrape(Box::new(|| catalogue::STORE_KEYS.of(&["default", "all"]).set(7.0)));
    node.telemetry.scope(|| operation::EXPIRY_CYCLE.start().succeed());
    node.telemetry.render();
    let page = node.telemetry.render();

    let bucket =
        "hypercache_command_duration_seconds_bucket{command=\"GET\",store=\"default\",outcome=\"ok\",le=";
    for (le, count) in [("0.000001", 0.0), ("0.000002", 1.0), ("+Inf", 1.0)] {
        assert_eq!(value_of(&page, &format!("{bucket}\"{le}\"}}")), count, "{le}");
    }
    assert_eq!(value_of(&page, "hypercache_store_keys{store=\"default\",kind=\"all\"}"), 7.0);
    let errors = "hypercache_command_errors_total{command=\"SET\",error_type=\"WRONGTYPE\"}";
    assert_eq!(value_of(&page, errors), 1.0);
    assert!(value_of(&page, "process_resident_memory_bytes") > 1e6);
    assert!(value_of(&page, "hypercache_telemetry_series") > 100.0);

    let mut families = HashSet::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        assert!(families.insert(name), "{name} is there twice");
        let known = catalogue::CATALOGUE.iter().find(|metric| metric.name == name);
        assert_eq!(known.map(|metric| metric.kind.as_str()), Some(kind), "{name}");
    }
    telemetry_support::promtool(&page);
}

#[test]
fn a_full_disk_is_counted_told_on_the_console_and_survived() {
    let node = Node::start_with(
        |dir| {
            std::fs::create_dir_all(dir).unwrap();
            std::os::unix::fs::symlink("/dev/full", dir.join("node.ndjson")).unwrap();
        },
        |_| {},
    );
    let dropped =
        "hypercache_telemetry_log_lines_dropped_total{stream=\"node\",sink=\"file\",reason=\"io_error\"}";
    node.emit_something();
    wait_for("the loss is counted", || (value_of(&node.telemetry.render(), dropped) >= 1.0).then_some(()));
    wait_for("the loss is told on the console", || {
        node.console().iter().any(|line| line["event.action"] == "telemetry-degraded").then_some(())
    });
    std::fs::remove_file(node.log_dir().join("node.ndjson")).unwrap();
    wait_for("the file is back", || {
        node.emit_something();
        node.lines("node").iter().any(|line| line["event.action"] == "telemetry-recovered").then_some(())
    });
}

#[test]
fn a_blocked_console_holds_up_neither_the_caller_nor_the_files() {
    let mut node = Node::start_with_blocked_console();
    let began = Instant::now();
    for _ in 0..20_000 {
        node.telemetry.scope(|| NodeReady { duration_ns: 1 }.emit());
    }
    assert!(began.elapsed() < Duration::from_secs(30), "20 000 events took {:?}", began.elapsed());
    let lost = |page: &str, sink: &str| {
        let series = format!(
            "hypercache_telemetry_log_lines_dropped_total{{stream=\"node\",sink=\"{sink}\",reason=\"queue_full\"}}"
        );
        value_of(page, &series)
    };
    assert!(lost(&node.telemetry.render(), "stdout") > 0.0);
    let lines = "hypercache_telemetry_log_lines_total{stream=\"node\",level=\"INFO\"}";
    wait_for("the files have every line that was not counted as lost", || {
        let page = node.telemetry.render();
        let expected = value_of(&page, lines) - lost(&page, "file");
        (node.lines("node").len() as f64 == expected).then_some(())
    });
    let began = Instant::now();
    node.shutdown(Duration::from_millis(300));
    assert!(began.elapsed() < Duration::from_secs(10), "shutdown took {:?}", began.elapsed());
}

#[test]
fn the_log_level_changes_while_running_and_audit_lines_are_told_at_any() {
    let node = Node::start(|config| config.log.level = "error".to_owned());
    assert_eq!(node.telemetry.log_level(), "error");
    node.emit_something();
    node.telemetry.scope(|| {
        let (old, new, user) = ("10ms", "1ms", "default");
        ConfigChanged { name: "slow_command", old, new, user, client: client() }.emit();
    });
    node.wait_for_line("audit", |line| line["event.action"] == "config-changed");
    assert!(node.lines("node").is_empty());
    assert!(matches!(node.telemetry.set_log_level("=nonsense="), Err(TelemetryError::LogLevel { .. })));
    assert_eq!(node.telemetry.log_level(), "error");
    node.telemetry.set_log_level("info").unwrap();
    node.emit_something();
    node.wait_for_line("node", |line| line["event.action"] == "node-ready");
    assert_eq!(value_of(&node.telemetry.render(), "hypercache_config_changes_total"), 1.0);
}

#[test]
fn repeated_faults_fold_into_one_line() {
    let mut node = Node::start(|_| {});
    node.telemetry.scope(|| {
        for _ in 0..500 {
            ConnectionRefused { client: client(), reason: "max_connections", limit: 1, protocol: "resp" }
                .emit();
        }
    });
    node.shutdown(Duration::from_secs(10));
    let lines = node.lines("node");
    let told = lines.iter().filter(|line| line["event.action"] == "connection-refused").count() as u64;
    let folded = lines.iter().filter(|line| line["event.action"] == "telemetry-log-suppressed");
    let suppressed: u64 = folded.map(|line| line["hypercache.suppressed.count"].as_u64().unwrap()).sum();
    assert!(told < 100 && told + suppressed == 500, "{told} told, {suppressed} suppressed");
    let rejected = "hypercache_connections_rejected_total{reason=\"max_connections\"}";
    assert_eq!(value_of(&node.telemetry.render(), rejected), 500.0);
}

#[test]
fn it_starts_once_per_process_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (mut config, identity) = telemetry_support::settings(dir.path());
    config.log.stdout = false;
    let start = || Telemetry::start(&config, &identity, vec!["GET".into()], vec!["default".into()]);
    let (telemetry, guard) = start().unwrap();
    assert!(matches!(start(), Err(TelemetryError::AlreadyStarted)));
    // The panic hook is the process's: a panic in any thread is told.
    std::thread::Builder::new()
        .name("doomed".into())
        .spawn(|| panic!("on purpose"))
        .unwrap()
        .join()
        .unwrap_err();
    guard.shutdown(Duration::from_secs(10));
    let text = std::fs::read_to_string(config.log.dir.join("node.ndjson")).unwrap();
    let told = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let panic = told.into_iter().find(|line| line["event.action"] == "panic-caught").unwrap();
    assert_eq!(
        (&panic["error.message"], &panic["process.thread.name"]),
        (&"on purpose".into(), &"doomed".into())
    );
    drop(telemetry);
}

#[test]
fn an_endpoint_that_cannot_work_is_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let (mut config, identity) = telemetry_support::settings(dir.path());
    for endpoint in ["https://example.invalid:4317", "localhost:4317", "http://no host"] {
        config.tracing.endpoint = Some(endpoint.to_owned());
        let built = Telemetry::builder(&config, &identity, vec![], vec![]).build();
        assert!(matches!(built.map(drop), Err(TelemetryError::Endpoint { .. })), "{endpoint}");
    }
}
