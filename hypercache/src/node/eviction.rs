//! The thread that makes room where commands alone would not, and tells what was evicted.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::engine::session::unix_millis;
use crate::node::NodeError;
use crate::server::node_commands::NodeState;
use crate::store::Registry;
use crate::store::events::Listener;
use crate::store::eviction::Evictor;
use crate::store::eviction::Teller;
use crate::telemetry::nanoseconds;

/// How long nobody looks unless somebody calls, and so how old news of evictions may be.
const PAUSE: Duration = Duration::from_millis(100);
/// Time of work without a break, and of the break after it: commands get their turn between the two.
const WORK: Duration = Duration::from_millis(2);
const BREAK: Duration = Duration::from_millis(1);

/// The thread.
pub struct EvictionThread {
    registry: Arc<Registry>,
    stopping: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl EvictionThread {
    /// Starts it.
    pub fn start(state: &NodeState) -> Result<Self, NodeError> {
        let (registry, observation) = (Arc::clone(&state.registry), Arc::clone(&state.observation));
        let evictor = Evictor::new(Arc::clone(&registry), Arc::clone(&state.herald) as Arc<dyn Listener>);
        let teller = Teller::new(Arc::clone(&registry), state.telemetry.clone());
        let stopping = Arc::new(AtomicBool::new(false));
        let (stores, stopped) = (Arc::clone(&registry), Arc::clone(&stopping));
        let run = move || {
            let mut more = false;
            while !stopped.load(Relaxed) {
                stores.eviction().wait(if more { BREAK } else { PAUSE });
                let freed;
                (freed, more) = evictor.relieve(unix_millis(), WORK);
                if freed.keys > 0 {
                    observation.latency.sample("eviction-cycle", nanoseconds(freed.took));
                }
                stores.eviction().note_exceeded(more);
                teller.tell();
            }
            teller.tell();
        };
        let thread = std::thread::Builder::new().name("eviction".to_owned()).spawn(run);
        Ok(Self { registry, stopping, thread: thread.map_err(NodeError::Thread)? })
    }

    /// Ends it.
    pub fn stop(self) {
        self.stopping.store(true, Relaxed);
        self.registry.eviction().wake();
        // A panic in there has been told by the hook.
        drop(self.thread.join());
    }
}
