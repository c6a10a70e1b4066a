//! What a node finds out about its keys: what more memory would do, which are hot and which are big.

use serde_json::Value;

use crate::client::text;
use crate::client::wire;
use crate::process::TestNode;
use crate::telemetry_support::wait_for;

/// A number on the page of metrics.
fn metric(node: &TestNode, series: &str) -> Option<f64> {
    let page = node.curl("/metrics", &[]);
    page.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

fn json(node: &TestNode, path: &str) -> Value {
    serde_json::from_str(&node.curl(path, &[])).unwrap()
}

#[test]
fn a_node_tells_what_more_memory_would_do() {
    let node = TestNode::configured("stores:\n  - name: default\n  - name: small\n    max_memory: 1MB\n");
    let mut client = node.client();
    for n in 0..500 {
        assert_eq!(client.text(&format!("SET k{n} value")), "OK");
    }
    for n in 0..1000 {
        assert_eq!(client.text(&format!("GET k{}", n % 500)), "value");
    }
    let told = json(&node, "/api/stores/default/mrc");
    assert_eq!((&told["basis"], &told["lookups"]), (&"used_bytes".into(), &1000.into()), "{told}");
    assert_eq!((&told["hit_ratios"]["0.5"], &told["hit_ratios"]["2"]), (&0.0.into(), &1.0.into()), "{told}");
    assert_eq!(json(&node, "/api/stores/small/mrc")["basis"], "store_limit");
    let ratio = |size: &str| {
        let series = format!("hypercache_store_predicted_hit_ratio{{store=\"default\",size=\"{size}\"}}");
        metric(&node, &series)
    };
    assert_eq!((ratio("0.5"), ratio("4")), (Some(0.0), Some(1.0)));
    assert!(client.text("MRC nowhere").starts_with("ERR no such store"));
    // What is gone is missed at any size.
    assert_eq!(client.text("FLUSHALL"), "OK");
    for n in 0..1000 {
        client.run(&format!("GET k{}", n % 500));
    }
    wait_for("time passes for the sample", || {
        json(&node, "/api/stores/default/mrc")["seconds"].as_u64().filter(|seconds| *seconds > 0)
    });
    let told = json(&node, "/api/stores/default/mrc");
    let all = told["curve"].as_array().unwrap().last().unwrap();
    assert!((all["miss_ratio"].as_f64().unwrap() - 0.5).abs() < 0.05, "{told}");
}

#[test]
fn where_curves_are_switched_off_none_is_told() {
    let node = TestNode::configured("cache:\n  miss_ratio_curves: false\n");
    let mut client = node.client();
    assert_eq!(client.text("SET k v"), "OK");
    assert!(client.text("MRC").starts_with("ERR miss-ratio curves are switched off"));
    assert!(!node.curl("/metrics", &[]).contains("hypercache_store_predicted_hit_ratio{"));
}

#[test]
fn hot_and_big_keys_are_known_without_being_asked_for() {
    let node = TestNode::start_with(|command| {
        command.args(["--log-keys", "plain"]);
    });
    let mut client = node.client();
    assert_eq!(client.text("SET hot value"), "OK");
    client.command(&["SET", "big", &"x".repeat(100_000)]);
    client.command(&["RPUSH", "list", &"x".repeat(5000)]);
    let gets = [wire(&["GET", "hot"]).repeat(30), wire(&["GET", "big"])].concat().repeat(100);
    for _ in 0..20 {
        client.send(&gets);
        (0..3100).for_each(|_| drop(client.reply()));
    }
    let by_count = json(&node, "/api/hotkeys");
    let first = &by_count["keys"][0];
    assert!(first["key"] == "hot" && first["share"].as_f64().unwrap() > 0.9, "{by_count}");
    let total = by_count["total"].as_f64().unwrap();
    assert!((40_000.0..90_000.0).contains(&total), "{by_count}");
    assert_eq!(json(&node, "/api/hotkeys?by=bytes")["keys"][0]["key"], "big");
    let by_size = json(&node, "/api/hotkeys?by=size&count=1");
    let told = |at: usize| (by_size["keys"][at]["key"].clone(), by_size["keys"][at]["type"].clone());
    assert_eq!((told(0), told(1)), (("big".into(), "string".into()), ("list".into(), "list".into())));
    assert!(text(&client.command(&["HOTKEYS", "TOP", "BY", "weight"])).starts_with("ERR BY must be"));
    let share = metric(&node, "hypercache_store_hot_keys_ratio{store=\"default\",keys=\"1\"}").unwrap();
    assert!(share > 0.9, "{share}");
    let line = wait_for("the hot key is told", || {
        node.lines("node").into_iter().find(|line| line["event.action"] == "key-hot")
    });
    assert_eq!((&line["hypercache.store"], &line["hypercache.key.text"]), (&"default".into(), &"hot".into()));
    assert!(line["hypercache.share"].as_f64().unwrap() > 0.9, "{line}");
    // Whoever may not administrate does not learn the names of keys.
    assert_eq!(client.text("ACL SETUSER reader on nopass ~* +@read +@write"), "OK");
    assert_eq!(client.text("AUTH reader x"), "OK");
    assert!(client.text("HOTKEYS TOP").starts_with("NOPERM"));
}
