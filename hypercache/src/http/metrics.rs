//! The page for Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;

use crate::http::HttpState;
use crate::http::problem::Problem;

/// Text format 0.0.4.
pub async fn page(State(state): State<Arc<HttpState>>) -> Result<Response, Problem> {
    let telemetry = state.telemetry.clone();
    // Rendering takes a few milliseconds of processor time: not on a thread that serves requests.
    let rendering = tokio::task::spawn_blocking(move || telemetry.render());
    let page = rendering.await.map_err(|_| Problem::internal("the page could not be rendered"))?;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], page).into_response())
}
