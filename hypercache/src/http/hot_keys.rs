//! `/api/hotkeys`: the keys of a store with most accesses or bytes moved, and its biggest keys.

use axum::Json;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::http::command;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::Place;
use crate::http::problem::Problem;

/// Which keys; unknown parameters are a problem.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HotKeysQuery {
    store: Option<String>,
    /// `count`, `bytes` or `size`.
    by: Option<String>,
    count: Option<u32>,
}

/// The keys.
pub async fn get(place: Place, asked: AskedQuery<HotKeysQuery>) -> Result<Json<Value>, Problem> {
    let query = place::query(asked)?;
    let store = place.store(query.store.as_deref())?;
    let (by, count) = (query.by.as_deref().unwrap_or("count"), query.count.unwrap_or(10).to_string());
    let told = command::typed(place.runner(store).run(["HOTKEYS", "TOP", "BY", by, "COUNT", &count]).await?);
    let mut answer = json!({ "store": told["store"], "by": told["by"], "keys": told["keys"] });
    if told["total"].is_number() {
        answer["total"] = told["total"].clone();
        answer["half_life_seconds"] = told["half-life-seconds"].clone();
    }
    Ok(Json(answer))
}
