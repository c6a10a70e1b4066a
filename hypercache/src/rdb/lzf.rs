//! LZF, the compression of long strings (Marc Lehmann's LibLZF, whose format this is).
//!
//! A byte below 32 stands before one more bytes than it says, which are taken as they are. Any other stands for a
//! repetition: its three highest bits are the length less 2, with one more byte to be added where all three are set; its
//! five lowest bits and the next byte are the distance less 1.

use crate::rdb::Malformed;

const LITERALS_MAX: usize = 32;
const DISTANCE_MAX: usize = 1 << 13;
const REPEAT_MIN: usize = 3;
const REPEAT_MAX: usize = 264;
/// Bytes that one byte of compressed text can stand for at the most: three of them stand for the longest repetition.
const GROWTH_MAX: usize = REPEAT_MAX / 3;
const TABLE_BITS_MIN: u32 = 6;
const TABLE_BITS_MAX: u32 = 14;

const DAMAGED: Malformed = Malformed("a compressed string is damaged");

/// The text of `len` bytes that `bytes` stand for.
pub fn decompress(mut bytes: &[u8], len: usize) -> Result<Vec<u8>, Malformed> {
    if len > bytes.len().saturating_mul(GROWTH_MAX) {
        return Err(DAMAGED);
    }
    let mut text = Vec::with_capacity(len);
    while let Some((&mark, rest)) = bytes.split_first() {
        bytes = rest;
        if usize::from(mark) < LITERALS_MAX {
            let (literals, rest) = bytes.split_at_checked(usize::from(mark) + 1).ok_or(DAMAGED)?;
            text.extend_from_slice(literals);
            bytes = rest;
        } else {
            let mut take = || {
                let (&byte, rest) = bytes.split_first().ok_or(DAMAGED)?;
                bytes = rest;
                Ok(usize::from(byte))
            };
            let mut repeat = usize::from(mark >> 5) + 2;
            if mark >> 5 == 7 {
                repeat += take()?;
            }
            let distance = (usize::from(mark & 0x1f) << 8 | take()?) + 1;
            let start = text.len().checked_sub(distance).ok_or(DAMAGED)?;
            if repeat <= distance {
                text.extend_from_within(start..start + repeat);
            } else {
                (start..start + repeat).for_each(|at| text.push(text[at]));
            }
        }
        if text.len() > len {
            return Err(DAMAGED);
        }
    }
    if text.len() == len { Ok(text) } else { Err(DAMAGED) }
}

/// A shorter form of `text`, of `bytes_max` bytes at the most; none where there is none.
pub fn compress(text: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    let bits = (usize::BITS - text.len().leading_zeros()).clamp(TABLE_BITS_MIN, TABLE_BITS_MAX);
    // Where three bytes were seen last, by their hash; 1 more than the place.
    let mut seen = vec![0_u32; 1 << bits];
    let (mut bytes, mut at, mut literals) = (Vec::with_capacity(bytes_max.min(text.len())), 0, 0);
    while at + REPEAT_MIN <= text.len() && bytes.len() <= bytes_max {
        let three = u32::from_le_bytes([text[at], text[at + 1], text[at + 2], 0]);
        let slot = &mut seen[(three.wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize];
        let before = (*slot as usize).checked_sub(1);
        *slot = u32::try_from(at + 1).ok()?;
        let found = before.filter(|before| {
            at - before <= DISTANCE_MAX && text[*before..].starts_with(&text[at..at + REPEAT_MIN])
        });
        let Some(before) = found else {
            at += 1;
            continue;
        };
        push_literals(&mut bytes, &text[literals..at]);
        let same = text[at..].iter().zip(&text[before..]).take(REPEAT_MAX);
        let repeat = same.take_while(|(one, other)| one == other).count();
        push_repetition(&mut bytes, repeat, at - before);
        at += repeat;
        literals = at;
    }
    push_literals(&mut bytes, &text[literals..]);
    (bytes.len() <= bytes_max).then_some(bytes)
}

fn push_literals(bytes: &mut Vec<u8>, literals: &[u8]) {
    for literals in literals.chunks(LITERALS_MAX) {
        bytes.push(literals.len() as u8 - 1);
        bytes.extend_from_slice(literals);
    }
}

fn push_repetition(bytes: &mut Vec<u8>, repeat: usize, distance: usize) {
    let (length, distance) = (repeat - 2, distance - 1);
    let high = (distance >> 8) as u8;
    if length < 7 {
        bytes.push((length as u8) << 5 | high);
    } else {
        bytes.extend_from_slice(&[7 << 5 | high, (length - 7) as u8]);
    }
    bytes.push(distance as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_known_text_has_a_known_form() {
        assert_eq!(decompress(b"\x00a\xe0\x10\x00", 26).unwrap(), b"a".repeat(26));
        assert_eq!(compress(&b"a".repeat(26), 22).unwrap(), b"\x00a\xe0\x10\x00");
        assert_eq!(compress(b"abcdefghijklmnopqrstuvwxyz", 22), None);
    }

    #[test]
    fn damaged_bytes_are_refused() {
        for (bytes, len) in [
            (&b"\x05abc"[..], 6),
            (b"\x00a\xe0", 26),
            (b"\x00a\xe0\x10", 26),
            (b"\x00a\x20\x01", 4),
            (b"\x00a\xe0\x10\x00", 25),
            (b"\x00a\xe0\x10\x00", 27),
            (b"\x00a", usize::MAX),
        ] {
            assert_eq!(decompress(bytes, len), Err(DAMAGED), "{bytes:?}");
        }
    }

    proptest! {
        /// What is compressed comes back, whatever it is.
        #[test]
        fn texts_come_back(
            parts in prop::collection::vec((prop::collection::vec(0..4_u8, 1..40), 1..60_usize), 0..60),
        ) {
            let text: Vec<u8> = parts.iter().flat_map(|(part, times)| part.repeat(*times)).collect();
            let bytes = compress(&text, 2 * text.len() + 1).unwrap();
            prop_assert_eq!(decompress(&bytes, text.len()), Ok(text));
        }

        /// Any bytes are refused or read, and never more than is asked for.
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), len in 0..3000_usize) {
            if let Ok(text) = decompress(&bytes, len) {
                prop_assert_eq!(text.len(), len);
            }
        }
    }
}
