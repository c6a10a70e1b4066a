use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::keyspace::key::HashSeed;

/// The hash of the key of this number, as if its shard were the first of 64.
fn hash(number: u64) -> u64 {
    HashSeed(7).hash(&number.to_le_bytes()) >> 6
}

fn why(number: u64) -> Departure {
    Departure::ALL[(number % 3) as usize]
}

#[test]
fn tells_why_until_the_key_comes_back() {
    let mut history = History::new(1024);
    for number in 0..100 {
        history.insert(hash(number), why(number));
    }
    for number in 0..100 {
        assert_eq!(history.reason(hash(number)), Some(why(number)), "{number}");
    }
    history.insert(hash(3), Departure::Evicted);
    assert_eq!(history.reason(hash(3)), Some(Departure::Evicted), "the last time counts");
    history.remove(hash(3));
    history.remove(hash(3));
    assert_eq!(history.reason(hash(3)), None);
    assert_eq!(history.reason(hash(4)), Some(why(4)));
}

#[test]
fn without_room_it_remembers_nothing_and_takes_nothing() {
    for bytes in [0, 63] {
        let mut history = History::new(bytes);
        history.insert(1, Departure::Expired);
        history.remove(1);
        assert_eq!((history.reason(1), history.bytes()), (None, 0));
    }
}

#[test]
fn grows_with_what_leaves_up_to_its_limit() {
    let mut history = History::new(20_000);
    let mut before = 0;
    for number in 0..100_000 {
        history.insert(hash(number), why(number));
        assert!(history.bytes() >= before && history.bytes() <= 16_384);
        assert!(history.bytes() <= 1024.max(64 * (number as usize + 1)), "{number}: {}", history.bytes());
        before = history.bytes();
    }
    assert_eq!((history.bytes(), history.cells()), (16_384, 8192));
    history.limit(4096);
    assert_eq!(history.bytes(), 4096);
    let known = (99_800..100_000).filter(|number| history.reason(hash(*number)) == Some(why(*number)));
    assert!(known.count() > 190, "the newest stay");
    history.limit(0);
    assert_eq!((history.bytes(), history.reason(hash(99_999))), (0, None));
}

/// The chance of an error is at most 8 / 2¹⁴ for each of a million keys that never were there: 488 on average, so that 600 is
/// five standard deviations away.
#[test]
fn a_key_that_never_was_there_is_seldom_taken_for_another() {
    let mut history = History::new(16_384);
    (0..100_000).for_each(|number| history.insert(hash(number), why(number)));
    let wrong = (1_000_000..2_000_000).filter(|number| history.reason(hash(*number)).is_some()).count();
    assert!((300..600).contains(&wrong), "{wrong}");
}

/// Of what left when so many others have left since, as Poisson's distribution has it.
#[test]
fn forgets_as_the_arithmetic_says() {
    let cells = 8192;
    for (later, least) in [(cells / 4, 0.997), (cells / 2, 0.93), (cells, 0.42)] {
        let (mut known, mut asked) = (0, 0);
        for round in 0..20 {
            let mut history = History::new(16_384);
            let first = round * 1_000_000;
            let marked = first + 50_000;
            (first..marked + 100 + later).for_each(|number| history.insert(hash(number), why(number)));
            known += (marked..marked + 100).filter(|n| history.reason(hash(*n)) == Some(why(*n))).count();
            asked += 100;
        }
        let share = known as f64 / asked as f64;
        assert!(share >= least && share <= 1.0, "{later} later: {share}");
    }
}

#[test]
fn keys_that_share_the_leading_or_the_trailing_bits_of_their_hash_are_told_apart() {
    for shift in [0, 32] {
        let mut history = History::new(1 << 16);
        (0..2000_u64).for_each(|number| history.insert(number << shift, Departure::Deleted));
        let lost = (0..2000_u64).filter(|number| history.reason(number << shift).is_none()).count();
        let wrong = (2000..42_000_u64).filter(|number| history.reason(number << shift).is_some()).count();
        assert!(lost < 20 && wrong < 60, "{shift}: {lost} lost, {wrong} wrong");
    }
}

#[test]
fn limits_stay_where_they_are_when_histories_are_exchanged() {
    let (mut wide, mut off) = (History::new(4096), History::new(0));
    wide.insert(1, Departure::Evicted);
    std::mem::swap(&mut wide, &mut off);
    wide.exchange_limits(&mut off);
    assert_eq!((wide.bytes(), off.bytes()), (0, 0));
    wide.insert(2, Departure::Evicted);
    off.insert(2, Departure::Evicted);
    assert_eq!((wide.reason(2), off.reason(2)), (Some(Departure::Evicted), None));
}

proptest! {
    /// Against a map that forgets nothing: with fewer departures than a bucket has cells nothing is forgotten, and what is
    /// told differently is told so because two keys share a tag.
    #[test]
    fn agrees_with_a_map_while_little_has_left(steps in prop::collection::vec((0u64..6, 0u64..4), 1..200)) {
        let (mut history, mut model) = (History::new(4096), HashMap::new());
        for (number, step) in steps {
            match step {
                3 => {
                    history.remove(hash(number));
                    model.remove(&number);
                }
                reason => {
                    history.insert(hash(number), why(reason));
                    model.insert(number, why(reason));
                }
            }
            for number in 0..6 {
                prop_assert_eq!(history.reason(hash(number)), model.get(&number).copied());
            }
        }
    }
}
