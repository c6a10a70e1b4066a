//! Filters of a keyspace: built and told of while it is in use.

use crate::keyspace::Keyspace;
use crate::keyspace::filter::standing;
use crate::keyspace::filter::standing::Published;
use crate::keyspace::filter::standing::Standing;

impl Keyspace {
    /// The rate of false positives that is wanted of its filters; none: it has none.
    pub fn filter_rate(&self) -> Option<f64> {
        self.setup().filter
    }

    /// Builds a few segments of a shard's filter, each for some hundred keys, under the shard's lock; whether there are more.
    pub fn build_filter(&self, shard: usize, segments: usize) -> bool {
        let start = if self.shard_bits == 0 { 0 } else { (shard as u64) << (64 - self.shard_bits) };
        self.published(shard).is_unbuilt() && self.lock(shard).build_filter(start, segments)
    }

    /// Whether a shard's filter was to be built when its lock was last given back; takes no lock.
    pub fn is_filter_unbuilt(&self, shard: usize) -> bool {
        self.published(shard).is_unbuilt()
    }

    /// How its filters stood when each shard's lock was last given back; takes no lock. None where it has none.
    pub fn filter_standing(&self) -> Option<Standing> {
        let rate = self.filter_rate()?;
        Some(standing::sum(rate, self.shards.iter().map(|slot| &slot.sizes.filter)))
    }

    fn published(&self, shard: usize) -> &Published {
        &self.shards[shard].sizes.filter
    }
}
