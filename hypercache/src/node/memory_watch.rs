//! Watches the memory of the process against its limit, and has others give way as it comes near.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use crate::server::node_commands::NodeState;
use crate::store::pressure::Change;
use crate::store::pressure::Ladder;
use crate::store::pressure::Level;
use crate::store::pressure::Reading;
use crate::telemetry::Event;
use crate::telemetry::events::config::ConfigWarned;
use crate::telemetry::events::memory::ClientsShed;
use crate::telemetry::events::memory::MemoryLimitFound;
use crate::telemetry::events::memory::MemoryPurged;
use crate::telemetry::events::memory::PressureCritical;
use crate::telemetry::events::memory::PressureEased;
use crate::telemetry::events::memory::PressureRaised;
use crate::telemetry::nanoseconds;
use crate::telemetry::operation;
use crate::telemetry::process;

/// Time between two looks: what fast writers can add meanwhile is small beside what lies between two levels.
const INTERVAL: Duration = Duration::from_millis(100);
/// Time between two purges: what is freed meanwhile is worth the work.
const PURGE_INTERVAL: Duration = Duration::from_secs(1);
/// A purge is worth its work when this share of the limit can be had, as a divisor: a hundredth.
const PURGE_SHARE: u64 = 100;

/// What a level changes, for the event that tells of it.
const fn changed(level: Level) -> &'static str {
    match level {
        Level::Normal => "nothing gives way any more",
        Level::Elevated => "expired keys are swept for twice as long, unused pages go back to the system",
        Level::High => {
            "besides, stores that may evict are brought down, and clients may hold a tenth of the memory limit"
        }
        Level::Critical => {
            "writes that need memory are refused with OOM, and clients may hold a twentieth of the memory limit"
        }
    }
}

/// Tells the limit that was found, and warns of a limit for the data that leaves the rest of the process no room.
pub fn tell_limit(state: &NodeState) {
    let limit = state.registry.pressure().limit();
    let data_limit_bytes = state.registry.limit_bytes();
    MemoryLimitFound { limit_bytes: limit.bytes, source: limit.source.word(), data_limit_bytes }.emit();
    if limit.bytes != 0 && data_limit_bytes >= Level::Critical.mark(limit.bytes) {
        let message = format!(
            "is {data_limit_bytes} bytes, but the process may take {limit}: writes will be refused before the data is \
             that large; leave a quarter for what is not data"
        );
        ConfigWarned { name: "cache.max_memory", message: &message }.emit();
    }
}

/// The thread that watches.
pub struct MemoryWatch {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl MemoryWatch {
    /// Starts it.
    pub fn start(state: Arc<NodeState>) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let watch = Watch::new(state);
        let thread =
            std::thread::Builder::new().name("memory".to_owned()).spawn(move || watch.run(&stopped))?;
        Ok(Self { stop, thread })
    }

    /// Stops it.
    pub fn stop(self) {
        drop(self.stop);
        // A panic in there has been told by the hook.
        drop(self.thread.join());
    }
}

struct Watch {
    state: Arc<NodeState>,
    ladder: Ladder,
    began: Instant,
    looked: Duration,
    purged: Option<Duration>,
}

impl Watch {
    fn new(state: Arc<NodeState>) -> Self {
        let ladder = Ladder::new(state.registry.pressure().limit().bytes, Duration::ZERO);
        Self { state, ladder, began: Instant::now(), looked: Duration::ZERO, purged: None }
    }

    fn run(mut self, stopped: &mpsc::Receiver<()>) {
        // The sender's end is also an end: the node is gone then.
        while stopped.recv_timeout(INTERVAL) == Err(mpsc::RecvTimeoutError::Timeout) {
            self.state.accounting.settle();
            self.look();
        }
    }

    fn look(&mut self) {
        let Some(mut usage) = process::memory() else { return };
        let limit = self.state.registry.pressure().limit().bytes;
        if limit != 0 && self.wants_purge(&usage, limit) {
            usage = self.purge(usage);
        }
        let now = self.began.elapsed();
        let change = self.ladder.step(usage.resident_bytes, now);
        let reading =
            Reading { resident_bytes: usage.resident_bytes, allocated_bytes: usage.allocated_bytes };
        let data_bytes = self.state.registry.used_bytes();
        // Whole milliseconds; what is left over counts the next time.
        let passed = now.saturating_sub(self.looked).as_millis();
        self.looked += Duration::from_millis(u64::try_from(passed).unwrap_or(u64::MAX));
        let pressure = self.state.registry.pressure();
        pressure.note(reading, data_bytes, self.ladder.level(), u64::try_from(passed).unwrap_or(u64::MAX));
        if let Some(change) = change {
            tell(change, reading, data_bytes, limit);
        }
        self.shed();
    }

    /// Before a level is raised, and while one holds, what nothing uses goes back first.
    fn wants_purge(&self, usage: &process::MemoryUsage, limit: u64) -> bool {
        let near =
            usage.resident_bytes >= Level::Elevated.leave_mark(limit) || self.ladder.level() > Level::Normal;
        let rested = self.purged.is_none_or(|purged| self.began.elapsed() >= purged + PURGE_INTERVAL);
        near && rested && usage.unused_bytes >= limit / PURGE_SHARE
    }

    fn purge(&mut self, before: process::MemoryUsage) -> process::MemoryUsage {
        let began = Instant::now();
        let running = operation::MEMORY_PURGE.start();
        let purged = process::purge_allocator();
        self.purged = Some(self.began.elapsed());
        if !purged {
            running.fail("purge_failed", "the allocator returned nothing");
            return before;
        }
        running.succeed();
        let after = process::memory().unwrap_or(before);
        let bytes = before.resident_bytes.saturating_sub(after.resident_bytes);
        MemoryPurged { bytes, duration_ns: nanoseconds(began.elapsed()) }.emit();
        after
    }

    /// Lets clients hold what the level leaves them.
    fn shed(&self) {
        let limit = self.state.registry.pressure().client_limit_bytes();
        let clients = &self.state.clients;
        clients.pool().press(limit);
        if let Some(limit_bytes) = limit
            && clients.pool().excess_bytes() > 0
        {
            let shed = clients.evict();
            if shed > 0 {
                ClientsShed { level: self.ladder.level().word(), clients: shed, limit_bytes }.emit();
            }
        }
    }
}

fn tell(change: Change, reading: Reading, data_bytes: u64, limit_bytes: u64) {
    let Change { from, to, after } = change;
    let Reading { resident_bytes: used_bytes, allocated_bytes } = reading;
    let (changed, held_ns, raised) = (changed(to), nanoseconds(after), to > from);
    let (from, level, to) = (from.word(), to, to.word());
    if !raised {
        PressureEased { from, to, used_bytes, allocated_bytes, data_bytes, limit_bytes, changed, held_ns }
            .emit();
    } else if level == Level::Critical {
        PressureCritical { from, to, used_bytes, allocated_bytes, data_bytes, limit_bytes, changed, held_ns }
            .emit();
    } else {
        PressureRaised { from, to, used_bytes, allocated_bytes, data_bytes, limit_bytes, changed, held_ns }
            .emit();
    }
}
