//! Zipmaps, in which Redis wrote small hashes before version 2.6: how many fields there are, fields and values, and an end
//! mark. Behind the length of a value stands how many unused bytes follow it.

use crate::rdb::Malformed;

const END: u8 = 0xff;
/// From here on a length takes five bytes, and the number of fields is not told; the first byte says so.
const LONG: u8 = 0xfe;

const DAMAGED: Malformed = Malformed("a zipmap is damaged");

/// A field with its value.
type Pair<'a> = (&'a [u8], &'a [u8]);

/// Visits fields with their values; that the whole is a zipmap is known when the last was visited.
pub fn visit<'a>(
    bytes: &'a [u8],
    mut visit: impl FnMut(Pair<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let (told, mut rest) = bytes.split_first().ok_or(DAMAGED)?;
    let mut count = 0_usize;
    while *rest.first().ok_or(DAMAGED)? != END {
        visit(pair(&mut rest).ok_or(DAMAGED)?)?;
        count += 1;
    }
    let counted = *told >= LONG || usize::from(*told) == count;
    if counted && rest.len() == 1 { Ok(()) } else { Err(DAMAGED) }
}

fn pair<'a>(rest: &mut &'a [u8]) -> Option<Pair<'a>> {
    let field = length(rest)?;
    let field = take(rest, field)?;
    let value = length(rest)?;
    let spare = take(rest, 1)?[0];
    let value = take(rest, value)?;
    take(rest, spare.into())?;
    Some((field, value))
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

fn length(rest: &mut &[u8]) -> Option<usize> {
    match take(rest, 1)?[0] {
        END => None,
        LONG => Some(u32::from_le_bytes(*take(rest, 4)?.first_chunk()?) as usize),
        length => Some(length.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<Pair<'_>>, Malformed> {
        let mut pairs = Vec::new();
        visit(bytes, |pair| {
            pairs.push(pair);
            Ok(())
        })?;
        Ok(pairs)
    }

    #[test]
    fn a_known_zipmap_is_read() {
        let bytes = b"\x02\x03foo\x03\x00bar\x05hello\x05\x02world..\xff";
        assert_eq!(read(bytes).unwrap(), [(&b"foo"[..], &b"bar"[..]), (b"hello", b"world")]);
        assert_eq!(read(b"\x01\xfe\x01\0\0\0f\x01\x00v\xff").unwrap(), [(&b"f"[..], &b"v"[..])]);
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut]), Err(DAMAGED), "{cut}");
        }
        assert_eq!(read(b"\x03\x01f\x01\x00v\xff"), Err(DAMAGED));
        assert_eq!(read(b"\x01\x01f\x01\x00v\xff\x00"), Err(DAMAGED));
    }
}
