//! What of a store is kept on disk, and how carefully.

use std::time::Duration;

/// What of a store is kept on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PersistenceMode {
    /// Nothing.
    #[default]
    Disabled,
    /// A log of every change, and snapshots at an interval, so that the log stays short.
    AofAndSnapshot,
    /// A log of every change; a snapshot is written only to shorten a log that has grown long.
    AofOnly,
    /// Snapshots at an interval: what was written since the last one is lost with the process.
    SnapshotOnly,
}

impl PersistenceMode {
    /// Whether every change goes to the log.
    pub fn logs(self) -> bool {
        matches!(self, Self::AofAndSnapshot | Self::AofOnly)
    }

    /// Whether snapshots are written at an interval.
    pub fn snapshots(self) -> bool {
        matches!(self, Self::AofAndSnapshot | Self::SnapshotOnly)
    }
}

/// When the log is forced to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fsync {
    /// Before a write is acknowledged.
    Always,
    /// At an interval, or after so many records: what the system had not written by itself is lost with the machine.
    #[default]
    Periodic,
    /// When the system likes.
    Never,
}

impl Fsync {
    /// The one of two that promises more.
    #[must_use]
    pub fn stronger(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, _) | (_, Self::Always) => Self::Always,
            (Self::Periodic, _) | (_, Self::Periodic) => Self::Periodic,
            (Self::Never, Self::Never) => Self::Never,
        }
    }
}

/// How blocks of snapshots and of the log are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// LZ4: fast.
    Lz4,
    /// Zstandard: smaller.
    Zstd,
}

/// What a node does with files that are damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recovery {
    /// It says what is wrong and does not start. A log that ends in the middle of a record is no damage: that record was
    /// never acknowledged.
    #[default]
    Strict,
    /// It keeps what is whole before and after the damage, and says what it has left out.
    Repair,
}

/// What of one store is kept on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Persistence {
    /// What is kept.
    pub mode: PersistenceMode,
    /// When the log is forced to disk.
    pub fsync: Fsync,
    /// Time between two syncs where that is periodic.
    pub fsync_interval: Duration,
    /// So many records that are not yet on disk are synced at once, where that is periodic, however short the interval has lasted.
    pub batch_size: usize,
    /// Time between two snapshots; none is written where nothing has changed.
    pub snapshot_interval: Duration,
    /// How blocks are compressed.
    pub compression: Compression,
}

impl Default for Persistence {
    fn default() -> Self {
        Self {
            mode: PersistenceMode::default(),
            fsync: Fsync::default(),
            fsync_interval: Duration::from_secs(1),
            batch_size: 10_000,
            snapshot_interval: Duration::from_secs(300),
            compression: Compression::default(),
        }
    }
}

/// What holds for the data folder as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct DataFolder {
    /// What to do with files that are damaged.
    pub recovery: Recovery,
    /// A segment of the log ends when it has grown to so many bytes.
    pub segment_size: u64,
    /// The log is shortened by a snapshot when it takes more bytes than the snapshots times this, in percent; 0: never.
    pub rewrite_percentage: u32,
    /// And not before it takes so many bytes.
    pub rewrite_min_size: u64,
    /// Recover only what was there at this moment, and begin anew from there; none: all.
    pub recover_to: Option<RecoverTo>,
}

impl Default for DataFolder {
    fn default() -> Self {
        Self {
            recovery: Recovery::default(),
            segment_size: 64 << 20,
            rewrite_percentage: 100,
            rewrite_min_size: 64 << 20,
            recover_to: None,
        }
    }
}

/// A moment to recover to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoverTo {
    /// The last record that was made by this time, in milliseconds since the Unix epoch.
    Time(u64),
    /// The record of this number.
    Record(u64),
}
