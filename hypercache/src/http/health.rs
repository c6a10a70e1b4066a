//! Whether the node lives, and whether it is ready.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use serde_json::json;

use crate::engine::version::COMPATIBLE_REDIS_VERSION;
use crate::engine::version::VERSION;
use crate::http::HttpState;

/// What the node is and how it does.
pub async fn health(State(state): State<Arc<HttpState>>) -> Response {
    let ready = !*state.stopping.borrow();
    let full: Vec<_> = state
        .registry
        .all()
        .filter(|store| state.registry.limit_reached(store).is_some())
        .map(|store| store.name())
        .collect();
    let status = match (ready, full.is_empty()) {
        (false, _) => "stopping",
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
    let ready = !*state.stopping.borrow();
    let status = if ready { "ok" } else { "stopping" };
    (code(ready), Json(json!({ "status": status }))).into_response()
}

fn code(ready: bool) -> StatusCode {
    if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
