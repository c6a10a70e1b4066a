//! `CLIENT PAUSE`: holds commands back for a while.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::command::Spec;
use crate::command::spec::Flags;
use crate::command::spec::Run;
use crate::command::spec::SessionCommand;

/// Which commands are held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// Those that may change data.
    Writes,
    /// All.
    All,
}

/// Whether commands are held back at present.
#[derive(Debug, Default)]
pub struct Pause {
    /// The only thing that a command looks at while nobody pauses.
    active: AtomicBool,
    state: Mutex<Option<(Held, Instant)>>,
    changed: Notify,
}

impl Pause {
    /// Holds `held` back for `duration` from now. A pause that is in force is never made weaker or shorter.
    pub fn begin(&self, held: Held, duration: Duration) {
        // A pause beyond what the clock can tell is as good as a century.
        let until = Instant::now().checked_add(duration).unwrap_or_else(|| Instant::now() + CENTURY);
        let mut state = self.state.lock();
        let (held, until) = state.map_or((held, until), |(was, end)| (held.max(was), until.max(end)));
        *state = Some((held, until));
        self.active.store(true, Relaxed);
    }

    /// Ends it.
    pub fn end(&self) {
        *self.state.lock() = None;
        self.active.store(false, Relaxed);
        self.changed.notify_waiters();
    }

    /// Whether a command has to wait; `writes`: whether it may change data.
    pub fn holds(&self, writes: bool) -> bool {
        self.active.load(Relaxed) && self.until(writes).is_some()
    }

    /// Waits until a command may go on.
    pub async fn released(&self, writes: bool) {
        loop {
            let changed = self.changed.notified();
            let Some(until) = self.until(writes) else { return };
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(until.into()) => {}
            }
        }
    }

    fn until(&self, writes: bool) -> Option<Instant> {
        let mut state = self.state.lock();
        if state.is_some_and(|(_, until)| until <= Instant::now()) {
            *state = None;
            self.active.store(false, Relaxed);
        }
        state.filter(|(held, _)| writes || *held == Held::All).map(|(_, until)| until)
    }
}

/// Whether a command can be held back at all, and if so whether it may change data.
pub fn concerns(spec: &Spec) -> Option<bool> {
    match spec.run {
        Run::Data(_) => Some(spec.flags.has(Flags::WRITE)),
        // What ends a script must not wait for anything.
        Run::Script(_) if spec.flags.has(Flags::ALLOW_BUSY) => None,
        Run::Script(_) => Some(spec.flags.has(Flags::WRITE) || spec.flags.has(Flags::MAY_REPLICATE)),
        Run::Session(SessionCommand::Exec) => Some(true),
        Run::Node(_) if spec.flags.has(Flags::WRITE) => Some(true),
        _ => None,
    }
}

const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_never_weakened_and_ends() {
        let pause = Pause::default();
        assert!(!pause.holds(true));
        pause.begin(Held::Writes, Duration::from_secs(60));
        assert!(pause.holds(true) && !pause.holds(false));
        pause.begin(Held::All, Duration::from_millis(1));
        pause.begin(Held::Writes, Duration::MAX);
        assert!(pause.holds(true) && pause.holds(false));
        pause.end();
        assert!(!pause.holds(true));
    }

    #[tokio::test]
    async fn whoever_waits_is_let_go_when_it_ends() {
        let pause = std::sync::Arc::new(Pause::default());
        pause.begin(Held::All, Duration::from_secs(3600));
        let waiting = tokio::spawn({
            let pause = std::sync::Arc::clone(&pause);
            async move { pause.released(true).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        pause.end();
        waiting.await.unwrap();
    }
}
