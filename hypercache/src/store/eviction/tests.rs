use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use parking_lot::Mutex;
use proptest::prelude::*;

use crate::config::Config;
use crate::config::Eviction as Rule;
use crate::config::LimitSource;
use crate::config::ProcessLimit;
use crate::keyspace::entry::Given;
use crate::keyspace::key::HashSeed;
use crate::store::Registry;
use crate::store::Store;
use crate::store::events::Listener;
use crate::store::events::Notices;
use crate::store::events::Selection;
use crate::store::eviction::Evictor;
use crate::store::pressure::Level;
use crate::store::pressure::Reading;
use crate::value::string::Str;

#[derive(Default)]
struct Heard(Mutex<Vec<Notices>>);

impl Listener for Heard {
    fn hear(&self, notices: Notices) {
        self.0.lock().push(notices);
    }
}

fn registry(rules: &[(Rule, u64)], limit: u64, shards: usize) -> (Arc<Registry>, Evictor, Arc<Heard>) {
    let mut config = Config::default();
    config.cache.shards = shards;
    config.cache.max_memory = limit;
    let plain = config.stores[0].clone();
    config.stores = rules
        .iter()
        .enumerate()
        .map(|(number, (eviction, max_memory))| crate::config::Store {
            name: format!("store-{number}"),
            eviction: *eviction,
            max_memory: *max_memory,
            ..plain.clone()
        })
        .collect();
    let registry = Arc::new(Registry::new(&config.stores, &config.cache, HashSeed(11)));
    let heard = Arc::new(Heard::default());
    let listener: Arc<dyn Listener> = Arc::clone(&heard) as Arc<dyn Listener>;
    (Arc::clone(&registry), Evictor::new(registry, listener), heard)
}

fn set(store: &Store, key: &[u8], bytes: usize, deadline: Option<u64>, now: u64) {
    let key = store.keyspace().hashed(key);
    let shard = store.keyspace().shard_of(key.hash);
    store.keyspace().lock(shard).set(
        key,
        Given::Value(Str::Growing(vec![b'x'; bytes]).into()),
        deadline,
        now,
    );
}

fn read(store: &Store, key: &[u8], now: u64) -> bool {
    let key = store.keyspace().hashed(key);
    store.keyspace().lock(store.keyspace().shard_of(key.hash)).read(key, now).is_some()
}

fn holds(store: &Store, key: &[u8]) -> bool {
    let key = store.keyspace().hashed(key);
    store.keyspace().lock(store.keyspace().shard_of(key.hash)).get(key).is_some()
}

fn used(store: &Store) -> u64 {
    store.census().total_bytes() as u64
}

#[test]
fn the_longest_unused_go_first_until_there_is_room() {
    let (registry, evictor, heard) = registry(&[(Rule::Lru, 200_000)], 0, 4);
    registry.interests().select(Selection::parse(b"Ee").unwrap());
    let store = registry.get(0).unwrap();
    for key in 0..100u64 {
        set(store, &key.to_le_bytes(), 1000, None, key * 1000);
    }
    // The oldest ten are used again.
    (0..10u64).for_each(|key| assert!(read(store, &key.to_le_bytes(), 200_000)));
    registry.eviction().set_samples(64);
    let wanted = 200_000 - used(store) + 5000;
    let (freed, reached) = evictor.make_room(store, wanted, 300_000);
    let freed = freed.unwrap();
    assert!(reached.is_none() && freed.keys >= 4 && freed.bytes >= 5000, "{freed:?}");
    assert!((0..10u64).all(|key| holds(store, &key.to_le_bytes())));
    let gone = (10..100u64).filter(|key| !holds(store, &key.to_le_bytes())).collect::<Vec<_>>();
    assert_eq!(gone.len() as u64, freed.keys);
    assert!(gone.iter().all(|key| *key < 30), "{gone:?}");
    let told = heard.0.lock().iter().flat_map(|notices| notices.keys.clone()).collect::<Vec<_>>();
    assert_eq!(told.len(), gone.len());
    assert!(told.iter().all(|notice| notice.event.unwrap().1 == "evicted"));
    assert_eq!(store.evictions().evicted_keys(), freed.keys);
    let tally = store.evictions().take_tally();
    assert_eq!((tally.keys, tally.bytes), (freed.keys, freed.bytes));
    assert_eq!(store.evictions().evicted_keys(), freed.keys, "what is told still counts");
}

#[test]
fn what_may_not_go_is_refused_and_what_fits_nowhere_empties_nothing() {
    let (registry, evictor, _) = registry(&[(Rule::None, 10_000), (Rule::VolatileLru, 50_000)], 0, 2);
    let (none, volatile) = (registry.get(0).unwrap(), registry.get(1).unwrap());
    set(none, b"a", 10_000, None, 0);
    let (_, reached) = evictor.make_room(none, 10, 0);
    assert_eq!(reached.unwrap().reason, "store_limit");
    for key in 0..50u64 {
        set(volatile, &key.to_le_bytes(), 1000, (key % 10 == 0).then_some(1_000_000), key);
    }
    let (freed, reached) = evictor.make_room(volatile, 20_000, 100);
    assert_eq!((freed.unwrap().keys, reached.is_some()), (5, false), "only those with a deadline");
    assert!((0..50u64).all(|key| (key % 10 == 0) != holds(volatile, &key.to_le_bytes())));
    set(volatile, b"more", 20_000, None, 0);
    let (_, reached) = evictor.make_room(volatile, 10, 100);
    assert!(reached.is_some() && !volatile.may_evict());
    let (registry, evictor, _) = self::registry(&[(Rule::Lru, 50_000)], 0, 2);
    let store = registry.get(0).unwrap();
    (0..30u64).for_each(|key| set(store, &key.to_le_bytes(), 1000, None, key));
    let (_, reached) = evictor.make_room(store, 60_000, 100);
    assert!(reached.is_some());
    assert_eq!(store.census().keys, 30, "no room could be made, so nothing had to go");
}

#[test]
fn stores_pay_for_the_limit_of_the_node_by_what_they_hold() {
    let rules = [(Rule::Lru, 0), (Rule::Random, 0), (Rule::None, 0)];
    let (registry, evictor, _) = registry(&rules, 500_000, 8);
    for key in 0..100u64 {
        for (number, store) in registry.all().enumerate() {
            (0..=2 * (1 - number.min(1)))
                .for_each(|part| set(store, &[key as u8, part as u8], 500, None, key));
        }
    }
    registry.set_limit_bytes(registry.used_bytes() - 50_000);
    while registry.used_bytes() > registry.limit_bytes() {
        let (freed, more) = evictor.relieve(1000, Duration::from_millis(50));
        assert!(freed.keys > 0 && !more);
    }
    let keys: Vec<usize> = registry.all().map(|store| store.census().keys).collect();
    assert_eq!(keys[2], 100, "none of what may not go");
    assert!(keys[0] < 275 && keys[1] < 100, "{keys:?}");
    assert!(registry.used_bytes() + 3000 > registry.limit_bytes(), "and not more than was needed");
}

#[test]
fn what_is_asked_for_often_outlives_what_is_not() {
    let (registry, evictor, _) = registry(&[(Rule::Lfu, 1 << 20)], 0, 2);
    let store = registry.get(0).unwrap();
    for key in 0..200u64 {
        set(store, &key.to_le_bytes(), 1000, None, 0);
        (0..if key < 100 { 5 } else { 0 }).for_each(|_| assert!(read(store, &key.to_le_bytes(), key * 100)));
    }
    let mut more = 0u64;
    while more < 800 {
        let now = 100_000 + more * 1000;
        let (_, reached) = evictor.make_room(store, 5_000, now);
        assert!(reached.is_none());
        assert!(!read(store, &(1000 + more).to_le_bytes(), now), "it counts that somebody asked");
        set(store, &(1000 + more).to_le_bytes(), 5000, None, now);
        more += 1;
    }
    let kept = |keys: std::ops::Range<u64>| keys.filter(|key| holds(store, &key.to_le_bytes())).count();
    assert!(kept(0..100) >= 95, "{} {}", kept(0..100), kept(100..200));
    assert!(kept(100..200) <= 20, "{}", kept(100..200));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn accounting_equals_a_recount_and_keys_without_a_time_to_live_stay(
        keys in proptest::collection::vec((0u16..400, 0usize..3000, proptest::option::of(1u64..100_000)), 1..300),
        rule in proptest::sample::select(&Rule::ALL[..]),
    ) {
        let (registry, evictor, _) = registry(&[(rule, 100_000)], 0, 4);
        let store = registry.get(0).unwrap();
        let mut lasting = std::collections::HashSet::new();
        let volatile = store.policy().is_some_and(|policy| policy.expiring_only);
        for (now, (key, bytes, deadline)) in keys.into_iter().enumerate() {
            let key = key.to_le_bytes();
            let now = now as u64 * 50;
            let (_, reached) = evictor.make_room(store, bytes as u64, now);
            if reached.is_some() {
                continue;
            }
            set(store, &key, bytes, deadline, now);
            if deadline.is_none() { lasting.insert(key) } else { lasting.remove(&key) };
        }
        if volatile || !store.evicts() {
            prop_assert!(lasting.iter().all(|key| holds(store, key)));
        } else if store.policy().is_some() {
            prop_assert!(used(store) <= 100_000 + 8192, "{}", used(store));
        }
        let (mut counted, mut bytes) = (0, 0);
        store.keyspace().scan(0, usize::MAX, |entry| {
            counted += 1;
            bytes += entry.footprint();
        });
        let census = store.census();
        prop_assert_eq!((counted, bytes), (census.keys, census.bytes));
        prop_assert!(store.keyspace().about_bytes().abs_diff(census.total_bytes()) <= 4 * 1024);
    }
}

#[test]
fn many_writers_stay_under_the_limit_and_leave_the_store_full() {
    const LIMIT: u64 = 4 << 20;
    let (registry, evictor, _) = registry(&[(Rule::Lru, LIMIT)], 0, 16);
    let evictor = Arc::new(evictor);
    let (done, highest, lowest) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(u64::MAX));
    let store = registry.get(0).unwrap();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4u64)
            .map(|writer| {
                let evictor = Arc::clone(&evictor);
                scope.spawn(move || {
                    for number in 0..20_000u64 {
                        let bytes = (number * 7919 % 1500) as usize;
                        let (_, reached) = evictor.make_room(store, bytes as u64 + 16, number);
                        assert!(reached.is_none());
                        set(store, &(writer << 32 | number).to_le_bytes(), bytes, None, number);
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            let mut full = false;
            while !done.load(Relaxed) {
                let now = used(store);
                full |= now > LIMIT * 9 / 10;
                highest.fetch_max(now, Relaxed);
                if full {
                    lowest.fetch_min(now, Relaxed);
                }
            }
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Relaxed);
    });
    let (highest, lowest) = (highest.load(Relaxed), lowest.load(Relaxed));
    assert!(highest <= LIMIT + (64 << 10), "{highest}");
    assert!(lowest >= LIMIT * 85 / 100, "{lowest}");
}

#[test]
fn who_may_not_evict_is_not_refused_because_the_process_needs_memory() {
    const MB: u64 = 1 << 20;
    for (rule, goes) in [(Rule::None, false), (Rule::VolatileLru, false), (Rule::Lru, true)] {
        let mut config = Config::default();
        config.cache.shards = 4;
        config.stores[0].eviction = rule;
        let limit = ProcessLimit { bytes: 100 * MB, source: LimitSource::Configured };
        let registry = Arc::new(Registry::new(&config.stores, &config.cache, HashSeed(11)).under(limit));
        let evictor = Evictor::new(Arc::clone(&registry), Arc::new(Heard::default()));
        let store = registry.get(0).unwrap();
        for n in 0..2000_u32 {
            set(store, &n.to_be_bytes(), 1000, None, 0);
        }
        let data = used(store);
        let reading = Reading { resident_bytes: 86 * MB, allocated_bytes: 81 * MB };
        registry.pressure().note(reading, data, Level::High, 100);
        assert!(registry.eviction_target_bytes() < data, "{rule:?}");
        let (freed, reached) = evictor.make_room(store, 100, 1);
        assert_eq!(reached, None, "{rule:?}");
        assert_eq!(freed.is_some_and(|freed| freed.keys > 0), goes, "{rule:?}");
        registry.set_limit_bytes(data - 1);
        let (_, reached) = evictor.make_room(store, 100, 1);
        let refused = reached.map(|reached| (reached.reason, reached.limit_bytes));
        assert_eq!(refused, (!goes).then_some(("node_limit", data - 1)), "{rule:?}");
    }
}
