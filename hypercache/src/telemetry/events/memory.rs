//! The memory of the process, and how near it is to its limit.

use crate::telemetry::catalogue;
use crate::telemetry::event::events;

events! {
    /// The node knows how much memory the process may take.
    INFO Node ["process"] ["info"] success "memory.limit_found" "memory limit of the process found"
    MemoryLimitFound<'a> {
        /// Bytes the process may take; 0: no limit.
        limit_bytes: u64 as "hypercache.limit_bytes",
        /// One of a fixed set: configured, cgroup_v2, cgroup_v1, machine, none.
        source: &'a str as "event.reason",
        /// Bytes all stores together may hold; 0: no limit.
        data_limit_bytes: u64 as "hypercache.data_limit_bytes",
    };

    /// The process has come nearer to its memory limit: others have to give way.
    WARN Node ["process"] ["change"] failure "memory.pressure_raised" "memory pressure has risen"
    PressureRaised<'a> {
        /// The level that was.
        from: &'a str as "hypercache.level_before",
        /// The level that is: elevated or high.
        to: &'a str as "hypercache.level",
        /// Resident bytes of the process.
        used_bytes: u64 as "hypercache.used_bytes",
        /// Bytes that the allocator has given out.
        allocated_bytes: u64 as "hypercache.allocated_bytes",
        /// Bytes of all stores' data.
        data_bytes: u64 as "hypercache.data_bytes",
        /// Bytes the process may take.
        limit_bytes: u64 as "hypercache.limit_bytes",
        /// What is different from now on.
        changed: &'a str as "hypercache.changed",
        /// How long the level before had held.
        held_ns: u64 as "event.duration",
    } => |e| catalogue::MEMORY_PRESSURE_CHANGES.of(&[e.to]).increment(1);

    /// The process is at the end of its memory: writes are refused.
    ERROR Node ["process"] ["change"] failure "memory.pressure_critical" "memory is nearly used up, writes are refused"
    PressureCritical<'a> {
        /// The level that was.
        from: &'a str as "hypercache.level_before",
        /// The level that is: critical.
        to: &'a str as "hypercache.level",
        /// Resident bytes of the process.
        used_bytes: u64 as "hypercache.used_bytes",
        /// Bytes that the allocator has given out.
        allocated_bytes: u64 as "hypercache.allocated_bytes",
        /// Bytes of all stores' data.
        data_bytes: u64 as "hypercache.data_bytes",
        /// Bytes the process may take.
        limit_bytes: u64 as "hypercache.limit_bytes",
        /// What is different from now on.
        changed: &'a str as "hypercache.changed",
        /// How long the level before had held.
        held_ns: u64 as "event.duration",
    } => |e| catalogue::MEMORY_PRESSURE_CHANGES.of(&[e.to]).increment(1);

    /// The process has less memory in use than the level before stands for.
    INFO Node ["process"] ["change"] success "memory.pressure_eased" "memory pressure has eased"
    PressureEased<'a> {
        /// The level that was.
        from: &'a str as "hypercache.level_before",
        /// The level that is.
        to: &'a str as "hypercache.level",
        /// Resident bytes of the process.
        used_bytes: u64 as "hypercache.used_bytes",
        /// Bytes that the allocator has given out.
        allocated_bytes: u64 as "hypercache.allocated_bytes",
        /// Bytes of all stores' data.
        data_bytes: u64 as "hypercache.data_bytes",
        /// Bytes the process may take.
        limit_bytes: u64 as "hypercache.limit_bytes",
        /// What is different from now on.
        changed: &'a str as "hypercache.changed",
        /// How long the level before had held.
        held_ns: u64 as "event.duration",
    } => |e| catalogue::MEMORY_PRESSURE_CHANGES.of(&[e.to]).increment(1);

    /// Pages that nothing used were given back to the system, because the process is near its memory limit.
    DEBUG Node ["process"] ["change"] success "memory.purged" "unused pages given back"
    MemoryPurged {
        /// Resident bytes that became free.
        bytes: u64 as "hypercache.bytes",
        /// How long it took.
        duration_ns: u64 as "event.duration",
    } => |e| catalogue::MEMORY_PURGED.of(&[]).increment(e.bytes);

    /// Clients were cut off because together they held more than the level of pressure leaves them.
    WARN Node ["network"] ["connection"] failure "memory.clients_shed" "clients gave way to memory pressure"
    ClientsShed<'a> {
        /// The level.
        level: &'a str as "hypercache.level",
        /// How many.
        clients: usize as "hypercache.connections",
        /// Bytes that all clients may hold.
        limit_bytes: u64 as "hypercache.limit_bytes",
    };
}
