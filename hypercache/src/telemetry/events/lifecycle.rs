//! The node starts, serves and stops.

use crate::telemetry::catalogue;
use crate::telemetry::event::events;
use std::net::SocketAddr;

events! {
    /// A client asked for a line with `DEBUG LOG`.
    WARN Node ["process"] ["info"] unknown "debug.logged" "message of a client"
    DebugLogged<'a> {
        /// What it wants to be seen.
        message: &'a str as "error.message",
    };

    /// The process has begun and telemetry works.
    INFO Node ["process"] ["start"] success "node.started" "node started"
    NodeStarted<'a> {
        /// The program's version.
        version: &'a str as "hypercache.version",
        /// The configuration file, if there is one.
        config_file: Option<&'a str> as "hypercache.config.file",
        /// Stores that are configured.
        stores: usize as "hypercache.stores",
        /// Threads that serve connections.
        io_threads: usize as "hypercache.io_threads",
    } => |e| catalogue::BUILD_INFO.of(&[e.version]).set(1.0);

    /// A door is open.
    INFO Node ["network"] ["start"] success "listener.bound" "listening"
    ListenerBound<'a> {
        /// resp or http.
        protocol: &'a str as "network.protocol",
        /// Where.
        address: SocketAddr as "server.address",
    };

    /// All doors are open and commands are served.
    INFO Node ["process"] ["start"] success "node.ready" "node ready"
    NodeReady {
        /// Since the process began.
        duration_ns: u64 as "event.duration",
    };

    /// The node has begun to stop.
    INFO Node ["process"] ["end"] success "node.stopping" "node stopping"
    NodeStopping<'a> {
        /// Signal or command that asked for it.
        reason: &'a str as "event.reason",
        /// Connections that are still open.
        connections: usize as "hypercache.connections",
    };

    /// The node is done; the last line of a process that ends in order.
    INFO Node ["process"] ["end"] success "node.stopped" "node stopped"
    NodeStopped {
        /// Since it began to stop.
        duration_ns: u64 as "event.duration",
        /// Connections that had to be cut.
        connections_cut: usize as "hypercache.connections_cut",
    };

    /// The node cannot start.
    ERROR Node ["process"] ["error"] failure "node.start_failed" "node cannot start"
    NodeStartFailed<'a> {
        /// What is in the way.
        message: &'a str as "error.message",
    };

    /// A thread panicked; what it was serving failed, the node goes on.
    ERROR Node ["process"] ["error"] failure "panic.caught" "a thread panicked"
    PanicCaught<'a> {
        /// What the panic said.
        message: &'a str as "error.message",
        /// File and line.
        location: &'a str as "error.location",
        /// The thread.
        thread: &'a str as "process.thread.name",
    };
}
