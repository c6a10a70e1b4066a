//! Properties of the codec and the awkward corners of the format.

use bytes::Bytes;
use proptest::prelude::*;

use super::Frame;
use super::FrameError;
use super::FrameLimits;
use super::Kind;
use crate::resp::Protocol;
use super::decode;
use super::skip;

fn text() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>().prop_filter("no line break", |b| !matches!(b, b'\r' | b'\n')), 0..24)
        .prop_map(Bytes::from)
}

fn blob() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..64).prop_map(Bytes::from)
}

fn leaf() -> impl Strategy<Value = Frame> {
    prop_oneof![
        text().prop_map(Frame::Simple),
        text().prop_map(Frame::Error),
        any::<i64>().prop_map(Frame::Integer),
        blob().prop_map(Frame::Bulk),
        Just(Frame::Null),
        any::<f64>().prop_filter("NaN is not equal to itself", |n| !n.is_nan()).prop_map(Frame::Double),
        any::<bool>().prop_map(Frame::Boolean),
        "[+-]?[0-9]{1,30}".prop_map(|digits| Frame::BigNumber(Bytes::from(digits))),
        (any::<[u8; 3]>(), blob()).prop_map(|(format, text)| Frame::Verbatim { format, text }),
        blob().prop_map(Frame::BulkError),
    ]
}

fn frame() -> impl Strategy<Value = Frame> {
    leaf().prop_recursive(4, 64, 6, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..6);
        prop_oneof![
            items.clone().prop_map(Frame::Array),
            items.clone().prop_map(Frame::Set),
            items.prop_map(Frame::Push),
            prop::collection::vec((inner.clone(), inner), 0..4).prop_map(Frame::Map),
        ]
    })
}

fn encoded(frame: &Frame, protocol: Protocol) -> Vec<u8> {
    let mut out = Vec::new();
    frame.encode(protocol, &mut out);
    out
}

/// Bytes of memory a frame holds beyond itself.
fn heap(frame: &Frame) -> usize {
    match frame {
        Frame::Simple(b) | Frame::Error(b) | Frame::Bulk(b) | Frame::BigNumber(b) | Frame::BulkError(b) => {
            b.len()
        }
        Frame::Verbatim { text, .. } => text.len(),
        Frame::Array(items) | Frame::Set(items) | Frame::Push(items) => {
            items.capacity() * size_of::<Frame>() + items.iter().map(heap).sum::<usize>()
        }
        Frame::Map(pairs) => {
            pairs.capacity() * 2 * size_of::<Frame>()
                + pairs.iter().map(|(key, value)| heap(key) + heap(value)).sum::<usize>()
        }
        Frame::Integer(_) | Frame::Null | Frame::Double(_) | Frame::Boolean(_) => 0,
    }
}

proptest! {
    #[test]
    fn resp3_round_trip(frame in frame()) {
        let bytes = encoded(&frame, Protocol::Resp3);
        prop_assert_eq!(decode(&bytes, &FrameLimits::default()), Ok(Some((frame, bytes.len()))));
    }

    #[test]
    fn resp2_output_uses_resp2_types_only_and_ends_where_it_ends(frame in frame()) {
        let bytes = encoded(&frame, Protocol::Resp2);
        let (decoded, end) = decode(&bytes, &FrameLimits::default()).unwrap().unwrap();
        prop_assert_eq!(end, bytes.len());
        fn resp2(frame: &Frame) -> bool {
            match frame {
                Frame::Simple(_) | Frame::Error(_) | Frame::Integer(_) | Frame::Bulk(_) | Frame::Null => true,
                Frame::Array(items) => items.iter().all(resp2),
                _ => false,
            }
        }
        prop_assert!(resp2(&decoded));
    }

    #[test]
    fn every_split_asks_for_more_and_trailing_bytes_are_left(frame in frame(), tail in blob()) {
        let mut bytes = encoded(&frame, Protocol::Resp3);
        let end = bytes.len();
        for split in 0..end {
            prop_assert_eq!(decode(&bytes[..split], &FrameLimits::default()), Ok(None));
        }
        bytes.extend_from_slice(&tail);
        prop_assert_eq!(decode(&bytes, &FrameLimits::default()), Ok(Some((frame, end))));
    }

    #[test]
    fn arbitrary_bytes_neither_panic_nor_allocate_without_bound(
        bytes in prop::collection::vec(
            prop_oneof![3 => prop::sample::select(b"+-:$*_,#(!=%~>|0123456789\r\n-t".as_slice()), 1 => any::<u8>()],
            0..256,
        )
    ) {
        let limits = FrameLimits { depth: 8, elements: 1000, bulk_bytes: 1000, line_bytes: 100 };
        if let Ok(Some((frame, end))) = decode(&bytes, &limits) {
            prop_assert!(end <= bytes.len());
            // The shortest value takes three bytes.
            prop_assert!(heap(&frame) <= end + end / 3 * size_of::<Frame>());
        }
    }

    #[test]
    fn the_scanner_and_the_decoder_agree(bytes in prop::collection::vec(any::<u8>(), 0..64), frame in frame()) {
        let limits = FrameLimits::default();
        let good = encoded(&frame, Protocol::Resp3);
        prop_assert_eq!(skip(&good, &limits).unwrap().unwrap().0, good.len());
        let scanned = skip(&bytes, &limits).map(|found| found.map(|(end, _)| end));
        let decoded = decode(&bytes, &limits).map(|found| found.map(|(_, end)| end));
        prop_assert_eq!(scanned, decoded);
    }
}

fn kind(bytes: &[u8]) -> Kind<'_> {
    skip(bytes, &FrameLimits::default()).unwrap().unwrap().1
}

#[test]
fn kinds() {
    assert_eq!(kind(b"+OK\r\n"), Kind::Status(b"OK"));
    assert_eq!(kind(b"-WRONGTYPE Operation against a key\r\n"), Kind::Error(b"WRONGTYPE"));
    assert_eq!(kind(b"!8\r\nERR a\r\nb\r\n"), Kind::Error(b"ERR"));
    assert_eq!(kind(b"$-1\r\n"), Kind::Null);
    assert_eq!(kind(b"*-1\r\n"), Kind::Null);
    assert_eq!(kind(b"_\r\n"), Kind::Null);
    assert_eq!(kind(b":-7\r\n"), Kind::Integer(-7));
    assert_eq!(kind(b"$3\r\na\r\n\r\n"), Kind::Value(3));
    assert_eq!(kind(b"*3\r\n$-1\r\n$1\r\na\r\n_\r\n"), Kind::Items { count: 3, nulls: 2, push: false });
    assert_eq!(kind(b"%1\r\n+a\r\n_\r\n"), Kind::Items { count: 2, nulls: 1, push: false });
    assert_eq!(kind(b">1\r\n+a\r\n"), Kind::Items { count: 1, nulls: 0, push: true });
}

#[test]
fn attributes_are_passed_over() {
    let bytes = b"|1\r\n+ttl\r\n:3\r\n*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n";
    let expected = Frame::Array(vec![Frame::Integer(1), Frame::Integer(2)]);
    assert_eq!(decode(bytes, &FrameLimits::default()), Ok(Some((expected, bytes.len()))));
    assert_eq!(decode(b"|0\r\n", &FrameLimits::default()), Ok(None));
}

#[test]
fn nan_and_infinities() {
    let (frame, _) = decode(b",nan\r\n", &FrameLimits::default()).unwrap().unwrap();
    assert!(matches!(frame, Frame::Double(number) if number.is_nan()));
    assert_eq!(encoded(&Frame::Double(f64::NAN), Protocol::Resp3), b",nan\r\n");
    assert_eq!(encoded(&Frame::Double(f64::NEG_INFINITY), Protocol::Resp3), b",-inf\r\n");
    assert_eq!(encoded(&Frame::Double(3.0), Protocol::Resp3), b",3\r\n");
    assert_eq!(encoded(&Frame::Double(0.1), Protocol::Resp2), b"$3\r\n0.1\r\n");
}

#[test]
fn line_breaks_cannot_be_smuggled_into_an_error() {
    let frame = Frame::BulkError(Bytes::from_static(b"ERR a\r\n+OK"));
    assert_eq!(encoded(&frame, Protocol::Resp2), b"-ERR a  +OK\r\n");
}

#[test]
fn limits_hold_before_the_bytes_arrive() {
    let limits = FrameLimits { depth: 2, elements: 4, bulk_bytes: 10, line_bytes: 8 };
    assert_eq!(decode(b"*1\r\n*1\r\n*1\r\n", &limits), Err(FrameError::TooDeep(2)));
    assert_eq!(decode(b"*4\r\n", &limits), Err(FrameError::TooManyElements(4)));
    assert_eq!(decode(b"%2\r\n", &limits), Err(FrameError::TooManyElements(4)));
    assert_eq!(decode(b"*2\r\n*3\r\n", &limits), Err(FrameError::TooManyElements(4)));
    assert_eq!(decode(b"|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n", &limits), Err(FrameError::TooManyElements(4)));
    assert_eq!(decode(b"$11\r\n", &limits), Err(FrameError::BulkTooLong(10)));
    assert_eq!(decode(b"+123456789", &limits), Err(FrameError::LineTooLong(8)));
    assert_eq!(decode(b"+12345678", &limits), Ok(None));
    assert_eq!(
        decode(b"%9223372036854775807\r\n", &FrameLimits { line_bytes: 64, ..limits }),
        Err(FrameError::TooManyElements(4))
    );
}

#[test]
fn malformed_bytes_are_refused() {
    for bytes in [
        b"$1\r\nabc".as_slice(),
        b"$-2\r\n",
        b"*-2\r\n",
        b"$\r\n",
        b"$+1\r\n",
        b":\r\n",
        b":1.5\r\n",
        b":9223372036854775808\r\n",
        b"#x\r\n",
        b"_x\r\n",
        b"(\r\n",
        b"(1a\r\n",
        b"=3\r\ntxt\r\n",
        b"+a\rb",
        b"+a\nb",
        b",x\r\n",
        b"$99999999999999999999\r\n",
        b"$?\r\n",
        b"%-1\r\n",
    ] {
        assert!(
            matches!(decode(bytes, &FrameLimits::default()), Err(FrameError::Malformed(_))),
            "{:?}",
            String::from_utf8_lossy(bytes)
        );
    }
    assert_eq!(decode(b"GET", &FrameLimits::default()), Err(FrameError::UnknownType(b'G')));
    assert_eq!(decode(b"", &FrameLimits::default()), Ok(None));
}
