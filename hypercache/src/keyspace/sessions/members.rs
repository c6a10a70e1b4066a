//! The keys of a session, by their hashes.

use hashbrown::HashTable;
use smallvec::SmallVec;

/// Up to so many are kept in a list that is searched from end to end.
const LISTED_MAX: usize = 32;

/// Hashes of keys, one that several keys share as often as there are such keys.
#[derive(Debug)]
pub(super) enum Members {
    Few(SmallVec<[u64; 2]>),
    Many(Box<HashTable<u64>>),
}

impl Default for Members {
    fn default() -> Self {
        Self::Few(SmallVec::new())
    }
}

impl Members {
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Few(hashes) => hashes.len(),
            Self::Many(hashes) => hashes.len(),
        }
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Few(hashes) if hashes.spilled() => hashes.capacity() * size_of::<u64>(),
            Self::Few(_) => 0,
            Self::Many(hashes) => {
                size_of::<HashTable<u64>>() + hashes.capacity() * 8 / 7 * (size_of::<u64>() + 1)
            }
        }
    }

    pub(super) fn add(&mut self, key: u64) {
        match self {
            Self::Few(hashes) if hashes.len() < LISTED_MAX => hashes.push(key),
            Self::Few(hashes) => {
                let mut many = HashTable::with_capacity(2 * LISTED_MAX);
                hashes.drain(..).chain([key]).for_each(|key| {
                    many.insert_unique(slot(key), key, |key| slot(*key));
                });
                *self = Self::Many(Box::new(many));
            }
            Self::Many(hashes) => {
                hashes.insert_unique(slot(key), key, |key| slot(*key));
            }
        }
    }

    /// Takes one out, once; whether it was there.
    pub(super) fn remove(&mut self, key: u64) -> bool {
        match self {
            Self::Few(hashes) => {
                let at = hashes.iter().position(|hash| *hash == key);
                at.map(|at| hashes.swap_remove(at)).is_some()
            }
            Self::Many(hashes) => {
                let Ok(found) = hashes.find_entry(slot(key), |hash| *hash == key) else { return false };
                found.remove();
                if hashes.len() <= LISTED_MAX / 2 {
                    *self = Self::Few(hashes.drain().collect());
                } else if hashes.capacity() > 4 * hashes.len() + 64 {
                    hashes.shrink_to(2 * hashes.len(), |key| slot(*key));
                }
                true
            }
        }
    }

    pub(super) fn into_hashes(self) -> Vec<u64> {
        match self {
            Self::Few(hashes) => hashes.into_vec(),
            Self::Many(mut hashes) => hashes.drain().collect(),
        }
    }

    #[cfg(test)]
    pub(super) fn hashes(&self) -> Vec<u64> {
        match self {
            Self::Few(hashes) => hashes.to_vec(),
            Self::Many(hashes) => hashes.iter().copied().collect(),
        }
    }
}

/// The leading bits of a shard's hashes are the same.
fn slot(key: u64) -> u64 {
    key.rotate_left(32)
}
