//! The thread that looks after the log: syncs for those who wait and for what has waited long enough, tries again what
//! failed, begins segments.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Condvar;
use parking_lot::Mutex;

use crate::persistence::log::LogState;
use crate::persistence::log::Sequence;
use crate::persistence::log::inner::Inner;

/// Time between two attempts at what has failed.
const RETRY: Duration = Duration::from_millis(200);

/// How the thread is told what is wanted of it.
#[derive(Debug, Default)]
pub(super) struct Signal {
    asked: Mutex<Asked>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Asked {
    upto: Sequence,
    look: bool,
    stop: bool,
}

impl Signal {
    /// Somebody waits until this record is on disk.
    pub(super) fn ask(&self, upto: Sequence) {
        let mut asked = self.asked.lock();
        if asked.upto < upto {
            asked.upto = upto;
            self.changed.notify_one();
        }
    }

    /// There may be something to do.
    pub(super) fn wake(&self) {
        self.asked.lock().look = true;
        self.changed.notify_one();
    }

    /// The thread has to end.
    pub(super) fn stop(&self) {
        self.asked.lock().stop = true;
        self.changed.notify_one();
    }
}

/// Looks after the log until it is told to stop.
pub(super) fn run(inner: &Arc<Inner>) {
    let mut tried: Option<Instant> = None;
    loop {
        let now = Instant::now();
        let plan = inner.plan(now);
        let failing = matches!(inner.state(), LogState::Failing(_));
        let broken = matches!(inner.state(), LogState::Broken(_));
        let rotate = inner.rotation_wanted.load(Acquire);
        let rest =
            tried.map_or(Duration::ZERO, |tried| RETRY.saturating_sub(now.saturating_duration_since(tried)));
        let able = !failing && !broken;
        let again = failing || (rotate && able);
        let sync = plan.sync && able;
        let write = plan.write && able;
        let idle = !(sync || write || again && rest.is_zero());
        let upto = {
            let mut asked = inner.signal.asked.lock();
            if asked.stop {
                return;
            }
            let wanted = able && asked.upto > inner.synced();
            if idle && !wanted && !asked.look {
                let wait = if again { plan.wait.min(rest) } else { plan.wait };
                inner.signal.changed.wait_for(&mut asked, wait);
                // What is to be done now is seen in the next round.
                asked.look = false;
                continue;
            }
            asked.look = false;
            mem::take(&mut asked.upto)
        };
        let wanted = able && upto > inner.synced();
        // What fails is kept in the log's state, and has been reported.
        let mut failed = false;
        if sync && plan.delayed {
            inner.count_delay();
        }
        if sync || wanted || (failing && rest.is_zero()) {
            failed |= inner.sync().is_err();
        } else if write {
            failed |= inner.write(inner.appended()).is_err();
        }
        if rotate && able && rest.is_zero() {
            failed |= inner.rotate().is_err();
        }
        tried = if failed { Some(Instant::now()) } else { tried.filter(|_| !rest.is_zero()) };
    }
}
