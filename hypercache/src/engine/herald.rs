//! Tells of what happens to keys: keyspace events, over publish and subscribe, and to those who track what they have read.

use std::io::Write;
use std::sync::Arc;

use crate::engine::client::Clients;
use crate::engine::pubsub::Broker;
use crate::engine::tracking::Change;
use crate::engine::tracking::Tracking;
use crate::store::Registry;
use crate::store::events::Cause;
use crate::store::events::Listener;
use crate::store::events::Notice;
use crate::store::events::Notices;

/// Passes notices on to all who are interested. Called while the shards of the keys are locked, so that what is told of a
/// key is told in the order in which it happened.
pub struct Herald {
    registry: Arc<Registry>,
    broker: Arc<Broker>,
    tracking: Arc<Tracking>,
}

impl Herald {
    /// Tells the subscribers of `broker`, and those of `clients` that track.
    pub fn new(registry: Arc<Registry>, broker: Arc<Broker>, clients: Arc<Clients>) -> Self {
        let tracking = Arc::new(Tracking::new(Arc::clone(&registry), clients));
        Self { registry, broker, tracking }
    }

    /// Who tracks what.
    pub fn tracking(&self) -> &Arc<Tracking> {
        &self.tracking
    }

    /// Tells what a command of the client `by` has done; 0: nobody's. What is to be told by prefix once the command is
    /// done is added to `changes`.
    pub fn tell(&self, notices: Notices, by: u64, changes: &mut Vec<Change>) {
        for notice in notices.keys {
            if let Some((_, event)) = notice.event {
                self.publish(&notice, event);
            }
            let Some(cause) = notice.modified else { continue };
            self.tracking.invalidate(&notice.key, by);
            if self.tracking.broadcasts() {
                changes.push((notice.key, if cause == Cause::Command { by } else { 0 }));
            }
        }
        if notices.emptied {
            self.tracking.invalidate_all();
        }
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
        let mut changes = Vec::new();
        self.tell(notices, 0, &mut changes);
        if !changes.is_empty() {
            self.tracking.broadcast(&changes);
        }
    }
}
