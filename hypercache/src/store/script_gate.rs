//! Where scripts and everybody else agree on who waits for whom.
//!
//! Whoever needs several shards locks them in ascending order. A script cannot: it learns while it runs which keys it
//! touches. There is one script at a time, so it says that it wants a lock out of order (`escalate`), and whoever waits
//! for a lock while holding others gives those up and waits until the script has what it wants. A script that has run
//! for too long is waited for by nobody: waiting for a lock then ends with the news that the node is busy.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::AcqRel;
use std::sync::atomic::Ordering::Acquire;
use std::sync::atomic::Ordering::Release;
use std::time::Duration;

use parking_lot::Condvar;
use parking_lot::Mutex;

use crate::keyspace::Keyspace;
use crate::keyspace::LockedShard;

/// How long somebody waits for a lock before looking again at what scripts want.
const SLICE: Duration = Duration::from_micros(500);

/// What a script that has run for too long was started by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdue {
    /// `EVAL` and its kin: `SCRIPT KILL` ends it.
    Script,
    /// `FCALL`: `FUNCTION KILL` ends it.
    Function,
}

/// Why a lock was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// A script has run for too long.
    Busy(Overdue),
    /// A script wants a lock out of order: give up what is held, `wait`, and begin again.
    GiveWay,
}

/// The gate.
#[derive(Debug, Default)]
pub struct ScriptGate {
    escalating: AtomicBool,
    /// 0: none, 1: a script, 2: a function.
    overdue: AtomicU8,
    passed: Mutex<()>,
    changed: Condvar,
    deferred: Mutex<Deferred>,
}

/// Work that waits until a script has ended.
#[derive(Default)]
struct Deferred(Vec<Box<dyn FnOnce() + Send>>);

impl std::fmt::Debug for Deferred {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Deferred").field(&self.0.len()).finish()
    }
}

impl ScriptGate {
    /// What has run for too long, if anything has.
    pub fn overdue(&self) -> Option<Overdue> {
        match self.overdue.load(Acquire) {
            0 => None,
            1 => Some(Overdue::Script),
            _ => Some(Overdue::Function),
        }
    }

    /// Tells everybody that the script which is running has run for too long, or that it has ended.
    pub fn set_overdue(&self, overdue: Option<Overdue>) {
        let code = match overdue {
            None => 0,
            Some(Overdue::Script) => 1,
            Some(Overdue::Function) => 2,
        };
        self.overdue.store(code, Release);
    }

    /// Locks a shard. `holding`: whoever asks holds others, and so must give way to a script.
    pub fn lock<'a>(
        &self,
        keyspace: &'a Keyspace,
        shard: usize,
        holding: bool,
    ) -> Result<LockedShard<'a>, Denied> {
        if let Some(locked) = keyspace.try_lock_for(shard, Duration::ZERO) {
            return Ok(locked);
        }
        loop {
            if let Some(overdue) = self.overdue() {
                return Err(Denied::Busy(overdue));
            }
            if holding && self.escalating.load(Acquire) {
                return Err(Denied::GiveWay);
            }
            if let Some(locked) = keyspace.try_lock_for(shard, SLICE) {
                return Ok(locked);
            }
        }
    }

    /// Does something that needs a lock which a script holds that runs for too long: when it has ended, or at once where it
    /// has meanwhile.
    pub fn defer(&self, work: Box<dyn FnOnce() + Send>) {
        let mut deferred = self.deferred.lock();
        if self.overdue().is_some() {
            deferred.0.push(work);
        } else {
            drop(deferred);
            work();
        }
    }

    /// Does what was deferred; for whoever has run a script and given back all locks.
    pub fn do_deferred(&self) {
        let deferred = std::mem::take(&mut *self.deferred.lock());
        deferred.0.into_iter().for_each(|work| work());
    }

    /// Waits until no script wants a lock out of order.
    pub fn wait(&self) {
        let mut passed = self.passed.lock();
        while self.escalating.load(Acquire) {
            self.changed.wait_for(&mut passed, SLICE);
        }
    }

    /// Lets `lock` take locks in any order, on behalf of the one script that is running.
    pub fn escalate<R>(&self, lock: impl FnOnce() -> R) -> R {
        let before = self.escalating.swap(true, AcqRel);
        debug_assert!(!before, "only one script runs at a time");
        let result = lock();
        self.escalating.store(false, Release);
        self.changed.notify_all();
        result
    }
}
