//! What `DUMP` gives and `RESTORE` takes: a value, the version of the format in 2 bytes, and a checksum in 8.

use crate::rdb::Malformed;
use crate::rdb::Reader;
use crate::rdb::Writer;
use crate::rdb::crc64::crc64;
use crate::rdb::read_value;
use crate::rdb::write_value;
use crate::value::Value;
use crate::value::limits::Limits;
use crate::value::view::ValueRef;

/// The version that Redis 7.2 writes.
pub const VERSION: u16 = 11;
/// The version that Redis 7.4 writes: fields of hashes may have deadlines. The newest that is read.
pub const VERSION_WITH_FIELD_DEADLINES: u16 = 12;

const VERSION_BYTES: usize = 2;
const CHECKSUM_BYTES: usize = 8;

/// Why a payload is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is of a newer version, or was changed on its way.
    #[error("version or checksum are wrong")]
    VersionOrChecksum,
    /// What it holds is no value.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// A value as a payload.
pub fn of_value(value: ValueRef<'_>) -> Vec<u8> {
    let mut writer = Writer::new();
    write_value(value, &mut writer);
    let version = if value.earliest_part().is_some() { VERSION_WITH_FIELD_DEADLINES } else { VERSION };
    sealed(writer.into_bytes(), version)
}

/// The value of a payload; a collection has at least one element. Hashes of its keys begin with `seed`.
pub fn value_of(payload: &[u8], seed: u64, limits: &Limits) -> Result<Value, Refused> {
    let mut reader = Reader::new(opened(payload).ok_or(Refused::VersionOrChecksum)?);
    let kind = reader.byte()?;
    let value = read_value(kind, &mut reader, seed, limits)?;
    if reader.remaining() > 0 {
        return Err(Malformed("more bytes follow the value").into());
    }
    Ok(value)
}

/// Adds version and checksum.
pub fn sealed(mut bytes: Vec<u8>, version: u16) -> Vec<u8> {
    bytes.reserve_exact(VERSION_BYTES + CHECKSUM_BYTES);
    bytes.extend_from_slice(&version.to_le_bytes());
    let checksum = crc64(0, &bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

/// What is in front of version and checksum; none where these are not right.
pub fn opened(payload: &[u8]) -> Option<&[u8]> {
    let (checked, checksum) = payload.split_last_chunk()?;
    let (content, version) = checked.split_last_chunk()?;
    let known = u16::from_le_bytes(*version) <= VERSION_WITH_FIELD_DEADLINES;
    (known && crc64(0, checked) == u64::from_le_bytes(*checksum)).then_some(content)
}
