//! What a shard has seen of the keys that are sampled, until its lock is given back.

use crate::keyspace::entry::UnixMillis;

/// Touches that are kept at the most: a script or a transaction holds a lock for long and touches many keys.
const PENDING_MAX: usize = 4096;
/// Room that is kept when they are taken.
const ROOM_KEPT: usize = 64;

/// Something that happened to a sampled key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// It was looked for and there.
    Hit { hash: u64, bytes: u64, deadline: Option<UnixMillis>, now: UnixMillis },
    /// It was looked for and not there.
    Miss { hash: u64, now: UnixMillis },
    /// It was written.
    Written { hash: u64, bytes: u64, deadline: Option<UnixMillis> },
    /// It was deleted, or its time was over.
    Removed { hash: u64 },
    /// All keys are gone, or are others.
    Emptied,
}

/// A shard's part in sampling.
#[derive(Debug, Default)]
pub struct Touches {
    /// Keys are sampled whose hash has lower 32 bits below this; 0: none. May lag behind the sampler's.
    pub(super) threshold: u64,
    /// Lookups since they were last counted, of keys that are sampled or not.
    pub(super) lookups: u64,
    pub(super) pending: Vec<Touch>,
}

impl Touches {
    /// Whether there is anything for the sampler.
    #[inline]
    pub(super) fn any(&self) -> bool {
        !self.pending.is_empty()
    }

    #[inline]
    fn samples(&self, hash: u64) -> bool {
        u64::from(hash as u32) < self.threshold
    }

    /// Counts a lookup; whether its key is sampled.
    #[inline]
    pub fn look_up(&mut self, hash: u64) -> bool {
        self.lookups += 1;
        self.samples(hash)
    }

    /// Notes that a sampled key was looked for: what it takes and when it ends where it was there.
    pub fn looked_up(&mut self, hash: u64, found: Option<(usize, Option<UnixMillis>)>, now: UnixMillis) {
        self.push(match found {
            Some((bytes, deadline)) => Touch::Hit { hash, bytes: bytes as u64, deadline, now },
            None => Touch::Miss { hash, now },
        });
    }

    /// Notes that a key was written.
    #[inline]
    pub fn written(&mut self, hash: u64, bytes: usize, deadline: Option<UnixMillis>) {
        if self.samples(hash) {
            self.push(Touch::Written { hash, bytes: bytes as u64, deadline });
        }
    }

    /// Notes that a key was deleted or has expired.
    #[inline]
    pub fn removed(&mut self, hash: u64) {
        if self.samples(hash) {
            self.push(Touch::Removed { hash });
        }
    }

    /// Notes that all keys are gone or others.
    pub fn emptied(&mut self) {
        self.pending.clear();
        if self.threshold > 0 {
            self.push(Touch::Emptied);
        }
    }

    #[cold]
    fn push(&mut self, touch: Touch) {
        if self.pending.len() < PENDING_MAX {
            self.pending.push(touch);
        }
    }

    /// Hands what there is to `each`.
    pub(super) fn drain(&mut self, each: impl FnMut(Touch)) {
        self.pending.drain(..).for_each(each);
        self.pending.shrink_to(ROOM_KEPT);
        self.lookups = 0;
    }
}
