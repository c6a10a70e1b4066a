//! Which path is answered by what.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::MethodRouter;
use axum::routing::get;
use axum::routing::post;
use axum::routing::put;
use serde_json::json;
use tower_http::catch_panic::CatchPanicLayer;

use crate::engine::version::VERSION;
use crate::http::HttpState;
use crate::http::batch;
use crate::http::command;
use crate::http::counters;
use crate::http::filter;
use crate::http::filter_keys;
use crate::http::hashes;
use crate::http::health;
use crate::http::hot_keys;
use crate::http::keys;
use crate::http::lists;
use crate::http::metrics;
use crate::http::mrc;
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::http::sets;
use crate::http::stats;
use crate::http::stores;
use crate::http::strings;
use crate::http::trace;
use crate::http::why;
use crate::http::zsets;

type Routes = Vec<(&'static str, &'static [&'static str], MethodRouter<Arc<HttpState>>)>;

/// Paths, the methods they take, and what answers.
pub fn all() -> Routes {
    let mut all: Routes = vec![
        ("/", &["GET"], get(index)),
        ("/api/cache/batch/get", &["POST"], post(batch::get)),
        ("/api/cache/batch/put", &["POST"], post(batch::put)),
        ("/api/cache/stats", &["GET"], get(stats::cache)),
        (
            "/api/cache/{key}",
            &["PUT", "GET", "HEAD", "DELETE"],
            put(strings::put).get(strings::get).delete(strings::delete),
        ),
        ("/api/command", &["POST"], post(command::run)),
        ("/api/hotkeys", &["GET"], get(hot_keys::get)),
        ("/api/filter/{store}", &["GET", "POST"], get(filter::get).post(filter::keys)),
        ("/api/filter/{store}/{key}", &["GET"], get(filter::key)),
        ("/api/why/{key}", &["GET"], get(why::of_query)),
        ("/api/openapi.json", &["GET"], get(openapi::document)),
        ("/health", &["GET"], get(health::health)),
        ("/health/live", &["GET"], get(health::live)),
        ("/health/ready", &["GET"], get(health::ready)),
        ("/metrics", &["GET"], get(metrics::page)),
        ("/stats", &["GET"], get(stats::node)),
    ];
    all.extend(of_stores());
    all
}

/// The paths below `/api/stores`.
fn of_stores() -> Routes {
    vec![
        ("/api/stores", &["GET", "POST"], get(stores::list).post(stores::create)),
        (
            "/api/stores/{store}",
            &["GET", "PATCH", "DELETE"],
            get(stores::get).patch(stores::alter).delete(stores::delete),
        ),
        ("/api/stores/{store}/keys", &["GET"], get(keys::list)),
        ("/api/stores/{store}/keys/{key}", &["GET", "DELETE"], get(keys::get).delete(keys::delete)),
        ("/api/stores/{store}/keys/{key}/why", &["GET"], get(why::of_path)),
        (
            "/api/stores/{store}/keys/{key}/ttl",
            &["PUT", "DELETE"],
            put(keys::put_ttl).delete(keys::delete_ttl),
        ),
        ("/api/stores/{store}/mrc", &["GET"], get(mrc::get)),
        (
            "/api/stores/{store}/strings/{key}",
            &["PUT", "GET", "HEAD", "DELETE"],
            put(strings::put).get(strings::get).delete(strings::delete),
        ),
        (
            "/api/stores/{store}/counters/{key}",
            &["GET", "POST"],
            get(counters::get).post(counters::increment),
        ),
        ("/api/stores/{store}/filters/{key}", &["GET", "POST"], get(filter_keys::get).post(filter_keys::add)),
        (
            "/api/stores/{store}/filters/{key}/items/{item}",
            &["PUT", "GET", "DELETE"],
            put(filter_keys::put_item).get(filter_keys::item).delete(filter_keys::delete_item),
        ),
        ("/api/stores/{store}/hashes/{key}", &["GET", "PATCH"], get(hashes::get).patch(hashes::patch)),
        (
            "/api/stores/{store}/hashes/{key}/fields/{field}",
            &["PUT", "GET", "DELETE"],
            put(hashes::put_field).get(hashes::field).delete(hashes::delete_field),
        ),
        ("/api/stores/{store}/lists/{key}", &["GET", "POST"], get(lists::get).post(lists::push)),
        ("/api/stores/{store}/lists/{key}/pop", &["POST"], post(lists::pop)),
        ("/api/stores/{store}/sets/{key}", &["GET", "POST"], get(sets::get).post(sets::add)),
        (
            "/api/stores/{store}/sets/{key}/members/{member}",
            &["PUT", "GET", "DELETE"],
            put(sets::put_member).get(sets::member).delete(sets::delete_member),
        ),
        ("/api/stores/{store}/zsets/{key}", &["GET", "POST"], get(zsets::get).post(zsets::add)),
        (
            "/api/stores/{store}/zsets/{key}/members/{member}",
            &["PUT", "GET", "POST", "DELETE"],
            put(zsets::put_member).get(zsets::member).post(zsets::increment).delete(zsets::delete_member),
        ),
    ]
}

/// The router with everything around it: tracing outermost, so that refusals are told too.
pub fn router(state: Arc<HttpState>) -> Router {
    let mut router = Router::new();
    for (path, _, handler) in all() {
        router = router.route(path, handler);
    }
    router
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), trace::observe))
        .with_state(state)
}

async fn index() -> Json<serde_json::Value> {
    Json(json!({
        "name": "HyperCache",
        "version": VERSION,
        "links": {
            "api": "/api/openapi.json",
            "cache": "/api/cache/{key}",
            "command": "/api/command",
            "filter": "/api/filter/{store}",
            "health": "/health",
            "metrics": "/metrics",
            "statistics": "/stats",
            "stores": "/api/stores",
        },
    }))
}

async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is nothing at this path; see /api/openapi.json")
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "this path does not take this method")
}

/// The panic itself has been told by the process's hook.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Problem::internal("the request failed inside the node").into_response()
}
