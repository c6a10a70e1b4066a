//! Frames: what one write adds to a segment of the log. Several records with one checksum.
//!
//! Layout, numbers little-endian: magic (4 bytes), compression (1), zeros (3), number of records (4), zeros (4), number of
//! the first record (8), number of the last record that was on disk when the frame was made (8), length of the records (8),
//! length as stored (8), checksum of what is stored (8), checksum of the header so far (8); then the records, each with its
//! length as a LEB128 number before it. Checksums are XXH3-64 with the log's id as seed: bytes that a client has chosen
//! cannot pass for a frame.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::config::Compression;
use crate::persistence::block;
use crate::persistence::log::Sequence;

/// What a frame begins with.
pub const MAGIC: [u8; 4] = *b"\xf5HCF";

/// Bytes of a frame before its records.
pub const HEADER: usize = 64;

/// Records of more bytes than this together are stored as they are.
pub const COMPRESSED_MAX: usize = 1 << 30;

/// Below this nothing is gained by compression.
const COMPRESSED_MIN: usize = 64;

/// Most bytes that a length takes.
const LENGTH_MAX: usize = 10;

/// What a frame says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// How the records are compressed.
    pub compression: Compression,
    /// How many records there are. 0: a mark, which only says what is on disk.
    pub count: u32,
    /// The number of the first record.
    pub first: Sequence,
    /// The number of the last record that was on disk when the frame was made.
    pub synced: Sequence,
    /// Length of the records.
    pub raw: u64,
    /// Length of the records as they are stored.
    pub stored: u64,
    /// Checksum of what is stored.
    pub checksum: u64,
}

impl Header {
    /// The number after that of the last record.
    pub fn next(&self) -> Sequence {
        self.first.saturating_add(u64::from(self.count))
    }

    fn encode(&self, seed: u64) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0, &MAGIC);
        put(4, &[block::code(self.compression)]);
        put(8, &self.count.to_le_bytes());
        put(16, &self.first.to_le_bytes());
        put(24, &self.synced.to_le_bytes());
        put(32, &self.raw.to_le_bytes());
        put(40, &self.stored.to_le_bytes());
        put(48, &self.checksum.to_le_bytes());
        let checksum = xxh3_64_with_seed(&bytes[..56], seed);
        bytes[56..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads the header of a frame; none where there is no whole one. `seed` is the log's id.
    pub fn decode(bytes: &[u8], seed: u64) -> Option<Self> {
        let bytes: &[u8; HEADER] = bytes.first_chunk()?;
        if bytes[..4] != MAGIC {
            return None;
        }
        let number = |at: usize| {
            u64::from_le_bytes(*bytes[at..].first_chunk().expect("numbers end before the header"))
        };
        if number(56) != xxh3_64_with_seed(&bytes[..56], seed) {
            return None;
        }
        let count = u32::from_le_bytes(*bytes[8..].first_chunk().expect("numbers end before the header"));
        Some(Self {
            compression: block::from_code(bytes[4])?,
            count,
            first: number(16),
            synced: number(24),
            raw: number(32),
            stored: number(40),
            checksum: number(48),
        })
    }

    /// The records of a frame, unpacked. `stored` is as long as the header says.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn unpack<'a>(&self, stored: &'a [u8], seed: u64) -> Result<Cow<'a, [u8]>, String> {
        if xxh3_64_with_seed(stored, seed) != self.checksum {
            return Err("the checksum of a frame is wrong".to_owned());
        }
        let raw = if self.compression == Compression::None {
            Cow::Borrowed(stored)
        } else {
            let unpacked = block::decompress(self.compression, stored, COMPRESSED_MAX);
            Cow::Owned(unpacked.map_err(|error| error.to_string())?)
        };
        let told = self.raw == raw.len() as u64;
        let mut records = Records::new(&raw);
        let counted = records.by_ref().count() as u64;
        if !told || !records.rest.is_empty() || counted != u64::from(self.count) {
            return Err("the records of a frame do not have the lengths that it says".to_owned());
        }
        Ok(raw)
    }
}

/// Makes the frame of records whose bytes come after `HEADER` bytes of room; what is to be written.
pub fn seal(
    bytes: &mut Vec<u8>,
    compression: Compression,
    count: u32,
    first: Sequence,
    synced: Sequence,
    seed: u64,
) {
    let raw = bytes.len().saturating_sub(HEADER);
    let mut used = Compression::None;
    if compression != Compression::None && (COMPRESSED_MIN..=COMPRESSED_MAX).contains(&raw) {
        let packed = block::compress(compression, &bytes[HEADER..]);
        if packed.len() < raw {
            bytes.truncate(HEADER);
            bytes.extend_from_slice(&packed);
            used = compression;
        }
    }
    let checksum = xxh3_64_with_seed(&bytes[HEADER..], seed);
    let stored = bytes.len().saturating_sub(HEADER) as u64;
    let header = Header { compression: used, count, first, synced, raw: raw as u64, stored, checksum };
    bytes[..HEADER].copy_from_slice(&header.encode(seed));
}

/// Adds a record to the records of a frame.
pub fn push_record(bytes: &mut Vec<u8>, record: &[u8]) {
    let mut length = record.len() as u64;
    let mut encoded = [0u8; LENGTH_MAX];
    let mut used = 0;
    loop {
        let low = (length & 0x7f) as u8;
        length >>= 7;
        encoded[used] = if length == 0 { low } else { low | 0x80 };
        used += 1;
        if length == 0 {
            break;
        }
    }
    bytes.extend_from_slice(&encoded[..used]);
    bytes.extend_from_slice(record);
}

/// The records of a frame, one after the other. Ends before one that is cut off.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    /// The records in these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let mut length = 0u64;
        for (at, byte) in self.rest.iter().enumerate().take(LENGTH_MAX) {
            let part = u64::from(byte & 0x7f);
            let shift = u32::try_from(at * 7).ok()?;
            if part.leading_zeros() < shift {
                return None;
            }
            length |= part << shift;
            if byte & 0x80 == 0 {
                let rest = self.rest.get(at + 1..)?;
                let (record, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                self.rest = rest;
                return Some(record);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(records: &[Vec<u8>], compression: Compression) -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        for record in records {
            push_record(&mut bytes, record);
        }
        seal(&mut bytes, compression, records.len() as u32, 7, 3, 99);
        bytes
    }

    fn compression() -> impl Strategy<Value = Compression> {
        prop_oneof![Just(Compression::None), Just(Compression::Lz4), Just(Compression::Zstd)]
    }

    proptest! {
        #[test]
        fn a_frame_gives_back_its_records(
            records in prop::collection::vec(prop::collection::vec(0u8..3, 0..300), 0..20),
            compression in compression(),
        ) {
            let bytes = frame(&records, compression);
            let header = Header::decode(&bytes, 99).unwrap();
            prop_assert_eq!((header.first, header.synced, header.next()), (7, 3, 7 + records.len() as u64));
            prop_assert_eq!(header.stored as usize, bytes.len() - HEADER);
            let raw = header.unpack(&bytes[HEADER..], 99).unwrap();
            let read: Vec<Vec<u8>> = Records::new(&raw).map(<[u8]>::to_vec).collect();
            prop_assert_eq!(read, records);
        }

        #[test]
        fn a_frame_with_any_flipped_bit_is_none(
            records in prop::collection::vec(prop::collection::vec(0u8..3, 0..100), 1..5),
            compression in compression(),
            at in any::<prop::sample::Index>(),
            bit in 0u32..8,
        ) {
            let mut bytes = frame(&records, compression);
            let at = at.index(bytes.len());
            bytes[at] ^= 1u8 << bit;
            if let Some(header) = Header::decode(&bytes, 99) {
                prop_assert!(at >= HEADER);
                prop_assert!(header.unpack(&bytes[HEADER..], 99).is_err());
            }
        }

        #[test]
        fn records_of_any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let total: usize = Records::new(&bytes).map(|record| record.len() + 1).sum();
            prop_assert!(total <= bytes.len());
        }
    }

    #[test]
    fn a_frame_of_another_log_is_none() {
        assert_eq!(Header::decode(&frame(&[b"x".to_vec()], Compression::None), 98), None);
    }

    #[test]
    fn a_length_beyond_all_bounds_is_no_record() {
        assert_eq!(Records::new(&[0xff; 12]).next(), None);
        assert_eq!(Records::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]).next(), None);
    }
}
