//! What hit ratio a store would have with another limit: read off its miss-ratio curve.

use crate::keyspace::miss_ratio::Curve;
use crate::store::Registry;
use crate::store::Store;

/// Sizes that are predicted: how each is told, and in halves of the size that a store has now.
pub const SIZES: [(&str, u64); 4] = [("0.5", 1), ("1", 2), ("2", 4), ("4", 8)];
/// Sizes up to so many times the present one are of interest.
const HORIZON: u64 = 8;

/// What the present size of a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Its own limit.
    StoreLimit,
    /// What the limit of all stores together leaves to it.
    NodeLimit,
    /// There is no limit: what its entries and tables take.
    UsedBytes,
}

impl Basis {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::StoreLimit => "store_limit",
            Self::NodeLimit => "node_limit",
            Self::UsedBytes => "used_bytes",
        }
    }

    /// What the size of `store` is, and the size in bytes, tables among them. Takes no lock.
    pub fn of(store: &Store, registry: &Registry) -> (Self, u64) {
        let used = store.census().total_bytes() as u64;
        if store.limit_bytes() > 0 {
            return (Self::StoreLimit, store.limit_bytes());
        }
        match registry.limit_bytes() {
            0 => (Self::UsedBytes, used),
            limit => {
                let others = registry.used_bytes().saturating_sub(used);
                (Self::NodeLimit, limit.saturating_sub(others).max(used))
            }
        }
    }
}

/// A prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The curve it is read off.
    pub curve: Curve,
    /// What the present size is.
    pub basis: Basis,
    /// The present size in bytes.
    pub bytes: u64,
    /// Share of the store's bytes that its entries take; the rest are its tables.
    entries: f64,
}

impl Prediction {
    /// Predicts for `store`; none where no keys are sampled.
    pub fn of(store: &Store, registry: &Registry) -> Option<Self> {
        let curve = store.keyspace().curve()?;
        let (basis, bytes) = Basis::of(store, registry);
        let census = store.census();
        let entries = if census.bytes == 0 { 1.0 } else { census.bytes as f64 / census.total_bytes() as f64 };
        Some(Self { curve, basis, bytes, entries })
    }

    /// Share of lookups that would be hits with so many halves of the present size; none where nobody has looked anything up.
    pub fn hit_ratio(&self, halves: u64) -> Option<f64> {
        let bytes = self.bytes.saturating_mul(halves) / 2;
        let bytes = (bytes as f64 * self.entries) as u64;
        self.curve.miss_ratio(bytes).map(|misses| 1.0 - misses)
    }
}

impl Prediction {
    /// The curve as sizes in bytes with the miss ratio of each, ascending.
    pub fn points(&self) -> impl ExactSizeIterator<Item = (u64, f64)> {
        let points = self.curve.points().into_iter();
        points.map(|(bytes, misses)| ((bytes as f64 / self.entries) as u64, misses))
    }
}

/// Lets the samples of all stores age; to be called once a second.
pub fn tick(registry: &Registry) {
    for store in registry.all() {
        let (_, bytes) = Basis::of(store, registry);
        store.keyspace().tick(bytes.saturating_mul(HORIZON));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::config::Config;
    use crate::keyspace::key::HashSeed;
    use crate::value::string::Str;

    fn fill(registry: &Registry, store: usize, keys: u64) {
        let keyspace = registry.get(store).unwrap().keyspace();
        for n in 0..keys {
            let key = format!("k{n}");
            let key = keyspace.hashed(key.as_bytes());
            keyspace.lock(keyspace.shard_of(key.hash)).set(key, Str::new(&[0; 100]).into(), None, 0);
        }
    }

    #[test]
    fn the_present_size_is_a_limit_or_what_is_used() {
        let mut config = Config::default();
        config.stores.push(config::Store { max_memory: 1 << 20, ..config::Store::named("own".to_owned()) });
        let registry = Registry::new(&config.stores, &config.cache, HashSeed(5));
        fill(&registry, 0, 10);
        fill(&registry, 1, 5);
        let (free, own) = (registry.get(0).unwrap(), registry.get(1).unwrap());
        let used = |store: &Store| store.census().total_bytes() as u64;
        assert_eq!(Basis::of(free, &registry), (Basis::UsedBytes, used(free)));
        registry.set_limit_bytes(1 << 21);
        assert_eq!(Basis::of(free, &registry), (Basis::NodeLimit, (1 << 21) - used(own)));
        registry.set_limit_bytes(1);
        assert_eq!(Basis::of(free, &registry), (Basis::NodeLimit, used(free)), "it has so much now");
        assert_eq!(Basis::of(own, &registry), (Basis::StoreLimit, 1 << 20));
    }

    #[test]
    fn more_memory_is_predicted_to_hold_more() {
        let config = Config::default();
        let registry = Registry::new(&config.stores, &config.cache, HashSeed(5));
        fill(&registry, 0, 1000);
        let keyspace = registry.get(0).unwrap().keyspace();
        // Round and round: a store that is smaller by one key finds nothing.
        for _ in 0..4 {
            for n in 0..1000 {
                let key = format!("k{n}");
                let key = keyspace.hashed(key.as_bytes());
                keyspace.lock(keyspace.shard_of(key.hash)).looked_up(key, true, 0);
            }
        }
        tick(&registry);
        let prediction = Prediction::of(registry.get(0).unwrap(), &registry).unwrap();
        let told = SIZES.map(|(_, halves)| prediction.hit_ratio(halves).unwrap().round());
        assert_eq!((told[0], told[2], told[3]), (0.0, 1.0, 1.0));
        assert_eq!(prediction.curve.lookups, 4000.0);
        let mut off = config.cache;
        off.miss_ratio_curves = false;
        let registry = Registry::new(&config.stores, &off, HashSeed(5));
        tick(&registry);
        assert_eq!(Prediction::of(registry.get(0).unwrap(), &registry), None);
    }
}
