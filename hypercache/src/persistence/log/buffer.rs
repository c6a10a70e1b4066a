//! What was taken in and is not written yet, and which stores wait for their records to be on disk.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;
use std::time::Instant;

use crate::config::Compression;
use crate::config::Fsync;
use crate::config::Persistence;
use crate::persistence::block;
use crate::persistence::log::Handling;
use crate::persistence::log::Sequence;
use crate::persistence::log::frame;
use crate::persistence::log::segment;

/// A frame takes no further record when it has grown to so many bytes: so little is lost with a damaged one.
const FRAME_BYTES: usize = 256 << 10;

/// Room that a new frame has: more is taken when it is needed.
const FRAME_ROOM: usize = 4 << 10;

/// Empty frames that are kept for the next records.
const SPARE_FRAMES: usize = 4;

/// Whoever looks after the log looks at least this often.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// Records that become one frame.
#[derive(Debug)]
pub(super) struct Chunk {
    /// Room for the frame's header, and the records.
    pub(super) bytes: Vec<u8>,
    pub(super) first: Sequence,
    pub(super) count: u32,
    pub(super) compression: Compression,
    /// Whether the header is made, so that it can be written as it is.
    pub(super) sealed: bool,
    /// What the next segment is to begin with, once this is written.
    pub(super) header_record: Option<Vec<u8>>,
}

impl Chunk {
    fn new(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        bytes.reserve(FRAME_ROOM);
        bytes.resize(frame::HEADER, 0);
        Self { bytes, first: 0, count: 0, compression: Compression::None, sealed: false, header_record: None }
    }
}

/// How long records of a store may wait, and how long they have.
#[derive(Debug, Clone)]
struct Due {
    interval: Duration,
    batch_size: usize,
    fsync: Fsync,
    /// When the first record that is not on its way to the disk was taken in.
    since: Option<Instant>,
    /// How many such records there are.
    records: usize,
}

impl Default for Due {
    fn default() -> Self {
        let usual = Persistence::default();
        Self {
            interval: usual.fsync_interval,
            batch_size: usual.batch_size,
            fsync: Fsync::default(),
            since: None,
            records: 0,
        }
    }
}

/// What whoever looks after the log has to do now, and how long nothing is to be done after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) sync: bool,
    /// A record has waited twice as long as its store allows.
    pub(super) delayed: bool,
    pub(super) write: bool,
    pub(super) wait: Duration,
}

/// The buffer.
#[derive(Debug)]
pub(super) struct Buffer {
    appended: Sequence,
    /// Bytes of all records that were ever taken in.
    bytes: u64,
    /// Bytes of those that are in here.
    held: u64,
    full: VecDeque<Chunk>,
    open: Chunk,
    dues: Vec<Due>,
    /// The oldest record of those that are on their way to the disk.
    leaving: Option<Instant>,
    spare: Vec<Vec<u8>>,
    /// Records are counted but not kept: they could not be written, and the next snapshot has them.
    dropping: bool,
}

/// What came of taking a record in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) sequence: Sequence,
    /// Bytes that wait in the buffer.
    pub(super) held: u64,
    /// Whoever looks after the log has to look now.
    pub(super) wake: bool,
}

impl Buffer {
    pub(super) fn new(appended: Sequence) -> Self {
        Self {
            appended,
            bytes: 0,
            held: 0,
            full: VecDeque::new(),
            open: Chunk::new(Vec::new()),
            dues: Vec::new(),
            leaving: None,
            spare: Vec::new(),
            dropping: false,
        }
    }

    pub(super) fn set_policy(&mut self, store: u16, persistence: &Persistence) {
        let due = self.due(store);
        due.interval = persistence.fsync_interval;
        due.batch_size = persistence.batch_size;
    }

    fn due(&mut self, store: u16) -> &mut Due {
        let at = usize::from(store);
        if self.dues.len() <= at {
            self.dues.resize_with(at + 1, Due::default);
        }
        &mut self.dues[at]
    }

    /// Takes a record in. `header_record`: the next segment begins with it too.
    pub(super) fn push(&mut self, record: &[u8], handling: Handling, header_record: bool) -> Taken {
        self.appended += 1;
        let sequence = self.appended;
        if self.dropping {
            return Taken { sequence, held: 0, wake: false };
        }
        let size = record.len() as u64;
        self.bytes += size;
        self.held += size;
        if self.open.count > 0 && self.open.bytes.len() + record.len() > FRAME_BYTES {
            self.close();
        }
        let open = &mut self.open;
        if open.count == 0 {
            open.first = sequence;
        }
        open.count += 1;
        if block::code(handling.compression) > block::code(open.compression) {
            open.compression = handling.compression;
        }
        frame::push_record(&mut open.bytes, record);
        // One that is too long could not be read back.
        if header_record && record.len() <= segment::RECORD_MAX {
            open.header_record = Some(record.to_vec());
            self.close();
        }
        let due = self.due(handling.store);
        due.fsync = handling.fsync;
        due.records += 1;
        let mut wake = false;
        if due.since.is_none() {
            due.since = Some(Instant::now());
            // Whom `Always` makes wait asks for the sync by himself.
            wake = due.interval < TICK && due.fsync != Fsync::Always;
        }
        wake |= due.fsync == Fsync::Periodic && due.records == due.batch_size;
        Taken { sequence, held: self.held, wake }
    }

    fn close(&mut self) {
        let next = Chunk::new(self.spare.pop().unwrap_or_default());
        self.full.push_back(mem::replace(&mut self.open, next));
    }

    /// Gives what is to be written to its writer. `to_disk`: it is going to be synced as well.
    pub(super) fn drain(&mut self, queue: &mut VecDeque<Chunk>, to_disk: bool) {
        if self.open.count > 0 {
            self.close();
        }
        queue.append(&mut self.full);
        self.held = 0;
        if to_disk {
            for due in &mut self.dues {
                due.records = 0;
                let since = due.since.take();
                self.leaving = self.leaving.into_iter().chain(since).min();
            }
        }
    }

    /// Takes the room of a written frame back.
    pub(super) fn recycle(&mut self, bytes: Vec<u8>) {
        if self.spare.len() < SPARE_FRAMES && bytes.capacity() <= 2 * FRAME_BYTES {
            self.spare.push(bytes);
        }
    }

    /// All that was drained is on disk.
    pub(super) fn arrived(&mut self) {
        self.leaving = None;
    }

    /// Bytes of all records that were ever taken in.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes of those that have left.
    pub(super) fn drained_bytes(&self) -> u64 {
        self.bytes.saturating_sub(self.held)
    }

    /// When the oldest record was taken in that is not on disk.
    pub(super) fn unsynced_since(&self) -> Option<Instant> {
        self.dues.iter().filter_map(|due| due.since).chain(self.leaving).min()
    }

    /// From now on records are counted alone, and those that are here are dropped.
    pub(super) fn drop_records(&mut self) {
        self.dropping = true;
        self.full.clear();
        self.open = Chunk::new(mem::take(&mut self.open.bytes));
        self.held = 0;
    }

    /// Keeps records again; the number before the first that is kept.
    pub(super) fn keep_records(&mut self) -> Sequence {
        self.dropping = false;
        for due in &mut self.dues {
            due.since = None;
            due.records = 0;
        }
        self.leaving = None;
        self.appended
    }

    pub(super) fn plan(&self, now: Instant) -> Plan {
        let mut plan = Plan { sync: false, delayed: false, write: false, wait: TICK };
        for due in &self.dues {
            let Some(since) = due.since else { continue };
            let waited = now.saturating_duration_since(since);
            let late = waited >= due.interval;
            match due.fsync {
                Fsync::Never if self.held == 0 => continue,
                Fsync::Never => plan.write |= late,
                Fsync::Periodic => plan.sync |= late || due.records >= due.batch_size,
                Fsync::Always => plan.sync |= late,
            }
            if !late {
                plan.wait = plan.wait.min(due.interval.saturating_sub(waited));
            }
            plan.delayed |= due.fsync != Fsync::Never && waited >= due.interval.saturating_mul(2).max(TICK);
        }
        plan
    }
}
