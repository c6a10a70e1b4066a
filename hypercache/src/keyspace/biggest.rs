//! The biggest keys of a shard by type, kept in step with what is written: a few of each, by their hashes alone.
//!
//! A key that is bigger than the smallest of them takes its place. So where one of them leaves, a key that was smaller than all of
//! them comes in when it is written the next time.

use crate::value::view::TYPE_NAMES;

/// Keys that are kept of each type in each shard.
const KEPT: usize = 8;
/// A key that takes fewer bytes is not big.
pub const BYTES_MIN: usize = 1024;

/// The keys.
#[derive(Debug, Default)]
pub(super) struct Biggest {
    /// Hashes and bytes, without order.
    kinds: [Vec<(u64, usize)>; TYPE_NAMES.len()],
}

impl Biggest {
    /// Notes that the key of this hash has another type or size: pairs of type and bytes, none of them where it is not there.
    #[inline]
    pub(super) fn note(&mut self, hash: u64, before: (u8, usize), after: (u8, usize)) {
        if before.1 >= BYTES_MIN || after.1 >= BYTES_MIN {
            self.note_big(hash, before, after);
        }
    }

    #[cold]
    fn note_big(&mut self, hash: u64, before: (u8, usize), after: (u8, usize)) {
        let stays = after.1 >= BYTES_MIN;
        if before.1 >= BYTES_MIN && (before.0 != after.0 || !stays) {
            self.kinds[usize::from(before.0)].retain(|(known, _)| *known != hash);
        }
        if !stays {
            return;
        }
        let kept = &mut self.kinds[usize::from(after.0)];
        if let Some(known) = kept.iter_mut().find(|(known, _)| *known == hash) {
            known.1 = after.1;
        } else if kept.len() < KEPT {
            kept.push((hash, after.1));
        } else if let Some(least) = kept.iter_mut().min_by_key(|(_, bytes)| *bytes)
            && least.1 < after.1
        {
            *least = (hash, after.1);
        }
    }

    /// Hashes of the biggest keys of a type, by its place among `TYPE_NAMES`.
    pub(super) fn hashes(&self, kind: usize) -> impl Iterator<Item = u64> {
        self.kinds.get(kind).into_iter().flatten().map(|(hash, _)| *hash)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn while_none_shrinks_the_biggest_are_known(
            writes in prop::collection::vec((0..40_u64, 0..2_u8, 0..5000_usize), 1..200),
        ) {
            let (mut biggest, mut model) = (Biggest::default(), BTreeMap::<u64, (u8, usize)>::new());
            for (hash, kind, grown) in writes {
                let before = model.get(&hash).copied().unwrap_or_default();
                let after = (if before.1 > 0 { before.0 } else { kind }, before.1 + grown);
                biggest.note(hash, before, after);
                model.insert(hash, after);
            }
            for kind in 0..2_u8 {
                let mut sizes: Vec<usize> = model.values().filter(|(of, _)| *of == kind).map(|(_, bytes)| *bytes).collect();
                sizes.retain(|bytes| *bytes >= BYTES_MIN);
                sizes.sort_unstable_by(|left, right| right.cmp(left));
                sizes.truncate(KEPT);
                let mut told: Vec<usize> = biggest.hashes(kind.into()).map(|hash| model[&hash].1).collect();
                told.sort_unstable_by(|left, right| right.cmp(left));
                prop_assert_eq!(told, sizes);
            }
        }

        #[test]
        fn only_keys_that_are_big_and_of_the_type_are_kept(
            writes in prop::collection::vec((0..30_u64, 0..3_u8, 0..3000_usize), 1..300),
        ) {
            let (mut biggest, mut model) = (Biggest::default(), BTreeMap::<u64, (u8, usize)>::new());
            for (hash, kind, bytes) in writes {
                let before = model.insert(hash, (kind, bytes)).unwrap_or_default();
                biggest.note(hash, before, (kind, bytes));
            }
            for kind in 0..3_u8 {
                let hashes: Vec<u64> = biggest.hashes(kind.into()).collect();
                prop_assert!(hashes.len() <= KEPT);
                prop_assert!(hashes.iter().all(|hash| model[hash].0 == kind && model[hash].1 >= BYTES_MIN));
            }
        }
    }
}
