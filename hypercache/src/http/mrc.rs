//! `/api/stores/{store}/mrc`: the miss-ratio curve of a store.

use axum::Json;
use serde_json::Value;
use serde_json::json;

use crate::http::command;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::NoQuery;
use crate::http::place::Place;
use crate::http::problem::Problem;

/// The curve, and the hit ratios of some sizes.
pub async fn get(place: Place, asked: AskedQuery<NoQuery>) -> Result<Json<Value>, Problem> {
    let NoQuery {} = place::query(asked)?;
    let told = command::typed(place.runner(place.store(None)?).run([b"MRC"]).await?);
    let points = told["curve"].as_array().into_iter().flatten();
    let curve: Vec<Value> =
        points.map(|point| json!({ "bytes": point[0], "miss_ratio": point[1] })).collect();
    Ok(Json(json!({
        "store": told["store"],
        "basis": told["basis"],
        "bytes": told["bytes"],
        "lookups": told["lookups"],
        "sampled_keys": told["sampled-keys"],
        "sampling_ratio": told["sampling-ratio"],
        "seconds": told["seconds"],
        "half_life_seconds": told["half-life-seconds"],
        "hit_ratios": told["hit-ratios"],
        "curve": curve,
    })))
}
