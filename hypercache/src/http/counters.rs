//! Strings that are numbers: `/api/stores/{store}/counters/{key}`.

use axum::Json;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::http::body;
use crate::http::item;
use crate::http::item::Object;
use crate::http::item::bytes;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::NoQuery;
use crate::http::place::Place;
use crate::http::problem::Problem;
use crate::resp::frame::Frame;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Increment {
    by: Option<Box<RawValue>>,
}

/// The number.
pub async fn get(place: Place, asked: AskedQuery<NoQuery>) -> Result<Json<Object>, Problem> {
    let (key, NoQuery {}, store) = (place.key()?, place::query(asked)?, place.store(None)?);
    let found = place.runner(store).run([b"GET", &key[..]]).await?;
    let text = bytes(&found).ok_or_else(Problem::no_such_key)?;
    Ok(Json(Object::about(&key, store).with("value", number(text)?)))
}

/// Adds to the number, which begins at 0: a whole number without a point keeps it whole, any other makes it a
/// floating-point number.
pub async fn increment(
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Object>, Problem> {
    let (key, NoQuery {}) = (place.key()?, place::query(asked)?);
    let Increment { by } = body::declared_json(&headers, body, place.state.max_body).await?;
    let by = by.map_or_else(|| Ok(b"1".to_vec()), |by| item::score(&by))?;
    let whole = by.iter().all(|byte| matches!(byte, b'-' | b'0'..=b'9'));
    let command: &[u8] = if whole { b"INCRBY" } else { b"INCRBYFLOAT" };
    let store = place.store(None)?;
    let value = match place.runner(store).run([command, &key, &by]).await? {
        Frame::Integer(value) => value.into(),
        frame => number(bytes(&frame).ok_or_else(item::unexpected)?)?,
    };
    Ok(Json(Object::about(&key, store).with("value", value)))
}

fn number(text: &[u8]) -> Result<Value, Problem> {
    let parsed = std::str::from_utf8(text).ok().and_then(|text| {
        text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<f64>().map(item::number)).ok()
    });
    parsed.ok_or_else(|| Problem::new(StatusCode::CONFLICT, "NOT_A_NUMBER", "the key holds no number"))
}
