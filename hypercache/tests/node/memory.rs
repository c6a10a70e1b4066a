//! The memory of the process: where it goes, and what gives way when it runs out.

use std::fmt::Write;

use serde_json::Value;

use crate::client::Client;
use crate::client::wire;
use crate::process::TestNode;
use crate::telemetry_support::wait_for;

/// Share of what the allocator has given out that may be unexplained, in percent.
const UNEXPLAINED_PERCENT: u64 = 10;

fn limited(size: &str) -> TestNode {
    TestNode::start_with(|command| {
        command.args(["--memory-limit", size]);
    })
}

/// A line of `INFO memory`.
fn line(client: &mut Client, key: &str) -> String {
    let info = client.text("INFO memory");
    let found = info.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':').map(str::to_owned));
    found.unwrap_or_else(|| panic!("no {key} in {info}"))
}

/// The actions of memory's events with the levels before and after, in order.
fn changes(node: &TestNode) -> Vec<(String, String, String)> {
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let lines = node.lines("node").into_iter();
    let pressure = lines.filter(|line| text(line, "event.action").starts_with("memory-pressure-"));
    pressure
        .map(|line| {
            (
                text(&line, "event.action"),
                text(&line, "hypercache.level_before"),
                text(&line, "hypercache.level"),
            )
        })
        .collect()
}

/// Writes until a write is refused; the levels seen on the way, and how the refusal reads.
fn fill(client: &mut Client) -> (Vec<String>, String) {
    let (mut levels, mut number) = (Vec::new(), 0);
    let value = "v".repeat(4000);
    loop {
        let level = line(client, "memory_pressure");
        if levels.last() != Some(&level) {
            levels.push(level);
        }
        for _ in 0..8 {
            number += 1;
            let reply = crate::client::text(&client.command(&["SET", &format!("k{number}"), &value]));
            if reply != "OK" {
                return (levels, reply);
            }
        }
        assert!(number < 100_000, "nothing was refused: {levels:?}");
    }
}

#[test]
fn a_node_gives_way_by_levels_refuses_in_the_end_and_recovers() {
    let node = limited("96MB");
    let mut client = node.client();
    assert_eq!(line(&mut client, "process_memory_limit"), (96 << 20).to_string());
    assert_eq!(line(&mut client, "process_memory_limit_source"), "configured");
    let (levels, refusal) = fill(&mut client);
    assert!(refusal.starts_with("OOM "), "{refusal}");
    // The last write may have been refused before the next look at memory.
    assert_eq!(levels[..3], ["normal", "elevated", "high"], "{levels:?}");
    assert!(node.resident_bytes() < 96 << 20, "{} bytes", node.resident_bytes());
    // What takes no memory is served, and the refusals are told by their reason.
    assert_eq!(client.text("GET k1").len(), 4000);
    assert_eq!(node.client().text("PING"), "PONG", "whoever comes to make room is let in");
    let metrics = node.curl("/metrics", &[]);
    let refused = "hypercache_writes_refused_total{store=\"default\",reason=\"memory_pressure\"}";
    assert!(metrics.contains(refused), "{refused} is not in {metrics}");
    assert!(client.text("MEMORY DOCTOR").contains("memory limit"));
    let level = |node: &TestNode| {
        let metrics = node.curl("/metrics", &[]);
        let sample = metrics.lines().find_map(|line| line.strip_prefix("hypercache_memory_pressure_level "));
        sample.unwrap().to_owned()
    };
    assert!(["2", "3"].contains(&level(&node).as_str()), "{}", level(&node));

    // Whoever makes room may write before the level has come down.
    assert_eq!(client.text("FLUSHALL"), "OK");
    wait_for("writes are taken again", || (client.text("SET a 1") == "OK").then_some(()));
    wait_for("the level is normal", || (level(&node) == "0").then_some(()));
    let told = wait_for("all changes are told", || {
        Some(changes(&node)).filter(|told| told.last().is_some_and(|(_, _, to)| to == "normal"))
    });
    let mut before = "normal".to_owned();
    for (action, from, to) in &told {
        assert_eq!(*from, before, "{told:?}");
        let expected = match to.as_str() {
            "normal" => "memory-pressure-eased",
            "critical" => "memory-pressure-critical",
            _ => "memory-pressure-raised",
        };
        assert_eq!(action, expected, "{told:?}");
        before.clone_from(to);
    }
    assert!((3..=4).contains(&told.len()), "up step by step and down at once: {told:?}");
    let metrics = node.curl("/metrics", &[]);
    let purged = metrics.lines().find_map(|line| line.strip_prefix("hypercache_memory_purged_bytes_total "));
    assert!(purged.unwrap().parse::<u64>().unwrap() > 10 << 20, "{purged:?}");
    assert!(
        metrics.contains(
            "hypercache_operation_duration_seconds_count{operation=\"memory.purge\",outcome=\"ok\"}"
        )
    );
}

#[test]
fn clients_that_hold_much_give_way_first() {
    let node = limited("96MB");
    let mut hoarder = node.client();
    // A tenth of the limit is left to clients at high; this is a request that never ends.
    hoarder.send(b"*3\r\n$3\r\nSET\r\n$1\r\nh\r\n$33554432\r\n");
    hoarder.send(vec![b'x'; 14 << 20]);
    let mut client = node.client();
    wait_for("it is held", || {
        (line(&mut client, "mem_clients_normal").parse::<u64>().unwrap() > 14 << 20).then_some(())
    });
    fill(&mut client);
    assert!(hoarder.has_ended());
    let closed = "hypercache_connections_closed_total{proto=\"resp\",reason=\"evicted\"} 1";
    wait_for("its end is counted", || node.curl("/metrics", &[]).contains(closed).then_some(()));
    let shed = wait_for("it is told", || {
        node.lines("node").into_iter().find(|line| line["event.action"] == "memory-clients-shed")
    });
    assert_eq!(shed["hypercache.connections"], 1);
}

#[test]
fn the_areas_come_to_what_the_allocator_has_given_out() {
    let node = limited("0");
    let mut client = node.client();
    let others: Vec<_> = (0..100).map(|_| node.client()).collect();
    // Of several sizes and types, in pipelines.
    for batch in 0..200 {
        let mut text = Vec::new();
        for number in batch * 100..(batch + 1) * 100 {
            let key = format!("key:{number:012}");
            text.extend(wire(&["SET", &key, &"v".repeat(number % 400)]));
            text.extend(wire(&["HSET", &format!("h{key}"), "a", "1", "b", &key, "c", "3"]));
        }
        client.send(text);
        (0..200).for_each(|_| drop(client.reply()));
    }
    for number in 0..50 {
        client.command(&["EVAL", &format!("return {number}"), "0"]);
        client.command(&["SUBSCRIBE", &format!("channel:{number}")]);
        client.command(&["UNSUBSCRIBE"]);
    }
    let stats: Value = serde_json::from_str(&node.curl("/stats", &[])).unwrap();
    let memory = &stats["memory"];
    let area = |name: &str| memory["areas"][name].as_u64().unwrap();
    let mut shown = String::new();
    for (name, bytes) in memory["areas"].as_object().unwrap() {
        write!(shown, "{name} {bytes}, ").unwrap();
    }
    let allocated = memory["allocated_bytes"].as_u64().unwrap();
    let explained: u64 =
        memory["areas"].as_object().unwrap().values().map(|bytes| bytes.as_u64().unwrap()).sum::<u64>()
            - area("unexplained");
    let difference = allocated.abs_diff(explained);
    assert!(
        difference * 100 <= allocated * UNEXPLAINED_PERCENT,
        "{difference} of {allocated} bytes: {shown}"
    );
    assert!(area("data") > 5 << 20 && area("tables") > 0 && area("scripts") > 0, "{shown}");
    assert!(area("clients") > 101 * 500 && area("telemetry") > 1 << 20 && area("program") > 0, "{shown}");
    assert_eq!(memory["process"]["limit_source"], "none");
    assert_eq!(memory["allocator"]["allocated"].as_u64().unwrap().abs_diff(allocated) >> 20, 0);
    let metrics = node.curl("/metrics", &[]);
    for name in
        ["data", "tables", "clients", "scripts", "tracking", "pubsub", "telemetry", "program", "unexplained"]
    {
        assert!(metrics.contains(&format!("hypercache_memory_area_bytes{{area=\"{name}\"}} ")), "{name}");
    }
    drop(others);
}
