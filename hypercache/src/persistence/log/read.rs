//! Reads the segments of a log: the records in order, and what is wrong with them.
//!
//! A crash may leave anything of what was not on disk: a file that ends too early, or sectors of zeros where others have
//! their bytes. Nobody was promised those records, so the log ends there. Damage is what cannot come from that: bytes that
//! were changed, or missing records of which a later frame says that they had been on disk.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::persistence::disk::Disk;
use crate::persistence::log::Sequence;
use crate::persistence::log::frame::Records;
use crate::persistence::log::scan::Crash;
use crate::persistence::log::scan::Piece;
use crate::persistence::log::scan::Position;
use crate::persistence::log::scan::Scan;
use crate::persistence::log::scan::What;
use crate::persistence::log::segment;

/// Records that were written together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The number of the first.
    pub first: Sequence,
    /// How many there are.
    pub count: u32,
    /// The segment that it is in.
    pub path: PathBuf,
    /// Where it begins in it.
    pub offset: u64,
    raw: Vec<u8>,
}

impl Block {
    /// The records with their numbers.
    pub fn records(&self) -> impl Iterator<Item = (Sequence, &[u8])> {
        (self.first..).zip(Records::new(&self.raw))
    }

    /// Bytes of its records.
    pub fn bytes(&self) -> u64 {
        self.raw.len() as u64
    }
}

/// A part of the log that was whole and is not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The segment that it is in.
    pub path: PathBuf,
    /// Where it begins in it.
    pub offset: u64,
    /// What is wrong.
    pub reason: String,
    /// The numbers of the records that cannot be read. Empty at the end of a log, where it is not known how many there were.
    pub missing: Range<Sequence>,
}

/// How a log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With a whole frame.
    Clean,
    /// With what is no frame: a crash has left it, or it is the damage that was told last. `cut` takes it away.
    Torn(TornTail),
}

/// What comes behind the last whole frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The segment in which the log ends.
    pub path: PathBuf,
    /// How many of its bytes are whole; 0: not even its header.
    pub offset: u64,
    /// Bytes that are left over, in this segment and in later ones.
    pub bytes: u64,
    /// Records in whole frames among them, behind a hole.
    pub records: u64,
    /// What is wrong there.
    pub reason: String,
    /// The number of the first record that is not there.
    pub next: Sequence,
}

/// What a log has, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A segment begins, with this header record.
    Header(Vec<u8>),
    /// Records.
    Block(Block),
    /// Records that cannot be read.
    Damage(Damage),
}

/// Why a log cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refuses.
    #[error("{path}: {error}")]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What it says.
        error: io::Error,
    },
    /// It was written by another version of this program.
    #[error("{path}: format version {version}; this program knows versions up to {known}", known = segment::VERSION)]
    Version {
        /// The segment.
        path: PathBuf,
        /// Its version.
        version: u16,
    },
    /// It belongs to another node or to an earlier life of this one.
    #[error("{path}: a segment of log {found:016x}, where log {expected:016x} is wanted")]
    OtherLog {
        /// The segment.
        path: PathBuf,
        /// Its log.
        found: u64,
        /// The log that is wanted.
        expected: u64,
    },
}

/// Something is wrong at a place.
struct Trouble {
    at: Position,
    reason: String,
    crash: Crash,
}

/// What comes after trouble.
#[derive(Default)]
struct Ahead {
    /// The next piece that fits, and the number with which it goes on.
    resume: Option<(Position, Sequence)>,
    /// The last record that was on disk, as far as frames say.
    synced: Sequence,
    records: u64,
}

/// Reads a log.
#[derive(Debug)]
pub struct Reader {
    scan: Scan,
    from: Sequence,
    /// The number of the next record, once it is known.
    next: Option<Sequence>,
    pending: VecDeque<Item>,
    ending: Option<Ending>,
}

impl Reader {
    /// Reads the log of a folder. `log_id`: the log that is wanted; none: that of its first segment. `from`: blocks that end
    /// before this record are left out, and records from it on have to be there; 0: whatever there is.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        log_id: Option<u64>,
        from: Sequence,
    ) -> Result<Self, ReadError> {
        let scan = Scan::open(disk, folder, log_id, from)?;
        // What a later segment begins with is missing before it; what an earlier one has before is not wanted.
        let next = if from == 0 { None } else { scan.first().filter(|first| *first > from).map(|_| from) };
        Ok(Self { scan, from, next, pending: VecDeque::new(), ending: None })
    }

    /// The number of the record that is to come next: after the end, that of the next one to be written.
    pub fn next_sequence(&self) -> Sequence {
        self.next.unwrap_or(0).max(self.from).max(1)
    }

    /// The log that is read.
    pub fn log_id(&self) -> u64 {
        self.scan.log_id()
    }

    /// How the log ends, once `next_item` has given all.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// The next item; none at the end.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn next_item(&mut self) -> Result<Option<Item>, ReadError> {
        loop {
            if let Some(item) = self.pending.pop_front() {
                return Ok(Some(item));
            }
            if self.ending.is_some() {
                return Ok(None);
            }
            match self.scan.next_piece()? {
                Some(piece) => self.take(piece)?,
                None => self.ending = Some(Ending::Clean),
            }
        }
    }

    fn take(&mut self, piece: Piece) -> Result<(), ReadError> {
        let at = piece.at;
        match piece.what {
            What::Bad(reason, crash) => self.trouble(Trouble { at, reason, crash }),
            What::Header(header) => {
                let next = *self.next.get_or_insert(header.first);
                if header.first != next {
                    // A file that was not synced may have lost its end.
                    return self.trouble(out_of_order(at, next, header.first, Crash::Can));
                }
                self.pending.push_back(Item::Header(header.record));
                Ok(())
            }
            What::Frame(header, raw) => {
                let next = *self.next.get_or_insert(header.first);
                if header.first != next {
                    return self.trouble(out_of_order(at, next, header.first, Crash::Cannot));
                }
                self.next = Some(header.next());
                if header.count > 0 && header.next() > self.from {
                    let path = self.scan.path(at);
                    let block =
                        Block { first: header.first, count: header.count, path, offset: at.offset, raw };
                    self.pending.push_back(Item::Block(block));
                }
                Ok(())
            }
        }
    }

    fn trouble(&mut self, trouble: Trouble) -> Result<(), ReadError> {
        let next = self.next_sequence();
        let ahead = self.look_ahead(&trouble, next)?;
        let promised = ahead.synced >= next;
        let crash = match trouble.crash {
            Crash::Can => true,
            Crash::CanAtEnd => ahead.resume.is_none(),
            Crash::Cannot => false,
        };
        let path = self.scan.path(trouble.at);
        if promised || !crash {
            let until = ahead.resume.map_or(next, |(_, until)| until);
            self.pending.push_back(Item::Damage(Damage {
                path: path.clone(),
                offset: trouble.at.offset,
                reason: trouble.reason.clone(),
                missing: next..until,
            }));
            if let Some((at, until)) = ahead.resume {
                self.next = Some(until);
                self.scan.go_to(at);
                return Ok(());
            }
        }
        self.ending = Some(Ending::Torn(TornTail {
            path,
            offset: trouble.at.offset,
            bytes: self.scan.bytes_from(trouble.at),
            records: ahead.records,
            reason: trouble.reason,
            next,
        }));
        Ok(())
    }

    fn look_ahead(&mut self, trouble: &Trouble, next: Sequence) -> Result<Ahead, ReadError> {
        let mut ahead = Ahead::default();
        // What is whole but out of order tells itself what is missing before it.
        self.scan.go_to(trouble.at);
        while let Some(piece) = self.scan.next_piece()? {
            let (first, synced, records) = match &piece.what {
                What::Bad(..) => continue,
                What::Header(header) => (header.first, header.synced, 0),
                What::Frame(header, _) => (header.first, header.synced, u64::from(header.count)),
            };
            if first < next {
                continue;
            }
            ahead.synced = ahead.synced.max(synced);
            ahead.records += records;
            if ahead.resume.is_none() {
                ahead.resume = Some((piece.at, first));
            }
            if ahead.synced >= next {
                break;
            }
        }
        Ok(ahead)
    }
}

fn out_of_order(at: Position, next: Sequence, found: Sequence, crash: Crash) -> Trouble {
    let reason = format!("record {found} follows where record {next} should");
    Trouble { at, reason, crash }
}

/// Takes away what comes behind the last whole frame, on disk too.
///
/// # Errors
/// The disk refuses. It can be done again.
pub fn cut(disk: &dyn Disk, folder: &Path, tail: &TornTail) -> io::Result<()> {
    let later =
        disk.list(folder)?.into_iter().filter(|path| segment::first_of(path).is_some() && *path > tail.path);
    for path in later.collect::<Vec<_>>().into_iter().rev() {
        disk.remove(&path)?;
    }
    if tail.offset == 0 {
        disk.remove(&tail.path)?;
    } else {
        let file = disk.open(&tail.path)?;
        file.truncate(tail.offset)?;
        file.sync_data()?;
    }
    disk.sync_dir(folder)
}
