//! `MEMORY` as far as it is not about one key.

use std::fmt::Write;

use crate::command::ReplyError;
use crate::resp::ReplyWriter;
use crate::server::node_commands::NodeState;
use crate::server::node_commands::info::Memory;
use crate::store::pressure::Level;
use crate::telemetry::process::ProcessStats;
use crate::telemetry::process::allocator_bytes;
use crate::telemetry::process::purge_allocator;

const NO_PURGE: ReplyError = ReplyError::err("Error purging dirty pages");
/// Below this much memory in use there is nothing to diagnose.
const LITTLE_BYTES: u64 = 5 << 20;
/// Differences below this much are no problem, whatever the ratio.
const MUCH_BYTES: u64 = 10 << 20;
/// More than this for each client on average is much.
const CLIENT_BYTES: u64 = 200 << 10;

/// `MEMORY STATS`: Redis's names; what there is not is left out or 0.
pub fn stats(node: &NodeState, reply: &mut ReplyWriter) {
    let memory = Memory::read(&ProcessStats::read());
    let used = memory.used();
    let peak = node.statistics.memory_peak(used);
    let dataset = node.registry.used_bytes().min(used);
    let clients = node.clients.pool().held_bytes() as u64;
    let stores: Vec<_> = node.registry.all().filter(|store| store.census().keys > 0).collect();
    let keys: usize = stores.iter().map(|store| store.census().keys).sum();
    let scripts = node.scripting.census();
    let percent = |part: u64, whole: u64| if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 };
    reply.map(27 + stores.len());
    for (name, bytes) in [
        ("peak.allocated", peak),
        ("total.allocated", used),
        ("startup.allocated", node.statistics.startup_bytes()),
        ("replication.backlog", 0),
        ("clients.slaves", 0),
        ("clients.normal", clients),
        ("cluster.links", 0),
        ("aof.buffer", 0),
        ("lua.caches", scripts.script_bytes as u64),
        ("functions.caches", scripts.function_bytes as u64),
    ] {
        write_count(name, bytes, reply);
    }
    for store in stores {
        reply.bulk(format!("db.{}", store.index()));
        reply.map(2);
        write_count("overhead.hashtable.main", store.keyspace().all_table_bytes() as u64, reply);
        // Deadlines are counted with the table.
        write_count("overhead.hashtable.expires", 0, reply);
    }
    write_count("overhead.total", used - dataset, reply);
    write_count("keys.count", keys as u64, reply);
    write_count("keys.bytes-per-key", dataset.checked_div(keys as u64).unwrap_or(0), reply);
    write_count("dataset.bytes", dataset, reply);
    write_double("dataset.percentage", percent(dataset, used), reply);
    write_double("peak.percentage", percent(used, peak), reply);
    write_count("allocator.allocated", used, reply);
    write_count("allocator.active", memory.active(), reply);
    write_count("allocator.resident", memory.resident_in_allocator(), reply);
    for (name, larger, smaller) in [
        ("allocator-fragmentation", memory.active(), used),
        ("allocator-rss", memory.resident_in_allocator(), memory.active()),
        ("rss-overhead", memory.resident(), memory.resident_in_allocator()),
    ] {
        write_double(&format!("{name}.ratio"), ratio(larger, smaller), reply);
        reply.bulk(format!("{name}.bytes"));
        reply.integer(larger.wrapping_sub(smaller).cast_signed());
    }
    write_double("fragmentation", ratio(memory.resident(), used), reply);
    reply.bulk("fragmentation.bytes");
    reply.integer(memory.resident().wrapping_sub(used).cast_signed());
}

fn write_count(name: &str, bytes: u64, reply: &mut ReplyWriter) {
    reply.bulk(name);
    reply.integer(i64::try_from(bytes).unwrap_or(i64::MAX));
}

fn write_double(name: &str, number: f64, reply: &mut ReplyWriter) {
    reply.bulk(name);
    reply.double(number);
}

fn ratio(larger: u64, smaller: u64) -> f64 {
    if smaller == 0 { 0.0 } else { larger as f64 / smaller as f64 }
}

/// `MEMORY DOCTOR`.
pub fn doctor(node: &NodeState, reply: &mut ReplyWriter) {
    let memory = Memory::read(&ProcessStats::read());
    let peak = node.statistics.memory_peak(memory.used());
    let clients = node.clients.len().max(1) as u64;
    let held = node.clients.pool().held_bytes() as u64;
    let pressure = node.registry.pressure();
    reply.verbatim("txt", &diagnosis(&memory, peak, held / clients, pressure.level()));
}

fn diagnosis(memory: &Memory, peak: u64, bytes_per_client: u64, level: Level) -> String {
    if memory.used() < LITTLE_BYTES && level == Level::Normal {
        return "This node uses very little memory: there is nothing to diagnose yet.\n".to_owned();
    }
    let much = |larger: u64, smaller: u64, factor: f64| {
        ratio(larger, smaller) > factor && larger.saturating_sub(smaller) > MUCH_BYTES
    };
    let mut found = Vec::new();
    match level {
        Level::Normal => {}
        Level::Critical => found.push(
            "The process is at its memory limit (process_memory_limit in INFO memory): writes are refused. Delete \
             keys, or give it more memory.",
        ),
        Level::Elevated | Level::High => found.push(
            "The process is near its memory limit (process_memory_limit in INFO memory). mem_* in INFO memory shows \
             where memory goes.",
        ),
    }
    if ratio(peak, memory.used()) > 1.5 {
        found.push(
            "At its peak this node used more than half as much again as now. Memory that was given back to the \
             allocator may still be resident; MEMORY PURGE returns it to the system.",
        );
    }
    if much(memory.resident(), memory.used(), 1.4) {
        found.push(
            "Much more memory is resident than is in use. After a peak this is harmless; else the sizes of values \
             change in a way that fragments memory.",
        );
    }
    if much(memory.active(), memory.used(), 1.1) {
        found.push(
            "The allocator's pages are only partly in use (fragmentation). Deleting and writing keys of other \
             sizes brings this about; it shrinks when new values fill the gaps.",
        );
    }
    if much(memory.resident_in_allocator(), memory.active(), 1.1) {
        found.push("The allocator keeps pages that nothing uses. MEMORY PURGE returns them to the system.");
    }
    if bytes_per_client > CLIENT_BYTES {
        found.push(
            "Clients make the node hold more than 200 KiB each on average. CLIENT LIST shows which (tot-mem, omem, \
             qbuf); client-output-buffer-limit and maxmemory-clients bound it.",
        );
    }
    if found.is_empty() {
        return "No memory problem can be seen.\n".to_owned();
    }
    found.iter().fold(String::from("What can be seen:\n\n"), |text, line| text + "- " + line + "\n")
}

/// `MEMORY MALLOC-STATS`.
pub fn malloc_stats(reply: &mut ReplyWriter) {
    let states = allocator_bytes();
    if states.is_empty() {
        return reply.bulk("Stats not supported for the current allocator");
    }
    let mut text = String::from("Allocator: jemalloc\n");
    for (state, bytes) in states {
        writeln!(text, "{state}: {bytes}").expect("writing to a string does not fail");
    }
    reply.verbatim("txt", &text);
}

/// `MEMORY PURGE`: returns what the allocator keeps to the system.
pub fn purge(reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    if !purge_allocator() {
        return Err(NO_PURGE);
    }
    reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::node_commands::fixture::Fixture;

    #[test]
    fn statistics_are_pairs_and_agree_with_one_another() {
        let mut fixture = Fixture::new();
        fixture.raw("SET a 1");
        let redis::Value::Array(parts) = fixture.value("MEMORY STATS") else { panic!("no list") };
        assert_eq!(parts.len(), 2 * 28);
        let value = |name: &str| {
            let at = parts.iter().position(|part| *part == redis::Value::BulkString(name.into())).unwrap();
            &parts[at + 1]
        };
        assert_eq!(value("keys.count"), &redis::Value::Int(1));
        assert_eq!(value("dataset.bytes"), value("keys.bytes-per-key"));
        let redis::Value::Array(store) = value("db.0") else { panic!("no store") };
        assert!(matches!(store[1], redis::Value::Int(1..)));
    }

    #[test]
    fn the_doctor_names_what_it_sees() {
        let memory = |used, active, allocator, resident| Memory::of([used, active, allocator, resident]);
        let healthy = memory(100 << 20, 105 << 20, 110 << 20, 120 << 20);
        assert_eq!(diagnosis(&healthy, 120 << 20, 0, Level::Normal), "No memory problem can be seen.\n");
        assert!(diagnosis(&memory(1, 1, 1, 1), 1, 0, Level::Normal).contains("very little"));
        let ill =
            diagnosis(&memory(100 << 20, 150 << 20, 200 << 20, 300 << 20), 200 << 20, 1 << 20, Level::High);
        assert_eq!(ill.matches("\n- ").count(), 6, "{ill}");
    }
}
