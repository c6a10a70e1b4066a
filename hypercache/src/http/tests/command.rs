//! Commands as JSON.

use super::*;

async fn sent(bench: &Bench, body: Value) -> (StatusCode, Value) {
    bench.call("POST", "/api/command", body.to_string()).await
}

#[tokio::test]
async fn a_command_is_answered_in_json_by_type() {
    let bench = Bench::new();
    for (command, result) in [
        (json!(["SET", "k", 12]), json!("OK")),
        (json!(["get", "k"]), json!("12")),
        (json!(["GET", "none"]), Value::Null),
        (json!(["INCRBY", "k", "30"]), json!(42)),
        (json!(["SET", {"base64": "/w=="}, {"base64": "AP8="}]), json!("OK")),
        (json!(["GET", {"base64": "/w=="}]), json!({"base64": "AP8="})),
        (json!(["HSET", "h", "a", 1, "b", 2.5]), json!(2)),
        (json!(["HGETALL", "h"]), json!({"a": "1", "b": "2.5"})),
        (json!(["ZADD", "z", 1.5, "m", "inf", "n"]), json!(2)),
        (json!(["ZRANGE", "z", 0, -1, "WITHSCORES"]), json!([["m", 1.5], ["n", "inf"]])),
        (json!(["ZSCORE", "z", "m"]), json!(1.5)),
        (json!(["MGET", "k", "none"]), json!(["42", null])),
        (json!(["SADD", "s", "x"]), json!(1)),
        (json!(["SMEMBERS", "s"]), json!(["x"])),
    ] {
        let (status, answer) = sent(&bench, command.clone()).await;
        assert_eq!((status, &answer), (StatusCode::OK, &json!({"result": result})), "{command}");
    }
    let (_, answer) = bench.call("POST", "/api/command?store=small", r#"["EXISTS","k"]"#).await;
    assert_eq!(answer, json!({"result": 0}));
}

#[tokio::test]
async fn a_pipeline_answers_each_of_its_commands() {
    let bench = Bench::new();
    let pipeline = json!([["SET", "k", "x"], ["INCR", "k"], ["SUBSCRIBE", "c"], ["GET", "k"], ["NOSUCH"]]);
    let (status, answer) = sent(&bench, pipeline).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["results"][0], json!({"result": "OK"}));
    assert_eq!(answer["results"][1]["error"]["code"], json!("ERR"));
    assert_eq!(answer["results"][2]["error"]["code"], json!("NOT_OVER_HTTP"));
    assert_eq!(answer["results"][3], json!({"result": "x"}));
    assert!(answer["results"][4]["error"]["detail"].as_str().unwrap().contains("unknown command 'NOSUCH'"));
    assert_eq!(answer["results"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn errors_are_problems() {
    let bench = Bench::new();
    bench.command(&["RPUSH", "list", "x"]);
    let many: Vec<_> = (0..1001).map(|_| json!(["PING"])).collect();
    for (body, status, code) in [
        (json!(["INCR", "list"]), 409, "WRONGTYPE"),
        (json!(["RENAME", "none", "k"]), 404, "ERR"),
        (json!(["GET"]), 400, "ERR"),
        (json!(["NOSUCH", 1]), 400, "ERR"),
        (json!(["MULTI"]), 403, "NOT_OVER_HTTP"),
        (json!(["SHUTDOWN", "NOSAVE"]), 403, "NOT_OVER_HTTP"),
        (json!(["CONFIG", "SET", "maxclients", 1]), 403, "NOT_OVER_HTTP"),
        (json!([]), 400, "BAD_REQUEST"),
        (json!(["SET", "k", null]), 400, "BAD_REQUEST"),
        (json!([["SET", "k", "1"], []]), 400, "BAD_REQUEST"),
        (json!([["SET", "k", "1"], "GET"]), 400, "BAD_REQUEST"),
        (json!(many), 400, "BAD_REQUEST"),
        (json!({"command": ["GET", "k"]}), 400, "BAD_REQUEST"),
    ] {
        let (answered, problem) = sent(&bench, body.clone()).await;
        assert_eq!((answered.as_u16(), &problem["code"]), (status, &json!(code)), "{body}: {problem}");
    }
    assert_eq!(
        bench.command(&["EXISTS", "k"]),
        Frame::Integer(0),
        "a pipeline that cannot be read does not begin"
    );
    let request = Request::post("/api/command").body(r#"["SET","k","1"]"#.into()).unwrap();
    assert_eq!(bench.send(request).await.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(bench.call("POST", "/api/command?db=1", r#"["PING"]"#).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_reply_that_is_too_long_is_told_and_not_sent() {
    let bench = Bench::new();
    bench.command(&["SETRANGE", "k", "40000000", "x"]);
    let (status, answer) = sent(&bench, json!([["STRLEN", "k"], ["GET", "k"], ["GET", "k"]])).await;
    assert_eq!((status, &answer["results"][0]), (StatusCode::OK, &json!({"result": 40_000_001})));
    assert!(answer["results"][1]["result"].is_string());
    assert_eq!(answer["results"][2]["error"]["code"], json!("REPLY_TOO_LONG"));
    let (status, problem) = sent(&bench, json!(["MGET", "k", "k", "k", "k"])).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("REPLY_TOO_LONG")));
}

#[tokio::test]
async fn commands_are_counted_under_their_names() {
    let bench = Bench::new();
    sent(&bench, json!([["LPUSH", "l", "x"], ["NOSUCH"]])).await;
    let response = bench.send(Request::get("/metrics").body(Body::empty()).unwrap()).await;
    let page = String::from_utf8(bytes(response).await).unwrap();
    for (command, outcome) in [("LPUSH", "ok"), ("_OTHER", "error")] {
        let counted = format!(
            "hypercache_command_duration_seconds_count{{command=\"{command}\",store=\"default\",outcome=\"{outcome}\"}} 1"
        );
        assert!(page.contains(&counted), "{page}");
    }
}
