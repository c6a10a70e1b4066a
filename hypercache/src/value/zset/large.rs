//! Many or long members: a record of each, found by member through a table and by order through a tree.

use std::cmp::Ordering;

use crate::value::records::Layout;
use crate::value::records::Position;
use crate::value::records::Records;
use crate::value::zset::Pair;
use crate::value::zset::tree::Entry;
use crate::value::zset::tree::Tree;

/// Bytes of the score before the member.
const SCORE_BYTES: usize = 8;

/// A record of a score and the member it belongs to.
#[derive(Debug, Clone)]
struct Scored;

impl Layout for Scored {
    fn key(record: &[u8]) -> &[u8] {
        &record[SCORE_BYTES..]
    }
}

/// The pairs.
#[derive(Debug, Clone)]
pub struct Large {
    records: Records<Scored>,
    tree: Tree,
}

impl Large {
    pub(super) fn new(seed: u64) -> Self {
        let mut records = Records::new();
        records.make_dense(seed);
        Self { records, tree: Tree::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        Some(pair(self.records.get(self.records.find(member)?)).score)
    }

    pub(super) fn rank(&self, of: Pair<'_>) -> usize {
        self.tree.rank(&|entry| self.order(entry, of).is_lt())
    }

    /// How many pairs come first that have such scores.
    pub(super) fn rank_by_score(&self, before: impl Fn(f64) -> bool) -> usize {
        self.tree.rank(&|entry| before(entry.score()))
    }

    /// How many pairs come first that have such members.
    pub(super) fn rank_by_member(&self, before: impl Fn(&[u8]) -> bool) -> usize {
        self.tree.rank(&|entry| before(self.pair(entry.slot).member))
    }

    pub(super) fn get(&self, rank: usize) -> Pair<'_> {
        self.pair(self.tree.get(rank).slot)
    }

    /// Adds a pair whose member is not there yet.
    pub(super) fn insert(&mut self, pair: Pair<'_>) {
        let slot = u32::try_from(self.len()).expect("2^32 members would take more memory than there is");
        let mut record = Vec::with_capacity(SCORE_BYTES + pair.member.len());
        record.extend_from_slice(&pair.score.to_le_bytes());
        record.extend_from_slice(pair.member);
        self.records.push(&record);
        self.place(Entry::new(pair.score, slot), pair);
    }

    /// Gives a member that has the score `old` another one.
    pub(super) fn update(&mut self, pair: Pair<'_>, old: f64) {
        let place = self.records.find(pair.member).expect("the member is there, or it would have no score");
        self.tree.remove(self.rank(Pair { score: old, ..pair }));
        self.records.overwrite(place, &pair.score.to_le_bytes());
        self.place(Entry::new(pair.score, place.slot()), pair);
    }

    /// Removes the pair of a rank.
    pub(super) fn remove(&mut self, rank: usize) {
        let (slot, last) = (self.tree.remove(rank).slot, self.len() as u32 - 1);
        if slot != last {
            // The last record takes the place of the one that goes.
            let moved = self.rank(self.pair(last));
            self.tree.set_slot(moved, slot);
        }
        self.records.remove(self.records.nth(slot as usize));
    }

    /// See `Records::scan`.
    pub(super) fn scan(
        &self,
        from: Position,
        count: usize,
        mut visit: impl FnMut(Pair<'_>),
    ) -> Option<Position> {
        self.records.scan(from, count, |record| visit(pair(record)))
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.records.heap_bytes() + self.tree.heap_bytes()
    }

    pub(super) fn range(&self, ranks: std::ops::Range<usize>) -> Range<'_> {
        Range { large: self, ranks, leaf: &[], leaf_start: 0 }
    }

    fn pair(&self, slot: u32) -> Pair<'_> {
        pair(self.records.get(self.records.nth(slot as usize)))
    }

    fn place(&mut self, entry: Entry, pair: Pair<'_>) {
        let Self { records, tree } = self;
        tree.insert(entry, &|other| order(records, other, pair).is_lt());
    }

    fn order(&self, entry: Entry, other: Pair<'_>) -> Ordering {
        order(&self.records, entry, other)
    }

    #[cfg(test)]
    pub(super) fn check(&self) {
        self.tree.check();
        assert_eq!(self.tree.heap_bytes(), self.tree.counted_heap_bytes());
    }
}

fn pair(record: &[u8]) -> Pair<'_> {
    let (score, member) = record.split_first_chunk().expect("a record begins with its score");
    Pair { member, score: f64::from_le_bytes(*score) }
}

/// Looks at the record only where the scores are equal.
fn order(records: &Records<Scored>, entry: Entry, other: Pair<'_>) -> Ordering {
    let by_score = entry.score().total_cmp(&other.score);
    by_score.then_with(|| Scored::key(records.get(records.nth(entry.slot as usize))).cmp(other.member))
}

/// The pairs of a range of ranks, from either end.
#[derive(Debug)]
pub struct Range<'a> {
    large: &'a Large,
    ranks: std::ops::Range<usize>,
    /// The leaf of the last pair, and the rank of its first entry.
    leaf: &'a [Entry],
    leaf_start: usize,
}

impl<'a> Range<'a> {
    fn at(&mut self, rank: usize) -> Pair<'a> {
        if rank.checked_sub(self.leaf_start).is_none_or(|within| within >= self.leaf.len()) {
            (self.leaf, self.leaf_start) = self.large.tree.leaf(rank);
        }
        self.large.pair(self.leaf[rank - self.leaf_start].slot)
    }
}

impl<'a> Iterator for Range<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        let rank = self.ranks.next()?;
        Some(self.at(rank))
    }
}

impl DoubleEndedIterator for Range<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let rank = self.ranks.next_back()?;
        Some(self.at(rank))
    }
}
