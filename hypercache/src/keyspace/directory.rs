//! Which segment a hash belongs to: the directory of extendible hashing (Fagin, Nievergelt, Pippenger and Strong,
//! "Extendible hashing: a fast access method for dynamic files", ACM TODS 1979).
//!
//! It is indexed by the leading bits of the hash, as many as its deepest segment is told apart by. A segment of less depth
//! has a run of neighbours to itself. So segments partition the hashes in order, and nothing but two of them is touched
//! where one is split or two are joined.

use std::ops::Range;

/// Numbers of segments by the leading bits of hashes.
#[derive(Debug)]
pub struct Directory {
    /// Leading bits that all hashes share; those that follow are the index.
    prefix_bits: u32,
    depth: u32,
    segments: Vec<u32>,
}

impl Directory {
    /// One for hashes that share `prefix_bits` leading bits, with 2 to the power of `depth` segments numbered in order.
    pub fn new(prefix_bits: u32, depth: u32) -> Self {
        Self { prefix_bits, depth, segments: (0..1 << depth).collect() }
    }

    /// Leading bits that all hashes share.
    pub fn prefix_bits(&self) -> u32 {
        self.prefix_bits
    }

    /// Places in it, at least one.
    pub fn places(&self) -> usize {
        self.segments.len()
    }

    /// The segment at a place.
    pub fn at(&self, place: usize) -> usize {
        self.segments[place] as usize
    }

    /// The segment that a hash belongs to.
    #[inline]
    pub fn segment_of(&self, hash: u64) -> usize {
        self.at(self.place_of(hash))
    }

    /// The lowest hash at a place, those bits that all share left out.
    pub fn hash_of(&self, place: usize) -> u64 {
        if self.depth == 0 { 0 } else { (place as u64) << (64 - self.depth) >> self.prefix_bits }
    }

    /// Gives the upper half of what a segment of `depth` has, that of `hash`, to `twin`. Whether each place became two for
    /// it.
    pub fn split(&mut self, hash: u64, depth: u32, twin: u32) -> bool {
        let doubled = depth == self.depth;
        if doubled {
            self.segments = self.segments.iter().flat_map(|segment| [*segment, *segment]).collect();
            self.depth += 1;
        }
        let run = self.run(hash, depth);
        let middle = run.start + run.len() / 2;
        self.segments[middle..run.end].fill(twin);
        doubled
    }

    /// The first and the last segment of all those that agree with `hash` in `depth` bits: twins, if both have one more.
    pub fn ends(&self, hash: u64, depth: u32) -> (usize, usize) {
        let run = self.run(hash, depth);
        (self.at(run.start), self.at(run.end - 1))
    }

    /// Gives all that agrees with `hash` in `depth` bits to one segment. How often two places each became one after it.
    pub fn join(&mut self, hash: u64, depth: u32, segment: u32) -> u32 {
        let run = self.run(hash, depth);
        self.segments[run].fill(segment);
        let before = self.depth;
        while self.depth > 0 && self.segments.chunks_exact(2).all(|pair| pair[0] == pair[1]) {
            self.segments = self.segments.iter().step_by(2).copied().collect();
            self.depth -= 1;
        }
        self.segments.shrink_to_fit();
        before - self.depth
    }

    /// Gives each segment another number; asked for every place.
    pub fn renumber(&mut self, mut number: impl FnMut(usize) -> u32) {
        self.segments.iter_mut().for_each(|segment| *segment = number(*segment as usize));
    }

    /// Bytes on the heap, as the allocator is asked for them.
    pub fn heap_bytes(&self) -> usize {
        self.segments.capacity() * size_of::<u32>()
    }

    #[inline]
    fn place_of(&self, hash: u64) -> usize {
        if self.depth == 0 { 0 } else { ((hash << self.prefix_bits) >> (64 - self.depth)) as usize }
    }

    /// The places of all that agrees with `hash` in `depth` bits.
    fn run(&self, hash: u64, depth: u32) -> Range<usize> {
        let width = 1 << (self.depth - depth);
        let first = self.place_of(hash) / width * width;
        first..first + width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_given_away_and_come_back() {
        let mut directory = Directory::new(4, 0);
        let hash = |bits: u64| bits << 52;
        assert!(directory.split(hash(0x00), 0, 1));
        assert!(directory.split(hash(0x80), 1, 2));
        let segments =
            |directory: &Directory| [0x00, 0x40, 0x80, 0xc0].map(|bits| directory.segment_of(hash(bits)));
        assert_eq!((segments(&directory), directory.places()), ([0, 0, 1, 2], 4));
        assert!(!directory.split(hash(0x00), 1, 3), "there is a place for it");
        assert_eq!(segments(&directory), [0, 3, 1, 2]);
        assert_eq!(
            (0..4).map(|place| directory.hash_of(place) >> 52).collect::<Vec<_>>(),
            [0x00, 0x40, 0x80, 0xc0]
        );
        assert_eq!((directory.ends(hash(0x00), 1), directory.ends(hash(0xc0), 0)), ((0, 3), (0, 2)));
        assert_eq!(directory.join(hash(0x40), 1, 0), 0, "the other half is still two");
        assert_eq!(directory.join(hash(0x80), 1, 1), 1);
        assert_eq!((segments(&directory), directory.places()), ([0, 0, 1, 1], 2));
        directory.renumber(|segment| segment as u32 + 5);
        assert_eq!(segments(&directory), [5, 5, 6, 6]);
        assert_eq!((directory.join(hash(0), 0, 5), directory.places()), (1, 1));
    }
}
