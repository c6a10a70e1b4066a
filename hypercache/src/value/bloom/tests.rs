use proptest::prelude::*;

use super::*;
use crate::value::bloom::form::Header;

/// Through header and chunks into a new filter.
fn transferred(filter: &Bloom) -> Bloom {
    let mut copy = Header::read(&filter.header()).unwrap().empty();
    let mut start = 0;
    while let Some(bytes) = filter.chunk(start) {
        assert_eq!(copy.load(start, bytes), Some(true));
        start += bytes.len() as u64;
    }
    copy
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// What was put in is there, however the filter has grown and wherever it has gone.
    #[test]
    fn nothing_that_is_there_is_missed(
        (capacity, expansion, scales) in (1..50_u64, 1..4_u32, any::<bool>()),
        rate in 0.001..0.25_f64,
        items in prop::collection::vec(0..2000_u16, 1..300),
        transfers_at in 0..300_usize,
    ) {
        let mut filter = Bloom::new(capacity, Settings { rate, expansion, scales }).unwrap();
        let mut added = Vec::new();
        let mut counted = 0;
        for (at, item) in items.into_iter().enumerate() {
            if at == transfers_at {
                let copy = transferred(&filter);
                prop_assert_eq!(&copy, &filter);
                filter = copy;
            }
            let (seemed_there, before) = (filter.contains(&item.to_le_bytes()), filter.clone());
            match filter.insert(&item.to_le_bytes()) {
                Ok(is_new) => {
                    prop_assert_eq!(is_new, !seemed_there);
                    prop_assert!(is_new || !added.is_empty());
                    counted += u64::from(is_new);
                    added.push(item);
                }
                Err(full) => {
                    prop_assert!(!scales && full == Full::Size && counted == capacity);
                    prop_assert_eq!(&filter, &before);
                }
            }
        }
        prop_assert_eq!(filter.items(), counted);
        prop_assert!(counted <= filter.capacity());
        prop_assert!(added.iter().all(|item| filter.contains(&item.to_le_bytes())));
        let bytes: usize = filter.links().iter().map(|link| link.data().len()).sum();
        prop_assert!(filter.heap_bytes() >= bytes);
    }

    /// Whatever bytes are loaded, nothing panics.
    #[test]
    fn foreign_bytes_do_no_harm(
        bytes in prop::collection::vec(any::<u8>(), 1..200),
        start in 0..200_u64,
        at in 0..70_usize,
        byte in any::<u8>(),
    ) {
        let mut filter = Bloom::usual();
        filter.load(start, &bytes);
        for item in 0..200_u32 {
            filter.insert(&item.to_le_bytes()).unwrap();
        }
        let mut header = filter.header();
        let length = header.len();
        header[at.min(length - 1)] = byte;
        if let Some(header) = Header::read(&header) {
            prop_assert!(header.link_bytes().sum::<usize>() as u64 <= BYTES_MAX);
        }
        header.truncate(length - 1);
        prop_assert_eq!(Header::read(&header), None);
    }
}

#[test]
fn the_wanted_rate_is_kept_however_the_filter_grows() {
    for (rate, expansion, capacity) in [(0.01, 1, 1000), (0.01, 2, 100), (0.001, 4, 100), (0.1, 2, 500)] {
        let mut filter = Bloom::new(capacity, Settings { rate, expansion, scales: true }).unwrap();
        for item in 0..8000_u32 {
            filter.insert(&item.to_le_bytes()).unwrap();
        }
        assert!(filter.links().len() > 3);
        let asked = 60_000_u32;
        let wrong = (0..asked).filter(|item| filter.contains(format!("absent {item}").as_bytes())).count();
        let measured = wrong as f64 / f64::from(asked);
        assert!(measured <= rate, "{measured} of {rate}");
        assert!((0..8000_u32).all(|item| filter.contains(&item.to_le_bytes())));
    }
}

#[test]
fn links_are_sized_as_the_paper_has_it() {
    // 9.585 bits for each item and 6.64 hashes, up to the next whole ones.
    assert_eq!(Shape::new(1000, 0.01), Some(Shape { capacity: 1000, bits: 9600, hashes: 7 }));
    let filter = Bloom::new(1000, Settings { scales: false, ..Settings::USUAL }).unwrap();
    assert_eq!(filter.links()[0].shape().bits, 9600);
    // The first of several takes half of the rate.
    let filter = Bloom::new(1000, Settings::USUAL).unwrap();
    assert_eq!(filter.links()[0].shape(), Shape::new(1000, 0.005).unwrap());
}

#[test]
fn a_filter_has_1000_links_and_512_mib_at_the_most() {
    let mut filter = Bloom::new(1, Settings { expansion: 1, ..Settings::USUAL }).unwrap();
    let full = (0..3000_u32).find_map(|item| filter.insert(&item.to_le_bytes()).err());
    assert_eq!((full, filter.links().len()), (Some(Full::Growth), LINKS_MAX));
    assert_eq!(Bloom::new(1 << 30, Settings::USUAL), None);
    assert_eq!(Bloom::new(u64::MAX, Settings::USUAL), None);
    assert_eq!(
        Bloom::new(10, Settings { rate: f64::MIN_POSITIVE / 1e15, ..Settings::USUAL }).map(|f| f.items()),
        Some(0)
    );
    let mut filter = Bloom::new(100_000, Settings { expansion: 1 << 15, ..Settings::USUAL }).unwrap();
    let full = (0..110_000_u32).find_map(|item| filter.insert(&item.to_le_bytes()).err());
    assert_eq!(full, Some(Full::Growth));
}

#[test]
fn a_known_item_has_known_bits() {
    // Filters outlive versions: these must never change. XXH3 of nothing is 0x99aa06d3014798d86001c324468d497f.
    let mut filter = Bloom::new(1, Settings { rate: 0.1, expansion: 1, scales: false }).unwrap();
    filter.insert(b"").unwrap();
    let first = 0x6001_c324_468d_497f_u64;
    let step = 0x99aa_06d3_0147_98d8_u64;
    // The step grows by 1, 2 and so on.
    let growths = [0, 0, 1, 4_u64];
    let bits = (0..4_u64)
        .zip(growths)
        .map(|(number, growth)| first.wrapping_add(number.wrapping_mul(step)).wrapping_add(growth) % 64);
    let wanted = bits.fold(0_u64, |word, bit| word | 1 << bit);
    assert_eq!(filter.links()[0].data(), wanted.to_le_bytes());
}
