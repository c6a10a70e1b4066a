//! Lists: `/api/stores/{store}/lists/{key}`.

use axum::Json;
use axum::body::Body;
use axum::http::HeaderMap;
use serde::Deserialize;

use crate::http::body;
use crate::http::item;
use crate::http::item::Object;
use crate::http::item::ValueItem;
use crate::http::item::bytes;
use crate::http::page;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::NoQuery;
use crate::http::place::Place;
use crate::http::problem::Problem;
use crate::resp::frame::Frame;

/// Which elements of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RangeQuery {
    /// Index of the first; counts from the end where it is negative.
    offset: i64,
    /// How many at the most.
    limit: Option<usize>,
}

/// An end of a list.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    Left,
    Right,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Push {
    side: Side,
    items: Vec<ValueItem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pop {
    side: Side,
    count: Option<usize>,
}

/// A range of elements.
pub async fn get(place: Place, asked: AskedQuery<RangeQuery>) -> Result<Json<Object>, Problem> {
    let (key, query, store) = (place.key()?, place::query(asked)?, place.store(None)?);
    let limit = page::limit(query.limit, "limit")?;
    let last = query.offset.saturating_add(limit as i64 - 1);
    // A range that begins before the end and would go beyond it ends there.
    let last = if query.offset < 0 { last.min(-1) } else { last };
    let (first, last) = (query.offset.to_string(), last.to_string());
    let mut runner = place.runner(store);
    let length = page::length(&mut runner, "LLEN", &key).await?;
    let found = runner.run([b"LRANGE", &key[..], first.as_bytes(), last.as_bytes()]).await?;
    Ok(Json(Object::about(&key, store).with("length", length).with("items", values(found)?)))
}

/// Adds elements at one end, each beyond the one before.
pub async fn push(
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Object>, Problem> {
    let (key, NoQuery {}) = (place.key()?, place::query(asked)?);
    let Push { side, items } = body::declared_json(&headers, body, place.state.max_body).await?;
    let command: &[u8] = match side {
        Side::Left => b"LPUSH",
        Side::Right => b"RPUSH",
    };
    let store = place.store(None)?;
    let length = place.runner(store).run(item::command(&[command, &key], &items)?).await?;
    Ok(Json(Object::about(&key, store).with("length", item::integer(&length)?)))
}

/// Takes elements from one end.
pub async fn pop(
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Object>, Problem> {
    let (key, NoQuery {}) = (place.key()?, place::query(asked)?);
    let Pop { side, count } = body::declared_json(&headers, body, place.state.max_body).await?;
    let command: &[u8] = match side {
        Side::Left => b"LPOP",
        Side::Right => b"RPOP",
    };
    let count = page::limit(count.or(Some(1)), "count")?.to_string();
    let store = place.store(None)?;
    match place.runner(store).run([command, &key, count.as_bytes()]).await? {
        Frame::Null => Err(Problem::no_such_key()),
        taken => Ok(Json(Object::about(&key, store).with("items", values(taken)?))),
    }
}

fn values(found: Frame) -> Result<Vec<Object>, Problem> {
    let item = |element: &Frame| {
        bytes(element).map(|value| Object::default().value(value)).ok_or_else(item::unexpected)
    };
    item::elements(found)?.iter().map(item).collect()
}
