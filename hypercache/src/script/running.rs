//! The script that is running: what others may know of it, and how they end it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;

use crate::command::ReplyError;
use crate::resp::OwnedArgs;
use crate::script::fault::Fault;
use crate::store::Registry;
use crate::store::script_gate::Overdue;
use crate::telemetry::Event;
use crate::telemetry::events::script::ScriptOverdue;
use crate::telemetry::nanoseconds;

/// How long a library may take to load.
const LOAD_TIME_MAX: Duration = Duration::from_millis(500);

/// What is running.
#[derive(Debug, Clone)]
pub struct Run {
    /// What it was started by.
    pub kind: Overdue,
    /// The script's digest, or the function's name.
    pub name: String,
    /// The command that started it.
    pub command: OwnedArgs,
    /// When it began.
    pub began: Instant,
}

enum Activity {
    Idle,
    Loading(Instant),
    Running(Run),
}

/// What is running in the node, if anything is.
pub struct Running {
    registry: Arc<Registry>,
    threshold_ms: AtomicU64,
    activity: Mutex<Activity>,
    killed: AtomicBool,
    written: AtomicBool,
}

impl Running {
    /// Nothing yet; a script has run for too long after `threshold_ms`, never where that is 0.
    pub fn new(registry: Arc<Registry>, threshold_ms: u64) -> Self {
        Self {
            registry,
            threshold_ms: threshold_ms.into(),
            activity: Mutex::new(Activity::Idle),
            killed: AtomicBool::new(false),
            written: AtomicBool::new(false),
        }
    }

    /// After how many milliseconds a script has run for too long; 0: never.
    pub fn threshold_ms(&self) -> u64 {
        self.threshold_ms.load(Relaxed)
    }

    /// Changes after how many milliseconds a script has run for too long.
    pub fn set_threshold_ms(&self, millis: u64) {
        self.threshold_ms.store(millis, Relaxed);
    }

    /// Notes that a script begins; it ends when what is returned is dropped.
    pub fn begin(&self, run: Run) -> Ending<'_> {
        self.enter(Activity::Running(run))
    }

    /// Notes that a library is loaded.
    pub fn begin_load(&self) -> Ending<'_> {
        self.enter(Activity::Loading(Instant::now()))
    }

    fn enter(&self, activity: Activity) -> Ending<'_> {
        self.killed.store(false, Relaxed);
        self.written.store(false, Relaxed);
        *self.activity.lock() = activity;
        Ending { running: self }
    }

    /// Notes that the script is about to change data: from here on it is not ended half-way.
    pub fn note_write(&self) {
        self.written.store(true, Relaxed);
    }

    /// Whether the script may have changed data.
    pub fn has_written(&self) -> bool {
        self.written.load(Relaxed)
    }

    /// The script that is running.
    pub fn current(&self) -> Option<Run> {
        match &*self.activity.lock() {
            Activity::Running(run) => Some(run.clone()),
            Activity::Idle | Activity::Loading(_) => None,
        }
    }

    /// Called from time to time by whatever runs in Lua; an error ends it.
    pub fn look(&self) -> Result<(), Fault> {
        if self.killed.load(Relaxed) {
            return Err(Fault::Killed);
        }
        let activity = self.activity.lock();
        match &*activity {
            Activity::Idle => {}
            Activity::Loading(began) if began.elapsed() > LOAD_TIME_MAX => return Err(Fault::LoadTimeout),
            Activity::Loading(_) => {}
            Activity::Running(run) => {
                let (took, threshold) = (run.began.elapsed(), self.threshold_ms());
                let gate = self.registry.script_gate();
                if threshold > 0 && took >= Duration::from_millis(threshold) && gate.overdue().is_none() {
                    gate.set_overdue(Some(run.kind));
                    ScriptOverdue { script: &run.name, duration_ns: nanoseconds(took) }.emit();
                }
            }
        }
        Ok(())
    }

    /// `SCRIPT KILL`, and `FUNCTION KILL` for functions.
    pub fn kill(&self, kind: Overdue) -> Result<(), ReplyError> {
        let activity = self.activity.lock();
        let Activity::Running(run) = &*activity else { return Err(NOT_BUSY) };
        if self.has_written() {
            return Err(UNKILLABLE);
        }
        if run.kind != kind {
            return Err(busy(run.kind));
        }
        self.killed.store(true, Relaxed);
        Ok(())
    }

    /// Ends whatever runs: the node stops.
    pub fn end(&self) {
        self.killed.store(true, Relaxed);
    }
}

/// Dropped when a script or a load has ended.
pub struct Ending<'a> {
    running: &'a Running,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        *self.running.activity.lock() = Activity::Idle;
        self.running.registry.script_gate().set_overdue(None);
    }
}

const NOT_BUSY: ReplyError = ReplyError::new("NOTBUSY", "No scripts in execution right now.");
const UNKILLABLE: ReplyError = ReplyError::new(
    "UNKILLABLE",
    "Sorry the script already executed write commands against the dataset. You can either wait the script termination \
     or kill the server in a hard way using the SHUTDOWN NOSAVE command.",
);

/// What is answered while something has run for too long.
pub fn busy(overdue: Overdue) -> ReplyError {
    ReplyError::busy(overdue)
}
