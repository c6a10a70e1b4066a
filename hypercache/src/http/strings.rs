//! Strings: `/api/stores/{store}/strings/{key}`, and `/api/cache/{key}` for the default store or the one in the query.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::body;
use crate::http::item::Object;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::Place;
use crate::http::place::StoreQuery;
use crate::http::problem::Problem;
use crate::http::run::Runner;
use crate::http::ttl::Ttl;
use crate::http::value;
use crate::resp::frame::Frame;

/// Time left to a key's life, in seconds, where the body is the bare value.
const TTL_HEADER: &str = "x-hypercache-ttl-seconds";

/// What may stand behind the `?` of a `PUT`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PutQuery {
    store: Option<String>,
    /// Write only if the key does not exist.
    nx: bool,
    /// Write only if the key exists.
    xx: bool,
    ttl: Option<String>,
    ttl_seconds: Option<f64>,
    ttl_hours: Option<f64>,
}

/// The body of a `PUT` as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PutBody {
    value: Box<RawValue>,
    ttl: Option<String>,
    ttl_seconds: Option<f64>,
    ttl_hours: Option<f64>,
}

/// The body of a `PUT` as JSON where there is nothing to say but the value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BareBody {
    value: Box<RawValue>,
}

/// Writes a key.
pub async fn put(
    place: Place,
    asked: AskedQuery<PutQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (key, query) = (place.key()?, place::query(asked)?);
    let bytes = body::read(body, place.state.max_body).await?;
    let from_query =
        Ttl { ttl_hours: query.ttl_hours, ttl_seconds: query.ttl_seconds, ttl: query.ttl.clone() };
    let mut millis = from_query.millis()?;
    let value = if body::is_json(&headers) {
        let put: PutBody = body::json(&bytes)?;
        let from_body =
            Ttl { ttl_hours: put.ttl_hours, ttl_seconds: put.ttl_seconds, ttl: put.ttl }.millis()?;
        if millis.is_some() && from_body.is_some() {
            return Err(Problem::bad_request(
                "the time to live is given twice, in the query and in the body",
            ));
        }
        millis = millis.or(from_body);
        value::stored(&put.value)
    } else {
        bytes.to_vec()
    };
    let store = place.store(query.store.as_deref())?;
    let written = write(&mut place.runner(store), &key, &value, millis, (query.nx, query.xx)).await?;
    if !written {
        let detail = if query.nx { "the key exists already" } else { "there is no such key" };
        return Err(Problem::new(StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED", detail));
    }
    let life = millis.map(Duration::from_millis).or(store.default_ttl());
    let answer = Object::about(&key, store).with("bytes", value.len());
    Ok(Json(answer.with("ttl_seconds", life.map(|life| life.as_secs_f64()))).into_response())
}

/// Writes through `SET`; whether its condition was met.
pub async fn write(
    runner: &mut Runner<'_>,
    key: &[u8],
    value: &[u8],
    millis: Option<u64>,
    (nx, xx): (bool, bool),
) -> Result<bool, Problem> {
    let millis = millis.map(|millis| millis.to_string());
    let mut parts: Vec<&[u8]> = vec![b"SET", key, value];
    if let Some(millis) = &millis {
        parts.extend([b"PX", millis.as_bytes()]);
    }
    if nx {
        parts.push(b"NX");
    }
    if xx {
        parts.push(b"XX");
    }
    Ok(runner.run(parts).await? != Frame::Null)
}

/// The value of a key and the seconds left to its life, if that ends; none where there is no such key. It is one lookup,
/// so that it counts as one.
pub async fn read(runner: &mut Runner<'_>, key: &[u8]) -> Result<Option<(Bytes, Option<f64>)>, Problem> {
    let Frame::Array(parts) = runner.run([b"GETPTTL", key]).await? else {
        return Err(Problem::internal("GETPTTL did not answer with an array"));
    };
    let Ok([Frame::Bulk(bytes), Frame::Integer(millis)]) = <[Frame; 2]>::try_from(parts) else {
        return Ok(None);
    };
    Ok(Some((bytes, (millis >= 0).then(|| millis as f64 / 1000.0))))
}

/// Reads a key. A `HEAD` is a `GET` whose body is not sent.
pub async fn get(
    place: Place,
    asked: AskedQuery<StoreQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (key, query) = (place.key()?, place::query(asked)?);
    let store = place.store(query.store.as_deref())?;
    let Some((bytes, ttl_seconds)) = read(&mut place.runner(store), &key).await? else {
        return Err(Problem::no_such_key());
    };
    let answer = Object::about(&key, store).with("ttl_seconds", ttl_seconds);
    let mut response = shown(answer, &bytes, &headers);
    if let Some(seconds) = ttl_seconds.and_then(|seconds| HeaderValue::from_str(&seconds.to_string()).ok()) {
        response.headers_mut().insert(TTL_HEADER, seconds);
    }
    Ok(response)
}

/// Removes a key.
pub async fn delete(place: Place, asked: AskedQuery<StoreQuery>) -> Result<StatusCode, Problem> {
    let (key, query) = (place.key()?, place::query(asked)?);
    let store = place.store(query.store.as_deref())?;
    match place.runner(store).run([b"DEL", &key[..]]).await? {
        Frame::Integer(1..) => Ok(StatusCode::NO_CONTENT),
        _ => Err(Problem::no_such_key()),
    }
}

/// The content type of the bare value, where the client prefers it to JSON.
fn bare(headers: &HeaderMap) -> Option<&'static str> {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accepted.split([',', ';']).next().unwrap_or_default().trim();
    ["application/octet-stream", "text/plain"].into_iter().find(|kind| first.eq_ignore_ascii_case(kind))
}

/// A value by itself where the client prefers that, else as a member of `answer`.
pub fn shown(answer: Object, value: &[u8], headers: &HeaderMap) -> Response {
    match bare(headers) {
        Some(kind) => {
            let kind = HeaderValue::from_static(kind);
            ([(header::CONTENT_TYPE, kind)], value.to_vec()).into_response()
        }
        None => Json(answer.value(value)).into_response(),
    }
}

/// The value in a body: `{"value": …}` where it is declared as JSON, else the body's bytes.
pub async fn bare_value(headers: &HeaderMap, body: Body, limit: usize) -> Result<Vec<u8>, Problem> {
    let bytes = body::read(body, limit).await?;
    if !body::is_json(headers) {
        return Ok(bytes.to_vec());
    }
    let BareBody { value } = body::json(&bytes)?;
    Ok(value::stored(&value))
}
