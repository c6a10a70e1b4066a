//! Runs over HTTP against a small cache inside the test.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::put;
use parking_lot::Mutex;

type Store = Arc<Mutex<HashMap<String, Bytes>>>;

/// Serves the data paths on a free port, and gives its address; `?store=` must be `web`.
fn start() -> (std::net::SocketAddr, Store) {
    let store = Store::default();
    let router = Router::new()
        .route("/api/cache/{key}", put(write).get(read).delete(remove))
        .with_state(Arc::clone(&store));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket can be non-blocking");
    let addr = listener.local_addr().expect("a bound socket has an address");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, router).await.expect("it serves for ever");
        });
    });
    (addr, store)
}

async fn write(
    State(store): State<Store>,
    Path(key): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    value: Bytes,
) -> StatusCode {
    if query.get("store").map(String::as_str) != Some("web") || !query.contains_key("ttl_seconds") {
        return StatusCode::BAD_REQUEST;
    }
    store.lock().insert(key, value);
    StatusCode::NO_CONTENT
}

async fn read(State(store): State<Store>, Path(key): Path<String>) -> Result<Bytes, StatusCode> {
    store.lock().get(&key).cloned().ok_or(StatusCode::NOT_FOUND)
}

async fn remove(State(store): State<Store>, Path(key): Path<String>) -> StatusCode {
    if store.lock().remove(&key).is_some() { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

#[test]
fn http_puts_gets_and_deletes() {
    let (addr, store) = start();
    let flags =
        "--protocol http --store web --ttl 60s --mix get=70,set=25,del=5 --keys 50 --key-pattern a/{#}?";
    let flags = format!("{flags} --rate 500 --duration 1s --miss-ratio 0.2 --max-errors 0");
    let ended = crate::support::run(&format!("--target {addr} {flags}"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let total = &ended.report.unwrap()["total"];
    assert_eq!(
        (&total["requests"], &total["door"], &total["errors"]),
        (&500.into(), &"http".into(), &0.into())
    );
    assert!(total["hits"].as_u64().unwrap() > 0 && total["misses"].as_u64().unwrap() > 0);
    let bytes = total["bytes_received"].as_u64().unwrap();
    assert_eq!(bytes, total["hits"].as_u64().unwrap() * 128, "a hit's body is a value");
    assert!(store.lock().keys().all(|key| key.starts_with("a/{") && key.ends_with("}?")), "keys are encoded");
}

#[test]
fn http_errors_are_counted_by_status() {
    let (addr, _) = start();
    let flags = "--protocol http --mix set=1 --preload=false --rate 100 --duration 300ms --max-errors 0";
    let ended = crate::support::run(&format!("--target {addr} {flags}"));
    assert_eq!(ended.code, 1);
    assert_eq!(ended.report.unwrap()["total"]["errors_by_prefix"]["HTTP_400"], 30);
}
