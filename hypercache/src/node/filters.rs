//! The thread that looks after the filters of stores.

use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use crate::node::NodeError;
use crate::server::node_commands::NodeState;
use crate::store::filters::FilterKeeper;
use crate::store::filters::INTERVAL;

/// The thread.
pub struct FilterThread {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl FilterThread {
    /// Starts it; an error where the system has no thread left.
    pub fn start(state: &NodeState) -> Result<Self, NodeError> {
        let (stop, stopped) = channel();
        let mut keeper = FilterKeeper::new(Arc::clone(&state.registry));
        let thread = std::thread::Builder::new()
            .name("filters".to_owned())
            .spawn(move || {
                // The sender's end is also an end: the node is gone then.
                while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                    keeper.keep();
                }
            })
            .map_err(NodeError::Thread)?;
        Ok(Self { stop, thread })
    }

    /// Waits until it has ended; a filter that is being built stays as it is.
    pub fn stop(self) {
        drop(self.stop);
        // A panic in there has been told by the hook.
        drop(self.thread.join());
    }
}
