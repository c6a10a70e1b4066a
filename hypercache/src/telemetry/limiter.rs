//! Keeps a fault that repeats from flooding the log: after some lines of one kind in a window, the rest is counted
//! and told in one line when the window ends.

use crate::telemetry::line::Stream;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::Duration;
use std::time::Instant;

/// Length of a window.
const WINDOW: Duration = Duration::from_secs(10);
/// Lines of one kind in a window: warnings and errors of the node.
const NODE_MAX: u64 = 20;
/// Lines of one kind in a window: the audit stream.
const AUDIT_MAX: u64 = 1000;

/// Kinds of lines that repeat, by name.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    windows: Mutex<HashMap<&'static str, Window>>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    lines: u64,
    suppressed: u64,
}

impl Limiter {
    /// Whether one more line of this kind may be written now.
    pub(super) fn allow(&self, kind: &'static str, stream: Stream, now: Instant) -> bool {
        let max = if stream == Stream::Audit { AUDIT_MAX } else { NODE_MAX };
        let mut windows = self.windows.lock();
        let window = windows.entry(kind).or_insert_with(|| Window { began: now, lines: 0, suppressed: 0 });
        if window.suppressed == 0 && now.duration_since(window.began) >= WINDOW {
            *window = Window { began: now, lines: 0, suppressed: 0 };
        }
        window.lines += 1;
        let allowed = window.lines <= max;
        window.suppressed += u64::from(!allowed);
        allowed
    }

    /// What was suppressed in windows that have ended, by kind; `all`: in those under way too.
    pub(super) fn ended(&self, now: Instant, all: bool) -> Vec<(&'static str, u64)> {
        let mut windows = self.windows.lock();
        let mut suppressed = Vec::new();
        windows.retain(|kind, window| {
            let ended = all || now.duration_since(window.began) >= WINDOW;
            if ended && window.suppressed > 0 {
                suppressed.push((*kind, window.suppressed));
            }
            !ended
        });
        suppressed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_counted_and_told_once() {
        let (limiter, start) = (Limiter::default(), Instant::now());
        let written = (0..100).filter(|_| limiter.allow("a.b", Stream::Node, start)).count();
        assert_eq!(written as u64, NODE_MAX);
        assert!(limiter.allow("c.d", Stream::Node, start), "another kind is not concerned");
        assert!(limiter.ended(start + WINDOW / 2, false).is_empty());
        assert_eq!(limiter.ended(start + WINDOW, false), [("a.b", 100 - NODE_MAX)]);
        assert!(limiter.ended(start + WINDOW, true).is_empty());
        assert!(limiter.allow("a.b", Stream::Node, start + WINDOW));
    }

    #[test]
    fn a_quiet_window_starts_anew() {
        let (limiter, start) = (Limiter::default(), Instant::now());
        (0..NODE_MAX).for_each(|_| assert!(limiter.allow("a.b", Stream::Node, start)));
        assert!(limiter.allow("a.b", Stream::Node, start + WINDOW));
    }

    #[test]
    fn the_audit_stream_has_more_room() {
        let (limiter, start) = (Limiter::default(), Instant::now());
        let written = (0..5000).filter(|_| limiter.allow("a.b", Stream::Audit, start)).count();
        assert_eq!(written as u64, AUDIT_MAX);
    }
}
