use proptest::prelude::*;

use super::*;
use crate::rdb::payload::Refused;
use crate::value::Value;
use crate::value::bloom::Bloom;
use crate::value::bloom::Settings;
use crate::value::cuckoo;
use crate::value::cuckoo::Cuckoo;
use crate::value::hash::Hash;
use crate::value::hash::Pair;
use crate::value::limits::Limits;
use crate::value::list::End;
use crate::value::list::List;
use crate::value::set::Member;
use crate::value::set::Set;
use crate::value::stream::Stream;
use crate::value::stream::group::Pending;
use crate::value::stream::id::Id;
use crate::value::string::Str;
use crate::value::zset::ZSet;

const SEED: u64 = 7;
/// Limits that a few elements pass.
const NARROW: Limits = Limits {
    hash_listpack_entries: 3,
    hash_listpack_value: 5,
    list_listpack_size: 3,
    set_intset_entries: 3,
    set_listpack_entries: 3,
    set_listpack_value: 5,
    zset_listpack_entries: 3,
    zset_listpack_value: 5,
    ..Limits::DEFAULT
};

fn hash(pairs: &[(&str, &str, Option<u64>)], limits: &Limits) -> Value {
    let mut hash = Hash::new(SEED);
    for (field, value, deadline) in pairs {
        hash.set(Pair { field: field.as_bytes(), value: value.as_bytes(), deadline: *deadline }, limits);
    }
    hash.into()
}

fn list(elements: &[&str], limits: &Limits) -> Value {
    let mut list = List::new();
    elements.iter().for_each(|element| list.push(End::Right, element.as_bytes(), limits));
    list.into()
}

fn set(members: &[&str], limits: &Limits) -> Value {
    let mut set = Set::new(SEED);
    for member in members {
        set.insert(Member::Bytes(member.as_bytes()), limits);
    }
    set.into()
}

fn zset(pairs: &[(&str, f64)], limits: &Limits) -> Value {
    let mut zset = ZSet::new(SEED);
    for (member, score) in pairs {
        zset.set(member.as_bytes(), *score, limits);
    }
    zset.into()
}

/// A stream with entries of all kinds, some deleted, in blocks of three, and with groups in all states.
fn stream() -> Value {
    let limits = Limits { stream_node_entries: 3, ..Limits::DEFAULT };
    let mut stream = Stream::new();
    let id = |ms, seq| Id { ms, seq };
    for number in 0..8_u64 {
        let number_text = number.to_string();
        let same = [(&b"f"[..], number_text.as_bytes()), (b"g", b"text")];
        let other = [(&b"h"[..], &b""[..])];
        let fields = if number == 4 { &other[..] } else { &same[..] };
        stream.log_mut().append(id(5 + number / 2, number % 2), fields.iter().copied(), &limits);
    }
    assert!(stream.log_mut().remove(id(7, 1)) && stream.log_mut().remove(id(5, 0)));
    stream.log_mut().set_last_id(id(90, 3));
    assert!(stream.create_group(b"idle", Id::ZERO, None));
    assert!(stream.create_group(b"busy", id(6, 0), Some(3)));
    stream.change_group(b"busy", |group, _| {
        let [one, _] = [b"one", b"two"].map(|name| group.create_consumer(name, 1000).unwrap());
        group.give(id(5, 1), Pending { consumer: one, delivered: 2000, deliveries: 300 }, 2000);
        group.give(id(5, 0), Pending { consumer: one, delivered: 2500, deliveries: 1 }, 2500);
    });
    stream.into()
}

/// A Bloom filter with several links.
fn bloom() -> Bloom {
    let mut filter = Bloom::new(4, Settings::USUAL).unwrap();
    for item in 0..30_u32 {
        filter.insert(&item.to_le_bytes()).unwrap();
    }
    filter
}

/// A cuckoo filter with several tables of different widths.
fn cuckoo() -> Cuckoo {
    let mut filter = Cuckoo::new(8, cuckoo::Settings { rate: 0.05, ..cuckoo::Settings::usual() }).unwrap();
    for item in 0..30_u32 {
        filter.insert(&item.to_le_bytes()).unwrap();
    }
    assert!(filter.remove(&7_u32.to_le_bytes()));
    filter
}

fn written(value: &Value) -> Vec<u8> {
    let mut writer = Writer::new();
    write_value(value.view(), &mut writer);
    writer.into_bytes()
}

fn read(bytes: &[u8]) -> Result<Value, Malformed> {
    let mut reader = Reader::new(bytes);
    let kind = reader.byte()?;
    let value = read_value(kind, &mut reader, SEED, &Limits::DEFAULT)?;
    assert_eq!(reader.remaining(), 0);
    Ok(value)
}

/// Values in all forms, each with the first byte that it is written with.
fn values() -> Vec<(u8, Value)> {
    let wide = Limits::DEFAULT;
    let long = "x".repeat(3000);
    let scores = [("a", 1.0), ("b", -2.5), ("c", f64::INFINITY), ("d", 1e300), ("e", 0.1)];
    let fields = [("f", "1", None), ("g", "two", None), ("h", "", None), ("i", "4", None)];
    let mut timed = fields;
    (timed[1].2, timed[3].2) = (Some(5000), Some(4000));
    vec![
        (kind::STRING, Str::new(b"").into()),
        (kind::STRING, Str::new(b"bar").into()),
        (kind::STRING, Str::new(long.as_bytes()).into()),
        (kind::STRING, Str::new(&[0xff, 0, 1]).into()),
        (kind::STRING, Str::new(b"-129").into()),
        (kind::STRING, Str::new(b"9223372036854775807").into()),
        (kind::LIST_PIECES, list(&["a", "12", "", &long], &wide)),
        (kind::LIST_PIECES, list(&["a", "b", "c", "d", "e", "f", "g"], &NARROW)),
        (kind::SET_INTEGERS, set(&["1", "-3", "7"], &wide)),
        (kind::SET_INTEGERS, set(&["1", "-3", "70000"], &wide)),
        (kind::SET_INTEGERS, set(&["1", "-3", "9223372036854775807"], &wide)),
        (kind::SET_LISTPACK, set(&["1", "x", "70000"], &wide)),
        (kind::SET, set(&["1", "x", "70000", "y"], &NARROW)),
        (kind::ZSET_LISTPACK, zset(&scores, &wide)),
        (kind::ZSET, zset(&scores, &NARROW)),
        (kind::HASH_LISTPACK, hash(&fields, &wide)),
        (kind::HASH, hash(&fields, &NARROW)),
        (kind::HASH_TIMED_LISTPACK, hash(&timed, &wide)),
        (kind::HASH_TIMED, hash(&timed, &NARROW)),
        (kind::STREAM, stream()),
        (kind::STREAM, Stream::new().into()),
        (kind::MODULE, bloom().into()),
        (kind::MODULE, Bloom::usual().into()),
        (kind::MODULE, cuckoo().into()),
        (kind::MODULE, Cuckoo::usual().into()),
    ]
}

#[test]
fn every_form_is_written_and_read() {
    for (kind, value) in values() {
        let bytes = written(&value);
        assert_eq!(bytes[0], kind, "{value:?}");
        assert_eq!(read(&bytes).as_ref(), Ok(&value), "{kind}");
        for cut in 0..bytes.len() {
            assert!(read(&bytes[..cut]).is_err(), "{value:?} cut at {cut}");
        }
        let payload = payload::of_value(value.view());
        assert_eq!(payload::value_of(&payload, SEED, &NARROW), Ok(value.clone()), "{kind}");
        let version = if kind >= kind::HASH_TIMED { 12 } else { 11 };
        assert_eq!(payload[payload.len() - 10..payload.len() - 8], [version, 0]);
    }
}

#[test]
fn encodings_come_back() {
    let cases = [
        (list(&["a"; 3], &NARROW), "listpack"),
        (list(&["a"; 4], &NARROW), "quicklist"),
        (set(&["1"], &NARROW), "intset"),
        (set(&["1", "x"], &NARROW), "listpack"),
        (set(&["1", "2", "3", "4"], &NARROW), "hashtable"),
        (zset(&[("a", 1.0)], &NARROW), "listpack"),
        (zset(&[("longer", 1.0)], &NARROW), "skiplist"),
        (hash(&[("f", "v", None)], &NARROW), "listpack"),
        (hash(&[("f", "v", Some(9))], &NARROW), "listpackex"),
        (hash(&[("longer", "v", None)], &NARROW), "hashtable"),
    ];
    for (value, encoding) in cases {
        assert_eq!(value.encoding(), encoding);
        let read = payload::value_of(&payload::of_value(value.view()), SEED, &NARROW).unwrap();
        assert_eq!(read.encoding(), encoding, "{value:?}");
    }
    let mut numbers = Set::new(SEED);
    numbers.keep_strings();
    numbers.insert(Member::Int(5), &NARROW);
    let read = payload::value_of(&payload::of_value(Value::from(numbers).view()), SEED, &NARROW).unwrap();
    assert_eq!(read.encoding(), "listpack", "integers that are kept as strings stay so");
}

#[test]
fn forms_of_older_versions_are_read() {
    let pairs = hash(&[("foo", "bar", None), ("hello", "world", None)], &Limits::DEFAULT);
    // Entries: the length of the one before, the length of the text, the text.
    let ziplist = |entries: &[&[u8]]| {
        let mut bytes = vec![0; 10];
        let (mut before, mut tail) = (0, 10);
        for entry in entries {
            tail = bytes.len();
            bytes.extend_from_slice(&[before, entry.len() as u8]);
            bytes.extend_from_slice(entry);
            before = entry.len() as u8 + 2;
        }
        bytes.push(0xff);
        let (length, count) = (bytes.len() as u32, entries.len() as u16);
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        bytes[4..8].copy_from_slice(&(tail as u32).to_le_bytes());
        bytes[8..10].copy_from_slice(&count.to_le_bytes());
        [&[bytes.len() as u8][..], &bytes].concat()
    };
    let after = |kind: u8, rest: &[u8]| [&[kind], rest].concat();
    let strings = ziplist(&[b"foo", b"bar", b"hello", b"world"]);
    let scores = ziplist(&[b"a", b"1.5", b"b", b"-2"]);
    let elements = list(&["foo", "bar", "hello", "world"], &Limits::DEFAULT);
    let scored = zset(&[("a", 1.5), ("b", -2.0)], &Limits::DEFAULT);
    for (bytes, value) in [
        (after(kind::HASH_ZIPMAP, b"\x18\x02\x03foo\x03\x00bar\x05hello\x05\x00world\xff"), &pairs),
        (after(kind::HASH_ZIPLIST, &strings), &pairs),
        (after(kind::LIST_ZIPLIST, &strings), &elements),
        (after(kind::LIST_ZIPLISTS, &[&[1][..], &strings].concat()), &elements),
        (after(kind::LIST_ZIPLISTS, &[&[2][..], &strings, &ziplist(&[])].concat()), &elements),
        (after(kind::LIST_PIECES, b"\x04\x01\x03foo\x01\x03bar\x01\x05hello\x01\x05world"), &elements),
        (after(kind::LIST, b"\x04\x03foo\x03bar\x05hello\x05world"), &elements),
        (after(kind::ZSET_ZIPLIST, &scores), &scored),
        (after(kind::ZSET_TEXT, b"\x02\x01a\x031.5\x01b\x02-2"), &scored),
        (after(kind::SET, b"\x02\xc0\x05\x01x"), &set(&["5", "x"], &Limits::DEFAULT)),
    ] {
        assert_eq!(read(&bytes).as_ref(), Ok(value), "{bytes:?}");
    }
    let infinite = zset(&[("a", f64::INFINITY), ("b", f64::NEG_INFINITY)], &Limits::DEFAULT);
    assert_eq!(read(&after(kind::ZSET_TEXT, b"\x02\x01a\xfe\x01b\xff")), Ok(infinite));
    let early = after(kind::HASH_TIMED_EARLY, b"\x02\x00\x01f\x01v\x40\x64\x01g\x01w");
    let timed = hash(&[("f", "v", None), ("g", "w", Some(100))], &Limits::DEFAULT);
    assert_eq!(read(&early), Ok(timed));
}

#[test]
fn streams_are_read_as_they_were_kept() {
    let read = read(&written(&stream())).unwrap();
    let (Value::Stream(read), Value::Stream(wanted)) = (read, stream()) else { panic!("no streams") };
    assert!(read.log().written_blocks().eq(wanted.log().written_blocks()), "block by block");
    let times = |stream: &Stream| {
        let group = stream.group(b"busy").unwrap();
        group.consumers().map(|consumer| (consumer.seen, consumer.active)).collect::<Vec<_>>()
    };
    assert_eq!(times(&read), [(1000, Some(2500)), (1000, None)]);
    assert_eq!(times(&read), times(&wanted));
}

#[test]
fn damaged_streams_are_refused() {
    let stream = written(&stream());
    let mut refused = 0;
    for at in 1..stream.len() {
        let mut damaged = stream.clone();
        damaged[at] = damaged[at].wrapping_add(1);
        refused += usize::from(read(&damaged).is_err());
    }
    assert!(refused * 2 > stream.len(), "{refused} of {}", stream.len());
    // What a consumer has must be pending with the group, and all of that must be with one consumer.
    let group = |pending: &[u8], owned: &[u8]| {
        let head = b"\x15\0\0\0\0\0\0\0\0\0\x01\x01g\0\0\0";
        [&head[..], pending, b"\x01\x01c\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", owned].concat()
    };
    let id = [0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1];
    let given = [&[1][..], &id, &[0; 9]].concat();
    let owned = [&[1][..], &id].concat();
    assert!(read(&group(&given, &owned)).is_ok());
    assert!(read(&group(b"\0", b"\0")).is_ok());
    for damaged in [group(&given, b"\0"), group(b"\0", &owned), group(&given, &[&[2][..], &id, &id].concat())]
    {
        assert!(read(&damaged).is_err());
    }
}

#[test]
fn what_no_value_can_be_is_refused() {
    let listpack = |entries: &[u8], count: u8| {
        let length = entries.len() as u8 + 7;
        [&[length, length, 0, 0, 0, count, 0], entries, &[0xff]].concat()
    };
    let after = |kind: u8, rest: &[u8]| [&[kind], rest].concat();
    for bytes in [
        vec![],
        vec![6],
        vec![7, 0],
        vec![8],
        vec![255],
        after(kind::LIST, b"\0"),
        after(kind::SET, b"\0"),
        after(kind::ZSET, b"\0"),
        after(kind::HASH, b"\0"),
        after(kind::LIST_PIECES, b"\0"),
        after(kind::LIST_PIECES, b"\x01\x03\x01a"),
        after(kind::SET, b"\x02\x01a\x01a"),
        after(kind::HASH, b"\x02\x01a\x01b\x01a\x01c"),
        after(kind::ZSET_TEXT, b"\x01\x01a\xfd"),
        after(kind::ZSET, b"\x01\x01a\0\0\0\0\0\0\xf8\x7f"),
        after(kind::ZSET, b"\x02\x01a\0\0\0\0\0\0\0\0\x01a\0\0\0\0\0\0\0\0"),
        after(kind::SET_LISTPACK, &listpack(b"", 0)),
        after(kind::SET_LISTPACK, &listpack(b"\x01\x01\x01\x01", 2)),
        after(kind::HASH_LISTPACK, &listpack(b"\x01\x01", 1)),
        after(kind::ZSET_LISTPACK, &listpack(b"\x01\x01\x81x\x02", 2)),
        after(
            kind::HASH_TIMED_LISTPACK,
            &[&[0; 8][..], &listpack(b"\x01\x01\x02\x01\xdf\xff\x02", 3)].concat(),
        ),
        after(kind::SET_INTEGERS, b"\x0c\x02\0\0\0\x02\0\0\0\x05\0\x05\0"),
        after(kind::SET_INTEGERS, b"\x0c\x03\0\0\0\x02\0\0\0\x05\0\x06\0"),
        after(kind::SET_INTEGERS, b"\x0c\x02\0\0\0\x03\0\0\0\x05\0\x06\0"),
        after(kind::SET_INTEGERS, b"\x08\x02\0\0\0\0\0\0\0"),
        after(kind::HASH_TIMED, b"\xff\xff\xff\xff\xff\xff\xff\xff\x01\x05\x01f\x01v"),
        after(kind::STRING, b"\xc4\x00"),
        after(kind::STRING, b"\x82\0\0\0\x01a"),
        after(kind::STRING, b"\x80\xff\xff\xff\xffa"),
        after(kind::STRING, b"\x81\xff\xff\xff\xff\xff\xff\xff\xffa"),
        after(kind::STRING, b"\xc3\x02\x80\x1f\xff\xff\xff\x00a"),
        after(kind::LIST, b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01a"),
    ] {
        assert!(read(&bytes).is_err(), "{bytes:?}: {:?}", read(&bytes));
    }
}

#[test]
fn a_payload_shows_its_version_and_its_checksum() {
    // As Redis 7.0 has it for `SET foo bar`, in its version 10.
    let known = b"\x00\x03bar\x0a\x00\xe6\xbeI`\xeef\xfd\x17";
    let sealed = payload::sealed(b"\x00\x03bar".to_vec(), 10);
    assert_eq!(sealed, known);
    assert_eq!(payload::value_of(&sealed, SEED, &Limits::DEFAULT), Ok(Str::new(b"bar").into()));
    for at in 0..sealed.len() {
        let mut damaged = sealed.clone();
        damaged[at] ^= 0x10;
        let refused = payload::value_of(&damaged, SEED, &Limits::DEFAULT);
        assert_eq!(refused, Err(Refused::VersionOrChecksum), "{at}");
        assert_eq!(payload::opened(&sealed[..at]), None, "{at}");
    }
    let newer = payload::sealed(b"\x00\x03bar".to_vec(), 13);
    assert_eq!(payload::opened(&newer), None);
    let longer = payload::sealed(b"\x00\x03bar!".to_vec(), 11);
    assert!(matches!(payload::value_of(&longer, SEED, &Limits::DEFAULT), Err(Refused::Malformed(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Strings come back whatever they are, and lengths in all their widths.
    #[test]
    fn strings_and_lengths_come_back(
        string in prop_oneof![any::<i64>().prop_map(|n| n.to_string().into_bytes()), prop::collection::vec(0..3_u8, 0..200)],
        length in any::<u64>(),
        shift in 0..64_u32,
    ) {
        let mut writer = Writer::new();
        writer.string(&string);
        writer.length(length >> shift);
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes);
        prop_assert_eq!(reader.string().unwrap(), string);
        prop_assert_eq!(reader.length(), Ok(length >> shift));
        prop_assert_eq!(reader.remaining(), 0);
    }

    /// Values with some bytes changed, cut or put in, and a checksum that is right again, are refused or read; what is
    /// read takes no more memory than the longest repetitions allow, and can be written and read once more.
    #[test]
    fn damaged_values_are_survived(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..6),
        narrow in any::<bool>(),
    ) {
        let values = values();
        let mut bytes = written(&values[which.index(values.len())].1);
        for (at, byte, way) in changes {
            let at = at.index(bytes.len().max(1));
            match way {
                _ if bytes.is_empty() => bytes.push(byte),
                0 => bytes[at] = byte,
                1 => bytes[at] ^= 1 << (byte % 8),
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
        }
        survive(bytes, narrow)?;
    }

    /// So are bytes that were never a value.
    #[test]
    fn any_bytes_are_survived(kind in 0..27_u8, bytes in prop::collection::vec(any::<u8>(), 0..80), narrow in any::<bool>()) {
        survive([&[kind], &bytes[..]].concat(), narrow)?;
    }
}

fn survive(bytes: Vec<u8>, narrow: bool) -> Result<(), TestCaseError> {
    let limits = if narrow { NARROW } else { Limits::DEFAULT };
    let length = bytes.len();
    let Ok(value) = payload::value_of(&payload::sealed(bytes, 11), SEED, &limits) else { return Ok(()) };
    prop_assert!(value.heap_bytes() <= 10_000 + 300 * length, "{} from {length}", value.heap_bytes());
    let again = payload::value_of(&payload::of_value(value.view()), SEED, &limits);
    prop_assert_eq!(again, Ok(value));
    Ok(())
}
