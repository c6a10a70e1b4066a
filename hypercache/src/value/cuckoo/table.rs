//! One table of a filter: buckets of slots, each free or with a fingerprint.

use crate::value::cuckoo::fingerprint::Print;
use crate::value::cuckoo::fingerprint::Width;
use crate::value::cuckoo::fingerprint::distance;

/// A table. Its number of buckets is a power of two.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    data: Vec<u8>,
    shape: Shape,
    used: u64,
}

/// How large a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Buckets, a power of two.
    pub buckets: u64,
    /// Slots in a bucket.
    pub bucket_size: u16,
    /// Bits in a slot.
    pub width: Width,
}

impl Shape {
    /// Bytes of such a table; none where they cannot be counted.
    pub fn bytes(&self) -> Option<u64> {
        let slots = self.buckets.checked_mul(self.bucket_size.into())?;
        Some(slots.checked_mul(self.width.bits().into())?.div_ceil(8))
    }
}

impl Table {
    /// An empty table; the caller has checked how many bytes it takes.
    pub fn new(shape: Shape) -> Self {
        let bytes = shape.bytes().and_then(|bytes| usize::try_from(bytes).ok());
        Self { data: vec![0; bytes.expect("the caller knows that it is small enough")], shape, used: 0 }
    }

    /// How large it is.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Its slots, one after the other.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Slots that are not free.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// Slots.
    pub fn slots(&self) -> usize {
        self.data.len() * 8 / self.shape.width.bits() as usize
    }

    /// The fingerprint in a slot; 0 where it is free.
    pub fn get(&self, slot: usize) -> u16 {
        let fingerprint = match self.shape.width {
            Width::Eight => self.data[slot].into(),
            Width::Twelve => {
                let at = slot * 12 / 8;
                let pair = u16::from_le_bytes([self.data[at], self.data[at + 1]]);
                if slot.is_multiple_of(2) { pair & 0xfff } else { pair >> 4 }
            }
            Width::Sixteen => u16::from_le_bytes([self.data[2 * slot], self.data[2 * slot + 1]]),
        };
        // Bytes from elsewhere may hold what is no fingerprint.
        if fingerprint & 0xff == 0 { 0 } else { fingerprint }
    }

    /// Writes a slot, 0 to free it.
    pub fn set(&mut self, slot: usize, fingerprint: u16) {
        self.used -= u64::from(self.get(slot) != 0);
        self.used += u64::from(fingerprint != 0);
        match self.shape.width {
            Width::Eight => self.data[slot] = fingerprint as u8,
            Width::Twelve => {
                let at = slot * 12 / 8;
                let pair = u16::from_le_bytes([self.data[at], self.data[at + 1]]);
                let pair = if slot.is_multiple_of(2) {
                    pair & 0xf000 | fingerprint
                } else {
                    pair & 0x000f | fingerprint << 4
                };
                self.data[at..at + 2].copy_from_slice(&pair.to_le_bytes());
            }
            Width::Sixteen => self.data[2 * slot..2 * slot + 2].copy_from_slice(&fingerprint.to_le_bytes()),
        }
    }

    /// The bucket that a slot lies in.
    pub fn bucket_of(&self, slot: usize) -> u64 {
        slot as u64 / u64::from(self.shape.bucket_size)
    }

    /// Both buckets of a fingerprint that may lie in `bucket`, or lies in the bucket that this one is here.
    fn buckets(&self, bucket: u64, fingerprint: u16) -> [u64; 2] {
        let mask = self.shape.buckets - 1;
        [bucket & mask, (bucket ^ distance(fingerprint)) & mask]
    }

    fn slots_of(&self, bucket: u64) -> std::ops::Range<usize> {
        let size = usize::from(self.shape.bucket_size);
        let start = bucket as usize * size;
        start..start + size
    }

    /// Slots that hold what this item would.
    fn matches(&self, print: Print) -> impl Iterator<Item = usize> {
        let [first, second] = self.buckets(print.bucket, print.fingerprint);
        let wanted = self.shape.width.cut(print.fingerprint);
        // Where both buckets are one, its slots count once.
        let second = if first == second { 0..0 } else { self.slots_of(second) };
        self.slots_of(first).chain(second).filter(move |slot| self.get(*slot) == wanted)
    }

    /// How often an item seems to be there.
    pub fn count(&self, print: Print) -> u64 {
        self.matches(print).count() as u64
    }

    /// Whether an item seems to be there.
    pub fn contains(&self, print: Print) -> bool {
        self.matches(print).next().is_some()
    }

    /// Takes one occurrence of an item out; whether there was one.
    pub fn remove(&mut self, print: Print) -> bool {
        let found = self.matches(print).next();
        found.into_iter().for_each(|slot| self.set(slot, 0));
        found.is_some()
    }

    /// Puts a fingerprint into a free slot of its two buckets, of which one is told; whether there was one.
    pub fn place(&mut self, print: Print) -> bool {
        let buckets = self.buckets(print.bucket, print.fingerprint);
        let free = buckets.into_iter().find_map(|bucket| self.free_slot(bucket));
        free.into_iter().for_each(|slot| self.set(slot, self.shape.width.cut(print.fingerprint)));
        free.is_some()
    }

    fn free_slot(&self, bucket: u64) -> Option<usize> {
        self.slots_of(bucket).find(|slot| self.get(*slot) == 0)
    }

    /// Puts a fingerprint into a slot that others make free, each by moving to its other bucket, in up to so many moves.
    /// Where they do not get there all is put back: nobody is lost.
    pub fn place_by_moving(&mut self, print: Print, moves_max: u16) -> bool {
        let mask = self.shape.buckets - 1;
        let mut carried = self.shape.width.cut(print.fingerprint);
        let mut bucket = print.bucket & mask;
        // Who has to move is as good as random and the same wherever the same is done.
        let mut chance = print.bucket ^ u64::from(print.fingerprint) << 40;
        let mut moved = Vec::new();
        for _ in 0..moves_max {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let choice = (chance >> 33) as usize % usize::from(self.shape.bucket_size);
            let slot = self.slots_of(bucket).start + choice;
            let evicted = self.get(slot);
            self.set(slot, carried);
            moved.push(slot);
            carried = evicted;
            bucket = (bucket ^ distance(carried)) & mask;
            if let Some(free) = self.free_slot(bucket) {
                self.set(free, carried);
                return true;
            }
        }
        for slot in moved.into_iter().rev() {
            let back = self.get(slot);
            self.set(slot, carried);
            carried = back;
        }
        false
    }

    /// Overwrites bytes of the slots; whether they lie within.
    pub fn load(&mut self, start: usize, bytes: &[u8]) -> bool {
        let Some(end) = start.checked_add(bytes.len()).filter(|end| *end <= self.data.len()) else {
            return false;
        };
        let bits = self.shape.width.bits() as usize;
        let touched = start * 8 / bits..(end * 8).div_ceil(bits).min(self.slots());
        self.used -= self.counted(touched.clone());
        self.data[start..end].copy_from_slice(bytes);
        self.used += self.counted(touched);
        true
    }

    fn counted(&self, slots: std::ops::Range<usize>) -> u64 {
        slots.filter(|slot| self.get(*slot) != 0).count() as u64
    }
}
