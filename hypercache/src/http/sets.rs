//! Sets: `/api/stores/{store}/sets/{key}` and their members.

use axum::Json;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::StatusCode;

use crate::http::addition;
use crate::http::item;
use crate::http::item::MemberItem;
use crate::http::item::Object;
use crate::http::item::bytes;
use crate::http::page;
use crate::http::page::ScanQuery;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::NoQuery;
use crate::http::place::Place;
use crate::http::problem::Problem;
use crate::resp::frame::Frame;

/// A page of members.
pub async fn get(place: Place, asked: AskedQuery<ScanQuery>) -> Result<Json<Object>, Problem> {
    let (key, query, store) = (place.key()?, place::query(asked)?.checked()?, place.store(None)?);
    let mut runner = place.runner(store);
    let length = page::length(&mut runner, "SCARD", &key).await?;
    let (found, next) = page::scan(&mut runner, &[b"SSCAN", &key], &query, &[]).await?;
    let item = |member: &Frame| {
        bytes(member).map(|name| Object::default().name("member", name)).ok_or_else(item::unexpected)
    };
    let items = found.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(Object::about(&key, store).with("length", length).with("items", items).with("cursor", next)))
}

/// Adds members.
pub async fn add(
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Object>, Problem> {
    addition::add::<MemberItem>(b"SADD", place, asked, headers, body).await
}

/// Tells whether there is a member.
pub async fn member(place: Place, asked: AskedQuery<NoQuery>) -> Result<Json<Object>, Problem> {
    let (key, member, NoQuery {}) = (place.key()?, place.part("member")?, place::query(asked)?);
    let store = place.store(None)?;
    match place.runner(store).run([b"SISMEMBER", &key[..], &member]).await? {
        Frame::Integer(1) => Ok(Json(Object::about(&key, store).name("member", &member))),
        _ => Err(no_such_member()),
    }
}

/// Adds a member.
pub async fn put_member(place: Place, asked: AskedQuery<NoQuery>) -> Result<Json<Object>, Problem> {
    let (key, member, NoQuery {}) = (place.key()?, place.part("member")?, place::query(asked)?);
    let store = place.store(None)?;
    let added = place.runner(store).run([b"SADD", &key[..], &member]).await?;
    let answer = Object::about(&key, store).name("member", &member);
    Ok(Json(answer.with("added", item::integer(&added)? == 1)))
}

/// Removes a member.
pub async fn delete_member(place: Place, asked: AskedQuery<NoQuery>) -> Result<StatusCode, Problem> {
    let (key, member, NoQuery {}) = (place.key()?, place.part("member")?, place::query(asked)?);
    match place.runner(place.store(None)?).run([b"SREM", &key[..], &member]).await? {
        Frame::Integer(1) => Ok(StatusCode::NO_CONTENT),
        _ => Err(no_such_member()),
    }
}

/// There is no such member.
pub fn no_such_member() -> Problem {
    let detail = "there is no such key, or it has no such member";
    Problem::new(StatusCode::NOT_FOUND, "NO_SUCH_MEMBER", detail)
}
