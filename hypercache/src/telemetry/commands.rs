//! Lines and spans of commands: whether one is wanted is asked when the command is over, and only then is anything
//! built. The record goes through a bounded queue to the telemetry thread, which does the rest.

use crate::telemetry::context::TraceContext;
use crate::telemetry::duration::nanoseconds;
use crate::telemetry::http::HttpRecord;
use crate::telemetry::meters::Meters;
use crate::telemetry::meters::Proto;
use crate::telemetry::own::OwnMeters;
use crate::telemetry::own::Reason;
use crate::telemetry::sampler::Kept;
use crate::telemetry::sampler::Sampler;
use crate::telemetry::sampler::Special;
use crossbeam_channel::Sender;
use parking_lot::Mutex;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::Thread;
use std::time::Duration;
use std::time::SystemTime;

/// Records that may wait for the telemetry thread.
pub(super) const QUEUE_RECORDS: usize = 8192;

/// Why a command is kept, and for what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keep {
    /// The class it was kept in; classes are disjoint, tried in the order error, slow, parent, evicting, first,
    /// adaptive.
    pub reason: Reason,
    /// Chance that a command of this class had of a span, if it gets one; 1 / chance is the span's weight.
    pub span_ratio: Option<f64>,
    /// The same for a log line.
    pub line_ratio: Option<f64>,
}

/// The error a command was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    /// The prefix, such as `WRONGTYPE`.
    pub kind: Box<str>,
    /// The text after it. What it quotes is not shown in telemetry.
    pub message: Box<str>,
}

/// A finished command that is kept.
#[derive(Debug, Clone)]
pub struct CommandRecord {
    /// What `keep` said.
    pub keep: Keep,
    /// Index of the command.
    pub command: u16,
    /// Index of the store.
    pub store: u16,
    /// From the bytes being read to the reply being in the output buffer.
    pub service_ns: u64,
    /// The part of it before the execution.
    pub queue_ns: u64,
    /// The part of it that was execution.
    pub execution_ns: u64,
    /// When the service ended.
    pub ended: SystemTime,
    /// The error it was answered with.
    pub error: Option<CommandError>,
    /// Who sent it.
    pub client: SocketAddr,
    /// The connection's number.
    pub client_id: u64,
    /// What the client calls itself.
    pub client_name: Option<Box<str>>,
    /// As whom it is authenticated.
    pub user: Option<Box<str>>,
    /// How the client speaks.
    pub proto: Proto,
    /// Position in its batch, from 0.
    pub batch_position: u32,
    /// Commands in its batch.
    pub batch_size: u32,
    /// Bytes of the command.
    pub request_bytes: u64,
    /// Bytes of the reply.
    pub reply_bytes: u64,
    /// The first key, as it came; it is redacted before it is shown anywhere.
    pub key: Option<Box<[u8]>>,
    /// The caller's trace.
    pub parent: Option<TraceContext>,
    /// Whether a reading command found what it looked for.
    pub hit: Option<bool>,
    /// Keys that had to go to make room for it, and bytes that this freed.
    pub evicted: (u32, u64),
    /// Of a key that was not there: why; of several the one that says most.
    pub miss_reason: Option<&'static str>,
}

/// What the telemetry thread is given.
pub(super) enum Record {
    /// A command.
    Command(CommandRecord),
    /// An HTTP request.
    Http(HttpRecord),
}

/// The door of the telemetry thread.
pub(super) struct Inbox {
    sender: Sender<Record>,
    own: Arc<OwnMeters>,
    /// The telemetry thread, to be woken when the queue fills faster than it looks.
    thread: Mutex<Option<Thread>>,
}

impl Inbox {
    pub(super) fn new(sender: Sender<Record>, own: Arc<OwnMeters>) -> Self {
        Self { sender, own, thread: Mutex::new(None) }
    }

    pub(super) fn attach(&self, thread: Thread) {
        *self.thread.lock() = Some(thread);
    }

    /// Hands a record over; one that finds the queue full is dropped and counted. Never blocks.
    pub(super) fn offer(&self, record: Record) {
        if self.sender.try_send(record).is_err() {
            self.own.records_dropped.increment(1);
        }
        // The thread looks by itself a hundred times a second; it is woken only under load, once per half queue.
        if self.sender.len() == QUEUE_RECORDS / 2 {
            self.wake();
        }
    }

    /// Wakes the telemetry thread.
    pub(super) fn wake(&self) {
        if let Some(thread) = self.thread.try_lock().as_deref().and_then(Option::as_ref) {
            thread.unpark();
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.sender.len()
    }

    /// Bytes of the queue, which is made as a whole; what the records in it point to is not counted.
    pub(super) fn held_bytes(&self) -> usize {
        self.sender.capacity().unwrap_or(0) * size_of::<Record>()
    }
}

/// Telemetry of commands: sampling and the way to the telemetry thread.
pub struct CommandTelemetry {
    sampler: Arc<Sampler>,
    meters: Arc<Meters>,
    inbox: Arc<Inbox>,
    slow_ns: AtomicU64,
}

impl CommandTelemetry {
    pub(super) fn new(sampler: Arc<Sampler>, meters: Arc<Meters>, inbox: Arc<Inbox>, slow: Duration) -> Self {
        let slow_ns = AtomicU64::new(nanoseconds(slow));
        Self { sampler, meters, inbox, slow_ns }
    }

    /// Whether anybody wants to know about this finished command; a few ns when nobody does.
    ///
    /// A command over the threshold is counted as slow here, kept or not.
    #[inline]
    pub fn keep(
        &self,
        command: u16,
        failed: bool,
        service_ns: u64,
        parent: Option<&TraceContext>,
    ) -> Option<Keep> {
        let slow = service_ns >= self.slow_ns.load(Relaxed);
        if slow {
            self.meters.slow(command);
        }
        let traced = parent.is_some_and(|parent| parent.sampled);
        let (reason, kept) = match (failed, slow, traced) {
            (false, false, false) => {
                let kept = self.sampler.command(usize::from(command))?;
                (if kept.first { Reason::First } else { Reason::Adaptive }, kept)
            }
            (true, _, false) => (Reason::Error, self.sampler.special(Special::Error)?),
            (true, _, true) => (Reason::Error, self.sampler.special(Special::ErrorTraced)?),
            (false, true, false) => (Reason::Slow, self.sampler.special(Special::Slow)?),
            (false, true, true) => (Reason::Slow, self.sampler.special(Special::SlowTraced)?),
            (false, false, true) => (Reason::Parent, self.sampler.special(Special::Parent)?),
        };
        let Kept { span, line, .. } = kept;
        Some(Keep { reason, span_ratio: span, line_ratio: line })
    }

    /// As `keep`, of a command that succeeded and that something had to go for.
    #[cold]
    pub fn keep_evicting(
        &self,
        command: u16,
        service_ns: u64,
        parent: Option<&TraceContext>,
    ) -> Option<Keep> {
        let slow = service_ns >= self.slow_ns.load(Relaxed);
        if slow || parent.is_some_and(|parent| parent.sampled) {
            return self.keep(command, false, service_ns, parent);
        }
        let Kept { span, line, .. } = self.sampler.special(Special::Evicting)?;
        Some(Keep { reason: Reason::Evicting, span_ratio: span, line_ratio: line })
    }

    /// Hands over what was kept. Never blocks; what finds the queue full is counted and lost.
    pub fn offer(&self, record: CommandRecord) {
        self.inbox.offer(Record::Command(record));
    }

    /// The threshold above which a command is slow.
    pub fn slow_threshold(&self) -> Duration {
        Duration::from_nanos(self.slow_ns.load(Relaxed))
    }

    /// Sets the threshold; it holds from the next command on. `Duration::MAX`: none is slow.
    pub fn set_slow_threshold(&self, threshold: Duration) {
        self.slow_ns.store(nanoseconds(threshold), Relaxed);
    }
}
