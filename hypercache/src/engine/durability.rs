//! What changes wait for until they are acknowledged, and why there may be none at present.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use crate::command::ReplyError;
use crate::config::Fsync;
use crate::config::PersistenceMode;
use crate::engine::Session;
use crate::engine::loading::Loading;
use crate::persistence::Log;
use crate::persistence::log::LogFailure;
use crate::persistence::log::Sequence;
use crate::store::Registry;
use crate::store::Store;

const SNAPSHOTS_FAIL: ReplyError = ReplyError::new(
    "MISCONF",
    "Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.",
);

/// The node's log, as those see it who answer clients.
#[derive(Debug, Default)]
pub struct Durability {
    log: OnceLock<Arc<Log>>,
    /// How far the data is that was on disk when the node started.
    pub loading: Loading,
    snapshots_failing: AtomicBool,
    /// Writes go on although snapshots fail.
    ignores_snapshots: AtomicBool,
}

impl Durability {
    /// The log, where the node keeps one and has opened it.
    pub fn log(&self) -> Option<&Arc<Log>> {
        self.log.get()
    }

    /// Gives it the log. Only the first one counts.
    pub fn set_log(&self, log: Arc<Log>) {
        self.log.get_or_init(|| log);
    }

    /// Notes whether the last snapshot failed.
    pub fn set_snapshots_failing(&self, failing: bool) {
        self.snapshots_failing.store(failing, Relaxed);
    }

    /// Whether stores that have nothing but snapshots refuse writes while those fail.
    pub fn stops_writes(&self) -> bool {
        !self.ignores_snapshots.load(Relaxed)
    }

    /// Has such stores refuse writes, or not.
    pub fn set_stops_writes(&self, stops: bool) {
        self.ignores_snapshots.store(!stops, Relaxed);
    }

    /// Why stores may not be changed whose changes are to be kept, if that is so: what a store of `mode` answers.
    ///
    /// # Errors
    /// The log cannot be written, or snapshots fail and the store has nothing else.
    pub fn admit(&self, concerns: impl Fn(PersistenceMode) -> bool) -> Result<(), ReplyError> {
        if let Some(log) = self.log()
            && let Err(LogFailure(text)) = log.check()
            && (concerns(PersistenceMode::AofOnly) || concerns(PersistenceMode::AofAndSnapshot))
        {
            let text = format!("Errors writing to the AOF file: {text}");
            return Err(ReplyError { prefix: "MISCONF", text: text.into() });
        }
        if self.snapshots_failing.load(Relaxed)
            && self.stops_writes()
            && concerns(PersistenceMode::SnapshotOnly)
        {
            return Err(SNAPSHOTS_FAIL);
        }
        Ok(())
    }

    /// As `admit`, for a change to one store.
    ///
    /// # Errors
    /// As `admit`.
    pub fn admit_to(&self, store: &Store) -> Result<(), ReplyError> {
        self.admit(|mode| store.persistence_mode() == mode)
    }

    /// As `admit`, for a change that may be to any store.
    ///
    /// # Errors
    /// As `admit`.
    pub fn admit_to_any(&self, registry: &Registry) -> Result<(), ReplyError> {
        self.admit(|mode| registry.all().any(|store| store.persistence_mode() == mode))
    }

    /// Notes that what was read of the store may not be told before it is on disk, where the store promises that.
    pub fn note_read(&self, store: &Store, session: &mut Session) {
        let Some(log) = self.log() else { return };
        if !store.syncs_always() {
            return;
        }
        let appended = log.appended();
        if appended > log.synced() {
            session.note_logged(appended, Fsync::Always);
        }
    }

    /// Waits until the log is as safe as `fsync` demands, up to this record. What else is ready on this thread runs first,
    /// so that one write serves all.
    ///
    /// # Errors
    /// What was logged may be lost.
    pub async fn committed(&self, sequence: Sequence, fsync: Fsync) -> Result<(), LogFailure> {
        let Some(log) = self.log() else { return Ok(()) };
        if fsync == Fsync::Always {
            return log.until_synced(sequence).await;
        }
        if log.written() < sequence {
            tokio::task::yield_now().await;
        }
        // The first of those who have yielded writes what all have appended meanwhile.
        if log.written() < sequence { log.write(log.appended()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Compression;
    use crate::persistence::disk::RealDisk;
    use crate::persistence::log::Handling;
    use crate::persistence::log::LogOptions;

    fn with_log(folder: &std::path::Path) -> Durability {
        let durability = Durability::default();
        let log = Log::open(Arc::new(RealDisk), folder, 7, LogOptions::default(), 1, b"stores", None);
        durability.set_log(Arc::new(log.unwrap()));
        durability
    }

    fn append(durability: &Durability, fsync: Fsync) -> Sequence {
        let handling = Handling { store: 0, fsync, compression: Compression::None };
        durability.log().unwrap().append(b"record", handling)
    }

    #[tokio::test(flavor = "current_thread")]
    async fn one_write_serves_all_who_are_ready() {
        let folder = tempfile::tempdir().unwrap();
        let durability = Arc::new(with_log(folder.path()));
        let written = durability.log().unwrap().tally().writes;
        let waiting: Vec<_> = (0..5)
            .map(|_| {
                let durability = Arc::clone(&durability);
                tokio::spawn(async move {
                    let sequence = append(&durability, Fsync::Periodic);
                    durability.committed(sequence, Fsync::Periodic).await.unwrap();
                    assert!(durability.log().unwrap().written() >= sequence);
                })
            })
            .collect();
        for one in waiting {
            one.await.unwrap();
        }
        assert_eq!(durability.log().unwrap().tally().writes, written + 1);
    }

    #[tokio::test]
    async fn what_is_to_be_on_disk_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let durability = with_log(folder.path());
        let sequence = append(&durability, Fsync::Always);
        durability.committed(sequence, Fsync::Always).await.unwrap();
        assert!(durability.log().unwrap().synced() >= sequence);
    }

    #[test]
    fn failing_snapshots_stop_writes_only_where_there_is_nothing_else() {
        let durability = Durability::default();
        let only = |wanted: PersistenceMode| move |mode: PersistenceMode| mode == wanted;
        assert_eq!(durability.admit(|_| true), Ok(()));
        durability.set_snapshots_failing(true);
        assert_eq!(durability.admit(only(PersistenceMode::SnapshotOnly)), Err(SNAPSHOTS_FAIL));
        assert_eq!(durability.admit(only(PersistenceMode::AofAndSnapshot)), Ok(()));
        assert_eq!(durability.admit(only(PersistenceMode::Disabled)), Ok(()));
        durability.set_stops_writes(false);
        assert_eq!(durability.admit(|_| true), Ok(()));
    }
}
