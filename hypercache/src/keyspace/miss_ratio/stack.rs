//! The sampled keys as a stack, the last used on top (Mattson, Gecsei, Slutz and Traiger 1970): how deep a key lies, in bytes, is
//! how large a cache has to be that still holds it.

use hashbrown::HashMap;

use crate::keyspace::entry::UnixMillis;
use crate::keyspace::miss_ratio::order::Order;

/// The stack.
#[derive(Debug)]
pub(super) struct Stack {
    keys: HashMap<u64, Sampled>,
    order: Order,
}

#[derive(Debug)]
struct Sampled {
    place: usize,
    bytes: u64,
    deadline: Option<UnixMillis>,
}

/// Where a key was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Depth {
    /// Bytes of the sampled keys above it.
    pub above: u64,
    /// Its own.
    pub own: u64,
}

impl Stack {
    pub(super) fn new() -> Self {
        Self { keys: HashMap::new(), order: Order::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// How deep the key lies, which then lies on top; none where it is not there, or its time is over.
    pub(super) fn use_key(&mut self, hash: u64, now: UnixMillis) -> Option<Depth> {
        let Sampled { place, bytes, deadline } = *self.keys.get(&hash)?;
        if deadline.is_some_and(|deadline| deadline <= now) {
            self.remove(hash);
            return None;
        }
        let depth = Depth { above: self.order.after(place), own: bytes };
        if depth.above > 0 {
            self.put(hash, bytes, deadline);
        }
        Some(depth)
    }

    /// Lays a key on top, which has so many bytes and such a deadline from here on.
    pub(super) fn put(&mut self, hash: u64, bytes: u64, deadline: Option<UnixMillis>) {
        self.remove(hash);
        if self.order.is_full() {
            self.close_ranks();
        }
        let place = self.order.push(hash, bytes);
        self.keys.insert(hash, Sampled { place, bytes, deadline });
    }

    /// Takes a key out, if it is there.
    pub(super) fn remove(&mut self, hash: u64) {
        if let Some(Sampled { place, bytes, .. }) = self.keys.remove(&hash) {
            self.order.remove(place, bytes);
        }
    }

    /// Takes the lowest keys out until at most so many bytes are left.
    pub(super) fn trim(&mut self, bytes_max: u64) {
        let (mut left, mut surplus) = (self.order.total(), Vec::new());
        for hash in self.order.oldest_first() {
            if left <= bytes_max {
                break;
            }
            left -= self.keys.get(&hash).map_or(0, |sampled| sampled.bytes);
            surplus.push(hash);
        }
        surplus.into_iter().for_each(|hash| self.remove(hash));
    }

    /// Keeps the keys whose hashes `keep` accepts.
    pub(super) fn retain(&mut self, keep: impl Fn(u64) -> bool) {
        let surplus: Vec<u64> = self.keys.keys().copied().filter(|hash| !keep(*hash)).collect();
        surplus.into_iter().for_each(|hash| self.remove(hash));
    }

    /// The hashes of its keys.
    pub(super) fn hashes(&self) -> impl Iterator<Item = u64> {
        self.keys.keys().copied()
    }

    fn close_ranks(&mut self) {
        let keys = &mut self.keys;
        self.order.close_ranks(|hash, place| {
            let sampled = keys.get_mut(&hash).expect("who owns a place is in the map");
            sampled.place = place;
            sampled.bytes
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What each key has, the last used first.
    type Model = Vec<(u64, u64, Option<u64>)>;

    fn model_use(model: &mut Model, hash: u64, now: u64) -> Option<Depth> {
        let at = model.iter().position(|(known, ..)| *known == hash)?;
        let found = model.remove(at);
        if found.2.is_some_and(|deadline| deadline <= now) {
            return None;
        }
        let above = model[..at].iter().map(|(_, bytes, _)| bytes).sum();
        model.insert(0, found);
        Some(Depth { above, own: found.1 })
    }

    proptest! {
        #[test]
        fn depths_are_those_of_a_list(
            steps in prop::collection::vec((0..6_u8, 0..40_u64, 1..1000_u64), 0..600),
        ) {
            let (mut stack, mut model) = (Stack::new(), Model::new());
            for (now, (step, hash, bytes)) in steps.into_iter().enumerate() {
                let now = now as u64;
                match step {
                    0 | 1 => prop_assert_eq!(stack.use_key(hash, now), model_use(&mut model, hash, now)),
                    2 | 3 => {
                        let deadline = bytes.is_multiple_of(3).then_some(now + bytes % 50);
                        stack.put(hash, bytes, deadline);
                        model.retain(|(known, ..)| *known != hash);
                        model.insert(0, (hash, bytes, deadline));
                    }
                    4 => {
                        stack.remove(hash);
                        model.retain(|(known, ..)| *known != hash);
                    }
                    _ => {
                        stack.trim(bytes * 20);
                        while model.iter().map(|(_, bytes, _)| bytes).sum::<u64>() > bytes * 20 {
                            model.pop();
                        }
                    }
                }
                prop_assert_eq!(stack.len(), model.len());
                prop_assert_eq!(stack.order.total(), model.iter().map(|(_, bytes, _)| bytes).sum::<u64>());
            }
        }
    }
}
