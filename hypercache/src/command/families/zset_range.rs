//! Commands on ranges of a sorted set: by rank, by score, by member.

use std::ops::Range;

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::args::element_range;
use crate::command::args::integer;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::families::zset::write_pairs;
use crate::command::families::zset_bounds::Members;
use crate::command::families::zset_bounds::Scores;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Handler;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::zset::Pair;
use crate::value::zset::ZSet;

const TIME: &str = "O(log(N)+M) where N is the number of members in the sorted set and M the number returned";
const TIME_OF_REMOVAL: &str =
    "O(M*log(N)) where N is the number of members in the sorted set and M the number removed";

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    reader("ZRANGE", -4, zrange).doc(
        "1.2.0",
        "Returns members in a sorted set within a range of indexes.",
        "key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
        TIME,
    ),
    reader("ZRANGEBYLEX", -4, zrangebylex).doc(
        "2.8.9",
        "Returns members in a sorted set within a lexicographical range.",
        "key min max [LIMIT offset count]",
        TIME,
    ),
    reader("ZRANGEBYSCORE", -4, zrangebyscore).doc(
        "1.0.5",
        "Returns members in a sorted set within a range of scores.",
        "key min max [WITHSCORES] [LIMIT offset count]",
        TIME,
    ),
    Spec::write("ZRANGESTORE", -5, Group::SortedSet, zrangestore)
        .keys(Keys::TWO)
        .with(Flags::DENYOOM)
        .doc(
            "6.2.0",
            "Stores a range of members from sorted set in a key.",
            "destination source min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]",
            "O(log(N)+M*log(M)) where N is the number of members in the source and M the number stored",
        ),
    remover("ZREMRANGEBYLEX", zremrangebylex).doc(
        "2.8.9",
        "Removes members in a sorted set within a lexicographical range. Deletes the sorted set if all members were \
         removed.",
        "key min max",
        TIME_OF_REMOVAL,
    ),
    remover("ZREMRANGEBYRANK", zremrangebyrank).doc(
        "2.0.0",
        "Removes members in a sorted set within a range of indexes. Deletes the sorted set if all members were removed.",
        "key start stop",
        TIME_OF_REMOVAL,
    ),
    remover("ZREMRANGEBYSCORE", zremrangebyscore).doc(
        "1.2.0",
        "Removes members in a sorted set within a range of scores. Deletes the sorted set if all members were removed.",
        "key min max",
        TIME_OF_REMOVAL,
    ),
    reader("ZREVRANGE", -4, zrevrange).doc(
        "1.2.0",
        "Returns members in a sorted set within a range of indexes in reverse order.",
        "key start stop [WITHSCORES]",
        TIME,
    ),
    reader("ZREVRANGEBYLEX", -4, zrevrangebylex).doc(
        "2.8.9",
        "Returns members in a sorted set within a lexicographical range in reverse order.",
        "key max min [LIMIT offset count]",
        TIME,
    ),
    reader("ZREVRANGEBYSCORE", -4, zrevrangebyscore).doc(
        "2.2.0",
        "Returns members in a sorted set within a range of scores in reverse order.",
        "key max min [WITHSCORES] [LIMIT offset count]",
        TIME,
    ),
];

const LIMIT_OF_RANKS: ReplyError =
    ReplyError::err("syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
const SCORES_OF_MEMBERS: ReplyError =
    ReplyError::err("syntax error, WITHSCORES not supported in combination with BYLEX");

const fn reader(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::read(name, arity, Group::SortedSet, handler).keys(Keys::ONE)
}

const fn remover(name: &'static str, handler: Handler) -> Spec {
    Spec::write(name, 4, Group::SortedSet, handler).keys(Keys::ONE)
}

/// What a range is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Member,
}

/// The two ends of a range.
#[derive(Debug, Clone, Copy)]
enum Ends<'a> {
    Ranks(i64, i64),
    Scores(Scores),
    Members(Members<'a>),
}

impl<'a> Ends<'a> {
    fn parse(by: By, start: &'a [u8], stop: &'a [u8]) -> Result<Self, ReplyError> {
        Ok(match by {
            By::Rank => Self::Ranks(integer(start)?, integer(stop)?),
            By::Score => Self::Scores(Scores::parse(start, stop)?),
            By::Member => Self::Members(Members::parse(start, stop)?),
        })
    }

    fn ranks(self, zset: &ZSet) -> Range<usize> {
        match self {
            Self::Ranks(start, stop) => element_range(start, stop, zset.len()).unwrap_or(0..0),
            Self::Scores(scores) => scores.ranks(zset),
            Self::Members(members) => members.ranks(zset),
        }
    }
}

/// What a command fixes before its options are read.
#[derive(Debug, Clone, Copy, Default)]
struct Fixed {
    /// What the range is measured by; none: the options say so, and whether it is reversed.
    by: Option<By>,
    reverse: bool,
    /// Index of the first end.
    ends_at: usize,
    /// Whether the range is stored, and so has no scores to be told.
    stores: bool,
}

/// A range that is asked for.
struct Query<'a> {
    ends: Ends<'a>,
    reverse: bool,
    with_scores: bool,
    /// Pairs to be left out, and pairs wanted at most; all where negative.
    limit: (i64, i64),
}

impl<'a> Query<'a> {
    fn parse(args: Args<'a>, fixed: Fixed) -> Result<Self, ReplyError> {
        let Fixed { by, mut reverse, ends_at, stores } = fixed;
        let (mut chosen, mut with_scores, mut limit) = (by.unwrap_or(By::Rank), false, None);
        let mut cursor = Cursor::at(args, ends_at + 2);
        while cursor.remaining() > 0 {
            if !stores && cursor.word("WITHSCORES") {
                with_scores = true;
            } else if cursor.remaining() > 2 && cursor.word("LIMIT") {
                limit = Some((cursor.integer()?, cursor.integer()?));
            } else if by.is_none() && cursor.word("REV") {
                reverse = true;
            } else if by.is_none() && cursor.word("BYLEX") {
                chosen = By::Member;
            } else if by.is_none() && cursor.word("BYSCORE") {
                chosen = By::Score;
            } else {
                return Err(error::SYNTAX);
            }
        }
        if limit.is_some_and(|(_, count)| count != -1) && chosen == By::Rank {
            return Err(LIMIT_OF_RANKS);
        }
        if with_scores && chosen == By::Member {
            return Err(SCORES_OF_MEMBERS);
        }
        let (start, stop) =
            (args.get(ends_at).unwrap_or_default(), args.get(ends_at + 1).unwrap_or_default());
        let ends = match (chosen, reverse) {
            (By::Rank, _) | (_, false) => Ends::parse(chosen, start, stop)?,
            (_, true) => Ends::parse(chosen, stop, start)?,
        };
        let limit = if chosen == By::Rank { None } else { limit };
        Ok(Self { ends, reverse, with_scores, limit: limit.unwrap_or((0, -1)) })
    }

    /// The ranks of the pairs.
    fn ranks(&self, zset: &ZSet) -> Range<usize> {
        let found = self.ends.ranks(zset);
        let found = match self.ends {
            Ends::Ranks(..) if self.reverse => zset.len() - found.end..zset.len() - found.start,
            _ => found,
        };
        let Ok(skipped) = usize::try_from(self.limit.0) else { return 0..0 };
        let left = found.len().saturating_sub(skipped);
        let taken = usize::try_from(self.limit.1).map_or(left, |count| count.min(left));
        if self.reverse {
            let end = found.end - (found.len() - left);
            end - taken..end
        } else {
            let start = found.start + (found.len() - left);
            start..start + taken
        }
    }

    fn for_each<'z>(&self, zset: &'z ZSet, ranks: Range<usize>, visit: impl FnMut(Pair<'z>)) {
        let pairs = zset.range(ranks);
        if self.reverse { pairs.rev().for_each(visit) } else { pairs.for_each(visit) }
    }
}

fn write_range(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter, fixed: Fixed) -> Outcome {
    let query = Query::parse(args, Fixed { ends_at: 2, ..fixed })?;
    let Some(zset) = cx.read_collection::<ZSet>(&args[1])? else {
        reply.array(0);
        return Ok(());
    };
    let ranks = query.ranks(zset);
    let (count, pairs) = (ranks.len(), zset.range(ranks));
    if query.reverse {
        write_pairs(reply, pairs.rev(), count, query.with_scores);
    } else {
        write_pairs(reply, pairs, count, query.with_scores);
    }
    Ok(())
}

fn zrange(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_range(cx, args, reply, Fixed::default())
}

fn zrangebylex(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_range(cx, args, reply, Fixed { by: Some(By::Member), ..Fixed::default() })
}

fn zrangebyscore(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_range(cx, args, reply, Fixed { by: Some(By::Score), ..Fixed::default() })
}

fn zrevrange(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_range(cx, args, reply, Fixed { by: Some(By::Rank), reverse: true, ..Fixed::default() })
}

fn zrevrangebylex(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_range(cx, args, reply, Fixed { by: Some(By::Member), reverse: true, ..Fixed::default() })
}

fn zrevrangebyscore(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_range(cx, args, reply, Fixed { by: Some(By::Score), reverse: true, ..Fixed::default() })
}

fn zrangestore(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let query = Query::parse(args, Fixed { ends_at: 3, stores: true, ..Fixed::default() })?;
    let (mut stored, limits) = (cx.empty::<ZSet>(), cx.limits());
    if let Some(zset) = cx.read_collection::<ZSet>(&args[2])? {
        query.for_each(zset, query.ranks(zset), |pair| {
            stored.set(pair.member, pair.score, &limits);
        });
    }
    store(cx, &args[1], stored, reply, "zrangestore");
    Ok(())
}

/// Writes a sorted set whole and tells `event`, or removes its key where there are no members; how many there are.
pub(super) fn store(
    cx: &mut Context<'_>,
    key: &[u8],
    zset: ZSet,
    reply: &mut ReplyWriter,
    event: &'static str,
) {
    reply.count(zset.len());
    if !zset.is_empty() {
        cx.set(key, zset, None);
        cx.notify(EventClass::ZSet, event, key);
    } else if cx.remove(key) {
        cx.notify(EventClass::Generic, "del", key);
    }
}

fn zremrangebylex(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    remove(cx, args, reply, By::Member, "zremrangebylex")
}

fn zremrangebyrank(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    remove(cx, args, reply, By::Rank, "zremrangebyrank")
}

fn zremrangebyscore(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    remove(cx, args, reply, By::Score, "zremrangebyscore")
}

fn remove(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    by: By,
    event: &'static str,
) -> Outcome {
    let (key, ends) = (&args[1], Ends::parse(by, &args[2], &args[3])?);
    let ranks = cx.peek_collection(key)?.map_or(0..0, |zset: &ZSet| ends.ranks(zset));
    let removed = ranks.len();
    if removed > 0 && removed == cx.seen_collection(key).map_or(0, ZSet::len) {
        // That the key goes counts as one more.
        cx.changed(removed - 1);
        cx.remove(key);
        cx.notify(EventClass::ZSet, event, key);
        cx.notify(EventClass::Generic, "del", key);
    } else if removed > 0 {
        cx.change_present_collection(key, |zset: &mut ZSet| zset.remove_range(ranks))?;
        cx.changed(removed);
        cx.notify(EventClass::ZSet, event, key);
    }
    reply.count(removed);
    Ok(())
}

#[cfg(test)]
mod tests;
