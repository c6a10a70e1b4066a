//! What the log is made of, without the thread that looks after it.
//!
//! Locks, in the order in which they are taken: `turn` (a sync, a rotation, a mending), `writer` (the files), `buffer` (what
//! was taken in). Whoever appends takes the last alone.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::AcqRel;
use std::sync::atomic::Ordering::Acquire;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::Ordering::Release;
use std::time::Instant;
use std::time::SystemTime;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::config::Persistence;
use crate::persistence::log::Handling;
use crate::persistence::log::LogFailure;
use crate::persistence::log::LogOptions;
use crate::persistence::log::LogState;
use crate::persistence::log::Sequence;
use crate::persistence::log::buffer::Buffer;
use crate::persistence::log::buffer::Plan;
use crate::persistence::log::keeper::Signal;
use crate::persistence::log::segment;
use crate::persistence::log::tally::Counters;
use crate::persistence::log::tally::LogFault;
use crate::persistence::log::tally::LogObserver;
use crate::persistence::log::tally::LogOperation;
use crate::persistence::log::tally::Tally;
use crate::persistence::log::tally::told;
use crate::persistence::log::writer;
use crate::persistence::log::writer::Place;
use crate::persistence::log::writer::Writer;

const WHOLE: u8 = 0;
const FAILING: u8 = 1;
const BROKEN: u8 = 2;
const MENDING: u8 = 3;

/// See the module.
#[derive(Debug)]
pub(super) struct Inner {
    place: Place,
    options: LogOptions,
    turn: Mutex<()>,
    writer: Mutex<Writer>,
    buffer: Mutex<Buffer>,
    removing: Mutex<()>,
    first: Sequence,
    appended: AtomicU64,
    written: AtomicU64,
    synced: AtomicU64,
    /// What `synced` becomes when a mended log is whole.
    reached: AtomicU64,
    condition: AtomicU8,
    reason: Mutex<String>,
    pub(super) rotation_wanted: AtomicBool,
    closed: AtomicBool,
    progress: watch::Sender<()>,
    pub(super) signal: Signal,
    counters: Counters,
    observer: Option<Arc<dyn LogObserver>>,
}

impl Inner {
    pub(super) fn open(
        place: Place,
        options: LogOptions,
        next: Sequence,
        header_record: Vec<u8>,
        observer: Option<Arc<dyn LogObserver>>,
    ) -> io::Result<Self> {
        let next = next.max(1);
        if header_record.len() > segment::RECORD_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the header record is too long"));
        }
        place.disk.create_dir(&place.folder)?;
        let mut closed = writer::segments(&*place.disk, &place.folder)?;
        while let Some(last) = closed.pop_back_if(|last| last.first >= next) {
            let header =
                place.disk.read(&last.path, last.bytes).map(|bytes| segment::Header::decode(&bytes))?;
            let empty = header.map_or(segment::FIXED as u64, |header| header.length());
            if last.bytes > empty {
                let message = format!("{}: it has records after number {}", last.path.display(), next - 1);
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
            }
            place.disk.remove(&last.path)?;
        }
        // What an earlier life wrote may not be on disk yet, and the new segment says that it is.
        for segment in &closed {
            place.disk.open(&segment.path)?.sync_data()?;
        }
        let header =
            segment::Header { first: next, log_id: place.log_id, synced: next - 1, record: header_record };
        let writer = Writer::open(&place, closed, header)?;
        let counters = Counters::default();
        for segment in writer.closed.iter().chain([&writer.current]) {
            counters.began(segment.bytes);
        }
        let position = || AtomicU64::new(next - 1);
        Ok(Self {
            place,
            options,
            turn: Mutex::default(),
            writer: Mutex::new(writer),
            buffer: Mutex::new(Buffer::new(next - 1)),
            removing: Mutex::default(),
            first: next,
            appended: position(),
            written: position(),
            synced: position(),
            reached: position(),
            condition: AtomicU8::new(WHOLE),
            reason: Mutex::default(),
            rotation_wanted: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            progress: watch::Sender::new(()),
            signal: Signal::default(),
            counters,
            observer,
        })
    }

    pub(super) fn set_policy(&self, store: u16, persistence: &Persistence) {
        self.buffer.lock().set_policy(store, persistence);
        self.signal.wake();
    }

    pub(super) fn append(&self, record: &[u8], handling: Handling, header_record: bool) -> Sequence {
        let taken = {
            let mut buffer = self.buffer.lock();
            let taken = buffer.push(record, handling, header_record);
            self.appended.store(taken.sequence, Release);
            taken
        };
        if taken.wake {
            self.signal.wake();
        }
        if taken.held > self.options.buffer_limit {
            self.relieve(taken.sequence, taken.held);
        }
        taken.sequence
    }

    /// Writes because too much waits; gives up what cannot be written when it becomes twice as much.
    #[cold]
    fn relieve(&self, sequence: Sequence, held: u64) {
        if self.write(sequence).is_err() && held > self.options.buffer_limit.saturating_mul(2) {
            let mut writer = self.writer.lock();
            let error = io::Error::other("too many changes wait to be written");
            self.break_off(&mut writer, LogOperation::Write, &error);
        }
    }

    pub(super) fn appended(&self) -> Sequence {
        self.appended.load(Acquire)
    }

    pub(super) fn written(&self) -> Sequence {
        self.written.load(Acquire)
    }

    pub(super) fn synced(&self) -> Sequence {
        self.synced.load(Acquire)
    }

    pub(super) fn check(&self) -> Result<(), LogFailure> {
        if self.condition.load(Acquire) == WHOLE { Ok(()) } else { self.refusal() }
    }

    #[cold]
    fn refusal(&self) -> Result<(), LogFailure> {
        match self.state() {
            LogState::Whole => Ok(()),
            LogState::Failing(reason) | LogState::Broken(reason) | LogState::Mending(reason) => {
                Err(LogFailure(reason))
            }
        }
    }

    pub(super) fn state(&self) -> LogState {
        let reason = self.reason.lock();
        match self.condition.load(Acquire) {
            FAILING => LogState::Failing(reason.clone()),
            BROKEN => LogState::Broken(reason.clone()),
            MENDING => LogState::Mending(reason.clone()),
            _ => LogState::Whole,
        }
    }

    fn set_condition(&self, condition: u8, why: Option<String>) {
        let mut reason = self.reason.lock();
        if let Some(why) = why {
            *reason = why;
        }
        self.condition.store(condition, Release);
    }

    pub(super) fn write(&self, upto: Sequence) -> Result<(), LogFailure> {
        if self.written() >= upto {
            return Ok(());
        }
        if matches!(self.condition.load(Acquire), FAILING | BROKEN) {
            return self.check();
        }
        let mut writer = self.writer.lock();
        // Somebody else has done it meanwhile.
        if self.written() >= upto {
            return Ok(());
        }
        self.write_out(&mut writer, false)?;
        self.check()
    }

    /// Writes all that was taken in.
    fn write_out(&self, writer: &mut Writer, to_disk: bool) -> Result<(), LogFailure> {
        if self.condition.load(Acquire) == BROKEN {
            return self.check();
        }
        self.buffer.lock().drain(&mut writer.queue, to_disk);
        if writer.queue.is_empty() {
            return Ok(());
        }
        let began = Instant::now();
        let (wrote, outcome) = writer.write(self.place.log_id, self.synced(), |written, bytes| {
            self.written.store(written, Release);
            self.buffer.lock().recycle(bytes);
        });
        let took = began.elapsed();
        if wrote.frames > 0 {
            self.counters.wrote(wrote.frames, wrote.bytes, took);
            if let Some(observer) = &self.observer {
                observer.written(wrote.records, wrote.bytes, took);
            }
        }
        if writer.current.bytes >= self.options.segment_size && !self.rotation_wanted.swap(true, AcqRel) {
            self.signal.wake();
        }
        match outcome {
            Ok(()) => {
                if self.condition.load(Acquire) == FAILING {
                    self.set_condition(WHOLE, None);
                    if let Some(observer) = &self.observer {
                        observer.recovered();
                    }
                }
                self.counters.succeeded();
                Ok(())
            }
            Err(error) if self.condition.load(Acquire) == MENDING => {
                Err(self.break_off(writer, LogOperation::Write, &error))
            }
            Err(error) => Err(self.fail_write(&error)),
        }
    }

    fn fail_write(&self, error: &io::Error) -> LogFailure {
        let why = format!("the log cannot be written: {error}");
        self.set_condition(FAILING, Some(why.clone()));
        self.report(LogOperation::Write, error, false);
        self.progress.send_replace(());
        self.signal.wake();
        LogFailure(why)
    }

    fn report(&self, operation: LogOperation, error: &io::Error, broken: bool) {
        let consecutive = self.counters.failed();
        if let Some(observer) = &self.observer {
            let (errno, error) = told(error);
            observer.failed(&LogFault { operation, error, errno, consecutive, broken });
        }
    }

    /// From now on nothing that is not on disk counts as kept.
    fn break_off(&self, writer: &mut Writer, operation: LogOperation, error: &io::Error) -> LogFailure {
        let why = format!("the log is broken: {} failed: {error}", operation.name());
        self.set_condition(BROKEN, Some(why.clone()));
        writer.queue.clear();
        self.buffer.lock().drop_records();
        self.report(operation, error, true);
        self.progress.send_replace(());
        LogFailure(why)
    }

    /// Writes all that was taken in, and puts it on disk.
    pub(super) fn sync(&self) -> Result<(), LogFailure> {
        let _turn = self.turn.lock();
        self.sync_in_turn()
    }

    fn sync_in_turn(&self) -> Result<(), LogFailure> {
        let (written, bytes, round) = {
            let mut writer = self.writer.lock();
            let written = self.write_out(&mut writer, true);
            if self.condition.load(Acquire) == BROKEN {
                return written.and_then(|()| self.check());
            }
            // What waits since the buffer was drained is not in the file.
            let bytes = written.is_ok().then(|| self.drained_bytes());
            (written, bytes, writer.round())
        };
        if round.files.is_empty() && !round.folder {
            if written.is_ok() {
                self.arrived(round.upto, bytes);
            }
            return written;
        }
        let began = Instant::now();
        let mut outcome = round.files.iter().try_for_each(|file| file.sync_data());
        if outcome.is_ok() && round.folder {
            outcome = self.place.disk.sync_dir(&self.place.folder);
        }
        if let Err(error) = outcome {
            let mut writer = self.writer.lock();
            return Err(self.break_off(&mut writer, LogOperation::Sync, &error));
        }
        let took = began.elapsed();
        let records = self.arrived(round.upto, bytes);
        self.counters.synced(records, took);
        if let Some(observer) = &self.observer {
            observer.synced(records, took);
        }
        if written.is_ok() {
            self.counters.succeeded();
        }
        written
    }

    fn drained_bytes(&self) -> u64 {
        self.buffer.lock().drained_bytes()
    }

    /// Records up to this one are on disk; how many more than before. `bytes`: all that was drained is among them.
    fn arrived(&self, upto: Sequence, bytes: Option<u64>) -> u64 {
        let before = self.reached.fetch_max(upto, AcqRel);
        if let Some(bytes) = bytes {
            self.counters.synced_bytes.store(bytes, Relaxed);
            self.buffer.lock().arrived();
        }
        if matches!(self.condition.load(Acquire), WHOLE | FAILING) {
            self.synced.fetch_max(upto, AcqRel);
            self.progress.send_replace(());
        }
        upto.saturating_sub(before)
    }

    pub(super) fn rotate(&self) -> Result<(), LogFailure> {
        let _turn = self.turn.lock();
        let began = Instant::now();
        // Most of it without keeping writers waiting.
        self.sync_in_turn()?;
        let first = {
            let mut writer = self.writer.lock();
            if !writer.has_records() {
                self.rotation_wanted.store(false, Release);
                return Ok(());
            }
            if let Err(error) = writer.rotate(&self.place, self.synced()) {
                // The segment that is open can still be written.
                self.report(LogOperation::Rotate, &error, false);
                return Err(LogFailure(format!("a new segment of the log cannot be begun: {error}")));
            }
            self.counters.began(writer.current.bytes);
            self.rotation_wanted.store(false, Release);
            writer.current.first
        };
        self.sync_in_turn()?;
        self.counters.rotated();
        if let Some(observer) = &self.observer {
            observer.rotated(first, began.elapsed());
        }
        Ok(())
    }

    pub(super) fn mend(&self, header_record: &[u8]) -> Result<Sequence, LogFailure> {
        if header_record.len() > segment::RECORD_MAX {
            return Err(LogFailure("the header record is too long".to_owned()));
        }
        let _turn = self.turn.lock();
        let mut writer = self.writer.lock();
        if self.condition.load(Acquire) != BROKEN {
            return Err(LogFailure("the log is not broken".to_owned()));
        }
        let written = self.buffer.lock().keep_records();
        if let Err(error) = writer.mend(&self.place, self.synced(), written, header_record.to_vec()) {
            return Err(self.break_off(&mut writer, LogOperation::Rotate, &error));
        }
        self.counters.began(writer.current.bytes);
        self.written.store(written, Release);
        self.reached.fetch_max(written, AcqRel);
        self.rotation_wanted.store(false, Release);
        self.set_condition(MENDING, None);
        Ok(writer.current.first)
    }

    pub(super) fn whole(&self) -> Result<(), LogFailure> {
        let _turn = self.turn.lock();
        self.sync_in_turn()?;
        if self.condition.compare_exchange(MENDING, WHOLE, AcqRel, Acquire).is_err() {
            return self.check();
        }
        self.synced.fetch_max(self.reached.load(Acquire), AcqRel);
        self.progress.send_replace(());
        self.counters.succeeded();
        if let Some(observer) = &self.observer {
            observer.recovered();
        }
        Ok(())
    }

    /// Says in the file that all of it is on disk, so that damage at its end can be told from a torn write.
    pub(super) fn close(&self) -> Result<(), LogFailure> {
        self.sync()?;
        let _turn = self.turn.lock();
        {
            let mut writer = self.writer.lock();
            let marked = writer.mark(self.place.log_id, self.synced());
            match marked {
                Ok(0) => return Ok(()),
                Ok(bytes) => self.counters.size_bytes.fetch_add(bytes, Relaxed),
                // Nothing that was promised depends on it.
                Err(error) => {
                    self.report(LogOperation::Write, &error, false);
                    return Ok(());
                }
            };
        }
        self.sync_in_turn()
    }

    pub(super) fn remove_through(&self, through: Sequence) -> io::Result<u64> {
        let _removing = self.removing.lock();
        let mut removed = 0;
        let mut bytes = 0;
        let outcome = loop {
            let Some(oldest) = self.writer.lock().covered(through) else { break Ok(()) };
            match self.place.disk.remove(&oldest.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => break Err(error),
                _ => {}
            }
            // One after the other, so that a crash leaves no hole.
            if let Err(error) = self.place.disk.sync_dir(&self.place.folder) {
                break Err(error);
            }
            self.writer.lock().closed.pop_front();
            self.counters.removed(oldest.bytes);
            removed += 1;
            bytes += oldest.bytes;
        };
        if let Some(observer) = self.observer.as_ref().filter(|_| removed > 0) {
            observer.removed(removed, bytes);
        }
        if let Err(error) = &outcome {
            self.report(LogOperation::Remove, error, false);
        }
        outcome.map(|()| removed)
    }

    pub(super) async fn until_synced(&self, upto: Sequence) -> Result<(), LogFailure> {
        if self.synced() >= upto {
            return Ok(());
        }
        let mut progress = self.progress.subscribe();
        self.signal.ask(upto);
        loop {
            if self.synced() >= upto {
                return Ok(());
            }
            // While nothing more can be written, what is in the file can still be synced.
            if self.condition.load(Acquire) != FAILING || self.written() < upto {
                self.check()?;
            }
            if self.closed.load(Acquire) {
                return Err(LogFailure("the log is closed".to_owned()));
            }
            if progress.changed().await.is_err() {
                return Err(LogFailure("the log is closed".to_owned()));
            }
        }
    }

    /// Nobody is going to sync any more.
    pub(super) fn wake_all(&self) {
        self.closed.store(true, Release);
        self.progress.send_replace(());
    }

    pub(super) fn plan(&self, now: Instant) -> Plan {
        self.buffer.lock().plan(now)
    }

    /// A sync begins later than it should.
    pub(super) fn count_delay(&self) {
        self.counters.delayed();
    }

    pub(super) fn unsynced_since(&self) -> Option<SystemTime> {
        let since = self.buffer.lock().unsynced_since()?;
        SystemTime::now().checked_sub(since.elapsed())
    }

    pub(super) fn tally(&self) -> Tally {
        let bytes = self.buffer.lock().bytes();
        let records = (self.appended() + 1).saturating_sub(self.first);
        self.counters.tally(records, bytes)
    }
}
