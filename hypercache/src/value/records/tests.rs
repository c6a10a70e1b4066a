use std::collections::BTreeMap;
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Records whose first four bytes are the key.
#[derive(Debug, Clone)]
struct Prefix;

impl Layout for Prefix {
    fn key(record: &[u8]) -> &[u8] {
        &record[..4]
    }
}

fn key(number: u32) -> [u8; 4] {
    number.to_be_bytes()
}

fn record(number: u32, value: u8) -> Vec<u8> {
    [&key(number)[..], &vec![value; usize::from(value % 20)]].concat()
}

fn counted_heap_bytes(records: &Records<Prefix>) -> usize {
    match records {
        Records::Packed(packed) => packed.heap_bytes(),
        Records::Dense(dense) => size_of::<Dense<Prefix>>() + dense.counted_heap_bytes(),
    }
}

fn dense(seed: u64) -> Records<Prefix> {
    let mut records = Records::new();
    records.make_dense(seed);
    records
}

/// Keys that a whole scan finds, in steps of `count`; `between` each two steps something else happens.
fn scanned(
    records: &mut Records<Prefix>,
    count: usize,
    mut between: impl FnMut(&mut Records<Prefix>),
) -> Vec<Vec<u8>> {
    let (mut found, mut at) = (Vec::new(), Some(0));
    while let Some(from) = at {
        at = records.scan(from, count, |record| found.push(Prefix::key(record).to_vec()));
        between(records);
    }
    found
}

#[test]
fn a_table_finds_all_after_growing_and_gives_memory_back_after_shrinking() {
    let mut records = dense(1);
    let numbers = 0..100_000_u32;
    numbers.clone().for_each(|number| records.push(&record(number, 3)));
    assert_eq!(records.len(), numbers.len());
    assert!(numbers.clone().all(|number| {
        records.find(&key(number)).is_some_and(|place| records.get(place) == record(number, 3))
    }));
    assert!(records.find(&key(100_000)).is_none());
    let grown = records.heap_bytes();
    assert_eq!(grown, counted_heap_bytes(&records));
    let each = grown / numbers.len();
    assert!(
        (30..36).contains(&each),
        "7 bytes, a pointer with its length, and some nine for the index: {each}"
    );
    assert_eq!(scanned(&mut records, 1000, |_| {}).len(), numbers.len());
    for number in numbers.skip(10) {
        records.remove(records.find(&key(number)).unwrap());
    }
    assert_eq!(records.heap_bytes(), counted_heap_bytes(&records));
    assert!(records.heap_bytes() < 3000, "{}", records.heap_bytes());
    assert_eq!(scanned(&mut records, 1, |_| {}).len(), 10);
}

#[test]
fn a_copy_counts_its_own_memory() {
    for mut records in [dense(1), Records::new()] {
        (0..3000).for_each(|number| records.push(&record(number, 3)));
        (0..1000).for_each(|number| records.remove(records.find(&key(number)).unwrap()));
        let copy = records.clone();
        assert_eq!(copy.heap_bytes(), counted_heap_bytes(&copy));
        assert!(copy.iter().eq(records.iter()));
    }
}

#[test]
fn the_order_does_not_depend_on_the_seed() {
    let [left, right] = [3, 99].map(|seed| {
        let mut records = dense(seed);
        for number in 0..2000 {
            records.push(&record(number, 1));
            if number % 3 == 0 {
                records.remove(records.nth(number as usize / 2));
            }
        }
        records
    });
    assert!(left.iter().eq(right.iter()));
    assert_eq!(left.get(left.nth(700)), left.iter().nth(700).unwrap());
}

#[test]
fn a_scan_goes_on_where_it_was() {
    let mut records = dense(7);
    (0..10_000).for_each(|number| records.push(&record(number, 1)));
    for count in [1, 7, 100, 5000, 100_000] {
        let found = scanned(&mut records, count, |_| {});
        let different: BTreeSet<_> = found.iter().collect();
        assert_eq!((found.len(), different.len()), (10_000, 10_000), "{count}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Records behave as a map does, in both forms and from one to the other, and know their bytes.
    #[test]
    fn records_behave_as_a_map(
        steps in prop::collection::vec((0..5_u8, 0..600_u32, any::<u8>()), 0..1500),
        dense_at in 0..1500_usize,
    ) {
        let mut records: Records<Prefix> = Records::new();
        let mut model = BTreeMap::new();
        for (step, (what, number, value)) in steps.into_iter().enumerate() {
            if step == dense_at {
                records.make_dense(5);
            }
            match (records.find(&key(number)), what) {
                (Some(place), 0..2) => {
                    records.remove(place);
                    model.remove(&number);
                }
                (Some(place), _) => {
                    records.replace(place, &record(number, value));
                    model.insert(number, value);
                }
                (None, _) => {
                    prop_assert!(!model.contains_key(&number));
                    records.push(&record(number, value));
                    model.insert(number, value);
                }
            }
            prop_assert_eq!(records.heap_bytes(), counted_heap_bytes(&records));
        }
        prop_assert_eq!(records.len(), model.len());
        for (number, value) in &model {
            let place = records.find(&key(*number)).unwrap();
            prop_assert_eq!(records.get(place), record(*number, *value));
        }
        for (number, found) in records.iter().enumerate() {
            prop_assert_eq!(records.get(records.nth(number)), found);
        }
    }

    /// What stays is scanned, while the records grow and shrink and change their form.
    #[test]
    fn what_stays_is_scanned(
        stays in prop::collection::btree_set(0..1000_u32, 1..40),
        changes in prop::collection::vec((1000..9000_u32, 1..400_u32, any::<bool>()), 1..30),
        count in 1..40_usize,
        starts_dense in any::<bool>(),
    ) {
        let mut records = if starts_dense { dense(11) } else { Records::new() };
        stays.iter().for_each(|number| records.push(&record(*number, 2)));
        let mut changes = changes.into_iter();
        let found = scanned(&mut records, count, |records| {
            let Some((first, many, add)) = changes.next() else { return };
            records.make_dense(11);
            for number in first..first + many {
                match records.find(&key(number)) {
                    None if add => records.push(&record(number, 2)),
                    Some(place) if !add => records.remove(place),
                    _ => {}
                }
            }
        });
        for number in stays {
            prop_assert!(found.contains(&key(number).to_vec()), "{} was not found", number);
        }
    }
}
