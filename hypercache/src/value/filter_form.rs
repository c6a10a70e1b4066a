//! What the forms have in common in which filters are written and read.

/// Bytes that are dumped at once at the most.
pub const CHUNK_BYTES: usize = 16 << 20;

/// Takes the first bytes off; none where there are fewer.
pub fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}
