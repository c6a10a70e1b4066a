//! What a node finds out about its keys: what more memory would do.

use serde_json::Value;

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
    let ratio = told["hit_ratios"]["4"].as_f64().unwrap();
    assert!((ratio - 0.5).abs() < 0.05, "{told}");
}

#[test]
fn where_curves_are_switched_off_none_is_told() {
    let node = TestNode::configured("cache:\n  miss_ratio_curves: false\n");
    let mut client = node.client();
    assert_eq!(client.text("SET k v"), "OK");
    assert!(client.text("MRC").starts_with("ERR miss-ratio curves are switched off"));
    assert!(!node.curl("/metrics", &[]).contains("hypercache_store_predicted_hit_ratio{"));
}
