use std::collections::BTreeSet;
use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::keyspace::key::HashSeed;
use crate::value::string::Str;

fn entry(key: &[u8]) -> Entry {
    // One in three has a deadline.
    let deadline = key.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    Entry::new(key, Str::new(b"v").into(), (deadline % 3 == 0).then_some(deadline), 0)
}

/// That the table knows its bytes and deadlines as a look at all segments tells them.
fn check_sums(table: &Table) {
    assert_eq!(table.segment_bytes, table.segments.iter().map(Segment::bytes).sum::<usize>());
    let mut dues = Vec::new();
    table.scan(0, usize::MAX, |entry| {
        dues.extend(entry.deadline().map(|deadline| Due::new(deadline, table.hasher.hash(entry.key()))));
    });
    assert_eq!(
        (table.expiring(), table.earliest.first().map(|(_, due)| due)),
        (dues.len(), dues.into_iter().min())
    );
}

fn name(number: u32) -> Vec<u8> {
    format!("key:{number}").into_bytes()
}

/// The hash under which a table with `prefix_bits` would hold the key: leading bits zeroed as its shard has it.
fn keys_of_prefix(seed: HashSeed, prefix_bits: u32, numbers: std::ops::Range<u32>) -> Vec<Vec<u8>> {
    numbers.map(name).filter(|key| prefix_bits == 0 || seed.hash(key) >> (64 - prefix_bits) == 0).collect()
}

fn fill(table: &mut Table, keys: &[Vec<u8>]) {
    for key in keys {
        table.insert(table.hasher.hash(key), entry(key));
    }
}

fn remove(table: &mut Table, key: &[u8]) -> bool {
    table.remove_by(table.hasher.hash(key), |entry| entry.key() == key).is_some()
}

fn scanned(table: &Table, count: usize) -> Vec<Vec<u8>> {
    let (mut seen, mut from) = (Vec::new(), Some(0));
    while let Some(at) = from {
        from = table.scan(at, count, |entry| seen.push(entry.key().to_vec()));
    }
    seen
}

#[test]
fn finds_all_after_growing_and_shrinking() {
    for prefix_bits in [0, 2] {
        let seed = HashSeed(7);
        let keys = keys_of_prefix(seed, prefix_bits, 0..60_000);
        let mut table = Table::new(seed, prefix_bits);
        fill(&mut table, &keys);
        assert_eq!(table.entries(), keys.len());
        assert!(table.segments.len() > keys.len() / SEGMENT_ENTRIES_MAX, "it was split");
        assert!(keys.iter().all(|key| table.find(seed.hash(key), key).is_some()));
        check_sums(&table);
        let grown = table.overhead_bytes();
        let (gone, kept) = keys.split_at(keys.len() - 100);
        assert!(gone.iter().all(|key| remove(&mut table, key)));
        assert!(!remove(&mut table, &gone[0]));
        check_sums(&table);
        assert!(kept.iter().all(|key| table.find(seed.hash(key), key).is_some()));
        assert!(table.overhead_bytes() < grown / 20, "{} of {grown}", table.overhead_bytes());
    }
}

#[test]
fn a_scan_sees_each_entry_once_while_nothing_changes() {
    let keys = keys_of_prefix(HashSeed(1), 2, 0..20_000);
    let mut table = Table::new(HashSeed(1), 2);
    fill(&mut table, &keys);
    for count in [1, 10, 1000, 1_000_000] {
        let seen = scanned(&table, count);
        assert_eq!(seen.len(), keys.len());
        assert_eq!(seen.iter().collect::<BTreeSet<_>>(), keys.iter().collect::<BTreeSet<_>>());
    }
}

#[test]
fn a_scan_in_small_steps_returns_about_as_many_as_asked() {
    let mut table = Table::new(HashSeed(3), 0);
    fill(&mut table, &keys_of_prefix(HashSeed(3), 0, 0..5_000));
    let mut seen = 0;
    let next = table.scan(0, 10, |_| seen += 1);
    assert_eq!(seen, 10);
    assert!(next.is_some_and(|next| next > 0));
}

#[test]
fn samples_come_from_everywhere() {
    let mut table = Table::new(HashSeed(3), 0);
    assert!(table.sample(5).is_none());
    fill(&mut table, &keys_of_prefix(HashSeed(3), 0, 0..3_000));
    let seen: BTreeSet<_> = (0..20_000_u64)
        .filter_map(|n| table.sample(HashSeed(n).hash(b"draw")))
        .map(|entry| entry.key().to_vec())
        .collect();
    assert!(seen.len() > 2_500, "{}", seen.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Redis's promise: what is there from the beginning to the end of a scan is returned, however the table changes.
    #[test]
    fn a_scan_misses_nothing_that_stays(
        stay in 1u32..400, churn in prop::collection::vec((any::<bool>(), 0u32..4000), 1..40), count in 1usize..50,
    ) {
        let seed = HashSeed(11);
        let mut table = Table::new(seed, 0);
        let stays: Vec<_> = (1_000_000..1_000_000 + stay).map(name).collect();
        fill(&mut table, &stays);
        let mut model: HashMap<Vec<u8>, ()> = HashMap::new();
        let (mut seen, mut from, mut changes) = (BTreeSet::new(), Some(0), churn.into_iter().cycle());
        while let Some(at) = from {
            from = table.scan(at, count, |entry| { seen.insert(entry.key().to_vec()); });
            let (grow, base) = changes.next().expect("cycles");
            for key in (base..base + 700).map(name) {
                if grow {
                    if model.insert(key.clone(), ()).is_none() {
                        table.insert(seed.hash(&key), entry(&key));
                    }
                } else if model.remove(&key).is_some() {
                    prop_assert!(remove(&mut table, &key));
                }
            }
        }
        prop_assert!(stays.iter().all(|key| seen.contains(key)));
        prop_assert_eq!(table.entries(), stays.len() + model.len());
        check_sums(&table);
        prop_assert!(model.keys().all(|key| table.find(seed.hash(key), key).is_some()));
    }
}

#[test]
fn what_is_looked_for_by_its_hash_is_not_taken_for_another() {
    let keys: Vec<Vec<u8>> = (0..400).map(name).collect();
    let mut table = Table::new(HashSeed(5), 0);
    fill(&mut table, &keys);
    for key in keys {
        let hash = table.hasher.hash(&key);
        assert_eq!(table.find_by(hash, |_| true).map(Entry::key), Some(&*key));
        assert_eq!(table.find_by_mut(hash, |_| true).map(|entry| entry.key().to_vec()), Some(key.clone()));
        assert_eq!(table.remove_by(hash, |_| true).unwrap().key(), key);
    }
}
