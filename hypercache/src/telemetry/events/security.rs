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
        /// One of a fixed set: wrong_password, unknown_user, user_disabled, no_password_set.
        reason: &'static str as "event.reason",
    } => |_e| catalogue::AUTHENTICATIONS.of(&["failure"]).increment(1);

    /// A user's rules do not allow what a client wanted.
    WARN Audit ["iam"] ["denied"] failure "command.denied" "command denied"
    CommandDenied<'a> {
        /// Who.
        client: SocketAddr as "client.address",
        /// The connection's number.
        client_id: u64 as "hypercache.client.id",
        /// As whom.
        user: &'a str as "user.name",
        /// The command.
        command: &'a str as "db.operation.name",
        /// One of a fixed set: command, key, channel.
        reason: &'static str as "event.reason",
        /// Where the command stood: toplevel, multi, lua.
        scene: &'static str as "hypercache.acl.context",
    };

    /// A user was made or changed.
    INFO Audit ["iam"] ["change"] success "user.changed" "user changed"
    UserChanged<'a> {
        /// Which user.
        target: &'a str as "user.target.name",
        /// Whether there was no such user before.
        created: bool as "hypercache.acl.created",
        /// By whom.
        user: &'a str as "user.name",
        /// From where.
        client: SocketAddr as "client.address",
    };

    /// A user was deleted.
    INFO Audit ["iam"] ["deletion"] success "user.deleted" "user deleted"
    UserDeleted<'a> {
        /// Which user.
        target: &'a str as "user.target.name",
        /// By whom.
        user: &'a str as "user.name",
        /// From where.
        client: SocketAddr as "client.address",
    };

    /// All users were loaded anew from their file.
    INFO Audit ["iam"] ["change"] success "users.loaded" "users loaded"
    UsersLoaded<'a> {
        /// How many there are now.
        count: usize as "hypercache.acl.users",
        /// By whom.
        user: &'a str as "user.name",
        /// From where.
        client: SocketAddr as "client.address",
    };

    /// The file of users could not be read or written; the users are as before.
    WARN Audit ["iam"] ["error"] failure "users.file_failed" "file of users not usable"
    UsersFileFailed<'a> {
        /// What went wrong.
        message: &'a str as "error.message",
        /// By whom.
        user: &'a str as "user.name",
        /// From where.
        client: SocketAddr as "client.address",
    };
}
