//! How an element of a list, or of a block of a stream, is written: as an entry of Redis's listpacks, so that sizes and
//! thus encodings agree.
//!
//! An entry is a mark that tells what it is, its bytes or its number, and its length once more, to be read backwards
//! (<https://github.com/antirez/listpack/blob/master/listpack.md>).

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::value::number;

/// An entry on its way into a list.
pub type Written = SmallVec<[u8; 64]>;

const SHORT_TEXT: u8 = 0x80;
const INT_13: u8 = 0xc0;
const TEXT_12: u8 = 0xe0;
const TEXT_32: u8 = 0xf0;
const INT_16: u8 = 0xf1;
const INT_24: u8 = 0xf2;
const INT_32: u8 = 0xf3;
const INT_64: u8 = 0xf4;

/// An element as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element<'a> {
    /// A canonical decimal, kept as a number.
    Int(i64),
    /// Any other bytes.
    Bytes(&'a [u8]),
}

impl<'a> Element<'a> {
    /// The form in which these bytes are kept.
    pub fn new(bytes: &'a [u8]) -> Self {
        number::decimal(bytes).map_or(Self::Bytes(bytes), Self::Int)
    }

    /// Its bytes; an integer is spelled out.
    pub fn bytes(self) -> Cow<'a, [u8]> {
        match self {
            Self::Int(number) => Cow::Owned(itoa::Buffer::new().format(number).as_bytes().to_vec()),
            Self::Bytes(bytes) => Cow::Borrowed(bytes),
        }
    }

    /// The entry that it is written as.
    pub fn written(self) -> Written {
        let mut entry = Written::new();
        match self {
            Self::Int(number) => write_number(&mut entry, number),
            Self::Bytes(bytes) => {
                write_length(&mut entry, bytes.len());
                entry.extend_from_slice(bytes);
            }
        }
        let length = entry.len();
        for group in (1..back_width(length)).rev() {
            let more = if group + 1 == back_width(length) { 0 } else { 0x80 };
            entry.push((length >> (7 * group)) as u8 & 0x7f | more);
        }
        let more = if back_width(length) > 1 { 0x80 } else { 0 };
        entry.push(length as u8 & 0x7f | more);
        entry
    }
}

fn write_number(entry: &mut Written, number: i64) {
    let low = number.to_le_bytes();
    match number {
        0..=127 => entry.push(low[0]),
        -4096..=4095 => entry.extend_from_slice(&[INT_13 | low[1] & 0x1f, low[0]]),
        -0x8000..=0x7fff => entry.extend_from_slice(&[INT_16, low[0], low[1]]),
        -0x80_0000..=0x7f_ffff => entry.extend_from_slice(&[INT_24, low[0], low[1], low[2]]),
        -0x8000_0000..=0x7fff_ffff => {
            entry.push(INT_32);
            entry.extend_from_slice(&low[..4]);
        }
        _ => {
            entry.push(INT_64);
            entry.extend_from_slice(&low);
        }
    }
}

fn write_length(entry: &mut Written, length: usize) {
    match length {
        0..0x40 => entry.push(SHORT_TEXT | length as u8),
        0x40..0x1000 => entry.extend_from_slice(&[TEXT_12 | (length >> 8) as u8, length as u8]),
        _ => {
            let length = u32::try_from(length).expect("an argument is shorter than 4 GiB");
            entry.push(TEXT_32);
            entry.extend_from_slice(&length.to_le_bytes());
        }
    }
}

/// Bytes of the length at the end of an entry, for so many bytes before it.
fn back_width(length: usize) -> usize {
    (usize::BITS - (length | 1).leading_zeros()).div_ceil(7) as usize
}

/// As `first`, for bytes of any origin; none where they begin with no whole entry, its length at the end among it.
pub fn checked_first(bytes: &[u8]) -> Option<(Element<'_>, usize)> {
    let short = |at: usize| bytes.get(at).map(|byte| usize::from(*byte));
    let length = match *bytes.first()? {
        0..SHORT_TEXT => 1,
        mark @ SHORT_TEXT..INT_13 => 1 + usize::from(mark & 0x3f),
        INT_13..TEXT_12 => 2,
        mark @ TEXT_12..TEXT_32 => 2 + (usize::from(mark & 0x0f) << 8 | short(1)?),
        TEXT_32 => {
            let length = u32::from_le_bytes(*bytes.get(1..)?.first_chunk()?);
            5_usize.checked_add(usize::try_from(length).ok()?)?
        }
        INT_16 => 3,
        INT_24 => 4,
        INT_32 => 5,
        INT_64 => 9,
        _ => return None,
    };
    let end = length.checked_add(back_width(length))?;
    let back = bytes.get(length..end)?;
    let told = back.iter().fold(0, |told, byte| told << 7 | usize::from(byte & 0x7f));
    let marked = back.iter().enumerate().all(|(at, byte)| (byte & 0x80 != 0) == (at > 0));
    (told == length && marked).then(|| first(bytes))
}

/// The entry that `bytes` begin with, and how many bytes it has.
pub(in crate::value) fn first(bytes: &[u8]) -> (Element<'_>, usize) {
    let mark = bytes[0];
    let number = |width: usize| {
        let mut wide = [0; 8];
        wide[8 - width..].copy_from_slice(&bytes[1..=width]);
        (Element::Int(i64::from_le_bytes(wide) >> (64 - 8 * width)), 1 + width)
    };
    let text = |head: usize, length: usize| (Element::Bytes(&bytes[head..head + length]), head + length);
    let (element, length) = match mark {
        0..SHORT_TEXT => (Element::Int(mark.into()), 1),
        SHORT_TEXT..INT_13 => text(1, usize::from(mark & 0x3f)),
        INT_13..TEXT_12 => {
            let bits = u16::from(mark & 0x1f) << 8 | u16::from(bytes[1]);
            (Element::Int(i64::from((bits << 3).cast_signed() >> 3)), 2)
        }
        TEXT_12..TEXT_32 => text(2, usize::from(mark & 0x0f) << 8 | usize::from(bytes[1])),
        TEXT_32 => text(5, u32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]) as usize),
        INT_16 => number(2),
        INT_24 => number(3),
        INT_32 => number(4),
        _ => number(8),
    };
    (element, length + back_width(length))
}

/// The entry that `bytes` end with, and how many bytes it has.
pub(in crate::value) fn last(bytes: &[u8]) -> (Element<'_>, usize) {
    let (mut length, mut width) = (0, 0);
    for byte in bytes.iter().rev() {
        length |= usize::from(byte & 0x7f) << (7 * width);
        width += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    first(&bytes[bytes.len() - length - width..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_as_long_as_those_of_listpacks_and_read_from_both_ends() {
        let texts = [0, 1, 63, 64, 126, 127, 4095, 4096, 20_000, 3_000_000].map(|len| vec![b'x'; len]);
        let numbers = [
            (0, 2),
            (127, 2),
            (128, 3),
            (-1, 3),
            (4095, 3),
            (-4096, 3),
            (4096, 4),
            (-4097, 4),
            (-32_768, 4),
            (32_768, 5),
            (-8_388_608, 5),
            (8_388_608, 6),
            (-2_147_483_648, 6),
            (2_147_483_648, 10),
            (i64::MIN, 10),
            (i64::MAX, 10),
        ];
        let text_lengths = [2, 3, 65, 67, 130, 131, 4099, 4103, 20_008, 3_000_009];
        let cases = texts.iter().zip(text_lengths).map(|(text, length)| (Element::new(text), length));
        let cases = cases.chain(numbers.map(|(number, length)| (Element::Int(number), length)));
        let mut all = vec![7];
        for (element, length) in cases {
            let entry = element.written();
            assert_eq!(entry.len(), length, "{length}");
            assert_eq!(first(&entry), (element, length));
            assert_eq!(checked_first(&entry), Some((element, length)));
            for cut in [0, 1, length / 2, length - 1] {
                assert_eq!(checked_first(&entry[..cut]), None, "{length} cut at {cut}");
            }
            let mut damaged = entry.clone();
            *damaged.last_mut().unwrap() ^= 1;
            assert_eq!(checked_first(&damaged), None, "{length} damaged");
            all.extend_from_slice(&entry);
            assert_eq!(last(&all), (element, length));
        }
    }
}
