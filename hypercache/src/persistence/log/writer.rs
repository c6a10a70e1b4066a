//! The file side of the log: writes frames to the segment that is open, cuts back what failed, begins segments.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Compression;
use crate::persistence::disk::Disk;
use crate::persistence::disk::DiskFile;
use crate::persistence::disk::append_all;
use crate::persistence::log::Sequence;
use crate::persistence::log::buffer::Chunk;
use crate::persistence::log::frame;
use crate::persistence::log::segment;

/// A segment that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) first: Sequence,
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

/// What a sync has to do.
#[derive(Debug)]
pub(super) struct Round {
    /// In the order of the segments: what is later is not on disk before what is earlier.
    pub(super) files: Vec<Arc<dyn DiskFile>>,
    pub(super) folder: bool,
    /// The last record that is on disk after that.
    pub(super) upto: Sequence,
}

/// Where segments are, and of which log.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: PathBuf,
    pub(super) log_id: u64,
}

/// The writer.
#[derive(Debug)]
pub(super) struct Writer {
    /// What could not be written yet.
    pub(super) queue: VecDeque<Chunk>,
    /// Segments before the one that is open, oldest first.
    pub(super) closed: VecDeque<Segment>,
    pub(super) current: Segment,
    file: Arc<dyn DiskFile>,
    /// The last record that is in a file.
    pub(super) written: Sequence,
    header_record: Vec<u8>,
    /// The file may have more bytes than whole frames.
    ragged: bool,
    unsynced: Vec<Arc<dyn DiskFile>>,
    file_changed: bool,
    folder_changed: bool,
    /// The last record of which the file says that it is on disk.
    marked: Sequence,
}

/// What a write has done.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Wrote {
    pub(super) frames: u64,
    pub(super) records: u64,
    pub(super) bytes: u64,
}

/// The name of a segment until its header is written: no half of one stands between whole ones when that fails.
const UNFINISHED: &str = "next.tmp";

/// Begins a segment: makes its file and writes its header.
fn begin(place: &Place, header: &segment::Header) -> io::Result<(Segment, Arc<dyn DiskFile>)> {
    let unfinished = place.folder.join(UNFINISHED);
    let file = match place.disk.create(&unfinished) {
        // Left by an attempt that failed.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            place.disk.remove(&unfinished)?;
            place.disk.create(&unfinished)?
        }
        made => made?,
    };
    append_all(&*file, &header.encode())?;
    let path = segment::path(&place.folder, header.first);
    // If there is a segment of this name, it was begun when the log broke and has no record.
    place.disk.rename(&unfinished, &path)?;
    Ok((Segment { first: header.first, path, bytes: header.length() }, file))
}

impl Writer {
    /// Begins a log's next segment, and puts it on disk.
    pub(super) fn open(
        place: &Place,
        closed: VecDeque<Segment>,
        header: segment::Header,
    ) -> io::Result<Self> {
        let (current, file) = begin(place, &header)?;
        file.sync_data()?;
        place.disk.sync_dir(&place.folder)?;
        Ok(Self {
            queue: VecDeque::new(),
            closed,
            current,
            file,
            written: header.first.saturating_sub(1),
            header_record: header.record,
            ragged: false,
            unsynced: Vec::new(),
            file_changed: false,
            folder_changed: false,
            marked: header.synced,
        })
    }

    /// Writes the queue, frame by frame. What fails is cut back and stays in the queue.
    pub(super) fn write(
        &mut self,
        seed: u64,
        synced: Sequence,
        mut done: impl FnMut(Sequence, Vec<u8>),
    ) -> (Wrote, io::Result<()>) {
        let mut wrote = Wrote::default();
        while let Some(chunk) = self.queue.front_mut() {
            if !chunk.sealed {
                frame::seal(&mut chunk.bytes, chunk.compression, chunk.count, chunk.first, synced, seed);
                chunk.sealed = true;
            }
            let bytes = mem::take(&mut chunk.bytes);
            if let Err(error) = self.put(&bytes) {
                if let Some(chunk) = self.queue.front_mut() {
                    chunk.bytes = bytes;
                }
                return (wrote, Err(error));
            }
            let Some(chunk) = self.queue.pop_front() else { break };
            wrote.frames += 1;
            wrote.records += u64::from(chunk.count);
            wrote.bytes += bytes.len() as u64;
            self.written = chunk.first + u64::from(chunk.count) - 1;
            if let Some(record) = chunk.header_record {
                self.header_record = record;
            }
            self.marked = self.marked.max(synced);
            done(self.written, bytes);
        }
        (wrote, Ok(()))
    }

    /// Adds a frame to the file, or nothing.
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.smooth()?;
        self.file_changed = true;
        if let Err(error) = append_all(&*self.file, bytes) {
            self.ragged = true;
            // If that fails too, it is done before the next write.
            self.smooth().ok();
            return Err(error);
        }
        self.current.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Cuts the file back to its last whole frame.
    fn smooth(&mut self) -> io::Result<()> {
        if self.ragged {
            self.file.truncate(self.current.bytes)?;
            self.ragged = false;
        }
        Ok(())
    }

    /// Writes what the file does not know yet of what is on disk; how many bytes.
    pub(super) fn mark(&mut self, seed: u64, synced: Sequence) -> io::Result<u64> {
        if self.marked >= synced {
            return Ok(0);
        }
        let mut bytes = vec![0; frame::HEADER];
        frame::seal(&mut bytes, Compression::None, 0, self.written + 1, synced, seed);
        self.put(&bytes)?;
        self.marked = synced;
        Ok(bytes.len() as u64)
    }

    /// Whether the segment that is open has records.
    pub(super) fn has_records(&self) -> bool {
        self.written >= self.current.first
    }

    /// Goes on in a new segment. The caller syncs.
    pub(super) fn rotate(&mut self, place: &Place, synced: Sequence) -> io::Result<()> {
        self.smooth()?;
        let record = self.header_record.clone();
        let header = segment::Header { first: self.written + 1, log_id: place.log_id, synced, record };
        let (next, file) = begin(place, &header)?;
        self.closed.push_back(mem::replace(&mut self.current, next));
        let old = mem::replace(&mut self.file, file);
        if self.file_changed {
            self.unsynced.push(old);
        }
        self.file_changed = true;
        self.folder_changed = true;
        self.marked = synced;
        Ok(())
    }

    /// Goes on in a new segment after a failed sync, with nothing of what was before; it is on disk when this returns.
    pub(super) fn mend(
        &mut self,
        place: &Place,
        synced: Sequence,
        written: Sequence,
        header_record: Vec<u8>,
    ) -> io::Result<()> {
        self.queue.clear();
        self.unsynced.clear();
        let header =
            segment::Header { first: written + 1, log_id: place.log_id, synced, record: header_record };
        let (next, file) = begin(place, &header)?;
        file.sync_data()?;
        place.disk.sync_dir(&place.folder)?;
        if self.current.path != next.path {
            self.closed.push_back(mem::replace(&mut self.current, next));
        } else {
            self.current = next;
        }
        self.file = file;
        self.written = written;
        self.header_record = header.record;
        self.ragged = false;
        self.file_changed = false;
        self.folder_changed = false;
        self.marked = synced;
        Ok(())
    }

    /// What is to be synced now.
    pub(super) fn round(&mut self) -> Round {
        let mut files = mem::take(&mut self.unsynced);
        if mem::take(&mut self.file_changed) {
            files.push(Arc::clone(&self.file));
        }
        Round { files, folder: mem::take(&mut self.folder_changed), upto: self.written }
    }

    /// The oldest segment, if all of its records have numbers up to this one, and another follows.
    pub(super) fn covered(&self, through: Sequence) -> Option<Segment> {
        let next = self.closed.get(1).map_or(self.current.first, |segment| segment.first);
        self.closed.front().filter(|_| next <= through.saturating_add(1)).cloned()
    }
}

/// The segments of a folder, oldest first, with their sizes.
pub(super) fn segments(disk: &dyn Disk, folder: &Path) -> io::Result<VecDeque<Segment>> {
    let mut found = VecDeque::new();
    for path in disk.list(folder)? {
        if let Some(first) = segment::first_of(&path) {
            let bytes = disk.open_to_read(&path)?.length()?;
            found.push_back(Segment { first, path, bytes });
        }
    }
    Ok(found)
}
