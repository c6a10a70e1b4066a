//! Removes expired keys in the background, a bounded amount at a time.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crate::keyspace::entry::UnixMillis;
use crate::keyspace::shard::Lapse;
use crate::keyspace::shard::Swept;
use crate::store::Registry;
use crate::store::Store;
use crate::store::events::Attendant;
use crate::store::events::Cause;
use crate::store::events::EventClass;
use crate::store::events::Interest;
use crate::store::events::Listener;
use crate::store::events::Notices;
use crate::telemetry::Event;
use crate::telemetry::ExpiryMode;
use crate::telemetry::Telemetry;
use crate::telemetry::events::store::ExpiryOverrun;
use crate::telemetry::events::store::ExpirySwept;
use crate::telemetry::nanoseconds;
use crate::telemetry::operation;

/// Keys and fields removed under one hold of a shard's lock: some tens of microseconds that a command may have to wait.
const KEYS_PER_HOLD: u64 = 64;
/// A sweep that finds much to do works so long before it lets others have its core.
const SLICE: Duration = Duration::from_micros(250);
/// A sweep that has gone on for so long ends, and the next begins.
const SWEEP_MAX: Duration = Duration::from_millis(100);

/// Sweeps all stores.
pub struct Sweeper {
    registry: Arc<Registry>,
    telemetry: Telemetry,
    listener: Arc<dyn Listener>,
    attendant: Arc<dyn Attendant>,
    /// Where each round begins, so that no shard is always the last when time runs out.
    first_shard: usize,
    /// Shards with changed keys for which somebody waits and could not be served, with their stores.
    unattended: Vec<(usize, usize)>,
}

/// What a sweep came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Sweep {
    /// Something that is due is left over.
    pub left: bool,
    /// Time it worked, its pauses not counted.
    pub worked: Duration,
    /// The longest time that it worked without a pause.
    pub longest: Duration,
    /// How long to wait before what is left over is swept.
    pub pause: Duration,
}

/// Lets a sweep work in slices, with pauses between them.
struct Pace {
    began: Instant,
    slice_began: Instant,
    /// Quarters of the time that it may work: one, or more while memory is short.
    quarters: u32,
    sweep: Sweep,
}

impl Pace {
    fn new(quarters: u32) -> Self {
        let now = Instant::now();
        Self { began: now, slice_began: now, quarters: quarters.clamp(1, 4), sweep: Sweep::default() }
    }

    /// Pauses if it is time to.
    fn step(&mut self) {
        let slice = self.slice_began.elapsed();
        if slice >= SLICE {
            self.end_slice(slice);
            std::thread::sleep(self.sweep.pause);
            self.slice_began = Instant::now();
        }
    }

    fn end_slice(&mut self, slice: Duration) {
        self.sweep.worked += slice;
        self.sweep.longest = self.sweep.longest.max(slice);
        // Of the slice that it should have been: a slice that was longer has waited for a core, or for a lock.
        self.sweep.pause = slice.min(SLICE) * (4 - self.quarters) / self.quarters;
    }

    /// Whether the sweep has gone on for long enough.
    fn is_over(&self) -> bool {
        self.began.elapsed() >= SWEEP_MAX
    }

    fn end(mut self, left: bool) -> Sweep {
        self.end_slice(self.slice_began.elapsed());
        Sweep { left, ..self.sweep }
    }
}

impl Sweeper {
    /// A sweeper that is called once in each of the registry's intervals. It tells `listener` what it has removed, and has
    /// `attendant` serve those who wait for it.
    pub fn new(
        registry: Arc<Registry>,
        telemetry: Telemetry,
        listener: Arc<dyn Listener>,
        attendant: Arc<dyn Attendant>,
    ) -> Self {
        Self { registry, telemetry, listener, attendant, first_shard: 0, unattended: Vec::new() }
    }

    /// Removes what has expired by `now`, and while it goes on what expires then. It works for a quarter of the time that it
    /// takes, for more while memory is short, and takes a tenth of a second at the most, but for what one hold of each shard may remove.
    pub fn sweep(&mut self, now: UnixMillis) -> Sweep {
        let attendant = Arc::clone(&self.attendant);
        self.unattended.retain(|(store, shard)| !attendant.attend(*store, *shard));
        let due = |store: &&Store| store.census().expiring + store.census().expiring_in_part > 0;
        let registry = Arc::clone(&self.registry);
        if !registry.all().any(|store| due(&store)) {
            return Sweep::default();
        }
        let running = operation::EXPIRY_CYCLE.start();
        let (mut pace, mut left) = (Pace::new(registry.pressure().sweep_quarters()), false);
        for store in registry.all().filter(due) {
            left |= self.sweep_store(store, now, &mut pace);
        }
        self.first_shard = self.first_shard.wrapping_add(1);
        running.succeed();
        pace.end(left)
    }

    fn sweep_store(&mut self, store: &Store, now: UnixMillis, pace: &mut Pace) -> bool {
        let began = Instant::now();
        let shards = store.keyspace().shards();
        let mut total = Swept::default();
        for offset in 0..shards {
            let shard = (self.first_shard + offset) % shards;
            loop {
                let passed = u64::try_from(pace.began.elapsed().as_millis()).unwrap_or(u64::MAX);
                let swept = self.sweep_shard(store, shard, now.saturating_add(passed));
                total.add(swept);
                pace.step();
                if !swept.more {
                    break;
                }
                if pace.is_over() {
                    total.more = true;
                    break;
                }
            }
        }
        self.tell(store, total, began.elapsed());
        total.more
    }

    /// Sweeps under one hold of a shard's lock, and under the same tells who is interested: as many notices as a hold may
    /// remove keys and fields. What was removed is freed when the lock is given back.
    fn sweep_shard(&mut self, store: &Store, shard: usize, now: UnixMillis) -> Swept {
        let (mut notices, mut garbage) = (Notices::default(), Vec::new());
        let mut data = store.keyspace().lock(shard);
        let interest = self.registry.interests().now();
        let swept = data.sweep_telling(
            now,
            KEYS_PER_HOLD,
            &mut |key, lapse| {
                if !interest.is_none() {
                    note(&mut notices, interest, store.index(), key, lapse);
                }
            },
            &mut garbage,
        );
        if !notices.is_empty() {
            self.listener.hear(notices);
        }
        let awaited = !data.waits().changed().is_empty();
        drop(data);
        if awaited && !self.attendant.attend(store.index(), shard) {
            self.unattended.push((store.index(), shard));
        }
        swept
    }

    fn tell(&self, store: &Store, swept: Swept, took: Duration) {
        let duration_ns = nanoseconds(took);
        if swept.keys + swept.fields > 0 {
            let (meters, index) = (self.telemetry.meters(), store.index() as u16);
            meters.expired(index, ExpiryMode::Active, swept.keys);
            meters.expired_fields(index, ExpiryMode::Active, swept.fields);
            meters.expired_sessions(index, ExpiryMode::Active, swept.sessions);
            meters.expiry_lags(index, swept.lags.counts(), swept.lags.sum_ms());
            ExpirySwept {
                store: &store.name(),
                keys: swept.keys,
                fields: swept.fields,
                sessions: swept.sessions,
                bytes: swept.bytes,
                lag_ns: swept.lag_max.saturating_mul(1_000_000),
                duration_ns,
            }
            .emit();
        }
        if swept.more {
            ExpiryOverrun { store: &store.name(), duration_ns }.emit();
        }
    }
}

fn note(notices: &mut Notices, interest: Interest, store: usize, key: &[u8], lapse: Lapse) {
    let (first, gone) = match lapse {
        Lapse::Key => ((EventClass::Expired, "expired"), None),
        Lapse::Fields { emptied } => {
            ((EventClass::Hash, "hexpired"), emptied.then_some((EventClass::Generic, "del")))
        }
    };
    for event in std::iter::once(first).chain(gone) {
        notices.add(interest, (store, key), Some(Cause::Time), Some(event));
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::config::Config;
    use crate::keyspace::key::HashSeed;
    use crate::store::events::Notice;
    use crate::store::events::Selection;
    use crate::telemetry::NodeIdentity;
    use crate::value::hash::Hash;
    use crate::value::hash::Pair;
    use crate::value::limits::Limits;
    use crate::value::string::Str;

    #[derive(Default)]
    struct Heard(Mutex<Vec<Notice>>);

    impl Listener for Heard {
        fn hear(&self, notices: Notices) {
            self.0.lock().extend(notices.keys);
        }
    }

    /// Serves at the second call.
    #[derive(Default)]
    struct Late(Mutex<Vec<(usize, usize)>>);

    impl Attendant for Late {
        fn attend(&self, store: usize, shard: usize) -> bool {
            self.0.lock().push((store, shard));
            self.0.lock().len() > 1
        }
    }

    #[test]
    fn removes_what_is_due_and_counts_it() {
        let mut config = Config::default();
        config.cache.expiry_interval = Duration::from_secs(40);
        let registry = Arc::new(Registry::new(&config.stores, &config.cache, HashSeed(5)));
        let node = NodeIdentity { id: "node-1".to_owned(), version: "0" };
        let quiet = crate::config::Telemetry {
            log: crate::config::Log { stdout: false, files: false, ..config.telemetry.log.clone() },
            ..config.telemetry.clone()
        };
        let (telemetry, guard) =
            Telemetry::builder(&quiet, &node, vec!["_OTHER".to_owned()], vec!["default".to_owned()])
                .build()
                .unwrap();
        let keyspace = registry.get(0).unwrap().keyspace();
        for n in 0..1000_u64 {
            let key = format!("k{n}");
            let key = keyspace.hashed(key.as_bytes());
            let deadline = Some(match n {
                0..300 => 1000 + n,
                300..600 => 20_000 + n,
                _ => 100_000,
            });
            keyspace.lock(keyspace.shard_of(key.hash)).set(key, Str::new(b"v").into(), deadline, 0);
        }
        let mut hash = Hash::new(keyspace.seed().0);
        for (field, deadline) in [(b"a", Some(1100)), (b"b", Some(40_000)), (b"c", None)] {
            hash.set(Pair { field, value: b"", deadline }, &Limits::DEFAULT);
        }
        let key = keyspace.hashed(b"hash");
        keyspace.lock(keyspace.shard_of(key.hash)).set(key, hash.into(), None, 0);
        let heard = Arc::new(Heard::default());
        let listener: Arc<dyn Listener> = Arc::clone(&heard) as Arc<dyn Listener>;
        let late = Arc::new(Late::default());
        let attendant: Arc<dyn Attendant> = Arc::clone(&late) as Arc<dyn Attendant>;
        let mut sweeper = Sweeper::new(Arc::clone(&registry), telemetry.clone(), listener, attendant);
        let awaited = keyspace.hashed(b"k7");
        let shard = keyspace.shard_of(awaited.hash);
        keyspace.lock(shard).waits().add(awaited.hash, 1);
        let sweep = sweeper.sweep(1299);
        assert!(!sweep.left && sweep.worked >= sweep.longest, "{sweep:?}");
        assert_eq!(*late.0.lock(), [(0, shard)]);
        assert_eq!(registry.get(0).unwrap().census().keys, 701);
        assert!(heard.0.lock().is_empty(), "nobody has asked for it");
        registry.interests().select(Selection::parse(b"Khx").unwrap());
        assert!(!sweeper.sweep(50_000).left);
        assert_eq!(late.0.lock()[..2], [(0, shard), (0, shard)], "who could not be served is served later");
        assert_eq!(registry.get(0).unwrap().census().keys, 401);
        let told = std::mem::take(&mut *heard.0.lock());
        let count =
            |name| told.iter().filter(|notice| notice.event.is_some_and(|(_, event)| event == name)).count();
        assert_eq!((told.len(), count("expired"), count("hexpired")), (301, 300, 1));
        let totals = telemetry.meters().totals();
        let store = &totals.stores[0];
        assert_eq!((store.expired_active, store.expired_fields_active), (600, 2));
        // Each key is counted: 300 by the first sweep, at most some 299 ms late, the others by the second.
        let first: u64 = store.expiry_lags[..15].iter().sum();
        assert_eq!((first, store.expiry_lags.iter().sum::<u64>()), (300, 600));
        assert!(store.expiry_lag_ms >= 300 * 29_000);
        let bounds = crate::telemetry::buckets::LAG_SECONDS;
        for (bucket, bound) in bounds.iter().enumerate() {
            let mut lags = crate::keyspace::lag::Lags::default();
            lags.count((bound * 1000.0).round() as u64);
            assert_eq!(lags.counts()[bucket], 1, "{bound} s");
        }
        guard.shutdown(Duration::from_secs(1));
    }
}
