//! A disk for tests, in memory: at a crash it loses or tears what was not synced, and it fails the call that it is told to.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::persistence::disk::Disk;
use crate::persistence::disk::DiskFile;
use crate::persistence::disk::Space;

/// What a disk writes as a whole.
const SECTOR: usize = 512;

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// With this error, and no effect; every later call succeeds.
    Once(io::ErrorKind),
    /// With this error, and no effect, and so does every later call that changes something, until `heal`.
    From(io::ErrorKind),
    /// A write writes a part and later calls succeed; another call fails with an error of the device.
    Short,
    /// The machine stops: nothing works any more. A write may have written a part.
    Crash,
}

/// What a crash does to what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tear {
    /// All of it is there: the process ended, the machine did not.
    Nothing,
    /// All of it is lost.
    All,
    /// A part at the end of each file is lost, and some of the changes of names.
    Tails(u64),
    /// Sectors anywhere in it are lost, and some of the changes of names.
    Sectors(u64),
}

#[derive(Debug, Default, Clone)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    files: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    calls: u64,
    fault: Option<(u64, Fault)>,
    /// Only these calls fail; none: all that change something.
    only: Option<&'static str>,
    crashed: bool,
    room: Option<u64>,
    log: Vec<String>,
}

/// The disk. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct FaultyDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct FaultyFile {
    state: Arc<Mutex<State>>,
    file: usize,
}

/// A number that depends on all of these and looks like chance.
fn chance(seed: u64, number: u64) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(&number.to_le_bytes(), seed)
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl State {
    /// Counts a call that changes something; whether a write is to do a part alone.
    fn call(&mut self, name: &'static str) -> io::Result<bool> {
        if self.crashed {
            return Err(io::Error::other("the machine has stopped"));
        }
        if self.only.is_some_and(|only| only != name) {
            return Ok(false);
        }
        self.calls += 1;
        self.log.push(name.to_owned());
        match self.fault {
            Some((at, Fault::Once(kind))) if at == self.calls => Err(kind.into()),
            Some((at, Fault::From(kind))) if at <= self.calls => Err(kind.into()),
            Some((at, Fault::Short)) if at == self.calls && name == "append" => Ok(true),
            Some((at, Fault::Short)) if at == self.calls => Err(io::Error::other("the device failed")),
            Some((at, Fault::Crash)) if at == self.calls => {
                self.crashed = true;
                if name == "append" { Ok(true) } else { Err(io::Error::other("the machine stops")) }
            }
            _ => Ok(false),
        }
    }

    fn used(&self) -> u64 {
        self.names.values().map(|file| self.files[*file].now.len() as u64).sum()
    }
}

impl FaultyDisk {
    /// A disk whose n-th call from now that changes something fails, the first being 1.
    pub fn fail(&self, nth: u64, fault: Fault) {
        let mut state = self.state.lock();
        state.fault = Some((state.calls + nth, fault));
    }

    /// As `fail`, but only calls of this name count: create, append, truncate, sync, rename, remove, sync_dir.
    pub fn fail_only(&self, name: &'static str, nth: u64, fault: Fault) {
        self.state.lock().only = Some(name);
        self.fail(nth, fault);
    }

    /// From now on everything works.
    pub fn heal(&self) {
        let mut state = self.state.lock();
        state.fault = None;
        state.only = None;
    }

    /// So many bytes fit on it.
    pub fn set_room(&self, bytes: Option<u64>) {
        self.state.lock().room = bytes;
    }

    /// How many calls there were that change something.
    pub fn calls(&self) -> u64 {
        self.state.lock().calls
    }

    /// What those calls were.
    pub fn call_names(&self) -> Vec<String> {
        self.state.lock().log.clone()
    }

    /// Whether it has stopped.
    pub fn crashed(&self) -> bool {
        self.state.lock().crashed
    }

    /// Changes the bytes of a file behind everybody's back, on disk too.
    pub fn edit(&self, path: &Path, change: impl Fn(&mut Vec<u8>)) {
        let mut state = self.state.lock();
        let file = state.names[path];
        change(&mut state.files[file].now);
        change(&mut state.files[file].durable);
    }

    /// Puts a file on the disk.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.state.lock();
        state.files.push(Content { now: bytes.to_vec(), durable: bytes.to_vec() });
        let file = state.files.len() - 1;
        state.names.insert(path.to_owned(), file);
        state.durable_names.insert(path.to_owned(), file);
    }

    /// What the next start finds after the machine stopped at this moment. The old disk works no more.
    pub fn crash(&self, tear: Tear) -> Self {
        let mut state = self.state.lock();
        state.crashed = true;
        let mut next = State::default();
        let paths: BTreeSet<&PathBuf> = state.names.keys().chain(state.durable_names.keys()).collect();
        for (index, path) in paths.into_iter().enumerate() {
            let (now, durable) = (state.names.get(path), state.durable_names.get(path));
            let latest = match tear {
                Tear::Nothing => true,
                Tear::All => false,
                Tear::Tails(seed) | Tear::Sectors(seed) => chance(seed, index as u64).is_multiple_of(2),
            };
            let Some(file) = (if latest { now } else { durable }) else { continue };
            let content = &state.files[*file];
            let bytes = survivor(content, tear, index as u64);
            next.files.push(Content { now: bytes.clone(), durable: bytes });
            next.names.insert(path.clone(), next.files.len() - 1);
        }
        next.durable_names = next.names.clone();
        Self { state: Arc::new(Mutex::new(next)) }
    }
}

/// What is left of a file.
fn survivor(content: &Content, tear: Tear, index: u64) -> Vec<u8> {
    let Content { now, durable } = content;
    match tear {
        Tear::Nothing => now.clone(),
        Tear::All => durable.clone(),
        Tear::Tails(seed) => {
            let more = now.len().saturating_sub(durable.len()) as u64;
            let kept = durable.len() + (chance(seed, index + 1000) % (more + 1)) as usize;
            now[..kept.min(now.len())].to_vec()
        }
        Tear::Sectors(seed) => {
            let mut bytes = now.clone();
            for (sector, part) in bytes.chunks_mut(SECTOR).enumerate() {
                let start = sector * SECTOR;
                let old = durable.get(start..).unwrap_or_default();
                let old = &old[..old.len().min(part.len())];
                if chance(seed, index * 1_000_003 + sector as u64).is_multiple_of(3) {
                    part[..old.len()].copy_from_slice(old);
                    part[old.len()..].fill(0);
                }
            }
            bytes
        }
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.call("create")?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.files.push(Content::default());
        let file = state.files.len() - 1;
        state.names.insert(path.to_owned(), file);
        Ok(Arc::new(FaultyFile { state: Arc::clone(&self.state), file }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.state.lock();
        let file = *state.names.get(path).ok_or_else(not_found)?;
        Ok(Arc::new(FaultyFile { state: Arc::clone(&self.state), file }))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.call("rename")?;
        let file = state.names.remove(from).ok_or_else(not_found)?;
        state.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.call("remove")?;
        state.names.remove(path).map(|_| ()).ok_or_else(not_found)
    }

    fn create_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let state = self.state.lock();
        Ok(state.names.keys().filter(|path| path.parent() == Some(folder)).cloned().collect())
    }

    fn sync_dir(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.call("sync_dir")?;
        let here = |path: &Path| path.parent() == Some(folder);
        let now: Vec<_> = state
            .names
            .iter()
            .filter(|(path, _)| here(path))
            .map(|(path, file)| (path.clone(), *file))
            .collect();
        state.durable_names.retain(|path, _| !here(path));
        state.durable_names.extend(now);
        Ok(())
    }

    fn space(&self, _path: &Path) -> io::Result<Space> {
        let state = self.state.lock();
        let total = state.room.unwrap_or(1 << 40);
        Ok(Space { free: total.saturating_sub(state.used()), total })
    }
}

impl DiskFile for FaultyFile {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state.lock();
        let part = state.call("append")?;
        let mut count = if part { bytes.len() / 2 } else { bytes.len() };
        if let Some(room) = state.room {
            count = count.min(usize::try_from(room.saturating_sub(state.used())).unwrap_or(usize::MAX));
            if count == 0 && !bytes.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        state.files[self.file].now.extend_from_slice(&bytes[..count]);
        if state.crashed { Err(io::Error::other("the machine stops")) } else { Ok(count) }
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let state = self.state.lock();
        let content = &state.files[self.file].now;
        let rest = content.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default();
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.state.lock().files[self.file].now.len() as u64)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        state.call("truncate")?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        state.files[self.file].now.truncate(length);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        let failed = state.call("sync");
        let content = &mut state.files[self.file];
        match failed {
            Ok(_) => content.durable = content.now.clone(),
            // The system marks the pages clean although they never reached the disk: a later sync would not write them.
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persistence::disk::append_all;

    fn read(disk: &FaultyDisk, path: &str) -> Option<Vec<u8>> {
        disk.read(Path::new(path), u64::MAX).ok()
    }

    #[test]
    fn what_was_synced_outlives_a_crash() {
        let disk = FaultyDisk::default();
        let file = disk.create(Path::new("/d/kept")).unwrap();
        append_all(&*file, b"one").unwrap();
        file.sync_data().unwrap();
        disk.sync_dir(Path::new("/d")).unwrap();
        append_all(&*file, b"two").unwrap();
        disk.create(Path::new("/d/lost")).unwrap();
        let after = disk.crash(Tear::All);
        assert_eq!(read(&after, "/d/kept").unwrap(), b"one");
        assert_eq!(read(&after, "/d/lost"), None);
        assert!(file.append(b"x").is_err());
        for seed in 0..20 {
            let torn = read(&disk.crash(Tear::Tails(seed)), "/d/kept").unwrap();
            assert!(b"onetwo".starts_with(&torn) && torn.starts_with(b"one"));
        }
        assert_eq!(read(&disk.crash(Tear::Nothing), "/d/kept").unwrap(), b"onetwo");
    }

    #[test]
    fn calls_fail_when_they_are_told_to() {
        let disk = FaultyDisk::default();
        let file = disk.create(Path::new("/d/a")).unwrap();
        disk.fail(2, Fault::Short);
        assert_eq!(file.append(b"1234").unwrap(), 4);
        assert_eq!(file.append(b"1234").unwrap(), 2);
        disk.fail_only("sync", 1, Fault::Once(io::ErrorKind::Other));
        assert_eq!(file.append(b"1234").unwrap(), 4);
        assert!(file.sync_data().is_err());
        file.sync_data().unwrap();
        disk.set_room(Some(12));
        assert_eq!(file.append(b"1234").unwrap(), 2);
        assert_eq!(file.append(b"1234").unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
