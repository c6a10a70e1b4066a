//! Statistics as JSON: of the node, and of its stores as caches.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::Json;
use axum::extract::State;
use serde_json::Value;
use serde_json::json;

use crate::engine::version::VERSION;
use crate::http::HttpState;
use crate::store::Store;
use crate::telemetry::meters::Totals;
use crate::telemetry::process;

/// The node as a whole.
pub async fn node(State(state): State<Arc<HttpState>>) -> Json<Value> {
    let totals = state.telemetry.meters().totals();
    let allocated = process::allocator_bytes().into_iter().find(|(name, _)| *name == "allocated");
    Json(json!({
        "node": state.node,
        "version": VERSION,
        "uptime_seconds": state.started.elapsed().as_secs(),
        "commands": { "total": totals.commands, "failed": totals.failed, "errors": totals.errors },
        "connections": { "resp": state.clients.len(), "http": state.open.load(Relaxed) },
        "network": { "bytes_in": totals.bytes_in(), "bytes_out": totals.bytes_out() },
        "memory": {
            "allocated_bytes": allocated.map(|(_, bytes)| bytes),
            "data_bytes": state.registry.used_bytes(),
            "limit_bytes": state.registry.limit_bytes(),
        },
        "cache": effectiveness(totals.hits(), totals.misses()),
        "stores": by_store(&state, &totals),
    }))
}

/// The stores as caches.
pub async fn cache(State(state): State<Arc<HttpState>>) -> Json<Value> {
    let totals = state.telemetry.meters().totals();
    Json(
        json!({ "total": effectiveness(totals.hits(), totals.misses()), "stores": by_store(&state, &totals) }),
    )
}

/// The stores one by one, in the order of their indexes.
pub fn stores(state: &HttpState) -> Value {
    by_store(state, &state.telemetry.meters().totals())
}

fn by_store(state: &HttpState, totals: &Totals) -> Value {
    let one = |store: &Store| {
        let census = store.census();
        let counts = totals.stores.get(store.index());
        let (hits, misses) = counts.map_or((0, 0), |counts| (counts.hits, counts.misses));
        let expired = counts.map_or(0, |counts| counts.expired_lazy + counts.expired_active);
        json!({
            "name": store.name(),
            "index": store.index(),
            "keys": census.keys,
            "expiring_keys": census.expiring,
            "memory_bytes": census.bytes,
            "limit_bytes": store.limit_bytes(),
            "expired": expired,
            "cache": effectiveness(hits, misses),
        })
    };
    state.registry.all().map(one).collect()
}

fn effectiveness(hits: u64, misses: u64) -> Value {
    let lookups = hits + misses;
    let ratio = (lookups > 0).then(|| hits as f64 / lookups as f64);
    json!({ "hits": hits, "misses": misses, "hit_ratio": ratio })
}
