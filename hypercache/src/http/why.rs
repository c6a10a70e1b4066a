//! What is known of a key's life: `WHY` as JSON. A key that nobody knows is an answer, not a problem.

use axum::Json;

use crate::http::command;
use crate::http::item;
use crate::http::item::Object;
use crate::http::item::bytes;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::NoQuery;
use crate::http::place::Place;
use crate::http::place::StoreQuery;
use crate::http::problem::Problem;
use crate::resp::frame::Frame;

/// Of a key of the store in the query, or the default store.
pub async fn of_query(place: Place, asked: AskedQuery<StoreQuery>) -> Result<Json<Object>, Problem> {
    let query = place::query(asked)?;
    about(&place, query.store.as_deref()).await
}

/// Of a key of the store in the path.
pub async fn of_path(place: Place, asked: AskedQuery<NoQuery>) -> Result<Json<Object>, Problem> {
    let NoQuery {} = place::query(asked)?;
    about(&place, None).await
}

async fn about(place: &Place, store: Option<&str>) -> Result<Json<Object>, Problem> {
    let (key, store) = (place.key()?, place.store(store)?);
    let Frame::Map(known) = place.runner(store).run([b"WHY", &key[..]]).await? else {
        return Err(item::unexpected());
    };
    let answer = known.into_iter().try_fold(Object::about(&key, store), |answer, (name, content)| {
        let name =
            bytes(&name).and_then(|name| std::str::from_utf8(name).ok()).ok_or_else(item::unexpected)?;
        Ok::<_, Problem>(answer.with(name, command::typed(content)))
    })?;
    Ok(Json(answer))
}
