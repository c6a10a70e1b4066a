//! Stores that come, change and go over real connections.

use hypercache::resp::frame::Frame;
use serde_json::Value;
use serde_json::json;

use crate::client::text;
use crate::process::TestNode;

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
    assert_eq!(ask(&node, "POST", "/api/stores", body).0, "409");
    assert_eq!(client.text("SELECT sessions-2"), "OK");
    assert_eq!(client.text("SET k v"), "OK");
    assert_eq!(client.text("TTL k"), "3600");
    let (status, told) = ask(&node, "PATCH", "/api/stores/sessions-2", r#"{"default_ttl": 0}"#);
    assert_eq!(
        (status.as_str(), &told["default_ttl_seconds"], &told["keys"]),
        ("200", &Value::Null, &json!(1))
    );
    for (method, path, body, status, detail) in [
        ("POST", "/api/stores", "{}", "400", "name: a store needs a name"),
        ("POST", "/api/stores", r#"{"name": "a", "size": 1}"#, "400", "size: unknown key"),
        ("POST", "/api/stores", r#"{"name": "a", "eviction": "fifo"}"#, "400", "eviction: "),
        ("POST", "/api/stores", r#"{"name": "a", "replication_factor": 3}"#, "400", "replication_factor: "),
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
    crate::telemetry_support::wait_for("somebody waits", || {
        admin.text("INFO clients").contains("blocked_clients:1").then_some(())
    });
    assert_eq!(admin.text("STORE DROP a"), "OK");
    assert!(text(&waiting.reply()).starts_with("NOSTORE"));
    assert_eq!(waiting.text("SELECT 0"), "OK");
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
