//! Builds the filters of stores in the background, a bounded amount at a time, and tells how they grow and shrink.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crate::keyspace::filter::standing::Standing;
use crate::store::Registry;
use crate::store::Selected;
use crate::store::Store;
use crate::telemetry::Event;
use crate::telemetry::events::filter::FilterBuilt;
use crate::telemetry::events::filter::FilterCompacted;
use crate::telemetry::events::filter::FilterGrown;
use crate::telemetry::nanoseconds;
use crate::telemetry::operation;
use crate::telemetry::operation::Operation;

/// Time between two rounds.
pub const INTERVAL: Duration = Duration::from_millis(100);
/// Share of the interval that building may take, as a divisor: a quarter.
const INTERVAL_SHARE: u32 = 4;
/// Segments built under one hold of a shard's lock: each takes some tens of microseconds that a command may have to wait.
const SEGMENTS_PER_HOLD: usize = 1;

/// Looks after the filters of all stores.
pub struct FilterKeeper {
    registry: Arc<Registry>,
    stores: HashMap<usize, Kept>,
    /// Counts the rounds, so that stores that are there no more are forgotten.
    round: u64,
}

/// What is known of a store's filter.
struct Kept {
    selected: Selected,
    name: String,
    seen: u64,
    /// Slots it had when something was last told of its size.
    slots_told: u64,
    building: Option<Building>,
}

struct Building {
    operation: Operation,
    began: Instant,
    built_before: u64,
}

impl FilterKeeper {
    /// A keeper that is called once in each `INTERVAL`.
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { registry, stores: HashMap::new(), round: 0 }
    }

    /// Builds what is to be built, as far as its time goes, and tells what has happened. Whether something is left over.
    pub fn keep(&mut self) -> bool {
        self.round += 1;
        let until = Instant::now() + INTERVAL / INTERVAL_SHARE;
        let mut left = false;
        let registry = Arc::clone(&self.registry);
        for store in registry.all() {
            let Some(standing) = store.keyspace().filter_standing() else { continue };
            left |= self.keep_store(store, &standing, until);
        }
        let round = self.round;
        // What was not built to its end counts as cancelled.
        self.stores.retain(|_, kept| kept.seen == round);
        left
    }

    fn keep_store(&mut self, store: &Store, standing: &Standing, until: Instant) -> bool {
        let round = self.round;
        let kept = self.stores.entry(store.index()).or_insert_with(|| Kept::new(store, standing));
        if kept.selected != store.selected() {
            *kept = Kept::new(store, standing);
        }
        kept.seen = round;
        if !standing.is_built() {
            kept.building.get_or_insert_with(|| Building {
                operation: operation::FILTER_BUILD.start(),
                began: Instant::now(),
                built_before: standing.tally.built,
            });
        }
        let Some(building) = &kept.building else {
            kept.tell_size(standing);
            return false;
        };
        building.operation.scope(|| build(store, until));
        let Some(standing) = store.keyspace().filter_standing() else { return false };
        if !standing.is_built() {
            return true;
        }
        if let Some(building) = kept.building.take() {
            building.succeed(store, &standing);
            kept.slots_told = standing.slots;
        }
        false
    }
}

impl Kept {
    fn new(store: &Store, standing: &Standing) -> Self {
        Self {
            selected: store.selected(),
            name: store.name(),
            seen: 0,
            slots_told: standing.slots,
            building: None,
        }
    }

    /// Tells once that the filter has twice the slots that it had, or half.
    fn tell_size(&mut self, standing: &Standing) {
        let (store, slots_before, slots) = (self.name.as_str(), self.slots_told, standing.slots);
        let (items, bytes) = (standing.items, standing.bytes);
        if slots >= slots_before.saturating_mul(2).max(1) {
            FilterGrown { store, items, slots_before, slots, bytes }.emit();
        } else if slots <= slots_before / 2 && slots_before > 0 {
            FilterCompacted { store, items, slots_before, slots, bytes }.emit();
        } else {
            return;
        }
        self.slots_told = slots;
    }
}

impl Building {
    fn succeed(self, store: &Store, standing: &Standing) {
        let event = FilterBuilt {
            store: &store.name(),
            items: standing.items,
            segments: standing.tally.built.saturating_sub(self.built_before),
            bytes: standing.bytes,
            duration_ns: nanoseconds(self.began.elapsed()),
        };
        self.operation.scope(|| event.emit());
        self.operation.succeed();
    }
}

fn build(store: &Store, until: Instant) {
    let keyspace = store.keyspace();
    for shard in 0..keyspace.shards() {
        while keyspace.build_filter(shard, SEGMENTS_PER_HOLD) {
            if Instant::now() >= until {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::keyspace::key::HashSeed;
    use crate::value::string::Str;

    fn set(store: &Store, numbers: std::ops::Range<u32>) {
        for number in numbers {
            let name = format!("k{number}");
            let key = store.keyspace().hashed(name.as_bytes());
            let shard = store.keyspace().shard_of(key.hash);
            store.keyspace().lock(shard).set(key, Str::new(b"v").into(), None, 0);
        }
    }

    #[test]
    fn a_filter_that_is_wanted_later_is_built_and_watched_from_then_on() {
        let rules = config::Store::named("a".to_owned());
        let cache = config::Cache { shards: 4, ..config::Config::default().cache };
        let registry = Arc::new(Registry::new(&[rules], &cache, HashSeed(3)));
        let store = registry.get(0).unwrap();
        let mut keeper = FilterKeeper::new(Arc::clone(&registry));
        set(store, 0..20_000);
        assert!(!keeper.keep() && keeper.stores.is_empty(), "there is none to look after");
        registry.alter(b"a", |rules| rules.cuckoo_filter = Some(0.01)).unwrap();
        let mut rounds = 0;
        while keeper.keep() {
            rounds += 1;
            assert!(rounds < 1000, "it comes to an end");
        }
        let standing = store.keyspace().filter_standing().unwrap();
        assert_eq!((standing.items, standing.covered), (20_000, 1.0));
        assert_eq!(keeper.stores[&0].slots_told, standing.slots);
        assert!(keeper.stores[&0].building.is_none());
        set(store, 20_000..80_000);
        keeper.keep();
        assert!(keeper.stores[&0].slots_told >= 2 * standing.slots, "it has grown");
        registry.alter(b"a", |rules| rules.cuckoo_filter = None).unwrap();
        keeper.keep();
        assert!(keeper.stores.is_empty());
    }
}
