use super::*;
use crate::value::limits::Limits;
use crate::value::list::End;

const ACCESS: Access = Access { touched: 7, written: 3, hits: 9 };

/// Values of every kind, strings of every way to keep them and of lengths around the limits.
fn values() -> Vec<Value> {
    let limits = Limits::default();
    let mut list = List::new();
    list.push(End::Left, b"element", &limits);
    let mut strings: Vec<Str> = [0, 1, 7, 8, 9, 64, 447, TEXT_BYTES_MAX, TEXT_BYTES_MAX + 1, 5000]
        .into_iter()
        .flat_map(|len| [Str::Fixed(vec![b'f'; len].into()), Str::Growing(vec![b'g'; len])])
        .collect();
    strings.extend([0, -1, i64::MIN, i64::MAX].map(Str::Int));
    let collections: [Value; 7] = [
        Bloom::usual().into(),
        Cuckoo::usual().into(),
        Hash::new(1).into(),
        list.into(),
        Set::new(1).into(),
        Stream::new().into(),
        ZSet::new(1).into(),
    ];
    strings.into_iter().map(Value::from).chain(collections).collect()
}

fn content(value: &Value) -> Content<'_> {
    match value {
        Value::Str(string) if string.view().heap_bytes() <= TEXT_BYTES_MAX => Content::Short(string.view()),
        value => Content::Boxed(value.clone()),
    }
}

/// That the piece holds this, and takes as much memory as it must.
fn check(piece: &Piece, deadline: Option<u64>, key: &[u8], value: &Value) {
    assert_eq!((piece.key(), piece.deadline(), piece.access()), (key, deadline, ACCESS));
    assert_eq!(piece.value(), value.view());
    let inside = match content(value) {
        Content::Short(StrRef::Fixed(text) | StrRef::Growing(text)) => text.len(),
        _ => 8,
    };
    assert_eq!(piece.bytes(), size_class(16 + 8 * usize::from(deadline.is_some()) + key.len() + inside));
    assert_eq!(piece.holds_hash(), matches!(value, Value::Hash(_)));
}

#[test]
fn every_kind_is_read_as_it_was_written() {
    for value in values() {
        for (deadline, key) in
            [(None, &b""[..]), (Some(u64::MAX), b"k"), (None, &[b'k'; 16]), (Some(1), &[b'k'; 3000])]
        {
            let mut piece = Piece::new(ACCESS, deadline, key, content(&value));
            check(&piece, deadline, key, &value);
            let boxed = matches!(content(&value), Content::Boxed(_));
            assert_eq!(piece.boxed_string().is_some(), boxed && value.as_str().is_some());
            let taken = piece.take_boxed();
            assert_eq!(taken.is_some(), boxed);
            if let Some(taken) = taken {
                assert_eq!(taken, value);
                check(&piece, deadline, key, &Str::Int(0).into());
            } else {
                check(&piece, deadline, key, &value);
            }
        }
    }
}

#[test]
fn any_value_may_take_the_place_of_any_other() {
    let values = values();
    for key in [&b""[..], b"12345678", b"a key of 21 bytes    "] {
        for old in &values {
            for new in &values {
                for (before, after) in [(None, None), (None, Some(5)), (Some(5), None), (Some(5), Some(6))] {
                    let mut piece = Piece::new(ACCESS, before, key, content(old));
                    piece.put(after, content(new));
                    check(&piece, after, key, new);
                }
            }
        }
    }
}

#[test]
fn a_deadline_comes_and_goes_without_a_change_of_anything_else() {
    for value in values() {
        for len in 0..20 {
            let key = vec![b'k'; len];
            let mut piece = Piece::new(ACCESS, None, &key, content(&value));
            for deadline in [Some(1), Some(u64::MAX), None, None, Some(2)] {
                piece.set_deadline(deadline);
                check(&piece, deadline, &key, &value);
            }
        }
    }
}

#[test]
fn a_string_of_the_same_size_class_is_written_where_the_old_one_was() {
    let old = [b'a'; 64];
    let mut piece = Piece::new(ACCESS, None, &[b'k'; 16], Content::Short(StrRef::Fixed(&old)));
    let start = piece.0;
    piece.put(None, Content::Short(StrRef::Growing(&old[1..])));
    assert_eq!((piece.0, piece.bytes()), (start, 96));
    check(&piece, None, &[b'k'; 16], &Str::Growing(vec![b'a'; 63]).into());
}

#[test]
fn access_is_kept_apart_from_the_rest() {
    let mut piece = Piece::new(ACCESS, Some(1), b"key", Content::Short(StrRef::Int(5)));
    let access = Access { touched: u32::MAX, written: 0, hits: u16::MAX };
    piece.set_access(access);
    assert_eq!((piece.access(), piece.key(), piece.deadline()), (access, &b"key"[..], Some(1)));
    assert_eq!(piece.value(), Value::from(Str::Int(5)).view());
}

#[test]
fn a_piece_may_be_dropped_by_another_thread() {
    let pieces: Vec<Piece> =
        values().iter().map(|value| Piece::new(ACCESS, None, b"key", content(value))).collect();
    std::thread::spawn(move || drop(pieces)).join().unwrap();
}
