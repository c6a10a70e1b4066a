//! Gauges that tell the state of the node, set when somebody looks: stores, connections, limits.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::engine::pubsub::Topic;
use crate::http::HttpState;
use crate::keyspace::filter::standing::Standing;
use crate::server::node_commands::NodeState;
use crate::store::prediction::Prediction;
use crate::store::prediction::SIZES;
use crate::store::pressure::Level;
use crate::store::traffic;
use crate::telemetry::catalogue;
use crate::telemetry::definition::ABSENT;

/// Has the gauges set before each page of metrics. Takes no lock that a command waits for, and time in proportion to
/// the number of stores, not of keys.
pub fn set_at_each_scrape(state: &Arc<NodeState>, http: &Arc<HttpState>) {
    // Weak: telemetry outlives the node, and would otherwise keep it.
    let (weak_state, weak_http) = (Arc::downgrade(state), Arc::downgrade(http));
    state.telemetry.on_scrape(Box::new(move || {
        if let (Some(state), Some(http)) = (weak_state.upgrade(), weak_http.upgrade()) {
            set(&state, &http);
        }
    }));
}

fn set(state: &NodeState, http: &HttpState) {
    for store in state.registry.all() {
        let (name, census) = (store.name(), store.census());
        catalogue::STORE_KEYS.of(&[&name, "all"]).set(census.keys as f64);
        catalogue::STORE_KEYS.of(&[&name, "expiring"]).set(census.expiring as f64);
        let sessions = store.keyspace().by_session().then_some(census.sessions as f64);
        catalogue::STORE_SESSIONS.of(&[&name]).set(sessions.unwrap_or(ABSENT));
        catalogue::STORE_MEMORY.of(&[&name]).set(census.total_bytes() as f64);
        catalogue::STORE_LIMIT.of(&[&name]).set(store.limit_bytes() as f64);
        if let Some(prediction) = Prediction::of(store, &state.registry) {
            set_prediction(&name, &prediction);
        }
        traffic::set_gauges(store);
        set_filter(&name, store.keyspace().filter_standing());
    }
    catalogue::MEMORY_USED.of(&[]).set(state.registry.used_bytes() as f64);
    catalogue::MEMORY_LIMIT.of(&[]).set(state.registry.limit_bytes() as f64);
    memory(state);
    catalogue::CONNECTIONS.of(&["resp"]).set(state.clients.len() as f64);
    catalogue::CONNECTIONS.of(&["http"]).set(http.open.load(Relaxed) as f64);
    catalogue::CLIENTS_BLOCKED.of(&[]).set(state.blocked_clients() as f64);
    for (kind, topic) in [("channel", Topic::Channel), ("pattern", Topic::Pattern), ("shard", Topic::Shard)] {
        catalogue::PUBSUB_CHANNELS.of(&[kind]).set(state.broker.count_active(topic) as f64);
    }
    let (published, delivered) = state.broker.totals();
    catalogue::PUBSUB_MESSAGES.of(&["published"]).absolute(published);
    catalogue::PUBSUB_MESSAGES.of(&["delivered"]).absolute(delivered);
    catalogue::CONNECTIONS_LIMIT.of(&[]).set(state.settings.max_connections() as f64);
}

fn set_prediction(store: &str, prediction: &Prediction) {
    catalogue::STORE_SAMPLING.of(&[store]).set(prediction.curve.sampling_ratio);
    for (size, halves) in SIZES {
        let ratio = prediction.hit_ratio(halves).unwrap_or(ABSENT);
        catalogue::STORE_PREDICTED_HITS.of(&[store, size]).set(ratio);
    }
}

/// Where memory goes, and how near the process is to its limit, by the last look of the watch.
fn memory(state: &NodeState) {
    for (area, bytes) in state.accounting.read().by_word() {
        catalogue::MEMORY_AREA.of(&[area]).set(bytes as f64);
    }
    let pressure = state.registry.pressure();
    catalogue::PROCESS_LIMIT.of(&[pressure.limit().source.word()]).set(pressure.limit().bytes as f64);
    catalogue::MEMORY_PRESSURE.of(&[]).set(f64::from(pressure.level() as u8));
    for level in Level::ALL {
        catalogue::MEMORY_PRESSURE_TIME.of(&[level.word()]).absolute(pressure.spent_ms(level) / 1000);
        // A series that is there at 0 makes the first change visible as an increase.
        catalogue::MEMORY_PRESSURE_CHANGES.of(&[level.word()]).increment(0);
    }
    catalogue::MEMORY_PURGED.of(&[]).increment(0);
}

/// A store without a filter has none of it; what was counted before a filter was switched off stays.
fn set_filter(store: &str, filter: Option<Standing>) {
    let is_there = filter.is_some();
    let filter = filter.unwrap_or_default();
    catalogue::FILTER_ITEMS.of(&[store]).set(filter.items as f64);
    catalogue::FILTER_CAPACITY.of(&[store]).set(filter.slots as f64);
    catalogue::FILTER_MEMORY.of(&[store]).set(filter.bytes as f64);
    catalogue::FILTER_BUILT.of(&[store]).set(filter.covered);
    if !is_there {
        for kind in ["wanted", "expected", "measured"] {
            catalogue::FILTER_FALSE_POSITIVES.of(&[store, kind]).set(ABSENT);
        }
        return;
    }
    let tally = filter.tally;
    for (result, lookups) in [
        ("negative", tally.negatives),
        ("true_positive", tally.true_positives),
        ("false_positive", tally.false_positives),
    ] {
        catalogue::FILTER_LOOKUPS.of(&[store, result]).absolute(lookups);
    }
    for (kind, rate) in [
        ("wanted", Some(filter.wanted_rate)),
        ("expected", Some(filter.expected_rate)),
        ("measured", filter.measured_rate()),
    ] {
        catalogue::FILTER_FALSE_POSITIVES.of(&[store, kind]).set(rate.unwrap_or(ABSENT));
    }
    for (kind, changes) in
        [("moved", tally.kicks), ("split", tally.splits), ("joined", tally.joins), ("built", tally.built)]
    {
        catalogue::FILTER_CHANGES.of(&[store, kind]).absolute(changes);
    }
}
