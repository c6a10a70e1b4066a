//! A small cuckoo table: 128 buckets of four fingerprints each.

use crate::keyspace::filter::width::BUCKET_SLOTS;
use crate::keyspace::filter::width::Width;

const BUCKET_BITS: u32 = 7;
const BUCKETS: usize = 1 << BUCKET_BITS;
/// Slots of a segment.
pub const SLOTS: usize = BUCKETS * BUCKET_SLOTS;
/// Low bits of a key's hash that its fingerprint comes from; those of its bucket lie above them. Together 27 bits, which
/// neither choose the shard nor the segment.
const PRINT_BITS: u32 = 20;
/// Fingerprints that move to make room for one.
const KICKS_MAX: u32 = 100;

/// What a segment can say of the keys whose hashes lead to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has them all.
    Built,
    /// It has none of them yet.
    Unbuilt,
    /// More of them agree in their two buckets than there are slots, so it has none.
    Overflown,
}

/// A table, and for which part of the hashes it stands.
#[derive(Debug)]
pub struct Segment {
    /// None until there is an item.
    slots: Box<[u8]>,
    items: u16,
    depth: u8,
    state: State,
}

/// Where a key may lie, and what is kept of it.
#[derive(Clone, Copy)]
struct Print {
    bucket: usize,
    fingerprint: u64,
}

impl Print {
    fn of(hash: u64, width: Width) -> Self {
        let low = hash & ((1 << PRINT_BITS) - 1);
        let fingerprint = ((low * width.values()) >> PRINT_BITS) + 1;
        Self { bucket: (hash >> PRINT_BITS) as usize % BUCKETS, fingerprint }
    }

    /// The other bucket that it may lie in. The difference is odd, so it is another one.
    fn moved(self) -> Self {
        let distance = (self.fingerprint.wrapping_mul(0xc6a4_a793_5bd1_e995) >> 57) as usize | 1;
        Self { bucket: self.bucket ^ distance, ..self }
    }
}

impl Segment {
    /// An empty one for hashes that agree in so many bits after those of the shard.
    pub fn new(depth: u32, state: State) -> Self {
        Self { slots: Box::default(), items: 0, depth: depth as u8, state }
    }

    /// Bits, after those of the shard, in which the hashes agree that lead here.
    pub fn depth(&self) -> u32 {
        self.depth.into()
    }

    /// What it can say.
    pub fn state(&self) -> State {
        self.state
    }

    /// Keys in it.
    pub fn items(&self) -> usize {
        self.items.into()
    }

    /// Bytes of its slots.
    pub fn bytes(&self) -> usize {
        self.slots.len()
    }

    /// Whether a key seems to be there.
    pub fn contains(&self, hash: u64, width: Width) -> bool {
        if self.items == 0 {
            return false;
        }
        let print = Print::of(hash, width);
        let (first, second) = (self.bucket(print.bucket, width), self.bucket(print.moved().bucket, width));
        width.lane_of(first, print.fingerprint).is_some()
            || width.lane_of(second, print.fingerprint).is_some()
    }

    /// Puts a key in, and counts which fingerprints move for it. Where there is no room a key is lost: the segment is of no
    /// use any more.
    pub fn insert(&mut self, hash: u64, width: Width, kicks: &mut u64) -> bool {
        if self.slots.is_empty() {
            self.slots = vec![0; BUCKETS * width.bucket_bytes()].into();
        }
        let mut print = Print::of(hash, width);
        if self.place(print, width) || self.place(print.moved(), width) {
            self.items += 1;
            return true;
        }
        // Who has to move is as good as random.
        let mut chance = hash;
        for _ in 0..KICKS_MAX {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (bucket, lane) = (self.bucket(print.bucket, width), (chance >> 62) as u32);
            self.set_bucket(print.bucket, width, width.with_lane(bucket, lane, print.fingerprint));
            print = Print { fingerprint: width.lane(bucket, lane), ..print }.moved();
            *kicks += 1;
            if self.place(print, width) {
                self.items += 1;
                return true;
            }
        }
        false
    }

    /// Takes a key out; whether it seemed to be there.
    pub fn remove(&mut self, hash: u64, width: Width) -> bool {
        if self.items == 0 {
            return false;
        }
        let print = Print::of(hash, width);
        let removed = [print, print.moved()].into_iter().any(|print| {
            let bucket = self.bucket(print.bucket, width);
            let lane = width.lane_of(bucket, print.fingerprint);
            if let Some(lane) = lane {
                self.set_bucket(print.bucket, width, width.with_lane(bucket, lane, 0));
            }
            lane.is_some()
        });
        self.items -= u16::from(removed);
        removed
    }

    fn place(&mut self, print: Print, width: Width) -> bool {
        let bucket = self.bucket(print.bucket, width);
        let free = width.lane_of(bucket, 0);
        if let Some(lane) = free {
            self.set_bucket(print.bucket, width, width.with_lane(bucket, lane, print.fingerprint));
        }
        free.is_some()
    }

    /// Where eight bytes begin that a bucket lies in, and its lowest bit in them: the last ones end with the slots.
    fn window(&self, bucket: usize, width: Width) -> (usize, u32) {
        let wanted = bucket * width.bucket_bytes();
        let start = wanted.min(self.slots.len() - size_of::<u64>());
        (start, 8 * (wanted - start) as u32)
    }

    fn eight(&self, start: usize) -> u64 {
        let bytes = self.slots[start..start + size_of::<u64>()].try_into();
        u64::from_le_bytes(bytes.expect("the range is as long as a word"))
    }

    fn bucket(&self, bucket: usize, width: Width) -> u64 {
        let (start, shift) = self.window(bucket, width);
        self.eight(start) >> shift & width.mask()
    }

    fn set_bucket(&mut self, bucket: usize, width: Width, content: u64) {
        let (start, shift) = self.window(bucket, width);
        let word = self.eight(start) & !(width.mask() << shift) | content << shift;
        self.slots[start..start + size_of::<u64>()].copy_from_slice(&word.to_le_bytes());
    }
}
