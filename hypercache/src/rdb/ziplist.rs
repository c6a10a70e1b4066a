//! Ziplists, which Redis wrote before version 7: length, place of the last entry and number of entries, then the entries,
//! each with the length of the one before it, and an end mark.

use crate::rdb::CUT_OFF;
use crate::rdb::Malformed;
use crate::value::list::entry::Element;

const HEADER_BYTES: usize = 10;
const END: u8 = 0xff;
/// From here on the length of the entry before takes five bytes; the first of them says so.
const LONG_BEFORE: u8 = 0xfe;
/// Stands for so many entries and more.
const UNCOUNTED: u16 = u16::MAX;

const DAMAGED: Malformed = Malformed("a ziplist is damaged");

/// Visits the elements of a ziplist, each of them checked; that the whole is one is known when the last was visited.
pub fn visit<'a>(
    bytes: &'a [u8],
    mut visit: impl FnMut(Element<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let header: &[u8; HEADER_BYTES] = bytes.first_chunk().ok_or(CUT_OFF)?;
    let [l0, l1, l2, l3, t0, t1, t2, t3, c0, c1] = *header;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    let tail = u32::from_le_bytes([t0, t1, t2, t3]) as usize;
    if length != bytes.len() || length == HEADER_BYTES || bytes.last() != Some(&END) {
        return Err(DAMAGED);
    }
    let (mut at, mut last, mut before, mut count) = (HEADER_BYTES, HEADER_BYTES, 0, 0_usize);
    while at + 1 < bytes.len() {
        let (element, width) = entry(&bytes[at..bytes.len() - 1], before)?;
        visit(element)?;
        count += 1;
        (last, at, before) = (at, at + width, width);
    }
    let told = u16::from_le_bytes([c0, c1]);
    let counted = told == UNCOUNTED || usize::from(told) == count;
    if counted && tail == last { Ok(()) } else { Err(DAMAGED) }
}

/// The entry that `bytes` begin with, which follows one of `before` bytes, and how many bytes it has.
fn entry(bytes: &[u8], before: usize) -> Result<(Element<'_>, usize), Malformed> {
    let (told, prefix) = match *bytes.first().ok_or(DAMAGED)? {
        LONG_BEFORE => {
            let told: &[u8; 4] = bytes[1..].first_chunk().ok_or(DAMAGED)?;
            (u32::from_le_bytes(*told) as usize, 5)
        }
        END => return Err(DAMAGED),
        told => (usize::from(told), 1),
    };
    if told != before {
        return Err(DAMAGED);
    }
    let (element, width) = content(&bytes[prefix..]).ok_or(DAMAGED)?;
    Ok((element, prefix + width))
}

fn content(bytes: &[u8]) -> Option<(Element<'_>, usize)> {
    let text = |head: usize, length: usize| {
        let end = head.checked_add(length)?;
        Some((Element::Bytes(bytes.get(head..end)?), end))
    };
    let number = |width: usize| {
        let mut wide = [0; 8];
        wide[8 - width..].copy_from_slice(bytes.get(1..=width)?);
        Some((Element::Int(i64::from_le_bytes(wide) >> (64 - 8 * width)), 1 + width))
    };
    match *bytes.first()? {
        mark @ 0..0x40 => text(1, mark.into()),
        mark @ 0x40..0x80 => text(2, usize::from(mark & 0x3f) << 8 | usize::from(*bytes.get(1)?)),
        0x80 => text(5, u32::from_be_bytes(*bytes.get(1..)?.first_chunk()?) as usize),
        0xc0 => number(2),
        0xd0 => number(4),
        0xe0 => number(8),
        0xf0 => number(3),
        0xfe => number(1),
        mark @ 0xf1..=0xfd => Some((Element::Int(i64::from(mark & 0x0f) - 1), 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<Element<'_>>, Malformed> {
        let mut elements = Vec::new();
        visit(bytes, |element| {
            elements.push(element);
            Ok(())
        })?;
        Ok(elements)
    }

    #[test]
    fn a_known_ziplist_is_read() {
        let bytes = b"\x1c\0\0\0\x19\0\0\0\x03\0\0\xf3\x02\x0bHello World\x0d\xf6\xff";
        let elements = read(bytes).unwrap();
        assert_eq!(elements, [Element::Int(2), Element::Bytes(b"Hello World"), Element::Int(5)]);
        for at in [0, 4, 8, 10, 12, 25] {
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 1;
            assert_eq!(read(&damaged), Err(DAMAGED), "{at}");
        }
    }

    #[test]
    fn numbers_have_their_widths() {
        let entries: [&[u8]; 6] = [
            b"\xc0\x00\x80",
            b"\xd0\x00\x00\x00\x80",
            b"\xe0\x00\x00\x00\x00\x00\x00\x00\x80",
            b"\xf0\x00\x00\x80",
            b"\xfe\x80",
            b"\xfd",
        ];
        let numbers = [-0x8000, -0x8000_0000, i64::MIN, -0x80_0000, -0x80, 12];
        for (entry, number) in entries.into_iter().zip(numbers) {
            assert_eq!(content(entry), Some((Element::Int(number), entry.len())));
            assert_eq!(content(&entry[..entry.len() - 1]), None);
        }
        assert_eq!(content(b"\x41\x00").map(|_| ()), None);
        assert_eq!(content(b"\x80\xff\xff\xff\xffx").map(|_| ()), None);
        assert_eq!(content(b"\xff").map(|_| ()), None);
    }
}
