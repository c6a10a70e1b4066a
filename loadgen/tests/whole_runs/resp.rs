//! Whole runs against a server inside the test.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use crate::support::Behaviour;
use crate::support::Server;
use crate::support::command;
use crate::support::run;

/// A time no test waits for unless something is broken.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn an_open_loop_sends_what_was_asked_and_reports_it() {
    let server = Server::start(Behaviour::default());
    let flags =
        "--rate 1000 --duration 1s --connections 4 --keys 100 --mix get=1,mget=1 --batch 3 --max-errors 0";
    let ended = run(&format!("--target {} {flags}", server.addr));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report = ended.report.unwrap();
    let total = &report["total"];
    assert_eq!(total["requests"], 1000);
    assert_eq!(total["rate_asked"], 1000.0);
    assert_eq!((&total["errors"], &total["hit_ratio"]), (&0.into(), &1.0.into()));
    let gets = total["operations"]["GET"]["requests"].as_u64().unwrap();
    assert_eq!((server.seen("GET"), server.seen("MGET"), server.seen("SET")), (gets, 1000 - gets, 100));
    assert_eq!(total["hits"].as_u64().unwrap(), gets + 3 * (1000 - gets));
    assert!(ended.stderr.contains("1000/s asked"), "the table goes to stderr: {}", ended.stderr);
}

#[test]
fn a_closed_loop_sends_exactly_the_requests_asked_for() {
    let server = Server::start(Behaviour::default());
    let flags =
        "--rate max --requests 10001 --pipeline 16 --connections 3 --threads 2 --mix get=1 --preload=false";
    let ended = run(&format!("--target {} {flags}", server.addr));
    let report = ended.report.unwrap();
    assert_eq!((ended.code, server.seen("GET")), (0, 10_001));
    assert_eq!(report["total"]["requests"], 10_001);
    assert_eq!(report["total"]["misses"], 10_001);
    assert!(report["total"]["rate_asked"].is_null());
}

#[test]
fn the_same_seed_draws_the_same_requests() {
    let sent = |seed| {
        let server = Server::start(Behaviour::default());
        let flags = "--rate max --requests 500 --connections 1 --value-size 1..1000 --preload=false";
        let report = run(&format!("--target {} {flags} --seed {seed}", server.addr)).report.unwrap();
        report["total"]["bytes_sent"].as_u64().unwrap()
    };
    assert_eq!(sent(7), sent(7));
    assert_ne!(sent(7), sent(8));
}

/// A stalled server holds up one request per connection; a generator that waits for it would report just those. In the
/// open loop every request that was due during the stall counts from when it was due.
#[test]
fn a_stall_shows_in_the_tail_of_an_open_loop() {
    let server =
        Server::start(Behaviour { stall: Some((250, Duration::from_millis(200))), ..Behaviour::default() });
    let flags = "--rate 500 --duration 1s --connections 1 --mix get=1 --preload=false";
    let report = run(&format!("--target {} {flags}", server.addr)).report.unwrap();
    let latency = &report["total"]["latency_us"];
    assert_eq!(report["total"]["requests"], 500);
    // 100 of the 500 were due during the stall; of those the 50 first waited half of it at least.
    let (p90, p99) = (latency["p90"].as_f64().unwrap(), latency["p99"].as_f64().unwrap());
    assert!(p90 >= 95_000.0, "p90 {p90} us");
    assert!(p99 >= 180_000.0, "p99 {p99} us");
}

#[test]
fn missed_targets_give_status_1() {
    let server = Server::start(Behaviour::default());
    let base =
        format!("--target {} --rate 200 --duration 200ms --connections 1 --preload=false", server.addr);
    for goal in ["--max-p99 1ns", "--min-rate 1000000"] {
        let ended = run(&format!("{base} {goal}"));
        assert_eq!((ended.code, ended.report.unwrap()["met"].as_bool()), (1, Some(false)), "{goal}");
    }
    let ended = run(&format!("{base} --mix unknown=1,incr=1 --max-errors 0"));
    let report = ended.report.unwrap();
    assert_eq!(ended.code, 1);
    assert_eq!(report["total"]["errors_by_prefix"]["ERR"], report["total"]["operations"]["INCR"]["requests"]);
    assert_eq!(run(&base).code, 0);
}

#[test]
fn wrong_usage_gives_status_2() {
    for (flags, says) in [
        ("--rate fast", "max for a closed loop"),
        ("--scenario tour --mix get=1", "--mix does not go"),
        ("--metrics-addr 203.0.113.1:1", "--metrics-addr"),
        ("--bogus", "unexpected argument"),
    ] {
        let ended = run(flags);
        assert_eq!(ended.code, 2, "{flags}: {}", ended.stderr);
        assert!(ended.stderr.contains(says), "{flags}: {}", ended.stderr);
    }
}

#[test]
fn no_server_or_one_that_refuses_gives_status_3() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = run(&format!("--target {free} --wait 0s"));
    assert_eq!((ended.code, ended.report), (3, None));
    assert!(ended.stderr.contains("could not connect"), "{}", ended.stderr);

    let server = Server::start(Behaviour { password: Some("secret"), ..Behaviour::default() });
    let base = format!("--target {} --rate 100 --duration 100ms --wait 60s", server.addr);
    for (flags, says) in [("", "NOAUTH"), ("--password wrong", "WRONGPASS")] {
        let ended = run(&format!("{base} {flags}"));
        assert_eq!(ended.code, 3);
        assert!(ended.stderr.contains(says), "{}", ended.stderr);
    }
    assert_eq!(run(&format!("{base} --password secret --user me --store sessions")).code, 0);
    assert!(server.seen("SELECT") > 0);
}

#[test]
fn resp3_is_asked_for() {
    let server = Server::start(Behaviour::default());
    let ended = run(&format!("--target {} --protocol resp3 --rate 100 --duration 100ms", server.addr));
    assert_eq!(ended.code, 0);
    assert!(server.seen("HELLO") > 0 && server.seen("AUTH") == 0);
}

#[test]
fn a_cut_connection_is_an_error_and_is_made_again() {
    let server = Server::start(Behaviour { cut: Some(100), ..Behaviour::default() });
    let flags = "--rate 2000 --duration 500ms --connections 1 --pipeline 4 --mix get=1 --preload=false";
    let ended = run(&format!("--target {} {flags} --max-errors 0", server.addr));
    let report = ended.report.unwrap();
    let total = &report["total"];
    let lost = total["unanswered"].as_u64().unwrap();
    assert!((1..=4).contains(&lost), "{lost} of the pipeline were lost");
    assert_eq!(total["errors_by_prefix"]["CONNECTION"], lost);
    assert_eq!(total["requests"], 1000);
    assert_eq!(ended.code, 1);
}

#[test]
fn a_server_that_is_gone_for_good_ends_the_run_with_a_report() {
    let server = Server::start(Behaviour { die: Some(50), ..Behaviour::default() });
    let flags =
        "--rate 1000 --duration forever --connections 2 --preload=false --timeout 100ms --give-up 300ms";
    let ended = run(&format!("--target {} {flags}", server.addr));
    assert_eq!(ended.code, 3);
    assert!(ended.stderr.contains("lost every connection"), "{}", ended.stderr);
    let report = ended.report.unwrap();
    assert_eq!(report["interrupted"], true);
    assert!(report["total"]["errors_by_prefix"]["CONNECT"].as_u64().unwrap() > 0);
    assert!(report["total"]["unanswered"].as_u64().unwrap() > 0);
}

#[test]
fn errors_on_purpose_are_no_errors() {
    let server = Server::start(Behaviour::default());
    let ended = run(&format!("--target {} --scenario errors --duration 500ms --max-errors 0", server.addr));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let total = &ended.report.unwrap()["total"];
    assert_eq!(total["errors"], 0);
    let by_prefix = &total["expected_errors_by_prefix"];
    assert_eq!(by_prefix["WRONGTYPE"], total["operations"]["WRONGTYPE"]["requests"]);
    assert!(by_prefix["ERR"].as_u64().unwrap() > 0);
}

#[test]
fn a_warm_up_is_not_reported() {
    let server = Server::start(Behaviour::default());
    let flags = "--rate 1000 --warmup 300ms --duration 200ms --mix get=1 --preload=false";
    let report = run(&format!("--target {} {flags}", server.addr)).report.unwrap();
    assert_eq!((server.seen("GET"), &report["total"]["requests"]), (500, &200.into()));
}

#[test]
fn metrics_are_served_during_a_run_and_a_signal_ends_it_with_a_report() {
    let server = Server::start(Behaviour::default());
    let flags = "--rate 500 --duration forever --metrics-addr 127.0.0.1:0";
    let mut child = command(&format!("--target {} {flags}", server.addr)).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("metrics at http://") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "no address was told");
    }
    let addr = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let since = Instant::now();
    loop {
        let mut page = String::new();
        let mut stream = TcpStream::connect(&addr).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        stream.read_to_string(&mut page).unwrap();
        if page.contains("loadgen_request_duration_seconds_bucket{operation=\"GET\",le=\"+Inf\"}") {
            assert!(page.contains("\nloadgen_target_rate 500\n"), "{page}");
            break;
        }
        assert!(since.elapsed() < PATIENCE, "{page}");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &report["interrupted"]), (Some(0), &true.into()));
    assert!(report["total"]["requests"].as_u64().unwrap() > 0);
}

#[test]
fn scenarios_are_listed() {
    let output = Command::new(env!("CARGO_BIN_EXE_loadgen")).arg("scenarios").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for name in ["steady", "web-sessions", "page-cache", "rate-limit", "hot-key", "big-values", "tour"] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name} is not in\n{text}");
    }
}
