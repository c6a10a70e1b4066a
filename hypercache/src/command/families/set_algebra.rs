//! Commands on several sets at once.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::families::set::write_member;
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

const SMALLEST_TIMES_SETS: &str = "O(N*M) where N is the size of the smallest set and M the number of sets";
const FIRST_TIMES_SETS: &str = "O(N*M) where N is the size of the first set and M the number of sets";
const ALL_MEMBERS: &str = "O(N) where N is the number of members of all sets";

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    reader("SDIFF", -2, sdiff).doc(
        "1.0.0",
        "Returns the difference of multiple sets.",
        "key [key ...]",
        FIRST_TIMES_SETS,
    ),
    storer("SDIFFSTORE", sdiffstore).doc(
        "1.0.0",
        "Stores the difference of multiple sets in a key.",
        "destination key [key ...]",
        FIRST_TIMES_SETS,
    ),
    reader("SINTER", -2, sinter).doc(
        "1.0.0",
        "Returns the intersect of multiple sets.",
        "key [key ...]",
        SMALLEST_TIMES_SETS,
    ),
    reader("SINTERCARD", -3, sintercard).keys(Keys::Numkeys { at: 1 }).with(Flags::MOVABLEKEYS).doc(
        "7.0.0",
        "Returns the number of members of the intersect of multiple sets.",
        "numkeys key [key ...] [LIMIT limit]",
        SMALLEST_TIMES_SETS,
    ),
    storer("SINTERSTORE", sinterstore).doc(
        "1.0.0",
        "Stores the intersect of multiple sets in a key.",
        "destination key [key ...]",
        SMALLEST_TIMES_SETS,
    ),
    reader("SUNION", -2, sunion).doc(
        "1.0.0",
        "Returns the union of multiple sets.",
        "key [key ...]",
        ALL_MEMBERS,
    ),
    storer("SUNIONSTORE", sunionstore).doc(
        "1.0.0",
        "Stores the union of multiple sets in a key.",
        "destination key [key ...]",
        ALL_MEMBERS,
    ),
];

const NO_KEYS: ReplyError = ReplyError::err("numkeys should be greater than 0");
const TOO_MANY_KEYS: ReplyError = ReplyError::err("Number of keys can't be greater than number of args");
const NEGATIVE_LIMIT: ReplyError = ReplyError::err("LIMIT can't be negative");

const fn reader(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::read(name, arity, Group::Set, handler).keys(Keys::ALL)
}

const fn storer(name: &'static str, handler: Handler) -> Spec {
    Spec::write(name, -3, Group::Set, handler).with(Flags::DENYOOM).keys(Keys::ALL)
}

/// The sets of these keys in order, none for a key that is not there; an error where one holds another type.
fn read_sets<'c>(cx: &'c mut Context<'_>, keys: Args<'_>) -> Result<Vec<Option<&'c Set>>, ReplyError> {
    for key in keys.iter() {
        cx.read_collection::<Set>(key)?;
    }
    let cx = &*cx;
    Ok(keys.iter().map(|key| cx.seen_collection(key)).collect())
}

/// Makes one sequence of members of several sets, and hands them over one by one.
type Combine = fn(&[Option<&Set>], &mut dyn FnMut(Member<'_>));

/// Members that all sets have, in the order of the smallest.
fn intersection<'s>(sets: &[Option<&'s Set>]) -> impl Iterator<Item = Member<'s>> {
    let mut sets = sets.iter().copied().collect::<Option<Vec<&Set>>>().unwrap_or_default();
    sets.sort_by_key(|set| set.len());
    let smallest = sets.first().copied();
    let in_all = move |member: &Member<'_>| sets.iter().skip(1).all(|set| set.contains(*member));
    smallest.into_iter().flat_map(Set::iter).filter(in_all)
}

fn intersect(sets: &[Option<&Set>], found: &mut dyn FnMut(Member<'_>)) {
    intersection(sets).for_each(found);
}

/// Members of the first set that no other has, in its order.
fn subtract(sets: &[Option<&Set>], found: &mut dyn FnMut(Member<'_>)) {
    let Some((Some(first), others)) = sets.split_first() else { return };
    first.iter().filter(|member| !others.iter().flatten().any(|set| set.contains(*member))).for_each(found);
}

/// All members; those of several sets come several times.
fn unite(sets: &[Option<&Set>], found: &mut dyn FnMut(Member<'_>)) {
    sets.iter().flatten().flat_map(|set| set.iter()).for_each(found);
}

fn collect(cx: &mut Context<'_>, keys: Args<'_>, combine: Combine) -> Result<Set, ReplyError> {
    let (mut set, limits) = (cx.empty::<Set>(), cx.limits());
    combine(&read_sets(cx, keys)?, &mut |member| {
        set.insert(member, &limits);
    });
    Ok(set)
}

fn store(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    combine: Combine,
    event: &'static str,
) -> Outcome {
    let (destination, set) = (&args[1], collect(cx, args.from(2), combine)?);
    reply.count(set.len());
    if !set.is_empty() {
        cx.set(destination, set, None);
        cx.notify(EventClass::Set, event, destination);
    } else if cx.remove(destination) {
        cx.notify(EventClass::Generic, "del", destination);
    }
    Ok(())
}

/// Writes members as they come; none may come twice.
fn write(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter, combine: Combine) -> Outcome {
    let (mut found, mut count) = (ReplyWriter::new(reply.protocol()), 0);
    combine(&read_sets(cx, args.from(1))?, &mut |member| {
        write_member(&mut found, member);
        count += 1;
    });
    reply.set(count);
    reply.append(&found);
    Ok(())
}

fn sdiff(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write(cx, args, reply, subtract)
}

fn sinter(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write(cx, args, reply, intersect)
}

fn sunion(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let set = collect(cx, args.from(1), unite)?;
    reply.set(set.len());
    set.iter().for_each(|member| write_member(reply, member));
    Ok(())
}

fn sdiffstore(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    store(cx, args, reply, subtract, "sdiffstore")
}

fn sinterstore(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    store(cx, args, reply, intersect, "sinterstore")
}

fn sunionstore(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    store(cx, args, reply, unite, "sunionstore")
}

fn sintercard(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let count = number::decimal(&args[1]).and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|count| *count > 0).ok_or(NO_KEYS)?;
    if count > args.len() - 2 {
        return Err(TOO_MANY_KEYS);
    }
    let (mut limit, mut cursor) = (0, Cursor::at(args, 2 + count));
    while cursor.remaining() > 0 {
        if !cursor.word("LIMIT") {
            return Err(error::SYNTAX);
        }
        let number = number::decimal(cursor.required()?);
        limit = number.and_then(|limit| usize::try_from(limit).ok()).ok_or(NEGATIVE_LIMIT)?;
    }
    let keys = args.first(2 + count).from(2);
    let sets = read_sets(cx, keys)?;
    reply.count(intersection(&sets).take(if limit == 0 { usize::MAX } else { limit }).count());
    Ok(())
}

#[cfg(test)]
mod tests;
