//! Many keys at once: `POST /api/cache/batch/get` and `/api/cache/batch/put`.

use axum::Json;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::http::body;
use crate::http::item::check_count;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::Place;
use crate::http::place::StoreQuery;
use crate::http::place::check_name;
use crate::http::problem::Problem;
use crate::http::run::Runner;
use crate::http::strings;
use crate::http::ttl::Ttl;
use crate::http::value;

/// Keys in one request at the most.
pub const ITEMS_MAX: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GetBody {
    keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PutBody {
    items: Vec<PutItem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PutItem {
    key: String,
    value: Box<RawValue>,
    ttl: Option<String>,
    ttl_seconds: Option<f64>,
    ttl_hours: Option<f64>,
}

#[derive(Serialize)]
struct Found<'a> {
    key: &'a str,
    found: bool,
    /// Null where there is no such key.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
    /// In its place where the value is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<Box<RawValue>>,
    /// Null where the key has no end, or there is none.
    ttl_seconds: Option<f64>,
}

#[derive(Serialize)]
struct GetAnswer<'a> {
    items: Vec<Found<'a>>,
    hits: usize,
    misses: usize,
}

#[derive(Serialize)]
struct Written<'a> {
    key: &'a str,
    stored: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct PutAnswer<'a> {
    items: Vec<Written<'a>>,
    stored: usize,
    failed: usize,
}

/// Reads keys, their values all at one moment.
pub async fn get(
    place: Place,
    asked: AskedQuery<StoreQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let query = place::query(asked)?;
    let GetBody { keys } = body::declared_json(&headers, body, place.state.max_body).await?;
    check(keys.iter().map(String::as_str))?;
    let mut runner = place.runner(place.store(query.store.as_deref())?);
    let mut items = Vec::with_capacity(keys.len());
    for key in &keys {
        items.push(found(&mut runner, key).await?);
    }
    let hits = items.iter().filter(|item| item.found).count();
    Ok(Json(GetAnswer { misses: items.len() - hits, hits, items }).into_response())
}

/// As in `MGET`, what is no string is not found.
async fn found<'a>(runner: &mut Runner<'_>, key: &'a str) -> Result<Found<'a>, Problem> {
    let read = match strings::read(runner, key.as_bytes()).await {
        Err(problem) if problem.code == "WRONGTYPE" => None,
        read => read?,
    };
    let Some((bytes, ttl_seconds)) = read else {
        let value = Some(RawValue::NULL.to_owned());
        return Ok(Found { key, found: false, value, value_base64: None, ttl_seconds: None });
    };
    let (value, value_base64) = match value::shown(&bytes) {
        ("value", value) => (Some(value), None),
        (_, value) => (None, Some(value)),
    };
    Ok(Found { key, found: true, value, value_base64, ttl_seconds })
}

/// Writes keys one after the other. All are checked before the first is written.
pub async fn put(
    place: Place,
    asked: AskedQuery<StoreQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let query = place::query(asked)?;
    let PutBody { items } = body::declared_json(&headers, body, place.state.max_body).await?;
    check(items.iter().map(|item| item.key.as_str()))?;
    let lives = items
        .iter()
        .map(|item| {
            Ttl { ttl_hours: item.ttl_hours, ttl_seconds: item.ttl_seconds, ttl: item.ttl.clone() }.millis()
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut runner = place.runner(place.store(query.store.as_deref())?);
    let mut answer = PutAnswer { items: Vec::with_capacity(items.len()), stored: 0, failed: 0 };
    for (item, millis) in items.iter().zip(lives) {
        let key = item.key.as_str();
        let value = value::stored(&item.value);
        match strings::write(&mut runner, key.as_bytes(), &value, millis, (false, false)).await {
            Ok(stored) => {
                answer.stored += 1;
                answer.items.push(Written { key, stored, error: None });
            }
            Err(problem) => {
                answer.failed += 1;
                answer.items.push(Written {
                    key,
                    stored: false,
                    error: Some(format!("{} {}", problem.code, problem.detail)),
                });
            }
        }
    }
    Ok(Json(answer).into_response())
}

fn check<'a>(keys: impl ExactSizeIterator<Item = &'a str>) -> Result<(), Problem> {
    check_count(keys.len())?;
    for (number, key) in keys.enumerate() {
        check_name("key", key.as_bytes())
            .map_err(|problem| Problem { detail: format!("item {number}: {}", problem.detail), ..problem })?;
    }
    Ok(())
}
