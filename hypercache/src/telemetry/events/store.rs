//! What happens to stores beside what commands ask for.

use crate::telemetry::catalogue;
use crate::telemetry::event::events;

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

    /// Keys were dropped to bring a store back under its limit; once per sweep.
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
    } => |e| {
        catalogue::EVICTED_KEYS.of(&[e.store, e.policy]).increment(e.keys);
        catalogue::EVICTED_BYTES.of(&[e.store, e.policy]).increment(e.bytes);
    };

    /// A write was refused: a limit is reached and nothing may give way.
    WARN Node ["database"] ["denied"] failure "store.write_refused" "store is full"
    StoreWriteRefused<'a> {
        /// The store.
        store: &'a str as "hypercache.store",
        /// One of a fixed set: store_limit, node_limit.
        reason: &'static str as "event.reason",
        /// Bytes in use.
        used_bytes: u64 as "hypercache.used_bytes",
        /// Bytes allowed.
        limit_bytes: u64 as "hypercache.limit_bytes",
    } => |e| catalogue::WRITES_REFUSED.of(&[e.store, e.reason]).increment(1);
}
