//! HyperLogLogs: how many different elements were added, told from 16,384 registers in the bytes of a string.
//!
//! The bytes are those of Redis: a header of 16 bytes (`HYLL`, the representation, three unused bytes, the cached
//! cardinality with its highest bit set where it is no longer true), then the registers, densely in 6 bits each or
//! sparsely as runs. An element's register and rank come from its hash (Flajolet et al. 2007).

mod dense;
mod estimate;
mod hash;
mod registers;
mod sparse;

pub use registers::Registers;
pub use registers::self_test;

use crate::value::hyperloglog::hash::rank_of;

/// How many registers there are.
pub const REGISTERS: usize = 1 << INDEX_BITS;

/// Bits of a hash that choose the register.
const INDEX_BITS: u32 = 14;
/// Bits of a hash whose trailing zeros are counted.
const RANK_BITS: usize = 64 - INDEX_BITS as usize;

const MAGIC: &[u8; 4] = b"HYLL";
const HEADER_BYTES: usize = 16;
const ENCODING_AT: usize = 4;
const CACHE: std::ops::Range<usize> = 8..16;
const STALE_AT: usize = 15;
const STALE: u8 = 0x80;
const DENSE: u8 = 0;
const SPARSE: u8 = 1;

/// What is wrong with the bytes of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// They are no HyperLogLog.
    Foreign,
    /// They look like one, and their registers are damaged.
    Damaged,
}

/// How registers are represented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// 6 bits for each.
    Dense,
    /// Runs of equal registers.
    Sparse,
}

/// A HyperLogLog without elements.
pub fn empty() -> Vec<u8> {
    let mut bytes = header(SPARSE);
    sparse::push_empty(&mut bytes);
    bytes
}

fn header(encoding: u8) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.resize(HEADER_BYTES, 0);
    bytes[ENCODING_AT] = encoding;
    bytes
}

/// How the registers in a string's bytes are represented; an error where these are no HyperLogLog. Says nothing about
/// whether sparse registers are whole.
pub fn encoding(bytes: &[u8]) -> Result<Encoding, Fault> {
    if bytes.len() < HEADER_BYTES || !bytes.starts_with(MAGIC) {
        return Err(Fault::Foreign);
    }
    match bytes[ENCODING_AT] {
        DENSE if bytes.len() == HEADER_BYTES + dense::BYTES => Ok(Encoding::Dense),
        SPARSE => Ok(Encoding::Sparse),
        _ => Err(Fault::Foreign),
    }
}

/// As `encoding`, and an error where the registers are not whole.
pub fn check(bytes: &[u8]) -> Result<Encoding, Fault> {
    let encoding = encoding(bytes)?;
    if encoding == Encoding::Sparse {
        sparse::check(&bytes[HEADER_BYTES..])?;
    }
    Ok(encoding)
}

/// Whether adding an element would change a register of whole ones.
pub fn lacks(bytes: &[u8], element: &[u8]) -> bool {
    let (register, rank) = rank_of(element);
    let registers = &bytes[HEADER_BYTES..];
    let present = if bytes[ENCODING_AT] == DENSE {
        dense::get(registers, register)
    } else {
        sparse::get(registers, register)
    };
    present < rank
}

/// Adds an element to whole registers; whether one of them has changed. Sparse registers that would take more than
/// `sparse_bytes_max` bytes, header and all, become dense.
pub fn add(bytes: &mut Vec<u8>, element: &[u8], sparse_bytes_max: usize) -> bool {
    let (register, rank) = rank_of(element);
    raise(bytes, register, rank, sparse_bytes_max)
}

/// Raises one register of whole ones to `rank`; whether it was below.
fn raise(bytes: &mut Vec<u8>, register: usize, rank: u8, sparse_bytes_max: usize) -> bool {
    if bytes[ENCODING_AT] == SPARSE {
        match sparse::raise(bytes, register, rank, sparse_bytes_max) {
            sparse::Raised::Done(changed) => return changed,
            sparse::Raised::NoRoom => make_dense(bytes),
        }
    }
    dense::raise(&mut bytes[HEADER_BYTES..], register, rank)
}

/// Represents whole registers densely; the cached cardinality stays as it is.
pub fn make_dense(bytes: &mut Vec<u8>) {
    if bytes[ENCODING_AT] == DENSE {
        return;
    }
    let mut wide = bytes[..HEADER_BYTES].to_vec();
    wide[ENCODING_AT] = DENSE;
    wide.resize(HEADER_BYTES + dense::BYTES, 0);
    let mut register = 0;
    for (rank, run) in sparse::runs(&bytes[HEADER_BYTES..]) {
        if rank > 0 {
            (register..register + run).for_each(|at| {
                dense::raise(&mut wide[HEADER_BYTES..], at, rank);
            });
        }
        register += run;
    }
    *bytes = wide;
}

/// The cached cardinality of a HyperLogLog; none where elements were added since it was computed.
pub fn cached(bytes: &[u8]) -> Option<u64> {
    let (eight, _) = bytes[CACHE].as_chunks::<8>();
    (bytes[STALE_AT] & STALE == 0).then(|| u64::from_le_bytes(eight[0]))
}

/// Keeps a cardinality in a HyperLogLog.
pub fn cache(bytes: &mut [u8], cardinality: u64) {
    bytes[CACHE].copy_from_slice(&cardinality.to_le_bytes());
}

/// Marks the cached cardinality of a HyperLogLog as no longer true.
pub fn forget_cached(bytes: &mut [u8]) {
    bytes[STALE_AT] |= STALE;
}

/// The runs of sparse registers, as `PFDEBUG DECODE` tells them: `z` and `Z` for zeros, with their length, `v` for
/// others, with value and length. None where the registers are dense; an error where they are not whole.
pub fn told_runs(bytes: &[u8]) -> Result<Option<String>, Fault> {
    match check(bytes)? {
        Encoding::Dense => Ok(None),
        Encoding::Sparse => Ok(Some(sparse::told(&bytes[HEADER_BYTES..]))),
    }
}

#[cfg(test)]
mod tests;
