//! What the workers count, and where others read it.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;

use crate::answer::Answer;
use crate::answer::Verdict;
use crate::histogram::Buckets;
use crate::histogram::Latency;
use crate::operation::Operation;

/// Most different error prefixes kept apart; further ones count as `OTHER`.
const ERROR_KINDS_MAX: usize = 64;

/// One operation's results.
#[derive(Debug, Clone, Default)]
pub struct OperationTally {
    /// From the intended start to the answer, or to the moment the request was given up.
    pub latency: Latency,
    /// Requests that ended in an error nobody wanted.
    pub errors: u64,
    /// Requests that ended in the error they were made to cause.
    pub expected_errors: u64,
}

/// Results of a phase, after its warm-up.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// By [`Operation::index`]; `None` for what was never asked.
    pub operations: [Option<Box<OperationTally>>; Operation::ALL.len()],
    /// Errors nobody wanted, by prefix.
    pub errors: BTreeMap<String, u64>,
    /// Errors caused on purpose, by prefix.
    pub expected_errors: BTreeMap<String, u64>,
    /// Requests that never got an answer; among the errors.
    pub unanswered: u64,
    /// Keys found by reads.
    pub hits: u64,
    /// Keys not found by reads.
    pub misses: u64,
    /// Bytes written to servers.
    pub sent: u64,
    /// Bytes read from servers.
    pub received: u64,
    /// When the last request ended.
    pub finished: Option<Instant>,
}

impl Tally {
    /// Adds one answer.
    pub fn record(&mut self, answer: &Answer, latency: Duration) {
        let operation = self.operations[answer.operation.index()].get_or_insert_default();
        operation.latency.record(latency);
        self.hits += u64::from(answer.hits);
        self.misses += u64::from(answer.misses);
        self.finished = self.finished.max(Some(answer.at));
        match &answer.verdict {
            Verdict::Ok => {}
            Verdict::Expected(prefix) => {
                operation.expected_errors += 1;
                count(&mut self.expected_errors, prefix, 1);
            }
            Verdict::Error(prefix) => {
                operation.errors += 1;
                count(&mut self.errors, prefix, 1);
            }
        }
    }

    /// Adds an error that belongs to no request.
    pub fn record_error(&mut self, label: &str) {
        count(&mut self.errors, label, 1);
    }

    /// Adds all of another.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.operations.iter_mut().zip(&other.operations) {
            let Some(theirs) = theirs else { continue };
            let mine = mine.get_or_insert_default();
            mine.latency.add(&theirs.latency);
            mine.errors += theirs.errors;
            mine.expected_errors += theirs.expected_errors;
        }
        for (prefix, more) in &other.errors {
            count(&mut self.errors, prefix, *more);
        }
        for (prefix, more) in &other.expected_errors {
            count(&mut self.expected_errors, prefix, *more);
        }
        self.unanswered += other.unanswered;
        self.hits += other.hits;
        self.misses += other.misses;
        self.sent += other.sent;
        self.received += other.received;
        self.finished = self.finished.max(other.finished);
    }

    /// Errors nobody wanted.
    pub fn error_count(&self) -> u64 {
        self.errors.values().sum()
    }
}

fn count(errors: &mut BTreeMap<String, u64>, prefix: &str, more: u64) {
    if let Some(count) = errors.get_mut(prefix) {
        *count += more;
    } else {
        let known = errors.len() < ERROR_KINDS_MAX;
        *errors.entry(if known { prefix } else { "OTHER" }.to_owned()).or_default() += more;
    }
}

/// One operation's counts since the program started, for metrics.
#[derive(Debug, Clone, Default)]
pub struct OperationLifetime {
    /// Latencies of all requests.
    pub buckets: Buckets,
    /// Requests by outcome: ok, error, expected error.
    pub outcomes: [u64; 3],
}

/// Counts since the program started, for metrics; warm-ups are among them.
#[derive(Debug, Clone, Default)]
pub struct Lifetime {
    /// By [`Operation::index`].
    pub operations: [OperationLifetime; Operation::ALL.len()],
    /// Keys found by reads.
    pub hits: u64,
    /// Keys not found by reads.
    pub misses: u64,
    /// Attempts to connect that failed.
    pub connect_errors: u64,
}

impl Lifetime {
    fn record(&mut self, answer: &Answer, latency: Duration) {
        let operation = &mut self.operations[answer.operation.index()];
        operation.buckets.record(latency);
        let outcome = match answer.verdict {
            Verdict::Ok => 0,
            Verdict::Error(_) => 1,
            Verdict::Expected(_) => 2,
        };
        operation.outcomes[outcome] += 1;
        self.hits += u64::from(answer.hits);
        self.misses += u64::from(answer.misses);
    }

    fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.operations.iter_mut().zip(&other.operations) {
            mine.buckets.add(&theirs.buckets);
            for (count, more) in mine.outcomes.iter_mut().zip(theirs.outcomes) {
                *count += more;
            }
        }
        self.hits += other.hits;
        self.misses += other.misses;
        self.connect_errors += other.connect_errors;
    }
}

/// What happened since the last look.
#[derive(Debug, Default)]
pub struct Recent {
    /// Latencies of all requests.
    pub latency: Latency,
    /// Errors nobody wanted.
    pub errors: u64,
}

/// A worker thread's counts. The thread alone writes, once per group of answers, so the lock is almost never waited for.
#[derive(Debug, Default)]
pub struct Slot {
    counts: Mutex<Counts>,
    in_flight: AtomicI64,
}

#[derive(Debug, Default)]
struct Counts {
    phase: Tally,
    lifetime: Box<Lifetime>,
    recent: Recent,
}

/// One group of requests that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Group<'a> {
    /// Its requests.
    pub answers: &'a [Answer],
    /// How many of them got no answer.
    pub unanswered: u64,
    /// When it was meant to start.
    pub intended: Instant,
    /// Whether it belongs to the report: not to the warm-up.
    pub measured: bool,
    /// Bytes written.
    pub sent: u64,
    /// Bytes read.
    pub received: u64,
}

impl Slot {
    /// Counts a group.
    pub fn record(&self, group: Group<'_>) {
        let counts = &mut *self.counts.lock();
        for answer in group.answers {
            let latency = answer.at.saturating_duration_since(group.intended);
            counts.recent.latency.record(latency);
            counts.recent.errors += u64::from(matches!(answer.verdict, Verdict::Error(_)));
            counts.lifetime.record(answer, latency);
            if group.measured {
                counts.phase.record(answer, latency);
            }
        }
        if group.measured {
            counts.phase.unanswered += group.unanswered;
            counts.phase.sent += group.sent;
            counts.phase.received += group.received;
        }
    }

    /// Counts a failed attempt to connect.
    pub fn record_connect_error(&self) {
        let counts = &mut *self.counts.lock();
        counts.recent.errors += 1;
        counts.lifetime.connect_errors += 1;
        counts.phase.record_error("CONNECT");
    }

    /// Notes that requests were sent (positive) or ended (negative).
    pub fn move_in_flight(&self, by: i64) {
        self.in_flight.fetch_add(by, Ordering::Relaxed);
    }
}

/// The counts of all workers.
#[derive(Debug, Default)]
pub struct Board {
    slots: Vec<Slot>,
    /// Requests per second asked of the running phase; 0 in a closed loop.
    pub target_rate: AtomicU64,
}

impl Board {
    /// A board for `workers` threads.
    pub fn new(workers: usize) -> Self {
        Self { slots: (0..workers).map(|_| Slot::default()).collect(), target_rate: AtomicU64::new(0) }
    }

    /// The slot of worker `worker`.
    pub fn slot(&self, worker: usize) -> &Slot {
        &self.slots[worker]
    }

    /// The running phase's results, which start anew.
    pub fn take_phase(&self) -> Tally {
        let mut all = Tally::default();
        for slot in &self.slots {
            all.add(&std::mem::take(&mut slot.counts.lock().phase));
        }
        all
    }

    /// When the last measured request of the running phase ended.
    pub fn last_answer(&self) -> Option<Instant> {
        self.slots.iter().filter_map(|slot| slot.counts.lock().phase.finished).max()
    }

    /// What happened since the last call, into `recent`.
    pub fn take_recent(&self, recent: &mut Recent) {
        recent.latency.clear();
        recent.errors = 0;
        for slot in &self.slots {
            let counts = &mut *slot.counts.lock();
            recent.latency.add(&counts.recent.latency);
            recent.errors += std::mem::take(&mut counts.recent.errors);
            counts.recent.latency.clear();
        }
    }

    /// Everything since the start.
    pub fn lifetime(&self) -> Lifetime {
        let mut all = Lifetime::default();
        for slot in &self.slots {
            all.add(&slot.counts.lock().lifetime);
        }
        all
    }

    /// Requests sent and not answered.
    pub fn in_flight(&self) -> i64 {
        self.slots.iter().map(|slot| slot.in_flight.load(Ordering::Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warm_up_shows_in_metrics_only() {
        let board = Board::new(2);
        let intended = Instant::now();
        let at = intended + Duration::from_millis(3);
        let answers = [
            Answer { operation: Operation::Get, at, verdict: Verdict::Ok, hits: 1, misses: 0 },
            Answer::failed(Operation::Set, "TIMEOUT", at),
        ];
        let group =
            Group { answers: &answers, unanswered: 1, intended, measured: false, sent: 10, received: 20 };
        board.slot(0).record(group);
        board.slot(1).record(Group { measured: true, ..group });
        let lifetime = board.lifetime();
        assert_eq!(lifetime.operations[Operation::Get.index()].outcomes, [2, 0, 0]);
        assert_eq!(lifetime.operations[Operation::Set.index()].outcomes, [0, 2, 0]);
        let phase = board.take_phase();
        assert_eq!((phase.hits, phase.unanswered, phase.sent, phase.error_count()), (1, 1, 10, 1));
        assert_eq!(board.take_phase().error_count(), 0);
        let mut recent = Recent::default();
        board.take_recent(&mut recent);
        assert_eq!((recent.latency.count(), recent.errors), (4, 2));
    }

    #[test]
    fn kinds_of_errors_are_bounded() {
        let mut tally = Tally::default();
        for number in 0..1000 {
            tally.record_error(&format!("E{number}"));
        }
        assert_eq!(tally.error_count(), 1000);
        assert!(tally.errors.len() <= ERROR_KINDS_MAX + 1);
    }
}
