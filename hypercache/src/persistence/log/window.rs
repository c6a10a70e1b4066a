//! Reads a file from front to back without a call for each small piece.

use std::io;
use std::sync::Arc;

use crate::persistence::disk::DiskFile;
use crate::persistence::disk::read_up_to;

/// Bytes that are read ahead.
const AHEAD: u64 = 1 << 20;

/// A file and the part of it that was read last.
#[derive(Debug)]
pub(super) struct Window {
    file: Arc<dyn DiskFile>,
    length: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    /// A file of this length: what it grows by later is not seen.
    pub(super) fn new(file: Arc<dyn DiskFile>, length: u64) -> Self {
        Self { file, length, start: 0, bytes: Vec::new() }
    }

    /// Bytes from a place on, fewer at the end of the file. Takes as much memory as that, and never more than the file has.
    pub(super) fn get(&mut self, offset: u64, length: u64) -> io::Result<&[u8]> {
        let offset = offset.min(self.length);
        let length = length.min(self.length - offset);
        let end = offset + length;
        if offset < self.start || end > self.start + self.bytes.len() as u64 {
            let wanted = length.max(AHEAD).min(self.length - offset);
            self.bytes.clear();
            self.start = offset;
            self.bytes.resize(usize::try_from(wanted).map_err(io::Error::other)?, 0);
            let read = read_up_to(&*self.file, offset, &mut self.bytes)?;
            self.bytes.truncate(read);
        }
        let from = usize::try_from(offset - self.start).map_err(io::Error::other)?;
        let until = from.saturating_add(usize::try_from(length).map_err(io::Error::other)?);
        Ok(self.bytes.get(from..until.min(self.bytes.len())).unwrap_or_default())
    }
}
