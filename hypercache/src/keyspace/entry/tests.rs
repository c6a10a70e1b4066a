use super::*;
use crate::value::hash::Hash;
use crate::value::hash::Pair;
use crate::value::limits::Limits;
use crate::value::string::StrRef;

fn text(len: usize) -> Vec<u8> {
    vec![b'x'; len]
}

fn entry(value: &[u8], deadline: Option<UnixMillis>) -> Entry {
    Entry::new(&[b'k'; 16], StrRef::new(value).into(), deadline, 5000)
}

#[test]
fn a_short_string_is_one_piece_of_memory_and_a_long_one_three() {
    assert_eq!(entry(&text(64), None).footprint(), 96);
    assert_eq!(entry(&text(64), Some(9)).footprint(), 112);
    assert_eq!(entry(&text(64), Some(0)).footprint(), 96, "0 is no deadline");
    assert_eq!(entry(b"12345", None).footprint(), 48);
    assert_eq!(entry(&text(1000), None).footprint(), 48 + 32 + 1024);
    let mut hash = Hash::new(1);
    hash.set(Pair { field: b"f", value: b"v", deadline: None }, &Limits::default());
    let inside = hash.heap_bytes();
    let hash = Entry::new(&[b'k'; 16], Value::from(hash).into(), None, 0);
    assert_eq!(hash.footprint(), 48 + size_class(size_of::<Hash>()) + inside);
}

#[test]
fn a_change_in_place_moves_a_string_in_and_out() {
    let mut entry = entry(b"1", Some(9));
    assert_eq!(entry.value().encoding(), "int");
    let mut expected = b"1".to_vec();
    for more in [1, 10, 100, 300, 100, 4000] {
        entry.change(|value| value.as_str_mut().unwrap().make_growing().extend(text(more)));
        expected.extend(text(more));
        assert_eq!(entry.value().as_str().unwrap().bytes(), expected);
        assert_eq!((entry.value().encoding(), entry.deadline()), ("raw", Some(9)));
    }
    entry.change(|value| value.as_str_mut().unwrap().make_growing().truncate(2));
    assert_eq!((entry.value().as_str().unwrap().bytes().as_ref(), entry.footprint()), (&b"1x"[..], 48));
}

#[test]
fn a_value_goes_back_where_its_change_panics() {
    for value in [text(3), text(1000)] {
        let mut entry = entry(&value, None);
        let change = || entry.change(|_| panic!("on purpose"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(change)).is_err());
        assert_eq!(entry.value().as_str().unwrap().bytes(), value);
        assert_eq!(entry.into_value(), Str::new(&value).into());
    }
}

#[test]
fn what_is_left_to_drop_has_memory_of_its_own() {
    assert_eq!(entry(&text(64), None).take_own(), None);
    assert_eq!(entry(&text(1000), None).take_own(), Some(Str::new(&text(1000)).into()));
}

#[test]
fn writing_whole_begins_to_count_anew() {
    let mut entry = entry(&text(64), None);
    entry.hit(7000);
    entry.hit(8000);
    assert_eq!((entry.hits(), entry.idle_seconds(10_000), entry.age_seconds(10_000)), (2, 2, 5));
    entry.rewrite(StrRef::new(b"7").into(), Some(20_000), 9000);
    assert_eq!((entry.hits(), entry.idle_seconds(10_000), entry.age_seconds(10_000)), (0, 1, 1));
    assert_eq!((entry.deadline(), entry.expired(19_999), entry.expired(20_000)), (Some(20_000), false, true));
    assert_eq!(entry.value().encoding(), "int");
    assert!(format!("{entry:?}").contains("20000"));
}
