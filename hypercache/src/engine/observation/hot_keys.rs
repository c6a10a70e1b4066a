//! Which keys cost most: a session that operators start, look at and stop (`HOTKEYS`).
//!
//! While there is none under way, that costs a command one relaxed load.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::engine::Call;
use crate::engine::observation::Measured;
use crate::keyspace::entry::UnixMillis;
use crate::value::heavy_hitters::HeavyHitters;

/// Counters for each key that is told: the more, the smaller the error.
const COUNTERS_PER_KEY: usize = 10;
/// Longer keys count in the totals only: a session must not hold much, whatever it meets.
const KEY_BYTES_MAX: usize = 4096;

/// What a session is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Whether time is counted by key.
    pub cpu: bool,
    /// Whether bytes of requests and replies are counted by key.
    pub net: bool,
    /// How many keys are told.
    pub keys: usize,
    /// After which it stops by itself.
    pub duration: Option<Duration>,
    /// One of so many commands is looked at, by chance; at least 1.
    pub sample: u32,
}

/// Processor time that the process has used.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct CpuTime {
    /// In user mode, in milliseconds.
    pub user_ms: u64,
    /// In the kernel, in milliseconds.
    pub system_ms: u64,
}

/// A key with what was counted for it.
pub type Counted = (Box<[u8]>, u64);

/// What a session has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whether it goes on.
    pub active: bool,
    /// See `Wanted`.
    pub sample: u32,
    /// Microseconds of all commands with keys.
    pub all_us: u64,
    /// Bytes of all commands with keys.
    pub all_bytes: u64,
    /// When it began.
    pub began: UnixMillis,
    /// How long it took so far.
    pub took: Duration,
    /// Processor time of the process when it began.
    pub cpu_then: CpuTime,
    /// Microseconds by key, the most first; none: not counted.
    pub by_cpu_us: Option<Vec<Counted>>,
    /// Bytes by key, the most first; none: not counted.
    pub by_net_bytes: Option<Vec<Counted>>,
    /// Bytes of the commands that were looked at.
    pub net_bytes: u64,
}

/// The last session, which may be under way.
#[derive(Debug, Default)]
pub struct HotKeys {
    active: AtomicBool,
    session: Mutex<Option<Collection>>,
}

#[derive(Debug)]
struct Collection {
    wanted: Wanted,
    began: UnixMillis,
    since: Instant,
    /// None: it goes on.
    took: Option<Duration>,
    cpu_then: CpuTime,
    random: StdRng,
    all_ns: u64,
    all_bytes: u64,
    cpu: Option<HeavyHitters>,
    net: Option<HeavyHitters>,
}

impl HotKeys {
    /// Whether a session is under way, as far as anybody has noticed.
    #[inline]
    pub fn active(&self) -> bool {
        self.active.load(Relaxed)
    }

    /// Starts a session in place of the one before; false where that is still under way.
    pub fn start(&self, wanted: Wanted, now: UnixMillis, cpu_then: CpuTime) -> bool {
        let mut session = self.session.lock();
        if session.as_mut().is_some_and(|before| !before.is_over()) {
            return false;
        }
        let counters = || HeavyHitters::new(wanted.keys.saturating_mul(COUNTERS_PER_KEY));
        *session = Some(Collection {
            wanted,
            began: now,
            since: Instant::now(),
            took: None,
            cpu_then,
            random: StdRng::seed_from_u64(rand::random()),
            all_ns: 0,
            all_bytes: 0,
            cpu: wanted.cpu.then(counters),
            net: wanted.net.then(counters),
        });
        self.active.store(true, Relaxed);
        true
    }

    /// Stops the session and keeps what it found; false where none is under way.
    pub fn stop(&self) -> bool {
        let mut session = self.session.lock();
        self.active.store(false, Relaxed);
        let Some(session) = session.as_mut() else { return false };
        if session.is_over() {
            return false;
        }
        session.took = Some(session.since.elapsed());
        true
    }

    /// Forgets what the last session found; false where it is still under way.
    pub fn reset(&self) -> bool {
        let mut session = self.session.lock();
        if session.as_mut().is_some_and(|session| !session.is_over()) {
            return false;
        }
        *session = None;
        true
    }

    /// What the last session has found so far.
    pub fn report(&self) -> Option<Report> {
        self.session.lock().as_mut().map(Collection::report)
    }

    /// Counts a command that was executed.
    #[cold]
    pub fn note(&self, call: &Call<'_>, measured: Measured) {
        let mut session = self.session.lock();
        let Some(session) = session.as_mut() else { return };
        if session.is_over() {
            self.active.store(false, Relaxed);
            return;
        }
        session.note(call, measured);
    }
}

impl Collection {
    /// Whether it has been stopped or its time is over.
    fn is_over(&mut self) -> bool {
        if let Some(duration) = self.wanted.duration
            && self.took.is_none()
            && self.since.elapsed() >= duration
        {
            self.took = Some(duration);
        }
        self.took.is_some()
    }

    /// As Redis does it, the keys of a command share what it costs.
    fn note(&mut self, call: &Call<'_>, measured: Measured) {
        let keys = || {
            let positions = call.command.spec.keys.positions(call.args);
            positions.filter_map(|at| call.args.get(at))
        };
        let count = keys().count() as u64;
        if count == 0 {
            return;
        }
        let bytes = (call.args.extent() + measured.reply_bytes) as u64;
        self.all_ns = self.all_ns.saturating_add(measured.execution_ns);
        self.all_bytes = self.all_bytes.saturating_add(bytes);
        if self.wanted.sample > 1 && self.random.random_range(0..self.wanted.sample) != 0 {
            return;
        }
        for key in keys().filter(|key| key.len() <= KEY_BYTES_MAX) {
            if let Some(cpu) = &mut self.cpu {
                cpu.add(key, measured.execution_ns / count);
            }
            if let Some(net) = &mut self.net {
                net.add(key, bytes / count);
            }
        }
    }

    fn report(&mut self) -> Report {
        let active = !self.is_over();
        let top = |hitters: &HeavyHitters, unit: u64| -> Vec<Counted> {
            let all = hitters.top(self.wanted.keys).into_iter();
            all.map(|(key, count)| (Box::from(key), count / unit)).filter(|(_, count)| *count > 0).collect()
        };
        Report {
            active,
            sample: self.wanted.sample,
            all_us: self.all_ns / 1000,
            all_bytes: self.all_bytes,
            began: self.began,
            took: self.took.unwrap_or_else(|| self.since.elapsed()),
            cpu_then: self.cpu_then,
            by_cpu_us: self.cpu.as_ref().map(|cpu| top(cpu, 1000)),
            by_net_bytes: self.net.as_ref().map(|net| top(net, 1)),
            net_bytes: self.net.as_ref().map_or(0, HeavyHitters::total),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::table::table;
    use crate::resp::OwnedArgs;

    const WANTED: Wanted = Wanted { cpu: true, net: true, keys: 2, duration: None, sample: 1 };

    fn note(hot: &HotKeys, parts: &[&str], execution_ns: u64) {
        let args = OwnedArgs::new(parts);
        let command = table().resolve(args.view());
        let call = Call { command, args: args.view(), received: Instant::now(), position: 0 };
        hot.note(&call, Measured { execution_ns, reply_bytes: 10 });
    }

    fn named(counted: Option<Vec<Counted>>) -> Vec<(String, u64)> {
        let text = |key: &[u8]| String::from_utf8(key.to_vec()).unwrap();
        counted.unwrap().into_iter().map(|(key, count)| (text(&key), count)).collect()
    }

    #[test]
    fn the_keys_of_a_command_share_its_cost() {
        let hot = HotKeys::default();
        assert!(!hot.active() && hot.report().is_none() && !hot.stop() && hot.reset());
        assert!(hot.start(WANTED, 77, CpuTime::default()) && hot.active());
        note(&hot, &["GET", "a"], 5000);
        note(&hot, &["MGET", "a", "b"], 6000);
        note(&hot, &["GET", "c"], 900);
        note(&hot, &["PING"], 1_000_000);
        let report = hot.report().unwrap();
        assert_eq!((report.active, report.all_us, report.began), (true, 11, 77));
        assert_eq!(named(report.by_cpu_us), [("a".to_owned(), 8), ("b".to_owned(), 3)]);
        assert!(report.all_bytes - report.net_bytes <= 1, "an odd byte is nobody's");
        assert_eq!(named(report.by_net_bytes)[0].0, "a");
    }

    #[test]
    fn a_session_is_stopped_before_it_is_forgotten_and_nothing_counts_then() {
        let hot = HotKeys::default();
        assert!(hot.start(WANTED, 1, CpuTime::default()));
        assert!(!hot.start(WANTED, 2, CpuTime::default()) && !hot.reset());
        note(&hot, &["GET", "a"], 5000);
        assert!(hot.stop() && !hot.stop() && !hot.active());
        let stopped = hot.report().unwrap();
        note(&hot, &["GET", "a"], 5000);
        assert_eq!(hot.report().unwrap(), stopped);
        assert!(hot.start(Wanted { net: false, ..WANTED }, 2, CpuTime::default()));
        let report = hot.report().unwrap();
        assert_eq!((report.by_cpu_us, report.by_net_bytes), (Some(Vec::new()), None));
        assert!(hot.stop() && hot.reset() && hot.report().is_none());
    }

    #[test]
    fn a_session_ends_by_itself_when_its_time_is_over() {
        let hot = HotKeys::default();
        let duration = Some(Duration::from_millis(1));
        assert!(hot.start(Wanted { duration, ..WANTED }, 1, CpuTime::default()));
        std::thread::sleep(Duration::from_millis(5));
        note(&hot, &["GET", "a"], 5000);
        assert!(!hot.active() && !hot.stop());
        let report = hot.report().unwrap();
        assert_eq!((report.active, report.took, report.all_us), (false, Duration::from_millis(1), 0));
        assert!(hot.reset());
    }

    #[test]
    fn few_commands_are_looked_at_where_that_is_wanted_and_no_long_key_is_kept() {
        let hot = HotKeys::default();
        assert!(hot.start(Wanted { sample: i32::MAX as u32, ..WANTED }, 1, CpuTime::default()));
        (0..100).for_each(|_| note(&hot, &["GET", "a"], 5000));
        let report = hot.report().unwrap();
        assert_eq!((report.all_us, report.by_cpu_us, report.net_bytes), (500, Some(Vec::new()), 0));
        assert!(hot.stop() && hot.start(WANTED, 1, CpuTime::default()));
        note(&hot, &["GET", &"k".repeat(KEY_BYTES_MAX + 1)], 5000);
        let report = hot.report().unwrap();
        assert_eq!((report.all_us, report.by_cpu_us), (5, Some(Vec::new())));
    }
}
