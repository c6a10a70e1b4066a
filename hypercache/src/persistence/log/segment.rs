//! Segments: the files of the log. Their names, and what they begin with.
//!
//! Layout of the beginning, numbers little-endian: magic (6 bytes), version (2), number of the first record (8), id of the
//! log (8), number of the last record that was on disk when it was made (8), length of the header record (4), zeros (4),
//! checksum (8: XXH3-64 of what is before it and of the header record), header record. Then come frames.

use std::path::Path;
use std::path::PathBuf;

use xxhash_rust::xxh3::Xxh3;

use crate::persistence::log::Sequence;

/// What a segment begins with.
const MAGIC: [u8; 6] = *b"HCLOG\n";

/// The version of the format that is written. Those before it can be read too.
pub const VERSION: u16 = 1;

/// How the names of segments end.
pub const EXTENSION: &str = "hcl";

/// Bytes before the header record.
pub const FIXED: usize = 48;

/// Most bytes of a header record.
pub const RECORD_MAX: usize = 16 << 20;

/// Digits of a segment's name: as many as the largest number has, so that names sort as numbers do.
const DIGITS: usize = 20;

/// What a segment begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The number of the first record.
    pub first: Sequence,
    /// The log that it belongs to.
    pub log_id: u64,
    /// The number of the last record that was on disk when it was made.
    pub synced: Sequence,
    /// What the writer of the log wants to know before the first record.
    pub record: Vec<u8>,
}

/// What is wrong with the beginning of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderFault {
    /// It ends too early: it was being made.
    Cut,
    /// It is of a version that this program does not know.
    Version(u16),
    /// It is something else.
    Damaged,
}

impl Header {
    /// The bytes of it.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FIXED + self.record.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.log_id.to_le_bytes());
        bytes.extend_from_slice(&self.synced.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(self.record.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&checksum(&bytes, &self.record).to_le_bytes());
        bytes.extend_from_slice(&self.record);
        bytes
    }

    /// How many bytes it takes.
    pub fn length(&self) -> u64 {
        (FIXED + self.record.len()) as u64
    }

    /// How long the header record is, from the first `FIXED` bytes.
    ///
    /// # Errors
    /// They are no beginning of a segment.
    pub fn record_length(fixed: &[u8]) -> Result<usize, HeaderFault> {
        let Some(fixed) = fixed.first_chunk::<FIXED>() else {
            return Err(HeaderFault::Cut);
        };
        if fixed[..6] != MAGIC {
            return Err(HeaderFault::Damaged);
        }
        let version = u16::from_le_bytes([fixed[6], fixed[7]]);
        if version != VERSION {
            return Err(HeaderFault::Version(version));
        }
        let length = u32::from_le_bytes([fixed[32], fixed[33], fixed[34], fixed[35]]);
        usize::try_from(length).ok().filter(|length| *length <= RECORD_MAX).ok_or(HeaderFault::Damaged)
    }

    /// Reads it.
    ///
    /// # Errors
    /// It is not whole.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderFault> {
        let length = Self::record_length(bytes)?;
        let record = bytes.get(FIXED..FIXED + length).ok_or(HeaderFault::Cut)?;
        let number =
            |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("the fixed part is whole"));
        if number(40) != checksum(&bytes[..40], record) {
            return Err(HeaderFault::Damaged);
        }
        Ok(Self { first: number(8), log_id: number(16), synced: number(24), record: record.to_vec() })
    }
}

fn checksum(fixed: &[u8], record: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(fixed);
    hash.update(record);
    hash.digest()
}

/// The name of the segment that begins with this record.
pub fn path(folder: &Path, first: Sequence) -> PathBuf {
    folder.join(format!("{first:020}.{EXTENSION}"))
}

/// The first record of the segment of this name; none where it is not the name of a segment.
pub fn first_of(path: &Path) -> Option<Sequence> {
    let stem = path.file_stem()?.to_str()?;
    let named = path.extension()?.to_str()? == EXTENSION
        && stem.len() == DIGITS
        && stem.bytes().all(|byte| byte.is_ascii_digit());
    named.then(|| stem.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header { first: 5, log_id: 77, synced: 3, record: b"stores".to_vec() }
    }

    #[test]
    fn a_header_is_read_back() {
        let bytes = header().encode();
        assert_eq!(bytes.len() as u64, header().length());
        assert_eq!(Header::decode(&bytes), Ok(header()));
        assert_eq!(Header::decode(&[&bytes[..], b"frames"].concat()), Ok(header()));
    }

    #[test]
    fn a_header_that_is_cut_or_changed_is_told() {
        let bytes = header().encode();
        for length in 0..bytes.len() {
            assert_eq!(Header::decode(&bytes[..length]), Err(HeaderFault::Cut), "{length}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Header::decode(&changed).is_err(), "{at}");
        }
        let mut newer = bytes;
        newer[6] = 2;
        assert_eq!(Header::decode(&newer), Err(HeaderFault::Version(2)));
    }

    #[test]
    fn names_sort_as_numbers_do() {
        let folder = Path::new("/log");
        let name = path(folder, 42);
        assert_eq!(name, Path::new("/log/00000000000000000042.hcl"));
        assert_eq!(first_of(&name), Some(42));
        assert!(path(folder, 9) < path(folder, 10));
        assert_eq!(first_of(&path(folder, u64::MAX)), Some(u64::MAX));
        for other in
            ["/log/42.hcl", "/log/00000000000000000042.tmp", "/log/+0000000000000000042.hcl", "/log/x", "/"]
        {
            assert_eq!(first_of(Path::new(other)), None, "{other}");
        }
    }
}
