//! Listpacks as wholes: their length in 4 bytes, how many entries there are in 2, the entries, and an end mark
//! (<https://github.com/antirez/listpack/blob/master/listpack.md>).

use crate::rdb::Malformed;
use crate::value::list::entry;
use crate::value::list::entry::Element;

const HEADER_BYTES: usize = 6;
const END: u8 = 0xff;
/// Stands for so many entries and more.
const UNCOUNTED: u16 = u16::MAX;

const DAMAGED: Malformed = Malformed("a listpack is damaged");

/// What lies between the header and the end mark of a listpack; an error where these do not fit. How many entries there
/// should be; none where that is not told.
pub fn open(bytes: &[u8]) -> Result<(&[u8], Option<usize>), Malformed> {
    let (length, rest) = bytes.split_first_chunk().ok_or(DAMAGED)?;
    let (told, rest) = rest.split_first_chunk().ok_or(DAMAGED)?;
    let (end, entries) = rest.split_last().ok_or(DAMAGED)?;
    if usize::try_from(u32::from_le_bytes(*length)) != Ok(bytes.len()) || *end != END {
        return Err(DAMAGED);
    }
    let told = u16::from_le_bytes(*told);
    Ok((entries, (told != UNCOUNTED).then_some(told.into())))
}

/// Visits the elements of a listpack, each of them checked; that the whole is one is known when the last was visited.
pub fn visit<'a>(
    bytes: &'a [u8],
    mut visit: impl FnMut(Element<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let (mut rest, told) = open(bytes)?;
    let mut count = 0_usize;
    while !rest.is_empty() {
        let (element, width) = entry::checked_first(rest).ok_or(DAMAGED)?;
        visit(element)?;
        count += 1;
        rest = &rest[width..];
    }
    if told.is_none_or(|told| told == count) { Ok(()) } else { Err(DAMAGED) }
}

/// A listpack of these elements; `bytes` are expected.
pub fn write<'a>(elements: impl Iterator<Item = Element<'a>>, bytes: usize) -> Vec<u8> {
    let mut written = Vec::with_capacity(bytes);
    written.resize(HEADER_BYTES, 0);
    let mut count = 0_usize;
    for element in elements {
        written.extend_from_slice(&element.written());
        count += 1;
    }
    close(written, count)
}

/// A listpack of these elements and of others that are written already, so many.
pub fn write_before<'a>(
    elements: impl Iterator<Item = Element<'a>>,
    written: &[u8],
    count: usize,
) -> Vec<u8> {
    let mut bytes = vec![0; HEADER_BYTES];
    let mut before = 0;
    for element in elements {
        bytes.extend_from_slice(&element.written());
        before += 1;
    }
    bytes.extend_from_slice(written);
    close(bytes, before + count)
}

fn close(mut written: Vec<u8>, count: usize) -> Vec<u8> {
    written.push(END);
    let length = u32::try_from(written.len()).expect("collections that are kept packed are small");
    written[..4].copy_from_slice(&length.to_le_bytes());
    written[4..6].copy_from_slice(&u16::try_from(count).unwrap_or(UNCOUNTED).to_le_bytes());
    written
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
    fn a_known_listpack_is_read_and_written() {
        let bytes = b"\x0d\0\0\0\x02\0\x01\x01\x82hi\x03\xff";
        let elements = [Element::Int(1), Element::Bytes(b"hi")];
        assert_eq!(read(bytes).unwrap(), elements);
        assert_eq!(write(elements.into_iter(), 0), bytes);
        assert_eq!(read(b"\x07\0\0\0\0\0\xff").unwrap(), []);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for bytes in [
            &b""[..],
            b"\x06\0\0\0\0\0",
            b"\x07\0\0\0\0\0\xfe",
            b"\x08\0\0\0\0\0\xff",
            b"\x09\0\0\0\x02\0\x01\x01\xff",
            b"\x09\0\0\0\x01\0\x01\x02\xff",
            b"\x0b\0\0\0\x01\0\x83hi\x03\xff",
        ] {
            assert_eq!(read(bytes), Err(DAMAGED), "{bytes:?}");
        }
        assert_eq!(read(b"\x09\0\0\0\xff\xff\x01\x01\xff").unwrap(), [Element::Int(1)]);
    }
}
