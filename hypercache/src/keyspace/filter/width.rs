//! How wide fingerprints are, and how a bucket of four lies in a word.

/// Fingerprints in a bucket.
pub const BUCKET_SLOTS: usize = 4;
/// Widths that make a bucket a whole number of bytes, the narrowest first.
const WIDTHS: [u32; 4] = [8, 10, 12, 14];

/// Bits of a fingerprint, with what it takes to work on a bucket of them at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Width {
    bits: u32,
    /// The lowest bit of each of the four lanes.
    ones: u64,
}

impl Width {
    /// The narrowest width whose full buckets keep `rate`; the widest where none does.
    pub fn of_rate(rate: f64) -> Self {
        let widths = WIDTHS.map(Self::of_bits);
        *widths.iter().find(|width| width.full_rate() <= rate).unwrap_or(&widths[WIDTHS.len() - 1])
    }

    fn of_bits(bits: u32) -> Self {
        Self { bits, ones: 1 | 1 << bits | 1 << (2 * bits) | 1 << (3 * bits) }
    }

    /// Bits of a fingerprint.
    pub fn bits(self) -> u32 {
        self.bits
    }

    /// Bytes of a bucket.
    pub fn bucket_bytes(self) -> usize {
        self.bits as usize / 2
    }

    /// How often a key that is not there seems to be there when its two buckets are full.
    pub fn full_rate(self) -> f64 {
        2.0 * BUCKET_SLOTS as f64 / self.values() as f64
    }

    /// Different fingerprints: all but 0, which marks a free slot.
    pub fn values(self) -> u64 {
        (1 << self.bits) - 1
    }

    /// The bits of a bucket in a word.
    pub fn mask(self) -> u64 {
        (1 << (4 * self.bits)) - 1
    }

    /// The first lane of a bucket that holds `fingerprint`. (The test for a zero lane is that of Henry S. Warren, Hacker's
    /// Delight, section 6-1: a borrow may mark a lane too many, but only above the first that is one.)
    pub fn lane_of(self, bucket: u64, fingerprint: u64) -> Option<u32> {
        let differs = bucket ^ (fingerprint * self.ones);
        let zeros = differs.wrapping_sub(self.ones) & !differs & self.ones << (self.bits - 1);
        (zeros != 0).then(|| zeros.trailing_zeros() / self.bits)
    }

    /// A bucket with `fingerprint` in a lane.
    pub fn with_lane(self, bucket: u64, lane: u32, fingerprint: u64) -> u64 {
        let shift = lane * self.bits;
        bucket & !(self.values() << shift) | fingerprint << shift
    }

    /// What is in a lane of a bucket.
    pub fn lane(self, bucket: u64, lane: u32) -> u64 {
        bucket >> (lane * self.bits) & self.values()
    }
}
