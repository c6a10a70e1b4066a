use super::*;
use crate::keyspace::entry::Given;
use crate::keyspace::key::HashSeed;
use crate::keyspace::key::HashedKey;
use crate::keyspace::setup::Setup;
use crate::value::string::Str;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SEED: HashSeed = HashSeed(3);
const NOW: u64 = 500_000;

fn hashed(key: &[u8]) -> HashedKey<'_> {
    HashedKey { bytes: key, hash: SEED.hash(key) }
}

#[derive(Debug, Clone, Copy)]
struct Known {
    used: u64,
    deadline: Option<u64>,
    asked: u32,
    written: u64,
}

/// The rank that the model gives: the highest goes first.
fn model_rank(known: &Known, order: Order) -> (u64, u64) {
    let unused = u64::MAX - known.used / 1000;
    let proven = known.used > known.written;
    match order {
        Order::Recency => {
            let idle = (NOW - known.used) / 1000 * 16;
            (if proven { idle } else { 8 * idle + 4 }, 0)
        }
        Order::Frequency => (u64::from(15 - known.asked.min(15)), unused),
        Order::Deadline => (u64::MAX - known.deadline.unwrap_or(u64::MAX), 0),
        Order::Chance => (0, 0),
    }
}

proptest! {
    #[test]
    fn a_sample_of_all_finds_the_victim_of_the_model(
        steps in proptest::collection::vec(
            (0u8..40, proptest::bool::ANY, proptest::option::of(1_000_000u64..2_000_000)), 1..120),
        order in proptest::sample::select(vec![Order::Recency, Order::Frequency, Order::Chance, Order::Deadline]),
        expiring_only in proptest::bool::ANY,
        random in proptest::num::u64::ANY,
    ) {
        let policy = Policy { order, expiring_only: expiring_only || order == Order::Deadline };
        let mut shard = Shard::new(Setup::plain(SEED), 0);
        shard.count_usage(order == Order::Frequency);
        let mut model: BTreeMap<u8, Known> = BTreeMap::new();
        for (step, (key, writes, deadline)) in steps.into_iter().enumerate() {
            let now = step as u64 * 1000;
            if writes || !model.contains_key(&key) {
                let known = shard.set(hashed(&[key]), Given::Value(Str::Growing(vec![1]).into()), deadline, now).is_some();
                let asked = model.get(&key).map_or(0, |known| known.asked) + u32::from(known);
                model.insert(key, Known { used: now, deadline, asked, written: now });
            } else {
                shard.read(hashed(&[key]), now);
                let known = model.get_mut(&key).unwrap();
                (known.used, known.asked) = (now, known.asked + 1);
            }
        }
        let now = NOW;
        loop {
            let mut best: Option<(Rank, u64)> = None;
            let seen = shard.candidates(policy, now, random, usize::MAX, |hash, rank| {
                best = best.max(Some((rank, hash)));
            });
            let may_go = |known: &Known| !policy.expiring_only || known.deadline.is_some();
            let expected = model.values().filter(|known| may_go(known)).map(|known| model_rank(known, order)).max();
            let Some((_, hash)) = best else {
                prop_assert_eq!(expected, None);
                break;
            };
            if order != Order::Deadline {
                prop_assert_eq!(seen, model.values().filter(|known| may_go(known)).count());
            }
            let (entry, overdue) = shard.evict(hash, policy, now).unwrap();
            let known = model.remove(&entry.key()[0]).unwrap();
            prop_assert!(!overdue && may_go(&known));
            // Keys that the sketch cannot tell apart may stand in for each other.
            if order != Order::Frequency {
                prop_assert_eq!(Some(model_rank(&known, order)), expected);
            } else {
                prop_assert!(shard.frequency(hash).unwrap() >= known.asked.min(15) as u8);
            }
        }
    }
}

#[test]
fn the_overdue_go_first_and_count_as_expired() {
    let mut shard = Shard::new(Setup::plain(SEED), 0);
    shard.set(hashed(b"old"), Given::Value(Str::Growing(Vec::new()).into()), None, 0);
    shard.set(hashed(b"overdue"), Given::Value(Str::Growing(Vec::new()).into()), Some(5000), 4000);
    let policy = Policy { order: Order::Recency, expiring_only: false };
    let mut ranks = Vec::new();
    shard.candidates(policy, 6000, 1, 9, |hash, rank| ranks.push((rank, hash)));
    assert_eq!(ranks.iter().max(), Some(&(OVERDUE, hashed(b"overdue").hash)));
    let (_, overdue) = shard.evict(hashed(b"overdue").hash, policy, 6000).unwrap();
    assert!(overdue && shard.len() == 1);
}

#[test]
fn one_of_few_that_may_go_is_found_among_many() {
    let mut shard = Shard::new(Setup::plain(SEED), 0);
    for key in 0..5000u32 {
        shard.set(hashed(&key.to_le_bytes()), Given::Value(Str::Growing(Vec::new()).into()), None, 0);
    }
    shard.set(hashed(b"fleeting"), Given::Value(Str::Growing(Vec::new()).into()), Some(9000), 0);
    let policy = Policy { order: Order::Recency, expiring_only: true };
    for random in 0..50 {
        let mut found = Vec::new();
        assert_eq!(shard.candidates(policy, 0, random << 31, 5, |hash, _| found.push(hash)), 1);
        assert_eq!(found, [hashed(b"fleeting").hash]);
    }
}
