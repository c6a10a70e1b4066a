//! Commands that take the first or the last members of a sorted set.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::families::several_keys;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Handler;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::value::zset::ZSet;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::write("ZMPOP", -4, Group::SortedSet, zmpop)
        .keys(Keys::Numkeys { at: 1 })
        .with(Flags::MOVABLEKEYS)
        .doc(
            "7.0.0",
            "Returns the highest- or lowest-scoring members from one or more sorted sets after removing them. Deletes the \
             sorted set if the last member was popped.",
            "numkeys key [key ...] <MIN | MAX> [COUNT count]",
            "O(K)+O(M*log(N)) where K is the number of keys, N the number of members and M the number popped",
        ),
    popper("ZPOPMAX", zpopmax).doc(
        "5.0.0",
        "Returns the highest-scoring members from a sorted set after removing them. Deletes the sorted set if the last \
         member was popped.",
        "key [count]",
        TIME,
    ),
    popper("ZPOPMIN", zpopmin).doc(
        "5.0.0",
        "Returns the lowest-scoring members from a sorted set after removing them. Deletes the sorted set if the last \
         member was popped.",
        "key [count]",
        TIME,
    ),
];

const TIME: &str = "O(log(N)*M) where N is the number of members in the sorted set and M the number popped";

const fn popper(name: &'static str, handler: Handler) -> Spec {
    Spec::write(name, -2, Group::SortedSet, handler).keys(Keys::ONE).with(Flags::FAST)
}

fn zpopmin(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    pop(cx, args, reply, false)
}

fn zpopmax(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    pop(cx, args, reply, true)
}

fn pop(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter, greatest: bool) -> Outcome {
    let count = match args.get(2) {
        _ if args.len() > 3 => return Err(error::SYNTAX),
        Some(count) => Some(several_keys::taken(count)?),
        None => None,
    };
    let len = cx.peek_collection(&args[1])?.map_or(0, ZSet::len);
    let popped = count.unwrap_or(1).min(len);
    let nested = count.is_some() && reply.protocol() == Protocol::Resp3;
    reply.array(if nested { popped } else { 2 * popped });
    take(cx, &args[1], popped, greatest, nested, reply)
}

/// Takes so many pairs out, which there are, and writes them one after the other.
pub(super) fn take(
    cx: &mut Context<'_>,
    key: &[u8],
    count: usize,
    greatest: bool,
    nested: bool,
    reply: &mut ReplyWriter,
) -> Outcome {
    if count == 0 {
        return Ok(());
    }
    cx.change_present_collection(key, |zset: &mut ZSet| {
        let len = zset.len();
        let ranks = if greatest { len - count..len } else { 0..count };
        let mut pairs = zset.range(ranks.clone());
        while let Some(pair) = if greatest { pairs.next_back() } else { pairs.next() } {
            if nested {
                reply.array(2);
            }
            reply.bulk(pair.member);
            reply.double(pair.score);
        }
        zset.remove_range(ranks);
    })?;
    cx.changed(count);
    cx.notify(EventClass::ZSet, if greatest { "zpopmax" } else { "zpopmin" }, key);
    Ok(())
}

fn zmpop(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (keys, cursor) = several_keys::counted(args, 1)?;
    if !pop_first(cx, keys, cursor, reply)? {
        reply.null_array();
    }
    Ok(())
}

/// Pops from the first of these keys that is there what the arguments at the cursor, `<MIN | MAX> [COUNT count]`, tell;
/// whether one is.
pub(super) fn pop_first(
    cx: &mut Context<'_>,
    keys: Args<'_>,
    mut cursor: Cursor<'_>,
    reply: &mut ReplyWriter,
) -> Result<bool, ReplyError> {
    let greatest = cursor.word("MAX");
    if !greatest && !cursor.word("MIN") {
        return Err(error::SYNTAX);
    }
    let count = several_keys::count(&mut cursor)?;
    for key in keys.iter() {
        let Some(len) = cx.peek_collection(key)?.map(ZSet::len) else { continue };
        let popped = count.min(len);
        reply.array(2);
        reply.bulk(key);
        reply.array(popped);
        take(cx, key, popped, greatest, true, reply)?;
        return Ok(true);
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
