//! The heaviest of any number of keys, counted in bounded memory: Space-Saving (Metwally, Agrawal and El Abbadi 2005) with
//! weights.
//!
//! There is a counter for each of so many keys. A key without one takes over the smallest counter with what it has counted,
//! so no count is ever too small, and none is larger than true by more than the total divided by the number of counters.

use hashbrown::HashMap;

/// Counters of the heaviest keys.
#[derive(Debug)]
pub struct HeavyHitters {
    capacity: usize,
    total: u64,
    counters: Vec<Counter>,
    /// Indices of counters as a binary heap, the smallest count first.
    heap: Vec<usize>,
    by_key: HashMap<Box<[u8]>, usize>,
}

#[derive(Debug)]
struct Counter {
    key: Box<[u8]>,
    count: u64,
    /// Its place in the heap.
    place: usize,
}

impl HeavyHitters {
    /// None yet; there will be as many counters as `capacity`, at least one.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            total: 0,
            counters: Vec::new(),
            heap: Vec::new(),
            by_key: HashMap::new(),
        }
    }

    /// All that was added.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Adds a weight to a key.
    pub fn add(&mut self, key: &[u8], weight: u64) {
        self.total = self.total.saturating_add(weight);
        if let Some(at) = self.by_key.get(key) {
            return self.raise(*at, weight);
        }
        if self.counters.len() < self.capacity {
            let at = self.counters.len();
            self.counters.push(Counter { key: key.into(), count: weight, place: at });
            self.heap.push(at);
            self.by_key.insert(key.into(), at);
            self.sift_up(at);
            return;
        }
        let at = self.heap[0];
        let old = std::mem::replace(&mut self.counters[at].key, key.into());
        self.by_key.remove(&old);
        self.by_key.insert(key.into(), at);
        self.raise(at, weight);
    }

    /// Lets all that was counted so far count for half.
    pub fn halve(&mut self) {
        self.total /= 2;
        // Whoever had no less than another has no less still, so the heap stays one.
        self.counters.iter_mut().for_each(|counter| counter.count /= 2);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    /// The heaviest keys with what was counted for them, the heaviest first.
    pub fn top(&self, count: usize) -> Vec<(&[u8], u64)> {
        let mut all: Vec<_> = self.counters.iter().map(|counter| (&*counter.key, counter.count)).collect();
        all.sort_unstable_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(right.0)));
        all.truncate(count);
        all
    }

    fn raise(&mut self, at: usize, weight: u64) {
        let counter = &mut self.counters[at];
        counter.count = counter.count.saturating_add(weight);
        let place = counter.place;
        self.sift_down(place);
    }

    fn count_at(&self, place: usize) -> u64 {
        self.counters[self.heap[place]].count
    }

    fn swap(&mut self, left: usize, right: usize) {
        self.heap.swap(left, right);
        for place in [left, right] {
            self.counters[self.heap[place]].place = place;
        }
    }

    fn sift_up(&mut self, mut place: usize) {
        while place > 0 {
            let parent = (place - 1) / 2;
            if self.count_at(parent) <= self.count_at(place) {
                return;
            }
            self.swap(parent, place);
            place = parent;
        }
    }

    fn sift_down(&mut self, mut place: usize) {
        loop {
            let children = 2 * place + 1..(2 * place + 3).min(self.heap.len());
            let Some(least) = children.min_by_key(|child| self.count_at(*child)) else { return };
            if self.count_at(place) <= self.count_at(least) {
                return;
            }
            self.swap(place, least);
            place = least;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn few_keys_are_counted_exactly() {
        let mut hitters = HeavyHitters::new(3);
        for (key, weight) in [("a", 5), ("b", 1), ("a", 2), ("c", 4)] {
            hitters.add(key.as_bytes(), weight);
        }
        assert_eq!(hitters.top(2), [(&b"a"[..], 7), (&b"c"[..], 4)]);
        assert_eq!((hitters.total(), hitters.top(9).len()), (12, 3));
        // A new key takes the smallest counter over, with what it has counted.
        hitters.add(b"d", 1);
        assert_eq!(hitters.top(9), [(&b"a"[..], 7), (&b"c"[..], 4), (&b"d"[..], 2)]);
    }

    proptest! {
        #[test]
        fn halving_keeps_the_bounds_and_the_order(
            added in prop::collection::vec((0..20_u8, 1..50_u64), 1..200),
            more in prop::collection::vec((0..20_u8, 1..50_u64), 0..200),
        ) {
            let mut hitters = HeavyHitters::new(4);
            let mut model = BTreeMap::<u8, f64>::new();
            for (key, weight) in added {
                hitters.add(&[key], weight);
                *model.entry(key).or_default() += weight as f64;
            }
            hitters.halve();
            model.values_mut().for_each(|count| *count /= 2.0);
            for (key, weight) in more {
                hitters.add(&[key], weight);
                *model.entry(key).or_default() += weight as f64;
            }
            let total: f64 = model.values().sum();
            let top = hitters.top(usize::MAX);
            prop_assert!(top.is_sorted_by_key(|(_, count)| std::cmp::Reverse(*count)));
            for (key, count) in top {
                let (count, true_count) = (count as f64, model[&key[0]]);
                prop_assert!(count + 1.0 > true_count && count <= true_count + total / 4.0, "{} {}", count, true_count);
            }
            hitters.clear();
            prop_assert!(hitters.total() == 0 && hitters.top(9).is_empty());
        }

        #[test]
        fn counts_are_never_too_small_and_too_large_by_little(
            capacity in 1..8_usize,
            added in prop::collection::vec((0..20_u8, 0..50_u64), 0..300),
        ) {
            let mut hitters = HeavyHitters::new(capacity);
            let mut model = BTreeMap::<u8, u64>::new();
            for (key, weight) in added {
                hitters.add(&[key], weight);
                *model.entry(key).or_default() += weight;
            }
            let total: u64 = model.values().sum();
            prop_assert_eq!(hitters.total(), total);
            let top = hitters.top(usize::MAX);
            prop_assert_eq!(top.len(), capacity.min(model.len()));
            prop_assert!(top.is_sorted_by_key(|(_, count)| std::cmp::Reverse(*count)));
            prop_assert!(top.len() < capacity || top.iter().map(|(_, count)| count).sum::<u64>() == total);
            for (key, count) in &top {
                prop_assert!(*count >= model[&key[0]] && *count <= model[&key[0]] + total / capacity as u64);
            }
            for (key, weight) in model {
                if weight > total / capacity as u64 {
                    prop_assert!(top.iter().any(|(known, _)| *known == [key]), "a heavy key is missing");
                }
            }
        }
    }
}
