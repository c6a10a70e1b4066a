//! Finds slots by a 32-bit hash, in constant time and in hash order, and grows and shrinks in small steps.
//!
//! Extendible hashing, as the keyspace's table does it: a directory indexed by the leading bits of the hash points to
//! segments of bounded size, which split the hash space in order. A segment is a sorted array; hashes being spread evenly,
//! the place of one in it follows from its bits nearly to the element (interpolation search, Peterson 1957).

use crate::value::records::Position;

/// Slots of a segment before it is split.
const SEGMENT_SLOTS_MAX: usize = 256;
/// Two neighbours with fewer slots together are joined; far enough below the maximum not to split again at once.
const JOINED_SLOTS_MAX: usize = 96;
/// Beyond this depth hashes are taken to collide on purpose, and a segment grows instead.
const DEPTH_MAX: u32 = 24;
/// Bits of a hash.
const HASH_BITS: u32 = 32;

/// The index.
#[derive(Debug)]
pub struct Index {
    depth: u32,
    directory: Vec<u32>,
    segments: Vec<Segment>,
    unused: Vec<u32>,
    /// Slots that the segments have room for.
    capacity: usize,
}

#[derive(Debug, Clone, Default)]
struct Segment {
    depth: u32,
    /// Hashes with their slots, sorted.
    slots: Vec<Slot>,
}

/// A hash in the high half, a slot in the low.
type Slot = u64;

fn pack(hash: Position, slot: u32) -> Slot {
    u64::from(hash) << HASH_BITS | u64::from(slot)
}

fn hash_of(slot: Slot) -> Position {
    (slot >> HASH_BITS) as Position
}

impl Clone for Index {
    fn clone(&self) -> Self {
        let segments = self.segments.clone();
        let capacity = segments.iter().map(|segment| segment.slots.capacity()).sum();
        let (directory, unused) = (self.directory.clone(), self.unused.clone());
        Self { depth: self.depth, directory, segments, unused, capacity }
    }
}

impl Index {
    pub(super) fn new() -> Self {
        let segments = vec![Segment::default()];
        Self { depth: 0, directory: vec![0], segments, unused: Vec::new(), capacity: 0 }
    }

    /// The first slot with this hash that `wanted` takes.
    pub(super) fn find(&self, hash: Position, wanted: impl Fn(u32) -> bool) -> Option<u32> {
        let segment = &self.segments[self.segment_of(hash)];
        let same = segment.slots[segment.lower_bound(pack(hash, 0))..]
            .iter()
            .take_while(|slot| hash_of(**slot) == hash);
        same.map(|slot| *slot as u32).find(|slot| wanted(*slot))
    }

    /// Adds a slot that is not in the index.
    pub(super) fn insert(&mut self, hash: Position, slot: u32) {
        let mut at = self.segment_of(hash);
        while self.segments[at].slots.len() >= SEGMENT_SLOTS_MAX && self.segments[at].depth < DEPTH_MAX {
            self.split(hash);
            at = self.segment_of(hash);
        }
        let slot = pack(hash, slot);
        self.change(at, |segment| {
            let place = segment.lower_bound(slot);
            let len = segment.slots.len();
            if len == segment.slots.capacity() {
                segment.slots.reserve_exact((len / 4).max(4));
            }
            segment.slots.insert(place, slot);
        });
    }

    /// Removes a slot that is in the index.
    pub(super) fn remove(&mut self, hash: Position, slot: u32) {
        let (at, slot) = (self.segment_of(hash), pack(hash, slot));
        self.change(at, |segment| {
            let place = segment.lower_bound(slot);
            debug_assert_eq!(segment.slots.get(place), Some(&slot), "the slot is in the index");
            segment.slots.remove(place);
        });
        if self.segments[at].slots.len() < JOINED_SLOTS_MAX / 2 {
            self.join(hash);
        }
    }

    /// Visits at least `count` slots from `from` on in hash order, all of a hash together. Where to go on; none at the end.
    pub(super) fn scan(&self, from: Position, count: usize, mut visit: impl FnMut(u32)) -> Option<Position> {
        let (mut at, mut seen, mut last) = (from, 0, from);
        loop {
            let segment = &self.segments[self.segment_of(at)];
            for slot in &segment.slots[segment.lower_bound(pack(at, 0))..] {
                if seen >= count && hash_of(*slot) != last {
                    return Some(hash_of(*slot));
                }
                last = hash_of(*slot);
                visit(*slot as u32);
                seen += 1;
            }
            at = self.segment_end(at)?;
            if seen >= count {
                return Some(at);
            }
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.capacity * size_of::<Slot>() + self.overhead_bytes()
    }

    fn overhead_bytes(&self) -> usize {
        (self.directory.capacity() + self.unused.capacity()) * size_of::<u32>()
            + self.segments.capacity() * size_of::<Segment>()
    }

    fn directory_at(&self, hash: Position) -> usize {
        // Widened, because a shift by all bits of a number is none.
        (u64::from(hash) >> (HASH_BITS - self.depth)) as usize
    }

    fn segment_of(&self, hash: Position) -> usize {
        self.directory[self.directory_at(hash)] as usize
    }

    /// The hash at which the segment after that of `hash` begins; none after the last.
    fn segment_end(&self, hash: Position) -> Option<Position> {
        let shift = HASH_BITS - self.segments[self.segment_of(hash)].depth;
        Position::try_from(((u64::from(hash) >> shift) + 1) << shift).ok()
    }

    fn change<R>(&mut self, at: usize, change: impl FnOnce(&mut Segment) -> R) -> R {
        let segment = &mut self.segments[at];
        let before = segment.slots.capacity();
        let result = change(segment);
        self.capacity = self.capacity - before + segment.slots.capacity();
        result
    }

    /// The run of the directory that points to a segment of `depth` with `index` in it.
    fn run(&self, index: usize, depth: u32) -> std::ops::Range<usize> {
        let width = 1 << (self.depth - depth);
        let first = index / width * width;
        first..first + width
    }

    fn split(&mut self, hash: Position) {
        let at = self.segment_of(hash);
        let depth = self.segments[at].depth;
        if depth == self.depth {
            self.directory = self.directory.iter().flat_map(|segment| [*segment, *segment]).collect();
            self.depth += 1;
        }
        let bit = 1 << (HASH_BITS - 1 - depth);
        let upper = self.change(at, |segment| {
            segment.depth += 1;
            let middle = segment.slots.partition_point(|slot| hash_of(*slot) & bit == 0);
            let upper = segment.slots.split_off(middle);
            segment.slots.shrink_to(middle + middle / 4);
            upper
        });
        let twin = self.add(Segment { depth: depth + 1, slots: upper });
        let run = self.run(self.directory_at(hash), depth);
        let middle = run.start + run.len() / 2;
        self.directory[middle..run.end].fill(twin);
    }

    fn add(&mut self, segment: Segment) -> u32 {
        self.capacity += segment.slots.capacity();
        if let Some(unused) = self.unused.pop() {
            self.segments[unused as usize] = segment;
            return unused;
        }
        self.segments.push(segment);
        u32::try_from(self.segments.len() - 1).expect("there are fewer segments than slots")
    }

    /// Joins the segment of `hash` with its twin where both are sparse, and lets the directory shrink after it.
    fn join(&mut self, hash: Position) {
        let at = self.segment_of(hash);
        let depth = self.segments[at].depth;
        let Some(parent) = depth.checked_sub(1) else { return self.shrink(at) };
        let run = self.run(self.directory_at(hash), parent);
        let (low, high) = (self.directory[run.start] as usize, self.directory[run.end - 1] as usize);
        let twins = self.segments[low].depth == depth && self.segments[high].depth == depth;
        if !twins || self.segments[low].slots.len() + self.segments[high].slots.len() > JOINED_SLOTS_MAX {
            return self.shrink(at);
        }
        let upper = self.change(high, std::mem::take).slots;
        self.change(low, |segment| {
            segment.slots.extend_from_slice(&upper);
            segment.depth = parent;
        });
        self.directory[run].fill(low as u32);
        self.unused.push(high as u32);
        self.halve();
    }

    /// Gives memory of a sparse segment back.
    fn shrink(&mut self, at: usize) {
        self.change(at, |Segment { slots, .. }| {
            if slots.capacity() > 4 * slots.len() + 16 {
                slots.shrink_to(2 * slots.len());
            }
        });
    }

    fn halve(&mut self) {
        while self.depth > 0 && self.directory.chunks_exact(2).all(|pair| pair[0] == pair[1]) {
            self.directory = self.directory.iter().step_by(2).copied().collect();
            self.depth -= 1;
        }
        if self.depth == 0 && self.segments.len() > 1 {
            let only = std::mem::take(&mut self.segments[self.directory[0] as usize]);
            (self.segments, self.unused, self.directory) = (vec![only], Vec::new(), vec![0]);
        }
    }

    #[cfg(test)]
    pub(super) fn counted_heap_bytes(&self) -> usize {
        let slots: usize = self.segments.iter().map(|segment| segment.slots.capacity()).sum();
        slots * size_of::<Slot>() + self.overhead_bytes()
    }
}

impl Segment {
    /// Where the first slot that is not below `slot` is.
    fn lower_bound(&self, slot: Slot) -> usize {
        let slots = self.slots.as_slice();
        // The bits below those that all slots here share, as a fraction of the segment.
        let fraction = u64::from(hash_of(slot) << self.depth);
        let guess = ((fraction * slots.len() as u64) >> HASH_BITS) as usize;
        let (mut low, mut high, mut step) = (guess, guess, 4);
        while low > 0 && slots[low - 1] >= slot {
            low = low.saturating_sub(step);
            step *= 2;
        }
        step = 4;
        while high < slots.len() && slots[high] < slot {
            high = (high + step).min(slots.len());
            step *= 2;
        }
        low + slots[low..high].partition_point(|other| *other < slot)
    }
}
