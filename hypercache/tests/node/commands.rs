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
    // What takes no memory goes on, and makes room.
    assert_eq!(
        (client.text("DEL k0 k1 k2 k3"), client.text("SET again 1")),
        ("4".to_owned(), "OK".to_owned())
    );
    assert_eq!(client.text("SELECT default"), "OK");
    assert_eq!(client.text(&format!("SET other {value}")), "OK");
    let page = node.curl("/metrics", &[]);
    assert!(
        page.contains("hypercache_writes_refused_total{store=\"small\",reason=\"store_limit\"} 1"),
        "{page}"
    );
    assert!(node.curl("/api/cache/k?store=sessions", &[]).contains("\"session\""));
}

#[test]
fn a_limit_for_all_stores_holds_for_their_sum() {
    let node =
        TestNode::configured("cache: { max_memory: 128KB }\nstores: [{ name: default }, { name: other }]\n");
    let mut client = node.client();
    let value = "x".repeat(1000);
    let fill = |client: &mut crate::client::Client| {
        (0..1000).find(|n| client.text(&format!("SET k{n} {value}")) != "OK").unwrap()
    };
    let room = fill(&mut client);
    assert!((50..=131).contains(&room), "{room} values of 1000 bytes");
    client.run("SELECT other");
    assert!(client.text("SET k v").starts_with("OOM "));
    assert_eq!(client.text("CONFIG SET maxmemory 256kb"), "OK");
    assert_eq!(client.text("SET k v"), "OK");
    let more = fill(&mut client);
    assert!((50..=150).contains(&more), "{more} values of 1000 bytes");
    assert_eq!(client.text("CONFIG SET maxmemory 0"), "OK");
    assert_eq!(client.text("SET k v"), "OK");
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
