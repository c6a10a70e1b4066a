//! Each connection takes a descriptor, and the system lets a process have only so many.

use rustix::process::Resource;

use crate::server::node_commands::NodeState;
use crate::telemetry::Event;
use crate::telemetry::events::config::ConfigWarned;

/// Descriptors that are kept for files, listeners, the sender of spans and the runtimes that are always there.
const OWN: u64 = 32;
/// Descriptors that each thread for connections takes for itself: what it waits with and what wakes it.
const OF_THREAD: u64 = 4;
/// Descriptors that are kept for HTTP, so that a node whose clients take all places can still be looked at.
const HTTP: u64 = 32;

/// Takes as many descriptors as the system lets the process have; how many, none: no limit.
pub fn raise_limit() -> Option<u64> {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = rustix::process::Rlimit { current: limit.maximum, ..limit };
        // Where it is refused the node works with what it has.
        let _refused = rustix::process::setrlimit(Resource::Nofile, raised);
    }
    rustix::process::getrlimit(Resource::Nofile).current
}

/// Lets no more clients in than there are descriptors for, and tells where that is less than was configured.
pub fn limit_connections(state: &NodeState, descriptors: Option<u64>) {
    let Some(descriptors) = descriptors else { return };
    let network = &state.config.network;
    let ceiling = connections(descriptors, network.io_threads);
    state.settings.limit_connections(ceiling);
    if network.max_connections > ceiling {
        let message = format!(
            "is {}, but the system lets this process open {descriptors} files: {ceiling} clients are served at the \
             most; raise the limit (ulimit -n)",
            network.max_connections
        );
        ConfigWarned { name: "network.max_connections", message: &message }.emit();
    }
}

/// Clients that so many descriptors are enough for; at least 1.
fn connections(descriptors: u64, io_threads: usize) -> usize {
    let kept = OWN + HTTP + OF_THREAD * io_threads as u64;
    usize::try_from(descriptors.saturating_sub(kept)).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_node_needs_itself_is_kept() {
        assert_eq!(connections(1024, 4), 1024 - 32 - 32 - 16);
        assert_eq!(connections(10, 4), 1);
        assert_eq!(connections(u64::MAX, 1), (u64::MAX - 68) as usize);
    }
}
