//! Commands on the members of one sorted set.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::chance;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::families::element_scan;
use crate::command::families::element_scan::ElementScan;
use crate::command::families::zset_bounds::Members;
use crate::command::families::zset_bounds::Scores;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Handler;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::resp::double_text;
use crate::value::zset::Pair;
use crate::value::zset::ZSet;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    reader("ZCARD", 2, zcard).with(Flags::FAST).doc(
        "1.2.0",
        "Returns the number of members in a sorted set.",
        "key",
        "O(1)",
    ),
    reader("ZCOUNT", 4, zcount).with(Flags::FAST).doc(
        "2.0.0",
        "Returns the count of members in a sorted set that have scores within a range.",
        "key min max",
        LOGARITHMIC,
    ),
    reader("ZLEXCOUNT", 4, zlexcount).with(Flags::FAST).doc(
        "2.8.9",
        "Returns the number of members in a sorted set within a lexicographical range.",
        "key min max",
        LOGARITHMIC,
    ),
    reader("ZMSCORE", -3, zmscore).with(Flags::FAST).doc(
        "6.2.0",
        "Returns the score of one or more members in a sorted set.",
        "key member [member ...]",
        "O(N) where N is the number of members being requested",
    ),
    reader("ZRANDMEMBER", -2, zrandmember).doc(
        "6.2.0",
        "Returns one or more random members from a sorted set.",
        "key [count [WITHSCORES]]",
        "O(N*log(M)) where N is the number of members returned and M the number of members in the sorted set",
    ),
    reader("ZRANK", -3, zrank).with(Flags::FAST).doc(
        "2.0.0",
        "Returns the index of a member in a sorted set ordered by ascending scores.",
        "key member [WITHSCORE]",
        LOGARITHMIC,
    ),
    Spec::write("ZREM", -3, Group::SortedSet, zrem).keys(Keys::ONE).with(Flags::FAST).doc(
        "1.2.0",
        "Removes one or more members from a sorted set. Deletes the sorted set if all members were removed.",
        "key member [member ...]",
        "O(M*log(N)) where N is the number of members in the sorted set and M the number to be removed",
    ),
    reader("ZREVRANK", -3, zrevrank).with(Flags::FAST).doc(
        "2.0.0",
        "Returns the index of a member in a sorted set ordered by descending scores.",
        "key member [WITHSCORE]",
        LOGARITHMIC,
    ),
    reader("ZSCAN", -3, zscan).doc(
        "2.8.0",
        "Iterates over members and scores of a sorted set.",
        "key cursor [MATCH pattern] [COUNT count]",
        "O(1) for every call, O(N) for a complete iteration",
    ),
    reader("ZSCORE", 3, zscore).with(Flags::FAST).doc(
        "1.2.0",
        "Returns the score of a member in a sorted set.",
        "key member",
        "O(1)",
    ),
];

const LOGARITHMIC: &str = "O(log(N)) where N is the number of members in the sorted set";

const fn reader(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::read(name, arity, Group::SortedSet, handler).keys(Keys::ONE)
}

/// Writes a score, or that there is none.
pub(super) fn write_score(reply: &mut ReplyWriter, score: Option<f64>) {
    match score {
        Some(score) => reply.double(score),
        None => reply.null(),
    }
}

/// Writes pairs, or their members alone: flat in the older protocol, each pair an array of its own in the newer.
pub(super) fn write_pairs<'p>(
    reply: &mut ReplyWriter,
    pairs: impl Iterator<Item = Pair<'p>>,
    count: usize,
    with_scores: bool,
) {
    let nested = with_scores && reply.protocol() == Protocol::Resp3;
    reply.array(if with_scores && !nested { 2 * count } else { count });
    for pair in pairs {
        if nested {
            reply.array(2);
        }
        reply.bulk(pair.member);
        if with_scores {
            reply.double(pair.score);
        }
    }
}

fn zcard(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    reply.count(cx.read_collection(&args[1])?.map_or(0, ZSet::len));
    Ok(())
}

fn zcount(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let scores = Scores::parse(&args[2], &args[3])?;
    reply.count(cx.read_collection(&args[1])?.map_or(0, |zset| scores.ranks(zset).len()));
    Ok(())
}

fn zlexcount(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let members = Members::parse(&args[2], &args[3])?;
    reply.count(cx.read_collection(&args[1])?.map_or(0, |zset| members.ranks(zset).len()));
    Ok(())
}

fn zscore(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let zset: Option<&ZSet> = cx.read_collection(&args[1])?;
    write_score(reply, zset.and_then(|zset| zset.score(&args[2])));
    Ok(())
}

fn zmscore(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let zset: Option<&ZSet> = cx.read_collection(&args[1])?;
    reply.array(args.len() - 2);
    for member in args.from(2).iter() {
        write_score(reply, zset.and_then(|zset| zset.score(member)));
    }
    Ok(())
}

fn zrem(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let removed = cx.change_present_collection(&args[1], |zset: &mut ZSet| {
        args.from(2).iter().filter(|member| zset.remove(member)).count()
    })?;
    let removed = removed.unwrap_or(0);
    cx.changed(removed);
    if removed > 0 {
        cx.notify(EventClass::ZSet, "zrem", &args[1]);
    }
    reply.count(removed);
    Ok(())
}

fn zrank(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_rank(cx, args, reply, "zrank", |rank, _| rank)
}

fn zrevrank(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_rank(cx, args, reply, "zrevrank", |rank, len| len - 1 - rank)
}

fn write_rank(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    command: &str,
    told: impl FnOnce(usize, usize) -> usize,
) -> Outcome {
    let with_score = match args.get(3) {
        _ if args.len() > 4 => return Err(ReplyError::arity(command)),
        Some(word) if !word.eq_ignore_ascii_case(b"WITHSCORE") => return Err(error::SYNTAX),
        word => word.is_some(),
    };
    let zset: Option<&ZSet> = cx.read_collection(&args[1])?;
    match zset.and_then(|zset| Some((zset.len(), zset.rank(&args[2])?))) {
        Some((len, (rank, score))) => {
            if with_score {
                reply.array(2);
            }
            reply.count(told(rank, len));
            if with_score {
                reply.double(score);
            }
        }
        None if with_score => reply.null_array(),
        None => reply.null(),
    }
    Ok(())
}

fn zrandmember(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let key = &args[1];
    if args.len() == 2 {
        let len = cx.read_collection(key)?.map_or(0, ZSet::len);
        let ranks = chance::numbers(cx, len, -1);
        let chosen = cx.seen_collection::<ZSet>(key).map(|zset| zset.pick(&ranks)).unwrap_or_default();
        match chosen.first() {
            Some(pair) => reply.bulk(pair.member),
            None => reply.null(),
        }
        return Ok(());
    }
    let plain = chance::count(&args[2])?;
    let with_scores = args.get(3).is_some_and(|word| word.eq_ignore_ascii_case(b"WITHSCORES"));
    if args.len() > 3 + usize::from(with_scores) {
        return Err(error::SYNTAX);
    }
    let count = if with_scores { chance::count_of_pairs(&args[2])? } else { plain };
    let len = cx.read_collection(key)?.map_or(0, ZSet::len);
    let ranks = chance::numbers(cx, len, count);
    let chosen = cx.seen_collection::<ZSet>(key).map(|zset| zset.pick(&ranks)).unwrap_or_default();
    let count = chosen.len();
    write_pairs(reply, chosen.into_iter(), count, with_scores);
    Ok(())
}

fn zscan(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let scan = ElementScan::begin(args)?;
    let Some(zset) = cx.read_collection::<ZSet>(&args[1])? else {
        element_scan::write_nothing(reply);
        return Ok(());
    };
    let scan = scan.options(args, false)?;
    let (mut found, mut parts) = (ReplyWriter::new(reply.protocol()), 0);
    let next = scan.from.and_then(|from| {
        zset.scan(from, scan.count, |pair| {
            if scan.wants(pair.member) {
                found.bulk(pair.member);
                found.bulk(double_text(pair.score));
                parts += 2;
            }
        })
    });
    element_scan::write(reply, next, parts, &found);
    Ok(())
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
