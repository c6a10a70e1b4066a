//! Clients come and go.

use crate::telemetry::catalogue;
use crate::telemetry::event::events;
use std::net::SocketAddr;

events! {
    /// A client connected.
    DEBUG Node ["network" "session"] ["start"] success "connection.opened" "connection opened"
    ConnectionOpened<'a> {
        /// resp or http.
        protocol: &'a str as "network.protocol",
        /// Who.
        client: SocketAddr as "client.address",
        /// The connection's number.
        client_id: u64 as "hypercache.client.id",
    } => |e| catalogue::CONNECTIONS_OPENED.of(&[e.protocol]).increment(1);

    /// A client's connection is closed.
    DEBUG Node ["network" "session"] ["end"] success "connection.closed" "connection closed"
    ConnectionClosed<'a> {
        /// resp or http.
        protocol: &'a str as "network.protocol",
        /// Who.
        client: SocketAddr as "client.address",
        /// The connection's number.
        client_id: u64 as "hypercache.client.id",
        /// One of a fixed set: client, quit, idle, protocol_error, output_limit, killed, log_failed, shutdown, io_error.
        reason: &'static str as "event.reason",
        /// How long it was open.
        duration_ns: u64 as "event.duration",
        /// Commands it sent.
        commands: u64 as "hypercache.commands",
    } => |e| catalogue::CONNECTIONS_CLOSED.of(&[e.protocol, e.reason]).increment(1);

    /// A client was turned away at the door.
    WARN Node ["network"] ["connection" "denied"] failure "connection.refused" "connection refused"
    ConnectionRefused<'a> {
        /// Who.
        client: SocketAddr as "client.address",
        /// One of a fixed set: max_connections, shutdown, io_error.
        reason: &'static str as "event.reason",
        /// Connections that are allowed.
        limit: usize as "hypercache.connections_limit",
        /// resp or http.
        protocol: &'a str as "network.protocol",
    } => |e| catalogue::CONNECTIONS_REJECTED.of(&[e.reason]).increment(1);

    /// A connection could not be accepted.
    ERROR Node ["network"] ["connection" "error"] failure "connection.accept_failed" "cannot accept connections"
    ConnectionAcceptFailed<'a> {
        /// resp or http.
        protocol: &'a str as "network.protocol",
        /// What the system said.
        message: &'a str as "error.message",
    } => |_e| catalogue::CONNECTIONS_REJECTED.of(&["accept_failed"]).increment(1);

    /// A client sent what is no valid request, and was cut off.
    WARN Node ["network"] ["protocol" "error"] failure "protocol.violated" "protocol violated"
    ProtocolViolated<'a> {
        /// resp or http.
        protocol: &'a str as "network.protocol",
        /// Who.
        client: SocketAddr as "client.address",
        /// The connection's number.
        client_id: u64 as "hypercache.client.id",
        /// The rule that was broken, without what the client sent.
        message: &'a str as "error.message",
    };
}
