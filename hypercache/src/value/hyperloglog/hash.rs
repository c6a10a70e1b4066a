//! The hash of elements: MurmurHash2 in its version for 64 bits (Austin Appleby,
//! <https://github.com/aappleby/smhasher/blob/master/src/MurmurHash2.cpp>), bytes taken lowest first.

use crate::value::hyperloglog::INDEX_BITS;
use crate::value::hyperloglog::RANK_BITS;
use crate::value::hyperloglog::REGISTERS;

const SEED: u64 = 0xadc8_3b19;
const FACTOR: u64 = 0xc6a4_a793_5bd1_e995;
const SHIFT: u32 = 47;

fn hash(bytes: &[u8]) -> u64 {
    let mut hash = SEED ^ (bytes.len() as u64).wrapping_mul(FACTOR);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let mut word = u64::from_le_bytes(*word).wrapping_mul(FACTOR);
        word ^= word >> SHIFT;
        hash = (hash ^ word.wrapping_mul(FACTOR)).wrapping_mul(FACTOR);
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u64::from_le_bytes(last)).wrapping_mul(FACTOR);
    }
    hash = (hash ^ hash >> SHIFT).wrapping_mul(FACTOR);
    hash ^ hash >> SHIFT
}

/// The register of an element, and its rank there: 1 more than the zeros that the rest of its hash ends with.
pub fn rank_of(element: &[u8]) -> (usize, u8) {
    let hash = hash(element);
    let register = hash as usize % REGISTERS;
    let rest = hash >> INDEX_BITS | 1 << RANK_BITS;
    (register, rest.trailing_zeros() as u8 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_within_bounds_and_spread() {
        let mut registers = std::collections::HashSet::new();
        for number in 0..1000_u32 {
            let (register, rank) = rank_of(&number.to_le_bytes());
            assert!(register < REGISTERS && (1..=RANK_BITS as u8 + 1).contains(&rank));
            registers.insert(register);
        }
        assert!(registers.len() > 900, "{}", registers.len());
        // Each length of what is left over after the last whole word takes its own way.
        let texts = ["", "a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh", "abcdefghi"];
        let hashes: std::collections::HashSet<u64> = texts.map(|text| hash(text.as_bytes())).into();
        assert_eq!(hashes.len(), texts.len());
    }
}
