//! Stores whose keys live and go by session, over real connections.

use crate::process::TestNode;
use crate::telemetry_support::wait_for;

const STORES: &str = "stores:\n- name: default\n- name: sessions\n  eviction: session\n  default_ttl: 2s\n";

fn sample(node: &TestNode, series: &str) -> Option<f64> {
    let page = node.curl("/metrics", &[]);
    page.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

#[test]
fn a_session_lives_while_it_is_used_and_ends_whole() {
    let node = TestNode::configured(STORES);
    let mut client = node.client();
    assert_eq!(client.text("SELECT 1"), "OK");
    assert_eq!(client.text("MSET u1:a 1 u1:b 2 u2:a 3"), "OK");
    assert_eq!(client.text("PERSIST u2:a"), "1");
    wait_for("the gauge of sessions", || {
        sample(&node, "hypercache_store_sessions{store=\"sessions\"} ").filter(|count| *count == 2.0)
    });
    let began = std::time::Instant::now();
    // Each look at one key keeps the other, for longer than it would have lived.
    while began.elapsed() < std::time::Duration::from_millis(2500) {
        assert_eq!(client.text("GET u1:a"), "1");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(client.text("TTL u1:b"), "2");
    // Then nobody looks: both go in the background, in one sweep.
    wait_for("the session has ended", || (client.text("DBSIZE") == "1").then_some(()));
    let swept = wait_for("the count of sessions", || {
        sample(&node, "hypercache_expired_sessions_total{store=\"sessions\",mode=\"active\"} ")
            .filter(|count| *count > 0.0)
    });
    assert_eq!(swept, 1.0);
    assert_eq!(sample(&node, "hypercache_expiry_lag_seconds_count{store=\"sessions\"} "), Some(2.0));
    assert_eq!(client.text("EXISTS u1:a u1:b u2:a"), "1");
}

#[test]
fn only_stores_of_one_kind_are_exchanged() {
    let node = TestNode::configured(STORES);
    let mut client = node.client();
    let refused = format!("{:?}", client.run("SWAPDB default sessions"));
    assert!(refused.contains("by session"), "{refused}");
}
