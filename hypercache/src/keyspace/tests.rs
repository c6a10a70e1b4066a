use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::keyspace::departure::Departure;
use crate::keyspace::shard::Lapse;
use crate::value::string::Str;
use crate::value::string::StrRef;

fn keyspace() -> Keyspace {
    Keyspace::new(4, Setup::plain(HashSeed(42)))
}

fn with<R>(keyspace: &Keyspace, key: &[u8], work: impl FnOnce(&mut Shard, HashedKey<'_>) -> R) -> R {
    let key = keyspace.hashed(key);
    work(&mut keyspace.lock(keyspace.shard_of(key.hash)), key)
}

fn sweep(keyspace: &Keyspace, now: u64) -> u64 {
    (0..keyspace.shards()).map(|shard| keyspace.lock(shard).sweep(now, u64::MAX).keys).sum()
}

#[test]
fn a_scan_over_all_shards_sees_every_key_once() {
    let keyspace = keyspace();
    for n in 0..5000 {
        with(&keyspace, format!("k{n}").as_bytes(), |shard, key| {
            shard.set(key, Str::new(b"v").into(), None, 0)
        });
    }
    for count in [1, 7, 500, 100_000] {
        let (mut seen, mut from) = (Vec::new(), Some(0));
        while let Some(at) = from {
            from = keyspace.scan(at, count, |entry| seen.push(entry.key().to_vec()));
        }
        seen.sort();
        let before = seen.len();
        seen.dedup();
        assert_eq!((before, seen.len()), (5000, 5000), "count {count}");
    }
}

#[test]
fn a_sweep_takes_what_is_due_within_its_budget() {
    let keyspace = Keyspace::new(1, Setup::plain(HashSeed(1)));
    for n in 0..100_u64 {
        with(&keyspace, format!("k{n}").as_bytes(), |shard, key| {
            shard.set(key, Str::new(b"v").into(), Some(1000 + n), 0)
        });
    }
    let swept = keyspace.lock(0).sweep(1050, 20);
    assert_eq!((swept.keys, swept.more, swept.lag_max), (20, true, 50));
    assert_eq!(sweep(&keyspace, 1050), 31);
    assert_eq!(keyspace.census().keys, 49);
    assert_eq!(keyspace.census().expiring, 49);
}

#[test]
fn deadlines_are_met_in_order_through_splits_and_joins() {
    let keyspace = Keyspace::new(1, Setup::plain(HashSeed(9)));
    let name = |n: u64| format!("k{n}").into_bytes();
    // Many at once for each deadline, and not in the order of the deadlines.
    let deadline = |n: u64| 1 + n * 7919 % 1000;
    let keys = 0..20_000;
    for n in keys.clone() {
        with(&keyspace, &name(n), |shard, key| {
            shard.set(key, StrRef::new(b"v").into(), Some(deadline(n)), 0)
        });
    }
    for n in keys.clone().filter(|n| n % 4 != 0) {
        with(&keyspace, &name(n), |shard, key| match n % 4 {
            1 => assert!(shard.remove(key, Departure::Deleted).is_some()),
            2 => assert!(shard.set_deadline(key, None, 0)),
            _ => assert!(shard.set_deadline(key, Some(u64::MAX - n), 0)),
        });
    }
    assert_eq!((keyspace.census().expiring, keyspace.census().keys), (10_000, 15_000));
    let mut shard = keyspace.lock(0);
    for now in [0, 1, 2, 500, 1000, 1 << 50] {
        let before = keys.clone().filter(|n| n % 4 == 0 && deadline(*n) <= now).count();
        let mut last = 0;
        let tell = &mut |key: &[u8], lapse| {
            let n: u64 = std::str::from_utf8(&key[1..]).unwrap().parse().unwrap();
            assert_eq!((n % 4, lapse), (0, Lapse::Key));
            assert!(last <= deadline(n) && deadline(n) <= now, "in order and not too early");
            last = deadline(n);
        };
        shard.sweep_telling(now, u64::MAX, tell, &mut Vec::new());
        assert_eq!(shard.len(), 15_000 - before);
    }
    assert_eq!(shard.expiring(), 5000);
}

#[derive(Debug, Clone)]
enum Step {
    Set(u8, Vec<u8>, Option<u64>),
    Put(u8, Vec<u8>, Option<u64>),
    Append(u8, Vec<u8>),
    Deadline(u8, Option<u64>),
    Remove(u8),
    Sweep(u64),
}

fn step() -> impl Strategy<Value = Step> {
    // Integers, strings that lie in their entry, and longer ones.
    let bytes = || {
        prop_oneof![
            4 => prop::collection::vec(any::<u8>(), 0..60),
            1 => any::<i64>().prop_map(|number| number.to_string().into_bytes()),
            1 => prop::collection::vec(any::<u8>(), 400..700),
        ]
    };
    let deadline = || prop::option::of(1u64..1000);
    prop_oneof![
        (any::<u8>(), bytes(), deadline()).prop_map(|(k, v, d)| Step::Set(k, v, d)),
        (any::<u8>(), bytes(), deadline()).prop_map(|(k, v, d)| Step::Put(k, v, d)),
        (any::<u8>(), bytes()).prop_map(|(k, v)| Step::Append(k, v)),
        (any::<u8>(), deadline()).prop_map(|(k, d)| Step::Deadline(k, d)),
        any::<u8>().prop_map(Step::Remove),
        (0u64..1000).prop_map(Step::Sweep),
    ]
}

proptest! {
    /// Against a plain map: same content, and the byte count equals a recount.
    #[test]
    fn agrees_with_a_plain_map(steps in prop::collection::vec(step(), 1..300)) {
        let keyspace = keyspace();
        let mut model: BTreeMap<u8, (Vec<u8>, Option<u64>)> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Set(k, value, deadline) => {
                    with(&keyspace, &[k], |shard, key| shard.set(key, Str::new(&value).into(), deadline, 0));
                    model.insert(k, (value, deadline));
                }
                Step::Put(k, value, deadline) => {
                    with(&keyspace, &[k], |shard, key| shard.set(key, StrRef::new(&value).into(), deadline, 0));
                    model.insert(k, (value, deadline));
                }
                Step::Append(k, more) => {
                    let done = with(&keyspace, &[k], |shard, key| shard.update(key, 0, |value| {
                        value.as_str_mut().unwrap().make_growing().extend_from_slice(&more);
                    }));
                    prop_assert_eq!(done.is_some(), model.contains_key(&k));
                    if let Some((value, _)) = model.get_mut(&k) {
                        value.extend_from_slice(&more);
                    }
                }
                Step::Deadline(k, deadline) => {
                    let done = with(&keyspace, &[k], |shard, key| shard.set_deadline(key, deadline, 0));
                    prop_assert_eq!(done, model.contains_key(&k));
                    if let Some((_, old)) = model.get_mut(&k) {
                        *old = deadline;
                    }
                }
                Step::Remove(k) => {
                    let gone = with(&keyspace, &[k], |shard, key| shard.remove(key, Departure::Deleted).is_some());
                    prop_assert_eq!(gone, model.remove(&k).is_some());
                }
                Step::Sweep(now) => {
                    let before = model.len();
                    model.retain(|_, (_, deadline)| deadline.is_none_or(|deadline| deadline > now));
                    prop_assert_eq!(sweep(&keyspace, now), (before - model.len()) as u64);
                }
            }
        }
        let (mut content, mut bytes) = (BTreeMap::new(), 0);
        keyspace.scan(0, usize::MAX, |entry| {
            content.insert(entry.key()[0], (entry.value().as_str().unwrap().bytes().into_owned(), entry.deadline()));
            bytes += entry.footprint();
        });
        let census = keyspace.census();
        prop_assert_eq!(census, Census { keys: model.len(), expiring: census.expiring, expiring_in_part: 0, bytes, ..census });
        prop_assert_eq!(census.expiring, model.values().filter(|(_, deadline)| deadline.is_some()).count());
        prop_assert_eq!(content, model);
    }
}
