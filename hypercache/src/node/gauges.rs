//! Gauges that tell the state of the node, set when somebody looks: stores, connections, limits.

use std::sync::Arc;

use crate::engine::client::Clients;
use crate::server::Settings;
use crate::store::Registry;
use crate::telemetry::Telemetry;
use crate::telemetry::catalogue;
use crate::telemetry::process;

/// Has the gauges set before each page of metrics. Takes no lock that a command waits for, and time in proportion to
/// the number of stores, not of keys.
pub fn set_at_each_scrape(
    telemetry: &Telemetry,
    registry: &Arc<Registry>,
    clients: &Arc<Clients>,
    settings: &Arc<Settings>,
) {
    let (registry, clients, settings) = (Arc::clone(registry), Arc::clone(clients), Arc::clone(settings));
    telemetry.on_scrape(Box::new(move || {
        for store in registry.all() {
            let census = store.census();
            catalogue::STORE_KEYS.of(&[store.name(), "all"]).set(census.keys as f64);
            catalogue::STORE_KEYS.of(&[store.name(), "expiring"]).set(census.expiring as f64);
            catalogue::STORE_MEMORY.of(&[store.name()]).set(census.bytes as f64);
            catalogue::STORE_LIMIT.of(&[store.name()]).set(store.limit_bytes() as f64);
        }
        let allocated = process::allocator_bytes().into_iter().find(|(state, _)| *state == "allocated");
        catalogue::MEMORY_USED.of(&[]).set(allocated.map_or(0, |(_, bytes)| bytes) as f64);
        catalogue::MEMORY_LIMIT.of(&[]).set(registry.limit_bytes() as f64);
        catalogue::CONNECTIONS.of(&["resp"]).set(clients.len() as f64);
        catalogue::CONNECTIONS_LIMIT.of(&[]).set(settings.max_connections() as f64);
    }));
}
