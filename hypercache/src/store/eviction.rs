//! Makes room in stores that are at their limit, or in a node that is at its own.
//!
//! Sampled: a few entries are looked at for each that goes, the best of them are remembered (`keyspace::eviction::Pool`),
//! and the best of all goes. Work is done in steps of one entry, each under the lock of one shard that nobody else holds.

pub mod evictor;
mod settings;
mod tally;
mod teller;

pub use evictor::Evictor;
pub use evictor::Freed;
pub use settings::Settings;
pub use tally::Tally;
pub use teller::Teller;

use std::cell::Cell;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;
use parking_lot::MutexGuard;

use crate::config;
use crate::keyspace::eviction::Order;
use crate::keyspace::eviction::Policy;
use crate::keyspace::eviction::Pool;
use crate::store::Store;
use crate::value::split_mix;

/// Threads that may evict from one store without waiting for each other.
const STRIPES: usize = 8;

/// What a store remembers of making room.
#[derive(Debug)]
pub struct Evictions {
    stripes: [Mutex<Stripe>; STRIPES],
}

impl Default for Evictions {
    fn default() -> Self {
        let stripe = |number| Mutex::new(Stripe { chance: number as u64, ..Stripe::default() });
        Self { stripes: std::array::from_fn(stripe) }
    }
}

/// What one thread needs for evicting.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Stripe {
    policy: Option<Policy>,
    pool: Pool,
    tally: Tally,
    /// Keys of the tallies that were taken out.
    keys_told: u64,
    /// Of those, the ones of stores that had the slot before.
    keys_before: u64,
    chance: u64,
}

impl Stripe {
    /// A number by chance; where it begins does not matter.
    fn random(&mut self) -> u64 {
        split_mix::next(&mut self.chance)
    }
}

impl Evictions {
    /// Takes out what was counted since this was called last.
    pub fn take_tally(&self) -> Tally {
        let mut sum = Tally::default();
        for stripe in &self.stripes {
            let mut stripe = stripe.lock();
            stripe.keys_told += stripe.tally.keys;
            sum.add(&std::mem::take(&mut stripe.tally));
        }
        sum
    }

    /// Keys of the store that had to go since it began.
    pub fn evicted_keys(&self) -> u64 {
        self.sum(|stripe| stripe.keys_told + stripe.tally.keys - stripe.keys_before)
    }

    /// The same with those of the stores that had the slot before.
    pub fn evicted_keys_ever(&self) -> u64 {
        self.sum(|stripe| stripe.keys_told + stripe.tally.keys)
    }

    fn sum(&self, count: impl Fn(&Stripe) -> u64) -> u64 {
        self.stripes.iter().map(|stripe| count(&stripe.lock())).sum()
    }

    /// Lets another store begin: what is remembered was of keys that are gone. Whoever evicts only tries shards, so this may be
    /// called while shards are locked.
    pub(super) fn begin(&self) {
        for stripe in &self.stripes {
            let mut stripe = stripe.lock();
            stripe.keys_told += std::mem::take(&mut stripe.tally).keys;
            stripe.keys_before = stripe.keys_told;
            stripe.policy = None;
            stripe.pool.clear();
        }
    }

    /// What this thread evicts with; its own, unless there are many threads.
    fn stripe(&self) -> MutexGuard<'_, Stripe> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static OWN: Cell<Option<usize>> = const { Cell::new(None) };
        }
        let own = OWN.get().unwrap_or_else(|| NEXT.fetch_add(1, Relaxed));
        OWN.set(Some(own));
        self.stripes[own % STRIPES].lock()
    }
}

impl Store {
    /// Which keys go, and in which order; none: no single key does.
    pub fn policy(&self) -> Option<Policy> {
        policy_of(self.eviction())
    }

    /// Lets its shards count how often keys are used, one shard after the other, if its policy needs to know, or not.
    pub(super) fn count_usage(&self) {
        let counts = self.policy().is_some_and(|policy| policy.order == Order::Frequency);
        for shard in 0..self.keyspace().shards() {
            self.keyspace().lock(shard).count_usage(counts);
        }
    }

    /// Whether it lets keys go at all.
    pub fn evicts(&self) -> bool {
        self.eviction() != config::Eviction::None
    }

    /// Whether anything in it may give way as it is now.
    pub fn may_evict(&self) -> bool {
        if !self.evicts() {
            return false;
        }
        let expiring_only = self.policy().is_some_and(|policy| policy.expiring_only);
        let shards = 0..self.keyspace().shards();
        shards
            .map(|shard| self.keyspace().census_of(shard))
            .any(|census| if expiring_only { census.expiring > 0 } else { census.keys > 0 })
    }
}

fn policy_of(rule: config::Eviction) -> Option<Policy> {
    use config::Eviction as Rule;
    let (order, expiring_only) = match rule {
        Rule::None | Rule::Session => return None,
        Rule::Lru => (Order::Recency, false),
        Rule::Lfu => (Order::Frequency, false),
        Rule::Random => (Order::Chance, false),
        Rule::VolatileLru => (Order::Recency, true),
        Rule::VolatileLfu => (Order::Frequency, true),
        Rule::VolatileRandom => (Order::Chance, true),
        Rule::VolatileTtl => (Order::Deadline, true),
    };
    Some(Policy { order, expiring_only })
}

#[cfg(test)]
mod tests;
