//! What a node really tells: its log, its spans, its page of metrics.

use std::process::Command;
use std::process::Stdio;

use crate::client::wire;
use crate::process::TestNode;
use crate::telemetry_support::Collector;
use crate::telemetry_support::check_line;
use crate::telemetry_support::wait_for;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_trace_given_over_resp_is_found_in_log_and_span() {
    let collector = Collector::start();
    let node = TestNode::start_with(|command| {
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint());
    });
    let mut client = node.client();
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    client.send(
        [wire(&["CLIENT", "TRACECONTEXT", &traceparent]), wire(&["SET", "k", "v"]), wire(&["GET", "k"])]
            .concat(),
    );
    (0..3).for_each(|_| drop(client.reply()));
    // Applied once: the next pipeline has nothing to do with it.
    client.run("GET k");
    let line = wait_for("the line is written", || {
        node.lines("command")
            .into_iter()
            .find(|line| line["trace.id"] == TRACE && line["db.operation.name"] == "GET")
    });
    assert_eq!(line["sample.reason"], "parent");
    assert_eq!(line["log.level"], "INFO");
    assert!(line["event.duration"].is_u64() && line["hypercache.key.hash"].is_string(), "{line}");
    let span = wait_for("the span has arrived", || {
        collector.spans().into_iter().find(|span| hex(&span.trace_id) == TRACE && span.name == "GET")
    });
    assert_eq!(
        (hex(&span.span_id), hex(&span.parent_span_id)),
        (line["span.id"].as_str().unwrap().to_owned(), PARENT.to_owned())
    );
    assert!(span.end_time_unix_nano > span.start_time_unix_nano);
    let gets = node
        .lines("command")
        .iter()
        .filter(|line| line["trace.id"] == TRACE && line["db.operation.name"] == "GET")
        .count();
    assert_eq!(gets, 1, "the context was used again");
}

#[test]
fn every_command_has_a_whole_line_where_all_are_wanted() {
    let node = TestNode::start_with(|command| {
        command.args(["--command-log", "all", "--log-keys", "plain"]);
    });
    let mut client = node.client();
    assert_eq!(client.text("CLIENT SETNAME teller"), "OK");
    let batch = [wire(&["SET", "user:1", "a value"]), wire(&["GET", "user:1"]), wire(&["INCR", "user:1"])];
    client.send(batch.concat());
    (0..3).for_each(|_| drop(client.reply()));
    let lines = wait_for("all lines are written", || {
        let lines = node.lines("command");
        let commands = lines.into_iter().filter(|line| line["db.operation.name"].is_string());
        Some(commands.collect::<Vec<_>>()).filter(|commands| commands.len() >= 4)
    });
    for line in &lines {
        check_line(line, "command");
        assert_eq!((&line["sample.weight"], &line["client.address"]), (&1.0.into(), &"127.0.0.1".into()));
    }
    let fields = |name: &str| {
        let line = lines.iter().find(|line| line["db.operation.name"] == name).unwrap();
        ["event.outcome", "log.level", "hypercache.key.text", "hypercache.client.name", "error.type"]
            .map(|field| line[field].as_str().unwrap_or_default())
    };
    assert_eq!(fields("SET"), ["success", "INFO", "user:1", "teller", ""]);
    assert_eq!(fields("GET"), ["success", "INFO", "user:1", "teller", ""]);
    assert_eq!(fields("INCR"), ["failure", "ERROR", "user:1", "teller", "ERR"]);
    let written = std::fs::read_to_string(node.log("command")).unwrap();
    assert!(!written.contains("a value"), "values are nobody's business: {written}");
}

#[test]
fn a_trace_can_be_taken_back_and_a_wrong_one_is_refused() {
    let node = TestNode::start_with(|command| {
        command.args(["--command-log", "all"]);
    });
    let mut client = node.client();
    let refused = "ERR Invalid traceparent";
    assert!(client.text("CLIENT TRACECONTEXT nonsense").starts_with(refused));
    assert!(
        client.text(&format!("CLIENT TRACECONTEXT 00-{}-{PARENT}-01", "0".repeat(32))).starts_with(refused)
    );
    assert_eq!(client.text(&format!("CLIENT TRACECONTEXT 00-{TRACE}-{PARENT}-01")), "OK");
    assert_eq!(client.text("CLIENT TRACECONTEXT OFF"), "OK");
    client.run("GET k");
    let line = wait_for("the line is written", || {
        node.lines("command").into_iter().find(|line| line["db.operation.name"] == "GET")
    });
    assert_ne!(line["trace.id"], TRACE);
}

#[test]
fn a_trace_given_by_itself_is_for_the_next_command_only() {
    let node = TestNode::start();
    let mut client = node.client();
    client.run(&format!("CLIENT TRACECONTEXT 00-{TRACE}-{PARENT}-01"));
    client.run("GET first");
    client.run("GET second");
    client.run(&format!("CLIENT TRACECONTEXT 00-{TRACE}-{PARENT}-01"));
    client.run("CLIENT TRACECONTEXT OFF");
    client.run("STRLEN third");
    client.run("INCR fails x");
    wait_for("all is written", || {
        node.lines("command").iter().any(|line| line["log.level"] == "ERROR").then_some(())
    });
    let lines = node.lines("command");
    let traced: Vec<_> = lines
        .iter()
        .filter(|line| line["trace.id"] == TRACE)
        .map(|line| &line["db.operation.name"])
        .collect();
    assert_eq!(traced, ["GET"]);
}

#[test]
fn a_trace_given_over_http_goes_down_to_the_command() {
    let collector = Collector::start();
    let node = TestNode::start_with(|command| {
        command.args(["--otlp-endpoint", &collector.endpoint()]);
    });
    let header = format!("traceparent: 00-{TRACE}-{PARENT}-01");
    let answer = node.curl("/api/cache/missing", &["-i", "-H", &header]);
    assert!(
        answer.contains(&format!("x-hypercache-trace-id: {TRACE}")) && answer.contains("404"),
        "{answer}"
    );
    let (request, command) = wait_for("both spans have arrived", || {
        let spans = collector.spans();
        let find =
            |name: &str| spans.iter().find(|span| span.name == name && hex(&span.trace_id) == TRACE).cloned();
        Some((find("GET /api/cache/{key}")?, find("GETPTTL")?))
    });
    assert_eq!(hex(&request.parent_span_id), PARENT);
    assert_eq!(command.parent_span_id, request.span_id);
}

#[test]
fn a_collector_that_is_away_costs_commands_nothing_and_is_counted() {
    let node = TestNode::start_with(|command| {
        // A port that nobody listens on.
        command.args(["--otlp-endpoint", "http://127.0.0.1:1"]).env("HYPERCACHE_TRACING_MODE", "all");
    });
    let mut client = node.client();
    for _ in 0..20 {
        client.send((0..1000).flat_map(|_| wire(&["SET", "k", "v"])).collect::<Vec<_>>());
        (0..1000).for_each(|_| drop(client.reply()));
    }
    wait_for("the loss is counted", || {
        let metrics = node.curl("/metrics", &[]);
        metrics
            .lines()
            .filter(|line| line.starts_with("hypercache_telemetry_spans_dropped_total"))
            .any(|line| !line.ends_with(" 0"))
            .then_some(())
    });
}

#[test]
fn errors_and_administration_are_always_logged() {
    let node = TestNode::start();
    let mut client = node.client();
    client.run("SET k v");
    client.run("INCR k");
    client.run("NOSUCH thing");
    client.run("CONFIG SET timeout 3600");
    let failed = wait_for("the failures are logged", || {
        let lines = node.lines("command");
        let failed: Vec<_> = lines.into_iter().filter(|line| line["log.level"] == "ERROR").collect();
        (failed.len() >= 2).then_some(failed)
    });
    assert!(
        failed.iter().any(|line| line["db.operation.name"] == "INCR" && line["error.type"] == "ERR"),
        "{failed:?}"
    );
    assert!(failed.iter().any(|line| line["db.operation.name"] == "_OTHER"), "{failed:?}");
    let audit = wait_for("the change is on the audit log", || {
        node.lines("audit").into_iter().find(|line| line["event.action"] == "config-changed")
    });
    assert_eq!(
        (audit["hypercache.config.name"].as_str(), audit["user.name"].as_str()),
        (Some("timeout"), Some("default"))
    );
    for stream in ["node", "command", "audit"] {
        for line in node.lines(stream) {
            for field in
                ["@timestamp", "log.level", "message", "event.action", "service.node.name", "ecs.version"]
            {
                assert!(line[field].is_string(), "{field} is missing: {line}");
            }
            assert!(line.get("level").is_none(), "a key called level would clash with its alias: {line}");
        }
    }
}

#[test]
fn every_command_is_measured_under_its_own_name() {
    let node = TestNode::start();
    let mut client = node.client();
    let names: Vec<String> =
        hypercache::command::table::table().all().iter().skip(1).map(|c| c.name.clone()).collect();
    for name in names.iter().filter(|name| {
        !matches!(name.as_str(), "SHUTDOWN" | "QUIT" | "CLIENT|REPLY" | "CLIENT|PAUSE" | "RESET")
    }) {
        // Arguments that fit nothing: refused or not, it counts.
        client.run(&name.replace('|', " "));
        if name == "MULTI" {
            // What is only queued does not count.
            client.run("DISCARD");
        }
    }
    let page = node.curl("/metrics", &[]);
    for name in names.iter().filter(|name| {
        !matches!(name.as_str(), "SHUTDOWN" | "QUIT" | "CLIENT|REPLY" | "CLIENT|PAUSE" | "RESET")
    }) {
        let counted = format!("hypercache_command_duration_seconds_count{{command=\"{name}\",");
        assert!(page.contains(&counted), "{name} is not on the page");
    }
}

#[test]
fn a_real_prometheus_scrapes_the_node() {
    if Command::new("prometheus").arg("--version").output().is_err()
        || Command::new("promtool").arg("--version").output().is_err()
    {
        assert!(std::env::var_os("CI").is_none(), "CI needs prometheus and promtool");
        eprintln!("left out: prometheus is not installed");
        return;
    }
    let node = TestNode::start();
    let mut client = node.client();
    (0..100).for_each(|n| drop(client.run(&format!("SET k{n} v"))));
    let page = node.curl("/metrics", &[]);
    let mut check = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut check.stdin.take().unwrap(), page.as_bytes()).unwrap();
    assert!(check.wait().unwrap().success(), "promtool finds fault with the page");

    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "global: {{ scrape_interval: 1s }}\nscrape_configs:\n- job_name: hypercache\n  static_configs: [{{ targets: ['{}'] }}]\n",
        node.http
    );
    std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut prometheus = Command::new("prometheus")
        .current_dir(folder.path())
        .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=error"])
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let query = format!(
        "http://127.0.0.1:{port}/api/v1/query?query=hypercache_command_duration_seconds_count%7Bcommand%3D%22SET%22%7D"
    );
    let found = std::panic::catch_unwind(|| {
        wait_for("Prometheus has the number", || {
            let output = Command::new("curl").args(["-s", &query]).output().unwrap();
            String::from_utf8_lossy(&output.stdout).contains("\"100\"").then_some(())
        });
    });
    prometheus.kill().unwrap();
    prometheus.wait().unwrap();
    found.unwrap();
}
