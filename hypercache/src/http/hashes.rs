//! Hashes: `/api/stores/{store}/hashes/{key}` and their fields.

use axum::Json;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::Response;

use crate::http::addition;
use crate::http::item;
use crate::http::item::FieldItem;
use crate::http::item::Object;
use crate::http::item::bytes;
use crate::http::page;
use crate::http::page::ScanQuery;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::NoQuery;
use crate::http::place::Place;
use crate::http::problem::Problem;
use crate::http::strings;
use crate::resp::frame::Frame;

/// A page of fields and their values.
pub async fn get(place: Place, asked: AskedQuery<ScanQuery>) -> Result<Json<Object>, Problem> {
    let (key, query, store) = (place.key()?, place::query(asked)?.checked()?, place.store(None)?);
    let mut runner = place.runner(store);
    let length = page::length(&mut runner, "HLEN", &key).await?;
    let (found, next) = page::scan(&mut runner, &[b"HSCAN", &key], &query, &[]).await?;
    let item = |pair: &[Frame]| match pair {
        [Frame::Bulk(field), Frame::Bulk(value)] => Ok(Object::default().name("field", field).value(value)),
        _ => Err(item::unexpected()),
    };
    let items = found.chunks(2).map(item).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(Object::about(&key, store).with("length", length).with("items", items).with("cursor", next)))
}

/// Writes fields; others stay.
pub async fn patch(
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Object>, Problem> {
    addition::add::<FieldItem>(b"HSET", place, asked, headers, body).await
}

/// Reads a field.
pub async fn field(
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (key, field, NoQuery {}) = (place.key()?, place.part("field")?, place::query(asked)?);
    let store = place.store(None)?;
    let found = place.runner(store).run([b"HGET", &key[..], &field]).await?;
    let value = bytes(&found).ok_or_else(no_such_field)?;
    Ok(strings::shown(Object::about(&key, store).name("field", &field), value, &headers))
}

/// Writes a field.
pub async fn put_field(
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Object>, Problem> {
    let (key, field, NoQuery {}) = (place.key()?, place.part("field")?, place::query(asked)?);
    let value = strings::bare_value(&headers, body, place.state.max_body).await?;
    let store = place.store(None)?;
    let added = place.runner(store).run([b"HSET", &key[..], &field, &value]).await?;
    let answer = Object::about(&key, store).name("field", &field);
    Ok(Json(answer.with("bytes", value.len()).with("added", item::integer(&added)? == 1)))
}

/// Removes a field.
pub async fn delete_field(place: Place, asked: AskedQuery<NoQuery>) -> Result<StatusCode, Problem> {
    let (key, field, NoQuery {}) = (place.key()?, place.part("field")?, place::query(asked)?);
    match place.runner(place.store(None)?).run([b"HDEL", &key[..], &field]).await? {
        Frame::Integer(1) => Ok(StatusCode::NO_CONTENT),
        _ => Err(no_such_field()),
    }
}

fn no_such_field() -> Problem {
    let detail = "there is no such key, or the hash has no such field";
    Problem::new(StatusCode::NOT_FOUND, "NO_SUCH_FIELD", detail)
}
