//! Settings that change while the node runs.

use crate::telemetry::catalogue;
use crate::telemetry::event::events;
use std::net::SocketAddr;

events! {
    /// A setting was changed. Secrets are told as changed, never shown.
    INFO Audit ["configuration"] ["change"] success "config.changed" "setting changed"
    ConfigChanged<'a> {
        /// The setting.
        name: &'a str as "hypercache.config.name",
        /// Its value before.
        old: &'a str as "hypercache.config.old",
        /// Its value now.
        new: &'a str as "hypercache.config.new",
        /// As whom.
        user: &'a str as "user.name",
        /// From where.
        client: SocketAddr as "client.address",
    } => |_e| catalogue::CONFIG_CHANGES.of(&[]).increment(1);

    /// The configuration was taken, but somebody should look at it.
    WARN Node ["configuration"] ["info"] unknown "config.warned" "setting needs a look"
    ConfigWarned<'a> {
        /// The setting, if it is about one.
        name: &'a str as "hypercache.config.name",
        /// What to look at.
        message: &'a str as "error.message",
    };

    /// A change was refused.
    WARN Audit ["configuration"] ["denied"] failure "config.change_refused" "setting not changed"
    ConfigChangeRefused<'a> {
        /// The setting, if it exists.
        name: &'a str as "hypercache.config.name",
        /// Why not.
        message: &'a str as "error.message",
        /// As whom.
        user: &'a str as "user.name",
        /// From where.
        client: SocketAddr as "client.address",
    };
}
