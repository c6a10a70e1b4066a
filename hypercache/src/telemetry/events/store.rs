//! What happens to stores beside what commands on keys ask for.

use crate::telemetry::catalogue;
use crate::telemetry::event::events;
use std::net::SocketAddr;

events! {
    /// A sweep removed keys or fields whose time was over; once per sweep and store that removed any.
    DEBUG Node ["database"] ["deletion"] success "expiry.swept" "expired keys removed"
    ExpirySwept<'a> {
        /// The store.
        store: &'a str as "hypercache.store",
        /// Keys removed.
        keys: u64 as "hypercache.keys",
        /// Fields of hashes removed.
        fields: u64 as "hypercache.fields",
        /// Sessions that went with all their keys.
        sessions: u64 as "hypercache.sessions",
        /// Bytes freed.
        bytes: u64 as "hypercache.bytes",
        /// How long the longest overdue of them had been overdue.
        lag_ns: u64 as "hypercache.lag_ns",
        /// Time the sweep took.
        duration_ns: u64 as "event.duration",
    };

    /// A sweep did not get through its work in its time.
    WARN Node ["database"] ["info"] failure "expiry.overrun" "expired keys pile up"
    ExpiryOverrun<'a> {
        /// The store.
        store: &'a str as "hypercache.store",
        /// Time the sweep took.
        duration_ns: u64 as "event.duration",
    };

    /// Keys were dropped to bring a store back under its limit; together every tenth of a second.
    INFO Node ["database"] ["deletion"] success "store.evicted" "keys evicted"
    StoreEvicted<'a> {
        /// The store.
        store: &'a str as "hypercache.store",
        /// Its policy.
        policy: &'static str as "hypercache.policy",
        /// Keys dropped.
        keys: u64 as "hypercache.keys",
        /// Bytes freed.
        bytes: u64 as "hypercache.bytes",
        /// Times that room was made.
        batches: u64 as "hypercache.batches",
        /// Time that this took altogether.
        duration_ns: u64 as "event.duration",
        /// Time that the longest of them took.
        longest_ns: u64 as "hypercache.longest_ns",
        /// Bytes in use afterwards.
        used_bytes: u64 as "hypercache.used_bytes",
        /// Bytes that the store may hold; 0 where it is the node's limit alone.
        limit_bytes: u64 as "hypercache.limit_bytes",
    } => |e| {
        catalogue::EVICTED_KEYS.of(&[e.store, e.policy]).increment(e.keys);
        catalogue::EVICTED_BYTES.of(&[e.store, e.policy]).increment(e.bytes);
    };

    /// A write was refused: a limit is reached and nothing may give way.
    WARN Node ["database"] ["denied"] failure "store.write_refused" "store is full"
    StoreWriteRefused<'a> {
        /// The store.
        store: &'a str as "hypercache.store",
        /// One of a fixed set: store_limit, node_limit, memory_pressure.
        reason: &'static str as "event.reason",
        /// Bytes in use.
        used_bytes: u64 as "hypercache.used_bytes",
        /// Bytes allowed.
        limit_bytes: u64 as "hypercache.limit_bytes",
    } => |e| catalogue::WRITES_REFUSED.of(&[e.store, e.reason]).increment(1);

    /// A store was made.
    INFO Audit ["configuration"] ["creation"] success "store.created" "store created"
    StoreCreated<'a> {
        /// The store.
        store: &'a str as "hypercache.store",
        /// Its rules.
        new: &'a str as "hypercache.config.new",
        /// As whom.
        user: &'a str as "user.name",
        /// From where.
        client: SocketAddr as "client.address",
        /// The connection's number.
        client_id: u64 as "hypercache.client.id",
    } => |_e| catalogue::STORE_CHANGES.of(&["created"]).increment(1);

    /// Rules of a store were changed.
    INFO Audit ["configuration"] ["change"] success "store.altered" "store altered"
    StoreAltered<'a> {
        /// The store.
        store: &'a str as "hypercache.store",
        /// The rules that were changed, as they were.
        old: &'a str as "hypercache.config.old",
        /// The same as they are now.
        new: &'a str as "hypercache.config.new",
        /// As whom.
        user: &'a str as "user.name",
        /// From where.
        client: SocketAddr as "client.address",
        /// The connection's number.
        client_id: u64 as "hypercache.client.id",
    } => |_e| catalogue::STORE_CHANGES.of(&["altered"]).increment(1);

    /// A store was dropped with its keys.
    INFO Audit ["configuration"] ["deletion"] success "store.dropped" "store dropped"
    StoreDropped<'a> {
        /// The store.
        store: &'a str as "hypercache.store",
        /// Its rules.
        old: &'a str as "hypercache.config.old",
        /// Keys that it had.
        keys: u64 as "hypercache.keys",
        /// Bytes that they took.
        bytes: u64 as "hypercache.bytes",
        /// As whom.
        user: &'a str as "user.name",
        /// From where.
        client: SocketAddr as "client.address",
        /// The connection's number.
        client_id: u64 as "hypercache.client.id",
    } => |_e| catalogue::STORE_CHANGES.of(&["dropped"]).increment(1);

    /// A store was not made, altered or dropped.
    WARN Audit ["configuration"] ["denied"] failure "store.change_refused" "store not changed"
    StoreChangeRefused<'a> {
        /// The store, as the client named it.
        store: &'a str as "hypercache.store",
        /// Why not.
        message: &'a str as "error.message",
        /// As whom.
        user: &'a str as "user.name",
        /// From where.
        client: SocketAddr as "client.address",
        /// The connection's number.
        client_id: u64 as "hypercache.client.id",
    } => |_e| catalogue::STORE_CHANGES.of(&["refused"]).increment(1);

    /// One key has a large share of a store's accesses; at most once a minute for each store.
    WARN Node ["database"] ["info"] unknown "key.hot" "one key has a large share of a store's accesses"
    KeyHot<'a> {
        /// The store.
        store: &'a str as "hypercache.store",
        /// Its share of the accesses, 0 to 1.
        share: f64 as "hypercache.share",
        /// The key, where keys are shown as they are.
        key_text: Option<&'a str> as "hypercache.key.text",
        /// Its hash, where keys are shown as hashes.
        key_hash: Option<&'a str> as "hypercache.key.hash",
        /// What stands before its first colon, where that is shown.
        key_prefix: Option<&'a str> as "hypercache.key.prefix",
    };
}
