//! What `FUNCTION DUMP` writes and `FUNCTION RESTORE` reads: each library after Redis's mark for it, then the version of
//! the format and a checksum.

use crate::command::ReplyError;
use crate::rdb::crc64::crc64;

/// The mark before a library.
const LIBRARY: u8 = 245;
/// The mark that Redis had for it before 7.0 was out.
const LIBRARY_BEFORE_RELEASE: u8 = 246;
/// The version that is written: Redis 7.2's.
const VERSION: u16 = 11;
/// Version and checksum, in bytes.
const FOOTER: usize = 10;

const WRONG: ReplyError = ReplyError::err("DUMP payload version or checksum are wrong");

/// Writes the sources of libraries.
pub fn write<'a>(sources: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut payload = Vec::new();
    for source in sources {
        payload.push(LIBRARY);
        write_length(source.len(), &mut payload);
        payload.extend_from_slice(source);
    }
    payload.extend_from_slice(&VERSION.to_le_bytes());
    let checksum = crc64(0, &payload);
    payload.extend_from_slice(&checksum.to_le_bytes());
    payload
}

/// Reads the sources of libraries.
pub fn read(payload: &[u8]) -> Result<Vec<Vec<u8>>, ReplyError> {
    let body = payload.len().checked_sub(FOOTER).ok_or(WRONG)?;
    let (mut rest, footer) = payload.split_at(body);
    let version = u16::from_le_bytes([footer[0], footer[1]]);
    let checksum = u64::from_le_bytes(footer[2..].try_into().expect("the footer has ten bytes"));
    if version > VERSION || checksum != crc64(0, &payload[..body + 2]) {
        return Err(WRONG);
    }
    let mut sources = Vec::new();
    while let Some((mark, after)) = rest.split_first() {
        match *mark {
            LIBRARY => {}
            LIBRARY_BEFORE_RELEASE => {
                return Err(ReplyError::err("Pre-GA function format not supported"));
            }
            _ => return Err(ReplyError::err("given type is not a function")),
        }
        let (source, after) = read_string(after).ok_or(ReplyError::err("Failed loading library code"))?;
        sources.push(source);
        rest = after;
    }
    Ok(sources)
}

fn write_length(length: usize, payload: &mut Vec<u8>) {
    match length {
        0..0x40 => payload.push(length as u8),
        0x40..0x4000 => payload.extend_from_slice(&(0x4000 | length as u16).to_be_bytes()),
        _ => match u32::try_from(length) {
            Ok(length) => {
                payload.push(0x80);
                payload.extend_from_slice(&length.to_be_bytes());
            }
            Err(_) => {
                payload.push(0x81);
                payload.extend_from_slice(&(length as u64).to_be_bytes());
            }
        },
    }
}

/// A string and what follows it: as it is, or compressed.
fn read_string(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    const COMPRESSED: u8 = 0xc3;
    if bytes.first() == Some(&COMPRESSED) {
        let (packed, rest) = read_length(&bytes[1..])?;
        let (length, rest) = read_length(rest)?;
        let (packed, rest) = rest.split_at_checked(packed)?;
        return Some((decompress(packed, length)?, rest));
    }
    let (length, rest) = read_length(bytes)?;
    let (text, rest) = rest.split_at_checked(length)?;
    Some((text.to_vec(), rest))
}

fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match first {
        0..0x40 => Some((usize::from(*first), rest)),
        0x40..0x80 => {
            let (second, rest) = rest.split_first()?;
            Some((usize::from(first & 0x3f) << 8 | usize::from(*second), rest))
        }
        0x80 => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            Some((u32::from_be_bytes(*length) as usize, rest))
        }
        0x81 => {
            let (length, rest) = rest.split_first_chunk::<8>()?;
            Some((usize::try_from(u64::from_be_bytes(*length)).ok()?, rest))
        }
        _ => None,
    }
}

/// Undoes LZF (Lehmann): runs of bytes as they are, and references back into what is written already.
fn decompress(packed: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let mut rest = packed;
    while let Some((control, after)) = rest.split_first() {
        rest = after;
        if *control < 32 {
            let (run, after) = rest.split_at_checked(usize::from(*control) + 1)?;
            text.extend_from_slice(run);
            rest = after;
        } else {
            let mut count = usize::from(control >> 5);
            if count == 7 {
                let (more, after) = rest.split_first()?;
                count += usize::from(*more);
                rest = after;
            }
            let (low, after) = rest.split_first()?;
            rest = after;
            let back = (usize::from(control & 0x1f) << 8 | usize::from(*low)) + 1;
            let start = text.len().checked_sub(back)?;
            for at in start..start + count + 2 {
                text.push(text[at]);
            }
        }
        if text.len() > length {
            return None;
        }
    }
    (text.len() == length).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn payloads_that_are_not_ours_are_refused() {
        let good = write([&b"abc"[..]].into_iter());
        assert_eq!(read(&good), Ok(vec![b"abc".to_vec()]));
        let mut broken = good.clone();
        broken[1] ^= 1;
        assert_eq!(read(&broken), Err(WRONG));
        assert_eq!(read(&good[..5]), Err(WRONG));
        for (body, error) in [
            (&b"\xf6\x01a"[..], "Pre-GA function format not supported"),
            (b"\x00\x01a", "given type is not a function"),
            (b"\xf5\x05a", "Failed loading library code"),
            (b"\xf5\x81\xff\xff\xff\xff\xff\xff\xff\xffa", "Failed loading library code"),
            (b"\xf5\xc3\x03\x7f\x20\x00\x00", "Failed loading library code"),
        ] {
            let mut payload = body.to_vec();
            payload.extend_from_slice(&VERSION.to_le_bytes());
            let checksum = crc64(0, &payload);
            payload.extend_from_slice(&checksum.to_le_bytes());
            assert_eq!(read(&payload).unwrap_err().text, error, "{body:?}");
        }
    }

    #[test]
    fn compressed_sources_are_read() {
        // "aaaaaaaaaa": one byte as it is, then nine from one byte back.
        assert_eq!(decompress(&[0, b'a', 0xe0, 0, 0], 10), Some(b"aaaaaaaaaa".to_vec()));
        assert_eq!(decompress(&[0, b'a', 0xe0, 0, 1], 10), None);
        assert_eq!(decompress(&[5, b'a'], 6), None);
    }

    proptest! {
        #[test]
        fn sources_come_back(sources in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..5)) {
            let payload = write(sources.iter().map(Vec::as_slice));
            prop_assert_eq!(read(&payload), Ok(sources));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut payload = bytes;
            payload.extend_from_slice(&VERSION.to_le_bytes());
            let checksum = crc64(0, &payload);
            payload.extend_from_slice(&checksum.to_le_bytes());
            drop(read(&payload));
        }
    }
}
