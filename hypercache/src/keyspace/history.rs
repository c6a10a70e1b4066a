//! Which keys have left, and why, in bounded memory.
//!
//! Of each departed key a 14-bit tag and 2 bits of reason are kept, in buckets of eight such cells. The key's hash chooses
//! bucket and tag, after it was mixed: bits that choose the shard, or that keys of one kind share, count for nothing by
//! themselves. A bucket that is full forgets its oldest cell.
//!
//! **Taken for another.** A key that never was here finds a tag that equals its own in one of eight cells with a chance of
//! at most 8 / 2¹⁴ = 0.049 %: so many of the misses on such keys are told with a reason at the most.
//!
//! **Forgotten.** A departure is remembered until eight others have gone into its bucket. With `C` cells, `n` later
//! departures bring a bucket 8n/C on average, with Poisson's distribution: of the last C/4 departures 99.9 % of the oldest
//! are still known, of the last C/2 94.9 %, of the last C 45.3 %. What is forgotten counts as never seen.
//!
//! **Growth.** The table begins with 1 KiB and becomes four times as large whenever an eighth of its cells has been filled,
//! until it has its size: 16 to 64 bytes for each departure. All four parts then begin with what the whole held. Each cell is
//! right in one of them, and in the others it is older than what comes, and soon gone. So growing loses nothing, though the
//! cells hold too little of a hash to be told apart anew; for each time that the table has grown since, one more departure on
//! average counts among those that have gone into a departure's bucket.

use crate::keyspace::departure::Departure;

/// Cells of a bucket: 16 bytes, a part of one cache line.
const WAYS: usize = 8;
/// Buckets at the beginning, where there is room for so many.
const BUCKETS_FIRST: usize = 64;
/// Fewer are none: a cache line.
const BUCKETS_MIN: usize = 4;
/// How many times as large a table becomes that grows.
const GROWTH: usize = 4;
const BUCKET_BYTES: usize = size_of::<Bucket>();
/// The bits of a cell that tell the reason; 0: the cell is empty.
const REASON: u16 = 0b11;

/// The newest cell first, the empty ones last.
type Bucket = [u16; WAYS];

/// The memory of one shard.
#[derive(Debug, Default)]
pub struct History {
    buckets: Vec<Bucket>,
    /// Departures that have come since the table last grew.
    since_growth: usize,
    /// A power of two, or 0: remembers nothing.
    buckets_max: usize,
}

impl History {
    /// One that takes up to `bytes`, rounded down to a power of two; less than a cache line: it remembers nothing.
    pub fn new(bytes: usize) -> Self {
        Self { buckets_max: buckets_in(bytes), ..Self::default() }
    }

    /// Bytes it takes now.
    pub fn bytes(&self) -> usize {
        self.buckets.capacity() * BUCKET_BYTES
    }

    /// Departures it has room for now.
    pub fn cells(&self) -> usize {
        self.buckets.len() * WAYS
    }

    /// Why a key that is not here has left; none: it never was here, or is forgotten.
    pub fn reason(&self, hash: u64) -> Option<Departure> {
        if self.buckets.is_empty() {
            return None;
        }
        let (index, tag) = self.place(hash);
        let bucket = &self.buckets[index];
        position(bucket, tag).and_then(|at| departure(bucket[at]))
    }

    /// Remembers that a key has left.
    pub fn insert(&mut self, hash: u64, why: Departure) {
        if self.buckets_max == 0 {
            return;
        }
        if self.buckets.is_empty() {
            self.buckets = vec![[0; WAYS]; BUCKETS_FIRST.min(self.buckets_max)];
        }
        let (index, tag) = self.place(hash);
        let bucket = &mut self.buckets[index];
        let known = position(bucket, tag);
        bucket.copy_within(..known.unwrap_or(WAYS - 1), 1);
        bucket[0] = tag | code(why);
        if known.is_none() {
            self.since_growth += 1;
            if self.since_growth > self.buckets.len() * WAYS / 8 && self.buckets.len() < self.buckets_max {
                self.grow();
            }
        }
    }

    /// Forgets a key that has come back.
    pub fn remove(&mut self, hash: u64) {
        if self.buckets.is_empty() {
            return;
        }
        let (index, tag) = self.place(hash);
        let bucket = &mut self.buckets[index];
        if let Some(at) = position(bucket, tag) {
            bucket.copy_within(at + 1.., at);
            bucket[WAYS - 1] = 0;
        }
    }

    /// Lets it take up to `bytes` from here on, and forgets the oldest that no longer fit.
    pub fn limit(&mut self, bytes: usize) {
        self.set_buckets_max(buckets_in(bytes));
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self { buckets_max: self.buckets_max, ..Self::default() };
    }

    /// Exchanges the limits of two histories that have changed places.
    pub fn exchange_limits(&mut self, other: &mut Self) {
        let (mine, others) = (self.buckets_max, other.buckets_max);
        self.set_buckets_max(others);
        other.set_buckets_max(mine);
    }

    fn set_buckets_max(&mut self, most: usize) {
        self.buckets_max = most;
        if most == 0 {
            self.buckets = Vec::new();
            self.since_growth = 0;
        }
        while self.buckets.len() > most {
            self.halve();
        }
    }

    #[cold]
    fn grow(&mut self) {
        let held = self.buckets.len();
        let wanted = (held * GROWTH).min(self.buckets_max);
        self.buckets.reserve_exact(wanted - held);
        while self.buckets.len() < wanted {
            self.buckets.extend_from_within(..held);
        }
        self.since_growth = 0;
    }

    /// Joins each bucket with its twin: the newest of both stay.
    fn halve(&mut self) {
        let twins = self.buckets.split_off(self.buckets.len() / 2);
        for (bucket, twin) in self.buckets.iter_mut().zip(twins) {
            let (mut joined, mut filled) = ([0; WAYS], 0);
            for cell in bucket.iter().zip(&twin).flat_map(|(one, other)| [*one, *other]) {
                // What was copied when the table grew may stand in both.
                if cell != 0 && filled < WAYS && position(&joined, cell & !REASON).is_none() {
                    joined[filled] = cell;
                    filled += 1;
                }
            }
            *bucket = joined;
        }
        self.buckets.shrink_to_fit();
    }

    /// The bucket of a key, and its tag where that stands in a cell.
    fn place(&self, hash: u64) -> (usize, u16) {
        let mixed = mix(hash);
        (mixed as usize & (self.buckets.len() - 1), (mixed >> 48) as u16 & !REASON)
    }
}

/// Buckets that fit: a power of two, or none.
fn buckets_in(bytes: usize) -> usize {
    let fit = bytes / BUCKET_BYTES;
    if fit < BUCKETS_MIN { 0 } else { 1 << fit.ilog2().min(31) }
}

/// Lets each bit of the result depend on all bits of the hash: both halves of its product with 2⁶⁴/φ.
fn mix(hash: u64) -> u64 {
    let product = u128::from(hash) * 0x9e37_79b9_7f4a_7c15;
    product as u64 ^ (product >> 64) as u64
}

/// Where a tag stands in a bucket.
fn position(bucket: &Bucket, tag: u16) -> Option<usize> {
    bucket.iter().position(|cell| cell & REASON != 0 && cell & !REASON == tag)
}

fn code(why: Departure) -> u16 {
    match why {
        Departure::Deleted => 1,
        Departure::Expired => 2,
        Departure::Evicted => 3,
    }
}

fn departure(cell: u16) -> Option<Departure> {
    Departure::ALL.into_iter().find(|why| code(*why) == cell & REASON)
}

#[cfg(test)]
mod tests;
