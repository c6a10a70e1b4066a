//! How often keys were asked for lately, those that are not there among them.
//!
//! A count-min sketch of 4-bit counters (Cormode and Muthukrishnan 2005) that raises only the lowest counters of a key
//! and halves all of them after a period, as TinyLFU does (Einziger, Friedman and Manes, "TinyLFU: a highly efficient
//! cache admission policy", ACM TOS 2017). The four counters of a key lie in one block of one cache line (Putze, Sanders
//! and Singler 2007). Halving goes on over a few accesses after the end of a period, so that none of them takes long.

/// Words of a block: a cache line.
const BLOCK_WORDS: usize = 8;
/// Rows of a block, of two words and so 32 counters each.
const ROWS: usize = 4;
/// Blocks of the smallest sketch, as a power of two.
const BLOCK_BITS_MIN: u32 = 2;
/// Blocks of the largest, as a power of two: 64 MiB for a shard of 16 million keys.
const BLOCK_BITS_MAX: u32 = 20;
/// Keys for each word: eight counters for a key.
const KEYS_PER_WORD: usize = 2;
/// Counted accesses for each word until counters are halved: ten for a key.
const PERIOD_PER_WORD: usize = 10 * KEYS_PER_WORD;
/// Blocks halved with each access while a halving is under way.
const BLOCKS_PER_ACCESS: usize = 4;
/// The highest count.
pub const COUNT_MAX: u8 = 15;

type Block = [u64; BLOCK_WORDS];

/// The sketch of one shard.
#[derive(Debug)]
pub struct Popularity {
    blocks: Vec<Block>,
    block_bits: u32,
    /// Accesses counted in this period.
    counted: usize,
    /// The next block to be halved, while that is under way.
    halving: Option<usize>,
}

impl Default for Popularity {
    fn default() -> Self {
        Self {
            blocks: vec![Block::default(); 1 << BLOCK_BITS_MIN],
            block_bits: BLOCK_BITS_MIN,
            counted: 0,
            halving: None,
        }
    }
}

/// Where the counters of a key lie.
struct Place {
    block: usize,
    /// Five bits for each row.
    counters: u64,
}

impl Place {
    fn word_and_shift(&self, row: usize) -> (usize, u32) {
        let counter = self.counters >> (5 * row) & 31;
        (2 * row + (counter >> 4) as usize, (counter & 15) as u32 * 4)
    }
}

impl Popularity {
    /// Bytes of the smallest sketch.
    pub const LEAST_BYTES: usize = (1 << BLOCK_BITS_MIN) * size_of::<Block>();

    /// Notes an access.
    pub fn note(&mut self, hash: u64) {
        if self.halving.is_some() {
            self.halve_some();
        }
        let place = self.place(hash);
        let block = &mut self.blocks[place.block];
        let lowest = lowest(block, &place);
        if lowest == u64::from(COUNT_MAX) {
            return;
        }
        for row in 0..ROWS {
            let (word, shift) = place.word_and_shift(row);
            if block[word] >> shift & 15 == lowest {
                block[word] += 1 << shift;
            }
        }
        self.counted += 1;
        if self.counted >= self.blocks.len() * BLOCK_WORDS * PERIOD_PER_WORD {
            self.counted /= 2;
            self.halving = Some(0);
        }
    }

    /// How often a key was asked for, up to `COUNT_MAX`: never too low by what is remembered, sometimes too high.
    pub fn estimate(&self, hash: u64) -> u8 {
        let place = self.place(hash);
        lowest(&self.blocks[place.block], &place) as u8
    }

    /// Sets how often a key was asked for, as far as that is more than is known.
    pub fn raise(&mut self, hash: u64, count: u8) {
        let place = self.place(hash);
        let block = &mut self.blocks[place.block];
        let count = u64::from(count.min(COUNT_MAX));
        for row in 0..ROWS {
            let (word, shift) = place.word_and_shift(row);
            let known = block[word] >> shift & 15;
            block[word] += known.max(count).wrapping_sub(known) << shift;
        }
    }

    /// Grows with the shard.
    pub fn fit(&mut self, keys: usize) {
        while self.blocks.len() * BLOCK_WORDS * KEYS_PER_WORD < keys && self.block_bits < BLOCK_BITS_MAX {
            // What one block has counted holds for both that take its place.
            self.blocks = self.blocks.iter().flat_map(|block| [*block, *block]).collect();
            self.block_bits += 1;
            self.halving = self.halving.map(|block| 2 * block);
        }
    }

    /// Bytes that it takes.
    pub fn heap_bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<Block>()
    }

    fn place(&self, hash: u64) -> Place {
        // All keys of a shard agree in their leading bits; this spreads what tells them apart.
        let mixed = (hash ^ hash >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Place { block: (mixed >> (64 - self.block_bits)) as usize, counters: mixed ^ mixed >> 21 }
    }

    fn halve_some(&mut self) {
        let Some(from) = self.halving else { return };
        let to = (from + BLOCKS_PER_ACCESS).min(self.blocks.len());
        for word in self.blocks[from..to].as_flattened_mut() {
            *word = *word >> 1 & 0x7777_7777_7777_7777;
        }
        self.halving = (to < self.blocks.len()).then_some(to);
    }
}

fn lowest(block: &Block, place: &Place) -> u64 {
    let counters = (0..ROWS).map(|row| {
        let (word, shift) = place.word_and_shift(row);
        block[word] >> shift & 15
    });
    counters.min().expect("there are rows")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn hash(number: u64) -> u64 {
        xxhash_rust::xxh3::xxh3_64(&number.to_le_bytes()) >> 6
    }

    #[test]
    fn estimates_are_never_below_the_count_and_seldom_above() {
        let mut sketch = Popularity::default();
        sketch.fit(1000);
        let mut counts: HashMap<u64, u8> = HashMap::new();
        for access in 0..4000u64 {
            let key = access * access % 1000;
            sketch.note(hash(key));
            let count = counts.entry(key).or_default();
            *count = (*count + 1).min(COUNT_MAX);
        }
        assert!(counts.iter().all(|(key, count)| sketch.estimate(hash(*key)) >= *count));
        let wrong = counts.iter().filter(|(key, count)| sketch.estimate(hash(**key)) != **count).count();
        assert!(wrong * 10 < counts.len(), "{wrong} of {} are too high", counts.len());
    }

    #[test]
    fn what_was_counted_fades_and_growing_forgets_nothing() {
        let mut sketch = Popularity::default();
        (0..12).for_each(|_| sketch.note(hash(1)));
        assert_eq!(sketch.estimate(hash(1)), 12);
        sketch.fit(500);
        assert_eq!((sketch.estimate(hash(1)), sketch.blocks.len()), (12, 32));
        let period = (sketch.blocks.len() * BLOCK_WORDS * PERIOD_PER_WORD) as u64;
        (1000..1000 + 2 * period).for_each(|other| sketch.note(hash(other)));
        assert!(sketch.estimate(hash(1)) <= 6, "halved at least once, if not overlaid");
    }

    #[test]
    fn a_count_can_be_told() {
        let mut sketch = Popularity::default();
        sketch.raise(hash(5), 200);
        assert_eq!(sketch.estimate(hash(5)), COUNT_MAX);
        sketch.raise(hash(5), 3);
        assert_eq!(sketch.estimate(hash(5)), COUNT_MAX);
    }
}
