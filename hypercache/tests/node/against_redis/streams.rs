//! What must not be compared of replies about streams.

use hypercache::resp::frame::Frame;

/// The reply without what the two may tell differently: for how long an entry has been pending, since they do not get it
/// at the same moment; and how many consumers a group has, since Redis 7.0 creates one when it gets something and 7.2
/// when it asks.
pub fn comparable(frame: Frame) -> Frame {
    match frame {
        Frame::Array(frames) => {
            let mut frames: Vec<Frame> = frames.into_iter().map(comparable).collect();
            if let [Frame::Bulk(id), Frame::Bulk(_), Frame::Integer(idle), Frame::Integer(_)] =
                frames.as_mut_slice()
                && id.contains(&b'-')
            {
                *idle = 0;
            }
            for at in 1..frames.len() {
                if names_consumers(&frames[at - 1]) {
                    forget(&mut frames[at]);
                }
            }
            Frame::Array(frames)
        }
        Frame::Map(mut pairs) => {
            pairs.iter_mut().filter(|(key, _)| names_consumers(key)).for_each(|(_, value)| forget(value));
            Frame::Map(pairs)
        }
        other => other,
    }
}

fn names_consumers(frame: &Frame) -> bool {
    matches!(frame, Frame::Bulk(name) if **name == *b"consumers")
}

fn forget(frame: &mut Frame) {
    if let Frame::Integer(number) = frame {
        *number = 0;
    }
}
