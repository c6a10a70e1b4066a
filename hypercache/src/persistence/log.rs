//! The write-ahead log: every change to stores that keep one, in order.
//!
//! A record is taken in while the locks of what it changes are held, so the order of records is the order of changes.
//! It goes to the file before its client has its reply.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::thread::JoinHandle;
use std::time::SystemTime;

use parking_lot::Mutex;

use crate::config::Compression;
use crate::config::Fsync;
use crate::config::Persistence;
use crate::persistence::disk::Disk;

mod buffer;
pub mod frame;
mod inner;
mod keeper;
pub mod read;
mod scan;
pub mod segment;
mod tally;
#[cfg(test)]
mod tests;
mod window;
mod writer;

pub use tally::LogFault;
pub use tally::LogObserver;
pub use tally::LogOperation;
pub use tally::Tally;

/// The number of a record: the first is 1, and there are no gaps. 0: none.
pub type Sequence = u64;

/// What is to be done with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handling {
    /// The store whose promise it is, by its index.
    pub store: u16,
    /// When it has to be on disk.
    pub fsync: Fsync,
    /// How its block is compressed. Records of one write share a block: the strongest counts.
    pub compression: Compression,
}

/// The log cannot be written: what it was asked to keep may be lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LogFailure(pub String);

/// What holds for the log as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOptions {
    /// A segment ends when it has grown to so many bytes. It becomes somewhat longer while its successor is made.
    pub segment_size: u64,
    /// When more bytes than this wait to be written, whoever appends writes.
    pub buffer_limit: u64,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { segment_size: 64 << 20, buffer_limit: 64 << 20 }
    }
}

/// How the log stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogState {
    /// All is well.
    Whole,
    /// It cannot be written at present, for this reason; it is tried again and again. What was appended waits.
    Failing(String),
    /// A sync failed, or too much waited: what was not on disk by then may be lost, whatever succeeds later. Only a new
    /// segment (`Log::mend`) and a new snapshot of all that the log keeps help.
    Broken(String),
    /// The new segment is there, the snapshot is not.
    Mending(String),
}

/// The log.
#[derive(Debug)]
pub struct Log {
    inner: Arc<inner::Inner>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl Log {
    /// Opens the log of a folder for writing, with a new segment, and begins to look after it. `log_id` is in every segment;
    /// `next` is the number of the next record; `header_record` is what each segment begins with.
    ///
    /// # Errors
    /// The disk refuses, or there are records of that number or a later one.
    pub fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        log_id: u64,
        options: LogOptions,
        next: Sequence,
        header_record: &[u8],
        observer: Option<Arc<dyn LogObserver>>,
    ) -> io::Result<Self> {
        let place = writer::Place { disk, folder: folder.to_owned(), log_id };
        let inner = inner::Inner::open(place, options, next, header_record.to_vec(), observer)?;
        let inner = Arc::new(inner);
        let kept = Arc::clone(&inner);
        let keeper = thread::Builder::new().name("log".to_owned()).spawn(move || keeper::run(&kept))?;
        Ok(Self { inner, keeper: Mutex::new(Some(keeper)) })
    }

    /// How long records of a store may wait until they are on disk, and how many of them.
    pub fn set_policy(&self, store: u16, persistence: &Persistence) {
        self.inner.set_policy(store, persistence);
    }

    /// Takes a record in; its number. Waits for no disk, unless very much waits to be written: that is for `write` and
    /// `until_synced`.
    pub fn append(&self, record: &[u8], handling: Handling) -> Sequence {
        self.inner.append(record, handling, false)
    }

    /// Takes a record in that later segments begin with as well; its number. At most `segment::RECORD_MAX` bytes.
    pub fn append_header(&self, record: &[u8], handling: Handling) -> Sequence {
        self.inner.append(record, handling, true)
    }

    /// The number of the last record that was taken in.
    pub fn appended(&self) -> Sequence {
        self.inner.appended()
    }

    /// The number of the last record that is in the file.
    pub fn written(&self) -> Sequence {
        self.inner.written()
    }

    /// The number of the last record that is on disk.
    pub fn synced(&self) -> Sequence {
        self.inner.synced()
    }

    /// Why no change may be made to stores that keep a log, while that is so. A single load while all is well.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn check(&self) -> Result<(), LogFailure> {
        self.inner.check()
    }

    /// How it stands.
    pub fn state(&self) -> LogState {
        self.inner.state()
    }

    /// Writes what was taken in, up to this record at least, to the file: on the caller's thread, and for all who wait.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn write(&self, upto: Sequence) -> Result<(), LogFailure> {
        self.inner.write(upto)
    }

    /// Waits until this record is on disk. One sync serves all who wait.
    ///
    /// # Errors
    /// It may not be on disk, now or later.
    pub async fn until_synced(&self, upto: Sequence) -> Result<(), LogFailure> {
        self.inner.until_synced(upto).await
    }

    /// Puts all that was taken in on disk, on the caller's thread.
    ///
    /// # Errors
    /// The log cannot be written or synced.
    pub fn sync(&self) -> Result<(), LogFailure> {
        self.inner.sync()
    }

    /// Begins a new segment, unless the present one is empty.
    ///
    /// # Errors
    /// The disk refuses. If only the new segment could not be made, the log goes on in the present one.
    pub fn rotate(&self) -> Result<(), LogFailure> {
        self.inner.rotate()
    }

    /// Removes segments all of whose records have numbers up to this one; how many. Never the one that is written.
    ///
    /// # Errors
    /// The disk refuses; those that are left are removed another time.
    pub fn remove_through(&self, through: Sequence) -> io::Result<u64> {
        self.inner.remove_through(through)
    }

    /// Bytes of all segments.
    pub fn size_bytes(&self) -> u64 {
        self.tally().size_bytes
    }

    /// How many segments there are.
    pub fn segments(&self) -> u64 {
        self.tally().segments
    }

    /// When the oldest record was taken in that is not on disk.
    pub fn unsynced_since(&self) -> Option<SystemTime> {
        self.inner.unsynced_since()
    }

    /// What it has done so far.
    pub fn tally(&self) -> Tally {
        self.inner.tally()
    }

    /// Begins anew after the log broke, in a new segment that begins with this record; the number of its first record. The
    /// log stays closed to changes until a snapshot that is no older than this call is on disk and `whole` is called.
    ///
    /// # Errors
    /// The disk refuses, or the log is not broken.
    pub fn mend(&self, header_record: &[u8]) -> Result<Sequence, LogFailure> {
        self.inner.mend(header_record)
    }

    /// A snapshot has all that the broken log may have lost.
    ///
    /// # Errors
    /// It broke again meanwhile.
    pub fn whole(&self) -> Result<(), LogFailure> {
        self.inner.whole()
    }

    /// Puts everything on disk and ends. What is appended after that is not kept.
    ///
    /// # Errors
    /// It could not be put on disk.
    pub fn shutdown(&self) -> Result<(), LogFailure> {
        self.stop();
        let closed = self.inner.close();
        self.inner.wake_all();
        closed
    }

    fn stop(&self) {
        self.inner.signal.stop();
        let keeper = self.keeper.lock().take();
        if let Some(keeper) = keeper {
            // It has no panic to tell of that the log's state does not.
            keeper.join().ok();
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.stop();
        self.inner.wake_all();
    }
}

#[cfg(test)]
impl Default for Log {
    /// A log in memory.
    fn default() -> Self {
        let disk = Arc::new(crate::persistence::disk::faulty::FaultyDisk::default());
        Self::open(disk, Path::new("/log"), 1, LogOptions::default(), 1, b"", None)
            .expect("memory does not fail")
    }
}
