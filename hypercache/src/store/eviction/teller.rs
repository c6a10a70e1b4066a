//! Tells what was evicted: not each key, which would take longer than evicting it, but what has come together.

use std::sync::Arc;

use crate::store::Registry;
use crate::store::eviction::tally::Powers;
use crate::telemetry::Event;
use crate::telemetry::ExpiryMode;
use crate::telemetry::Telemetry;
use crate::telemetry::catalogue;
use crate::telemetry::events::store::StoreEvicted;

/// Values told to a histogram at a time, at the most: it keeps each of them until it is read.
const SAMPLES_MAX: u32 = 1000;

/// Tells it.
pub struct Teller {
    registry: Arc<Registry>,
    telemetry: Telemetry,
}

impl Teller {
    /// Tells of these stores.
    pub fn new(registry: Arc<Registry>, telemetry: Telemetry) -> Self {
        Self { registry, telemetry }
    }

    /// Tells what was evicted since this was called last, once for each store that something was evicted from.
    pub fn tell(&self) {
        for store in self.registry.all() {
            let tally = store.evictions().take_tally();
            if tally.expired > 0 {
                self.telemetry.meters().expired(store.index() as u16, ExpiryMode::Active, tally.expired);
            }
            record(&catalogue::EVICTION_DURATION.of(&[]), &tally.durations, 1e-6);
            if tally.keys == 0 {
                continue;
            }
            let name = &*store.name();
            record(&catalogue::EVICTED_AGE.of(&[name]), &tally.ages, 1.0);
            record(&catalogue::EVICTED_IDLE.of(&[name]), &tally.idle, 1.0);
            record(&catalogue::EVICTED_HITS.of(&[name]), &tally.hits, 1.0);
            StoreEvicted {
                store: name,
                policy: store.eviction().redis_name(),
                keys: tally.keys,
                bytes: tally.bytes,
                batches: tally.batches,
                duration_ns: tally.took_ns,
                longest_ns: tally.longest_ns,
                used_bytes: store.census().total_bytes() as u64,
                limit_bytes: store.limit_bytes(),
            }
            .emit();
        }
    }
}

fn record(histogram: &metrics::Histogram, values: &Powers, unit: f64) {
    values.sample(SAMPLES_MAX).for_each(|(value, times)| histogram.record_many(value as f64 * unit, times));
}
