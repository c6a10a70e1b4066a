//! Whether the node lives, and whether it is ready.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde_json::json;

use crate::engine::version::COMPATIBLE_REDIS_VERSION;
use crate::engine::version::VERSION;
use crate::http::HttpState;

/// What the node is and how it does.
pub async fn health(State(state): State<Arc<HttpState>>) -> Response {
    let stopping = *state.stopping.borrow();
    let loading = state.durability.loading.progress();
    let ready = !stopping && loading.is_none();
    let full: Vec<_> = state
        .registry
        .all()
        .filter(|store| state.registry.limit_reached(store).is_some())
        .map(|store| store.name())
        .collect();
    let status = match (ready, full.is_empty()) {
        (false, _) => waits_for(stopping),
        (true, false) => "degraded",
        (true, true) => "ok",
    };
    let body = json!({
        "status": status,
        "node": state.node,
        "version": VERSION,
        "redis_version": COMPATIBLE_REDIS_VERSION,
        "uptime_seconds": state.started.elapsed().as_secs(),
        "stores": state.registry.all().map(|store| store.name()).collect::<Vec<_>>(),
        "checks": { "ready": ready, "stores_at_their_limit": full },
    });
    (code(ready), Json(body)).into_response()
}

/// The process answers.
pub async fn live() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// The node serves clients.
pub async fn ready(State(state): State<Arc<HttpState>>) -> Response {
    let stopping = *state.stopping.borrow();
    if let Some(progress) = state.durability.loading.progress().filter(|_| !stopping) {
        let body = json!({ "status": waits_for(stopping), "loading": {
            "started_unix": progress.started_unix,
            "total_bytes": progress.total_bytes,
            "loaded_bytes": progress.loaded_bytes,
            "loaded_percent": progress.percent(),
            "records": progress.records,
        } });
        return (code(false), [(header::RETRY_AFTER, "1")], Json(body)).into_response();
    }
    let status = if stopping { waits_for(stopping) } else { "ok" };
    (code(!stopping), Json(json!({ "status": status }))).into_response()
}

/// Why a node is not ready.
fn waits_for(stopping: bool) -> &'static str {
    if stopping { "stopping" } else { "loading" }
}

fn code(ready: bool) -> StatusCode {
    if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
