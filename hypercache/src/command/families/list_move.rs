//! Commands that take elements from one of several lists.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::families::list;
use crate::command::families::list::writer;
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
    writer("LMOVE", 5, lmove).keys(Keys::TWO).with(Flags::DENYOOM).doc(
        "6.2.0",
        "Returns an element after popping it from one list and pushing it to another. Deletes the list if the last \
         element was moved.",
        "source destination <LEFT | RIGHT> <LEFT | RIGHT>",
        "O(1)",
    ),
    writer("LMPOP", -4, lmpop).keys(Keys::Numkeys { at: 1 }).with(Flags::MOVABLEKEYS).doc(
        "7.0.0",
        "Returns multiple elements from a list after removing them. Deletes the list if the last element was popped.",
        "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
        "O(N+M) where N is the number of keys and M the number of elements returned",
    ),
    writer("RPOPLPUSH", 3, rpoplpush).keys(Keys::TWO).with(Flags::DENYOOM).doc(
        "1.2.0",
        "Returns the last element of a list after removing and pushing it to another list. Deletes the list if the \
         last element was popped.",
        "source destination",
        "O(1)",
    ),
];

pub(super) fn end(cursor: &mut Cursor<'_>) -> Result<End, ReplyError> {
    if cursor.word("LEFT") {
        Ok(End::Left)
    } else if cursor.word("RIGHT") {
        Ok(End::Right)
    } else {
        Err(error::SYNTAX)
    }
}

fn lmove(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let mut cursor = Cursor::at(args, 3);
    let (from, to) = (end(&mut cursor)?, end(&mut cursor)?);
    move_element(cx, args, reply, from, to)
}

fn rpoplpush(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    move_element(cx, args, reply, End::Right, End::Left)
}

pub(super) fn move_element(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    from: End,
    to: End,
) -> Outcome {
    let (source, destination, limits) = (&args[1], &args[2], cx.limits());
    let element = cx.peek_collection(source)?.and_then(|list: &List| list.peek(from));
    let Some(element) = element.map(|element| element.bytes().into_owned()) else {
        reply.null();
        return Ok(());
    };
    let push = |list: &mut List| {
        list.expect(std::iter::once(element.as_slice()), &limits);
        list.push(to, &element, &limits);
    };
    if source == destination {
        cx.change_present_collection(source, |list: &mut List| {
            list.pop(from);
            push(list);
            list.settle(&limits);
        })?;
        cx.notify(EventClass::List, list::pushed(to), destination);
    } else {
        cx.change_collection(destination, push)?;
        cx.notify(EventClass::List, list::pushed(to), destination);
        cx.change_present_collection(source, |list: &mut List| {
            list.pop(from);
            list.settle(&limits);
        })?;
    }
    cx.notify(EventClass::List, list::popped(from), source);
    cx.changed(1);
    reply.bulk(&element);
    Ok(())
}

fn lmpop(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (keys, mut cursor) = several_keys::counted(args, 1)?;
    let end = end(&mut cursor)?;
    let count = several_keys::count(&mut cursor)?;
    if !pop_first(cx, keys, end, count, reply)? {
        reply.null_array();
    }
    Ok(())
}

/// Pops up to `count` elements from the first of these keys that is there; whether one is.
pub(super) fn pop_first(
    cx: &mut Context<'_>,
    keys: Args<'_>,
    end: End,
    count: usize,
    reply: &mut ReplyWriter,
) -> Result<bool, ReplyError> {
    for key in keys.iter() {
        let Some(len) = cx.peek_collection(key)?.map(List::len) else { continue };
        reply.array(2);
        reply.bulk(key);
        reply.array(count.min(len));
        list::take(cx, key, end, count, reply)?;
        return Ok(true);
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
