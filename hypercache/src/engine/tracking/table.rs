//! Who has read which keys since they last changed.

use std::sync::Arc;

use hashbrown::HashMap;
use smallvec::SmallVec;

/// Ids of clients, ascending.
pub type Readers = SmallVec<[u64; 2]>;

/// Keys with their readers.
#[derive(Debug, Default)]
pub struct Table {
    places: HashMap<Arc<[u8]>, usize>,
    /// In no order; a hole is filled with the last.
    entries: Vec<(Arc<[u8]>, Readers)>,
    items: usize,
    key_bytes: usize,
    /// Chooses whom to forget.
    chance: u64,
}

impl Table {
    /// Notes that `client` has read `key`.
    pub fn add(&mut self, key: &[u8], client: u64) {
        let Some(place) = self.places.get(key) else {
            let key: Arc<[u8]> = key.into();
            self.key_bytes += key.len();
            self.places.insert(Arc::clone(&key), self.entries.len());
            self.entries.push((key, Readers::from_slice(&[client])));
            self.items += 1;
            return;
        };
        let readers = &mut self.entries[*place].1;
        if let Err(at) = readers.binary_search(&client) {
            readers.insert(at, client);
            self.items += 1;
        }
    }

    /// Forgets a key; who had read it.
    pub fn remove(&mut self, key: &[u8]) -> Readers {
        let Some(place) = self.places.remove(key) else { return Readers::new() };
        self.take(place).1
    }

    /// Forgets some key, which `remove` has not been asked for; the key and who had read it.
    pub fn evict(&mut self) -> Option<(Arc<[u8]>, Readers)> {
        let len = self.entries.len() as u64;
        // Knuth's multiplier of MMIX; its upper bits are the random ones.
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let place = (self.chance >> 33).checked_rem(len)?;
        let (key, readers) = self.take(usize::try_from(place).ok()?);
        self.places.remove(&key);
        Some((key, readers))
    }

    fn take(&mut self, place: usize) -> (Arc<[u8]>, Readers) {
        let taken = self.entries.swap_remove(place);
        if let Some((moved, _)) = self.entries.get(place)
            && let Some(known) = self.places.get_mut(moved)
        {
            *known = place;
        }
        self.items -= taken.1.len();
        self.key_bytes -= taken.0.len();
        taken
    }

    /// How many keys.
    pub fn keys(&self) -> usize {
        self.entries.len()
    }

    /// Bytes it takes; lists of more than two readers are estimated.
    pub fn held_bytes(&self) -> usize {
        /// Two counters stand before the bytes of a shared key.
        const KEY_HEAD: usize = 2 * size_of::<usize>();
        // Of eight places in such a map seven may be taken; each has a byte of its own beside it.
        let places = self.places.capacity() * 8 / 7 * (size_of::<(Arc<[u8]>, usize)>() + 1);
        let entries = self.entries.capacity() * size_of::<(Arc<[u8]>, Readers)>();
        let listed = self.items.saturating_sub(2 * self.keys()) * size_of::<u64>();
        places + entries + listed + self.key_bytes + self.keys() * KEY_HEAD
    }

    /// How many readers of all keys together.
    pub fn items(&self) -> usize {
        self.items
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_a_plain_map(steps in prop::collection::vec((0..4_u8, 0..12_u8, 1..5_u64), 1..200)) {
            let (mut table, mut model) = (Table::default(), BTreeMap::<Vec<u8>, BTreeSet<u64>>::new());
            for (step, key, client) in steps {
                let key = vec![key];
                match step {
                    0 | 1 => {
                        table.add(&key, client);
                        model.entry(key).or_default().insert(client);
                    }
                    2 => {
                        let readers: Vec<u64> = table.remove(&key).to_vec();
                        prop_assert_eq!(readers, model.remove(&key).unwrap_or_default().into_iter().collect::<Vec<_>>());
                    }
                    _ => match table.evict() {
                        None => prop_assert!(model.is_empty()),
                        Some((key, readers)) => {
                            let known = model.remove(&key[..]).unwrap();
                            prop_assert_eq!(readers.to_vec(), known.into_iter().collect::<Vec<_>>());
                        }
                    },
                }
                prop_assert_eq!(table.keys(), model.len());
                prop_assert_eq!(table.key_bytes, model.keys().map(Vec::len).sum::<usize>());
                prop_assert!(table.held_bytes() >= model.len() * 40);
                prop_assert_eq!(table.items(), model.values().map(BTreeSet::len).sum::<usize>());
            }
        }
    }
}
