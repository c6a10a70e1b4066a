//! `CLIENT PAUSE` holds back what comes over HTTP, too.

use super::*;
use crate::engine::pause::Held;

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_pause_of_writes_holds_writes_until_it_ends() {
    let bench = Arc::new(Bench::new());
    bench.put("k", json!({"value": 1})).await;
    bench.state.pause.begin(Held::Writes, LONG);
    assert_eq!(bench.get("k").await.1["value"], json!(1), "reads go on");
    assert_eq!(bench.call("GET", "/health", "").await.0, StatusCode::OK);
    let writing = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.put("k", json!({"value": 2})).await.0 }
    });
    tokio::task::yield_now().await;
    assert_eq!(bench.get("k").await.1["value"], json!(1));
    assert!(!writing.is_finished());
    bench.state.pause.end();
    assert_eq!(writing.await.unwrap(), StatusCode::OK);
    assert_eq!(bench.get("k").await.1["value"], json!(2));
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_pause() {
    let bench = Arc::new(Bench::new());
    bench.state.pause.begin(Held::All, LONG);
    let reading = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.call("POST", "/api/command", r#"["GET","k"]"#).await }
    });
    tokio::task::yield_now().await;
    bench.stopping.send_replace(true);
    let (status, problem) = reading.await.unwrap();
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("STOPPING")));
}
