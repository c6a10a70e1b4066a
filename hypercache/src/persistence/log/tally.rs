//! What the log tells about its work: counters, and an observer for what happens at a moment.

use std::fmt::Debug;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use crate::persistence::log::Sequence;

/// Something that the log asked of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogOperation {
    /// Writing records.
    Write,
    /// Putting them on disk.
    Sync,
    /// Beginning a new segment.
    Rotate,
    /// Removing segments that are no longer needed.
    Remove,
}

impl LogOperation {
    /// Its name in metrics and events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Rotate => "rotate",
            Self::Remove => "remove",
        }
    }
}

/// An operation that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFault {
    /// What was asked.
    pub operation: LogOperation,
    /// What the system said.
    pub error: String,
    /// The system's number of the error.
    pub errno: Option<i32>,
    /// How many operations have failed since one last succeeded, this one among them.
    pub consecutive: u64,
    /// Whether the log is broken: it needs a new segment and a new snapshot of all that it keeps.
    pub broken: bool,
}

/// Told of what the log does, on the thread that does it: so it must be quick, and must not call the log.
pub trait LogObserver: Debug + Send + Sync {
    /// Records are in the file.
    fn written(&self, records: u64, bytes: u64, took: Duration);
    /// Records are on disk: one sync for so many.
    fn synced(&self, records: u64, took: Duration);
    /// A new segment has begun.
    fn rotated(&self, first: Sequence, took: Duration);
    /// Segments that are no longer needed are gone.
    fn removed(&self, segments: u64, bytes: u64);
    /// Something failed.
    fn failed(&self, fault: &LogFault);
    /// What failed works again.
    fn recovered(&self);
}

/// Sums of what the log has done, and how it stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records taken in.
    pub records: u64,
    /// Bytes of records taken in.
    pub bytes: u64,
    /// Bytes of records that are not on disk yet.
    pub pending_bytes: u64,
    /// Bytes written to files: with headers, and as compressed.
    pub written_bytes: u64,
    /// Frames written.
    pub frames: u64,
    /// Writes: of one frame or several, for all who waited.
    pub writes: u64,
    /// Time that they took, in nanoseconds.
    pub write_nanos: u64,
    /// Syncs that succeeded.
    pub syncs: u64,
    /// Time that they took, in nanoseconds.
    pub sync_nanos: u64,
    /// Records that they put on disk: by `syncs`, how many share one.
    pub synced_records: u64,
    /// Syncs that began when a record had waited twice as long as its store allows.
    pub delayed_syncs: u64,
    /// New segments begun, beside the first.
    pub rotations: u64,
    /// Segments removed because a snapshot covers them.
    pub removed_segments: u64,
    /// Operations that failed.
    pub failures: u64,
    /// Operations that failed since one last succeeded.
    pub consecutive_failures: u64,
    /// When records last went to disk, or to the file where nothing is synced, in milliseconds since the Unix epoch; 0: never.
    pub last_success_ms: u64,
    /// Segments that there are.
    pub segments: u64,
    /// Bytes that they take.
    pub size_bytes: u64,
}

/// The counters behind a tally.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) synced_bytes: AtomicU64,
    written_bytes: AtomicU64,
    frames: AtomicU64,
    writes: AtomicU64,
    write_nanos: AtomicU64,
    syncs: AtomicU64,
    sync_nanos: AtomicU64,
    synced_records: AtomicU64,
    delayed_syncs: AtomicU64,
    rotations: AtomicU64,
    removed_segments: AtomicU64,
    failures: AtomicU64,
    consecutive_failures: AtomicU64,
    last_success_ms: AtomicU64,
    pub(super) segments: AtomicU64,
    pub(super) size_bytes: AtomicU64,
}

impl Counters {
    pub(super) fn wrote(&self, frames: u64, bytes: u64, took: Duration) {
        self.frames.fetch_add(frames, Relaxed);
        self.written_bytes.fetch_add(bytes, Relaxed);
        self.size_bytes.fetch_add(bytes, Relaxed);
        self.writes.fetch_add(1, Relaxed);
        self.write_nanos.fetch_add(nanos(took), Relaxed);
    }

    pub(super) fn synced(&self, records: u64, took: Duration) {
        self.syncs.fetch_add(1, Relaxed);
        self.sync_nanos.fetch_add(nanos(took), Relaxed);
        self.synced_records.fetch_add(records, Relaxed);
    }

    pub(super) fn delayed(&self) {
        self.delayed_syncs.fetch_add(1, Relaxed);
    }

    pub(super) fn rotated(&self) {
        self.rotations.fetch_add(1, Relaxed);
    }

    pub(super) fn began(&self, bytes: u64) {
        self.segments.fetch_add(1, Relaxed);
        self.size_bytes.fetch_add(bytes, Relaxed);
    }

    pub(super) fn removed(&self, bytes: u64) {
        self.removed_segments.fetch_add(1, Relaxed);
        self.segments.fetch_sub(1, Relaxed);
        self.size_bytes.fetch_sub(bytes, Relaxed);
    }

    /// Counts a failure; how many there were since the last success.
    pub(super) fn failed(&self) -> u64 {
        self.failures.fetch_add(1, Relaxed);
        self.consecutive_failures.fetch_add(1, Relaxed) + 1
    }

    pub(super) fn succeeded(&self) {
        self.consecutive_failures.store(0, Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        self.last_success_ms.store(u64::try_from(now).unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn tally(&self, records: u64, bytes: u64) -> Tally {
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        Tally {
            records,
            bytes,
            pending_bytes: bytes.saturating_sub(of(&self.synced_bytes)),
            written_bytes: of(&self.written_bytes),
            frames: of(&self.frames),
            writes: of(&self.writes),
            write_nanos: of(&self.write_nanos),
            syncs: of(&self.syncs),
            sync_nanos: of(&self.sync_nanos),
            synced_records: of(&self.synced_records),
            delayed_syncs: of(&self.delayed_syncs),
            rotations: of(&self.rotations),
            removed_segments: of(&self.removed_segments),
            failures: of(&self.failures),
            consecutive_failures: of(&self.consecutive_failures),
            last_success_ms: of(&self.last_success_ms),
            segments: of(&self.segments),
            size_bytes: of(&self.size_bytes),
        }
    }
}

/// The system's number of an error, and what it says.
pub(super) fn told(error: &io::Error) -> (Option<i32>, String) {
    (error.raw_os_error(), error.to_string())
}

pub(super) fn nanos(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}
