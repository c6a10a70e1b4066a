mod children;
mod collections;
mod command;
mod description;
mod failures;
mod mrc;
mod pause;
mod refusals;
mod socket;

use std::net::SocketAddr;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::body::to_bytes;
use axum::http::Request;
use axum::http::StatusCode;
use axum::response::Response;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;
use tokio::sync::watch;
use tower::ServiceExt;

use super::*;
use crate::command::table::table;
use crate::config::Config;
use crate::config::Secret;
use crate::config::Store as StoreRules;
use crate::engine::Disposal;
use crate::engine::Engine;
use crate::engine::Herald;
use crate::engine::Observation;
use crate::engine::Observed;
use crate::http::run::Caller;
use crate::http::run::Runner;
use crate::keyspace::key::HashSeed;
use crate::resp::frame::Frame;
use crate::security::Guarded;
use crate::telemetry::NodeIdentity;

/// A router over real stores, without a socket.
struct Bench {
    router: Router,
    state: Arc<HttpState>,
    stopping: watch::Sender<bool>,
}

/// What a bench is made with.
#[derive(Default)]
struct Setup<'a> {
    password: Option<&'a str>,
    /// Limit of the second store, in bytes.
    limit: u64,
    /// Time to live of keys of the second store.
    default_ttl: Duration,
    /// Takes the place of the executors.
    executor: Option<Arc<dyn Executor>>,
}

impl Bench {
    fn new() -> Self {
        Self::with(Setup::default())
    }

    fn with(setup: Setup<'_>) -> Self {
        let mut quiet = Config::default().telemetry;
        (quiet.log.stdout, quiet.log.files) = (false, false);
        let node = NodeIdentity { id: "node-1".to_owned(), version: "0" };
        let (telemetry, _guard) =
            Telemetry::builder(&quiet, &node, command_names(), store_names()).build().unwrap();
        Self::told_by(telemetry, setup)
    }

    fn told_by(telemetry: Telemetry, setup: Setup<'_>) -> Self {
        let Setup { password, limit, default_ttl, executor } = setup;
        let mut config = Config::default();
        let name = store_names()[1].clone();
        config.stores.push(StoreRules { name, max_memory: limit, default_ttl, ..config.stores[0].clone() });
        let registry = Arc::new(Registry::new(&config.stores, &config.cache, HashSeed(1)));
        let authenticator = Arc::new(Authenticator::new(password.map(|text| Secret(text.to_owned()))));
        let herald = Arc::new(Herald::new(Arc::clone(&registry), Arc::default(), Arc::default()));
        let disposal = Disposal::start().unwrap();
        let accounting = Accounting::new(
            Arc::clone(&registry),
            Arc::default(),
            Arc::clone(&herald),
            Arc::default(),
            telemetry.clone(),
            || 0,
        );
        let (stores, observation) = (Arc::clone(&registry), Arc::new(Observation::new(Duration::MAX)));
        let engine = Engine::new(stores, disposal, telemetry.clone(), herald, Arc::default(), observation);
        let guarded = Guarded::new(engine, Arc::clone(&authenticator));
        let (stopping, seen) = watch::channel(false);
        let state = HttpState {
            node: "node-1".to_owned(),
            executor: executor.unwrap_or_else(|| {
                let observation = Arc::new(Observation::new(Duration::MAX));
                Arc::new(Observed::new(guarded, telemetry.clone(), observation))
            }),
            registry,
            clients: Arc::default(),
            authenticator,
            settings: Arc::new(Settings::new(&config.network)),
            pause: Arc::default(),
            durability: Arc::default(),
            accounting: Arc::new(accounting),
            telemetry,
            max_body: 1 << 20,
            started: Instant::now(),
            stopping: seen,
            open: AtomicUsize::new(0),
        };
        let state = Arc::new(state);
        Self { router: routes::router(Arc::clone(&state)), state, stopping }
    }

    /// Runs a command as a RESP client would have it run.
    fn command(&self, parts: &[&str]) -> Frame {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        let trace = self.state.telemetry.http().begin(None, None).context();
        let user = self.state.authenticator.anonymous();
        let caller = Caller { address: nowhere, local_address: nowhere, client_id: 1, user, trace };
        let mut runner = Runner::new(&self.state, &caller, self.state.registry.get(0).unwrap());
        let mut running = std::pin::pin!(runner.run(parts));
        match running.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(reply) => reply.unwrap(),
            Poll::Pending => panic!("a command waits for nothing but a pause"),
        }
    }

    async fn send(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn call(&self, method: &str, path: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let response = self.send(request.body(body.into()).unwrap()).await;
        let status = response.status();
        (status, serde_json::from_slice(&bytes(response).await).unwrap_or(Value::Null))
    }

    /// A request below `/api/stores/default` with a JSON body, empty where it is null.
    async fn ask(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.call(method, &format!("/api/stores/default{path}"), body).await
    }

    async fn put(&self, key: &str, body: Value) -> (StatusCode, Value) {
        self.call("PUT", &format!("/api/cache/{key}"), body.to_string()).await
    }

    async fn get(&self, key: &str) -> (StatusCode, Value) {
        self.call("GET", &format!("/api/cache/{key}"), Body::empty()).await
    }
}

fn command_names() -> Vec<String> {
    table().all().iter().map(|command| command.name.clone()).collect()
}

fn store_names() -> Vec<String> {
    vec!["default".to_owned(), "small".to_owned()]
}

async fn bytes(response: Response) -> Vec<u8> {
    to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()
}

#[tokio::test]
async fn a_key_is_written_read_and_removed() {
    let bench = Bench::new();
    let (status, answer) = bench.put("user:1", json!({"value": {"name": "Ada"}, "ttl_hours": 1})).await;
    assert_eq!((status, &answer["ttl_seconds"]), (StatusCode::OK, &json!(3600.0)));
    let (status, answer) = bench.get("user:1").await;
    assert_eq!(
        (status, &answer["value"], &answer["key"]),
        (StatusCode::OK, &json!({"name": "Ada"}), &json!("user:1"))
    );
    assert!(answer["ttl_seconds"].as_f64().is_some_and(|left| left > 3500.0 && left <= 3600.0));
    assert_eq!(bench.call("DELETE", "/api/cache/user:1", "").await.0, StatusCode::NO_CONTENT);
    let (status, problem) = bench.get("user:1").await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("NO_SUCH_KEY")));
    assert_eq!(problem["trace_id"].as_str().map(str::len), Some(32));
    assert_eq!(bench.call("DELETE", "/api/cache/user:1", "").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn bytes_go_in_and_out_as_they_are() {
    let bench = Bench::new();
    let raw: Vec<u8> = (0..=255).collect();
    let put = Request::put("/api/cache/a%2Fb?ttl=90s").header("content-type", "image/png");
    assert_eq!(bench.send(put.body(raw.clone().into()).unwrap()).await.status(), StatusCode::OK);
    let get = Request::get("/api/cache/a%2Fb").header("accept", "application/octet-stream");
    let response = bench.send(get.body(Body::empty()).unwrap()).await;
    assert!(response.headers()["x-hypercache-ttl-seconds"].to_str().unwrap().parse::<f64>().unwrap() > 80.0);
    assert_eq!(bytes(response).await, raw);
    let (_, answer) = bench.get("a%2Fb").await;
    assert_eq!((&answer["key"], answer["value_base64"].is_string()), (&json!("a/b"), true));
    let head = bench.send(Request::head("/api/cache/a%2Fb").body(Body::empty()).unwrap()).await;
    assert_eq!((head.status(), bytes(head).await.len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn conditions_and_stores_are_heeded() {
    let bench = Bench::new();
    assert_eq!(bench.put("k?nx=true&store=small", json!({"value": 1})).await.0, StatusCode::OK);
    assert_eq!(bench.put("k?nx=true&store=1", json!({"value": 2})).await.0, StatusCode::PRECONDITION_FAILED);
    assert_eq!(bench.put("other?xx=true", json!({"value": 2})).await.0, StatusCode::PRECONDITION_FAILED);
    assert_eq!(bench.get("k?store=small").await.1["value"], json!(1));
    assert_eq!(bench.get("k").await.0, StatusCode::NOT_FOUND);
    let (status, problem) = bench.get("k?store=nowhere").await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("NO_SUCH_STORE")));
    assert!(problem["detail"].as_str().unwrap().contains("small"));
}

#[tokio::test]
async fn a_stores_own_time_to_live_is_told_where_it_applies() {
    let bench = Bench::with(Setup { default_ttl: Duration::from_secs(60), ..Setup::default() });
    assert_eq!(bench.put("k?store=small", json!({"value": 1})).await.1["ttl_seconds"], json!(60.0));
    assert!(bench.get("k?store=small").await.1["ttl_seconds"].as_f64().is_some_and(|left| left > 30.0));
    let (_, answer) = bench.put("k?store=small", json!({"value": 1, "ttl": "2s"})).await;
    assert_eq!(answer["ttl_seconds"], json!(2.0));
    assert_eq!(bench.put("k", json!({"value": 1})).await.1["ttl_seconds"], Value::Null);
}

#[tokio::test]
async fn what_resp_writes_http_reads_and_the_other_way_round() {
    let bench = Bench::new();
    for (stored, shown) in [
        ("plain text", json!("plain text")),
        ("12", json!(12)),
        ("012", json!("012")),
        (r#"{"a":[true,null]}"#, json!({"a": [true, null]})),
        (r#""quoted""#, json!("quoted")),
        ("", json!("")),
    ] {
        bench.command(&["SET", "k", stored]);
        assert_eq!(bench.get("k").await.1["value"], shown, "{stored}");
    }
    for (value, stored) in [
        (json!("plain text"), "plain text"),
        (json!(12), "12"),
        (json!("12"), "\"12\""),
        (json!({"a": 1}), "{\"a\":1}"),
    ] {
        bench.put("k", json!({"value": value})).await;
        assert_eq!(bench.command(&["GET", "k"]), Frame::Bulk(stored.to_owned().into()), "{value}");
        assert_eq!(bench.get("k").await.1["value"], value);
    }
}

#[tokio::test]
async fn keys_that_look_like_routes_are_reached_encoded() {
    let bench = Bench::new();
    bench.command(&["SET", "stats", "mine"]);
    assert_eq!(bench.get("%73tats").await.1["value"], json!("mine"));
    bench.command(&["SET", "batch/get", "mine"]);
    assert_eq!(bench.get("batch%2Fget").await.1["value"], json!("mine"));
}

#[tokio::test]
async fn batches_answer_item_by_item() {
    let bench = Bench::new();
    let items = json!({"items": [{"key": "a", "value": 1, "ttl": "1h"}, {"key": "b", "value": "text"}]});
    let (status, answer) = bench.call("POST", "/api/cache/batch/put", items.to_string()).await;
    assert_eq!((status, &answer["stored"]), (StatusCode::OK, &json!(2)));
    let (_, answer) =
        bench.call("POST", "/api/cache/batch/get", json!({"keys": ["a", "x", "b"]}).to_string()).await;
    assert_eq!((&answer["hits"], &answer["misses"]), (&json!(2), &json!(1)));
    let left = answer["items"][0]["ttl_seconds"].as_f64().unwrap();
    assert!(left > 3500.0 && left <= 3600.0, "{left}");
    assert_eq!((&answer["items"][0]["found"], &answer["items"][0]["value"]), (&json!(true), &json!(1)));
    assert_eq!(answer["items"][1], json!({"key": "x", "found": false, "value": null, "ttl_seconds": null}));
    assert_eq!(answer["items"][2], json!({"key": "b", "found": true, "value": "text", "ttl_seconds": null}));
    let bad = json!({"items": [{"key": "c", "value": 1}, {"key": "", "value": 1}]});
    let (status, problem) = bench.call("POST", "/api/cache/batch/put", bad.to_string()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
    assert_eq!(bench.get("c").await.0, StatusCode::NOT_FOUND, "nothing is written before all are checked");
    let many: Vec<_> = (0..1001).map(|n| n.to_string()).collect();
    assert_eq!(
        bench.call("POST", "/api/cache/batch/get", json!({"keys": many}).to_string()).await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn statistics_and_metrics_tell_what_happened() {
    let bench = Bench::new();
    bench.put("k", json!({"value": 1})).await;
    bench.get("k").await;
    bench.get("missing").await;
    let (_, stats) = bench.call("GET", "/stats", "").await;
    assert_eq!(
        stats["cache"],
        json!({
            "hits": 1, "misses": 1, "hit_ratio": 0.5,
            "misses_by_reason": {"never_seen": 1, "deleted": 0, "expired": 0, "evicted": 0},
        })
    );
    let (_, cache) = bench.call("GET", "/api/cache/stats", "").await;
    assert_eq!((&cache["stores"][0]["name"], &cache["stores"][0]["keys"]), (&json!("default"), &json!(1)));
    let response = bench.send(Request::get("/metrics").body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let page = String::from_utf8(bytes(response).await).unwrap();
    let counted =
        "hypercache_command_duration_seconds_count{command=\"GETPTTL\",store=\"default\",outcome=\"ok\"} 2";
    assert!(page.contains(counted), "{page}");
}

#[tokio::test]
async fn a_callers_trace_goes_on() {
    let bench = Bench::new();
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = Request::get("/api/cache/k").header("traceparent", format!("00-{id}-00f067aa0ba902b7-01"));
    let response = bench.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()["x-hypercache-trace-id"], id);
    let problem: Value = serde_json::from_slice(&bytes(response).await).unwrap();
    assert_eq!(problem["trace_id"], json!(id));
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has finite numbers only", |number| number.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9]{1,5}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_json_value_comes_back_as_it_went_in(values in prop::collection::vec(json_value(), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new();
            for value in values {
                assert_eq!(bench.put("k", json!({"value": value})).await.0, StatusCode::OK);
                assert_eq!(bench.get("k").await.1["value"], value);
            }
        });
    }

    #[test]
    fn arbitrary_bodies_never_panic(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new();
            for body in bodies {
                for path in ["/api/cache/batch/get", "/api/cache/batch/put"] {
                    assert_ne!(bench.call("POST", path, body.clone()).await.0, StatusCode::INTERNAL_SERVER_ERROR);
                }
                for (method, path) in [
                    ("PUT", "/api/cache/k"),
                    ("POST", "/api/command"),
                    ("PATCH", "/api/stores/0/hashes/h"),
                    ("POST", "/api/stores/0/zsets/z"),
                ] {
                    assert_ne!(bench.call(method, path, body.clone()).await.0, StatusCode::INTERNAL_SERVER_ERROR);
                }
            }
        });
    }
}
