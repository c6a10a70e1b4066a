//! Statistics as JSON: of the node, and of its stores as caches.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::Json;
use axum::extract::State;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::config::Word;
use crate::engine::version::VERSION;
use crate::http::HttpState;
use crate::store::Store;
use crate::telemetry::meters::MISS_REASONS;
use crate::telemetry::meters::Totals;
use crate::telemetry::process;

/// The node as a whole.
pub async fn node(State(state): State<Arc<HttpState>>) -> Json<Value> {
    let totals = state.telemetry.meters().totals();
    let areas = state.accounting.read();
    let allocator: Map<_, _> = process::allocator_bytes().into_iter().map(by_name).collect();
    Json(json!({
        "node": state.node,
        "version": VERSION,
        "uptime_seconds": state.started.elapsed().as_secs(),
        "commands": { "total": totals.commands, "failed": totals.failed, "errors": totals.errors },
        "connections": { "resp": state.clients.len(), "http": state.open.load(Relaxed) },
        "network": { "bytes_in": totals.bytes_in(), "bytes_out": totals.bytes_out() },
        "memory": {
            "allocated_bytes": areas.allocated,
            "data_bytes": state.registry.used_bytes(),
            "limit_bytes": state.registry.limit_bytes(),
            "areas": areas.by_word().map(by_name).collect::<Map<_, _>>(),
            "allocator": allocator,
            "process": pressure(&state),
        },
        "cache": effectiveness(totals.hits(), totals.misses_by_reason()),
        "stores": by_store(&state, &totals),
    }))
}

fn by_name((name, bytes): (&str, u64)) -> (String, Value) {
    (name.to_owned(), bytes.into())
}

/// The memory of the process as it was seen last, and its limit.
fn pressure(state: &HttpState) -> Value {
    let pressure = state.registry.pressure();
    let reading = pressure.reading();
    json!({
        "resident_bytes": reading.resident_bytes,
        "limit_bytes": pressure.limit().bytes,
        "limit_source": pressure.limit().source.word(),
        "pressure": pressure.level().word(),
    })
}

/// The stores as caches.
pub async fn cache(State(state): State<Arc<HttpState>>) -> Json<Value> {
    let totals = state.telemetry.meters().totals();
    Json(
        json!({ "total": effectiveness(totals.hits(), totals.misses_by_reason()), "stores": by_store(&state, &totals) }),
    )
}

/// The stores one by one, in the order of their indexes.
pub fn stores(state: &HttpState) -> Value {
    by_store(state, &state.telemetry.meters().totals())
}

fn by_store(state: &HttpState, totals: &Totals) -> Value {
    state.registry.all().map(|store| one(store, totals)).collect()
}

/// One store.
pub fn store(state: &HttpState, store: &Store) -> Value {
    one(store, &state.telemetry.meters().totals())
}

fn one(store: &Store, totals: &Totals) -> Value {
    let (rules, census) = (store.rules(), store.census());
    let counts = totals.stores.get(store.index());
    let (hits, misses) =
        counts.map_or_else(Default::default, |counts| (counts.hits, counts.misses_by_reason));
    let expired = counts.map_or(0, |counts| counts.expired_lazy + counts.expired_active);
    let ttl = (!rules.default_ttl.is_zero()).then_some(rules.default_ttl.as_secs_f64());
    json!({
        "name": rules.name,
        "index": store.index(),
        "keys": census.keys,
        "expiring_keys": census.expiring,
        "sessions": store.keyspace().by_session().then_some(census.sessions),
        "memory_bytes": census.total_bytes(),
        "limit_bytes": rules.max_memory,
        "eviction": rules.eviction.word(),
        "default_ttl_seconds": ttl,
        "filter_rate": rules.cuckoo_filter,
        "miss_history_bytes": rules.miss_history,
        "key_journal": rules.key_journal,
        "expired": expired,
        "evicted": store.evictions().evicted_keys(),
        "cache": effectiveness(hits, misses),
    })
}

fn effectiveness(hits: u64, by_reason: [u64; MISS_REASONS.len()]) -> Value {
    let misses: u64 = by_reason.iter().sum();
    let lookups = hits + misses;
    let reasons: Map<String, Value> = MISS_REASONS
        .into_iter()
        .zip(by_reason)
        .map(|(reason, count)| (reason.to_owned(), count.into()))
        .collect();
    let ratio = (lookups > 0).then(|| hits as f64 / lookups as f64);
    json!({ "hits": hits, "misses": misses, "hit_ratio": ratio, "misses_by_reason": reasons })
}
