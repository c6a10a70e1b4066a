use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const SMALL: Limits = Limits { hash_listpack_entries: 4, hash_listpack_value: 5, ..Limits::DEFAULT };

fn pair<'a>(field: &'a str, value: &'a str, deadline: Option<u64>) -> Pair<'a> {
    Pair { field: field.as_bytes(), value: value.as_bytes(), deadline }
}

#[test]
fn encodings_change_at_the_limits() {
    let mut hash = Hash::new(1);
    for field in ["a", "b", "c", "d"] {
        assert!(hash.set(pair(field, "value", None), &SMALL));
    }
    assert_eq!(hash.encoding(), "listpack");
    assert!(hash.set_deadline(b"c", Some(7)));
    assert_eq!(hash.encoding(), "listpackex");
    assert!(hash.set_deadline(b"c", None));
    assert_eq!(hash.encoding(), "listpack");
    let copy = hash.clone();
    assert!(!hash.set(pair("a", "longer", None), &SMALL));
    assert_eq!((hash.encoding(), hash.get(b"a")), ("hashtable", Some(&b"longer"[..])));
    hash.set(pair("a", "value", None), &SMALL);
    assert_eq!(hash, copy, "the form does not matter");
    let mut hash = copy;
    assert!(hash.set(pair("e", "", None), &SMALL));
    assert_eq!((hash.encoding(), hash.len()), ("hashtable", 5));
    let mut hash = Hash::new(1);
    hash.expect(5, &SMALL);
    assert_eq!(hash.encoding(), "hashtable");
}

#[test]
fn deadlines_survive_the_change_of_form() {
    let mut hash = Hash::new(1);
    hash.set(pair("a", "1", Some(30)), &SMALL);
    hash.set(pair("b", "2", None), &SMALL);
    hash.set(pair("c", "3", Some(20)), &SMALL);
    hash.set(pair("d", "too long", Some(10)), &SMALL);
    assert_eq!((hash.encoding(), hash.earliest()), ("hashtable", Some(10)));
    assert_eq!(hash.remove_due(20, 1), 1);
    assert_eq!((hash.earliest(), hash.pair(b"d")), (Some(20), None));
    assert!(!hash.lapsed(30), "one has no deadline");
    assert!(hash.remove(b"b"));
    assert_eq!((hash.lapsed(29), hash.lapsed(30)), (false, true));
    assert_eq!(hash.remove_due(u64::MAX, 9), 2);
    assert!(hash.is_empty() && hash.earliest().is_none());
}

#[test]
fn times_cost_nothing_where_there_are_none() {
    let filled = |deadline| {
        let mut hash = Hash::new(1);
        for number in 0..1000 {
            hash.set(pair(&format!("field{number}"), "value", deadline), &Limits::DEFAULT);
        }
        hash
    };
    let (plain, timed) = (filled(None).heap_bytes(), filled(Some(5)).heap_bytes());
    assert!(timed >= plain + 1000 * 8, "{plain} {timed}");
    let mut emptied = filled(Some(5));
    (0..1000).for_each(|number| assert!(emptied.set_deadline(format!("field{number}").as_bytes(), None)));
    assert_eq!(emptied.heap_bytes(), plain);
}

/// What a step does to the hash.
#[derive(Debug, Clone)]
enum Step {
    Set(String, String, Option<u64>),
    Remove(String),
    Deadline(String, Option<u64>),
    RemoveDue(u64, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let field = || prop_oneof![5 => "[a-h]", 1 => "[a-h]{6}"];
    let deadline = || prop::option::of(1..50_u64);
    prop_oneof![
        4 => (field(), "[a-z]{0,7}", deadline()).prop_map(|(field, value, at)| Step::Set(field, value, at)),
        2 => field().prop_map(Step::Remove),
        2 => (field(), deadline()).prop_map(|(field, at)| Step::Deadline(field, at)),
        1 => (1..50_u64, 1..4_usize).prop_map(|(now, budget)| Step::RemoveDue(now, budget)),
    ]
}

fn remove_due(model: &mut BTreeMap<String, (String, Option<u64>)>, now: u64, removed: &[String]) -> bool {
    let due: Vec<u64> = removed.iter().filter_map(|field| model.remove(field)?.1).collect();
    due.iter().all(|deadline| *deadline <= now)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A hash behaves as a map of values and deadlines does, whatever its form, and its order depends on no seed.
    #[test]
    fn a_hash_behaves_as_a_map(
        steps in prop::collection::vec(step(), 0..80),
        limits in prop_oneof![Just(SMALL), Just(Limits::DEFAULT)],
    ) {
        let (mut hashes, mut model) = ([Hash::new(1), Hash::new(2)], BTreeMap::<String, (String, Option<u64>)>::new());
        for step in steps {
            let before: Vec<String> = model.keys().cloned().collect();
            let [left, right] = hashes.each_mut().map(|hash| match &step {
                Step::Set(field, value, at) => usize::from(hash.set(pair(field, value, *at), &limits)),
                Step::Remove(field) => usize::from(hash.remove(field.as_bytes())),
                Step::Deadline(field, at) => usize::from(hash.set_deadline(field.as_bytes(), *at)),
                Step::RemoveDue(now, budget) => hash.remove_due(*now, *budget),
            });
            prop_assert_eq!(left, right);
            let expected = match step {
                Step::Set(field, value, at) => usize::from(model.insert(field, (value, at)).is_none()),
                Step::Remove(field) => usize::from(model.remove(&field).is_some()),
                Step::Deadline(field, at) => {
                    usize::from(model.get_mut(&field).map(|(_, deadline)| *deadline = at).is_some())
                }
                Step::RemoveDue(now, budget) => {
                    let due = model.values().filter(|(_, at)| at.is_some_and(|at| at <= now)).count();
                    let gone: Vec<_> =
                        before.into_iter().filter(|field| hashes[0].pair(field.as_bytes()).is_none()).collect();
                    prop_assert!(remove_due(&mut model, now, &gone), "only those that are due");
                    due.min(budget)
                }
            };
            prop_assert_eq!(left, expected);
            let deadlines = || model.values().filter_map(|(_, at)| *at);
            prop_assert_eq!(hashes[0].earliest(), deadlines().min());
            prop_assert_eq!(hashes[0].lapsed(25), !model.is_empty() && model.values().all(|(_, at)| at.is_some_and(|at| at <= 25)));
        }
        prop_assert!(hashes[0].iter().eq(hashes[1].iter()), "one order for all seeds");
        prop_assert_eq!(hashes[0].len(), model.len());
        for (field, (value, at)) in &model {
            prop_assert_eq!(hashes[0].pair(field.as_bytes()), Some(pair(field, value, *at)));
        }
    }
}

#[test]
fn a_small_hash_takes_two_small_pieces_of_memory() {
    let mut hash = Hash::new(1);
    for field in 0..10 {
        let field = format!("field{field}");
        hash.set(Pair { field: field.as_bytes(), value: b"ten bytes.", deadline: None }, &Limits::default());
    }
    // A count of 4 bytes, and two of lengths for each field.
    assert_eq!((size_of::<Hash>(), hash.heap_bytes()), (32, 192));
}
