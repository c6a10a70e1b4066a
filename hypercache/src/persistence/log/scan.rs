//! Goes through the files of a log and says what is there, piece by piece: headers, frames, and what is neither.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use memchr::memmem::Finder;

use crate::persistence::disk::Disk;
use crate::persistence::log::Sequence;
use crate::persistence::log::frame;
use crate::persistence::log::read::ReadError;
use crate::persistence::log::segment;
use crate::persistence::log::segment::HeaderFault;
use crate::persistence::log::window::Window;

/// What a disk writes as a whole.
const SECTOR: u64 = 512;

/// Bytes that are searched at once for the next frame.
const SEARCH: u64 = 256 << 10;

/// Whether a crash can have made bytes what they are, where they had not been on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Crash {
    /// It can: they are cut off, or a sector has nothing.
    Can,
    /// Only if nothing whole follows.
    CanAtEnd,
    /// They were whole and were changed.
    Cannot,
}

/// A place in the log. They sort as the log does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    part: usize,
    pub(super) offset: u64,
}

/// What there is at a place.
#[derive(Debug)]
pub(super) enum What {
    Header(segment::Header),
    Frame(frame::Header, Vec<u8>),
    Bad(String, Crash),
}

/// What there is, and where.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) at: Position,
    pub(super) what: What,
}

#[derive(Debug)]
struct Part {
    first: Sequence,
    path: PathBuf,
    length: u64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Scan {
    disk: Arc<dyn Disk>,
    log_id: u64,
    parts: Vec<Part>,
    at: Position,
    window: Option<(usize, Window)>,
}

impl Scan {
    /// Begins at the segment that has this record, or at the first.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        log_id: Option<u64>,
        from: Sequence,
    ) -> Result<Self, ReadError> {
        let told = |error| ReadError::Disk { path: folder.to_owned(), error };
        let mut parts: Vec<Part> = Vec::new();
        match disk.list(folder) {
            Ok(paths) => {
                for path in paths {
                    let Some(first) = segment::first_of(&path) else { continue };
                    let length = disk.open_to_read(&path).and_then(|file| file.length()).map_err(told)?;
                    parts.push(Part { first, path, length });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(told(error)),
        }
        let begin = parts.iter().rposition(|part| part.first <= from).unwrap_or(0);
        parts.drain(..begin);
        let mut scan = Self { disk, log_id: 0, parts, at: Position { part: 0, offset: 0 }, window: None };
        scan.log_id = match log_id {
            Some(log_id) => log_id,
            None => scan.find_log_id()?,
        };
        Ok(scan)
    }

    /// The log of the first segment that says so.
    fn find_log_id(&mut self) -> Result<u64, ReadError> {
        for part in 0..self.parts.len() {
            if let Ok(header) = self.header(part)? {
                return Ok(header.log_id);
            }
        }
        Ok(0)
    }

    pub(super) fn log_id(&self) -> u64 {
        self.log_id
    }

    /// The number that the name of the first segment has.
    pub(super) fn first(&self) -> Option<Sequence> {
        self.parts.first().map(|part| part.first)
    }

    pub(super) fn path(&self, at: Position) -> PathBuf {
        self.parts.get(at.part).map(|part| part.path.clone()).unwrap_or_default()
    }

    /// Bytes from a place to the end of the log.
    pub(super) fn bytes_from(&self, at: Position) -> u64 {
        let all: u64 = self.parts.iter().skip(at.part).map(|part| part.length).sum();
        all.saturating_sub(at.offset)
    }

    /// Goes on from there.
    pub(super) fn go_to(&mut self, at: Position) {
        self.at = at;
    }

    fn bytes(&mut self, part: usize, offset: u64, length: u64) -> Result<&[u8], ReadError> {
        let Some(Part { path, length: whole, .. }) = self.parts.get(part) else { return Ok(&[]) };
        let told = |error| ReadError::Disk { path: path.clone(), error };
        if self.window.as_ref().is_none_or(|(open, _)| *open != part) {
            let file = self.disk.open_to_read(path).map_err(told)?;
            self.window = Some((part, Window::new(file, *whole)));
        }
        match &mut self.window {
            Some((_, window)) => window.get(offset, length).map_err(told),
            None => Ok(&[]),
        }
    }

    fn header(&mut self, part: usize) -> Result<Result<segment::Header, HeaderFault>, ReadError> {
        let fixed = self.bytes(part, 0, segment::FIXED as u64)?;
        match segment::Header::record_length(fixed) {
            Ok(record) => {
                let bytes = self.bytes(part, 0, (segment::FIXED + record) as u64)?;
                Ok(segment::Header::decode(bytes))
            }
            Err(fault) => Ok(Err(fault)),
        }
    }

    /// The next piece; none at the end.
    pub(super) fn next_piece(&mut self) -> Result<Option<Piece>, ReadError> {
        while let Some(part) = self.parts.get(self.at.part) {
            if self.at.offset < part.length || self.at.offset == 0 {
                let at = self.at;
                let what = if at.offset == 0 { self.head(at)? } else { self.frame(at)? };
                match &what {
                    What::Header(header) => self.at.offset = header.length(),
                    What::Frame(header, _) => self.at.offset += frame::HEADER as u64 + header.stored,
                    What::Bad(..) => {
                        let next = at.offset + 1;
                        self.at.offset = self.search(Position { offset: next, ..at })?.max(next);
                    }
                }
                return Ok(Some(Piece { at, what }));
            }
            self.at = Position { part: self.at.part + 1, offset: 0 };
        }
        Ok(None)
    }

    fn head(&mut self, at: Position) -> Result<What, ReadError> {
        let log_id = self.log_id;
        let fault = match self.header(at.part)? {
            Ok(header) if header.log_id != log_id => {
                let path = self.path(at);
                return Err(ReadError::OtherLog { path, found: header.log_id, expected: log_id });
            }
            Ok(header) => return Ok(What::Header(header)),
            Err(fault) => fault,
        };
        match fault {
            HeaderFault::Version(version) => Err(ReadError::Version { path: self.path(at), version }),
            HeaderFault::Cut => Ok(What::Bad("a segment ends in its header".to_owned(), Crash::Can)),
            HeaderFault::Damaged => {
                let fixed = self.bytes(at.part, 0, segment::FIXED as u64)?;
                let record = segment::Header::record_length(fixed).unwrap_or(0);
                let crash = self.lost(at, (segment::FIXED + record) as u64)?;
                Ok(What::Bad("the header of a segment is damaged".to_owned(), crash))
            }
        }
    }

    fn frame(&mut self, at: Position) -> Result<What, ReadError> {
        let log_id = self.log_id;
        let bytes = self.bytes(at.part, at.offset, frame::HEADER as u64)?;
        if bytes.len() < frame::HEADER {
            return Ok(What::Bad("it ends in the header of a frame".to_owned(), Crash::Can));
        }
        let magic = bytes.starts_with(&frame::MAGIC);
        let Some(header) = frame::Header::decode(bytes, log_id) else {
            let crash = match self.lost(at, frame::HEADER as u64)? {
                Crash::Cannot if !magic => Crash::CanAtEnd,
                crash => crash,
            };
            return Ok(What::Bad("the header of a frame is damaged".to_owned(), crash));
        };
        let stored = self.bytes(at.part, at.offset + frame::HEADER as u64, header.stored)?;
        if (stored.len() as u64) < header.stored {
            return Ok(What::Bad("it ends in the records of a frame".to_owned(), Crash::Can));
        }
        match header.unpack(stored, log_id) {
            Ok(raw) => Ok(What::Frame(header, raw.into_owned())),
            Err(reason) => {
                let crash = self.lost(at, header.stored.saturating_add(frame::HEADER as u64))?;
                Ok(What::Bad(reason, crash))
            }
        }
    }

    /// Whether a sector has nothing of these bytes.
    fn lost(&mut self, at: Position, length: u64) -> Result<Crash, ReadError> {
        let bytes = self.bytes(at.part, at.offset, length)?;
        let to_sector = usize::try_from(SECTOR - at.offset % SECTOR).unwrap_or(0).min(bytes.len());
        let (first, rest) = bytes.split_at(to_sector);
        let empty = |part: &[u8]| !part.is_empty() && part.iter().all(|byte| *byte == 0);
        let sector = usize::try_from(SECTOR).unwrap_or(usize::MAX);
        let lost = empty(first) || rest.chunks(sector).any(empty);
        Ok(if lost { Crash::Can } else { Crash::Cannot })
    }

    /// Where the next whole frame of this segment is; its end if there is none.
    fn search(&mut self, from: Position) -> Result<u64, ReadError> {
        let length = self.parts.get(from.part).map_or(0, |part| part.length);
        let finder = Finder::new(&frame::MAGIC);
        let mut offset = from.offset;
        while offset < length {
            let bytes = self.bytes(from.part, offset, SEARCH)?;
            let Some(found) = finder.find(bytes) else {
                let next = offset + bytes.len() as u64;
                if next >= length || bytes.is_empty() {
                    break;
                }
                // The magic may lie across the border.
                offset = next - (frame::MAGIC.len() as u64 - 1);
                continue;
            };
            let candidate = Position { offset: offset + found as u64, ..from };
            if matches!(self.frame(candidate)?, What::Frame(..)) {
                return Ok(candidate.offset);
            }
            offset = candidate.offset + 1;
        }
        Ok(length)
    }
}
