//! The last commands that were slow, or large, or had a large reply: `SLOWLOG` and `COMMANDLOG`.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::SystemTime;

use parking_lot::Mutex;

use crate::command::spec::Flags;
use crate::engine::Call;
use crate::engine::Session;
use crate::engine::observation::Measured;
use crate::engine::observation::redaction;

/// Arguments of a command that an entry keeps, the last of which may tell how many more there were.
const ARGUMENTS_MAX: usize = 32;
/// Bytes of an argument that an entry keeps.
const ARGUMENT_BYTES_MAX: usize = 128;
/// Entries that a log keeps unless told otherwise.
const ENTRIES_DEFAULT: usize = 128;
/// Bytes from which on a request or reply is large unless told otherwise.
const LARGE_BYTES_DEFAULT: u64 = 1 << 20;
/// A threshold that nothing reaches.
const OFF: u64 = u64::MAX;

/// What a log is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogKind {
    /// Commands that took long; measured in microseconds.
    Slow,
    /// Commands with large requests; measured in bytes.
    LargeRequest,
    /// Commands with large replies; measured in bytes.
    LargeReply,
}

/// A command that was kept.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// Ascending within its log while the node runs, from 0.
    pub id: u64,
    /// When it ended, in seconds of Unix time.
    pub time: u64,
    /// What its log measures.
    pub value: u64,
    /// Its arguments, secrets hidden, cut.
    pub args: Vec<Box<[u8]>>,
    /// Where its client connects from.
    pub client: String,
    /// What its client calls itself.
    pub client_name: String,
}

/// The three logs.
#[derive(Debug)]
pub struct CommandLog {
    slow: Log,
    large_request: Log,
    large_reply: Log,
}

impl CommandLog {
    /// Empty logs; `slow`: from when on a command is slow.
    pub fn new(slow: Duration) -> Self {
        let micros = u64::try_from(slow.as_micros()).unwrap_or(OFF);
        Self {
            slow: Log::new(if slow == Duration::MAX { OFF } else { micros }),
            large_request: Log::new(LARGE_BYTES_DEFAULT),
            large_reply: Log::new(LARGE_BYTES_DEFAULT),
        }
    }

    /// One of the logs.
    pub fn of(&self, kind: LogKind) -> &Log {
        match kind {
            LogKind::Slow => &self.slow,
            LogKind::LargeRequest => &self.large_request,
            LogKind::LargeReply => &self.large_reply,
        }
    }

    /// Whether one of the logs keeps a command that measured this.
    #[inline]
    pub fn wants(&self, request_bytes: usize, measured: Measured) -> bool {
        self.slow.wants(measured.execution_ns / 1000)
            | self.large_request.wants(request_bytes as u64)
            | self.large_reply.wants(measured.reply_bytes as u64)
    }

    /// Keeps a command in each log that wants it.
    #[cold]
    pub fn note(&self, call: &Call<'_>, session: &Session, measured: Measured) {
        if call.command.spec.flags.has(Flags::SKIP_SLOWLOG) {
            return;
        }
        for (log, value) in [
            (&self.slow, measured.execution_ns / 1000),
            (&self.large_request, call.args.extent() as u64),
            (&self.large_reply, measured.reply_bytes as u64),
        ] {
            if log.wants(value) {
                log.push(value, call, session);
            }
        }
    }
}

/// A bounded log.
#[derive(Debug)]
pub struct Log {
    threshold: AtomicU64,
    entries_max: AtomicUsize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    next_id: u64,
    /// The newest first.
    entries: VecDeque<LogEntry>,
}

impl Log {
    fn new(threshold: u64) -> Self {
        Self { threshold: threshold.into(), entries_max: ENTRIES_DEFAULT.into(), kept: Mutex::default() }
    }

    #[inline]
    fn wants(&self, value: u64) -> bool {
        value >= self.threshold.load(Relaxed)
    }

    fn push(&self, value: u64, call: &Call<'_>, session: &Session) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let entry = LogEntry {
            id: 0,
            time: now.as_secs(),
            value,
            args: cut(redaction::shown(call.command, call.args)),
            client: session.client.address.to_string(),
            client_name: session.client.labels().name.as_deref().unwrap_or_default().to_owned(),
        };
        let mut kept = self.kept.lock();
        let id = kept.next_id;
        kept.next_id += 1;
        kept.entries.push_front(LogEntry { id, ..entry });
        kept.entries.truncate(self.entries_max.load(Relaxed));
    }

    /// From which value on a command is kept; none: no command is.
    pub fn threshold(&self) -> Option<u64> {
        Some(self.threshold.load(Relaxed)).filter(|threshold| *threshold != OFF)
    }

    /// Changes from which value on a command is kept; none: no command is.
    pub fn set_threshold(&self, threshold: Option<u64>) {
        self.threshold.store(threshold.unwrap_or(OFF), Relaxed);
    }

    /// Entries kept at the most.
    pub fn entries_max(&self) -> usize {
        self.entries_max.load(Relaxed)
    }

    /// Changes how many entries are kept; those there are go when the next one comes.
    pub fn set_entries_max(&self, entries: usize) {
        self.entries_max.store(entries, Relaxed);
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.kept.lock().entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The newest entries, the newest first.
    pub fn newest(&self, count: usize) -> Vec<LogEntry> {
        self.kept.lock().entries.iter().take(count).cloned().collect()
    }

    /// Forgets all entries; numbers go on.
    pub fn clear(&self) {
        self.kept.lock().entries = VecDeque::new();
    }
}

/// Arguments as an entry keeps them.
fn cut<'a>(args: impl ExactSizeIterator<Item = std::borrow::Cow<'a, [u8]>>) -> Vec<Box<[u8]>> {
    let count = args.len();
    let whole = if count > ARGUMENTS_MAX { ARGUMENTS_MAX - 1 } else { count };
    let mut kept: Vec<Box<[u8]>> = args.take(whole).map(|argument| cut_argument(&argument)).collect();
    if whole < count {
        kept.push(format!("... ({} more arguments)", count - whole).into_bytes().into());
    }
    kept
}

fn cut_argument(argument: &[u8]) -> Box<[u8]> {
    match argument.get(..ARGUMENT_BYTES_MAX) {
        Some(start) if argument.len() > ARGUMENT_BYTES_MAX => {
            let more = format!("... ({} more bytes)", argument.len() - ARGUMENT_BYTES_MAX);
            [start, more.as_bytes()].concat().into()
        }
        _ => argument.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[test]
    fn entries_are_cut_as_redis_cuts_them() {
        let many = |count: usize| cut(vec![Cow::Borrowed(&b"x"[..]); count].into_iter());
        assert_eq!((many(32).len(), many(33).len(), many(1000).len()), (32, 32, 32));
        assert_eq!(*many(33)[31], *b"... (2 more arguments)");
        let long = |bytes: usize| cut_argument(&vec![b'a'; bytes]);
        assert_eq!(long(128).len(), 128);
        assert!(long(129).ends_with(b"a... (1 more bytes)"));
    }

    #[test]
    fn a_threshold_of_none_keeps_nothing_and_of_zero_all() {
        let log = CommandLog::new(Duration::MAX);
        let measured = Measured { execution_ns: u64::MAX - 1, reply_bytes: 0 };
        assert!(!log.wants(0, measured));
        assert!(log.wants(1 << 20, measured));
        log.of(LogKind::Slow).set_threshold(Some(0));
        assert!(log.wants(0, Measured { execution_ns: 0, reply_bytes: 0 }));
        assert_eq!(log.of(LogKind::LargeReply).threshold(), Some(1 << 20));
    }
}
