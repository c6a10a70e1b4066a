//! What is refused, and how that is told.

use super::*;
use crate::engine::loading::LOADING;
use crate::http::problem::Problem;

#[tokio::test]
async fn what_is_wrong_is_told() {
    let bench = Bench::new();
    let long = "k".repeat(9000);
    let cases = [
        (
            bench.put("k", json!({"value": 1, "ttl_hours": 1, "ttl": "1h"})).await,
            StatusCode::BAD_REQUEST,
            "several",
        ),
        (
            bench.put("k", json!({"value": 1, "ttl_seconds": -1})).await,
            StatusCode::BAD_REQUEST,
            "ttl_seconds",
        ),
        (bench.put("k?ttl=1s", json!({"value": 1, "ttl": "1h"})).await, StatusCode::BAD_REQUEST, "twice"),
        (bench.put("k", json!({"valeu": 1})).await, StatusCode::BAD_REQUEST, "valeu"),
        (bench.put("k?ttl_secs=1", json!({"value": 1})).await, StatusCode::BAD_REQUEST, "ttl_secs"),
        (bench.put("k?nx=true&xx=true", json!({"value": 1})).await, StatusCode::BAD_REQUEST, "syntax error"),
        (bench.put(&long, json!({"value": 1})).await, StatusCode::BAD_REQUEST, "8192"),
        (bench.call("PUT", "/api/cache/k", "{\"value\": ").await, StatusCode::BAD_REQUEST, "line 1 column"),
        (
            bench.call("PUT", "/api/cache/k", vec![b'x'; 2 << 20]).await,
            StatusCode::PAYLOAD_TOO_LARGE,
            "http_max_body",
        ),
        (bench.call("PUT", "/api/cache/", "{}").await, StatusCode::NOT_FOUND, "openapi"),
        (bench.call("GET", "/nowhere", "").await, StatusCode::NOT_FOUND, "openapi"),
        (
            bench.call("POST", "/api/cache/batch/get", "{\"keys\":[]}").await,
            StatusCode::BAD_REQUEST,
            "no item",
        ),
    ];
    for ((status, problem), wanted, words) in cases {
        assert_eq!(status, wanted, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem} should speak of {words}");
        assert_eq!(problem["status"], json!(wanted.as_u16()));
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_that_names_the_right_ones() {
    let response = Bench::new().send(Request::post("/health").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(response.headers()["allow"].to_str().unwrap().contains("GET"));
    assert_eq!(response.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_full_store_refuses_and_says_so() {
    let bench = Bench::with(Setup { limit: 1000, ..Setup::default() });
    let big = json!({"value": "x".repeat(2000)});
    assert_eq!(bench.put("a?store=small", big.clone()).await.0, StatusCode::OK);
    let (status, problem) = bench.put("b?store=small", big).await;
    assert_eq!((status, &problem["code"]), (StatusCode::INSUFFICIENT_STORAGE, &json!("OOM")));
    assert_eq!(bench.call("GET", "/health", "").await.1["status"], json!("degraded"));
}

#[tokio::test]
async fn a_password_guards_all_but_health() {
    let bench = Bench::with(Setup { password: Some("secret"), ..Setup::default() });
    for (path, status) in
        [("/health", 200), ("/health/live", 200), ("/health/ready", 200), ("/metrics", 401), ("/stats", 401)]
    {
        let response = bench.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(response.headers().contains_key("www-authenticate"), status == 401, "{path}");
    }
    // default:secret, :secret, eve:secret, default:wrong
    let claims = [
        ("Basic ZGVmYXVsdDpzZWNyZXQ=", 200),
        ("Basic OnNlY3JldA==", 200),
        ("Bearer secret", 200),
        ("Basic ZXZlOnNlY3JldA==", 401),
        ("Basic ZGVmYXVsdDp3cm9uZw==", 401),
        ("Bearer wrong", 401),
        ("Basic ???", 401),
        ("Digest x", 401),
    ];
    for (claim, status) in claims {
        let request = Request::get("/stats").header("authorization", claim).body(Body::empty()).unwrap();
        assert_eq!(bench.send(request).await.status().as_u16(), status, "{claim}");
    }
}

#[tokio::test]
async fn a_key_of_another_type_is_a_conflict() {
    let bench = Bench::new();
    bench.command(&["HSET", "hash", "field", "1"]);
    let (status, problem) = bench.get("hash").await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("WRONGTYPE")));
    let (_, answer) = bench.call("POST", "/api/cache/batch/get", r#"{"keys":["hash"]}"#).await;
    assert_eq!(answer["items"][0]["found"], json!(false));
    assert_eq!(bench.put("hash", json!({"value": 1})).await.0, StatusCode::OK, "a write replaces any type");
    assert_eq!(bench.get("hash").await.1["value"], json!(1));
}

#[tokio::test]
async fn what_means_something_to_a_write_only_is_refused_elsewhere() {
    let bench = Bench::new();
    bench.put("k", json!({"value": 1})).await;
    for method in ["GET", "DELETE"] {
        for query in ["nx=true", "xx=true", "ttl=1s", "ttl_seconds=1", "ttl_hours=1", "sotre=small"] {
            let (status, problem) = bench.call(method, &format!("/api/cache/k?{query}"), "").await;
            let name = query.split('=').next().unwrap();
            assert_eq!(status, StatusCode::BAD_REQUEST, "{method} {query}");
            assert!(problem["detail"].as_str().unwrap().contains(name), "{problem}");
        }
    }
    assert_eq!(bench.get("k").await.0, StatusCode::OK);
}

#[tokio::test]
async fn batches_are_taken_as_json_only() {
    let bench = Bench::new();
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        for path in ["/api/cache/batch/get", "/api/cache/batch/put"] {
            let body = Body::from(r#"{"items":[{"key":"k","value":1}]}"#);
            let request = Request::post(path).header("content-type", kind).body(body).unwrap();
            assert_eq!(
                bench.send(request).await.status(),
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "{kind} {path}"
            );
        }
    }
    assert_eq!(bench.get("k").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn health_answers_whoever_asks_whatever_they_claim() {
    let bench = Bench::with(Setup { password: Some("secret"), ..Setup::default() });
    let request =
        Request::get("/health/live").header("authorization", "Bearer old").body(Body::empty()).unwrap();
    assert_eq!(bench.send(request).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_stopping_node_is_alive_and_not_ready() {
    let bench = Bench::new();
    assert_eq!(bench.call("GET", "/health/ready", "").await.0, StatusCode::OK);
    bench.stopping.send_replace(true);
    for (path, status) in [("/health/live", 200), ("/health/ready", 503), ("/health", 503)] {
        assert_eq!(bench.call("GET", path, "").await.0.as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn a_node_that_loads_is_alive_and_not_ready() {
    let bench = Bench::new();
    let loading = &bench.state.durability.loading;
    loading.begin(1_700_000_000, 200);
    loading.advance(50, 3);
    let (status, told) = bench.call("GET", "/health/ready", "").await;
    assert_eq!((status.as_u16(), &told["status"]), (503, &json!("loading")));
    assert_eq!(told["loading"]["loaded_percent"], json!(25.0));
    for (path, status) in [("/health/live", 200), ("/health", 503)] {
        assert_eq!(bench.call("GET", path, "").await.0.as_u16(), status, "{path}");
    }
    loading.end();
    assert_eq!(bench.call("GET", "/health/ready", "").await.0, StatusCode::OK);
}

#[test]
fn whoever_comes_while_data_is_loaded_is_told_when_to_come_again() {
    let response = Problem::from(LOADING).document("/api/cache/k", "");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
}
