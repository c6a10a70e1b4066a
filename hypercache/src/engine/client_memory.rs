//! What clients make the node hold for them, and the limits of it: output buffers by class, all clients together.

use std::sync::atomic::AtomicI64;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::engine::client::Client;
use crate::engine::client::Cut;
use crate::engine::session::Session;

/// Bytes that any connection takes, whatever it does.
const BASE_BYTES: usize = size_of::<Client>() + size_of::<Session>();

/// The classes of clients whose output is limited apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientClass {
    /// All but those below.
    Normal,
    /// Replicas.
    Replica,
    /// Those that have subscribed.
    Pubsub,
}

/// All classes, in the order that Redis tells them in.
pub const CLASSES: [ClientClass; 3] = [ClientClass::Normal, ClientClass::Replica, ClientClass::Pubsub];

/// How much may wait for a client of a class; 0: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputLimit {
    /// Bytes at which the client is closed at once.
    pub hard_bytes: u64,
    /// Bytes at which it is closed once they have been reached for `soft_seconds` without a break.
    pub soft_bytes: u64,
    /// See `soft_bytes`.
    pub soft_seconds: u64,
}

#[derive(Debug)]
struct LimitCells {
    hard_bytes: AtomicU64,
    soft_bytes: AtomicU64,
    soft_seconds: AtomicU64,
}

impl LimitCells {
    fn new(limit: OutputLimit) -> Self {
        Self {
            hard_bytes: limit.hard_bytes.into(),
            soft_bytes: limit.soft_bytes.into(),
            soft_seconds: limit.soft_seconds.into(),
        }
    }
}

/// What all clients share: limits, the memory they take together, why they were cut off.
#[derive(Debug)]
pub struct ClientPool {
    output: [LimitCells; CLASSES.len()],
    held_bytes: AtomicUsize,
    /// As it was set: bytes, or below zero a percentage of the data's limit.
    memory_setting: AtomicI64,
    /// What that comes to; 0: no limit.
    memory_limit: AtomicUsize,
    /// What the pressure on the process's memory leaves them; `usize::MAX`: no less than is set.
    pressure_limit: AtomicUsize,
    cut: [AtomicU64; Cut::ALL.len()],
    query_buffer: AtomicU64,
}

impl Default for ClientPool {
    fn default() -> Self {
        let limit = |hard_bytes, soft_bytes, soft_seconds| {
            LimitCells::new(OutputLimit { hard_bytes, soft_bytes, soft_seconds })
        };
        Self {
            output: [limit(0, 0, 0), limit(256 << 20, 64 << 20, 60), limit(32 << 20, 8 << 20, 60)],
            held_bytes: 0.into(),
            memory_setting: 0.into(),
            memory_limit: 0.into(),
            pressure_limit: usize::MAX.into(),
            cut: std::array::from_fn(|_| AtomicU64::new(0)),
            query_buffer: 0.into(),
        }
    }
}

impl ClientPool {
    /// How much may wait for a client of this class.
    pub fn output_limit(&self, class: ClientClass) -> OutputLimit {
        let cells = &self.output[class as usize];
        OutputLimit {
            hard_bytes: cells.hard_bytes.load(Relaxed),
            soft_bytes: cells.soft_bytes.load(Relaxed),
            soft_seconds: cells.soft_seconds.load(Relaxed),
        }
    }

    /// Changes how much may wait for a client of this class.
    pub fn set_output_limit(&self, class: ClientClass, limit: OutputLimit) {
        let cells = &self.output[class as usize];
        cells.hard_bytes.store(limit.hard_bytes, Relaxed);
        cells.soft_bytes.store(limit.soft_bytes, Relaxed);
        cells.soft_seconds.store(limit.soft_seconds, Relaxed);
    }

    /// Bytes that all clients take together.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes.load(Relaxed)
    }

    /// `maxmemory-clients` as it was set: bytes, or below zero a percentage of the data's limit.
    pub fn memory_setting(&self) -> i64 {
        self.memory_setting.load(Relaxed)
    }

    /// Changes it.
    pub fn set_memory_setting(&self, setting: i64) {
        self.memory_setting.store(setting, Relaxed);
    }

    /// Works out what the setting comes to while the data may take `data_limit` bytes (0: no limit, and so no percentage
    /// of it).
    pub fn resolve_memory_limit(&self, data_limit: u64) {
        let setting = self.memory_setting();
        let bytes = if setting >= 0 {
            setting.unsigned_abs()
        } else {
            (u128::from(data_limit) * u128::from(setting.unsigned_abs()) / 100) as u64
        };
        self.memory_limit.store(usize::try_from(bytes).unwrap_or(usize::MAX), Relaxed);
    }

    /// Bytes by which all clients together are above their limit.
    pub fn excess_bytes(&self) -> usize {
        let set = match self.memory_limit.load(Relaxed) {
            0 => usize::MAX,
            limit => limit,
        };
        self.held_bytes().saturating_sub(set.min(self.pressure_limit.load(Relaxed)))
    }

    /// Lets all clients together hold no more than this many bytes, whatever is set; none: what is set holds alone.
    pub fn press(&self, limit_bytes: Option<u64>) {
        let limit = limit_bytes.map_or(usize::MAX, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        self.pressure_limit.store(limit, Relaxed);
    }

    /// How many clients were cut off for this reason.
    pub fn cut_count(&self, why: Cut) -> u64 {
        self.cut[why as usize].load(Relaxed)
    }

    /// How many clients were closed because what they had sent grew beyond the limit.
    pub fn query_buffer_count(&self) -> u64 {
        self.query_buffer.load(Relaxed)
    }

    /// Counts one of them.
    pub fn count_query_buffer(&self) {
        self.query_buffer.fetch_add(1, Relaxed);
    }

    pub(super) fn count_cut(&self, why: Cut) {
        self.cut[why as usize].fetch_add(1, Relaxed);
    }
}

/// What one client makes the node hold.
#[derive(Debug, Default)]
pub struct Holdings {
    /// Room in its input buffer that nothing has arrived for.
    query_free: AtomicUsize,
    /// Replies that its socket has not taken.
    unsent: AtomicUsize,
    /// Commands that wait for `EXEC`.
    queued: AtomicUsize,
    /// What the pool counts for it.
    counted: AtomicUsize,
    /// Since when its output has been above the soft limit, in milliseconds of its life, plus one; 0: it is not.
    soft_since: AtomicU64,
}

/// Sizes of what one client makes the node hold, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientMemory {
    /// Room in the input buffer that nothing has arrived for.
    pub query_free: usize,
    /// Replies that the socket has not taken.
    pub unsent: usize,
    /// Messages that it has not asked for just now.
    pub mailbox: usize,
    /// Commands that wait for `EXEC`.
    pub queued: usize,
    /// All together.
    pub total: usize,
}

impl Client {
    /// The class whose limit holds for its output.
    pub fn class(&self) -> ClientClass {
        if self.subscriptions.any() { ClientClass::Pubsub } else { ClientClass::Normal }
    }

    /// What it makes the node hold.
    pub fn memory(&self) -> ClientMemory {
        let holdings = &self.holdings;
        let mut memory = ClientMemory {
            query_free: holdings.query_free.load(Relaxed),
            unsent: holdings.unsent.load(Relaxed),
            mailbox: self.mailbox.waiting_bytes(),
            queued: holdings.queued.load(Relaxed),
            total: 0,
        };
        let query = usize::try_from(self.traffic().query_bytes).unwrap_or(usize::MAX);
        memory.total =
            BASE_BYTES + query + memory.query_free + memory.unsent + memory.mailbox + memory.queued;
        memory
    }

    /// Notes room in its input buffer.
    pub fn note_query_free(&self, bytes: usize) {
        self.holdings.query_free.store(bytes, Relaxed);
    }

    /// Notes how much of its replies the socket has not taken, and closes it where that is too much.
    pub fn note_unsent(&self, bytes: usize) {
        self.holdings.unsent.store(bytes, Relaxed);
        if bytes > 0 {
            self.check_output();
        }
    }

    /// Notes bytes of commands that wait for `EXEC`.
    pub fn note_queued(&self, bytes: usize) {
        self.holdings.queued.store(bytes, Relaxed);
    }

    /// Whether so many more bytes may wait for it; if not, it is cut off.
    pub fn may_wait(&self, bytes: usize) -> bool {
        let waiting = self.mailbox.waiting_bytes() + self.holdings.unsent.load(Relaxed) + bytes;
        let hard = self.output_limit().hard_bytes;
        let fits = hard == 0 || (waiting as u64) < hard;
        if !fits {
            self.cut(Cut::OutputLimit);
        }
        fits
    }

    /// Leaves a message that it has not asked for just now, in the protocol that it speaks. Whoever has let too much pile
    /// up is cut off instead.
    pub fn deliver(&self, message: &[u8]) {
        if self.is_cut().is_some() {
            return;
        }
        if !self.may_wait(message.len()) {
            return;
        }
        self.mailbox.post(message);
        self.check_output();
        self.account();
    }

    /// Cuts it off if its output has passed a limit.
    pub fn check_output(&self) {
        let waiting = (self.mailbox.waiting_bytes() + self.holdings.unsent.load(Relaxed)) as u64;
        let limit = self.output_limit();
        if limit.hard_bytes != 0 && waiting >= limit.hard_bytes {
            self.cut(Cut::OutputLimit);
        } else if limit.soft_bytes == 0 || waiting < limit.soft_bytes {
            self.holdings.soft_since.store(0, Relaxed);
        } else {
            let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1;
            let began = self
                .holdings
                .soft_since
                .compare_exchange(0, now, Relaxed, Relaxed)
                .unwrap_or_else(|began| began);
            let began = if began == 0 { now } else { began };
            if Duration::from_millis(now - began.min(now)) > Duration::from_secs(limit.soft_seconds) {
                self.cut(Cut::OutputLimit);
            }
        }
    }

    /// How much may wait for it.
    pub fn output_limit(&self) -> OutputLimit {
        let limit = self.pool.output_limit(self.class());
        // What a client has not asked for grows with what others do: without a limit of its own that of replicas holds.
        let unasked = self.is_monitor() || self.mailbox.waiting_bytes() > 0;
        if unasked && limit.hard_bytes == 0 && limit.soft_bytes == 0 {
            return self.pool.output_limit(ClientClass::Replica);
        }
        limit
    }

    /// Lets the pool count what it holds now.
    pub fn account(&self) {
        self.count_as(self.memory().total);
    }

    /// Lets the pool count nothing for it any more.
    pub(super) fn leave_pool(&self) {
        self.count_as(0);
    }

    fn count_as(&self, bytes: usize) {
        if self.holdings.counted.load(Relaxed) != bytes {
            let before = self.holdings.counted.swap(bytes, Relaxed);
            self.pool.held_bytes.fetch_add(bytes.wrapping_sub(before), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use super::*;
    use crate::engine::client::Clients;

    fn connect(clients: &Arc<Clients>) -> crate::engine::client::Registration {
        let here = SocketAddr::from(([127, 0, 0, 1], 1));
        clients.register(here, here, 100).unwrap()
    }

    fn limit(hard_bytes: u64, soft_bytes: u64, soft_seconds: u64) -> OutputLimit {
        OutputLimit { hard_bytes, soft_bytes, soft_seconds }
    }

    #[test]
    fn a_hard_limit_cuts_at_once_and_a_soft_one_after_its_time() {
        let clients = Arc::new(Clients::default());
        let (hard, soft, free) = (connect(&clients), connect(&clients), connect(&clients));
        clients.pool().set_output_limit(ClientClass::Normal, limit(100, 0, 0));
        hard.client().deliver(&[0; 99]);
        assert_eq!(hard.client().is_cut(), None);
        hard.client().deliver(&[0; 1]);
        assert_eq!(hard.client().is_cut(), Some(Cut::OutputLimit));
        assert_eq!(hard.client().mailbox.waiting_bytes(), 99, "what passes the limit is not kept");
        clients.pool().set_output_limit(ClientClass::Normal, limit(0, 100, 0));
        soft.client().note_unsent(100);
        assert_eq!(soft.client().is_cut(), None);
        std::thread::sleep(Duration::from_millis(5));
        soft.client().check_output();
        assert_eq!(soft.client().is_cut(), Some(Cut::OutputLimit));
        free.client().note_unsent(99);
        assert_eq!((free.client().is_cut(), clients.pool().cut_count(Cut::OutputLimit)), (None, 2));
    }

    #[test]
    fn the_pool_counts_what_clients_hold_until_they_leave() {
        let clients = Arc::new(Clients::default());
        let (one, other) = (connect(&clients), connect(&clients));
        one.client().deliver(&[0; 1000]);
        other.client().note_queued(500);
        other.client().account();
        assert_eq!(clients.pool().held_bytes(), 2 * BASE_BYTES + 1500);
        one.client().mailbox.take();
        one.client().account();
        drop(other);
        assert_eq!(clients.pool().held_bytes(), BASE_BYTES);
        drop(one);
        assert_eq!(clients.pool().held_bytes(), 0);
    }

    #[test]
    fn the_largest_clients_go_first_and_only_as_many_as_needed() {
        let clients = Arc::new(Clients::default());
        let all: Vec<_> = (0..4).map(|_| connect(&clients)).collect();
        for (index, registration) in all.iter().enumerate() {
            registration.client().deliver(&vec![0; 10_000 * (index + 1)]);
        }
        all[3].client().set_no_evict(true);
        let pool = clients.pool();
        assert_eq!((pool.excess_bytes(), clients.evict()), (0, 0));
        pool.set_memory_setting(-50);
        pool.resolve_memory_limit(2 * (pool.held_bytes() as u64 - 25_000));
        assert!(pool.excess_bytes() > 0);
        assert_eq!(clients.evict(), 1);
        let cut: Vec<bool> =
            all.iter().map(|registration| registration.client().is_cut().is_some()).collect();
        assert_eq!(cut, [false, false, true, false]);
        assert_eq!((clients.evict(), pool.cut_count(Cut::Evicted)), (0, 1), "who goes is not waited for");
    }

    #[test]
    fn pressure_takes_from_what_is_set_and_gives_it_back() {
        let clients = Arc::new(Clients::default());
        let all: Vec<_> = (0..2).map(|_| connect(&clients)).collect();
        all[1].client().deliver(&[0; 10_000]);
        let pool = clients.pool();
        pool.press(Some(pool.held_bytes() as u64 - 1));
        assert_eq!((pool.excess_bytes(), clients.evict()), (1, 1));
        assert_eq!((all[0].client().is_cut(), all[1].client().is_cut()), (None, Some(Cut::Evicted)));
        pool.press(None);
        assert_eq!(pool.excess_bytes(), 0);
    }
}
