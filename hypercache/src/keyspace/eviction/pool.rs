//! The best candidates of all samples taken so far, so that the next one begins where the last ended.

use smallvec::SmallVec;

use crate::keyspace::eviction::Rank;

/// Candidates kept: with samples of five that is close to a perfect order, as Redis has found with a pool of this size.
const CANDIDATES_MAX: usize = 16;

/// An entry that may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// How much it deserved to go when it was seen.
    pub rank: Rank,
    /// The shard that it lies in.
    pub shard: usize,
    /// The hash of its key.
    pub hash: u64,
}

/// The candidates, the best last. What they tell may no longer hold when they are used.
#[derive(Debug, Default)]
pub struct Pool {
    ascending: SmallVec<[Candidate; CANDIDATES_MAX]>,
}

impl Pool {
    /// Takes a candidate in, unless all that are there are better.
    pub fn offer(&mut self, candidate: Candidate) {
        let same = |known: &Candidate| (known.shard, known.hash) == (candidate.shard, candidate.hash);
        if let Some(known) = self.ascending.iter().position(same) {
            self.ascending.remove(known);
        }
        if self.ascending.len() == CANDIDATES_MAX {
            if self.ascending[0].rank >= candidate.rank {
                return;
            }
            self.ascending.remove(0);
        }
        let at = self.ascending.partition_point(|known| known.rank <= candidate.rank);
        self.ascending.insert(at, candidate);
    }

    /// Takes the best out.
    pub fn take_best(&mut self) -> Option<Candidate> {
        self.ascending.pop()
    }

    /// The rank of the best.
    pub fn best_rank(&self) -> Option<Rank> {
        self.ascending.last().map(|best| best.rank)
    }

    /// Forgets all: they were ranked by another policy.
    pub fn clear(&mut self) {
        self.ascending.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_best_sixteen_come_out_in_order(ranks in proptest::collection::vec(0u64..50, 0..60)) {
            let mut pool = Pool::default();
            for (hash, rank) in ranks.iter().enumerate() {
                pool.offer(Candidate { rank: *rank, shard: 0, hash: hash as u64 });
            }
            let mut expected = ranks;
            expected.sort_unstable_by(|left, right| right.cmp(left));
            expected.truncate(CANDIDATES_MAX);
            prop_assert_eq!(pool.best_rank(), expected.first().copied());
            let taken: Vec<Rank> =
                std::iter::from_fn(|| pool.take_best()).map(|candidate| candidate.rank).collect();
            prop_assert_eq!(taken, expected);
        }
    }

    #[test]
    fn an_entry_is_there_once_with_its_latest_rank() {
        let mut pool = Pool::default();
        for rank in [7, 3] {
            pool.offer(Candidate { rank, shard: 1, hash: 9 });
        }
        assert_eq!(pool.take_best(), Some(Candidate { rank: 3, shard: 1, hash: 9 }));
        assert_eq!(pool.take_best(), None);
    }
}
