//! A filter of the keys in a shard: it answers at once, and never wrongly, that a key is not there.
//!
//! A cuckoo filter (Bin Fan, Dave G. Andersen, Michael Kaminsky, Michael D. Mitzenmacher: Cuckoo Filter: Practically Better
//! Than Bloom, CoNEXT 2014) in segments that are found as the segments of the shard's table are, by extendible hashing. A
//! full segment is split in two and two sparse ones are joined, and both are filled anew from the keys that the table
//! has: a few hundred, so that no step takes long. A key is looked for in one segment only, however often the filter has
//! grown, and errors do not add up. What has to be built for keys that are there already is built in the same way, segment
//! by segment; one that is not built yet is not asked.

pub mod segment;
pub mod standing;
pub mod width;

use crate::keyspace::directory::Directory;
use crate::keyspace::filter::segment::SLOTS;
use crate::keyspace::filter::segment::Segment;
use crate::keyspace::filter::segment::State;
use crate::keyspace::filter::standing::Tally;
use crate::keyspace::filter::width::Width;
use crate::keyspace::table::Table;

/// Keys that a segment takes before it is split: 15 of 16 slots.
const SEGMENT_ITEMS_MAX: usize = SLOTS / 16 * 15;
/// Two neighbours with fewer keys together are joined; far enough below the maximum not to split again at once.
const JOINED_ITEMS_MAX: usize = SLOTS * 5 / 16;
/// A segment with fewer keys that has no room is not split: its keys collide, and would again.
const COLLIDING_ITEMS_MAX: usize = SLOTS / 2;
/// Keys in a segment that is built for keys that are there.
const BUILT_ITEMS: usize = SLOTS * 3 / 4;
/// Bits that may choose a segment.
const DEPTH_MAX: u32 = 24;
/// The whole of the hashes of a shard, in parts as small as the smallest segment stands for.
const WHOLE: u64 = 1 << DEPTH_MAX;

/// The filter.
#[derive(Debug)]
pub struct Filter {
    width: Width,
    /// The bits that all hashes share are those that chose the shard.
    directory: Directory,
    segments: Vec<Segment>,
    unused: Vec<u32>,
    /// Where the search for what is not built goes on.
    built_to: usize,
    sums: Sums,
}

/// What the filter knows of all its segments, kept in step.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Sums {
    /// Keys in segments that answer.
    items: usize,
    /// Slots that there are memory for.
    slots: usize,
    /// The part of the hashes that is answered for, of `WHOLE`.
    covered: u64,
    /// Keys of each segment times the part of the hashes that it stands for.
    load: u64,
    unbuilt: usize,
    overflown: usize,
}

impl Sums {
    fn add(&mut self, segment: &Segment) {
        let part = WHOLE >> segment.depth();
        match segment.state() {
            State::Built => {
                self.items += segment.items();
                self.covered += part;
                self.load += part * segment.items() as u64;
            }
            State::Unbuilt => self.unbuilt += 1,
            State::Overflown => self.overflown += 1,
        }
        self.slots += if segment.bytes() == 0 { 0 } else { SLOTS };
    }

    fn subtract(&mut self, segment: &Segment) {
        let part = WHOLE >> segment.depth();
        match segment.state() {
            State::Built => {
                self.items -= segment.items();
                self.covered -= part;
                self.load -= part * segment.items() as u64;
            }
            State::Unbuilt => self.unbuilt -= 1,
            State::Overflown => self.overflown -= 1,
        }
        self.slots -= if segment.bytes() == 0 { 0 } else { SLOTS };
    }
}

impl Filter {
    /// A filter for a shard whose keys share `prefix_bits` leading bits of their hash. Where it has keys already the filter
    /// is made for so many, and is to be built.
    pub fn new(width: Width, prefix_bits: u32, keys: usize) -> Self {
        let depth = keys.div_ceil(BUILT_ITEMS).max(1).next_power_of_two().trailing_zeros().min(DEPTH_MAX);
        let state = if keys == 0 { State::Built } else { State::Unbuilt };
        let segments: Vec<_> = (0..1 << depth).map(|_| Segment::new(depth, state)).collect();
        let mut sums = Sums::default();
        segments.iter().for_each(|segment| sums.add(segment));
        Self {
            width,
            directory: Directory::new(prefix_bits, depth),
            segments,
            unused: Vec::new(),
            built_to: 0,
            sums,
        }
    }

    /// How wide its fingerprints are.
    pub fn width(&self) -> Width {
        self.width
    }

    /// Whether a key seems to be there; none where the filter cannot tell.
    pub fn answer(&self, hash: u64) -> Option<bool> {
        let segment = &self.segments[self.segment_of(hash)];
        (segment.state() == State::Built).then(|| segment.contains(hash, self.width))
    }

    /// Whether parts of it are yet to be built.
    pub fn is_unbuilt(&self) -> bool {
        self.sums.unbuilt > 0
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.sums.slots / width::BUCKET_SLOTS * self.width.bucket_bytes()
            + self.directory.heap_bytes()
            + self.unused.capacity() * size_of::<u32>()
            + self.segments.capacity() * size_of::<Segment>()
    }

    /// Puts a key in that is about to be put into the table.
    pub fn insert(&mut self, hash: u64, table: &Table, tally: &mut Tally) {
        let mut at = self.segment_of(hash);
        if self.segments[at].state() == State::Built && self.segments[at].items() >= SEGMENT_ITEMS_MAX {
            self.split(hash, table, tally);
            at = self.segment_of(hash);
        }
        if self.segments[at].state() != State::Built {
            return;
        }
        let (width, mut kicks) = (self.width, 0);
        let inserted = self.change(at, |segment| segment.insert(hash, width, &mut kicks));
        tally.kicks += kicks;
        if inserted {
            return;
        }
        if self.segments[at].items() < COLLIDING_ITEMS_MAX || self.segments[at].depth() >= DEPTH_MAX {
            self.replace(at, State::Overflown);
            return;
        }
        self.split(hash, table, tally);
        at = self.segment_of(hash);
        if self.segments[at].state() == State::Built
            && !self.change(at, |segment| segment.insert(hash, width, &mut tally.kicks))
        {
            self.replace(at, State::Overflown);
        }
    }

    /// Takes a key out that was taken out of the table.
    pub fn remove(&mut self, hash: u64, table: &Table, tally: &mut Tally) {
        let (at, width) = (self.segment_of(hash), self.width);
        if self.segments[at].state() != State::Built {
            return;
        }
        let removed = self.change(at, |segment| segment.remove(hash, width));
        debug_assert!(removed, "each key in the table is in the filter");
        if !removed {
            // Whatever went wrong, a filter that is not asked answers nothing wrongly.
            self.replace(at, State::Unbuilt);
        } else if self.segments[at].items() < JOINED_ITEMS_MAX / 2 {
            self.join(hash, table, tally);
        }
    }

    /// Builds a few segments that are not built yet; whether there are more.
    pub fn build(&mut self, table: &Table, start: u64, segments: usize, tally: &mut Tally) -> bool {
        for _ in 0..segments {
            if self.sums.unbuilt == 0 {
                return false;
            }
            let is_unbuilt =
                |place: &usize| self.segments[self.directory.at(*place)].state() == State::Unbuilt;
            let found = (self.built_to..self.directory.places()).find(is_unbuilt);
            let Some(place) = found.or_else(|| (0..self.built_to).find(is_unbuilt)) else { return false };
            self.built_to = place;
            let hash = start | self.directory.hash_of(place);
            let at = self.segment_of(hash);
            let keys = self.fill(hash, table, tally);
            tally.built += 1;
            if keys >= COLLIDING_ITEMS_MAX && self.segments[at].state() == State::Overflown {
                // There are more keys now than it was made for.
                self.divide(hash);
            }
        }
        self.sums.unbuilt > 0
    }

    fn segment_of(&self, hash: u64) -> usize {
        self.directory.segment_of(hash)
    }

    /// Changes a segment and keeps the sums in step.
    fn change<R>(&mut self, at: usize, change: impl FnOnce(&mut Segment) -> R) -> R {
        self.sums.subtract(&self.segments[at]);
        let result = change(&mut self.segments[at]);
        self.sums.add(&self.segments[at]);
        result
    }

    /// Puts an empty segment in the place of one.
    fn replace(&mut self, at: usize, state: State) {
        self.change(at, |segment| *segment = Segment::new(segment.depth(), state));
    }

    /// Fills the segment of `hash` anew from the table; how many keys there are for it. It is overflown where they do not
    /// fit.
    fn fill(&mut self, hash: u64, table: &Table, tally: &mut Tally) -> usize {
        let (at, width) = (self.segment_of(hash), self.width);
        let depth = self.segments[at].depth();
        let bits = self.directory.prefix_bits() + depth;
        let start = if bits == 0 { 0 } else { hash >> (64 - bits) << (64 - bits) };
        let mut filled = Segment::new(depth, State::Built);
        let (mut keys, mut fits) = (0, true);
        table.visit_hashes(start, bits, |hash| {
            keys += 1;
            fits = fits && filled.insert(hash, width, &mut tally.kicks);
        });
        if !fits {
            filled = Segment::new(depth, State::Overflown);
        }
        self.change(at, |segment| *segment = filled);
        keys
    }

    /// Puts two empty segments that are not built in the place of that of `hash`, unless it stands for too small a part.
    fn divide(&mut self, hash: u64) -> bool {
        let at = self.segment_of(hash);
        let depth = self.segments[at].depth();
        if depth >= DEPTH_MAX {
            return false;
        }
        self.change(at, |segment| *segment = Segment::new(depth + 1, State::Unbuilt));
        let twin = self.add(Segment::new(depth + 1, State::Unbuilt));
        if self.directory.split(hash, depth, twin) {
            self.built_to *= 2;
        }
        true
    }

    fn split(&mut self, hash: u64, table: &Table, tally: &mut Tally) {
        let depth = self.segments[self.segment_of(hash)].depth();
        if self.divide(hash) {
            tally.splits += 1;
            self.fill(hash, table, tally);
            self.fill(hash ^ 1 << (63 - self.directory.prefix_bits() - depth), table, tally);
        }
    }

    fn add(&mut self, segment: Segment) -> u32 {
        self.sums.add(&segment);
        if let Some(unused) = self.unused.pop() {
            self.segments[unused as usize] = segment;
            return unused;
        }
        self.segments.push(segment);
        u32::try_from(self.segments.len() - 1)
            .expect("there are at most as many segments as depths tell apart")
    }

    /// Joins the segment of `hash` with its twin where both are sparse.
    fn join(&mut self, hash: u64, table: &Table, tally: &mut Tally) {
        let depth = self.segments[self.segment_of(hash)].depth();
        let Some(parent) = depth.checked_sub(1) else { return };
        let (low, high) = self.directory.ends(hash, parent);
        let fits =
            |at: usize| self.segments[at].state() == State::Built && self.segments[at].depth() == depth;
        if !fits(low)
            || !fits(high)
            || self.segments[low].items() + self.segments[high].items() > JOINED_ITEMS_MAX
        {
            return;
        }
        self.sums.subtract(&self.segments[high]);
        // An unused segment counts for nothing.
        self.segments[high] = Segment::new(parent, State::Unbuilt);
        self.unused.push(high as u32);
        self.change(low, |segment| *segment = Segment::new(parent, State::Unbuilt));
        self.built_to >>= self.directory.join(hash, parent, low as u32);
        tally.joins += 1;
        self.fill(hash, table, tally);
    }
}

#[cfg(test)]
mod tests;
