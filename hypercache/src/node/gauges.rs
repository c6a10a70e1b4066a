//! Gauges that tell the state of the node, set when somebody looks: stores, connections, limits.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::engine::pubsub::Topic;
use crate::http::HttpState;
use crate::server::node_commands::NodeState;
use crate::telemetry::catalogue;

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
        if store.keyspace().by_session() {
            catalogue::STORE_SESSIONS.of(&[&name]).set(census.sessions as f64);
        }
        catalogue::STORE_MEMORY.of(&[&name]).set(census.bytes as f64);
        catalogue::STORE_LIMIT.of(&[&name]).set(store.limit_bytes() as f64);
    }
    catalogue::MEMORY_USED.of(&[]).set(state.registry.used_bytes() as f64);
    catalogue::MEMORY_LIMIT.of(&[]).set(state.registry.limit_bytes() as f64);
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
