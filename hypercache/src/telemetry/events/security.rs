//! Who came in, who did not.

use crate::telemetry::catalogue;
use crate::telemetry::event::events;
use std::net::SocketAddr;

events! {
    /// A client proved who it is.
    INFO Audit ["authentication"] ["start"] success "authentication.succeeded" "client authenticated"
    AuthenticationSucceeded<'a> {
        /// Who.
        client: SocketAddr as "client.address",
        /// The connection's number.
        client_id: u64 as "hypercache.client.id",
        /// As whom.
        user: &'a str as "user.name",
        /// AUTH, HELLO or http.
        method: &'static str as "hypercache.authentication.method",
    } => |_e| catalogue::AUTHENTICATIONS.of(&["success"]).increment(1);

    /// A client gave a wrong name or password.
    WARN Audit ["authentication"] ["denied"] failure "authentication.failed" "authentication failed"
    AuthenticationFailed<'a> {
        /// Who.
        client: SocketAddr as "client.address",
        /// The connection's number.
        client_id: u64 as "hypercache.client.id",
        /// As whom it wanted to come in, if that user exists.
        user: Option<&'a str> as "user.name",
        /// AUTH, HELLO or http.
        method: &'static str as "hypercache.authentication.method",
        /// One of a fixed set: wrong_password, unknown_user, no_password_set.
        reason: &'static str as "event.reason",
    } => |_e| catalogue::AUTHENTICATIONS.of(&["failure"]).increment(1);
}
