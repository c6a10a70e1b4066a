//! One key: `PUT`, `GET`, `HEAD` and `DELETE /api/cache/{key}`.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::Json;
use axum::body::Body;
use axum::extract::OriginalUri;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::http::HttpState;
use crate::http::body;
use crate::http::problem::Problem;
use crate::http::run::Caller;
use crate::http::run::Runner;
use crate::http::ttl::Ttl;
use crate::http::value;
use crate::resp::frame::Frame;
use crate::store::Store;

/// Longest key, in bytes.
const KEY_BYTES_MAX: usize = 8 * 1024;
/// Where the paths of keys begin.
const PREFIX: &str = "/api/cache/";
/// Time left to a key's life, in seconds, where the body is the bare value.
const TTL_HEADER: &str = "x-hypercache-ttl-seconds";

/// What may stand behind the `?` where a store is all there is to say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreQuery {
    /// Index or name of a store; the default store where none is named.
    pub store: Option<String>,
}

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

/// The query, or the problem with it.
pub type AskedQuery<T> = Result<Query<T>, QueryRejection>;

/// The store that a request names.
pub fn store<'a>(state: &'a HttpState, named: Option<&str>) -> Result<&'a Arc<Store>, Problem> {
    state.registry.find(named.unwrap_or("0").as_bytes()).ok_or_else(|| {
        let names: Vec<_> = state.registry.all().iter().map(|store| store.name()).collect();
        Problem::new(
            StatusCode::NOT_FOUND,
            "NO_SUCH_STORE",
            format!("there is no such store; there are: {}", names.join(", ")),
        )
    })
}

/// The query's content; unknown parameters and values that are none are a problem.
pub fn query<T>(asked: AskedQuery<T>) -> Result<T, Problem> {
    asked.map(|Query(query)| query).map_err(|error| Problem::bad_request(error.body_text()))
}

/// The key in a path, decoded to the bytes it stands for.
fn key(uri: &OriginalUri) -> Result<Vec<u8>, Problem> {
    let encoded = uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let key: Vec<u8> = percent_decode_str(encoded).collect();
    check_key(&key).map(|()| key)
}

/// Whether a key has a length that is taken.
pub fn check_key(key: &[u8]) -> Result<(), Problem> {
    match key.len() {
        0 => Err(Problem::bad_request("the key is empty")),
        1..=KEY_BYTES_MAX => Ok(()),
        length => Err(Problem::bad_request(format!("the key has {length} bytes, more than {KEY_BYTES_MAX}"))),
    }
}

/// Writes a key.
pub async fn put(
    State(state): State<Arc<HttpState>>,
    Extension(caller): Extension<Caller>,
    uri: OriginalUri,
    asked: AskedQuery<PutQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (key, query) = (key(&uri)?, query(asked)?);
    let bytes = body::read(body, state.max_body).await?;
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
    let store = store(&state, query.store.as_deref())?;
    let written =
        write(&mut Runner::new(&state, &caller, store), &key, &value, millis, (query.nx, query.xx))?;
    if !written {
        let detail = if query.nx { "the key exists already" } else { "there is no such key" };
        return Err(Problem::new(StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED", detail));
    }
    let mut answer = named(&key);
    answer.insert("store".to_owned(), store.name().into());
    answer.insert("bytes".to_owned(), value.len().into());
    let life = millis.map(Duration::from_millis).or(store.default_ttl());
    answer.insert("ttl_seconds".to_owned(), life.map(|life| life.as_secs_f64()).into());
    Ok(Json(answer).into_response())
}

/// Writes through `SET`; whether its condition was met.
pub fn write(
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
    Ok(runner.run(parts)? != Frame::Null)
}

/// The value of a key and the seconds left to its life, if that ends; none where there is no such key. It is one lookup,
/// so that it counts as one.
pub fn read(runner: &mut Runner<'_>, key: &[u8]) -> Result<Option<(Bytes, Option<f64>)>, Problem> {
    let Frame::Array(parts) = runner.run([b"GETPTTL", key])? else {
        return Err(Problem::internal("GETPTTL did not answer with an array"));
    };
    let Ok([Frame::Bulk(bytes), Frame::Integer(millis)]) = <[Frame; 2]>::try_from(parts) else {
        return Ok(None);
    };
    Ok(Some((bytes, (millis >= 0).then(|| millis as f64 / 1000.0))))
}

/// Reads a key. A `HEAD` is a `GET` whose body is not sent.
pub async fn get(
    State(state): State<Arc<HttpState>>,
    Extension(caller): Extension<Caller>,
    uri: OriginalUri,
    asked: AskedQuery<StoreQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (key, query) = (key(&uri)?, query(asked)?);
    let store = store(&state, query.store.as_deref())?;
    let mut runner = Runner::new(&state, &caller, store);
    let Some((bytes, ttl_seconds)) = read(&mut runner, &key)? else {
        return Err(Problem::no_such_key());
    };
    let mut response = if let Some(kind) = bare(&headers) {
        ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response()
    } else {
        let (member, value) = value::shown(&bytes);
        let mut answer = named(&key);
        answer.insert("store".to_owned(), store.name().into());
        answer.insert("ttl_seconds".to_owned(), ttl_seconds.into());
        with_raw(&answer, member, &value).into_response()
    };
    if let Some(seconds) = ttl_seconds.and_then(|seconds| HeaderValue::from_str(&seconds.to_string()).ok()) {
        response.headers_mut().insert(TTL_HEADER, seconds);
    }
    Ok(response)
}

/// Removes a key.
pub async fn delete(
    State(state): State<Arc<HttpState>>,
    Extension(caller): Extension<Caller>,
    uri: OriginalUri,
    asked: AskedQuery<StoreQuery>,
) -> Result<StatusCode, Problem> {
    let (key, query) = (key(&uri)?, query(asked)?);
    let store = store(&state, query.store.as_deref())?;
    match Runner::new(&state, &caller, store).run([b"DEL", &key[..]])? {
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

/// An answer about a key: a key that is no UTF-8 is told in base64.
pub fn named(key: &[u8]) -> serde_json::Map<String, Value> {
    let mut answer = serde_json::Map::new();
    match std::str::from_utf8(key) {
        Ok(key) => answer.insert("key".to_owned(), key.into()),
        Err(_) => {
            use base64::Engine;
            answer.insert("key_base64".to_owned(), base64::prelude::BASE64_STANDARD.encode(key).into())
        }
    };
    answer
}

/// JSON of `answer` with one more member, whose text stays as it is to the digit.
fn with_raw(answer: &serde_json::Map<String, Value>, member: &str, value: &RawValue) -> Response {
    let rest = serde_json::to_string(answer).expect("a map of JSON values is JSON");
    let rest = rest.strip_prefix('{').expect("a map begins with a brace");
    let text = format!("{{\"{member}\":{},{rest}", value.get());
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}
