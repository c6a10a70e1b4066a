//! Tells of what happens to keys: keyspace events, over publish and subscribe.

use std::io::Write;
use std::sync::Arc;

use crate::engine::pubsub::Broker;
use crate::store::Registry;
use crate::store::events::Listener;
use crate::store::events::Notice;
use crate::store::events::Notices;

/// Passes notices on to all who are interested. Called while the shards of the keys are locked, so that what is told of a
/// key is told in the order in which it happened.
pub struct Herald {
    registry: Arc<Registry>,
    broker: Arc<Broker>,
}

impl Herald {
    /// Tells the subscribers of `broker`.
    pub fn new(registry: Arc<Registry>, broker: Arc<Broker>) -> Self {
        Self { registry, broker }
    }

    fn publish(&self, notice: &Notice, event: &str) {
        let selection = self.registry.interests().now().selection();
        let (store, key) = (notice.store, &notice.key);
        if selection.by_key() {
            let mut channel = Vec::with_capacity(key.len() + 24);
            // Writing to memory does not fail.
            let _written = write!(channel, "__keyspace@{store}__:");
            channel.extend_from_slice(key);
            self.broker.publish(&channel, event.as_bytes());
        }
        if selection.by_event() {
            self.broker.publish(format!("__keyevent@{store}__:{event}").as_bytes(), key);
        }
    }
}

impl Listener for Herald {
    fn hear(&self, notices: Notices) {
        for notice in &notices.keys {
            if let Some((_, event)) = notice.event {
                self.publish(notice, event);
            }
        }
    }
}
