//! Data through the real doors.

use crate::process::TestNode;
use crate::telemetry_support::wait_for;

#[test]
fn stores_are_apart_and_have_their_own_rules() {
    let node = TestNode::configured(
        "stores:\n- name: default\n- name: sessions\n  default_ttl: 1h\n- name: small\n  max_memory: 64KB\n",
    );
    let mut client = node.client();
    assert_eq!(client.text("SET k default"), "OK");
    assert_eq!(client.text("SELECT sessions"), "OK");
    assert_eq!(client.text("GET k"), "(nil)");
    assert_eq!(client.text("SET k session"), "OK");
    assert!(client.text("TTL k").parse::<u32>().is_ok_and(|left| left > 3500 && left <= 3600));
    assert_eq!(client.text("SELECT 0"), "OK");
    assert_eq!((client.text("GET k"), client.text("TTL k")), ("default".to_owned(), "-1".to_owned()));
    assert_eq!(client.text("SELECT 9"), "ERR DB index is out of range");
    assert_eq!(client.text("SELECT small"), "OK");
    let value = "x".repeat(1000);
    let refused = (0..1000).map(|n| client.text(&format!("SET k{n} {value}"))).find(|reply| reply != "OK");
    assert_eq!(refused.as_deref(), Some("OOM command not allowed when used memory > 'maxmemory'."));
    assert_eq!(client.text("GET k0").len(), 1000);
    assert_eq!(client.text("FLUSHDB"), "OK");
    assert_eq!(client.text("SET again 1"), "OK");
    assert!(node.curl("/api/cache/k?store=sessions", &[]).contains("\"session\""));
}

#[test]
fn keys_expire_without_being_asked_for() {
    let node = TestNode::start();
    let mut client = node.client();
    for n in 0..100 {
        client.run(&format!("SET k{n} v PX 50"));
    }
    client.run("SET stays v");
    wait_for("the expired keys are gone", || (client.text("DBSIZE") == "1").then_some(()));
    let metrics = node.curl("/metrics", &[]);
    let expired: f64 = metrics
        .lines()
        .filter(|line| line.starts_with("hypercache_expired_keys_total"))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum();
    assert_eq!(expired, 100.0);
}

#[test]
fn what_goes_in_by_one_door_comes_out_by_the_other() {
    let node = TestNode::start();
    let mut client = node.client();
    client.run("SET from:resp 12");
    assert!(node.curl("/api/cache/from:resp", &[]).contains("\"value\":12"));
    let json = [
        "-X",
        "PUT",
        "-H",
        "content-type: application/json",
        "-d",
        r#"{"value": {"a": [1, "x"]}, "ttl": "90s"}"#,
    ];
    node.curl("/api/cache/from%20http", &json);
    let reply = client.command(&["GET", "from http"]);
    assert_eq!(crate::client::text(&reply), r#"{"a": [1, "x"]}"#);
    let left = crate::client::text(&client.command(&["TTL", "from http"]));
    assert!(left.parse::<u32>().is_ok_and(|left| left > 80 && left <= 90), "{left}");
}

#[test]
fn a_client_may_read_without_a_trace() {
    let node = TestNode::start();
    let (mut client, mut silent) = (node.client(), node.client());
    client.run("SET k v");
    assert_eq!(silent.text("CLIENT NO-TOUCH ON"), "OK");
    let idle = |client: &mut crate::client::Client| client.text("OBJECT IDLETIME k").parse::<u64>().unwrap();
    wait_for("the key has idled", || {
        silent.text("GET k");
        (idle(&mut client) >= 2).then_some(())
    });
    silent.text("TOUCH k");
    assert_eq!(idle(&mut client), 0);
}
