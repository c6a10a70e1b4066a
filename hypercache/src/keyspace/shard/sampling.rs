//! What a shard tells of the keys that are sampled for the miss-ratio curve.

use crate::keyspace::entry::UnixMillis;
use crate::keyspace::key::HashedKey;
use crate::keyspace::miss_ratio::Touches;
use crate::keyspace::shard::Shard;

impl Shard {
    /// Counts a lookup of `key`, which was `found` or not: once for each, whatever else is done with the entry.
    #[inline]
    pub fn looked_up(&mut self, key: HashedKey<'_>, found: bool, now: UnixMillis) {
        if self.touches.look_up(key.hash) {
            self.note_lookup(key, found, now);
        }
    }

    #[cold]
    fn note_lookup(&mut self, key: HashedKey<'_>, found: bool, now: UnixMillis) {
        let entry = self.get(key).filter(|_| found).map(|entry| (entry.footprint(), entry.deadline()));
        self.touches.looked_up(key.hash, entry, now);
    }

    /// What was seen of sampled keys.
    pub(in crate::keyspace) fn touches(&mut self) -> &mut Touches {
        &mut self.touches
    }

    /// Sampling goes on where it was; the keys in `taken` are gone from here.
    pub(super) fn keep_touches(&mut self, taken: &mut Self) {
        self.touches = std::mem::take(&mut taken.touches);
        self.touches.emptied();
    }

    /// Sampling goes on where it was, for other keys on both sides.
    pub(super) fn exchange_touches(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.touches, &mut other.touches);
        self.touches.emptied();
        other.touches.emptied();
    }
}
