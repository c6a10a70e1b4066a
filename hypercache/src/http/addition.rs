//! Adds items to a collection.

use axum::Json;
use axum::body::Body;
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::http::body;
use crate::http::item;
use crate::http::item::Arguments;
use crate::http::item::Items;
use crate::http::item::Object;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::NoQuery;
use crate::http::place::Place;
use crate::http::problem::Problem;

/// Runs `command` on the key with the items of the body; how many of them are new is the answer.
pub async fn add<T: Arguments + DeserializeOwned>(
    command: &[u8],
    place: Place,
    asked: AskedQuery<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Object>, Problem> {
    let (key, NoQuery {}) = (place.key()?, place::query(asked)?);
    let Items::<T> { items } = body::declared_json(&headers, body, place.state.max_body).await?;
    let store = place.store(None)?;
    let added = place.runner(store).run(item::command(&[command, &key], &items)?).await?;
    Ok(Json(Object::about(&key, store).with("added", item::integer(&added)?)))
}
