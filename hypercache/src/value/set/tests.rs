use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const SMALL: Limits =
    Limits { set_intset_entries: 8, set_listpack_entries: 6, set_listpack_value: 5, ..Limits::DEFAULT };

fn set(members: &[&str], limits: &Limits) -> Set {
    let mut set = Set::new(1);
    members.iter().for_each(|member| {
        set.insert(Member::Bytes(member.as_bytes()), limits);
    });
    set
}

#[test]
fn encodings_change_at_the_limits() {
    for (members, encoding) in [
        (&["1", "-2", "9223372036854775807"][..], "intset"),
        (&["1", "2", "3", "4", "5", "6", "7", "8"], "intset"),
        (&["1", "2", "3", "4", "5", "6", "7", "8", "9"], "hashtable"),
        (&["1", "2", "01"], "listpack"),
        (&["1", "2", "3", "4", "5", "a"], "listpack"),
        (&["1", "2", "3", "4", "5", "6", "a"], "hashtable"),
        (&["a", "b", "12345", "a"], "listpack"),
        (&["a", "123456"], "hashtable"),
        (&["123456", "a"], "hashtable"),
        (&["-12345", "1", "a"], "hashtable"),
    ] {
        let set = set(members, &SMALL);
        assert_eq!(set.encoding(), encoding, "{members:?}");
        assert!(members.iter().all(|member| set.contains(Member::Bytes(member.as_bytes()))), "{members:?}");
    }
}

#[test]
fn large_sets_are_kept_as_such_from_the_start() {
    for (first, count, encoding) in [
        (None, 9, "hashtable"),
        (None, 8, "intset"),
        (Some("7"), 9, "hashtable"),
        (Some("a"), 7, "hashtable"),
        (Some("a"), 6, "listpack"),
    ] {
        let mut set = set(first.as_slice(), &SMALL);
        set.expect(count, &SMALL);
        assert_eq!(set.encoding(), encoding, "{first:?} {count}");
    }
}

#[test]
fn integers_are_sorted_and_narrow() {
    let set = set(&["300", "-5", "7", "70000", "-70000", "5000000000"], &Limits::DEFAULT);
    let members: Vec<_> = set.iter().collect();
    assert_eq!(members, [-70000, -5, 7, 300, 70000, 5_000_000_000].map(Member::Int));
    assert!(set.heap_bytes() <= 60, "{}", set.heap_bytes());
    assert!(!set.contains(Member::Bytes(b"007")));
}

#[test]
fn two_forms_of_the_same_members_are_equal() {
    let (mut left, right) = (set(&["1", "2"], &SMALL), set(&["a", "2", "1"], &SMALL));
    assert_ne!(left, right);
    left.insert(Member::Bytes(b"a"), &Limits { set_listpack_entries: 1, ..SMALL });
    assert_eq!((left.encoding(), right.encoding()), ("hashtable", "listpack"));
    assert_eq!(left, right);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A set behaves as one of bytes does, whatever its form, and its order depends on no seed.
    #[test]
    fn a_set_behaves_as_a_set(
        steps in prop::collection::vec((0..3_u8, prop_oneof!["[a-c]{0,3}", "-?[0-9]{1,4}", "x{6}"], any::<u16>()), 0..60),
        limits in prop_oneof![Just(SMALL), Just(Limits::DEFAULT)],
    ) {
        let (mut sets, mut model) = ([Set::new(1), Set::new(2)], BTreeSet::new());
        for (what, member, chance) in steps {
            let [left, right] = sets.each_mut().map(|set| match what {
                0 => set.insert(Member::Bytes(member.as_bytes()), &limits),
                1 => set.remove(Member::Bytes(member.as_bytes())),
                _ => set.contains(Member::Bytes(member.as_bytes())),
            });
            let expected = match what {
                0 => model.insert(member),
                1 => model.remove(&member),
                _ => model.contains(&member),
            };
            prop_assert_eq!((left, right), (expected, expected));
            if !model.is_empty() && chance % 7 == 0 {
                let number = usize::from(chance) % model.len();
                let taken = sets[0].nth(number).bytes().into_owned();
                model.remove(std::str::from_utf8(&taken).unwrap());
                sets.iter_mut().for_each(|set| set.remove_nth(number));
            }
            prop_assert_eq!(sets[0].len(), model.len());
        }
        prop_assert!(sets[0].iter().eq(sets[1].iter()), "one order for all seeds");
        let members: BTreeSet<_> = sets[0].iter().map(|member| member.bytes().into_owned()).collect();
        prop_assert!(members.iter().eq(model.iter().map(String::as_bytes)));
    }
}
