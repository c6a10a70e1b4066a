//! The sharded map of keys to entries: synchronous, without a clock of its own, telling nobody anything.
//!
//! The leading bits of a key's hash choose its shard, each shard has its own short lock. Whoever needs several locks
//! them in ascending order, and so nobody waits in a circle.

pub mod biggest;
pub mod departure;
mod directory;
pub mod entry;
pub mod eviction;
pub mod expiry;
pub mod filter;
pub mod history;
pub mod journal;
pub mod key;
pub mod lag;
pub mod miss_ratio;
pub mod refilter;
pub mod seen;
pub mod sessions;
pub mod setup;
pub mod shard;
pub mod table;
pub mod waits;
pub mod watch;

use std::ops::Deref;
use std::ops::DerefMut;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use parking_lot::Mutex;
use parking_lot::MutexGuard;

use crate::keyspace::filter::standing::Published;
use crate::keyspace::key::HashSeed;
use crate::keyspace::key::HashedKey;
use crate::keyspace::key::KeyHasher;
use crate::keyspace::miss_ratio::Curve;
use crate::keyspace::miss_ratio::Sampler;
use crate::keyspace::miss_ratio::Touches;
use crate::keyspace::seen::Seen;
use crate::keyspace::setup::Setup;
use crate::keyspace::shard::Shard;
use crate::keyspace::table::Position;

/// Changes of a shard's bytes that it need not tell the total: most writes are smaller, and all threads share that line.
const UNTOLD_BYTES: usize = 1024;

/// A map in shards.
#[derive(Debug)]
pub struct Keyspace {
    seed: HashSeed,
    by_session: AtomicBool,
    /// The rate of the filters' false positives, as its bits; 0: no filters.
    filter: AtomicU64,
    miss_history: AtomicUsize,
    key_journal: AtomicUsize,
    shard_bits: u32,
    shards: Box<[Slot]>,
    sampler: Sampler,
    total: Total,
}

/// On a line of its own: shards are locked without touching it.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Total {
    /// Bytes of all shards, entries and tables, up to what each shard has not told yet.
    bytes: AtomicUsize,
    /// Bytes of the table of a shard without keys, which count for nobody: nothing can free them.
    empty_table: usize,
}

#[derive(Debug)]
#[repr(align(128))]
struct Slot {
    shard: Mutex<Shard>,
    sizes: Sizes,
}

/// What a shard measured when its lock was last given back: read by whoever must not wait for the lock.
#[derive(Debug, Default)]
struct Sizes {
    keys: AtomicUsize,
    expiring: AtomicUsize,
    expiring_in_part: AtomicUsize,
    bytes: AtomicUsize,
    sessions: AtomicUsize,
    table: AtomicUsize,
    recall: AtomicUsize,
    /// What of both together the keyspace's total has been told.
    told: AtomicUsize,
    filter: Published,
}

/// Sizes of a whole keyspace.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Census {
    /// Keys, expired ones that nobody has met yet among them.
    pub keys: usize,
    /// Keys with a deadline.
    pub expiring: usize,
    /// Hashes with fields that have a deadline.
    pub expiring_in_part: usize,
    /// Bytes of the entries.
    pub bytes: usize,
    /// Sessions, where keys live and go by session.
    pub sessions: usize,
    /// Bytes of the tables beside them, beyond those that they take without a key.
    pub table_bytes: usize,
}

impl Census {
    /// Bytes of the entries and of the tables.
    pub fn total_bytes(&self) -> usize {
        self.bytes + self.table_bytes
    }
}

/// There are keys where there must be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotEmpty;

/// A shard under its lock.
pub struct LockedShard<'a> {
    shard: MutexGuard<'a, Shard>,
    sizes: &'a Sizes,
    sampler: &'a Sampler,
    total: &'a Total,
}

impl Keyspace {
    /// An empty keyspace of `shards` shards, a power of two.
    pub fn new(shards: usize, setup: Setup) -> Self {
        assert!(shards.is_power_of_two(), "the configuration is checked before it gets here");
        let shard_bits = shards.trailing_zeros();
        let empty_table = Shard::new(setup, shard_bits).overhead_bytes();
        let slot = || {
            let (shard, sizes) = (Shard::new(setup, shard_bits), Sizes::default());
            shard.publish_filter(&sizes.filter);
            Slot { shard: Mutex::new(shard), sizes }
        };
        Self {
            seed: setup.seed,
            by_session: AtomicBool::new(setup.by_session),
            filter: AtomicU64::new(rate_bits(setup.filter)),
            miss_history: AtomicUsize::new(setup.miss_history),
            key_journal: AtomicUsize::new(setup.key_journal),
            shard_bits,
            shards: std::iter::repeat_with(slot).take(shards).collect(),
            sampler: Sampler::off(),
            total: Total { bytes: AtomicUsize::new(0), empty_table },
        }
    }

    /// The secret start of its hashes.
    pub fn seed(&self) -> HashSeed {
        self.seed
    }

    /// Whether keys of one session share a shard. It stays the same while a shard is locked.
    pub fn by_session(&self) -> bool {
        self.by_session.load(Relaxed)
    }

    /// What its shards have in common. It stays the same while a shard is locked.
    pub fn setup(&self) -> Setup {
        let bits = self.filter.load(Relaxed);
        let filter = (bits != 0).then(|| f64::from_bits(bits));
        Setup {
            seed: self.seed,
            by_session: self.by_session(),
            filter,
            miss_history: self.miss_history.load(Relaxed),
            key_journal: self.key_journal.load(Relaxed),
        }
    }

    /// Gives it another setup of the same seed; `shards` are all its shards. An error, and nothing is changed, where that
    /// needs it to be without keys and it is not. Filters for keys that are there are begun, and not asked before
    /// `build_filter` has built them.
    pub fn reconfigure(&self, setup: Setup, shards: &mut [LockedShard<'_>]) -> Result<(), NotEmpty> {
        debug_assert_eq!((setup.seed, shards.len()), (self.seed, self.shards.len()));
        let present = self.setup();
        if setup == present {
            return Ok(());
        }
        let is_moved = setup.by_session != present.by_session;
        if is_moved && shards.iter().any(|shard| !shard.is_empty()) {
            return Err(NotEmpty);
        }
        self.by_session.store(setup.by_session, Relaxed);
        self.filter.store(rate_bits(setup.filter), Relaxed);
        self.miss_history.store(setup.miss_history, Relaxed);
        self.key_journal.store(setup.key_journal, Relaxed);
        for shard in shards {
            shard.limit_memory(setup, self.shard_bits);
            if is_moved {
                drop(shard.take(Shard::new(setup, self.shard_bits)));
            }
            shard.set_filter(setup.filter);
        }
        Ok(())
    }

    /// How its keys are hashed. It stays the same while a shard is locked.
    pub fn hasher(&self) -> KeyHasher {
        KeyHasher::of_shards(self.seed, self.by_session(), self.shard_bits)
    }

    /// How many shards there are.
    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// A key with its hash here.
    pub fn hashed<'a>(&self, key: &'a [u8]) -> HashedKey<'a> {
        HashedKey { bytes: key, hash: self.hasher().hash(key) }
    }

    /// The shard that a hash belongs to.
    pub fn shard_of(&self, hash: u64) -> usize {
        if self.shard_bits == 0 { 0 } else { (hash >> (64 - self.shard_bits)) as usize }
    }

    /// Locks one shard.
    pub fn lock(&self, shard: usize) -> LockedShard<'_> {
        let slot = &self.shards[shard];
        LockedShard {
            shard: slot.shard.lock(),
            sizes: &slot.sizes,
            sampler: &self.sampler,
            total: &self.total,
        }
    }

    /// Bytes that a shard's table takes beside its entries.
    pub fn table_bytes(&self, shard: usize) -> usize {
        self.shards[shard].sizes.table.load(Relaxed) + self.total.empty_table
    }

    /// Bytes of what is remembered of keys beside them: which have left, and what has happened to them.
    pub fn recall_bytes(&self) -> usize {
        self.shards.iter().map(|slot| slot.sizes.recall.load(Relaxed)).sum()
    }

    /// Bytes that all tables take beside their entries.
    pub fn all_table_bytes(&self) -> usize {
        (0..self.shards.len()).map(|shard| self.table_bytes(shard)).sum()
    }

    /// Locks one shard unless that takes longer than `patience`.
    pub fn try_lock_for(&self, shard: usize, patience: Duration) -> Option<LockedShard<'_>> {
        let slot = &self.shards[shard];
        let locked =
            if patience.is_zero() { slot.shard.try_lock() } else { slot.shard.try_lock_for(patience) };
        locked.map(|shard| LockedShard {
            shard,
            sizes: &slot.sizes,
            sampler: &self.sampler,
            total: &self.total,
        })
    }

    /// Sizes as they were when each shard's lock was last given back; takes no lock.
    pub fn census(&self) -> Census {
        let mut census = Census::default();
        for shard in 0..self.shards.len() {
            let of_shard = self.census_of(shard);
            census.keys += of_shard.keys;
            census.expiring += of_shard.expiring;
            census.expiring_in_part += of_shard.expiring_in_part;
            census.bytes += of_shard.bytes;
            census.sessions += of_shard.sessions;
            census.table_bytes += of_shard.table_bytes;
        }
        census
    }

    /// Begins to sample keys for a miss-ratio curve, or begins anew. A shard whose lock is taken joins at the next tick.
    pub fn start_sample(&self, held: &mut [LockedShard<'_>]) {
        self.sampler.start();
        self.collect_touches();
        for shard in held {
            *shard.touches() = Touches::default();
            self.sampler.take_now(shard.touches());
        }
    }

    fn collect_touches(&self) {
        for shard in 0..self.shards.len() {
            if let Some(mut locked) = self.try_lock_for(shard, Duration::ZERO) {
                self.sampler.take_now(locked.touches());
            }
        }
    }

    /// The miss-ratio curve; none where no keys are sampled. Takes no lock that a command waits for.
    pub fn curve(&self) -> Option<Curve> {
        self.sampler.curve()
    }

    /// Collects what the shards have seen of sampled keys, except where their locks are taken, and lets the sampler age. To be
    /// called once a second or so; sizes of up to `horizon` bytes are of interest.
    pub fn tick(&self, horizon: u64) {
        if self.sampler.tick(horizon) {
            self.collect_touches();
        }
    }

    /// As `census`, of one shard.
    pub fn census_of(&self, shard: usize) -> Census {
        let sizes = &self.shards[shard].sizes;
        Census {
            keys: sizes.keys.load(Relaxed),
            expiring: sizes.expiring.load(Relaxed),
            expiring_in_part: sizes.expiring_in_part.load(Relaxed),
            bytes: sizes.bytes.load(Relaxed),
            sessions: sizes.sessions.load(Relaxed),
            table_bytes: sizes.table.load(Relaxed),
        }
    }

    /// Bytes of the entries and of the tables in one load: wrong by up to `UNTOLD_BYTES` for each shard.
    pub fn about_bytes(&self) -> usize {
        // Shards that tell of less may for a moment be ahead of those that tell of more.
        isize::try_from(self.total.bytes.load(Relaxed)).map_or(0, isize::unsigned_abs)
    }

    /// Visits entries from `from` on in hash order, shard by shard and each under its lock only while it is read, until
    /// at least `count` are seen. Where to go on; none at the end. An entry that is there from the first call to the
    /// last is seen, whatever else changes.
    pub fn scan(&self, from: Position, count: usize, visit: impl FnMut(Seen<'_>)) -> Option<Position> {
        self.scan_by(from, count, visit, |shard, at, count, visit| self.lock(shard).scan(at, count, visit))
    }

    /// As `scan`, for whoever reads the shards in another way, such as by locks that are held already.
    pub fn scan_by(
        &self,
        from: Position,
        count: usize,
        mut visit: impl FnMut(Seen<'_>),
        mut read: impl FnMut(usize, Position, usize, &mut dyn FnMut(Seen<'_>)) -> Option<Position>,
    ) -> Option<Position> {
        let (mut at, mut seen) = (from, 0);
        for shard in self.shard_of_position(from)..self.shards.len() {
            let next = read(shard, at, count - seen, &mut |entry| {
                seen += 1;
                visit(entry);
            });
            if next.is_some() {
                return next;
            }
            if shard + 1 == self.shards.len() {
                return None;
            }
            at = self.first_position(shard + 1);
            if seen >= count {
                return Some(at);
            }
        }
        None
    }

    /// A shard without keys, fit to take the place of any shard here.
    pub fn empty_shard(&self) -> Shard {
        Shard::new(self.setup(), self.shard_bits)
    }

    /// The shard that holds the key of this rank when keys are counted shard by shard, as sizes were when each lock was
    /// last given back; takes no lock. The last shard where there are fewer keys.
    pub fn shard_of_rank(&self, rank: usize) -> usize {
        let mut before = 0;
        let holds = |slot: &Slot| {
            before += slot.sizes.keys.load(Relaxed);
            before > rank
        };
        self.shards.iter().position(holds).unwrap_or(self.shards.len() - 1)
    }

    fn shard_of_position(&self, position: Position) -> usize {
        (0..self.shards.len()).rev().find(|shard| self.first_position(*shard) <= position).unwrap_or(0)
    }

    fn first_position(&self, shard: usize) -> Position {
        if self.shard_bits == 0 { 0 } else { table::position((shard as u64) << (64 - self.shard_bits)) }
    }
}

fn rate_bits(rate: Option<f64>) -> u64 {
    rate.map_or(0, f64::to_bits)
}

impl Deref for LockedShard<'_> {
    type Target = Shard;

    fn deref(&self) -> &Shard {
        &self.shard
    }
}

impl DerefMut for LockedShard<'_> {
    fn deref_mut(&mut self) -> &mut Shard {
        &mut self.shard
    }
}

impl LockedShard<'_> {
    /// Lets `census` tell the sizes as they are now, before the lock is given back.
    pub fn publish_sizes(&self) {
        self.sizes.keys.store(self.shard.len(), Relaxed);
        self.sizes.expiring.store(self.shard.expiring(), Relaxed);
        self.sizes.expiring_in_part.store(self.shard.expiring_in_part(), Relaxed);
        self.sizes.bytes.store(self.shard.entry_bytes(), Relaxed);
        self.sizes.sessions.store(self.shard.session_count(), Relaxed);
        let empty = self.total.empty_table + self.shard.least_usage_bytes();
        let table = self.shard.overhead_bytes().saturating_sub(empty);
        let entries = self.shard.entry_bytes();
        self.sizes.table.store(table, Relaxed);
        self.sizes.recall.store(self.shard.recall_bytes(), Relaxed);
        let (told, now) = (self.sizes.told.load(Relaxed), entries + table);
        if told.abs_diff(now) >= UNTOLD_BYTES {
            // Only who holds the shard's lock writes what it has told.
            self.sizes.told.store(now, Relaxed);
            self.total.bytes.fetch_add(now.wrapping_sub(told), Relaxed);
        }
        self.shard.publish_filter(&self.sizes.filter);
    }
}

impl Drop for LockedShard<'_> {
    fn drop(&mut self) {
        self.publish_sizes();
        self.sampler.take(self.shard.touches());
    }
}

#[cfg(test)]
mod tests;
