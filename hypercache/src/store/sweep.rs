//! Removes expired keys in the background, a bounded amount at a time.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crate::keyspace::entry::UnixMillis;
use crate::keyspace::shard::Lapse;
use crate::keyspace::shard::Swept;
use crate::store::Registry;
use crate::store::Store;
use crate::store::events::Cause;
use crate::store::events::EventClass;
use crate::store::events::Interest;
use crate::store::events::Listener;
use crate::store::events::Notice;
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

/// Sweeps all stores.
pub struct Sweeper {
    registry: Arc<Registry>,
    telemetry: Telemetry,
    listener: Arc<dyn Listener>,
    /// Where each round begins, so that no shard is always the last when time runs out.
    first_shard: usize,
}

impl Sweeper {
    /// A sweeper that is called once in each of the registry's intervals, and tells `listener` what it has removed.
    pub fn new(registry: Arc<Registry>, telemetry: Telemetry, listener: Arc<dyn Listener>) -> Self {
        Self { registry, telemetry, listener, first_shard: 0 }
    }

    /// Removes what has expired by `now`, as far as its time goes. Whether something is left over.
    pub fn sweep(&mut self, now: UnixMillis) -> bool {
        let due = |store: &&Store| store.census().expiring + store.census().expiring_in_part > 0;
        if !self.registry.all().any(|store| due(&store)) {
            return false;
        }
        let running = operation::EXPIRY_CYCLE.start();
        let share = self.registry.sweep_interval() / 4 * self.registry.pressure().sweep_quarters();
        let until = Instant::now() + share;
        let mut left = false;
        for store in self.registry.all().filter(due) {
            left |= self.sweep_store(store, now, until);
        }
        self.first_shard = self.first_shard.wrapping_add(1);
        running.succeed();
        left
    }

    fn sweep_store(&self, store: &Store, now: UnixMillis, until: Instant) -> bool {
        let began = Instant::now();
        let shards = store.keyspace().shards();
        let mut total = Swept::default();
        for offset in 0..shards {
            let shard = (self.first_shard + offset) % shards;
            loop {
                let swept = self.sweep_shard(store, shard, now);
                total.add(swept);
                if !swept.more {
                    break;
                }
                if Instant::now() >= until {
                    total.more = true;
                    break;
                }
            }
        }
        self.tell(store, total, began.elapsed());
        total.more
    }

    /// Sweeps under one hold of a shard's lock, and under the same tells who is interested: as many notices as a hold may
    /// remove keys and fields.
    fn sweep_shard(&self, store: &Store, shard: usize, now: UnixMillis) -> Swept {
        let mut data = store.keyspace().lock(shard);
        let interest = self.registry.interests().now();
        if interest.is_none() {
            return data.sweep(now, KEYS_PER_HOLD);
        }
        let mut notices = Notices::default();
        let swept = data.sweep_telling(now, KEYS_PER_HOLD, &mut |key, lapse| {
            note(&mut notices, interest, store.index(), key, lapse);
        });
        if !notices.is_empty() {
            self.listener.hear(notices);
        }
        swept
    }

    fn tell(&self, store: &Store, swept: Swept, took: Duration) {
        let duration_ns = nanoseconds(took);
        if swept.keys + swept.fields > 0 {
            let (meters, index) = (self.telemetry.meters(), store.index() as u16);
            meters.expired(index, ExpiryMode::Active, swept.keys);
            meters.expired_fields(index, ExpiryMode::Active, swept.fields);
            ExpirySwept {
                store: &store.name(),
                keys: swept.keys,
                fields: swept.fields,
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
    let modified = interest.tracks().then_some(Cause::Time);
    for event in std::iter::once(first).chain(gone) {
        let event = Some(event).filter(|(class, _)| interest.hears(*class));
        if modified.is_some() || event.is_some() {
            notices.keys.push(Notice { store, key: key.into(), modified, event });
        }
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::config::Config;
    use crate::keyspace::key::HashSeed;
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
            let deadline = Some(if n < 600 { 1000 + n } else { 100_000 });
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
        let mut sweeper = Sweeper::new(Arc::clone(&registry), telemetry.clone(), listener);
        assert!(!sweeper.sweep(1299), "nothing is left over");
        assert_eq!(registry.get(0).unwrap().census().keys, 701);
        assert!(heard.0.lock().is_empty(), "nobody has asked for it");
        registry.interests().select(Selection::parse(b"Khx").unwrap());
        assert!(!sweeper.sweep(50_000));
        assert_eq!(registry.get(0).unwrap().census().keys, 401);
        let told = std::mem::take(&mut *heard.0.lock());
        let count =
            |name| told.iter().filter(|notice| notice.event.is_some_and(|(_, event)| event == name)).count();
        assert_eq!((told.len(), count("expired"), count("hexpired")), (301, 300, 1));
        let totals = telemetry.meters().totals();
        assert_eq!((totals.stores[0].expired_active, totals.stores[0].expired_fields_active), (600, 2));
        guard.shutdown(Duration::from_secs(1));
    }
}
