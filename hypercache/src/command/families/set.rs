//! Commands on one set, and on the way of a member from one to another.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::chance;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::families::element_scan;
use crate::command::families::element_scan::ElementScan;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Handler;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::number;
use crate::value::set::Member;
use crate::value::set::Set;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    writer("SADD", -3, sadd).with(Flags::DENYOOM.and(Flags::FAST)).doc(
        "1.0.0",
        "Adds one or more members to a set. Creates the key if it doesn't exist.",
        "key member [member ...]",
        "O(N) where N is the number of members to be added",
    ),
    reader("SCARD", 2, scard).with(Flags::FAST).doc("1.0.0", "Returns the number of members in a set.", "key", "O(1)"),
    reader("SISMEMBER", 3, sismember).with(Flags::FAST).doc(
        "1.0.0",
        "Determines whether a member belongs to a set.",
        "key member",
        "O(1)",
    ),
    reader("SMEMBERS", 2, smembers).doc(
        "1.0.0",
        "Returns all members of a set.",
        "key",
        "O(N) where N is the number of members",
    ),
    reader("SMISMEMBER", -3, smismember).with(Flags::FAST).doc(
        "6.2.0",
        "Determines whether multiple members belong to a set.",
        "key member [member ...]",
        "O(N) where N is the number of members being checked",
    ),
    writer("SMOVE", 4, smove).keys(Keys::TWO).with(Flags::FAST).doc(
        "1.0.0",
        "Moves a member from one set to another.",
        "source destination member",
        "O(1)",
    ),
    writer("SPOP", -2, spop).with(Flags::FAST).doc(
        "1.0.0",
        "Returns one or more random members from a set after removing them. Deletes the set if the last member was popped.",
        "key [count]",
        "O(1); O(N) where N is the count that is given",
    ),
    reader("SRANDMEMBER", -2, srandmember).doc(
        "1.0.0",
        "Returns one or more random members from a set.",
        "key [count]",
        "O(1); O(N) where N is the count that is given",
    ),
    writer("SREM", -3, srem).with(Flags::FAST).doc(
        "1.0.0",
        "Removes one or more members from a set. Deletes the set if the last member was removed.",
        "key member [member ...]",
        "O(N) where N is the number of members to be removed",
    ),
    reader("SSCAN", -3, sscan).doc(
        "2.8.0",
        "Iterates over members of a set.",
        "key cursor [MATCH pattern] [COUNT count]",
        "O(1) for every call, O(N) for a complete iteration",
    ),
];

const NOT_POSITIVE: ReplyError = ReplyError::err("value is out of range, must be positive");

const fn reader(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::read(name, arity, Group::Set, handler).keys(Keys::ONE)
}

const fn writer(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::write(name, arity, Group::Set, handler).keys(Keys::ONE)
}

pub(super) fn write_member(reply: &mut ReplyWriter, member: Member<'_>) {
    match member {
        Member::Int(number) => reply.bulk_integer(number),
        Member::Bytes(bytes) => reply.bulk(bytes),
    }
}

fn sadd(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (limits, members) = (cx.limits(), args.from(2));
    let added = cx.change_collection(&args[1], |set: &mut Set| {
        set.expect(members.len(), &limits);
        members.iter().filter(|member| set.insert(Member::Bytes(member), &limits)).count()
    })?;
    cx.changed(added);
    if added > 0 {
        cx.notify(EventClass::Set, "sadd", &args[1]);
    }
    reply.count(added);
    Ok(())
}

fn srem(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let removed = cx.change_present_collection(&args[1], |set: &mut Set| {
        args.from(2).iter().filter(|member| set.remove(Member::Bytes(member))).count()
    })?;
    let removed = removed.unwrap_or(0);
    cx.changed(removed);
    if removed > 0 {
        cx.notify(EventClass::Set, "srem", &args[1]);
    }
    reply.count(removed);
    Ok(())
}

fn scard(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    reply.count(cx.read_collection(&args[1])?.map_or(0, Set::len));
    Ok(())
}

fn sismember(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let set: Option<&Set> = cx.read_collection(&args[1])?;
    reply.integer(set.is_some_and(|set| set.contains(Member::Bytes(&args[2]))).into());
    Ok(())
}

fn smismember(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let set: Option<&Set> = cx.read_collection(&args[1])?;
    reply.array(args.len() - 2);
    for member in args.from(2).iter() {
        reply.integer(set.is_some_and(|set| set.contains(Member::Bytes(member))).into());
    }
    Ok(())
}

fn smembers(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let set: Option<&Set> = cx.read_collection(&args[1])?;
    reply.set(set.map_or(0, Set::len));
    set.into_iter().flat_map(Set::iter).for_each(|member| write_member(reply, member));
    Ok(())
}

fn smove(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (source, destination, member) = (&args[1], &args[2], Member::Bytes(&args[3]));
    let Some(from) = cx.peek_collection::<Set>(source)? else {
        reply.integer(0);
        return Ok(());
    };
    let found = from.contains(member);
    cx.peek_collection::<Set>(destination)?;
    if found && source != destination {
        let limits = cx.limits();
        cx.change_present_collection(source, |set: &mut Set| set.remove(member))?;
        cx.notify(EventClass::Set, "srem", source);
        let added = cx.change_collection(destination, |set: &mut Set| set.insert(member, &limits))?;
        if added {
            cx.notify(EventClass::Set, "sadd", destination);
        }
        cx.changed(1 + usize::from(added));
    }
    reply.integer(found.into());
    Ok(())
}

fn spop(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let key = &args[1];
    let count = match args.get(2) {
        _ if args.len() > 3 => return Err(error::SYNTAX),
        Some(count) => {
            let count = number::decimal(count).and_then(|count| usize::try_from(count).ok());
            Some(count.ok_or(NOT_POSITIVE)?)
        }
        None => None,
    };
    let len = cx.peek_collection(key)?.map_or(0, Set::len);
    let popped = count.unwrap_or(1).min(len);
    match count {
        Some(_) => reply.set(popped),
        None if popped == 0 => reply.null(),
        None => {}
    }
    if popped == len {
        // That the key goes counts as one more.
        cx.changed(popped.saturating_sub(1));
        let set: Option<&Set> = cx.seen_collection(key);
        set.into_iter().flat_map(Set::iter).for_each(|member| write_member(reply, member));
        if len > 0 {
            cx.remove(key);
            cx.notify(EventClass::Set, "spop", key);
            cx.notify(EventClass::Generic, "del", key);
        }
        return Ok(());
    }
    cx.changed(popped);
    let numbers: Vec<usize> = (0..popped).map(|gone| chance::number(cx, len - gone)).collect();
    cx.change_present_collection(key, |set: &mut Set| {
        for number in numbers {
            write_member(reply, set.nth(number));
            set.remove_nth(number);
        }
    })?;
    if popped > 0 {
        cx.notify(EventClass::Set, "spop", key);
    }
    Ok(())
}

fn srandmember(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let key = &args[1];
    let count = match args.get(2) {
        _ if args.len() > 3 => return Err(error::SYNTAX),
        Some(count) => Some(chance::count(count)?),
        None => None,
    };
    let len = cx.read_collection(key)?.map_or(0, Set::len);
    let numbers = chance::numbers(cx, len, count.unwrap_or(-1));
    let chosen = cx.seen_collection::<Set>(key).map(|set| set.pick(&numbers)).unwrap_or_default();
    match count {
        Some(_) => reply.array(chosen.len()),
        None if chosen.is_empty() => reply.null(),
        None => {}
    }
    chosen.into_iter().for_each(|member| write_member(reply, member));
    Ok(())
}

fn sscan(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let scan = ElementScan::begin(args)?;
    let Some(set) = cx.read_collection::<Set>(&args[1])? else {
        element_scan::write_nothing(reply);
        return Ok(());
    };
    let scan = scan.options(args, false)?;
    let (mut found, mut parts) = (ReplyWriter::new(reply.protocol()), 0);
    let next = scan.from.and_then(|from| {
        set.scan(from, scan.count, |member| {
            if scan.wants(&member.bytes()) {
                write_member(&mut found, member);
                parts += 1;
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
