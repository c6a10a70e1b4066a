use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[test]
fn a_deadline_goes_before_the_mark_of_its_hash() {
    let (early, late) = (Due::new(5, u64::MAX), Due::new(6, 0));
    assert!(early < late);
    assert_eq!((early.deadline(), early.hash() as u16, early.is(5)), (5, u16::MAX, true));
    let far = Due::new(u64::MAX, u64::MAX);
    assert!(far < Due::NEVER && far.is(u64::MAX) && far.deadline() > 1 << 43);
}

#[test]
fn a_deadline_takes_little_more_than_eight_bytes() {
    let mut timed = Timed::default();
    for count in 1..=448 {
        timed.insert(Due::new(count, count));
        let bytes = timed.bytes() as u64;
        assert!(bytes <= 8 * count + 2 * count + 16, "{bytes} for {count}");
    }
    for count in (0..448).rev() {
        timed.remove(timed.first().unwrap());
        assert!(timed.bytes() <= 20 * count + 128, "{} for {count}", timed.bytes());
    }
}

proptest! {
    /// Against a multiset.
    #[test]
    fn deadlines_are_in_order_and_twins_are_both_kept(
        steps in prop::collection::vec((any::<bool>(), 0u64..20, 0u64..4), 1..200),
    ) {
        let (mut timed, mut model) = (Timed::default(), BTreeMap::<Due, usize>::new());
        for (insert, deadline, hash) in steps {
            let due = Due::new(deadline, hash);
            if insert {
                timed.insert(due);
                *model.entry(due).or_default() += 1;
            } else {
                timed.remove(due);
                if let Some(count) = model.get_mut(&due) {
                    *count -= 1;
                }
                model.retain(|_, count| *count > 0);
            }
            prop_assert_eq!(timed.first(), model.first_key_value().map(|(due, _)| *due));
            let all: Vec<Due> = model.iter().flat_map(|(due, count)| vec![*due; *count]).collect();
            prop_assert_eq!(&timed.ordered, &all);
        }
    }

    /// Against a search through all.
    #[test]
    fn a_tournament_tells_the_earliest(
        steps in prop::collection::vec((0usize..40, prop::option::of(0u64..30)), 1..200),
    ) {
        let (mut earliest, mut model) = (Earliest::default(), BTreeMap::new());
        for (segment, deadline) in steps {
            let due = deadline.map(|deadline| Due::new(deadline, 0));
            earliest.set(segment, due);
            model.insert(segment, due);
            let expected = model.values().flatten().min().copied();
            prop_assert_eq!(earliest.first().map(|(_, due)| due), expected);
            if let Some((segment, due)) = earliest.first() {
                prop_assert_eq!(model[&segment], Some(due));
            }
        }
    }
}
