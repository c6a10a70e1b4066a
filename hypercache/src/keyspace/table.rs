//! Hash table of entries that grows and shrinks in small steps.
//!
//! Extendible hashing (Fagin, Nievergelt, Pippenger and Strong, "Extendible hashing: a fast access method for dynamic
//! files", ACM TODS 1979): a directory indexed by the leading bits of the hash points to segments of bounded size. A full
//! segment is split in two, two sparse ones are joined; no step touches more than one segment, so growing to millions of
//! keys never stops the shard. Segments partition the hash space in order, so a scan that goes by hash is exact however
//! the table changes under it: a key's hash does not.

use hashbrown::HashTable;

use crate::keyspace::entry::Entry;
use crate::keyspace::key::KeyHasher;

/// Entries a segment holds before it is split: what a `HashTable` of 512 buckets takes at 7/8 load.
const SEGMENT_ENTRIES_MAX: usize = 448;
/// Two neighbours with fewer entries together are joined; far enough below the maximum not to split again at once.
const JOINED_ENTRIES_MAX: usize = 160;
/// Beyond this depth hashes are taken to collide on purpose, and a segment grows instead.
const DEPTH_MAX: u32 = 28;
/// Bits of the hash that a scan position has. The low 16 bits are left out: positions fit a signed 64-bit integer and
/// what lies closer together is handed out together.
const POSITION_SHIFT: u32 = 16;

/// The last position there is.
pub const POSITION_MAX: Position = u64::MAX >> POSITION_SHIFT;

/// Where a scan stands in hash order.
pub type Position = u64;

/// The position of a hash.
pub fn position(hash: u64) -> Position {
    hash >> POSITION_SHIFT
}

/// The table.
#[derive(Debug)]
pub struct Table {
    hasher: KeyHasher,
    /// Leading bits of the hash that all entries share, because they chose this table.
    prefix_bits: u32,
    depth: u32,
    directory: Vec<u32>,
    segments: Vec<Segment>,
    unused: Vec<u32>,
    len: usize,
}

#[derive(Debug, Default)]
struct Segment {
    depth: u32,
    entries: HashTable<Box<Entry>>,
}

impl Table {
    /// An empty table for keys that share `prefix_bits` leading bits of their hash.
    pub fn new(hasher: impl Into<KeyHasher>, prefix_bits: u32) -> Self {
        Self {
            hasher: hasher.into(),
            prefix_bits,
            depth: 0,
            directory: vec![0],
            segments: vec![Segment::default()],
            unused: Vec::new(),
            len: 0,
        }
    }

    /// Entries in it.
    pub fn entries(&self) -> usize {
        self.len
    }

    /// The entry of `key`.
    pub fn find(&self, hash: u64, key: &[u8]) -> Option<&Entry> {
        let segment = &self.segments[self.segment_of(hash)];
        segment.entries.find(slot_hash(hash), |entry| entry.key() == key).map(Box::as_ref)
    }

    /// The first entry with this hash that `wanted` takes.
    pub fn find_by(&self, hash: u64, wanted: impl Fn(&Entry) -> bool) -> Option<&Entry> {
        let segment = &self.segments[self.segment_of(hash)];
        let same = |entry: &Entry| self.hasher.hash(entry.key()) == hash;
        segment.entries.find(slot_hash(hash), |entry| wanted(entry) && same(entry)).map(Box::as_ref)
    }

    /// The entry of `key`, to be changed.
    pub fn find_mut(&mut self, hash: u64, key: &[u8]) -> Option<&mut Entry> {
        let segment = self.segment_of(hash);
        let found = self.segments[segment].entries.find_mut(slot_hash(hash), |entry| entry.key() == key);
        found.map(Box::as_mut)
    }

    /// The first entry with this hash that `wanted` takes, to be changed.
    pub fn find_by_mut(&mut self, hash: u64, wanted: impl Fn(&Entry) -> bool) -> Option<&mut Entry> {
        let (segment, hasher) = (self.segment_of(hash), self.hasher);
        let found = self.segments[segment]
            .entries
            .find_mut(slot_hash(hash), |entry| wanted(entry) && hasher.hash(entry.key()) == hash);
        found.map(Box::as_mut)
    }

    /// Adds an entry whose key is not in the table.
    pub fn insert(&mut self, hash: u64, entry: Entry) {
        let mut at = self.segment_of(hash);
        while self.segments[at].entries.len() >= SEGMENT_ENTRIES_MAX && self.segments[at].depth < DEPTH_MAX {
            self.split(hash);
            at = self.segment_of(hash);
        }
        let hasher = self.hasher;
        self.segments[at]
            .entries
            .insert_unique(slot_hash(hash), Box::new(entry), |entry| slot_hash(hasher.hash(entry.key())));
        self.len += 1;
    }

    /// Takes the first entry with this hash that `wanted` takes out of the table.
    pub fn remove_by(&mut self, hash: u64, wanted: impl Fn(&Entry) -> bool) -> Option<Box<Entry>> {
        let (at, hasher) = (self.segment_of(hash), self.hasher);
        let same = |entry: &Entry| wanted(entry) && hasher.hash(entry.key()) == hash;
        let found = self.segments[at].entries.find_entry(slot_hash(hash), |entry| same(entry)).ok()?;
        let (entry, _) = found.remove();
        self.len -= 1;
        if self.segments[at].entries.len() < JOINED_ENTRIES_MAX / 2 {
            self.join(hash);
        }
        Some(entry)
    }

    /// Visits at least `count` entries from `from` on in hash order, all of those that share a position together; more
    /// only where positions are shared. Returns where to go on, none at the end.
    pub fn scan(&self, from: Position, count: usize, mut visit: impl FnMut(&Entry)) -> Option<Position> {
        let mut hash = from << POSITION_SHIFT;
        let mut seen = 0;
        loop {
            let segment = &self.segments[self.segment_of(hash)];
            let mut rest: Vec<(Position, &Entry)> = segment
                .entries
                .iter()
                .map(|entry| (position(self.hasher.hash(entry.key())), &**entry))
                .filter(|(at, _)| *at >= from)
                .collect();
            let room = count.saturating_sub(seen).max(1);
            if rest.len() > room {
                rest.sort_unstable_by_key(|(at, _)| *at);
            }
            let cut = rest.get(room).map(|_| rest[room - 1].0);
            for (at, entry) in &rest {
                if cut.is_some_and(|cut| *at > cut) {
                    return Some(*at);
                }
                visit(entry);
                seen += 1;
            }
            let next = self.segment_end(hash)?;
            if seen >= count {
                return Some(position(next));
            }
            hash = next;
        }
    }

    /// An entry chosen by `random`; every entry has a fair chance within the segment that `random` leads to.
    pub fn sample(&self, random: u64) -> Option<&Entry> {
        if self.len == 0 {
            return None;
        }
        let mut at = (random as usize) % self.directory.len();
        // An empty segment hands over to the next.
        while self.segments[self.directory[at] as usize].entries.is_empty() {
            at = (at + 1) % self.directory.len();
        }
        let entries = &self.segments[self.directory[at] as usize].entries;
        let index = (random >> 32) as usize % entries.len();
        entries.iter().nth(index).map(Box::as_ref)
    }

    /// Bytes of the table itself, entries not counted.
    pub fn overhead_bytes(&self) -> usize {
        let slots: usize = self.segments.iter().map(|segment| segment.entries.capacity() * 8 / 7 * 9).sum();
        slots + self.directory.capacity() * size_of::<u32>() + self.segments.capacity() * size_of::<Segment>()
    }

    fn index_of(&self, hash: u64) -> usize {
        if self.depth == 0 { 0 } else { ((hash << self.prefix_bits) >> (64 - self.depth)) as usize }
    }

    fn segment_of(&self, hash: u64) -> usize {
        self.directory[self.index_of(hash)] as usize
    }

    /// The hash at which the segment after that of `hash` begins; none after the last.
    fn segment_end(&self, hash: u64) -> Option<u64> {
        let depth = self.segments[self.segment_of(hash)].depth + self.prefix_bits;
        if depth == 0 {
            return None;
        }
        let next = ((hash >> (64 - depth)) + 1).checked_shl(64 - depth).filter(|next| *next != 0)?;
        // The last segment of this table ends where the prefix ends.
        let same =
            self.prefix_bits == 0 || next >> (64 - self.prefix_bits) == hash >> (64 - self.prefix_bits);
        same.then_some(next)
    }

    /// The run of the directory that points to a segment of `depth` with `index` in it.
    fn run(&self, index: usize, depth: u32) -> std::ops::Range<usize> {
        let width = 1 << (self.depth - depth);
        let first = index / width * width;
        first..first + width
    }

    fn split(&mut self, hash: u64) {
        let at = self.segment_of(hash);
        let depth = self.segments[at].depth;
        if depth == self.depth {
            self.directory = self.directory.iter().flat_map(|segment| [*segment, *segment]).collect();
            self.depth += 1;
        }
        let old = std::mem::take(&mut self.segments[at]);
        let (hasher, bit) = (self.hasher, 63 - self.prefix_bits - depth);
        let mut halves = [
            HashTable::with_capacity(SEGMENT_ENTRIES_MAX / 2),
            HashTable::with_capacity(SEGMENT_ENTRIES_MAX / 2),
        ];
        for entry in old.entries {
            let hash = hasher.hash(entry.key());
            let half = &mut halves[(hash >> bit & 1) as usize];
            half.insert_unique(slot_hash(hash), entry, |entry| slot_hash(hasher.hash(entry.key())));
        }
        let [low, high] = halves;
        self.segments[at] = Segment { depth: depth + 1, entries: low };
        let twin = self.add(Segment { depth: depth + 1, entries: high });
        let run = self.run(self.index_of(hash), depth);
        let middle = run.start + run.len() / 2;
        self.directory[middle..run.end].fill(twin);
    }

    fn add(&mut self, segment: Segment) -> u32 {
        if let Some(unused) = self.unused.pop() {
            self.segments[unused as usize] = segment;
            return unused;
        }
        self.segments.push(segment);
        u32::try_from(self.segments.len() - 1).expect("segments fit 32 bits: each holds hundreds of entries")
    }

    /// Joins the segment of `hash` with its twin where both are sparse, and lets the directory shrink after it.
    fn join(&mut self, hash: u64) {
        let at = self.segment_of(hash);
        let depth = self.segments[at].depth;
        let Some(parent) = depth.checked_sub(1) else {
            self.shrink(at);
            return;
        };
        let run = self.run(self.index_of(hash), parent);
        let (low, high) = (self.directory[run.start] as usize, self.directory[run.end - 1] as usize);
        let together = self.segments[low].entries.len() + self.segments[high].entries.len();
        if self.segments[low].depth != depth
            || self.segments[high].depth != depth
            || together > JOINED_ENTRIES_MAX
        {
            self.shrink(at);
            return;
        }
        let moved = std::mem::take(&mut self.segments[high]);
        let hasher = self.hasher;
        for entry in moved.entries {
            let hash = slot_hash(hasher.hash(entry.key()));
            self.segments[low]
                .entries
                .insert_unique(hash, entry, |entry| slot_hash(hasher.hash(entry.key())));
        }
        self.segments[low].depth = parent;
        self.directory[run].fill(low as u32);
        self.unused.push(high as u32);
        self.halve();
    }

    /// Gives memory of a sparse segment back.
    fn shrink(&mut self, at: usize) {
        let hasher = self.hasher;
        let entries = &mut self.segments[at].entries;
        if entries.capacity() > 4 * entries.len() + 16 {
            entries.shrink_to(2 * entries.len(), |entry| slot_hash(hasher.hash(entry.key())));
        }
    }

    fn halve(&mut self) {
        while self.depth > 0 && self.directory.chunks_exact(2).all(|pair| pair[0] == pair[1]) {
            self.directory = self.directory.iter().step_by(2).copied().collect();
            self.depth -= 1;
        }
        self.directory.shrink_to_fit();
    }
}

/// The hash for the slots within a segment: its entries agree in the leading bits, which a `HashTable` tells them apart by.
fn slot_hash(hash: u64) -> u64 {
    hash.rotate_left(32)
}

#[cfg(test)]
mod tests;
