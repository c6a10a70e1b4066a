//! One link of a filter: bits, of which each item sets some.

use std::f64::consts::LN_2;

use xxhash_rust::xxh3::xxh3_128;

/// The most bits of a link that are set for an item.
pub const HASHES_MAX: u16 = 2000;
/// Bits come in words.
const WORD_BITS: u64 = 64;

/// What a filter knows of an item: two halves of its hash (XXH3 with 128 bits and seed 0, <https://xxhash.com>), the same on
/// every node and in every version, because filters outlive both. All its bits follow from these two (Adam Kirsch, Michael
/// Mitzenmacher: Less Hashing, Same Performance, 2006; in the enhanced form of Peter C. Dillinger and Panagiotis Manolios: Bloom
/// Filters in Probabilistic Verification, 2004).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashes {
    first: u64,
    step: u64,
}

impl Hashes {
    /// Of these bytes.
    pub fn of(item: &[u8]) -> Self {
        let hash = xxh3_128(item);
        Self { first: hash as u64, step: (hash >> 64) as u64 }
    }
}

/// How large a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Items that it is for.
    pub capacity: u64,
    /// Its bits, whole words.
    pub bits: u64,
    /// Bits that are set for an item.
    pub hashes: u16,
}

impl Shape {
    /// For so many items and this rate: as many bits and hashes as are best for them. None where it cannot be so large.
    pub fn new(capacity: u64, rate: f64) -> Option<Self> {
        let bits_per_item = -rate.ln() / (LN_2 * LN_2);
        let bits = capacity as f64 * bits_per_item;
        let hashes = (LN_2 * bits_per_item).ceil();
        let possible = bits.is_finite() && bits < (1_u64 << 60) as f64 && hashes <= f64::from(HASHES_MAX);
        possible.then(|| Self {
            capacity,
            bits: (bits.ceil() as u64).max(1).next_multiple_of(WORD_BITS),
            hashes: (hashes as u16).max(1),
        })
    }

    /// Bytes of such a link.
    pub fn bytes(&self) -> u64 {
        self.bits / 8
    }

    /// The bytes and bits of an item. That the step grows by 1, 2 and so on keeps the bits of two items apart even where
    /// there are few.
    fn places(self, hashes: Hashes) -> impl Iterator<Item = (usize, u8)> {
        let Hashes { mut first, mut step } = hashes;
        (0..u64::from(self.hashes)).map(move |number| {
            let bit = first % self.bits;
            first = first.wrapping_add(step);
            step = step.wrapping_add(number + 1);
            ((bit / 8) as usize, 1 << (bit % 8))
        })
    }

    /// Whether it can be one.
    pub fn is_valid(&self) -> bool {
        self.capacity > 0
            && self.bits > 0
            && self.bits.is_multiple_of(WORD_BITS)
            && (1..=HASHES_MAX).contains(&self.hashes)
    }
}

/// A link.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    data: Vec<u8>,
    shape: Shape,
    items: u64,
}

impl Link {
    /// An empty link; the caller has checked how many bytes it takes.
    pub fn new(shape: Shape) -> Self {
        Self::with_items(shape, 0)
    }

    /// A link for so many items, whose bits are still to come.
    pub fn with_items(shape: Shape, items: u64) -> Self {
        let bytes = usize::try_from(shape.bytes()).expect("the caller knows that it is small enough");
        Self { data: vec![0; bytes], shape, items }
    }

    /// How large it is.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Its bits.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Items that were put into it.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// Whether it has as many items as it is for.
    pub fn is_full(&self) -> bool {
        self.items >= self.shape.capacity
    }

    /// Whether an item seems to be there.
    pub fn contains(&self, hashes: Hashes) -> bool {
        self.shape.places(hashes).all(|(at, bit)| self.data[at] & bit != 0)
    }

    /// Puts an item in; to be called while it is not full.
    pub fn insert(&mut self, hashes: Hashes) {
        let places = self.shape.places(hashes);
        places.for_each(|(at, bit)| self.data[at] |= bit);
        self.items += 1;
    }

    /// Overwrites bytes; whether they lie within.
    pub fn load(&mut self, start: usize, bytes: &[u8]) -> bool {
        let end = start.checked_add(bytes.len());
        let place = end.and_then(|end| self.data.get_mut(start..end));
        place.map(|place| place.copy_from_slice(bytes)).is_some()
    }
}
