//! Filters as users meet them: those that stores keep of their keys, and those that are values, over HTTP.

use serde_json::Value;
use serde_json::json;

use crate::process::TestNode;
use crate::telemetry_support::wait_for;

/// A request and the status and body of its answer.
fn ask(node: &TestNode, method: &str, path: &str, body: &str) -> (u16, Value) {
    let mut arguments = vec!["-X", method, "-w", "\n%{http_code}"];
    if !body.is_empty() {
        arguments.extend(["-H", "content-type: application/json", "-d", body]);
    }
    let answer = node.curl(path, &arguments);
    let (text, status) = answer.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(text).unwrap_or(Value::Null))
}

#[test]
fn a_store_answers_certain_misses_by_its_filter_and_tells_how_well() {
    let node = TestNode::configured(
        "stores:\n- name: default\n- name: known\n  cuckoo_filter: { enabled: true, false_positive_rate: 0.001 }\n",
    );
    let mut client = node.client();
    assert_eq!(client.text("SELECT known"), "OK");
    for number in 0..3000 {
        assert_eq!(client.text(&format!("SET k{number} v")), "OK");
    }
    assert_eq!(client.text("DEL k0 k1"), "2");
    assert_eq!(client.text("PEXPIRE k2 1"), "1");
    (0..2000).for_each(|number| assert_eq!(client.text(&format!("GET none{number}")), "(nil)"));
    (3..3000).for_each(|number| assert_eq!(client.text(&format!("GET k{number}")), "v"));
    let told = wait_for("the expired key has left the filter", || {
        let (status, told) = ask(&node, "GET", "/api/filter/known", "");
        assert_eq!(status, 200, "{told}");
        (told["items"] == json!(2997)).then_some(told)
    });
    assert_eq!((&told["wanted_rate"], &told["fingerprint_bits"]), (&json!(0.001), &json!(14)));
    assert!(told["negatives"].as_u64().unwrap() > 1900, "{told}");
    assert!(told["true_positives"].as_u64().unwrap() >= 2997, "{told}");
    assert!(told["expected_rate"].as_f64().unwrap() < 0.001, "{told}");
    assert!(told["measured_rate"].as_f64().unwrap() < 0.01, "{told}");
    assert_eq!(client.text("FILTER EXISTS k3"), "1");
    assert_eq!(ask(&node, "GET", "/api/filter/known/k3", "").1["may_exist"], json!(true));
    let (status, several) = ask(&node, "POST", "/api/filter/1", r#"{"keys": ["k3", "k2", "k0", "k2999"]}"#);
    assert_eq!((status, several["items"].as_array().unwrap().len()), (200, 4), "{several}");
    assert_eq!(
        (&several["items"][0]["may_exist"], &several["items"][3]["may_exist"]),
        (&json!(true), &json!(true))
    );
    let page = node.curl("/metrics", &[]);
    for line in [
        "hypercache_filter_keys{store=\"known\"} 2997",
        "hypercache_filter_keys{store=\"default\"} 0",
        "hypercache_filter_built_ratio{store=\"known\"} 1",
        "hypercache_filter_lookups_total{store=\"known\",result=\"negative\"} ",
        "hypercache_filter_false_positive_ratio{store=\"known\",kind=\"wanted\"} 0.001",
    ] {
        assert!(page.contains(line), "{line} is not in {page}");
    }
    assert!(client.text("INFO stores").contains("filter1:items=2997,"));
    // The filter follows the keys to another store, whose rules stay.
    assert_eq!(client.text("SWAPDB 0 1"), "OK");
    assert_eq!(ask(&node, "GET", "/api/filter/known", "").1["items"], json!(0));
    assert_eq!(client.text("SWAPDB 0 1"), "OK");
    wait_for("the filter is built anew", || {
        (ask(&node, "GET", "/api/filter/known", "").1["items"] == json!(2997)).then_some(())
    });
    assert_eq!(client.text("GET k3"), "v");
    wait_for("it is told", || {
        node.lines("node").into_iter().find(|line| line["event.action"] == json!("filter-built"))
    });
}

#[test]
fn a_store_without_a_filter_says_how_to_get_one() {
    let node = TestNode::start();
    for (method, path, body) in [
        ("GET", "/api/filter/0", ""),
        ("GET", "/api/filter/0/k", ""),
        ("POST", "/api/filter/0", r#"{"keys": ["k"]}"#),
    ] {
        let (status, problem) = ask(&node, method, path, body);
        assert_eq!((status, &problem["code"]), (404, &json!("NOFILTER")), "{method} {path}");
        assert!(problem["detail"].as_str().unwrap().contains("STORE ALTER name FILTER ON"), "{problem}");
    }
    assert_eq!(ask(&node, "GET", "/api/filter/nowhere", "").1["code"], json!("NO_SUCH_STORE"));
    assert_eq!(ask(&node, "POST", "/api/filter/0", r#"{"keys": []}"#).0, 400);
}

#[test]
fn filters_that_are_values_are_written_and_asked_over_http() {
    let node = TestNode::start();
    let mut client = node.client();
    let filters = "/api/stores/0/filters";
    for (key, kind) in [("c", "cuckoo"), ("b", "bloom")] {
        let (path, items) =
            (format!("{filters}/{key}"), r#"{"items": [{"item": "x"}, {"item_base64": "/w=="}]}"#);
        assert_eq!(ask(&node, "GET", &path, "").1["code"], json!("NO_SUCH_KEY"));
        let (status, added) = ask(&node, "POST", &format!("{path}?kind={kind}"), items);
        assert_eq!((status, &added["added"], &added["refused"]), (200, &json!(2), &json!(0)), "{added}");
        let told = ask(&node, "GET", &path, "").1;
        assert_eq!((&told["kind"], &told["items"]), (&json!(kind), &json!(2)), "{told}");
        let one = |name: &str| ask(&node, "GET", &format!("{path}/items/{name}"), "").1["may_exist"].clone();
        assert_eq!((one("x"), one("%FF"), one("absent")), (json!(true), json!(true), json!(false)));
        let put = || ask(&node, "PUT", &format!("{path}/items/y"), "").1["added"].clone();
        assert_eq!((put(), put()), (json!(true), json!(false)));
    }
    assert_eq!(
        (client.text("CF.EXISTS c y"), client.text("BF.EXISTS b y")),
        ("1".to_owned(), "1".to_owned())
    );
    assert_eq!(ask(&node, "DELETE", &format!("{filters}/c/items/y"), "").0, 204);
    assert_eq!(ask(&node, "DELETE", &format!("{filters}/c/items/y"), "").1["code"], json!("NO_SUCH_ITEM"));
    assert_eq!(ask(&node, "DELETE", &format!("{filters}/b/items/y"), "").1["code"], json!("NOT_REMOVABLE"));
    assert_eq!(client.text("SET text x"), "OK");
    assert_eq!(ask(&node, "GET", &format!("{filters}/text"), "").1["code"], json!("WRONGTYPE"));
    assert_eq!(
        ask(&node, "PUT", &format!("{filters}/c/items/z?kind=bloom"), "").1["code"],
        json!("WRONGTYPE")
    );
}
