//! Registers of 6 bits each, one after the other from the lowest bit of the first byte on.

use crate::value::hyperloglog::REGISTERS;

const BITS: usize = 6;
/// Bytes of all registers.
pub const BYTES: usize = REGISTERS * BITS / 8;

/// Four registers, and the three bytes that they fill.
fn quartet(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0])
}

/// All registers in order.
pub fn all(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.chunks_exact(3).flat_map(|three| {
        let four = quartet(three);
        [0, 1, 2, 3].map(|at| (four >> (BITS * at)) as u8 & 0x3f)
    })
}

/// One register.
pub fn get(bytes: &[u8], register: usize) -> u8 {
    let shift = BITS * (register % 4);
    (quartet(&bytes[register / 4 * 3..]) >> shift) as u8 & 0x3f
}

/// Raises a register to `rank`, which is below 64; whether it was below.
pub fn raise(bytes: &mut [u8], register: usize, rank: u8) -> bool {
    if get(bytes, register) >= rank {
        return false;
    }
    let three = &mut bytes[register / 4 * 3..][..3];
    let (four, shift) = (quartet(three), BITS * (register % 4));
    let raised = four & !(0x3f << shift) | u32::from(rank) << shift;
    three.copy_from_slice(&raised.to_le_bytes()[..3]);
    true
}
