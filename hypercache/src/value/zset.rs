//! Sorted sets: members with scores, in the order of their scores, those with equal scores in the order of their bytes.
//!
//! Few and short members lie packed one after the other. Many or long ones are found by member in constant time and by
//! rank, score or bytes in logarithmic time.

mod large;
mod packed;
mod tree;

use std::cmp::Ordering;

use crate::value::limits::Limits;
use crate::value::records::Position;
use crate::value::zset::large::Large;
use crate::value::zset::packed::Packed;

/// A sorted set.
#[derive(Debug, Clone)]
pub struct ZSet {
    seed: u64,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Packed(Packed),
    Large(Box<Large>),
}

/// A member with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair<'a> {
    /// The member.
    pub member: &'a [u8],
    /// Its score: any number, infinite ones among them.
    pub score: f64,
}

impl Pair<'_> {
    /// Which of two comes first in a sorted set.
    pub fn order(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| self.member.cmp(other.member))
    }
}

impl ZSet {
    /// An empty sorted set; its hashes begin with `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, form: Form::Packed(Packed::new()) }
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Packed(packed) => packed.len(),
            Form::Large(large) => large.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Redis's name for how such a sorted set is kept.
    pub fn encoding(&self) -> &'static str {
        match &self.form {
            Form::Packed(_) => "listpack",
            Form::Large(_) => "skiplist",
        }
    }

    /// Bytes on the heap; constant time.
    pub fn heap_bytes(&self) -> usize {
        match &self.form {
            Form::Packed(packed) => packed.heap_bytes(),
            Form::Large(large) => size_of::<Large>() + large.heap_bytes(),
        }
    }

    /// Prepares for `count` members of up to `longest` bytes to be added at once, as Redis does: what may become large is
    /// kept as a large one from the start.
    pub fn expect(&mut self, count: usize, longest: usize, limits: &Limits) {
        if count > limits.zset_listpack_entries || longest > limits.zset_listpack_value {
            self.make_large();
        }
    }

    /// The score of a member.
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.form {
            Form::Packed(packed) => packed.iter().find(|pair| pair.member == member).map(|pair| pair.score),
            Form::Large(large) => large.score(member),
        }
    }

    /// The rank of a member, and its score.
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        match &self.form {
            Form::Packed(packed) => {
                let mut pairs = packed.iter().enumerate();
                pairs.find(|(_, pair)| pair.member == member).map(|(rank, pair)| (rank, pair.score))
            }
            Form::Large(large) => {
                let score = large.score(member)?;
                Some((large.rank(Pair { member, score }), score))
            }
        }
    }

    /// How many pairs come first whose scores are in `before`, which takes all scores up to some point.
    pub fn rank_by_score(&self, before: impl Fn(f64) -> bool) -> usize {
        match &self.form {
            Form::Packed(packed) => packed.iter().take_while(|pair| before(pair.score)).count(),
            Form::Large(large) => large.rank_by_score(before),
        }
    }

    /// How many pairs come first whose members are in `before`, which takes all members up to some point. Means something
    /// where all scores are equal.
    pub fn rank_by_member(&self, before: impl Fn(&[u8]) -> bool) -> usize {
        match &self.form {
            Form::Packed(packed) => packed.iter().take_while(|pair| before(pair.member)).count(),
            Form::Large(large) => large.rank_by_member(before),
        }
    }

    /// Gives a member a score, a number that may be infinite; adds the member where it is not there. The score it had.
    pub fn set(&mut self, member: &[u8], score: f64, limits: &Limits) -> Option<f64> {
        debug_assert!(!score.is_nan(), "who reads or adds scores refuses what is not a number");
        // The negative zero becomes the positive, which it is equal to.
        let pair = Pair { member, score: score + 0.0 };
        let old = self.rank(member);
        match (&mut self.form, old) {
            (_, Some((_, old))) if old == pair.score => {}
            (Form::Packed(packed), Some((rank, _))) => {
                packed.remove(rank..rank + 1);
                packed.insert(pair);
            }
            (Form::Large(large), Some((_, old))) => large.update(pair, old),
            (_, None) => self.insert(pair, limits),
        }
        old.map(|(_, score)| score)
    }

    fn insert(&mut self, pair: Pair<'_>, limits: &Limits) {
        self.expect(self.len() + 1, pair.member.len(), limits);
        match &mut self.form {
            Form::Packed(packed) => packed.insert(pair),
            Form::Large(large) => large.insert(pair),
        }
    }

    /// Removes a member; whether it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        let rank = self.rank(member);
        rank.inspect(|(rank, _)| self.remove_range(*rank..rank + 1)).is_some()
    }

    /// Removes the pairs of these ranks, which are below `len`.
    pub fn remove_range(&mut self, ranks: std::ops::Range<usize>) {
        match &mut self.form {
            Form::Packed(packed) => packed.remove(ranks),
            Form::Large(large) => ranks.rev().for_each(|rank| large.remove(rank)),
        }
    }

    /// The pairs of these ranks, which are below `len`, from either end.
    pub fn range(&self, ranks: std::ops::Range<usize>) -> Pairs<'_> {
        match &self.form {
            Form::Packed(packed) => {
                let pairs: Vec<_> = packed.iter().skip(ranks.start).take(ranks.len()).collect();
                Pairs::Packed(pairs.into_iter())
            }
            Form::Large(large) => Pairs::Large(large.range(ranks)),
        }
    }

    /// All pairs in order.
    pub fn iter(&self) -> Pairs<'_> {
        self.range(0..self.len())
    }

    /// The pairs of these ranks, each below `len`.
    pub fn pick(&self, ranks: &[usize]) -> Vec<Pair<'_>> {
        match &self.form {
            Form::Packed(packed) => {
                let pairs: Vec<_> = packed.iter().collect();
                ranks.iter().map(|rank| pairs[*rank]).collect()
            }
            Form::Large(large) => ranks.iter().map(|rank| large.get(*rank)).collect(),
        }
    }

    /// Visits pairs from `from` on; see `Records::scan`. Packed pairs are visited all at once.
    pub fn scan(&self, from: Position, count: usize, visit: impl FnMut(Pair<'_>)) -> Option<Position> {
        match &self.form {
            Form::Packed(packed) => {
                packed.iter().for_each(visit);
                None
            }
            Form::Large(large) => large.scan(from, count, visit),
        }
    }

    fn make_large(&mut self) {
        if let Form::Packed(packed) = &self.form {
            let mut large = Box::new(Large::new(self.seed));
            packed.iter().for_each(|pair| large.insert(pair));
            self.form = Form::Large(large);
        }
    }
}

/// Sorted sets are equal that have the same members with the same scores.
impl PartialEq for ZSet {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

/// Pairs in order, from either end.
#[derive(Debug)]
pub enum Pairs<'a> {
    /// Of a small sorted set.
    Packed(std::vec::IntoIter<Pair<'a>>),
    /// Of a large one.
    Large(large::Range<'a>),
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        match self {
            Self::Packed(pairs) => pairs.next(),
            Self::Large(pairs) => pairs.next(),
        }
    }
}

impl DoubleEndedIterator for Pairs<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            Self::Packed(pairs) => pairs.next_back(),
            Self::Large(pairs) => pairs.next_back(),
        }
    }
}

#[cfg(test)]
mod tests;
