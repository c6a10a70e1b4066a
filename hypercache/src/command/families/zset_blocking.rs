//! Commands that take the first or the last members of sorted sets and wait where there are none.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::args::Cursor;
use crate::command::context::wait;
use crate::command::context::wait::Awaited;
use crate::command::families::first_ready;
use crate::command::families::several_keys;
use crate::command::families::zset_pop;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Handler;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::zset::ZSet;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::write("BZMPOP", -5, Group::SortedSet, bzmpop)
        .keys(Keys::Numkeys { at: 2 })
        .with(Flags::MOVABLEKEYS.and(Flags::BLOCKING))
        .doc(
            "7.0.0",
            "Removes and returns a member by score from one or more sorted sets. Blocks until a member is available \
             otherwise. Deletes the sorted set if the last element was popped.",
            "timeout numkeys key [key ...] <MIN | MAX> [COUNT count]",
            "O(K)+O(M*log(N)) where K is the number of keys, N the number of members and M the number popped",
        ),
    popper("BZPOPMAX", bzpopmax).doc(
        "5.0.0",
        "Removes and returns the member with the highest score from one or more sorted sets. Blocks until a member is \
         available otherwise. Deletes the sorted set if the last element was popped.",
        "key [key ...] timeout",
        "O(log(N)) where N is the number of members in the sorted set",
    ),
    popper("BZPOPMIN", bzpopmin).doc(
        "5.0.0",
        "Removes and returns the member with the lowest score from one or more sorted sets. Blocks until a member is \
         available otherwise. Deletes the sorted set if the last element was popped.",
        "key [key ...] timeout",
        "O(log(N)) where N is the number of members in the sorted set",
    ),
];

const fn popper(name: &'static str, handler: Handler) -> Spec {
    Spec::write(name, -3, Group::SortedSet, handler)
        .keys(Keys::BUT_LAST)
        .with(Flags::FAST.and(Flags::BLOCKING))
}

fn bzpopmin(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    pop(cx, args, reply, false)
}

fn bzpopmax(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    pop(cx, args, reply, true)
}

fn pop(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter, greatest: bool) -> Outcome {
    first_ready::pop::<ZSet>(cx, args, reply, Awaited::ZSet, |cx, key, reply| {
        reply.array(3);
        reply.bulk(key);
        zset_pop::take(cx, key, 1, greatest, false, reply)
    })
}

fn bzmpop(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let timeout = wait::seconds(&mut Cursor::at(args, 1))?;
    let (keys, cursor) = several_keys::counted(args, 2)?;
    if !zset_pop::pop_first(cx, keys, cursor, reply)? {
        first_ready::wait_for(cx, 3..3 + keys.len(), Awaited::ZSet, timeout, reply);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    #[test]
    fn what_is_there_is_taken_at_once() {
        Bench::new().table(&[
            ("ZADD b 1 x 2 y 3 z 4 w", ":4"),
            ("BZPOPMIN a b 0", "*3 $1 b $1 x $1 1"),
            ("BZPOPMAX a b 0", "*3 $1 b $1 w $1 4"),
            ("BZMPOP 0 2 a b MAX COUNT 5", "*2 $1 b *2 *2 $1 z $1 3 *2 $1 y $1 2"),
            ("EXISTS b", ":0"),
        ]);
    }

    #[test]
    fn where_nobody_may_wait_nothing_is_answered() {
        Bench::new().table(&[
            ("BZPOPMIN a 0", "*-1"),
            ("BZPOPMAX a b 0", "*-1"),
            ("BZMPOP 0 1 a MIN", "*-1"),
            ("SET s x", "+OK"),
            ("BZPOPMIN s 0", Bench::WRONG_TYPE),
            ("BZPOPMIN a -1", "-ERR timeout is negative"),
            ("BZMPOP 0 1 a LOW", "-ERR syntax error"),
            ("BZMPOP 0 1 s MIN", Bench::WRONG_TYPE),
        ]);
    }
}
