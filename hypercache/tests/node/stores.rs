//! Stores that come, change and go over real connections.

use hypercache::resp::frame::Frame;
use serde_json::Value;
use serde_json::json;

use crate::client::text;
use crate::process::TestNode;
use crate::telemetry_support::wait_for;

/// A request with a JSON body; status and answer.
fn ask(node: &TestNode, method: &str, path: &str, body: &str) -> (String, Value) {
    let json = ["-X", method, "-H", "content-type: application/json", "-d", body];
    let answer = node.curl(path, &[&json[..], &["-w", "\n%{http_code} %header{location}"]].concat());
    let (body, status) = answer.rsplit_once('\n').unwrap();
    (status.trim().to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
}

#[test]
fn stores_are_made_changed_and_dropped_over_http() {
    let node = TestNode::start();
    let mut client = node.client();
    let body = r#"{"name": "sessions-2", "max_memory": "1GB", "default_ttl": "1h"}"#;
    let (status, told) = ask(&node, "POST", "/api/stores", body);
    assert_eq!(status, "201 /api/stores/sessions-2");
    assert_eq!((&told["limit_bytes"], &told["default_ttl_seconds"]), (&json!(1 << 30), &json!(3600.0)));
    assert_eq!((&told["miss_history_bytes"], &told["key_journal"]), (&json!(1 << 20), &json!(16_384)));
    assert_eq!(ask(&node, "POST", "/api/stores", body).0, "409");
    assert_eq!(client.text("SELECT sessions-2"), "OK");
    assert_eq!(client.text("SET k v"), "OK");
    assert_eq!(client.text("TTL k"), "3600");
    let (status, told) = ask(&node, "PATCH", "/api/stores/sessions-2", r#"{"default_ttl": 0}"#);
    assert_eq!(
        (status.as_str(), &told["default_ttl_seconds"], &told["keys"]),
        ("200", &Value::Null, &json!(1))
    );
    let remembers = r#"{"miss_history": "64KB", "key_journal": 7, "eviction": "volatile-ttl"}"#;
    let (status, told) = ask(&node, "PATCH", "/api/stores/sessions-2", remembers);
    assert_eq!(
        (status.as_str(), &told["miss_history_bytes"], &told["key_journal"], &told["eviction"]),
        ("200", &json!(65_536), &json!(7), &json!("volatile-ttl"))
    );
    for (method, path, body, status, detail) in [
        ("POST", "/api/stores", "{}", "400", "name: a store needs a name"),
        ("POST", "/api/stores", r#"{"name": "a", "size": 1}"#, "400", "size: unknown key"),
        ("POST", "/api/stores", r#"{"name": "a", "eviction": "fifo"}"#, "400", "eviction: "),
        ("POST", "/api/stores", r#"{"name": "a", "replication_factor": 3}"#, "400", "replication_factor: "),
        ("PATCH", "/api/stores/sessions-2", r#"{"miss_history": 1}"#, "400", "miss_history: is 1, must be"),
        ("PATCH", "/api/stores/sessions-2", r#"{"name": "b"}"#, "400", "name: a store keeps its name"),
        ("PATCH", "/api/stores/sessions-2", "{}", "400", "give at least one of"),
        ("PATCH", "/api/stores/nowhere", "{}", "404", "there is no such store"),
        ("DELETE", "/api/stores/0", "", "409", "the default store cannot be dropped"),
    ] {
        let (got, problem) = ask(&node, method, path, body);
        let told = problem["detail"].as_str().unwrap_or_default();
        assert!(got == status && told.starts_with(detail), "{method} {path} {body}: {got} {problem}");
    }
    let long = format!(r#"{{"name": "{}"}}"#, "x".repeat(65));
    assert_eq!(ask(&node, "POST", "/api/stores", &long).0, "400");
    let (_, all) = ask(&node, "GET", "/api/stores", "");
    assert_eq!(all["stores"].as_array().unwrap().len(), 2);
    assert_eq!(ask(&node, "DELETE", "/api/stores/sessions-2", "").0, "204");
    assert_eq!(ask(&node, "GET", "/api/stores/sessions-2", "").0, "404");
    assert!(text(&client.run("GET k")).starts_with("NOSTORE"), "its store is gone");
    assert_eq!(client.text("SELECT 0"), "OK");
    assert!(!node.curl("/metrics", &[]).contains("sessions-2"));
}

#[test]
fn who_may_not_change_stores_may_not_over_http() {
    let node = TestNode::start();
    let mut admin = node.client();
    assert_eq!(admin.text("ACL SETUSER alice on >secret ~* +@all -@admin"), "OK");
    let body = r#"{"name": "a"}"#;
    let arguments = ["-u", "alice:secret", "-X", "POST", "-H", "content-type: application/json", "-d", body];
    let problem: Value = serde_json::from_str(&node.curl("/api/stores", &arguments)).unwrap();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(403), &json!("NOPERM")));
}

#[test]
fn who_waits_in_a_store_that_is_dropped_is_told() {
    let node = TestNode::start();
    let (mut waiting, mut admin) = (node.client(), node.client());
    admin.run("STORE CREATE a");
    assert_eq!(waiting.text("SELECT a"), "OK");
    waiting.send("BLPOP list 0\r\n");
    wait_for("somebody waits", || admin.text("INFO clients").contains("blocked_clients:1").then_some(()));
    assert_eq!(admin.text("STORE DROP a"), "OK");
    assert!(text(&waiting.reply()).starts_with("NOSTORE"));
    assert_eq!(waiting.text("SELECT 0"), "OK");
}

fn lines<'a>(page: &'a str, store: &str) -> Vec<&'a str> {
    let label = format!("store=\"{store}\"");
    page.lines().filter(|line| line.contains(&label)).collect()
}

/// All that is known of a store: what was evicted, hot, looked for, predicted, filtered and remembered.
#[test]
fn a_store_in_the_place_of_another_begins_at_nothing() {
    let node = TestNode::start();
    let mut client = node.client();
    assert_eq!(client.text("STORE CREATE old MAXMEMORY 300kb EVICTION lru FILTER ON"), "1");
    client.run("SELECT old");
    let value = "x".repeat(1000);
    for key in 0..1000 {
        assert_eq!(text(&client.command(&["SET", &format!("k{key}"), &value])), "OK");
    }
    for _ in 0..5 {
        for key in 900..1000 {
            client.run(&format!("GET k{key}"));
        }
    }
    let gone = (0..1000).find(|key| client.text(&format!("GET k{key}")) == "(nil)");
    let gone = format!("WHY k{}", gone.expect("there is no room for all"));
    client.run("DEL k999");
    client.run("SET k999 1 PX 1");
    wait_for("a key has expired", || {
        (!client.text("STORE INFO old").contains("Bulk(b\"expired-keys\"), Integer(0)")).then_some(())
    });
    assert!(client.text(&gone).contains("evicted"));
    assert!(client.text("HOTKEYS TOP STORE old").contains("Bulk(b\"key\")"));
    let page = wait_for("all gauges are there", || {
        let page = node.curl("/metrics", &[]);
        let names = ["evicted_keys_total", "store_predicted_hit_ratio", "store_hot_keys_ratio"];
        let told = |name: &&str| lines(&page, "old").iter().any(|line| line.contains(*name));
        names.iter().all(told).then_some(page)
    });
    assert!(lines(&page, "").is_empty(), "{:?}", lines(&page, ""));
    let evicted = |page: &str| -> String {
        page.lines().find(|line| line.starts_with("evicted_keys:")).unwrap().to_owned()
    };
    let before = evicted(&client.text("INFO stats"));
    assert_ne!(before, "evicted_keys:0");

    assert_eq!(client.text("STORE DROP old"), "OK");
    let page = node.curl("/metrics", &[]);
    assert!(lines(&page, "old").is_empty() && lines(&page, "").is_empty(), "{:?}", lines(&page, "old"));
    assert_eq!(evicted(&client.text("INFO stats")), before, "the node does not forget");

    // What a client does is counted for the index that it has selected.
    client.run("SELECT 0");
    assert_eq!(client.text("STORE CREATE new EVICTION lru FILTER ON"), "1");
    let page = node.curl("/metrics", &[]);
    let told = lines(&page, "new");
    assert!(!told.is_empty() && lines(&page, "old").is_empty());
    for name in ["predicted_hit_ratio", "hypercache_evicted", "kind=\"measured\"", "store_sessions{"] {
        assert!(told.iter().all(|line| !line.contains(name)), "{name}: {told:?}");
    }
    let rules = ["sampling_ratio", "built_ratio", "kind=\"wanted\"", "_bucket", "filter_memory"];
    for line in told.iter().filter(|line| !rules.iter().any(|rule| line.contains(rule))) {
        assert!(line.ends_with(" 0"), "{line}");
    }
    client.run("SELECT new");
    let info = client.text("STORE INFO new");
    for name in ["keys", "expired-keys", "evicted-keys", "hits", "misses", "evicted"] {
        assert!(info.contains(&format!("Bulk(b\"{name}\"), Integer(0)")), "{name}: {info}");
    }
    assert!(!client.text("HOTKEYS TOP STORE new").contains("Bulk(b\"key\")"));
    assert!(client.text("FILTER INFO").contains("Bulk(b\"negatives\"), Integer(0)"));
    assert!(client.text(&gone).contains("never_seen"));
    let curve: Value = serde_json::from_str(&node.curl("/api/stores/new/mrc", &[])).unwrap();
    assert_eq!((&curve["lookups"], &curve["sampled_keys"]), (&json!(0), &json!(0)), "{curve}");
    assert!(client.text("INFO stores").contains("name=new,keys=0,expires=0,sessions=0,bytes=0,"));
    assert!(client.text("INFO stores").contains("eviction=lru,evicted=0"));
}

/// Four clients make and drop one store while others select it and write: nobody is told anything but that it is gone,
/// and what is left at the end adds up.
#[test]
fn stores_that_come_and_go_among_writers_leave_nothing_behind() {
    let node = TestNode::start();
    std::thread::scope(|scope| {
        for maker in 0..4 {
            let mut client = node.client();
            scope.spawn(move || {
                for round in 0..100 {
                    let name = if (maker + round) % 2 == 0 { "a" } else { "b" };
                    client.run(&format!("STORE CREATE {name} TTL {}", 100 + round));
                    client.run(&format!("STORE ALTER {name} TTL {}", 200 + round));
                    client.run(&format!("STORE DROP {name}"));
                }
            });
        }
        for writer in 0..4 {
            let mut client = node.client();
            scope.spawn(move || {
                for round in 0..200 {
                    for line in [
                        &*format!("SELECT {}", ["a", "b", "1", "2"][round % 4]),
                        &format!("SET k{writer} {round}"),
                        "MULTI",
                        "SELECT 1",
                        "INCR n",
                        "COPY n m DB 2 REPLACE",
                        "EXEC",
                        "MSET x 1 y 2 z 3",
                        "FLUSHDB",
                        "DBSIZE",
                        "SWAPDB 1 2",
                        "SELECT 0",
                        &format!("SET own{writer} {round}"),
                    ] {
                        if let Frame::Error(error) = client.run(line) {
                            let error = String::from_utf8(error.to_vec()).unwrap();
                            let known =
                                ["NOSTORE", "ERR DB index", "ERR invalid", "ERR value is not", "EXECABORT"];
                            assert!(known.iter().any(|known| error.starts_with(known)), "{line}: {error}");
                        }
                    }
                }
            });
        }
    });
    let mut client = node.client();
    for name in ["a", "b"] {
        client.run(&format!("STORE DROP {name}"));
    }
    assert_eq!(client.text("CONFIG GET databases"), "Array([Bulk(b\"databases\"), Bulk(b\"1\")])");
    for name in ["a", "b"] {
        client.run(&format!("STORE CREATE {name}"));
        client.run(&format!("SELECT {name}"));
        assert_eq!(client.text("DBSIZE"), "0");
    }
    client.run("SELECT 0");
    client.run("FLUSHDB SYNC");
    assert!(client.text("STORE INFO 0").contains("Bulk(b\"memory-bytes\"), Integer(0)"), "sizes add up");
}
