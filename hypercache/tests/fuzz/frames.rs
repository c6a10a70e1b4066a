//! The decoder of frames, fed with anything.

use hypercache::resp::Protocol;
use hypercache::resp::frame::Frame;
use hypercache::resp::frame::FrameLimits;
use hypercache::resp::frame::decode;
use hypercache::resp::frame::skip;

const LIMITS: FrameLimits = FrameLimits { depth: 8, elements: 500, bulk_bytes: 4096, line_bytes: 256 };

/// A frame that is read is written and read again as the same; what is not whole yet is never taken for wrong or whole.
pub fn run(data: &[u8]) {
    match decode(data, &LIMITS) {
        Ok(Some((frame, length))) => {
            assert!((1..=data.len()).contains(&length));
            assert_eq!(skip(data, &LIMITS).map(|found| found.map(|(end, _)| end)), Ok(Some(length)));
            let shorter = &data[..length - 1];
            assert_eq!(decode(shorter, &LIMITS), Ok(None), "a part is not whole, and not wrong");
            for protocol in [Protocol::Resp2, Protocol::Resp3] {
                let mut written = Vec::new();
                frame.encode(protocol, &mut written);
                let Ok(Some((again, end))) = decode(&written, &FrameLimits::default()) else {
                    panic!("{frame:?} is written as {:?}", String::from_utf8_lossy(&written));
                };
                assert_eq!(end, written.len());
                if protocol == Protocol::Resp3 && !has_nan(&frame) {
                    assert_eq!(again, frame);
                }
            }
        }
        Ok(None) => assert_eq!(skip(data, &LIMITS), Ok(None)),
        Err(error) => assert_eq!(skip(data, &LIMITS), Err(error)),
    }
}

/// Not a number is not even the same as itself.
fn has_nan(frame: &Frame) -> bool {
    match frame {
        Frame::Double(number) => number.is_nan(),
        Frame::Array(items) | Frame::Set(items) | Frame::Push(items) => items.iter().any(has_nan),
        Frame::Map(pairs) => pairs.iter().any(|(key, value)| has_nan(key) || has_nan(value)),
        _ => false,
    }
}
