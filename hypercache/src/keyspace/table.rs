//! Hash table of entries that grows and shrinks in small steps.
//!
//! Extendible hashing: a `Directory` points to segments of bounded size. A full segment is split in two, two sparse ones
//! are joined; no step touches more than one segment, so growing to millions of keys never stops the shard. Segments
//! partition the hash space in order, so a scan that goes by hash is exact however the table changes under it: a key's hash
//! does not.

mod range;
mod sample;
mod slots;

use crate::keyspace::directory::Directory;
use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::expiry::Due;
use crate::keyspace::expiry::Earliest;
use crate::keyspace::expiry::Timed;
use crate::keyspace::key::KeyHasher;
use crate::keyspace::table::slots::Slots;
use crate::value::size_class::size_class;

/// Entries a segment holds before it is split: their tags are read one after the other.
const SEGMENT_ENTRIES_MAX: usize = 96;
/// Two neighbours with fewer entries together are joined; far enough below the maximum not to split again at once.
const JOINED_ENTRIES_MAX: usize = 36;
/// Unused segments that are always kept.
const UNUSED_MIN: usize = 16;
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
    /// The bits that all hashes share are those that chose this table.
    directory: Directory,
    segments: Vec<Segment>,
    unused: Vec<u32>,
    len: usize,
    /// How many of them have a deadline.
    expiring: usize,
    /// The earliest deadline in each segment.
    earliest: Earliest,
    /// Bytes of what the segments point to, so that nobody has to look at each of them.
    segment_bytes: usize,
}

#[derive(Debug, Default)]
struct Segment {
    depth: u32,
    entries: Slots,
    deadlines: Timed,
}

impl Segment {
    /// Bytes that the allocator takes for what it points to, the entries not counted.
    fn bytes(&self) -> usize {
        self.entries.bytes() + self.deadlines.bytes()
    }
}

impl Table {
    /// An empty table for keys that share `prefix_bits` leading bits of their hash.
    pub fn new(hasher: impl Into<KeyHasher>, prefix_bits: u32) -> Self {
        Self {
            hasher: hasher.into(),
            directory: Directory::new(prefix_bits, 0),
            segments: vec![Segment::default()],
            unused: Vec::new(),
            len: 0,
            expiring: 0,
            earliest: Earliest::default(),
            segment_bytes: 0,
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
        self.segments[self.segment_of(hash)].entries.find(hash, |entry| entry.key() == key)
    }

    /// The first entry with this hash that `wanted` takes.
    pub fn find_by(&self, hash: u64, wanted: impl Fn(&Entry) -> bool) -> Option<&Entry> {
        let is_it = |entry: &Entry| wanted(entry) && self.hasher.hash(entry.key()) == hash;
        self.segments[self.segment_of(hash)].entries.find(hash, is_it)
    }

    /// The entry of `key`, to be changed.
    pub fn find_mut(&mut self, hash: u64, key: &[u8]) -> Option<&mut Entry> {
        let segment = self.segment_of(hash);
        self.segments[segment].entries.find_mut(hash, |entry| entry.key() == key)
    }

    /// The first entry with this hash that `wanted` takes, to be changed.
    pub fn find_by_mut(&mut self, hash: u64, wanted: impl Fn(&Entry) -> bool) -> Option<&mut Entry> {
        let (segment, hasher) = (self.segment_of(hash), self.hasher);
        let is_it = |entry: &Entry| wanted(entry) && hasher.hash(entry.key()) == hash;
        self.segments[segment].entries.find_mut(hash, is_it)
    }

    /// Adds an entry whose key is not in the table.
    pub fn insert(&mut self, hash: u64, entry: Entry) {
        let mut at = self.segment_of(hash);
        while self.segments[at].entries.len() >= SEGMENT_ENTRIES_MAX && self.segments[at].depth < DEPTH_MAX {
            self.split(hash);
            at = self.segment_of(hash);
        }
        let deadline = entry.deadline();
        self.change(at, |segment| segment.entries.push(hash, entry));
        self.len += 1;
        self.retime(hash, None, deadline);
    }

    /// Notes that an entry with this hash has another deadline than before.
    pub fn retime(&mut self, hash: u64, old: Option<UnixMillis>, new: Option<UnixMillis>) {
        if old == new {
            return;
        }
        let at = self.segment_of(hash);
        self.expiring = self.expiring + usize::from(new.is_some()) - usize::from(old.is_some());
        self.change(at, |Segment { deadlines, .. }| {
            if let Some(old) = old {
                deadlines.remove(Due::new(old, hash));
            }
            if let Some(new) = new {
                deadlines.insert(Due::new(new, hash));
            }
        });
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
        let entry = self.segments[segment].entries.find(due.hash(), is_it)?;
        entry.deadline().filter(|deadline| *deadline <= now).map(|deadline| (deadline, hash_of(entry)))
    }

    /// Takes the first entry with this hash that `wanted` takes out of the table.
    pub fn remove_by(&mut self, hash: u64, wanted: impl Fn(&Entry) -> bool) -> Option<Entry> {
        let (at, hasher) = (self.segment_of(hash), self.hasher);
        let is_it = |entry: &Entry| wanted(entry) && hasher.hash(entry.key()) == hash;
        let mut found = None;
        self.change(at, |segment| found = segment.entries.remove(hash, is_it));
        let entry = found?;
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
        let mut place = (random as usize) % self.directory.places();
        // An empty segment hands over to the next.
        while self.segments[self.directory.at(place)].entries.is_empty() {
            place = (place + 1) % self.directory.places();
        }
        let entries = &self.segments[self.directory.at(place)].entries;
        Some(entries.nth((random >> 32) as usize % entries.len()))
    }

    /// Bytes that the allocator takes for the table itself and its deadlines, entries not counted; constant time.
    pub fn overhead_bytes(&self) -> usize {
        self.segment_bytes
            + size_class(self.directory.heap_bytes())
            + size_class(self.segments.capacity() * size_of::<Segment>())
            + size_class(self.unused.capacity() * size_of::<u32>())
            + self.earliest.bytes()
    }

    /// Lets `change` work on a segment, and keeps the bytes in step.
    fn change(&mut self, at: usize, change: impl FnOnce(&mut Segment)) {
        let segment = &mut self.segments[at];
        let before = segment.bytes();
        change(segment);
        self.segment_bytes = self.segment_bytes - before + segment.bytes();
    }

    fn segment_of(&self, hash: u64) -> usize {
        self.directory.segment_of(hash)
    }

    /// The hash at which the segment after that of `hash` begins; none after the last.
    fn segment_end(&self, hash: u64) -> Option<u64> {
        let prefix_bits = self.directory.prefix_bits();
        let depth = self.segments[self.segment_of(hash)].depth + prefix_bits;
        if depth == 0 {
            return None;
        }
        let next = ((hash >> (64 - depth)) + 1).checked_shl(64 - depth).filter(|next| *next != 0)?;
        // The last segment of this table ends where the prefix ends.
        let same = prefix_bits == 0 || next >> (64 - prefix_bits) == hash >> (64 - prefix_bits);
        same.then_some(next)
    }

    /// Takes all out of a segment.
    fn take(&mut self, at: usize) -> Segment {
        let mut taken = Segment::default();
        self.change(at, |segment| std::mem::swap(segment, &mut taken));
        taken
    }

    fn split(&mut self, hash: u64) {
        let at = self.segment_of(hash);
        let depth = self.segments[at].depth;
        let old = self.take(at);
        let (hasher, bit) = (self.hasher, 63 - self.directory.prefix_bits() - depth);
        let half = || Slots::with_room(old.entries.len() / 2);
        let mut halves = [half(), half()];
        let mut deadlines = [Timed::default(), Timed::default()];
        for entry in old.entries.into_entries() {
            let hash = hasher.hash(entry.key());
            let half = (hash >> bit & 1) as usize;
            deadlines[half].add(entry.deadline().map(|deadline| Due::new(deadline, hash)));
            halves[half].push(hash, entry);
        }
        let ([low, high], [low_deadlines, high_deadlines]) = (halves, deadlines.map(Timed::sorted));
        self.earliest.set(at, low_deadlines.first());
        self.change(at, |segment| {
            *segment = Segment { depth: depth + 1, entries: low, deadlines: low_deadlines };
        });
        let twin = self.add(Segment { depth: depth + 1, entries: high, deadlines: high_deadlines });
        self.directory.split(hash, depth, twin);
    }

    fn add(&mut self, segment: Segment) -> u32 {
        let first = segment.deadlines.first();
        self.segment_bytes += segment.bytes();
        let at = if let Some(unused) = self.unused.pop() {
            self.segments[unused as usize] = segment;
            unused
        } else {
            if self.segments.len() == self.segments.capacity() {
                // The list is long where there are many keys, and is not to be half empty.
                self.segments.reserve_exact(self.segments.len() / 8 + 1);
            }
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
        let Some(parent) = depth.checked_sub(1) else { return };
        let (low, high) = self.directory.ends(hash, parent);
        let together = self.segments[low].entries.len() + self.segments[high].entries.len();
        if self.segments[low].depth != depth
            || self.segments[high].depth != depth
            || together > JOINED_ENTRIES_MAX
        {
            return;
        }
        let moved = self.take(high);
        self.change(low, |segment| {
            segment.entries.append(moved.entries);
            segment.depth = parent;
            segment.deadlines.append(moved.deadlines);
        });
        self.earliest.set(low, self.segments[low].deadlines.first());
        self.earliest.set(high, None);
        self.unused.push(high as u32);
        self.directory.join(hash, parent, low as u32);
        if self.unused.len() > self.segments.len() / 2 + UNUSED_MIN {
            self.compact();
        }
    }

    /// Leaves unused segments out, which are more than half of them.
    fn compact(&mut self) {
        let mut old = std::mem::take(&mut self.segments);
        let mut moved_to = vec![None; old.len()];
        self.directory.renumber(|from| {
            *moved_to[from].get_or_insert_with(|| {
                self.segments.push(std::mem::take(&mut old[from]));
                self.segments.len() as u32 - 1
            })
        });
        (self.unused, self.earliest) = (Vec::new(), Earliest::default());
        self.segments.shrink_to_fit();
        for (at, segment) in self.segments.iter().enumerate() {
            self.earliest.set(at, segment.deadlines.first());
        }
    }
}

#[cfg(test)]
mod tests;
