//! The filter that a store keeps of its keys: `/api/filter/{store}`, and membership by it.

use axum::Json;
use axum::body::Body;
use axum::http::HeaderMap;
use serde::Deserialize;

use crate::http::body;
use crate::http::item;
use crate::http::item::Object;
use crate::http::item::bytes;
use crate::http::item::check_count;
use crate::http::item::number;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::NoQuery;
use crate::http::place::Place;
use crate::http::place::check_name;
use crate::http::problem::Problem;
use crate::resp::frame::Frame;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysBody {
    keys: Vec<String>,
}

/// How the filter stands.
pub async fn get(place: Place, asked: AskedQuery<NoQuery>) -> Result<Json<Object>, Problem> {
    let (NoQuery {}, store) = (place::query(asked)?, place.store(None)?);
    let Frame::Map(fields) = place.runner(store).run([b"FILTER", &b"INFO"[..]]).await? else {
        return Err(item::unexpected());
    };
    let mut answer = Object::default().with("store", store.name());
    for (name, field) in &fields {
        let name =
            bytes(name).and_then(|name| std::str::from_utf8(name).ok()).ok_or_else(item::unexpected)?;
        answer = match field {
            Frame::Integer(count) => answer.with(name, count),
            Frame::Double(share) => answer.with(name, number(*share)),
            Frame::Null => answer.with(name, ()),
            _ => return Err(item::unexpected()),
        };
    }
    Ok(Json(answer))
}

/// Whether there may be a key.
pub async fn key(place: Place, asked: AskedQuery<NoQuery>) -> Result<Json<Object>, Problem> {
    let (key, NoQuery {}, store) = (place.key()?, place::query(asked)?, place.store(None)?);
    let may_exist = place.runner(store).run([b"FILTER", &b"EXISTS"[..], &key]).await?;
    Ok(Json(Object::about(&key, store).with("may_exist", item::truth(&may_exist)?)))
}

/// Whether there may be keys.
pub async fn keys(
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Object>, Problem> {
    let NoQuery {} = place::query(asked)?;
    let KeysBody { keys } = body::declared_json(&headers, body, place.state.max_body).await?;
    check_count(keys.len())?;
    keys.iter().try_for_each(|key| check_name("key", key.as_bytes()))?;
    let store = place.store(None)?;
    let command = [&b"FILTER"[..], b"MEXISTS"].into_iter().chain(keys.iter().map(String::as_bytes));
    let answers = item::elements(place.runner(store).run(command).await?)?;
    let one = |(key, answer): (&String, &Frame)| {
        Ok(Object::default().name("key", key.as_bytes()).with("may_exist", item::truth(answer)?))
    };
    let items = keys.iter().zip(&answers).map(one).collect::<Result<Vec<_>, Problem>>()?;
    Ok(Json(Object::default().with("store", store.name()).with("items", items)))
}
