//! What a filter knows of an item: where it may lie, and its fingerprint.

use xxhash_rust::xxh3::xxh3_64;

/// Bits of a fingerprint as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Width {
    /// 8 bits, as RedisBloom keeps them.
    Eight,
    /// 12 bits.
    Twelve,
    /// 16 bits.
    Sixteen,
}

impl Width {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Eight, Self::Twelve, Self::Sixteen];

    /// How many bits these are.
    pub fn bits(self) -> u32 {
        match self {
            Self::Eight => 8,
            Self::Twelve => 12,
            Self::Sixteen => 16,
        }
    }

    /// The width of so many bits.
    pub fn of_bits(bits: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|width| width.bits() == u32::from(bits))
    }

    /// The part of a fingerprint that is kept.
    pub fn cut(self, fingerprint: u16) -> u16 {
        fingerprint & (u16::MAX >> (16 - self.bits()))
    }
}

/// Values of the lowest byte of a fingerprint: all but 0, which marks a free slot.
const LOW_VALUES: u64 = 255;

/// An item, taken from its hash (XXH3 with 64 bits and seed 0, <https://xxhash.com>): the same on every node and in every
/// version, because filters outlive both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print {
    /// Its first bucket, to be taken modulo the number of buckets.
    pub bucket: u64,
    /// Its fingerprint in full width.
    pub fingerprint: u16,
}

impl Print {
    /// Of these bytes. The bucket comes from the lower bits of the hash, the fingerprint from those above bit 40.
    pub fn of(item: &[u8]) -> Self {
        let hash = xxh3_64(item);
        let low = (hash >> 40 & 0xffff) % LOW_VALUES + 1;
        let high = hash >> 56;
        Self { bucket: hash & 0xff_ffff_ffff, fingerprint: (high << 8 | low) as u16 }
    }
}

/// What the two buckets of a fingerprint differ by. It depends on the lowest byte alone, so that a wide fingerprint has the
/// same two buckets as a narrow one and can be moved to where less of it is kept.
pub fn distance(fingerprint: u16) -> u64 {
    u64::from(fingerprint & 0xff).wrapping_mul(0xc6a4_a793_5bd1_e995)
}
