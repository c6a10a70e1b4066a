//! Sorted sets: `/api/stores/{store}/zsets/{key}` and their members.

use axum::Json;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::addition;
use crate::http::body;
use crate::http::item;
use crate::http::item::Object;
use crate::http::item::ScoredItem;
use crate::http::page;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::NoQuery;
use crate::http::place::Place;
use crate::http::problem::Problem;
use crate::http::sets::no_such_member;
use crate::resp::frame::Frame;

/// Which members of a sorted set, in the order of their scores.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RangeQuery {
    /// The lowest score; `(` in front of it leaves it out itself.
    min: Option<String>,
    /// The highest score, likewise.
    max: Option<String>,
    /// Whether the highest score comes first.
    reverse: bool,
    /// How many to pass over.
    offset: u32,
    /// How many at the most.
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Score {
    score: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Increment {
    by: Box<RawValue>,
}

/// A range of members with their scores.
pub async fn get(place: Place, asked: AskedQuery<RangeQuery>) -> Result<Json<Object>, Problem> {
    let (key, query, store) = (place.key()?, place::query(asked)?, place.store(None)?);
    let limit = page::limit(query.limit, "limit")?;
    let (offset, last) = (query.offset.to_string(), (u64::from(query.offset) + limit as u64 - 1).to_string());
    let limit = limit.to_string();
    let (min, max) = (query.min.as_deref().unwrap_or("-inf"), query.max.as_deref().unwrap_or("+inf"));
    let (from, to) = if query.reverse { (max, min) } else { (min, max) };
    let mut parts: Vec<&[u8]> = vec![b"ZRANGE", &key];
    if query.min.is_some() || query.max.is_some() {
        parts.extend([from.as_bytes(), to.as_bytes(), b"BYSCORE"]);
        parts.extend([b"LIMIT", offset.as_bytes(), limit.as_bytes()]);
    } else {
        parts.extend([offset.as_bytes(), last.as_bytes()]);
    }
    if query.reverse {
        parts.push(b"REV");
    }
    parts.push(b"WITHSCORES");
    let mut runner = place.runner(store);
    let length = page::length(&mut runner, "ZCARD", &key).await?;
    let found = item::elements(runner.run(parts).await?)?;
    let items = found.into_iter().map(scored).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(Object::about(&key, store).with("length", length).with("items", items)))
}

fn scored(pair: Frame) -> Result<Object, Problem> {
    match <[Frame; 2]>::try_from(item::elements(pair)?) {
        Ok([Frame::Bulk(member), Frame::Double(score)]) => {
            Ok(Object::default().name("member", &member).with("score", item::number(score)))
        }
        _ => Err(item::unexpected()),
    }
}

/// Adds members, or gives those that are there another score.
pub async fn add(
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Object>, Problem> {
    addition::add::<ScoredItem>(b"ZADD", place, asked, headers, body).await
}

/// The score of a member and its rank, 0 for the lowest score.
pub async fn member(place: Place, asked: AskedQuery<NoQuery>) -> Result<Json<Object>, Problem> {
    let (key, member, NoQuery {}) = (place.key()?, place.part("member")?, place::query(asked)?);
    let store = place.store(None)?;
    let found = place.runner(store).run([b"ZRANK", &key[..], &member, b"WITHSCORE"]).await?;
    if found == Frame::Null {
        return Err(no_such_member());
    }
    match <[Frame; 2]>::try_from(item::elements(found)?) {
        Ok([Frame::Integer(rank), Frame::Double(score)]) => {
            let answer = Object::about(&key, store).name("member", &member);
            Ok(Json(answer.with("score", item::number(score)).with("rank", rank)))
        }
        _ => Err(item::unexpected()),
    }
}

/// Adds a member with a score, or gives it another.
pub async fn put_member(
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Object>, Problem> {
    let (key, member, NoQuery {}) = (place.key()?, place.part("member")?, place::query(asked)?);
    let Score { score } = body::declared_json(&headers, body, place.state.max_body).await?;
    let (store, score) = (place.store(None)?, item::score(&score)?);
    let added = place.runner(store).run([b"ZADD", &key[..], &score, &member]).await?;
    let answer = Object::about(&key, store).name("member", &member);
    Ok(Json(answer.with("added", item::integer(&added)? == 1)))
}

/// Adds to the score of a member, which begins at 0.
pub async fn increment(
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Object>, Problem> {
    let (key, member, NoQuery {}) = (place.key()?, place.part("member")?, place::query(asked)?);
    let Increment { by } = body::declared_json(&headers, body, place.state.max_body).await?;
    let (store, by) = (place.store(None)?, item::score(&by)?);
    match place.runner(store).run([b"ZINCRBY", &key[..], &by, &member]).await? {
        Frame::Double(score) => {
            let answer = Object::about(&key, store).name("member", &member);
            Ok(Json(answer.with("score", item::number(score))))
        }
        _ => Err(item::unexpected()),
    }
}

/// Removes a member.
pub async fn delete_member(place: Place, asked: AskedQuery<NoQuery>) -> Result<StatusCode, Problem> {
    let (key, member, NoQuery {}) = (place.key()?, place.part("member")?, place::query(asked)?);
    match place.runner(place.store(None)?).run([b"ZREM", &key[..], &member]).await? {
        Frame::Integer(1) => Ok(StatusCode::NO_CONTENT),
        _ => Err(no_such_member()),
    }
}
