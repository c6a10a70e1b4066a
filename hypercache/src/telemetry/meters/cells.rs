//! The cells of one thread.

use crate::telemetry::buckets::COUNT_BUCKETS;
use crate::telemetry::buckets::LAG_BUCKETS;
use crate::telemetry::buckets::LATENCY_BUCKETS;
use crate::telemetry::buckets::count_bucket;
use crate::telemetry::buckets::latency_bucket;
use crate::telemetry::meters::BatchSample;
use crate::telemetry::meters::CommandSample;
use crate::telemetry::meters::ERROR_TYPES;
use crate::telemetry::meters::ExpiryMode;
use crate::telemetry::meters::MISS_REASONS;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// How a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proto {
    /// RESP version 2.
    Resp2,
    /// RESP version 3.
    Resp3,
    /// HTTP/1.1.
    Http,
}

impl Proto {
    /// The value of the `proto` label and of `network.protocol`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Resp2 | Self::Resp3 => "resp",
            Self::Http => "http",
        }
    }

    /// The version of the protocol.
    pub const fn version(self) -> &'static str {
        match self {
            Self::Resp2 => "2",
            Self::Resp3 => "3",
            Self::Http => "1.1",
        }
    }
}

/// Adds to a cell that only this thread writes.
#[inline]
fn add(cell: &AtomicU64, amount: u64) {
    cell.store(cell.load(Relaxed).wrapping_add(amount), Relaxed);
}

/// A histogram of durations.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    pub(super) buckets: [AtomicU64; LATENCY_BUCKETS],
    pub(super) sum_ns: AtomicU64,
}

impl Latencies {
    #[inline]
    fn record(&self, ns: u64) {
        add(&self.buckets[latency_bucket(ns)], 1);
        add(&self.sum_ns, ns);
    }
}

/// The two durations of one command in one store with one outcome.
#[derive(Debug, Default)]
pub(super) struct Durations {
    pub(super) service: Latencies,
    pub(super) execution: Latencies,
}

/// One command in one store.
#[derive(Debug, Default)]
pub(super) struct CommandCells {
    pub(super) ok: Durations,
    pub(super) failed: OnceLock<Box<Durations>>,
}

/// One store.
#[derive(Debug)]
pub(super) struct StoreCells {
    pub(super) hits: AtomicU64,
    /// By reason, in the order of `MISS_REASONS`.
    pub(super) misses: [AtomicU64; MISS_REASONS.len()],
    pub(super) changes: AtomicU64,
    pub(super) expired_lazy: AtomicU64,
    pub(super) expired_active: AtomicU64,
    pub(super) expired_fields_lazy: AtomicU64,
    pub(super) expired_fields_active: AtomicU64,
    pub(super) expired_sessions_lazy: AtomicU64,
    pub(super) expired_sessions_active: AtomicU64,
    pub(super) expiry_lags: [AtomicU64; LAG_BUCKETS],
    pub(super) expiry_lag_ms: AtomicU64,
    pub(super) commands: OnceLock<Box<[OnceLock<Box<CommandCells>>]>>,
    command_count: usize,
}

impl StoreCells {
    fn new(command_count: usize) -> Self {
        Self {
            hits: AtomicU64::default(),
            misses: Default::default(),
            changes: AtomicU64::default(),
            expired_lazy: AtomicU64::default(),
            expired_active: AtomicU64::default(),
            expired_fields_lazy: AtomicU64::default(),
            expired_fields_active: AtomicU64::default(),
            expired_sessions_lazy: AtomicU64::default(),
            expired_sessions_active: AtomicU64::default(),
            expiry_lags: Default::default(),
            expiry_lag_ms: AtomicU64::default(),
            commands: OnceLock::new(),
            command_count,
        }
    }

    #[inline]
    pub(super) fn command(&self, command: usize, sample: CommandSample) {
        let commands =
            self.commands.get_or_init(|| (0..self.command_count).map(|_| OnceLock::new()).collect());
        let cells = commands[command].get_or_init(Box::default);
        let durations = if sample.failed { cells.failed.get_or_init(Box::default) } else { &cells.ok };
        durations.service.record(sample.service_ns);
        durations.execution.record(sample.execution_ns);
    }

    #[inline]
    pub(super) fn lookups(&self, hits: u32, never_seen: u32) {
        add(&self.hits, u64::from(hits));
        add(&self.misses[0], u64::from(never_seen));
    }

    pub(super) fn missed(&self, departed: [u32; MISS_REASONS.len() - 1]) {
        self.misses[1..].iter().zip(departed).for_each(|(cell, misses)| add(cell, u64::from(misses)));
    }

    #[inline]
    pub(super) fn changed(&self, changes: u32) {
        add(&self.changes, u64::from(changes));
    }

    pub(super) fn expired(&self, mode: ExpiryMode, keys: u64) {
        match mode {
            ExpiryMode::Lazy => add(&self.expired_lazy, keys),
            ExpiryMode::Active => add(&self.expired_active, keys),
        }
    }

    pub(super) fn expired_fields(&self, mode: ExpiryMode, fields: u64) {
        match mode {
            ExpiryMode::Lazy => add(&self.expired_fields_lazy, fields),
            ExpiryMode::Active => add(&self.expired_fields_active, fields),
        }
    }

    pub(super) fn expired_sessions(&self, mode: ExpiryMode, sessions: u64) {
        match mode {
            ExpiryMode::Lazy => add(&self.expired_sessions_lazy, sessions),
            ExpiryMode::Active => add(&self.expired_sessions_active, sessions),
        }
    }

    pub(super) fn expiry_lags(&self, counts: &[u32; LAG_BUCKETS], sum_ms: u64) {
        self.expiry_lags.iter().zip(counts).for_each(|(cell, count)| add(cell, u64::from(*count)));
        add(&self.expiry_lag_ms, sum_ms);
    }
}

/// What one kind of client sent and got.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub(super) bytes_in: AtomicU64,
    pub(super) bytes_out: AtomicU64,
}

/// Error replies of one command, by index of the prefix.
pub(super) type Errors = [AtomicU64; ERROR_TYPES.len()];

/// All cells of one thread.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) stores: Box<[StoreCells]>,
    pub(super) errors: Box<[OnceLock<Box<Errors>>]>,
    pub(super) slow: Box<[AtomicU64]>,
    pub(super) refused: Box<[AtomicU64]>,
    pub(super) resp: Traffic,
    pub(super) http: Traffic,
    pub(super) batches: [AtomicU64; COUNT_BUCKETS],
    pub(super) batched_commands: AtomicU64,
}

impl Shard {
    pub(super) fn new(commands: usize, stores: usize) -> Self {
        Self {
            stores: (0..stores).map(|_| StoreCells::new(commands)).collect(),
            errors: (0..commands).map(|_| OnceLock::new()).collect(),
            slow: (0..commands).map(|_| AtomicU64::default()).collect(),
            refused: (0..commands).map(|_| AtomicU64::default()).collect(),
            resp: Traffic::default(),
            http: Traffic::default(),
            batches: Default::default(),
            batched_commands: AtomicU64::default(),
        }
    }

    #[inline]
    pub(super) fn store(&self, store: usize) -> &StoreCells {
        &self.stores[store]
    }

    pub(super) fn error(&self, command: usize, kind: usize) {
        add(&self.errors[command].get_or_init(Box::default)[kind], 1);
    }

    pub(super) fn refused(&self, command: usize) {
        add(&self.refused[command], 1);
    }

    pub(super) fn slow(&self, command: usize) {
        add(&self.slow[command], 1);
    }

    #[inline]
    pub(super) fn batch(&self, batch: BatchSample) {
        let traffic = match batch.proto {
            Proto::Resp2 | Proto::Resp3 => &self.resp,
            Proto::Http => &self.http,
        };
        add(&traffic.bytes_in, batch.bytes_in);
        add(&traffic.bytes_out, batch.bytes_out);
        if batch.commands > 0 {
            add(&self.batches[count_bucket(u64::from(batch.commands))], 1);
            add(&self.batched_commands, u64::from(batch.commands));
        }
    }
}
