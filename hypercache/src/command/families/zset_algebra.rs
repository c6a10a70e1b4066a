//! Commands on several sorted sets at once, sets among them, whose members have the score 1.

use std::borrow::Cow;

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::args::integer;
use crate::command::error;
use crate::command::families::zset::write_pairs;
use crate::command::families::zset_bounds;
use crate::command::families::zset_range::store;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Handler;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::limits::Limits;
use crate::value::set::Member;
use crate::value::set::Set;
use crate::value::view::ValueRef;
use crate::value::zset::ZSet;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    reader("ZDIFF", zdiff).doc(
        "6.2.0",
        "Returns the difference between multiple sorted sets.",
        "numkeys key [key ...] [WITHSCORES]",
        TIME_OF_DIFFERENCE,
    ),
    storer("ZDIFFSTORE", zdiffstore).doc(
        "6.2.0",
        "Stores the difference of multiple sorted sets in a key.",
        "destination numkeys key [key ...]",
        TIME_OF_DIFFERENCE,
    ),
    reader("ZINTER", zinter).doc(
        "6.2.0",
        "Returns the intersect of multiple sorted sets.",
        "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
        TIME_OF_INTERSECTION,
    ),
    reader("ZINTERCARD", zintercard).doc(
        "7.0.0",
        "Returns the number of members of the intersect of multiple sorted sets.",
        "numkeys key [key ...] [LIMIT limit]",
        "O(N*K) where N is the size of the smallest sorted set and K the number of sorted sets",
    ),
    storer("ZINTERSTORE", zinterstore).doc(
        "2.0.0",
        "Stores the intersect of multiple sorted sets in a key.",
        "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]",
        TIME_OF_INTERSECTION,
    ),
    reader("ZUNION", zunion).doc(
        "6.2.0",
        "Returns the union of multiple sorted sets.",
        "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
        TIME_OF_UNION,
    ),
    storer("ZUNIONSTORE", zunionstore).doc(
        "2.0.0",
        "Stores the union of multiple sorted sets in a key.",
        "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]",
        TIME_OF_UNION,
    ),
];

const TIME_OF_DIFFERENCE: &str = "O(N*K)+O(M*log(M)) where N is the size of the first sorted set, K the number of sorted sets and M that of members \
     in the result";
const TIME_OF_INTERSECTION: &str = "O(N*K)+O(M*log(M)) where N is the size of the smallest sorted set, K the number of sorted sets and M that of \
     members in the result";
const TIME_OF_UNION: &str =
    "O(N*log(M)) where N is the number of members of all sorted sets and M that of members in the result";

const NOT_A_WEIGHT: ReplyError = ReplyError::err("weight value is not a float");
const NEGATIVE_LIMIT: ReplyError = ReplyError::err("LIMIT can't be negative");

const fn reader(name: &'static str, handler: Handler) -> Spec {
    Spec::read(name, -3, Group::SortedSet, handler).keys(Keys::Numkeys { at: 1 }).with(Flags::MOVABLEKEYS)
}

const fn storer(name: &'static str, handler: Handler) -> Spec {
    Spec::write(name, -4, Group::SortedSet, handler)
        .keys(Keys::DestinationAndNumkeys)
        .with(Flags::DENYOOM.and(Flags::MOVABLEKEYS))
}

/// How several become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Intersect,
    Subtract,
    Unite,
}

/// What members are taken from.
#[derive(Debug, Clone, Copy)]
enum Source<'c> {
    Nothing,
    Set(&'c Set),
    ZSet(&'c ZSet),
}

/// A member with the score it has in a source.
type Scored<'c> = (Cow<'c, [u8]>, f64);

impl<'c> Source<'c> {
    /// A value as a source; none where its type has no members.
    fn of(value: ValueRef<'c>) -> Option<Self> {
        value.as_set().map(Self::Set).or_else(|| value.as_zset().map(Self::ZSet))
    }

    fn len(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Set(set) => set.len(),
            Self::ZSet(zset) => zset.len(),
        }
    }

    fn score(self, member: &[u8]) -> Option<f64> {
        match self {
            Self::Nothing => None,
            Self::Set(set) => set.contains(Member::Bytes(member)).then_some(1.0),
            Self::ZSet(zset) => zset.score(member),
        }
    }

    fn iter(self) -> Box<dyn Iterator<Item = Scored<'c>> + 'c> {
        match self {
            Self::Nothing => Box::new(std::iter::empty()),
            Self::Set(set) => Box::new(set.iter().map(|member| (member.bytes(), 1.0))),
            Self::ZSet(zset) => Box::new(zset.iter().map(|pair| (Cow::Borrowed(pair.member), pair.score))),
        }
    }
}

/// How the scores of a member in several sources are made one.
#[derive(Debug, Clone, Copy)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    fn of(self, left: f64, right: f64) -> f64 {
        match self {
            // Infinities of both signs leave nothing.
            Self::Sum => number_or_zero(left + right),
            Self::Min if right < left => right,
            Self::Max if right > left => right,
            Self::Min | Self::Max => left,
        }
    }
}

fn number_or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// The sources of a command and what is to be done with their scores.
struct Inputs<'c> {
    /// Each with the weight of its scores.
    sources: Vec<(Source<'c>, f64)>,
    aggregate: Aggregate,
    with_scores: bool,
    /// Members to be counted at most.
    limit: usize,
    limits: Limits,
    result: ZSet,
}

/// Which options a command has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Allowed {
    weights: bool,
    scores: bool,
    limit: bool,
}

const NONE: Allowed = Allowed { weights: false, scores: false, limit: false };
const COUNTED: Allowed = Allowed { limit: true, ..NONE };

/// Reads the number of keys at `at`, their values and the options after them.
fn read<'c>(
    cx: &'c mut Context<'_>,
    args: Args<'_>,
    at: usize,
    command: &str,
    allowed: Allowed,
) -> Result<Inputs<'c>, ReplyError> {
    let count = usize::try_from(integer(&args[at])?).unwrap_or(0);
    if count == 0 {
        return Err(ReplyError::text(format!("at least 1 input key is needed for '{command}' command")));
    }
    if count >= args.len() - at {
        return Err(error::SYNTAX);
    }
    let (end, limits, result) = (at + 1 + count, cx.limits(), cx.empty());
    let keys = args.first(end).from(at + 1);
    for key in keys.iter() {
        if cx.read(key).is_some_and(|entry| Source::of(entry.value()).is_none()) {
            return Err(error::WRONG_TYPE);
        }
    }
    let (sources, aggregate) = (Vec::with_capacity(count), Aggregate::Sum);
    let mut inputs = Inputs { sources, aggregate, with_scores: false, limit: usize::MAX, limits, result };
    let mut weights = vec![1.0; count];
    inputs.options(Cursor::at(args, end), &mut weights, allowed)?;
    let cx = &*cx;
    let source = |key| cx.seen_value(key).and_then(Source::of).unwrap_or(Source::Nothing);
    inputs.sources = keys.iter().map(source).zip(weights).collect();
    Ok(inputs)
}

impl<'c> Inputs<'c> {
    fn options(
        &mut self,
        mut cursor: Cursor<'_>,
        weights: &mut [f64],
        allowed: Allowed,
    ) -> Result<(), ReplyError> {
        while cursor.remaining() > 0 {
            if allowed.weights && cursor.remaining() > weights.len() && cursor.word("WEIGHTS") {
                for weight in &mut *weights {
                    *weight = zset_bounds::score(cursor.required()?).ok_or(NOT_A_WEIGHT)?;
                }
            } else if allowed.weights && cursor.word("AGGREGATE") {
                self.aggregate = match cursor.required()? {
                    word if word.eq_ignore_ascii_case(b"SUM") => Aggregate::Sum,
                    word if word.eq_ignore_ascii_case(b"MIN") => Aggregate::Min,
                    word if word.eq_ignore_ascii_case(b"MAX") => Aggregate::Max,
                    _ => return Err(error::SYNTAX),
                };
            } else if allowed.scores && cursor.word("WITHSCORES") {
                self.with_scores = true;
            } else if allowed.limit && cursor.remaining() > 1 && cursor.word("LIMIT") {
                let limit = integer(cursor.required()?).ok().and_then(|limit| usize::try_from(limit).ok());
                let limit = limit.ok_or(NEGATIVE_LIMIT)?;
                self.limit = if limit == 0 { usize::MAX } else { limit };
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(())
    }

    fn add(&mut self, member: &[u8], score: f64) {
        self.result.set(member, score, &self.limits);
    }

    fn combine(self, operation: Operation) -> ZSet {
        match operation {
            Operation::Intersect => self.intersect(),
            Operation::Subtract => self.subtract(),
            Operation::Unite => self.unite(),
        }
    }

    /// The sources from the smallest on, as Redis takes them: the last digit of a sum depends on the order.
    fn rising(&self) -> Vec<(Source<'c>, f64)> {
        let mut sources = self.sources.clone();
        sources.sort_by_key(|(source, _)| source.len());
        sources
    }

    fn unite(mut self) -> ZSet {
        for (source, weight) in self.rising() {
            for (member, score) in source.iter() {
                let score = number_or_zero(score * weight);
                let other = self.result.score(&member);
                self.add(&member, other.map_or(score, |other| self.aggregate.of(other, score)));
            }
        }
        self.result
    }

    /// Members that all sources have, in the order of the smallest, with their scores.
    fn intersection(&self) -> impl Iterator<Item = Scored<'_>> {
        let sources = self.rising();
        let smallest = sources.first().copied();
        let members = smallest.into_iter().flat_map(|(source, weight)| {
            source.iter().map(move |(member, score)| (member, number_or_zero(score * weight)))
        });
        members.filter_map(move |(member, score)| {
            // As in Redis, what is not a number counts as 0 in the smallest source only: later it leaves a sum nothing, and
            // a minimum or maximum as it was.
            let others = sources.iter().skip(1);
            let score = others.into_iter().try_fold(score, |so_far, (source, weight)| {
                Some(self.aggregate.of(so_far, source.score(&member)? * weight))
            });
            Some((member, score?))
        })
    }

    fn intersect(mut self) -> ZSet {
        let found: Vec<_> = self.intersection().map(|(member, score)| (member.into_owned(), score)).collect();
        found.iter().for_each(|(member, score)| self.add(member, *score));
        self.result
    }

    fn subtract(mut self) -> ZSet {
        let sources = std::mem::take(&mut self.sources);
        let Some(((first, _), others)) = sources.split_first() else { return self.result };
        for (member, score) in first.iter() {
            if !others.iter().any(|(other, _)| other.score(&member).is_some()) {
                self.add(&member, score);
            }
        }
        self.result
    }
}

fn write(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    command: &str,
    operation: Operation,
) -> Outcome {
    let weights = operation != Operation::Subtract;
    let inputs = read(cx, args, 1, command, Allowed { weights, scores: true, limit: false })?;
    let with_scores = inputs.with_scores;
    let zset = inputs.combine(operation);
    write_pairs(reply, zset.iter(), zset.len(), with_scores);
    Ok(())
}

fn write_stored(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    command: &'static str,
    operation: Operation,
) -> Outcome {
    let weights = operation != Operation::Subtract;
    let zset = read(cx, args, 2, command, Allowed { weights, ..NONE })?.combine(operation);
    store(cx, &args[1], zset, reply, command);
    Ok(())
}

fn zdiff(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write(cx, args, reply, "zdiff", Operation::Subtract)
}

fn zdiffstore(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_stored(cx, args, reply, "zdiffstore", Operation::Subtract)
}

fn zinter(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write(cx, args, reply, "zinter", Operation::Intersect)
}

fn zinterstore(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_stored(cx, args, reply, "zinterstore", Operation::Intersect)
}

fn zunion(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write(cx, args, reply, "zunion", Operation::Unite)
}

fn zunionstore(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_stored(cx, args, reply, "zunionstore", Operation::Unite)
}

fn zintercard(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let inputs = read(cx, args, 1, "zintercard", COUNTED)?;
    reply.count(inputs.intersection().take(inputs.limit).count());
    Ok(())
}

#[cfg(test)]
mod tests;
