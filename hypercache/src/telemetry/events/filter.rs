//! What becomes of the cuckoo filters of stores.

use crate::telemetry::event::events;

events! {
    /// A filter was built for the keys of a store, since it was switched on or has another rate.
    INFO Node ["database"] ["creation"] success "filter.built" "filter built"
    FilterBuilt<'a> {
        /// The store.
        store: &'a str as "hypercache.store",
        /// Keys in it.
        items: u64 as "hypercache.keys",
        /// Segments that were built.
        segments: u64 as "hypercache.filter.segments",
        /// Bytes it takes.
        bytes: u64 as "hypercache.bytes",
        /// Time from the first segment to the last, pauses included.
        duration_ns: u64 as "event.duration",
    };

    /// A filter has grown to twice its size since this was last told.
    INFO Node ["database"] ["change"] success "filter.grown" "filter grown"
    FilterGrown<'a> {
        /// The store.
        store: &'a str as "hypercache.store",
        /// Keys in it.
        items: u64 as "hypercache.keys",
        /// Keys that it could take then.
        slots_before: u64 as "hypercache.filter.slots_before",
        /// Keys that it could take now.
        slots: u64 as "hypercache.filter.slots",
        /// Bytes it takes.
        bytes: u64 as "hypercache.bytes",
    };

    /// A filter has shrunk to half its size since this was last told.
    INFO Node ["database"] ["change"] success "filter.compacted" "filter compacted"
    FilterCompacted<'a> {
        /// The store.
        store: &'a str as "hypercache.store",
        /// Keys in it.
        items: u64 as "hypercache.keys",
        /// Keys that it could take then.
        slots_before: u64 as "hypercache.filter.slots_before",
        /// Keys that it could take now.
        slots: u64 as "hypercache.filter.slots",
        /// Bytes it takes.
        bytes: u64 as "hypercache.bytes",
    };
}
