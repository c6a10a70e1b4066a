//! Hash table of entries that grows and shrinks in small steps.
//!
//! Extendible hashing (Fagin, Nievergelt, Pippenger and Strong, "Extendible hashing: a fast access method for dynamic
//! files", ACM TODS 1979): a directory indexed by the leading bits of the hash points to segments of bounded size. A full
//! segment is split in two, two sparse ones are joined; no step touches more than one segment, so growing to millions of
//! keys never stops the shard. Segments partition the hash space in order, so a scan that goes by hash is exact however
//! the table changes under it: a key's hash does not.

mod range;
mod sample;

use hashbrown::HashTable;

use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::expiry::Due;
use crate::keyspace::expiry::Earliest;
use crate::keyspace::expiry::Timed;
use crate::keyspace::expiry::slot_hash;
use crate::keyspace::key::KeyHasher;
use crate::value::size_class::size_class;

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
    /// How many of them have a deadline.
    expiring: usize,
    /// The earliest deadline in each segment.
    earliest: Earliest,
}

#[derive(Debug, Default)]
struct Segment {
    depth: u32,
    entries: HashTable<Entry>,
    deadlines: Timed,
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
            expiring: 0,
            earliest: Earliest::default(),
        }
    }

    /// The hash of an entry's key.
    pub fn hash_of(&self, entry: &Entry) -> u64 {
        self.hasher.hash(entry.key())
    }

    /// Entries in it.
    pub fn entries(&self) -> usize {
        self.len
    }

    /// Entries with a deadline.
    pub fn expiring(&self) -> usize {
        self.expiring
    }

    /// The entry of `key`.
    pub fn find(&self, hash: u64, key: &[u8]) -> Option<&Entry> {
        self.segments[self.segment_of(hash)].entries.find(slot_hash(hash), |entry| entry.key() == key)
    }

    /// The first entry with this hash that `wanted` takes.
    pub fn find_by(&self, hash: u64, wanted: impl Fn(&Entry) -> bool) -> Option<&Entry> {
        let is_it = |entry: &Entry| wanted(entry) && self.hasher.hash(entry.key()) == hash;
        self.segments[self.segment_of(hash)].entries.find(slot_hash(hash), is_it)
    }

    /// The entry of `key`, to be changed.
    pub fn find_mut(&mut self, hash: u64, key: &[u8]) -> Option<&mut Entry> {
        let segment = self.segment_of(hash);
        self.segments[segment].entries.find_mut(slot_hash(hash), |entry| entry.key() == key)
    }

    /// The first entry with this hash that `wanted` takes, to be changed.
    pub fn find_by_mut(&mut self, hash: u64, wanted: impl Fn(&Entry) -> bool) -> Option<&mut Entry> {
        let (segment, hasher) = (self.segment_of(hash), self.hasher);
        let is_it = |entry: &Entry| wanted(entry) && hasher.hash(entry.key()) == hash;
        self.segments[segment].entries.find_mut(slot_hash(hash), is_it)
    }

    /// Adds an entry whose key is not in the table.
    pub fn insert(&mut self, hash: u64, entry: Entry) {
        let mut at = self.segment_of(hash);
        while self.segments[at].entries.len() >= SEGMENT_ENTRIES_MAX && self.segments[at].depth < DEPTH_MAX {
            self.split(hash);
            at = self.segment_of(hash);
        }
        let (hasher, deadline) = (self.hasher, entry.deadline());
        self.segments[at]
            .entries
            .insert_unique(slot_hash(hash), entry, |entry| slot_hash(hasher.hash(entry.key())));
        self.len += 1;
        self.retime(hash, None, deadline);
    }

    /// Notes that an entry with this hash has another deadline than before.
    pub fn retime(&mut self, hash: u64, old: Option<UnixMillis>, new: Option<UnixMillis>) {
        if old == new {
            return;
        }
        let at = self.segment_of(hash);
        let deadlines = &mut self.segments[at].deadlines;
        if let Some(old) = old {
            deadlines.remove(Due::new(old, hash));
            self.expiring -= 1;
        }
        if let Some(new) = new {
            deadlines.insert(Due::new(new, hash));
            self.expiring += 1;
        }
        self.earliest.set(at, self.segments[at].deadlines.first());
    }

    /// The earliest deadline, if it has come by `now`, with the hash of its key.
    pub fn first_due(&self, now: UnixMillis) -> Option<(UnixMillis, u64)> {
        let (segment, due) = self.earliest.first().filter(|(_, due)| due.deadline() <= now)?;
        let hash_of = |entry: &Entry| self.hasher.hash(entry.key());
        let is_it = |entry: &Entry| {
            entry
                .deadline()
                .is_some_and(|deadline| due.is(deadline) && due == Due::new(deadline, hash_of(entry)))
        };
        let entry = self.segments[segment].entries.find(due.slot_hash(), is_it)?;
        entry.deadline().filter(|deadline| *deadline <= now).map(|deadline| (deadline, hash_of(entry)))
    }

    /// Takes the first entry with this hash that `wanted` takes out of the table.
    pub fn remove_by(&mut self, hash: u64, wanted: impl Fn(&Entry) -> bool) -> Option<Entry> {
        let (at, hasher) = (self.segment_of(hash), self.hasher);
        let is_it = |entry: &Entry| wanted(entry) && hasher.hash(entry.key()) == hash;
        let found = self.segments[at].entries.find_entry(slot_hash(hash), is_it).ok()?;
        let (entry, _) = found.remove();
        self.len -= 1;
        self.retime(hash, entry.deadline(), None);
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
                .map(|entry| (position(self.hasher.hash(entry.key())), entry))
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
        entries.iter().nth(index)
    }

    /// Bytes that the allocator takes for the table itself and its deadlines, entries not counted.
    pub fn overhead_bytes(&self) -> usize {
        let segments: usize = self
            .segments
            .iter()
            .map(|segment| size_class(segment.entries.allocation_size()) + segment.deadlines.bytes())
            .sum();
        segments
            + size_class(self.directory.capacity() * size_of::<u32>())
            + size_class(self.segments.capacity() * size_of::<Segment>())
            + size_class(self.unused.capacity() * size_of::<u32>())
            + self.earliest.bytes()
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
        let mut deadlines = [Timed::default(), Timed::default()];
        for entry in old.entries {
            let hash = hasher.hash(entry.key());
            let half = (hash >> bit & 1) as usize;
            deadlines[half].add(entry.deadline().map(|deadline| Due::new(deadline, hash)));
            halves[half].insert_unique(slot_hash(hash), entry, |entry| slot_hash(hasher.hash(entry.key())));
        }
        let ([low, high], [low_deadlines, high_deadlines]) = (halves, deadlines.map(Timed::sorted));
        self.earliest.set(at, low_deadlines.first());
        self.segments[at] = Segment { depth: depth + 1, entries: low, deadlines: low_deadlines };
        let twin = self.add(Segment { depth: depth + 1, entries: high, deadlines: high_deadlines });
        let run = self.run(self.index_of(hash), depth);
        let middle = run.start + run.len() / 2;
        self.directory[middle..run.end].fill(twin);
    }

    fn add(&mut self, segment: Segment) -> u32 {
        let first = segment.deadlines.first();
        let at = if let Some(unused) = self.unused.pop() {
            self.segments[unused as usize] = segment;
            unused
        } else {
            self.segments.push(segment);
            u32::try_from(self.segments.len() - 1)
                .expect("segments fit 32 bits: each holds hundreds of entries")
        };
        self.earliest.set(at as usize, first);
        at
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
        self.segments[low].deadlines.append(moved.deadlines);
        self.earliest.set(low, self.segments[low].deadlines.first());
        self.earliest.set(high, None);
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

#[cfg(test)]
mod tests;
