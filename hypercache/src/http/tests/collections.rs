//! The collections below `/api/stores`.

use super::*;

const MISSING: [(&str, &str, &str); 10] = [
    ("GET", "/keys/none", "NO_SUCH_KEY"),
    ("DELETE", "/keys/none", "NO_SUCH_KEY"),
    ("DELETE", "/keys/none/ttl", "NO_SUCH_KEY"),
    ("GET", "/counters/none", "NO_SUCH_KEY"),
    ("GET", "/hashes/none", "NO_SUCH_KEY"),
    ("GET", "/hashes/none/fields/f", "NO_SUCH_FIELD"),
    ("GET", "/lists/none", "NO_SUCH_KEY"),
    ("GET", "/sets/none", "NO_SUCH_KEY"),
    ("DELETE", "/sets/none/members/m", "NO_SUCH_MEMBER"),
    ("GET", "/zsets/none/members/m", "NO_SUCH_MEMBER"),
];

#[tokio::test]
async fn what_is_not_there_is_not_found_and_what_is_another_type_is_a_conflict() {
    let bench = Bench::new();
    for (method, path, code) in MISSING {
        let (status, problem) = bench.ask(method, path, Value::Null).await;
        assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!(code)), "{method} {path}");
    }
    let (status, problem) = bench.ask("PUT", "/keys/none/ttl", json!({"ttl": "1s"})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("NO_SUCH_KEY")));
    bench.command(&["SET", "text", "x"]);
    bench.command(&["RPUSH", "list", "x"]);
    for (method, path, body) in [
        ("GET", "/hashes/text", Value::Null),
        ("PATCH", "/hashes/text", json!({"items": [{"field": "f", "value": 1}]})),
        ("GET", "/lists/text", Value::Null),
        ("POST", "/lists/text/pop", json!({"side": "left"})),
        ("GET", "/sets/text/members/m", Value::Null),
        ("PUT", "/zsets/text/members/m", json!({"score": 1})),
        ("GET", "/strings/list", Value::Null),
        ("POST", "/counters/list", json!({})),
    ] {
        let (status, problem) = bench.ask(method, path, body).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::CONFLICT, &json!("WRONGTYPE")),
            "{method} {path}"
        );
    }
    let (status, problem) = bench.ask("GET", "/counters/text", Value::Null).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("NOT_A_NUMBER")));
    let (status, problem) = bench.call("GET", "/api/stores/nowhere/keys", "").await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("NO_SUCH_STORE")));
}

#[tokio::test]
async fn a_string_of_a_store_is_the_same_key_as_in_the_cache_of_that_store() {
    let bench = Bench::new();
    let (status, answer) =
        bench.call("PUT", "/api/stores/small/strings/a%2Fb?ttl=1h", r#"{"value": [1]}"#).await;
    assert_eq!((status, &answer["store"], &answer["key"]), (StatusCode::OK, &json!("small"), &json!("a/b")));
    assert_eq!(bench.get("a%2Fb?store=1").await.1["value"], json!([1]));
    assert_eq!(bench.call("GET", "/api/stores/1/strings/a%2Fb", "").await.1["value"], json!([1]));
    let (status, problem) = bench.call("GET", "/api/stores/1/strings/a%2Fb?store=0", "").await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
    assert_eq!(bench.call("DELETE", "/api/stores/1/strings/a%2Fb", "").await.0, StatusCode::NO_CONTENT);
    assert_eq!(bench.get("a%2Fb?store=1").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn keys_are_listed_told_about_and_given_an_end() {
    let bench = Bench::new();
    for number in 0..30 {
        bench.command(&["SET", &format!("k{number}"), "x"]);
    }
    bench.command(&["SADD", "set", "m"]);
    bench.ask("PUT", "/strings/%FF", json!({"value": 1})).await;
    let (mut keys, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, page) = bench.ask("GET", &format!("/keys?count=7{cursor}"), Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        keys.extend(page["items"].as_array().unwrap().iter().map(Value::to_string));
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 32);
    assert!(keys.contains(&r#"{"key_base64":"/w=="}"#.to_owned()));
    let (_, sets) = bench.ask("GET", "/keys?type=set&match=s*&count=1000", Value::Null).await;
    assert_eq!(sets["items"], json!([{"key": "set"}]));
    let (_, told) = bench.ask("GET", "/keys/set", Value::Null).await;
    assert_eq!(told, json!({"key": "set", "store": "default", "type": "set", "ttl_seconds": null}));
    let (status, told) = bench.ask("PUT", "/keys/set/ttl", json!({"ttl_seconds": 90})).await;
    assert_eq!((status, &told["ttl_seconds"]), (StatusCode::OK, &json!(90.0)));
    assert!(bench.ask("GET", "/keys/set", Value::Null).await.1["ttl_seconds"].as_f64().unwrap() > 80.0);
    for _ in 0..2 {
        assert_eq!(bench.ask("DELETE", "/keys/set/ttl", Value::Null).await.0, StatusCode::NO_CONTENT);
    }
    assert_eq!(bench.ask("GET", "/keys/set", Value::Null).await.1["ttl_seconds"], Value::Null);
    assert_eq!(bench.ask("DELETE", "/keys/set", Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(bench.ask("HEAD", "/keys/set", Value::Null).await.0, StatusCode::NOT_FOUND);
    let (_, stores) = bench.call("GET", "/api/stores", "").await;
    assert_eq!(stores["stores"][0]["keys"], json!(31));
    assert_eq!(bench.call("GET", "/api/stores/small", "").await.1["name"], json!("small"));
}

#[tokio::test]
async fn counters_stay_whole_until_they_are_asked_not_to() {
    let bench = Bench::new();
    for (body, value) in [
        (json!({}), json!(1)),
        (json!({"by": 41}), json!(42)),
        (json!({"by": -2.5}), json!(39.5)),
        (json!({"by": 0.5}), json!(40)),
    ] {
        let (status, answer) = bench.ask("POST", "/counters/c", body).await;
        assert_eq!((status, &answer["value"]), (StatusCode::OK, &value));
    }
    assert_eq!(bench.ask("GET", "/counters/c", Value::Null).await.1["value"], json!(40));
    bench.command(&["SET", "c", "1.5"]);
    let (status, problem) = bench.ask("POST", "/counters/c", json!({"by": 1})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("ERR")), "{problem}");
    for by in [json!(null), json!(true), json!("x"), json!([])] {
        let (status, answer) = bench.ask("POST", "/counters/d", json!({"by": by})).await;
        assert_eq!(status.is_success(), by.is_null(), "{answer}");
    }
}

#[tokio::test]
async fn fields_are_written_and_read_one_by_one_and_together() {
    let bench = Bench::new();
    let items = json!({"items": [{"field": "name", "value": "Ada"}, {"field": "age", "value": 36},
        {"field_base64": "/w==", "value_base64": "AP8="}, {"field": "nothing", "value": null}]});
    assert_eq!(bench.ask("PATCH", "/hashes/h", items).await.1["added"], json!(4));
    let (_, hash) = bench.ask("GET", "/hashes/h", Value::Null).await;
    assert_eq!((&hash["length"], &hash["cursor"]), (&json!(4), &Value::Null));
    let wanted = json!([{"field": "name", "value": "Ada"}, {"field": "age", "value": 36},
        {"field_base64": "/w==", "value_base64": "AP8="}, {"field": "nothing", "value": null}]);
    assert_eq!(hash["items"], wanted);
    let (status, one) = bench.ask("PUT", "/hashes/h/fields/a%2Fb", json!({"value": {"x": 1}})).await;
    assert_eq!((status, &one["added"], &one["field"]), (StatusCode::OK, &json!(true), &json!("a/b")));
    assert_eq!(bench.ask("GET", "/hashes/h/fields/a%2Fb", Value::Null).await.1["value"], json!({"x": 1}));
    let raw = Request::put("/api/stores/0/hashes/h/fields/raw").header("content-type", "image/png");
    assert_eq!(bench.send(raw.body(vec![0xff, 1].into()).unwrap()).await.status(), StatusCode::OK);
    let get = Request::get("/api/stores/0/hashes/h/fields/raw").header("accept", "application/octet-stream");
    assert_eq!(bytes(bench.send(get.body(Body::empty()).unwrap()).await).await, [0xff, 1]);
    assert_eq!(bench.ask("DELETE", "/hashes/h/fields/raw", Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(bench.ask("DELETE", "/hashes/h/fields/raw", Value::Null).await.0, StatusCode::NOT_FOUND);
    let (_, some) = bench.ask("GET", "/hashes/h?match=na*", Value::Null).await;
    assert_eq!(some["items"], json!([{"field": "name", "value": "Ada"}]));
}

#[tokio::test]
async fn lists_are_read_in_ranges_and_used_from_both_ends() {
    let bench = Bench::new();
    let values = |side: &str, values: [i32; 3]| {
        let items: Vec<_> = values.iter().map(|value| json!({"value": value})).collect();
        json!({"side": side, "items": items})
    };
    assert_eq!(bench.ask("POST", "/lists/l", values("right", [4, 5, 6])).await.1["length"], json!(3));
    assert_eq!(bench.ask("POST", "/lists/l", values("left", [3, 2, 1])).await.1["length"], json!(6));
    for (query, wanted) in [
        ("", vec![1, 2, 3, 4, 5, 6]),
        ("?offset=2&limit=2", vec![3, 4]),
        ("?offset=-2", vec![5, 6]),
        ("?offset=-3&limit=2", vec![4, 5]),
        ("?offset=9223372036854775807", vec![]),
        ("?offset=-9223372036854775808&limit=1", vec![]),
    ] {
        let (status, range) = bench.ask("GET", &format!("/lists/l{query}"), Value::Null).await;
        let found: Vec<_> =
            range["items"].as_array().unwrap().iter().map(|item| item["value"].as_i64().unwrap()).collect();
        assert_eq!((status, found, &range["length"]), (StatusCode::OK, wanted, &json!(6)), "{query}");
    }
    let (_, taken) = bench.ask("POST", "/lists/l/pop", json!({"side": "right"})).await;
    assert_eq!(taken["items"], json!([{"value": 6}]));
    let (_, taken) = bench.ask("POST", "/lists/l/pop", json!({"side": "left", "count": 100})).await;
    assert_eq!(taken["items"].as_array().unwrap().len(), 5);
    assert_eq!(bench.ask("POST", "/lists/l/pop", json!({"side": "left"})).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn sets_and_sorted_sets_have_members() {
    let bench = Bench::new();
    let items = json!({"items": [{"member": "a"}, {"member": "b"}, {"member_base64": "/w=="}]});
    assert_eq!(bench.ask("POST", "/sets/s", items).await.1["added"], json!(3));
    assert_eq!(bench.ask("PUT", "/sets/s/members/c%20d", Value::Null).await.1["added"], json!(true));
    assert_eq!(bench.ask("GET", "/sets/s/members/%FF", Value::Null).await.0, StatusCode::OK);
    assert_eq!(bench.ask("DELETE", "/sets/s/members/a", Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(bench.ask("GET", "/sets/s/members/a", Value::Null).await.0, StatusCode::NOT_FOUND);
    let (_, page) = bench.ask("GET", "/sets/s", Value::Null).await;
    let mut members: Vec<_> = page["items"].as_array().unwrap().iter().map(Value::to_string).collect();
    members.sort();
    assert_eq!(members, [r#"{"member":"b"}"#, r#"{"member":"c d"}"#, r#"{"member_base64":"/w=="}"#]);

    let items = json!({"items": [{"member": "a", "score": 1}, {"member": "b", "score": 2.5}, {"member": "c", "score": "-inf"}]});
    assert_eq!(bench.ask("POST", "/zsets/z", items).await.1["added"], json!(3));
    assert_eq!(bench.ask("PUT", "/zsets/z/members/a", json!({"score": 3})).await.1["added"], json!(false));
    assert_eq!(bench.ask("POST", "/zsets/z/members/a", json!({"by": 0.5})).await.1["score"], json!(3.5));
    let (_, one) = bench.ask("GET", "/zsets/z/members/a", Value::Null).await;
    assert_eq!((&one["score"], &one["rank"]), (&json!(3.5), &json!(2)));
    for (query, wanted) in [
        ("", "cba"),
        ("?reverse=true&limit=2", "ab"),
        ("?offset=1&limit=1", "b"),
        ("?min=2", "ba"),
        ("?max=(3.5", "cb"),
        ("?min=-inf&max=3&reverse=true", "bc"),
        ("?min=2&offset=1", "a"),
        ("?offset=4294967295", ""),
    ] {
        let (status, range) = bench.ask("GET", &format!("/zsets/z{query}"), Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{range}");
        let found: String =
            range["items"].as_array().unwrap().iter().filter_map(|item| item["member"].as_str()).collect();
        assert_eq!(found, wanted, "{query}");
    }
    let (_, range) = bench.ask("GET", "/zsets/z?limit=1", Value::Null).await;
    assert_eq!(range["items"], json!([{"member": "c", "score": "-inf"}]));
    assert_eq!(bench.ask("DELETE", "/zsets/z/members/a", Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(bench.ask("DELETE", "/zsets/z/members/a", Value::Null).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_a_request_may_not_say_is_refused_and_nothing_is_done() {
    let bench = Bench::new();
    let many: Vec<_> = (0..1001).map(|number| json!({"member": number.to_string()})).collect();
    let member = |member: &str| json!({"items": [{"member": member}]});
    for (method, path, body, words) in [
        ("POST", "/sets/s", json!({"items": []}), "no item"),
        ("POST", "/sets/s", json!({"items": many}), "1000"),
        (
            "POST",
            "/sets/s",
            json!({"items": [{"member": "a", "member_base64": "YQ=="}]}),
            "item 0: give one of",
        ),
        ("POST", "/sets/s", json!({"items": [{"member_base64": "?"}]}), "not base64"),
        ("POST", "/sets/s", member(""), "empty"),
        ("POST", "/sets/s", member(&"x".repeat(9000)), "8192"),
        ("POST", "/sets/s", json!({"members": ["a"]}), "members"),
        ("PATCH", "/hashes/s", json!({"items": [{"field": "f"}]}), "give one of value"),
        ("POST", "/lists/s", json!({"items": [{"value": 1}]}), "side"),
        ("POST", "/lists/s", json!({"side": "middle", "items": [{"value": 1}]}), "middle"),
        ("POST", "/lists/s/pop", json!({"side": "left", "count": 0}), "1 to 1000"),
        ("POST", "/zsets/s", json!({"items": [{"member": "a", "score": true}]}), "score is a number"),
        ("POST", "/zsets/s", json!({"items": [{"member": "a", "score": "nan"}]}), "not a valid float"),
        ("GET", "/sets/s?count=1001", Value::Null, "1 to 1000"),
        ("GET", "/sets/s?limit=10", Value::Null, "limit"),
        ("GET", "/lists/s?limit=0", Value::Null, "1 to 1000"),
        ("GET", "/keys?cursor=x", Value::Null, "invalid cursor"),
        ("GET", "/zsets/z?min=x", Value::Null, "min or max"),
        ("PUT", "/keys/s/ttl", json!({}), "give one of"),
        ("PUT", "/keys/s/ttl", json!({"ttl": "1s", "x": 1}), "x"),
    ] {
        bench.command(&["ZADD", "z", "1", "a"]);
        let (status, problem) = bench.ask(method, path, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{method} {path}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem} should speak of {words}");
    }
    for (method, path) in
        [("POST", "sets/s"), ("POST", "lists/s/pop"), ("PATCH", "hashes/s"), ("PUT", "keys/s/ttl")]
    {
        let request = Request::builder().method(method).uri(format!("/api/stores/0/{path}"));
        let status = bench.send(request.body("{}".into()).unwrap()).await.status();
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{method} {path}");
    }
    assert_eq!(bench.command(&["EXISTS", "s"]), Frame::Integer(0));
}

#[tokio::test]
async fn a_full_store_refuses_what_needs_room_and_lets_go_of_what_it_has() {
    let bench = Bench::with(Setup { limit: 1000, ..Setup::default() });
    let big = json!({"items": [{"field": "big", "value": "x".repeat(2000)}]}).to_string();
    assert_eq!(bench.call("PATCH", "/api/stores/small/hashes/h", big.clone()).await.0, StatusCode::OK);
    let (status, problem) = bench.call("PATCH", "/api/stores/small/hashes/h", big).await;
    assert_eq!((status, &problem["code"]), (StatusCode::INSUFFICIENT_STORAGE, &json!("OOM")));
    let status = bench.call("DELETE", "/api/stores/small/hashes/h/fields/big", "").await.0;
    assert_eq!(status, StatusCode::NO_CONTENT);
}
