//! Commands that take elements from lists and wait where there are none.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::args::Cursor;
use crate::command::context::Wait;
use crate::command::context::wait;
use crate::command::context::wait::Awaited;
use crate::command::context::wait::Unserved;
use crate::command::families::first_ready;
use crate::command::families::list;
use crate::command::families::list::writer;
use crate::command::families::list_move;
use crate::command::families::several_keys;
use crate::command::spec::Flags;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::list::End;
use crate::value::list::List;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    writer("BLMOVE", 6, blmove).keys(Keys::TWO).with(Flags::DENYOOM.and(Flags::BLOCKING)).doc(
        "6.2.0",
        "Pops an element from a list, pushes it to another list and returns it. Blocks until an element is available \
         otherwise. Deletes the list if the last element was moved.",
        "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout",
        "O(1)",
    ),
    writer("BLMPOP", -5, blmpop)
        .keys(Keys::Numkeys { at: 2 })
        .with(Flags::MOVABLEKEYS.and(Flags::BLOCKING))
        .doc(
            "7.0.0",
            "Pops the first element from one of multiple lists. Blocks until an element is available otherwise. Deletes \
             the list if the last element was popped.",
            "timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
            "O(N+M) where N is the number of keys and M the number of elements returned",
        ),
    writer("BLPOP", -3, blpop).keys(Keys::BUT_LAST).with(Flags::BLOCKING).doc(
        "2.0.0",
        "Removes and returns the first element in a list. Blocks until an element is available otherwise. Deletes the \
         list if the last element was popped.",
        "key [key ...] timeout",
        "O(N) where N is the number of keys",
    ),
    writer("BRPOP", -3, brpop).keys(Keys::BUT_LAST).with(Flags::BLOCKING).doc(
        "2.0.0",
        "Removes and returns the last element in a list. Blocks until an element is available otherwise. Deletes the \
         list if the last element was popped.",
        "key [key ...] timeout",
        "O(N) where N is the number of keys",
    ),
    writer("BRPOPLPUSH", 4, brpoplpush).keys(Keys::TWO).with(Flags::DENYOOM.and(Flags::BLOCKING)).doc(
        "2.2.0",
        "Pops an element from a list, pushes it to another list and returns it. Block until an element is available \
         otherwise. Deletes the list if the last element was popped.",
        "source destination timeout",
        "O(1)",
    ),
];

fn blpop(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    pop(cx, args, reply, End::Left)
}

fn brpop(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    pop(cx, args, reply, End::Right)
}

fn pop(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter, end: End) -> Outcome {
    first_ready::pop::<List>(cx, args, reply, Awaited::List, |cx, key, reply| {
        reply.array(2);
        reply.bulk(key);
        list::take(cx, key, end, 1, reply)
    })
}

fn blmove(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let mut cursor = Cursor::at(args, 3);
    let (from, to) = (list_move::end(&mut cursor)?, list_move::end(&mut cursor)?);
    move_element(cx, args, reply, (from, to), &mut cursor)
}

fn brpoplpush(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    move_element(cx, args, reply, (End::Right, End::Left), &mut Cursor::at(args, 3))
}

fn move_element(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    (from, to): (End, End),
    timeout: &mut Cursor<'_>,
) -> Outcome {
    let timeout = wait::seconds(timeout)?;
    if cx.peek_collection::<List>(&args[1])?.is_some() {
        return list_move::move_element(cx, args, reply, from, to);
    }
    // Redis tells no array when the time is over, and no value where it may not wait.
    let unserved = if cx.may_wait() { Unserved::NullArray } else { Unserved::Null };
    cx.wait(Wait { keys: 1..2, awaited: Awaited::List, timeout, unserved, args: None }, reply);
    Ok(())
}

fn blmpop(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let timeout = wait::seconds(&mut Cursor::at(args, 1))?;
    let (keys, mut cursor) = several_keys::counted(args, 2)?;
    let end = list_move::end(&mut cursor)?;
    let count = several_keys::count(&mut cursor)?;
    if !list_move::pop_first(cx, keys, end, count, reply)? {
        first_ready::wait_for(cx, 3..3 + keys.len(), Awaited::List, timeout, reply);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    #[test]
    fn what_is_there_is_taken_at_once() {
        Bench::new().table(&[
            ("RPUSH b 1 2 3", ":3"),
            ("BLPOP a b 0", "*2 $1 b $1 1"),
            ("BRPOP a b 0.5", "*2 $1 b $1 3"),
            ("BLMOVE b c LEFT RIGHT 1", "$1 2"),
            ("EXISTS b", ":0"),
            ("RPUSH c 4 5", ":3"),
            ("BRPOPLPUSH c d 0", "$1 5"),
            ("BLMPOP 0 2 b c RIGHT COUNT 5", "*2 $1 c *2 $1 4 $1 2"),
        ]);
    }

    #[test]
    fn where_nobody_may_wait_nothing_is_answered() {
        Bench::new().table(&[
            ("BLPOP a b 0", "*-1"),
            ("BRPOP a 0", "*-1"),
            ("BLMOVE a b LEFT LEFT 0", "$-1"),
            ("BRPOPLPUSH a b 0", "$-1"),
            ("BLMPOP 0 1 a LEFT", "*-1"),
        ]);
    }

    #[test]
    fn wrong_arguments_are_refused() {
        Bench::new().table(&[
            ("SET s x", "+OK"),
            ("BLPOP s 0", Bench::WRONG_TYPE),
            ("BLPOP a -1", "-ERR timeout is negative"),
            ("BLPOP a x", "-ERR timeout is not a float or out of range"),
            ("BLMOVE a b LEFT UP 0", "-ERR syntax error"),
            ("BLMOVE s b LEFT LEFT 0", Bench::WRONG_TYPE),
            ("BLMPOP x 1 a LEFT", "-ERR timeout is not a float or out of range"),
            ("BLMPOP 0 0 a LEFT", "-ERR numkeys should be greater than 0"),
            ("BLMPOP 0 2 a LEFT", "-ERR syntax error"),
            ("BLMPOP 0 1 a LEFT COUNT 0", "-ERR count should be greater than 0"),
            ("BLMPOP 0 1 s LEFT", Bench::WRONG_TYPE),
        ]);
    }
}
