//! Sections of measurements: memory, counters, processor time.

use crate::config::memory_limit;
use crate::engine::accounting::Area;
use crate::engine::client::Cut;
use crate::engine::pubsub::Topic;
use crate::security::acl::log::Reason;
use crate::server::node_commands::config::eviction::policy;
use crate::server::node_commands::info::Facts;
use crate::server::node_commands::info::Page;
use crate::telemetry::meters::MISS_REASONS;
use crate::telemetry::process::ProcessStats;
use crate::telemetry::process::allocator_bytes;

/// Bytes in use and what the allocator made of them. Where the allocator does not tell, resident memory stands for both.
pub struct Memory {
    used: u64,
    active: u64,
    resident_in_allocator: u64,
    resident: u64,
}

impl Memory {
    /// Asks the allocator and the system.
    pub fn read(process: &ProcessStats) -> Self {
        let resident = process.resident_bytes.unwrap_or(0);
        let states = allocator_bytes();
        let of = |state: &str| {
            states.iter().find(|(name, _)| *name == state).map_or(resident, |(_, bytes)| *bytes)
        };
        Self { used: of("allocated"), active: of("active"), resident_in_allocator: of("resident"), resident }
    }

    /// Bytes in use.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// Bytes of the allocator's pages that something is in.
    pub fn active(&self) -> u64 {
        self.active
    }

    /// Bytes that the allocator keeps resident.
    pub fn resident_in_allocator(&self) -> u64 {
        self.resident_in_allocator
    }

    /// Bytes of the process that are resident.
    pub fn resident(&self) -> u64 {
        self.resident
    }

    /// These numbers: in use, active, resident in the allocator, resident.
    #[cfg(test)]
    pub fn of([used, active, resident_in_allocator, resident]: [u64; 4]) -> Self {
        Self { used, active, resident_in_allocator, resident }
    }
}

/// `# Memory`
pub fn memory(facts: &Facts<'_>, page: &mut Page) {
    let node = facts.node;
    let memory = Memory::read(&facts.process);
    let peak = node.statistics.memory_peak(memory.used);
    let dataset = node.registry.used_bytes().min(memory.used);
    let limit = node.registry.limit_bytes();
    let system = memory_limit::machine_memory().unwrap_or(0);
    page.line("used_memory", memory.used);
    page.line("used_memory_human", human(memory.used));
    page.line("used_memory_rss", memory.resident);
    page.line("used_memory_rss_human", human(memory.resident));
    page.line("used_memory_peak", peak);
    page.line("used_memory_peak_human", human(peak));
    page.line("used_memory_peak_perc", percent(memory.used, peak));
    // The limit holds for the data alone, so all else is overhead and does not count.
    page.line("used_memory_overhead", memory.used - dataset);
    page.line("used_memory_startup", node.statistics.startup_bytes());
    page.line("used_memory_dataset", dataset);
    page.line("used_memory_dataset_perc", percent(dataset, memory.used));
    page.line("allocator_allocated", memory.used);
    page.line("allocator_active", memory.active);
    page.line("allocator_resident", memory.resident_in_allocator);
    page.line("total_system_memory", system);
    page.line("total_system_memory_human", human(system));
    let scripts = node.scripting.census();
    page.line("used_memory_vm_eval", scripts.script_state_bytes);
    page.line("used_memory_lua", scripts.script_state_bytes);
    page.line("used_memory_scripts_eval", scripts.script_bytes);
    page.line("number_of_cached_scripts", scripts.scripts);
    page.line("number_of_functions", scripts.functions);
    page.line("number_of_libraries", scripts.libraries);
    page.line("used_memory_vm_functions", scripts.function_state_bytes);
    page.line("used_memory_vm_total", scripts.script_state_bytes + scripts.function_state_bytes);
    page.line("used_memory_functions", scripts.function_bytes);
    page.line("used_memory_scripts", scripts.script_bytes + scripts.function_bytes);
    page.line("maxmemory", limit);
    page.line("maxmemory_human", human(limit));
    page.line("maxmemory_policy", policy(node));
    page.line("allocator_frag_ratio", ratio(memory.active, memory.used));
    page.line("allocator_frag_bytes", difference(memory.active, memory.used));
    page.line("allocator_rss_ratio", ratio(memory.resident_in_allocator, memory.active));
    page.line("allocator_rss_bytes", difference(memory.resident_in_allocator, memory.active));
    page.line("rss_overhead_ratio", ratio(memory.resident, memory.resident_in_allocator));
    page.line("rss_overhead_bytes", difference(memory.resident, memory.resident_in_allocator));
    page.line("mem_fragmentation_ratio", ratio(memory.resident, memory.used));
    page.line("mem_fragmentation_bytes", difference(memory.resident, memory.used));
    page.line("mem_not_counted_for_evict", memory.used - dataset);
    page.line("mem_replication_backlog", 0);
    page.line("mem_total_replication_buffers", 0);
    page.line("mem_clients_slaves", 0);
    page.line("mem_clients_normal", node.clients.pool().held_bytes());
    page.line("mem_cluster_links", 0);
    page.line("mem_aof_buffer", 0);
    page.line("mem_allocator", if allocator_bytes().is_empty() { "system" } else { "jemalloc" });
    own_memory(facts, page);
    page.line("active_defrag_running", 0);
    page.line("lazyfree_pending_objects", 0);
    page.line("lazyfreed_objects", 0);
}

/// What Redis has no names for: where the rest goes, and how near the process is to its limit.
fn own_memory(facts: &Facts<'_>, page: &mut Page) {
    let areas = facts.node.accounting.read();
    page.line("mem_tables", areas.of(Area::Tables));
    page.line("mem_tracking", areas.of(Area::Tracking));
    page.line("mem_pubsub", areas.of(Area::Pubsub));
    page.line("mem_telemetry", areas.of(Area::Telemetry));
    page.line("mem_program", areas.of(Area::Program));
    page.line("mem_unexplained", areas.unexplained());
    let pressure = facts.node.registry.pressure();
    page.line("process_memory_limit", pressure.limit().bytes);
    page.line("process_memory_limit_human", human(pressure.limit().bytes));
    page.line("process_memory_limit_source", pressure.limit().source.word());
    page.line("memory_pressure", pressure.level().word());
}

/// A size as Redis shows it to people.
fn human(bytes: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("T", 40), ("G", 30), ("M", 20), ("K", 10)];
    match UNITS.into_iter().find(|(_, bits)| bytes >> bits > 0) {
        Some((unit, bits)) => format!("{:.2}{unit}", bytes as f64 / (1_u64 << bits) as f64),
        None => format!("{bytes}B"),
    }
}

fn ratio(part: u64, whole: u64) -> String {
    format!("{:.2}", if whole == 0 { 0.0 } else { part as f64 / whole as f64 })
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.2}%", if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 })
}

fn difference(larger: u64, smaller: u64) -> i64 {
    larger.wrapping_sub(smaller).cast_signed()
}

/// `# Stats`
pub fn stats(facts: &Facts<'_>, page: &mut Page) {
    let counts = &facts.counts;
    let rates = facts.node.statistics.rates();
    let errors: u64 = counts.errors.values().sum();
    let broker = &facts.node.broker;
    let pool = facts.node.clients.pool();
    let (sweeping_ns, overruns) = facts.node.observation.sweeps.totals();
    page.line("total_connections_received", counts.admitted);
    page.line("total_commands_processed", counts.commands);
    page.line("instantaneous_ops_per_sec", rates.commands.round() as u64);
    page.line("total_net_input_bytes", counts.bytes_in);
    page.line("total_net_output_bytes", counts.bytes_out);
    page.line("total_net_repl_input_bytes", 0);
    page.line("total_net_repl_output_bytes", 0);
    page.line("instantaneous_input_kbps", format!("{:.2}", rates.bytes_in / 1024.0));
    page.line("instantaneous_output_kbps", format!("{:.2}", rates.bytes_out / 1024.0));
    page.line("instantaneous_input_repl_kbps", "0.00");
    page.line("instantaneous_output_repl_kbps", "0.00");
    page.line("rejected_connections", counts.refused);
    page.line("sync_full", 0);
    page.line("sync_partial_ok", 0);
    page.line("sync_partial_err", 0);
    page.line("expired_keys", counts.expired);
    page.line("expired_subkeys", counts.expired_fields);
    page.line("expired_time_cap_reached_count", overruns);
    page.line("expire_cycle_cpu_milliseconds", sweeping_ns / 1_000_000);
    page.line("evicted_keys", counts.evicted);
    page.line("evicted_clients", pool.cut_count(Cut::Evicted));
    let eviction = facts.node.registry.eviction();
    page.line("total_eviction_exceeded_time", eviction.exceeded().as_millis());
    page.line("current_eviction_exceeded_time", eviction.exceeded_now().as_millis());
    page.line("keyspace_hits", counts.hits);
    page.line("keyspace_misses", counts.misses);
    for (reason, misses) in MISS_REASONS.into_iter().zip(counts.misses_by_reason) {
        page.line(format_args!("keyspace_misses_{reason}"), misses);
    }
    page.line("pubsub_channels", broker.count_active(Topic::Channel));
    page.line("pubsub_patterns", broker.count_active(Topic::Pattern));
    page.line("pubsubshard_channels", broker.count_active(Topic::Shard));
    page.line("latest_fork_usec", 0);
    page.line("total_forks", 0);
    page.line("migrate_cached_sockets", 0);
    page.line("slave_expires_tracked_keys", 0);
    page.line("active_defrag_hits", 0);
    page.line("active_defrag_misses", 0);
    page.line("active_defrag_key_hits", 0);
    page.line("active_defrag_key_misses", 0);
    let tracked = facts.node.herald.tracking().totals();
    page.line("tracking_total_keys", tracked.keys);
    page.line("tracking_total_items", tracked.items);
    page.line("tracking_total_prefixes", tracked.prefixes);
    page.line("total_error_replies", errors);
    page.line("unexpected_error_replies", 0);
    page.line("client_query_buffer_limit_disconnections", pool.query_buffer_count());
    page.line("client_output_buffer_limit_disconnections", pool.cut_count(Cut::OutputLimit));
    let denied = facts.node.authenticator.log();
    page.line("acl_access_denied_auth", denied.count(Reason::Auth));
    page.line("acl_access_denied_cmd", denied.count(Reason::Command));
    page.line("acl_access_denied_key", denied.count(Reason::Key));
    page.line("acl_access_denied_channel", denied.count(Reason::Channel));
}

/// `# CPU`, in seconds. There are no child processes.
pub fn cpu(facts: &Facts<'_>, page: &mut Page) {
    let seconds = |value: Option<f64>| format!("{:.6}", value.unwrap_or(0.0));
    page.line("used_cpu_sys", seconds(facts.process.system_seconds));
    page.line("used_cpu_user", seconds(facts.process.user_seconds));
    page.line("used_cpu_sys_children", seconds(None));
    page.line("used_cpu_user_children", seconds(None));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_people() {
        for (bytes, text) in
            [(0, "0B"), (1023, "1023B"), (1536, "1.50K"), (100 << 20, "100.00M"), (3 << 40, "3.00T")]
        {
            assert_eq!(human(bytes), text);
        }
        assert_eq!((ratio(3, 2), ratio(1, 0), difference(1, 3)), ("1.50".to_owned(), "0.00".to_owned(), -2));
    }
}
