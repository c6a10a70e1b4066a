//! How often a store would miss if it had more memory, or less: its miss-ratio curve, from a sample of its keys.
//!
//! Keys are sampled by their hash (SHARDS: Waldspurger, Park, Garthwaite and Ahmad, "Efficient MRC Construction with SHARDS", FAST
//! 2015): whichever hash is below a threshold is followed, so either all touches of a key are seen or none, and the distance
//! between two of them, scaled by the sampling rate, stands for that among all keys. As many keys are followed as there is room
//! for; when that is used up the threshold is lowered (`SHARDS_max`). What the sample has too many or too few lookups of, compared
//! with those that all keys had, is added to the shortest distances (`SHARDS-adj`).
//!
//! A distance is in bytes: those of the keys used since, and the key's own. A cache that gives way by least use holds a key just
//! if that is within its size.
//!
//! **What counts.** Lookups count, writes do not: a key that is missed and then written for it is one reference, and one that is
//! written before anybody asks for it is a hit. Both lay the key on top. A key comes into the stack when it is written, leaves it
//! when it is deleted or expires, and stays when it is evicted: that is how the curve knows of more memory than there is. So the
//! curve is that of the same commands on a store of another size whose clients write what they have missed.

mod distances;
mod order;
mod stack;
mod touches;

use parking_lot::Mutex;

pub use touches::Touches;

use crate::keyspace::miss_ratio::distances::Distances;
use crate::keyspace::miss_ratio::stack::Stack;
use crate::keyspace::miss_ratio::touches::Touch;

/// Keys that are followed at the most: about 0.5 MB for a store that is sampled.
const KEYS_MAX: usize = 8192;
/// Share of the keys that is left when the threshold is lowered for want of room.
const KEPT: f64 = 7.0 / 8.0;
/// Fewer keys are not followed for the sake of speed: they would tell nothing.
const KEYS_MIN: usize = 128;
/// Touches between two ticks that are worth their time; of more, fewer keys are followed.
const TOUCHES_MAX: u64 = 50_000;
/// The threshold that samples every key.
const EVERY_KEY: u64 = 1 << 32;
/// Ticks between two steps of aging.
const AGING_TICKS: u64 = 60;
/// What is left of a count after one step of aging: half after ten of them.
const AGING: f64 = 0.933_032_991_536_807_4;
/// Ticks after which what was counted counts for half.
pub const HALF_LIFE_TICKS: u64 = 600;
/// Sizes that are of interest at the least, in bytes.
const HORIZON_MIN: u64 = 1 << 24;

/// Follows the sampled keys of a keyspace.
#[derive(Debug)]
pub struct Sampler {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// See `Touches`.
    threshold: u64,
    stack: Stack,
    distances: Distances,
    /// Lookups at all distances, and those of keys that were not in the stack, each by how many it stands for.
    seen: f64,
    /// Lookups of all keys.
    lookups: f64,
    /// The same, never aged.
    lookups_ever: u64,
    touches: u64,
    ticks: u64,
}

/// A miss-ratio curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    distances: Distances,
    seen: f64,
    /// Lookups that it is made from, older ones counted for less.
    pub lookups: f64,
    /// Lookups since the keyspace was made.
    pub lookups_ever: u64,
    /// Share of the keys that is followed.
    pub sampling_ratio: f64,
    /// Keys that are followed, those evicted among them.
    pub sampled_keys: usize,
    /// Ticks since the keyspace was made.
    pub ticks: u64,
}

impl Sampler {
    /// One that follows no keys.
    pub fn off() -> Self {
        Self { state: Mutex::new(State::new(0)) }
    }

    /// Begins to follow keys, or begins anew. Shards take part once they have been asked what they have seen.
    pub fn start(&self) {
        *self.state.lock() = State::new(EVERY_KEY);
    }

    /// Takes what a shard has seen, unless somebody else is at it: the shard keeps it until its lock is given back the next time.
    #[inline]
    pub fn take(&self, touches: &mut Touches) {
        if touches.any() {
            self.take_now(touches);
        }
    }

    /// As `take`, also where no sampled key was touched.
    #[cold]
    pub fn take_now(&self, touches: &mut Touches) {
        if let Some(mut state) = self.state.try_lock() {
            state.count_lookups(touches.lookups);
            touches.drain(|touch| state.apply(touch));
            touches.threshold = state.threshold;
        }
    }

    /// To be called once a second or so: ages what was counted, and fits the number of keys that are followed to what they cost.
    /// Sizes of up to `horizon` bytes are of interest. Whether keys are followed.
    pub fn tick(&self, horizon: u64) -> bool {
        let mut state = self.state.lock();
        state.tick(horizon.max(HORIZON_MIN));
        state.threshold > 0
    }

    /// The curve; none where no key is followed.
    pub fn curve(&self) -> Option<Curve> {
        let state = self.state.lock();
        (state.threshold > 0).then(|| Curve {
            distances: state.distances.clone(),
            seen: state.seen,
            lookups: state.lookups,
            lookups_ever: state.lookups_ever,
            sampling_ratio: state.ratio(),
            sampled_keys: state.stack.len(),
            ticks: state.ticks,
        })
    }
}

impl State {
    fn new(threshold: u64) -> Self {
        Self {
            threshold,
            stack: Stack::new(),
            distances: Distances::new(),
            seen: 0.0,
            lookups: 0.0,
            lookups_ever: 0,
            touches: 0,
            ticks: 0,
        }
    }

    fn ratio(&self) -> f64 {
        self.threshold as f64 / EVERY_KEY as f64
    }

    fn count_lookups(&mut self, lookups: u64) {
        self.lookups += lookups as f64;
        self.lookups_ever = self.lookups_ever.saturating_add(lookups);
    }

    fn apply(&mut self, touch: Touch) {
        match touch {
            Touch::Emptied => return self.stack.retain(|_| false),
            Touch::Hit { hash, .. }
            | Touch::Miss { hash, .. }
            | Touch::Written { hash, .. }
            | Touch::Removed { hash } => {
                if !follows(self.threshold, hash) {
                    return;
                }
            }
        }
        match touch {
            Touch::Emptied => {}
            Touch::Hit { hash, bytes, deadline, now } => {
                if !self.look_up(hash, now) {
                    // It was written before it was followed: nothing is known of when it was used.
                    self.put(hash, bytes, deadline);
                }
            }
            Touch::Miss { hash, now } => {
                if !self.look_up(hash, now) {
                    self.seen += self.weight();
                }
            }
            Touch::Written { hash, bytes, deadline } => self.put(hash, bytes, deadline),
            Touch::Removed { hash } => self.stack.remove(hash),
        }
        self.touches += 1;
        if self.touches > TOUCHES_MAX && self.stack.len() > 2 * KEYS_MIN {
            self.touches = 0;
            self.lower(0.5);
        }
    }

    fn weight(&self) -> f64 {
        EVERY_KEY as f64 / self.threshold as f64
    }

    /// Counts a lookup of a key in the stack; whether it is there.
    fn look_up(&mut self, hash: u64, now: u64) -> bool {
        let Some(depth) = self.stack.use_key(hash, now) else { return false };
        let weight = self.weight();
        let distance = (depth.above as f64 * weight) as u64;
        self.distances.add(distance.saturating_add(depth.own), weight);
        self.seen += weight;
        true
    }

    fn put(&mut self, hash: u64, bytes: u64, deadline: Option<u64>) {
        self.stack.put(hash, bytes, deadline);
        if self.stack.len() > KEYS_MAX {
            self.lower(KEPT);
        }
    }

    /// Lowers the threshold so far that this share of the keys is still followed.
    fn lower(&mut self, share: f64) {
        let mut hashes: Vec<u32> = self.stack.hashes().map(|hash| hash as u32).collect();
        let kept = (hashes.len() as f64 * share) as usize;
        if kept == 0 || kept >= hashes.len() {
            return;
        }
        let (_, first_gone, _) = hashes.select_nth_unstable(kept);
        // At least one, however hashes may agree: none would mean that sampling is off.
        self.threshold = u64::from(*first_gone).max(1);
        let threshold = self.threshold;
        self.stack.retain(|hash| follows(threshold, hash));
    }

    fn tick(&mut self, horizon: u64) {
        if self.threshold == 0 {
            return;
        }
        self.ticks += 1;
        if self.ticks.is_multiple_of(AGING_TICKS) {
            self.distances.scale(AGING);
            self.seen *= AGING;
            self.lookups *= AGING;
        }
        // What lies deeper tells nothing of sizes that are of interest, and would take room for ever.
        self.stack.trim((horizon as f64 * self.ratio()) as u64);
        if self.stack.len() < KEYS_MAX / 4 && self.touches < TOUCHES_MAX / 4 {
            self.threshold = (self.threshold * 2).min(EVERY_KEY);
        }
        self.touches = 0;
    }
}

fn follows(threshold: u64, hash: u64) -> bool {
    u64::from(hash as u32) < threshold
}

impl Curve {
    /// Share of lookups that a store of so many bytes would miss, 0 to 1; none where nobody has looked anything up.
    pub fn miss_ratio(&self, bytes: u64) -> Option<f64> {
        (self.lookups > 0.0).then(|| self.ratio_of(self.distances.up_to(bytes)))
    }

    /// The curve as sizes in bytes, ascending, with the miss ratio of each: from the smallest size that makes a difference to the
    /// largest. Empty where nothing was found twice.
    pub fn points(&self) -> Vec<(u64, f64)> {
        if self.lookups == 0.0 {
            return Vec::new();
        }
        let mut points: Vec<(u64, f64)> = Vec::new();
        for (bytes, hits) in self.distances.steps() {
            let ratio = self.ratio_of(hits);
            // What nobody could see in a picture of it need not be told.
            if points.last().is_none_or(|(_, before)| before - ratio >= POINT_STEP) {
                points.push((bytes, ratio));
            }
        }
        if let Some((bytes, hits)) = self.distances.steps().last()
            && points.last().is_some_and(|(told, _)| *told < bytes)
        {
            points.push((bytes, self.ratio_of(hits)));
        }
        points
    }

    /// The miss ratio where so much was found within a size.
    fn ratio_of(&self, found: f64) -> f64 {
        let adjustment = self.lookups - self.seen;
        (1.0 - (found + adjustment) / self.lookups).clamp(0.0, 1.0)
    }
}

/// Least difference between two points of a curve.
const POINT_STEP: f64 = 0.002;

#[cfg(test)]
mod tests;
