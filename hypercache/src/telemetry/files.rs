//! The log files of one folder: whole lines are appended, a full file is renamed, the oldest is deleted.

use crate::telemetry::line::LineContext;
use crate::telemetry::line::Stream;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

/// After a failure, the file is not tried again for this long.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// Where the files are and how large they get.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    pub(super) dir: PathBuf,
    pub(super) max_file_size: u64,
    pub(super) max_files: usize,
}

/// What became of a chunk of lines.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Lines that did not get into the file.
    pub(super) lost: u64,
    /// Files that were begun.
    pub(super) opened: u64,
    /// Why lines were lost, if that was news: in the pause after a failure they are lost without a try.
    pub(super) error: Option<io::Error>,
}

/// The file of one stream.
pub(super) struct StreamFile {
    stream: Stream,
    limits: Limits,
    context: Arc<LineContext>,
    open: Option<Open>,
    retry_at: Option<Instant>,
}

struct Open {
    file: File,
    size: u64,
    /// The last write failed half-way and could not be undone: a line feed must come first.
    torn: bool,
}

impl StreamFile {
    /// A file that is opened when there is something to write.
    pub(super) fn new(stream: Stream, limits: Limits, context: Arc<LineContext>) -> Self {
        Self { stream, limits, context, open: None, retry_at: None }
    }

    /// Appends lines; each part of `chunk` is written with a call of its own where the file size demands a cut.
    pub(super) fn write(&mut self, chunk: &[u8]) -> Written {
        let mut written = Written::default();
        let mut rest = chunk;
        while !rest.is_empty() {
            if self.retry_at.is_some_and(|at| Instant::now() < at) {
                written.lost += lines(rest);
                return written;
            }
            match self.write_some(rest, &mut written.opened) {
                Ok(length) => {
                    self.retry_at = None;
                    rest = &rest[length..];
                }
                Err(error) => {
                    self.open = None;
                    self.retry_at = Some(Instant::now() + RETRY_AFTER);
                    written.lost += lines(rest);
                    written.error = Some(error);
                    return written;
                }
            }
        }
        written
    }

    /// Lets go of a file that somebody moved or deleted, so that the next line starts a new one.
    pub(super) fn check(&mut self) {
        let Some(open) = &self.open else { return };
        let same = match (open.file.metadata(), std::fs::metadata(self.path(0))) {
            (Ok(mine), Ok(there)) => mine.ino() == there.ino() && mine.dev() == there.dev(),
            _ => false,
        };
        if !same {
            self.open = None;
        }
    }

    /// Writes as many whole lines as fit into the file; returns their length.
    fn write_some(&mut self, chunk: &[u8], opened: &mut u64) -> io::Result<usize> {
        let max = self.limits.max_file_size;
        let first_line = line_length(chunk) as u64;
        if self.open.as_ref().is_some_and(|open| open.size > 0 && open.size + first_line > max) {
            self.rotate()?;
        }
        if self.open.is_none() {
            *opened += u64::from(self.open_file()?);
        }
        let open = self.open.as_mut().ok_or_else(|| io::Error::other("the log file is not open"))?;
        let room = usize::try_from(max.saturating_sub(open.size)).unwrap_or(usize::MAX);
        let length = if chunk.len() <= room { chunk.len() } else { lines_within(chunk, room) };
        append(open, &chunk[..length])?;
        Ok(length)
    }

    /// Opens the file; a new one gets its opening line. Tells whether it is new.
    fn open_file(&mut self) -> io::Result<bool> {
        std::fs::create_dir_all(&self.limits.dir)?;
        let path = self.path(0);
        if std::fs::metadata(&path)
            .is_ok_and(|there| there.len() >= self.limits.max_file_size && there.is_file())
        {
            self.rotate()?;
        }
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let size = file.metadata()?.len();
        let mut open = Open { file, size, torn: false };
        let new = size == 0;
        if new {
            append(&mut open, &self.context.opening_line(self.stream))?;
        }
        self.open = Some(open);
        Ok(new)
    }

    /// Renames the files, each to the next number; the last falls off.
    fn rotate(&mut self) -> io::Result<()> {
        self.open = None;
        let last = self.limits.max_files.max(1) - 1;
        if last == 0 {
            return ignore_missing(std::fs::remove_file(self.path(0)));
        }
        for number in (0..last).rev() {
            ignore_missing(std::fs::rename(self.path(number), self.path(number + 1)))?;
        }
        Ok(())
    }

    /// The file with this number; 0 is the one being written.
    fn path(&self, number: usize) -> PathBuf {
        let name = format!("{}.ndjson", self.stream.label());
        self.limits.dir.join(if number == 0 { name } else { format!("{name}.{number}") })
    }
}

/// Appends with one call where the system takes it; a write that fails half-way is undone, so that no reader sees a
/// torn line.
fn append(open: &mut Open, bytes: &[u8]) -> io::Result<()> {
    if open.torn {
        open.file.write_all(b"\n")?;
        open.size += 1;
        open.torn = false;
    }
    let mut done = 0;
    while done < bytes.len() {
        match open.file.write(&bytes[done..]) {
            Ok(0) => return undo(open, done, io::ErrorKind::WriteZero.into()),
            Ok(length) => done += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return undo(open, done, error),
        }
    }
    open.size += bytes.len() as u64;
    Ok(())
}

fn undo(open: &mut Open, done: usize, error: io::Error) -> io::Result<()> {
    if done > 0 && open.file.set_len(open.size).is_err() {
        open.torn = true;
    }
    Err(error)
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

fn line_length(bytes: &[u8]) -> usize {
    memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1)
}

/// Length of the whole lines that fit into `room`; at least one line.
fn lines_within(bytes: &[u8], room: usize) -> usize {
    let cut = room.min(bytes.len());
    memchr::memrchr(b'\n', &bytes[..cut]).map_or_else(|| line_length(bytes), |end| end + 1)
}

#[cfg(test)]
mod tests;
