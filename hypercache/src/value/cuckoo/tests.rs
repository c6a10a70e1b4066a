use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::value::cuckoo::fingerprint::Width;
use crate::value::cuckoo::form::Header;

fn small(capacity: u64, bucket_size: u16, expansion: u32) -> Cuckoo {
    let settings = Settings { bucket_size, max_iterations: 20, expansion, rate: rate::usual(bucket_size) };
    Cuckoo::new(capacity, settings).unwrap()
}

/// Through header and chunks into a new filter.
fn transferred(filter: &Cuckoo) -> Cuckoo {
    let mut copy = Header::read(&filter.header()).unwrap().empty();
    let mut start = 0;
    while let Some(bytes) = filter.chunk(start) {
        assert!(copy.load(start, bytes));
        start += bytes.len() as u64;
    }
    copy
}

#[derive(Debug, Clone)]
enum Step {
    Add(u16),
    Remove(u16),
    Compact,
    Transfer,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..300_u16).prop_map(Step::Add),
        8 => (0..300_u16).prop_map(Step::Remove),
        1 => Just(Step::Compact),
        1 => Just(Step::Transfer),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// What was added more often than removed is there, at least as often, whatever happened in between.
    #[test]
    fn nothing_that_is_there_is_missed(
        (capacity, bucket_size, iterations, expansion) in (1..40_u64, 1..5_u16, 1..25_u16, 0..4_u32),
        rate in prop_oneof![Just(None), (0.001..0.5).prop_map(Some)],
        steps in prop::collection::vec(step(), 1..400),
    ) {
        let rate = rate.unwrap_or(rate::usual(bucket_size));
        let settings = Settings { bucket_size, max_iterations: iterations, expansion, rate };
        let mut filter = Cuckoo::new(capacity, settings).unwrap();
        let mut model = HashMap::<u16, u64>::new();
        for step in steps {
            match step {
                Step::Add(item) => {
                    let before = filter.clone();
                    match filter.insert(&item.to_le_bytes()) {
                        Ok(()) => *model.entry(item).or_default() += 1,
                        Err(_) => prop_assert_eq!(&filter, &before, "a failed insertion changes nothing"),
                    }
                }
                Step::Remove(item) => {
                    // Taking out what was never put in may take out something else.
                    if let Some(times) = model.get_mut(&item).filter(|times| **times > 0) {
                        *times -= 1;
                        prop_assert!(filter.remove(&item.to_le_bytes()), "{} is not there", item);
                    }
                }
                Step::Compact => filter.compact(),
                Step::Transfer => {
                    let copy = transferred(&filter);
                    prop_assert_eq!(&copy, &filter);
                    filter = copy;
                }
            }
            prop_assert_eq!(filter.items(), model.values().sum::<u64>());
            prop_assert!(filter.full_rate() <= rate, "{} of {}", filter.full_rate(), rate);
        }
        for (item, times) in model {
            prop_assert!(filter.count(&item.to_le_bytes()) >= times, "{} is missed", item);
            prop_assert_eq!(filter.contains(&item.to_le_bytes()), filter.count(&item.to_le_bytes()) > 0);
        }
    }

    /// Whatever bytes are loaded, nothing panics and the free slots are counted.
    #[test]
    fn foreign_bytes_do_no_harm(
        bytes in prop::collection::vec(any::<u8>(), 1..200),
        start in 0..100_u64,
        cut in 0..60_usize,
    ) {
        let mut filter = small(40, 3, 1);
        for item in 0..90_u32 {
            filter.insert(&item.to_le_bytes()).unwrap();
        }
        filter.load(start, &bytes);
        let counted = |table: &Table| (0..table.slots()).filter(|slot| table.get(*slot) != 0).count() as u64;
        prop_assert_eq!(filter.items(), filter.tables().iter().map(counted).sum::<u64>());
        for item in 0..50_u32 {
            filter.remove(&item.to_le_bytes());
            filter.insert(&(item + 1000).to_le_bytes()).unwrap();
        }
        filter.compact();
        prop_assert_eq!(filter.items(), filter.tables().iter().map(counted).sum::<u64>());
        let mut header = filter.header();
        header.truncate(header.len().saturating_sub(cut + 1));
        prop_assert_eq!(Header::read(&header), None);
    }
}

/// How many of so many items that were never added seem to be there, of 1.
fn measured_rate(filter: &Cuckoo) -> f64 {
    let asked = 40_000_u32;
    let wrong = (0..asked).filter(|item| filter.contains(format!("absent {item}").as_bytes())).count();
    wrong as f64 / f64::from(asked)
}

#[test]
fn the_wanted_rate_is_kept_however_the_filter_grows() {
    for (wanted, width) in [(None, Width::Eight), (Some(0.01), Width::Twelve), (Some(0.001), Width::Sixteen)]
    {
        let rate = wanted.unwrap_or(rate::usual(2));
        let mut filter = Cuckoo::new(1024, Settings { rate, ..Settings::usual() }).unwrap();
        assert_eq!(filter.tables()[0].shape().width, width, "{wanted:?}");
        for item in 0..9000_u32 {
            filter.insert(&item.to_le_bytes()).unwrap();
        }
        assert!(filter.tables().len() > 8, "{}", filter.tables().len());
        assert!(filter.full_rate() <= rate);
        let measured = measured_rate(&filter);
        assert!(measured <= rate, "{measured} of {rate}");
        assert!((0..9000_u32).all(|item| filter.contains(&item.to_le_bytes())));
    }
}

#[test]
fn a_filter_that_could_not_keep_its_rate_does_not_grow() {
    let settings = Settings { rate: 0.000_1, ..Settings::usual() };
    let mut filter = Cuckoo::new(64, settings).unwrap();
    let full = (0..200_u32).find_map(|item| filter.insert(&item.to_le_bytes()).err());
    assert_eq!((full, filter.tables().len()), (Some(Full::Size), 1));
    let settings = Settings { rate: 0.000_01, ..Settings::usual() };
    assert_eq!(Cuckoo::new(64, settings), None);
}

#[test]
fn a_filter_that_does_not_grow_is_full_and_loses_nothing() {
    let mut filter = small(64, 2, 0);
    let mut added = Vec::new();
    for item in 0..200_u32 {
        match filter.insert(&item.to_le_bytes()) {
            Ok(()) => added.push(item),
            Err(full) => assert_eq!(full, Full::Size),
        }
    }
    assert!((48..=64).contains(&added.len()), "{}", added.len());
    assert!(added.iter().all(|item| filter.contains(&item.to_le_bytes())));
    assert_eq!(filter.items(), added.len() as u64);
}

#[test]
fn a_filter_has_32_tables_and_512_mib_at_the_most() {
    let mut filter = small(4, 2, 1);
    let full = (0..1000_u32).find_map(|item| filter.insert(&item.to_le_bytes()).err());
    assert_eq!((full, filter.tables().len()), (Some(Full::Tables), TABLES_MAX));
    let mut filter = small(1 << 16, 1, 1 << 15);
    let full = (0..1_u32 << 17).find_map(|item| filter.insert(&item.to_le_bytes()).err());
    assert_eq!(full, Some(Full::Bytes));
    assert_eq!(Cuckoo::new(1 << 30, Settings::usual()), None);
    assert_eq!(Cuckoo::new(u64::MAX, Settings::usual()), None);
}

#[test]
fn deleting_drops_tables_little_by_little() {
    let mut filter = small(128, 2, 1);
    let items: Vec<[u8; 4]> = (0..1000_u32).map(u32::to_le_bytes).collect();
    items.iter().for_each(|item| filter.insert(item).unwrap());
    let tables = filter.tables().len();
    let bytes = filter.heap_bytes();
    assert!(tables >= 8);
    for (at, item) in items.iter().enumerate().take(900) {
        assert!(filter.remove(item));
        let rest = &items[at + 1..];
        assert!(rest.iter().step_by(17).all(|item| filter.contains(item)), "after {at}");
    }
    assert!(filter.tables().len() <= 3, "{} of {tables} tables", filter.tables().len());
    assert!(filter.heap_bytes() < bytes / 2);
    assert_eq!((filter.items(), filter.deleted()), (100, 900));
}

#[test]
fn compacting_fills_the_gaps_of_earlier_tables() {
    let mut filter = small(128, 2, 1);
    let items: Vec<[u8; 4]> = (0..600_u32).map(u32::to_le_bytes).collect();
    items.iter().for_each(|item| filter.insert(item).unwrap());
    // Gaps as a filter of others may have them: its tables are loaded as they were with fewer items.
    let mut gaps = filter.clone();
    let first = gaps.tables()[0].data().len();
    assert!(gaps.load(0, &vec![0; first]));
    let (items_left, tables) = (gaps.items(), gaps.tables().len());
    gaps.compact();
    assert_eq!(gaps.items(), items_left);
    assert!(gaps.tables().len() < tables, "{tables}");
}

#[test]
fn an_item_may_be_there_several_times() {
    let mut filter = Cuckoo::usual();
    for times in 1..=10 {
        filter.insert(b"twin").unwrap();
        assert_eq!(filter.count(b"twin"), times);
    }
    for times in (0..10).rev() {
        assert!(filter.remove(b"twin"));
        assert_eq!(filter.count(b"twin"), times);
    }
    assert!(!filter.remove(b"twin"));
    assert_eq!(filter.deleted(), 10);
}

#[test]
fn headers_that_tell_of_too_much_are_refused() {
    let header = small(64, 2, 2).header();
    assert!(Header::read(&header).is_some());
    let last = header.len() - 2;
    // Where it is and what it is then: version, bucket size, iterations, expansion, place of compacting, number of tables,
    // buckets, width.
    for (at, byte) in [
        (4, 2),
        (6, 1),
        (7, 0),
        (9, 3),
        (11, 1),
        (36, 1),
        (last - 1, 0),
        (last - 1, 33),
        (last, 31),
        (last, 64),
        (last + 1, 9),
    ] {
        let mut header = header.clone();
        header[at] = byte;
        assert_eq!(Header::read(&header), None, "{at} {byte}");
    }
    assert_eq!(Header::read(b""), None);
    assert_eq!(Header::read(&[&header[..], b"x"].concat()), None);
}

#[test]
fn a_known_item_has_a_known_place() {
    // Filters outlive versions: these must never change.
    let print = Print::of(b"hello");
    // XXH3 of it is 0x9555e8555c62dcfd.
    assert_eq!((print.bucket, print.fingerprint), (0x55_5c62_dcfd, 0x953f));
}
