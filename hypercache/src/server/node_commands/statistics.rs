//! What `INFO` counts: the meters since the last `CONFIG RESETSTAT`, rates, and peaks.
//!
//! Counters for Prometheus must never go backwards, so a reset touches no meter: it keeps what they showed, and `INFO`
//! subtracts that.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::OnceLock;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;

use crate::engine::client::Clients;
use crate::store::Registry;
use crate::telemetry::Telemetry;
use crate::telemetry::meters::LatencyTotals;
use crate::telemetry::meters::MISS_REASONS;

/// Rates are averages over this long: one look more than the interval of ticks at the least.
const RATE_WINDOW: Duration = Duration::from_secs(2);
/// Looks kept at the most, however often somebody ticks.
const LOOKS_MAX: usize = 32;

/// Counters of one command.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct CommandCounts {
    /// Executions and refusals.
    pub calls: u64,
    /// Those answered by an error.
    pub failed: u64,
    /// Durations of the execution alone.
    pub execution: LatencyTotals,
    /// Of those, the refusals.
    pub refused: u64,
}

/// Counters of the node.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Commands processed.
    pub commands: u64,
    /// Bytes read from clients.
    pub bytes_in: u64,
    /// Bytes written to clients.
    pub bytes_out: u64,
    /// Reads that found their key.
    pub hits: u64,
    /// Reads that did not.
    pub misses: u64,
    /// The same by reason, in the order of `MISS_REASONS`.
    pub misses_by_reason: [u64; MISS_REASONS.len()],
    /// Changes to data.
    pub changes: u64,
    /// Keys whose time was over and that were removed.
    pub expired: u64,
    /// Fields of hashes whose time was over and that were removed.
    pub expired_fields: u64,
    /// Keys that had to go to make room.
    pub evicted: u64,
    /// Connections accepted.
    pub admitted: u64,
    /// Connections turned away because there were too many.
    pub refused: u64,
    /// By number of the command.
    pub by_command: Vec<CommandCounts>,
    /// Error replies by prefix.
    pub errors: BTreeMap<&'static str, u64>,
}

impl Counts {
    /// Reads the counters as they are since the start.
    pub fn read(telemetry: &Telemetry, clients: &Clients, registry: &Registry) -> Self {
        let totals = telemetry.meters().totals();
        let (bytes_in, bytes_out) = (totals.bytes_in(), totals.bytes_out());
        let misses_by_reason = totals.misses_by_reason();
        let (hits, misses, expired) = (totals.hits(), totals.misses(), totals.expired());
        let expired_fields = totals.all.expired_fields_lazy + totals.all.expired_fields_active;
        let changes = totals.all.changes;
        let by_command = totals.by_command.into_iter().map(|command| CommandCounts {
            calls: command.calls,
            failed: command.failed,
            execution: command.execution,
            refused: command.refused,
        });
        Self {
            commands: totals.commands,
            bytes_in,
            bytes_out,
            hits,
            misses,
            misses_by_reason,
            changes,
            expired,
            expired_fields,
            evicted: registry.evicted_keys(),
            admitted: clients.admitted(),
            refused: clients.refused(),
            by_command: by_command.collect(),
            errors: totals.errors,
        }
    }

    /// What was counted after `base`.
    fn since(mut self, base: &Self) -> Self {
        let pairs = [
            (&mut self.commands, base.commands),
            (&mut self.bytes_in, base.bytes_in),
            (&mut self.bytes_out, base.bytes_out),
            (&mut self.hits, base.hits),
            (&mut self.misses, base.misses),
            (&mut self.expired, base.expired),
            (&mut self.expired_fields, base.expired_fields),
            (&mut self.evicted, base.evicted),
            (&mut self.admitted, base.admitted),
            (&mut self.refused, base.refused),
        ];
        pairs.into_iter().for_each(|(now, before)| *now = now.saturating_sub(before));
        for (now, before) in self.misses_by_reason.iter_mut().zip(base.misses_by_reason) {
            *now = now.saturating_sub(before);
        }
        subtract_errors(&mut self.errors, &base.errors);
        for (now, before) in self.by_command.iter_mut().zip(&base.by_command) {
            now.calls = now.calls.saturating_sub(before.calls);
            now.failed = now.failed.saturating_sub(before.failed);
            now.refused = now.refused.saturating_sub(before.refused);
            let (execution, before) = (&mut now.execution, &before.execution);
            execution.sum_ns = execution.sum_ns.saturating_sub(before.sum_ns);
            let buckets = execution.buckets.iter_mut().zip(before.buckets);
            buckets.for_each(|(now, before)| *now = now.saturating_sub(before));
        }
        self
    }
}

fn subtract_errors(errors: &mut BTreeMap<&'static str, u64>, base: &BTreeMap<&'static str, u64>) {
    errors.retain(|kind, count| {
        *count = count.saturating_sub(base.get(kind).copied().unwrap_or(0));
        *count > 0
    });
}

/// Averages over the last seconds, per second.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Commands processed.
    pub commands: f64,
    /// Bytes read from clients.
    pub bytes_in: f64,
    /// Bytes written to clients.
    pub bytes_out: f64,
}

/// A look at the counters.
#[derive(Debug, Clone, Copy)]
struct Look {
    at: Instant,
    commands: u64,
    bytes_in: u64,
    bytes_out: u64,
}

/// Base, rates and peaks.
#[derive(Debug, Default)]
pub struct Statistics {
    base: Mutex<Counts>,
    looks: Mutex<VecDeque<Look>>,
    memory_peak: Mutex<u64>,
    /// What was in use when memory was first looked at.
    startup: OnceLock<u64>,
}

impl Statistics {
    /// Lets everything count from `now` on.
    pub fn reset(&self, now: Counts) {
        *self.base.lock() = now;
    }

    /// What was counted since the last reset.
    pub fn counts(&self, now: Counts) -> Counts {
        now.since(&self.base.lock())
    }

    /// Notes what the counters show at `at`; rates come from these notes.
    pub fn look(&self, at: Instant, counts: &Counts) {
        let mut looks = self.looks.lock();
        // The last one beyond the window stays: the average reaches at least as far back as the window.
        while looks.len() >= LOOKS_MAX || looks.get(1).is_some_and(|next| at - next.at >= RATE_WINDOW) {
            looks.pop_front();
        }
        let Counts { commands, bytes_in, bytes_out, .. } = *counts;
        looks.push_back(Look { at, commands, bytes_in, bytes_out });
    }

    /// The rates between the first and the last note; zero until there are two.
    pub fn rates(&self) -> Rates {
        let looks = self.looks.lock();
        let (Some(first), Some(last)) = (looks.front(), looks.back()) else { return Rates::default() };
        let seconds = (last.at - first.at).as_secs_f64();
        if seconds == 0.0 {
            return Rates::default();
        }
        let rate = |before: u64, now: u64| now.saturating_sub(before) as f64 / seconds;
        Rates {
            commands: rate(first.commands, last.commands),
            bytes_in: rate(first.bytes_in, last.bytes_in),
            bytes_out: rate(first.bytes_out, last.bytes_out),
        }
    }

    /// How much memory was in use when that was first noted.
    pub fn startup_bytes(&self) -> u64 {
        self.startup.get().copied().unwrap_or(0)
    }

    /// Notes how much memory is in use; the most that was ever noted.
    pub fn memory_peak(&self, used_bytes: u64) -> u64 {
        self.startup.get_or_init(|| used_bytes);
        let mut peak = self.memory_peak.lock();
        *peak = used_bytes.max(*peak);
        *peak
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(commands: u64) -> Counts {
        Counts { commands, bytes_in: 10 * commands, bytes_out: 0, ..Counts::default() }
    }

    #[test]
    fn a_reset_is_a_base_to_subtract() {
        let statistics = Statistics::default();
        let mut now = commands(5);
        now.errors.insert("ERR", 2);
        now.by_command = vec![CommandCounts { calls: 5, failed: 2, ..CommandCounts::default() }];
        now.by_command[0].execution.buckets[3] = 5;
        assert_eq!(statistics.counts(now.clone()), now);
        statistics.reset(now.clone());
        let zero = statistics.counts(now.clone());
        assert_eq!((zero.commands, zero.errors.len(), zero.by_command[0].execution.count()), (0, 0, 0));
        now.commands = 9;
        now.errors.insert("ERR", 3);
        let after = statistics.counts(now);
        assert_eq!((after.commands, after.errors["ERR"], after.by_command[0].calls), (4, 1, 0));
    }

    #[test]
    fn rates_are_averages_over_the_window() {
        let (statistics, start) = (Statistics::default(), Instant::now());
        assert_eq!(statistics.rates(), Rates::default());
        for second in 0..10 {
            // 100 commands a second at first, 300 later.
            let done = if second < 5 { 100 * second } else { 400 + 300 * (second - 4) };
            statistics.look(start + Duration::from_secs(second), &commands(done));
            if second == 3 {
                assert_eq!(statistics.rates().commands, 100.0);
            }
        }
        let rates = statistics.rates();
        assert_eq!((rates.commands, rates.bytes_in, rates.bytes_out), (300.0, 3000.0, 0.0));
    }

    #[test]
    fn looks_are_bounded_and_peaks_stay() {
        let (statistics, start) = (Statistics::default(), Instant::now());
        for tick in 0..1000 {
            statistics.look(start + Duration::from_micros(tick), &commands(tick));
        }
        assert!(statistics.looks.lock().len() <= LOOKS_MAX);
        assert_eq!((statistics.memory_peak(7), statistics.memory_peak(3)), (7, 7));
    }
}
