//! Stores themselves: told, made, changed and dropped; changes run as `STORE`, so that whoever may do that may do this.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;

use crate::config::StoreChange;
use crate::config::Word;
use crate::config::units::HumanDuration;
use crate::http::HttpState;
use crate::http::body;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::NoQuery;
use crate::http::place::Place;
use crate::http::problem::Problem;
use crate::http::stats;

/// Longest body: the rules of a store are few.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// The stores.
pub async fn list(State(state): State<Arc<HttpState>>) -> Json<Value> {
    Json(json!({ "stores": stats::stores(&state) }))
}

/// One store.
pub async fn get(place: Place, asked: AskedQuery<NoQuery>) -> Result<Json<Value>, Problem> {
    let (NoQuery {}, store) = (place::query(asked)?, place.store(None)?);
    Ok(Json(stats::store(&place.state, store)))
}

/// Makes a store.
pub async fn create(
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let NoQuery {} = place::query(asked)?;
    let change = change(&place, &headers, body).await?;
    let name = change.name.clone().ok_or_else(|| Problem::bad_request("name: a store needs a name"))?;
    run(&place, "CREATE", name.as_bytes(), &change).await?;
    let store = place.state.registry.find(name.as_bytes());
    // Somebody may have dropped it already.
    let told = store.map_or_else(|| json!({ "name": name }), |store| stats::store(&place.state, store));
    let location = HeaderValue::from_str(&format!("/api/stores/{name}"))
        .map_err(|_| Problem::internal("the name of a store is no part of a path"))?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(told)).into_response())
}

/// Changes rules of a store.
pub async fn alter(
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let (NoQuery {}, store) = (place::query(asked)?, place.store(None)?);
    let change = change(&place, &headers, body).await?;
    if change.name.is_some() {
        return Err(Problem::bad_request("name: a store keeps its name"));
    }
    if change == StoreChange::default() {
        return Err(Problem::bad_request(
            "give at least one of max_memory, eviction, default_ttl, cuckoo_filter, miss_history and key_journal",
        ));
    }
    run(&place, "ALTER", store.name().as_bytes(), &change).await?;
    Ok(Json(stats::store(&place.state, store)))
}

/// Drops a store.
pub async fn delete(place: Place, asked: AskedQuery<NoQuery>) -> Result<StatusCode, Problem> {
    let (NoQuery {}, store) = (place::query(asked)?, place.store(None)?);
    run(&place, "DROP", store.name().as_bytes(), &StoreChange::default()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn change(place: &Place, headers: &HeaderMap, body: Body) -> Result<StoreChange, Problem> {
    let limit = place.state.max_body.min(BODY_BYTES_MAX);
    let text: Box<RawValue> = body::declared_json(headers, body, limit).await?;
    StoreChange::from_json(text.get()).map_err(Problem::bad_request)
}

/// Runs a subcommand of `STORE` with the words for a change, on the default store: it is always there.
async fn run(place: &Place, command: &str, store: &[u8], change: &StoreChange) -> Result<(), Problem> {
    let default =
        place.state.registry.get(0).ok_or_else(|| Problem::internal("the default store is gone"))?;
    let mut parts: Vec<Vec<u8>> = vec![b"STORE".to_vec(), command.into(), store.to_vec()];
    let mut say = |option: &str, value: String| parts.extend([option.into(), value.into()]);
    if let Some(bytes) = change.max_memory {
        say("MAXMEMORY", bytes.to_string());
    }
    if let Some(policy) = change.eviction {
        say("EVICTION", policy.word().to_owned());
    }
    if let Some(ttl) = change.default_ttl {
        say("TTL", HumanDuration(ttl).to_string());
    }
    if let Some(rate) = change.cuckoo_filter {
        say("FILTER", rate.map_or_else(|| "OFF".to_owned(), |rate| rate.to_string()));
    }
    if let Some(bytes) = change.miss_history {
        say("HISTORY", bytes.to_string());
    }
    if let Some(facts) = change.key_journal {
        say("JOURNAL", facts.to_string());
    }
    place.runner(default).run(parts).await.map(|_| ())
}
