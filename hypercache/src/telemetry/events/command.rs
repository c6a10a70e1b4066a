//! Commands that do more than read and write keys. Each single command's own line comes from `commands`.

use crate::telemetry::event::events;
use std::net::SocketAddr;

events! {
    /// A command that only an administrator sends: it empties a store, cuts clients off or stops the node.
    WARN Audit ["database"] ["change"] success "command.administered" "administrative command"
    CommandAdministered<'a> {
        /// Canonical name.
        command: &'a str as "db.operation.name",
        /// The store it was about.
        store: Option<&'a str> as "hypercache.store",
        /// Who.
        client: SocketAddr as "client.address",
        /// As whom.
        user: Option<&'a str> as "user.name",
    };

    /// A command was refused before it ran, by a rule and not by what it asked for.
    WARN Node ["database"] ["denied"] failure "command.refused" "command refused"
    CommandRefused<'a> {
        /// Canonical name, `_OTHER` for an unknown one.
        command: &'a str as "db.operation.name",
        /// Prefix of the error.
        error_type: &'a str as "error.type",
        /// One of a fixed set of rules.
        reason: &'static str as "event.reason",
        /// Who.
        client: SocketAddr as "client.address",
    };
}
