//! The folder below which a node keeps its data, and the lock that keeps a second node out of it.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::FlockOperation;
use thiserror::Error;

/// Name of the lock file.
const LOCK_FILE: &str = "node.lock";

/// A data folder that this process holds; others are kept out until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// The lock lives as long as this descriptor, and ends with the process however that ends.
    _lock: File,
}

/// Why a data folder cannot be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// Another process holds it.
    #[error("{path}: another node uses this data folder; give each node its own with --data-dir")]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// It cannot be made or written.
    #[error("{path}: {error}; choose a writable data folder with --data-dir")]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl DataDir {
    /// Makes the folder where there is none and takes its lock.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let unusable = |error| DataDirError::Unusable { path: path.to_owned(), error };
        fs::create_dir_all(path).map_err(unusable)?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join(LOCK_FILE));
        let mut lock = lock.map_err(unusable)?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(DataDirError::Taken { path: path.to_owned() }),
            Err(errno) => return Err(unusable(errno.into())),
        }
        // For people who look: the lock itself is the kernel's.
        lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(unusable)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_for_one_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("data/node-1");
        let held = DataDir::open(&path).unwrap();
        assert!(matches!(DataDir::open(&path), Err(DataDirError::Taken { .. })));
        drop(held);
        assert_eq!(DataDir::open(&path).unwrap().path(), path);
    }

    #[test]
    fn a_file_in_the_way_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = DataDir::open(file.path()).unwrap_err();
        assert!(error.to_string().contains("--data-dir"), "{error}");
    }
}
