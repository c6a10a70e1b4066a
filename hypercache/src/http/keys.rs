//! Keys of any type: what is below `/api/stores/{store}` for all of them.

use axum::Json;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use serde::Deserialize;

use crate::http::body;
use crate::http::item;
use crate::http::item::Object;
use crate::http::item::bytes;
use crate::http::page;
use crate::http::page::ScanQuery;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::NoQuery;
use crate::http::place::Place;
use crate::http::problem::Problem;
use crate::http::ttl::Ttl;
use crate::resp::frame::Frame;

/// Which keys; unknown parameters are a problem.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeysQuery {
    cursor: Option<String>,
    count: Option<usize>,
    r#match: Option<String>,
    /// Only keys of this type.
    r#type: Option<String>,
}

/// A page of keys.
pub async fn list(place: Place, asked: AskedQuery<KeysQuery>) -> Result<Json<Object>, Problem> {
    let (query, store) = (place::query(asked)?, place.store(None)?);
    let scan = ScanQuery::new(query.cursor, query.count, query.r#match);
    let of_type = query.r#type.as_ref().map(|name| [b"TYPE", name.as_bytes()]);
    let of_type = of_type.as_ref().map_or(&[][..], |parts| &parts[..]);
    let (found, next) = page::scan(&mut place.runner(store), &[b"SCAN"], &scan, of_type).await?;
    let item =
        |key: &Frame| bytes(key).map(|key| Object::default().name("key", key)).ok_or_else(item::unexpected);
    let items = found.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(Object::default().with("store", store.name()).with("items", items).with("cursor", next)))
}

/// Type and time to live of a key.
pub async fn get(place: Place, asked: AskedQuery<NoQuery>) -> Result<Json<Object>, Problem> {
    let (key, NoQuery {}, store) = (place.key()?, place::query(asked)?, place.store(None)?);
    let mut runner = place.runner(store);
    let kind = runner.run([b"TYPE", &key[..]]).await?;
    let kind = String::from_utf8_lossy(bytes(&kind).unwrap_or_default()).into_owned();
    match item::integer(&runner.run([b"PTTL", &key[..]]).await?)? {
        -2 => Err(Problem::no_such_key()),
        millis => {
            let left = (millis >= 0).then_some(millis as f64 / 1000.0);
            Ok(Json(Object::about(&key, store).with("type", kind).with("ttl_seconds", left)))
        }
    }
}

/// Removes a key.
pub async fn delete(place: Place, asked: AskedQuery<NoQuery>) -> Result<StatusCode, Problem> {
    let (key, NoQuery {}) = (place.key()?, place::query(asked)?);
    match place.runner(place.store(None)?).run([b"DEL", &key[..]]).await? {
        Frame::Integer(1..) => Ok(StatusCode::NO_CONTENT),
        _ => Err(Problem::no_such_key()),
    }
}

/// Gives a key a time to live from now.
pub async fn put_ttl(
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Object>, Problem> {
    let (key, NoQuery {}) = (place.key()?, place::query(asked)?);
    let ttl: Ttl = body::declared_json(&headers, body, place.state.max_body).await?;
    let wanted = "give one of ttl, ttl_seconds and ttl_hours";
    let millis = ttl.millis()?.ok_or_else(|| Problem::bad_request(wanted))?;
    let store = place.store(None)?;
    match place.runner(store).run([b"PEXPIRE", &key[..], millis.to_string().as_bytes()]).await? {
        Frame::Integer(1) => Ok(Json(Object::about(&key, store).with("ttl_seconds", millis as f64 / 1000.0))),
        _ => Err(Problem::no_such_key()),
    }
}

/// Lets a key live for ever.
pub async fn delete_ttl(place: Place, asked: AskedQuery<NoQuery>) -> Result<StatusCode, Problem> {
    let (key, NoQuery {}) = (place.key()?, place::query(asked)?);
    let mut runner = place.runner(place.store(None)?);
    if runner.run([b"PERSIST", &key[..]]).await? == Frame::Integer(1) {
        return Ok(StatusCode::NO_CONTENT);
    }
    match runner.run([b"EXISTS", &key[..]]).await? {
        Frame::Integer(1) => Ok(StatusCode::NO_CONTENT),
        _ => Err(Problem::no_such_key()),
    }
}
