//! The sums over all threads, as INFO, LATENCY and the metrics page show them.

use crate::config::STORES_MAX;
use crate::telemetry::buckets::COUNT_BUCKETS;
use crate::telemetry::buckets::LAG_BUCKETS;
use crate::telemetry::buckets::LATENCY_BUCKETS;
use crate::telemetry::meters::ERROR_TYPES;
use crate::telemetry::meters::MISS_REASONS;
use crate::telemetry::meters::Meters;
use crate::telemetry::meters::cells::Durations;
use crate::telemetry::meters::cells::Latencies;
use crate::telemetry::meters::cells::Shard;
use crate::telemetry::meters::cells::StoreCells;
use crate::telemetry::meters::names::Names;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// A histogram of durations with its sum; the buckets are not cumulative, the last is above every bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LatencyTotals {
    /// Observations per bucket of `buckets::LATENCY_NS`.
    pub buckets: [u64; LATENCY_BUCKETS],
    /// Sum of the observations.
    pub sum_ns: u64,
}

impl LatencyTotals {
    /// Observations in all buckets.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    fn add(&mut self, cells: &Latencies) {
        for (total, cell) in self.buckets.iter_mut().zip(&cells.buckets) {
            *total += cell.load(Relaxed);
        }
        self.sum_ns += cells.sum_ns.load(Relaxed);
    }

    fn take_off(&mut self, base: &Self) {
        for (total, before) in self.buckets.iter_mut().zip(base.buckets) {
            *total = total.saturating_sub(before);
        }
        self.sum_ns = self.sum_ns.saturating_sub(base.sum_ns);
    }

    fn merge(&mut self, other: &Self) {
        for (total, more) in self.buckets.iter_mut().zip(other.buckets) {
            *total += more;
        }
        self.sum_ns += other.sum_ns;
    }
}

/// One command in one store with one outcome, since the store began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Index of the store.
    pub store: usize,
    /// Index of the command.
    pub command: usize,
    /// The replies were errors.
    pub failed: bool,
    /// Queue-inclusive durations.
    pub service: LatencyTotals,
    /// Durations of the execution alone.
    pub execution: LatencyTotals,
}

/// One command over all stores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandTotals {
    /// Canonical name.
    pub name: String,
    /// Executions, failed ones included.
    pub calls: u64,
    /// Executions answered by an error.
    pub failed: u64,
    /// Of those, what was refused before it ran.
    pub refused: u64,
    /// Executions over the threshold.
    pub slow: u64,
    /// Durations of the execution alone, all outcomes.
    pub execution: LatencyTotals,
    /// Error replies by prefix; only those that occurred.
    pub errors: Vec<(&'static str, u64)>,
}

impl CommandTotals {
    /// Time spent executing, in microseconds.
    pub fn usec(&self) -> u64 {
        self.execution.sum_ns / 1000
    }
}

/// One store since it began, or all that there have been.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreTotals {
    /// Name; empty where no store has the index.
    pub name: Arc<str>,
    /// Keys that reading commands found.
    pub hits: u64,
    /// Keys that reading commands did not find.
    pub misses: u64,
    /// The same by reason, in the order of `MISS_REASONS`.
    pub misses_by_reason: [u64; MISS_REASONS.len()],
    /// Changes to data, as Redis counts them.
    pub changes: u64,
    /// Expired keys found by commands.
    pub expired_lazy: u64,
    /// Expired keys found by sweeps.
    pub expired_active: u64,
    /// Expired fields of hashes found by commands.
    pub expired_fields_lazy: u64,
    /// Expired fields of hashes found by sweeps.
    pub expired_fields_active: u64,
    /// Expired sessions found by commands.
    pub expired_sessions_lazy: u64,
    /// Expired sessions found by sweeps.
    pub expired_sessions_active: u64,
    /// Expired keys per bucket of `buckets::LAG_SECONDS`, by how late they were removed.
    pub expiry_lags: [u64; LAG_BUCKETS],
    /// The sum of that, in milliseconds.
    pub expiry_lag_ms: u64,
}

/// Bytes of one kind of client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrafficTotals {
    /// Read from clients.
    pub bytes_in: u64,
    /// Written to clients.
    pub bytes_out: u64,
}

/// Everything the meters counted since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Commands executed.
    pub commands: u64,
    /// Commands answered by an error.
    pub failed: u64,
    /// RESP clients' bytes.
    pub resp: TrafficTotals,
    /// HTTP clients' bytes.
    pub http: TrafficTotals,
    /// Batches per bucket of `buckets::COUNT_BOUNDS`.
    pub batches: [u64; COUNT_BUCKETS],
    /// Commands in those batches.
    pub batched_commands: u64,
    /// By index of the store.
    pub stores: Vec<StoreTotals>,
    /// All stores, those that have been dropped among them; without a name.
    pub all: StoreTotals,
    /// By index of the command; those never called are all zero.
    pub by_command: Vec<CommandTotals>,
    /// Error replies by prefix; only those that occurred.
    pub errors: BTreeMap<&'static str, u64>,
    /// What was seen of each store, command and outcome, in this order.
    pub series: Vec<Series>,
}

impl Totals {
    /// Bytes read from all clients.
    pub fn bytes_in(&self) -> u64 {
        self.resp.bytes_in + self.http.bytes_in
    }

    /// Bytes written to all clients.
    pub fn bytes_out(&self) -> u64 {
        self.resp.bytes_out + self.http.bytes_out
    }

    /// Keys found, in all stores that there have been.
    pub fn hits(&self) -> u64 {
        self.all.hits
    }

    /// Keys not found, in all stores that there have been.
    pub fn misses(&self) -> u64 {
        self.all.misses
    }

    /// The same by reason, in the order of `MISS_REASONS`.
    pub fn misses_by_reason(&self) -> [u64; MISS_REASONS.len()] {
        self.all.misses_by_reason
    }

    /// Expired keys, in all stores that there have been.
    pub fn expired(&self) -> u64 {
        self.all.expired_lazy + self.all.expired_active
    }

    pub(super) fn gather(meters: &Meters) -> Self {
        let named = |name: &String| CommandTotals { name: name.clone(), ..CommandTotals::default() };
        let mut totals = Self {
            stores: vec![StoreTotals::default(); STORES_MAX],
            by_command: meters.command_names().iter().map(named).collect(),
            ..Self::default()
        };
        let names = meters.stores.lock();
        let shards = meters.all();
        let mut series = BTreeMap::new();
        let mut errors = vec![[0; ERROR_TYPES.len()]; totals.by_command.len()];
        for shard in &shards {
            totals.add_traffic(shard);
            totals.add_stores(shard);
            for (store, cells) in shard.stores.iter().enumerate() {
                add_series(&mut series, store, cells);
            }
            for (command, cells) in shard.errors.iter().enumerate() {
                let counts = cells.get().into_iter().flat_map(|cells| cells.iter());
                errors[command].iter_mut().zip(counts).for_each(|(total, cell)| *total += load(cell));
            }
            for (total, cell) in totals.by_command.iter_mut().zip(&shard.slow) {
                total.slow += load(cell);
            }
            for (total, cell) in totals.by_command.iter_mut().zip(&shard.refused) {
                total.refused += load(cell);
            }
        }
        totals.add_errors(&errors);
        totals.series = series.into_values().collect();
        totals.add_up_series();
        totals.begin_with(&names);
        totals
    }

    /// Lets what is told of each store begin where the store does.
    fn begin_with(&mut self, names: &Names) {
        for (index, store) in self.stores.iter_mut().enumerate() {
            self.all.add(store);
            match names.get(index) {
                Some((name, base)) => {
                    store.take_off(&base.store);
                    store.name = Arc::clone(name);
                }
                None => *store = StoreTotals::default(),
            }
        }
        self.series.retain_mut(|series| {
            let Some((_, base)) = names.get(series.store) else { return false };
            if let Some(base) = base.series.get(&(series.store, series.command, series.failed)) {
                series.service.take_off(&base.service);
                series.execution.take_off(&base.execution);
            }
            series.service.count() > 0
        });
    }

    fn add_traffic(&mut self, shard: &Shard) {
        for (total, cells) in [(&mut self.resp, &shard.resp), (&mut self.http, &shard.http)] {
            total.bytes_in += load(&cells.bytes_in);
            total.bytes_out += load(&cells.bytes_out);
        }
        self.batches.iter_mut().zip(&shard.batches).for_each(|(total, cell)| *total += load(cell));
        self.batched_commands += load(&shard.batched_commands);
    }

    fn add_stores(&mut self, shard: &Shard) {
        for (total, cells) in self.stores.iter_mut().zip(&shard.stores) {
            total.add_cells(cells);
        }
    }

    fn add_errors(&mut self, errors: &[[u64; ERROR_TYPES.len()]]) {
        for (total, counts) in self.by_command.iter_mut().zip(errors) {
            total.errors = ERROR_TYPES.into_iter().zip(*counts).filter(|(_, count)| *count > 0).collect();
            for (kind, count) in &total.errors {
                *self.errors.entry(kind).or_default() += count;
            }
        }
    }

    fn add_up_series(&mut self) {
        for series in &self.series {
            let calls = series.service.count();
            let command = &mut self.by_command[series.command];
            command.calls += calls;
            command.execution.merge(&series.execution);
            self.commands += calls;
            if series.failed {
                command.failed += calls;
                self.failed += calls;
            }
        }
    }
}

/// What the cells of one store had counted at some moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Base {
    store: StoreTotals,
    series: BTreeMap<(usize, usize, bool), Series>,
}

impl Base {
    /// As of now.
    pub(super) fn of(meters: &Meters, store: usize) -> Self {
        let mut base = Self::default();
        for shard in meters.all() {
            if let Some(cells) = shard.stores.get(store) {
                base.store.add_cells(cells);
                add_series(&mut base.series, store, cells);
            }
        }
        base
    }
}

impl StoreTotals {
    fn counts(&mut self) -> impl Iterator<Item = &mut u64> {
        let counts = [
            &mut self.hits,
            &mut self.changes,
            &mut self.expired_lazy,
            &mut self.expired_active,
            &mut self.expired_fields_lazy,
            &mut self.expired_fields_active,
            &mut self.expired_sessions_lazy,
            &mut self.expired_sessions_active,
            &mut self.expiry_lag_ms,
        ];
        counts.into_iter().chain(&mut self.misses_by_reason).chain(&mut self.expiry_lags)
    }

    /// Misses are not counted apart, so that the reasons always add up.
    fn sum_misses(&mut self) {
        self.misses = self.misses_by_reason.iter().sum();
    }

    fn add_cells(&mut self, cells: &StoreCells) {
        let counts = [
            &cells.hits,
            &cells.changes,
            &cells.expired_lazy,
            &cells.expired_active,
            &cells.expired_fields_lazy,
            &cells.expired_fields_active,
            &cells.expired_sessions_lazy,
            &cells.expired_sessions_active,
            &cells.expiry_lag_ms,
        ];
        let cells = counts.into_iter().chain(&cells.misses).chain(&cells.expiry_lags);
        self.counts().zip(cells).for_each(|(total, cell)| *total += load(cell));
        self.sum_misses();
    }

    fn add(&mut self, other: &Self) {
        let mut other = other.clone();
        self.counts().zip(other.counts()).for_each(|(total, more)| *total += *more);
        self.sum_misses();
    }

    fn take_off(&mut self, base: &Self) {
        let mut base = base.clone();
        let pairs = self.counts().zip(base.counts());
        pairs.for_each(|(total, before)| *total = total.saturating_sub(*before));
        self.sum_misses();
    }
}

fn add_series(all: &mut BTreeMap<(usize, usize, bool), Series>, store: usize, cells: &StoreCells) {
    let commands = cells.commands.get().into_iter().flat_map(|commands| commands.iter().enumerate());
    for (command, cells) in commands.filter_map(|(index, cells)| Some((index, cells.get()?))) {
        let failed = cells.failed.get().map(|durations| (true, &**durations));
        for (failed, durations) in [(false, &cells.ok)].into_iter().chain(failed) {
            add_durations(all, (store, command, failed), durations);
        }
    }
}

fn add_durations(
    all: &mut BTreeMap<(usize, usize, bool), Series>,
    key: (usize, usize, bool),
    durations: &Durations,
) {
    let (store, command, failed) = key;
    let series = all.entry(key).or_insert_with(|| Series {
        store,
        command,
        failed,
        service: LatencyTotals::default(),
        execution: LatencyTotals::default(),
    });
    series.service.add(&durations.service);
    series.execution.add(&durations.execution);
}

fn load(cell: &AtomicU64) -> u64 {
    cell.load(Relaxed)
}
