//! Why a key is not there, and who has written it.

use serde_json::Value;
use serde_json::json;

use crate::client::text;
use crate::process::TestNode;
use crate::telemetry_support::wait_for;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn known(node: &TestNode, path: &str) -> Value {
    let answer = node.curl(path, &[]);
    serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{answer}"))
}

fn events(known: &Value) -> Vec<&str> {
    known["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[test]
fn a_key_tells_who_has_written_it_and_why_it_has_gone() {
    let node = TestNode::start();
    let (mut writer, mut reader) = (node.client(), node.client());
    writer.run("CLIENT SETNAME billing");
    let id: u64 = writer.text("CLIENT ID").parse().unwrap();
    writer.run(&format!("CLIENT TRACECONTEXT 00-{TRACE}-00f067aa0ba902b7-01"));
    assert_eq!(writer.text("SET k v PX 600000"), "OK");
    let here = known(&node, "/api/why/k");
    let by = &here["written_by"];
    assert_eq!(
        (&here["key"], &here["store"], &here["state"]),
        (&json!("k"), &json!("default"), &json!("present"))
    );
    assert_eq!((&by["client"], &by["name"], &by["user"]), (&json!(id), &json!("billing"), &json!("default")));
    assert_eq!((&by["trace_id"], &by["via"]), (&json!(TRACE), &json!("resp")));
    assert!(by["address"].as_str().unwrap().starts_with("127.0.0.1:"), "{by}");
    assert!((1..=600_000).contains(&here["ttl_ms"].as_u64().unwrap()), "{here}");

    drop(writer);
    wait_for("the writer is gone", || (!reader.text("CLIENT LIST").contains("billing")).then_some(()));
    assert_eq!(&known(&node, "/api/why/k")["written_by"], by, "it is remembered");

    let reader_id: u64 = reader.text("CLIENT ID").parse().unwrap();
    assert_eq!((reader.text("DEL k"), reader.text("GET k")), ("1".to_owned(), "(nil)".to_owned()));
    let gone = known(&node, "/api/stores/default/keys/k/why");
    assert_eq!((&gone["state"], &gone["type"]), (&json!("deleted"), &Value::Null));
    assert_eq!(events(&gone), ["deleted", "created"]);
    assert_eq!(gone["events"][0]["by"]["client"], json!(reader_id));
    assert_eq!(gone["events"][0]["by"]["trace_id"], Value::Null, "that was another request");

    node.curl("/api/cache/h", &["-X", "PUT", "-d", "1"]);
    let by = &known(&node, "/api/why/h")["written_by"];
    assert_eq!(by["via"], json!("http"));
    assert_eq!(by["trace_id"].as_str().unwrap().len(), 32);
    reader.command(&["EVAL", "return redis.call('SET', KEYS[1], 'x')", "1", "s"]);
    let by = &known(&node, "/api/why/s")["written_by"];
    assert_eq!((&by["via"], &by["client"]), (&json!("script"), &json!(reader_id)));
    assert_eq!(known(&node, "/api/why/unheard-of?store=0")["state"], json!("never_seen"));
}

#[test]
fn every_miss_is_told_with_its_reason() {
    let node = TestNode::configured("telemetry: { log: { command_log: all } }\n");
    let mut client = node.client();
    client.run("MSET d 1 stays 1");
    client.run("SET e v PX 1");
    wait_for("the key has expired", || (client.text("DBSIZE") == "2").then_some(()));
    client.run("DEL d");
    for line in ["GET none", "GET d", "GET e", "EXISTS e d", "GET stays", "WHY d", "WHY e"] {
        client.run(line);
    }
    let page = node.curl("/metrics", &[]);
    for (reason, count) in [("never_seen", 1), ("deleted", 2), ("expired", 2), ("evicted", 0)] {
        let series =
            format!("hypercache_store_misses_total{{store=\"default\",reason=\"{reason}\"}} {count}\n");
        assert!(page.contains(&series), "{series}: {page}");
        let line = format!("keyspace_misses_{reason}:{count}\r\n");
        assert!(client.text("INFO stats").contains(&line), "{line}");
    }
    assert!(page.contains("hypercache_store_lookups_total{store=\"default\",result=\"miss\"} 5\n"), "{page}");
    let stats: Value = serde_json::from_str(&node.curl("/stats", &[])).unwrap();
    let reasons = json!({ "never_seen": 1, "deleted": 2, "expired": 2, "evicted": 0 });
    assert_eq!(stats["cache"]["misses_by_reason"], reasons);
    assert_eq!(stats["stores"][0]["cache"]["misses_by_reason"], reasons);
    let told = wait_for("the log tells of the misses", || {
        let lines = node.lines("command");
        let reasons: Vec<String> = lines
            .iter()
            .filter_map(|line| line["hypercache.miss_reason"].as_str().map(str::to_owned))
            .collect();
        (reasons.len() == 4).then_some(reasons)
    });
    assert_eq!(told, ["never_seen", "deleted", "expired", "expired"]);
    client.run("CONFIG RESETSTAT");
    assert!(client.text("INFO stats").contains("keyspace_misses_deleted:0\r\n"));
}

#[test]
fn a_key_that_had_to_make_room_was_evicted_by_the_policy() {
    let node = TestNode::start();
    let mut client = node.client();
    client.run("CONFIG SET maxmemory 1mb maxmemory-policy allkeys-lru");
    let value = "x".repeat(1000);
    for key in 0..2000 {
        assert_eq!(text(&client.command(&["SET", &format!("key:{key}"), &value])), "OK");
    }
    // Of keys written within one tick of the clock, which is a sixteenth of a second, any may go first.
    let key =
        (0..2000).map(|key| format!("key:{key}")).find(|key| client.text(&format!("GET {key}")) == "(nil)");
    let key = key.expect("there is no room for all");
    let gone = known(&node, &format!("/api/why/{key}"));
    assert_eq!(
        (&gone["state"], &gone["policy"], events(&gone)[0]),
        (&json!("evicted"), &json!("lru"), "evicted"),
        "{gone}"
    );
    let told = client.text(&format!("WHY {key}"));
    assert!(told.contains("evicted") && told.contains("lru"), "{told}");
    let page = node.curl("/metrics", &[]);
    let series = "hypercache_store_misses_total{store=\"default\",reason=\"evicted\"} 1\n";
    assert!(page.contains(series), "{page}");
    let info = client.text("STORE INFO default");
    assert!(info.contains("Bulk(b\"evicted\"), Integer(1)"), "{info}");
    assert!(info.contains("Bulk(b\"eviction\"), Bulk(b\"lru\")"), "{info}");
}

#[test]
fn a_store_may_remember_nothing() {
    let node = TestNode::configured("stores:\n- name: default\n  miss_history: 0\n  key_journal: 0\n");
    let mut client = node.client();
    client.run("SET d 1");
    client.run("DEL d");
    client.run("GET d");
    let known = known(&node, "/api/why/d");
    assert_eq!((&known["state"], &known["events"]), (&json!("never_seen"), &json!([])));
    let page = node.curl("/metrics", &[]);
    assert!(!page.contains("store=\"\""), "places of stores that are not there have no lines");
    assert!(
        page.contains("hypercache_store_misses_total{store=\"default\",reason=\"never_seen\"} 1\n"),
        "{page}"
    );
}

#[test]
fn who_others_are_is_not_for_everybody() {
    let node = TestNode::start();
    let (mut admin, mut other) = (node.client(), node.client());
    admin.run("SET k v");
    assert_eq!(admin.text("ACL SETUSER app on nopass ~k* +@read"), "OK");
    assert!(text(&admin.run("WHY k")).contains("127.0.0.1"));
    assert_eq!(other.text("AUTH app x"), "OK");
    let seen = text(&other.run("WHY k"));
    assert!(seen.contains("created") && seen.contains("via") && !seen.contains("127.0.0.1"), "{seen}");
    assert!(other.text("WHY other").starts_with("NOPERM "));
}
