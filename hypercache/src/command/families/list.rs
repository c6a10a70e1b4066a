//! Commands that put elements at the ends of a list and take them from there.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::context::EventClass;
use crate::command::families::several_keys;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Handler;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::list::End;
use crate::value::list::List;
use crate::value::list::entry::Element;

const PER_ELEMENT: &str = "O(1) for each element added";

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    reader("LLEN", 2, llen).with(Flags::FAST).doc("1.0.0", "Returns the length of a list.", "key", "O(1)"),
    writer("LPOP", -2, lpop).with(Flags::FAST).doc(
        "1.0.0",
        "Returns the first elements in a list after removing it. Deletes the list if the last element was popped.",
        "key [count]",
        "O(N) where N is the number of elements returned",
    ),
    writer("LPUSH", -3, lpush).with(Flags::DENYOOM.and(Flags::FAST)).doc(
        "1.0.0",
        "Prepends one or more elements to a list. Creates the key if it doesn't exist.",
        "key element [element ...]",
        PER_ELEMENT,
    ),
    writer("LPUSHX", -3, lpushx).with(Flags::DENYOOM.and(Flags::FAST)).doc(
        "2.2.0",
        "Prepends one or more elements to a list only when the list exists.",
        "key element [element ...]",
        PER_ELEMENT,
    ),
    writer("RPOP", -2, rpop).with(Flags::FAST).doc(
        "1.0.0",
        "Returns and removes the last elements of a list. Deletes the list if the last element was popped.",
        "key [count]",
        "O(N) where N is the number of elements returned",
    ),
    writer("RPUSH", -3, rpush).with(Flags::DENYOOM.and(Flags::FAST)).doc(
        "1.0.0",
        "Appends one or more elements to a list. Creates the key if it doesn't exist.",
        "key element [element ...]",
        PER_ELEMENT,
    ),
    writer("RPUSHX", -3, rpushx).with(Flags::DENYOOM.and(Flags::FAST)).doc(
        "2.2.0",
        "Appends one or more elements to a list only when the list exists.",
        "key element [element ...]",
        PER_ELEMENT,
    ),
];

pub(super) const fn reader(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::read(name, arity, Group::List, handler).keys(Keys::ONE)
}

pub(super) const fn writer(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::write(name, arity, Group::List, handler).keys(Keys::ONE)
}

pub(super) fn write_element(reply: &mut ReplyWriter, element: Element<'_>) {
    match element {
        Element::Int(number) => reply.bulk_integer(number),
        Element::Bytes(bytes) => reply.bulk(bytes),
    }
}

fn llen(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    reply.count(cx.read_collection(&args[1])?.map_or(0, List::len));
    Ok(())
}

fn lpush(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    push(cx, args, reply, End::Left)
}

fn rpush(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    push(cx, args, reply, End::Right)
}

fn lpushx(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    push_present(cx, args, reply, End::Left)
}

fn rpushx(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    push_present(cx, args, reply, End::Right)
}

fn push_present(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter, end: End) -> Outcome {
    if cx.peek_collection::<List>(&args[1])?.is_some() {
        return push(cx, args, reply, end);
    }
    reply.integer(0);
    Ok(())
}

fn push(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter, end: End) -> Outcome {
    let (limits, elements) = (cx.limits(), args.from(2));
    let len = cx.change_collection(&args[1], |list: &mut List| {
        list.expect(elements.iter(), &limits);
        elements.iter().for_each(|element| list.push(end, element, &limits));
        list.len()
    })?;
    cx.changed(elements.len());
    cx.notify(EventClass::List, pushed(end), &args[1]);
    reply.count(len);
    Ok(())
}

/// What a push at this end is told as.
pub(super) const fn pushed(end: End) -> &'static str {
    match end {
        End::Left => "lpush",
        End::Right => "rpush",
    }
}

/// What a pop at this end is told as.
pub(super) const fn popped(end: End) -> &'static str {
    match end {
        End::Left => "lpop",
        End::Right => "rpop",
    }
}

fn lpop(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    pop(cx, args, reply, End::Left, "lpop")
}

fn rpop(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    pop(cx, args, reply, End::Right, "rpop")
}

fn pop(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter, end: End, command: &str) -> Outcome {
    let count = match args.get(2) {
        _ if args.len() > 3 => return Err(ReplyError::arity(command)),
        Some(count) => Some(several_keys::taken(count)?),
        None => None,
    };
    let len = cx.peek_collection(&args[1])?.map(List::len);
    match (len, count) {
        (None, None) => reply.null(),
        (None, Some(_)) => reply.null_array(),
        (Some(len), Some(count)) => reply.array(count.min(len)),
        (Some(_), None) => {}
    }
    take(cx, &args[1], end, count.unwrap_or(1), reply)
}

/// Takes so many elements out, or all, and writes them one after the other.
pub(super) fn take(
    cx: &mut Context<'_>,
    key: &[u8],
    end: End,
    count: usize,
    reply: &mut ReplyWriter,
) -> Outcome {
    if count == 0 {
        return Ok(());
    }
    let limits = cx.limits();
    let taken = cx.change_present_collection(key, |list: &mut List| {
        let taken = count.min(list.len());
        for _ in 0..taken {
            list.peek(end).into_iter().for_each(|element| write_element(reply, element));
            list.pop(end);
        }
        list.settle(&limits);
        taken
    })?;
    let taken = taken.unwrap_or(0);
    cx.changed(taken);
    if taken > 0 {
        cx.notify(EventClass::List, popped(end), key);
    }
    Ok(())
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
