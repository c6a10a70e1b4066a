//! What operators may ask afterwards or watch live: the command log, hot keys, latency spikes, `MONITOR`.
//!
//! A command that concerns nobody costs a few comparisons with relaxed loads.

pub mod command_log;
pub mod hot_keys;
pub mod latency;
pub mod monitors;
pub mod redaction;

pub use command_log::CommandLog;
pub use hot_keys::HotKeys;
pub use latency::LatencyMonitor;
pub use monitors::Monitors;

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::command::spec::Flags;
use crate::engine::Call;
use crate::engine::Session;

/// All of it, of one node.
#[derive(Debug)]
pub struct Observation {
    /// Commands that were slow or large.
    pub log: CommandLog,
    /// Keys that cost most.
    pub hot_keys: HotKeys,
    /// Steps of the node that took long.
    pub latency: LatencyMonitor,
    /// Clients that watch what all others do.
    pub monitors: Monitors,
    /// What removing expired keys in the background took.
    pub sweeps: Sweeps,
}

/// What removing expired keys in the background took.
#[derive(Debug, Default)]
pub struct Sweeps {
    busy_ns: AtomicU64,
    overruns: AtomicU64,
}

impl Sweeps {
    /// Counts a round that took so long, and whether its time was over before all was removed.
    pub fn count(&self, ns: u64, overrun: bool) {
        self.busy_ns.fetch_add(ns, Relaxed);
        self.overruns.fetch_add(overrun.into(), Relaxed);
    }

    /// Nanoseconds that the rounds took, and how many ran out of time.
    pub fn totals(&self) -> (u64, u64) {
        (self.busy_ns.load(Relaxed), self.overruns.load(Relaxed))
    }
}

/// What an executed command measured.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Duration of the execution alone.
    pub execution_ns: u64,
    /// Bytes of the reply.
    pub reply_bytes: usize,
}

impl Observation {
    /// Nothing is observed yet; commands of `slow` and more are kept, `Duration::MAX`: none.
    pub fn new(slow: Duration) -> Self {
        Self {
            log: CommandLog::new(slow),
            hot_keys: HotKeys::default(),
            latency: LatencyMonitor::default(),
            monitors: Monitors::default(),
            sweeps: Sweeps::default(),
        }
    }

    /// Notes a command that was executed, where somebody wants to know of it.
    #[inline]
    pub fn executed(&self, call: &Call<'_>, session: &Session, measured: Measured) {
        if self.latency.wants(measured.execution_ns) {
            let fast = call.command.spec.flags.has(Flags::FAST);
            self.latency.add(if fast { "fast-command" } else { "command" }, measured.execution_ns);
        }
        // What a script calls is part of what the script costs.
        if self.hot_keys.active() && !session.in_script {
            self.hot_keys.note(call, measured);
        }
        if self.log.wants(call.args.extent(), measured) {
            self.log.note(call, session, measured);
        }
    }
}
