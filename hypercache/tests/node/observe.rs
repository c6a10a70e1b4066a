//! What operators see of a node, and what they bound: `MONITOR`, the slow log, latencies, buffers of clients.

use std::time::Duration;

use crate::client::Client;
use crate::client::text;
use crate::client::wire;
use crate::process::TestNode;
use crate::telemetry_support::wait_for;

/// A field of `INFO`.
fn info(client: &mut Client, field: &str) -> String {
    let page = client.text("INFO everything");
    let value = page.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).map(str::to_owned);
    value.unwrap_or_else(|| panic!("{field} is not in {page}"))
}

/// The lines of `CLIENT LIST`, until `wanted` holds for one.
fn listed(client: &mut Client, what: &str, wanted: impl Fn(&str) -> bool) -> String {
    wait_for(what, || client.text("CLIENT LIST").lines().find(|line| wanted(line)).map(str::to_owned))
}

/// The number in a field of a line of `CLIENT LIST`.
fn number(line: &str, field: &str) -> u64 {
    let value = line.split(' ').find_map(|part| part.strip_prefix(field)?.strip_prefix('='));
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{field} is not in {line}"))
}

#[test]
fn a_monitor_sees_what_others_do_and_no_secrets() {
    let node = TestNode::start();
    let (mut monitor, mut other) = (node.client(), node.client());
    assert_eq!(monitor.text("MONITOR"), "OK");
    listed(&mut other, "a monitor is listed", |line| line.contains(" flags=O "));
    other.send(
        [
            wire(&["SET", "a", "x\r\ny"]),
            wire(&["NONSENSE"]),
            wire(&["GET"]),
            wire(&["AUTH", "s3cret"]),
            wire(&["CONFIG", "GET", "port"]),
            wire(&["MULTI"]),
            wire(&["SELECT", "9"]),
            wire(&["GET", "a"]),
            wire(&["EXEC"]),
        ]
        .concat(),
    );
    (0..9).for_each(|_| drop(other.reply()));
    let seen: Vec<String> = (0..6)
        .map(|_| {
            let line = text(&monitor.reply());
            let (time, rest) = line.split_once(" [0 127.0.0.1:").unwrap_or_else(|| panic!("{line}"));
            assert!(time.split_once('.').is_some_and(|(_, micros)| micros.len() == 6), "{line}");
            rest.split_once("] ").unwrap().1.to_owned()
        })
        .collect();
    let wanted = [
        r#""SET" "a" "x\r\ny""#,
        r#""AUTH" "(redacted)""#,
        r#""MULTI""#,
        r#""SELECT" "9""#,
        r#""GET" "a""#,
        r#""EXEC""#,
    ];
    assert_eq!(seen, wanted, "those for administrators are not shown, nor what was refused");
    assert_eq!(monitor.text("GET a"), "ERR Replica can't interact with the keyspace");
    assert_eq!(monitor.text("RESET"), "RESET");
    assert_eq!(other.text("SET b 1"), "OK");
    assert_eq!(monitor.text("GET b"), "1", "it is no monitor any more");
}

#[test]
fn whoever_reads_too_little_is_cut_off_and_counted() {
    let node = TestNode::start();
    let (mut admin, mut lazy, mut subscriber) = (node.client(), node.client(), node.client());
    assert_eq!(
        text(&admin.command(&[
            "CONFIG",
            "SET",
            "client-output-buffer-limit",
            "pubsub 1mb 0 0 normal 4mb 0 0"
        ])),
        "OK"
    );
    assert_eq!(admin.text("SETRANGE big 33554431 x"), "33554432");
    lazy.run("CLIENT SETNAME lazy");
    lazy.send(wire(&["GET", "big"]));
    wait_for("the lazy one is gone", || (!admin.text("CLIENT LIST").contains("name=lazy")).then_some(()));
    subscriber.run("SUBSCRIBE news");
    let payload = "x".repeat(100_000);
    wait_for("the subscriber is gone", || {
        admin.command(&["PUBLISH", "news", &payload]);
        (!admin.text("CLIENT LIST").contains(" flags=P ")).then_some(())
    });
    assert_eq!(info(&mut admin, "client_output_buffer_limit_disconnections"), "2");
}

#[test]
fn a_soft_limit_holds_after_its_time() {
    let node = TestNode::start();
    let (mut admin, mut lazy) = (node.client(), node.client());
    assert_eq!(
        text(&admin.command(&["CONFIG", "SET", "client-output-buffer-limit", "normal 0 1mb 1"])),
        "OK"
    );
    admin.run("SETRANGE big 33554431 x");
    lazy.run("CLIENT SETNAME lazy");
    lazy.send(wire(&["GET", "big"]));
    let line = listed(&mut admin, "its output waits", |line| {
        line.contains("name=lazy") && number(line, "omem") > 1 << 20
    });
    assert!(line.contains(" events=rw ") && number(&line, "oll") == 1, "{line}");
    wait_for("the lazy one is gone", || (!admin.text("CLIENT LIST").contains("name=lazy")).then_some(()));
    assert_eq!(info(&mut admin, "client_output_buffer_limit_disconnections"), "1");
}

#[test]
fn the_largest_client_is_evicted_when_all_take_too_much() {
    let node = TestNode::start();
    let (mut admin, mut small, mut large, mut spared) =
        (node.client(), node.client(), node.client(), node.client());
    small.run("CLIENT SETNAME small");
    spared.run("CLIENT SETNAME spared");
    assert_eq!(spared.text("CLIENT NO-EVICT ON"), "OK");
    large.run("CLIENT SETNAME large");
    for (client, megabytes) in [(&mut small, 1), (&mut large, 3), (&mut spared, 5)] {
        client.send(format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n", megabytes << 21));
        client.send(vec![b'x'; megabytes << 20]);
    }
    for (name, megabytes) in [("small", 1), ("large", 3), ("spared", 5)] {
        listed(&mut admin, "its input waits", |line| {
            line.contains(&format!(" name={name} ")) && number(line, "qbuf") >= megabytes << 20
        });
    }
    let limit = info(&mut admin, "mem_clients_normal").parse::<u64>().unwrap() - (1 << 20);
    assert_eq!(admin.text(&format!("CONFIG SET maxmemory-clients {limit}")), "OK");
    let left = admin.text("CLIENT LIST");
    assert!(
        left.contains("name=small") && left.contains("name=spared") && !left.contains("name=large"),
        "{left}"
    );
    assert!(large.has_ended());
    assert_eq!(info(&mut admin, "evicted_clients"), "1");
    assert_eq!(admin.text("CONFIG SET maxmemory-clients 0"), "OK");
}

#[test]
fn slow_steps_leave_traces() {
    let node = TestNode::start_with(|command| {
        command.args(["--enable-debug-command", "local"]);
    });
    let mut client = node.client();
    client.run("CONFIG SET slowlog-log-slower-than 100000 latency-monitor-threshold 100");
    assert_eq!(client.text("DEBUG SLEEP 0.15"), "OK");
    assert_eq!(client.text("SLOWLOG LEN"), "1");
    assert!(client.text("LATENCY GRAPH command").starts_with("command - high 15"));
    assert!(client.text("LATENCY DOCTOR").contains("SLOWLOG GET"));
    // Expired keys stay where they are while nobody removes them.
    client.run("DEBUG SET-ACTIVE-EXPIRE 0");
    client.run("SET a 1 PX 1");
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(client.text("DBSIZE"), "1");
    client.run("DEBUG SET-ACTIVE-EXPIRE 1");
    wait_for("the key is gone", || (client.text("DBSIZE") == "0").then_some(()));
}

#[test]
fn memory_is_purged() {
    let node = TestNode::start();
    let mut client = node.client();
    for key in 0..64 {
        client.run(&format!("SETRANGE k{key} 999999 x"));
    }
    let before: u64 = info(&mut client, "allocator_resident").parse().unwrap();
    client.run("FLUSHALL SYNC");
    assert_eq!(client.text("MEMORY PURGE"), "OK");
    let after: u64 = info(&mut client, "allocator_resident").parse().unwrap();
    assert!(before - after > 50 << 20, "{before} before, {after} after");
    assert!(client.text("MEMORY MALLOC-STATS").starts_with("Allocator: jemalloc\nallocated: "));
}
