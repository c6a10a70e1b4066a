//! Commands on hashes, the times of their fields aside.

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
use crate::value::hash::Hash;
use crate::value::hash::Pair;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    writer("HDEL", -3, hdel).with(Flags::FAST).doc(
        "2.0.0",
        "Deletes one or more fields and their values from a hash. Deletes the hash if no fields remain.",
        "key field [field ...]",
        "O(N) where N is the number of fields to be removed",
    ),
    reader("HEXISTS", 3, hexists).with(Flags::FAST).doc(
        "2.0.0",
        "Determines whether a field exists in a hash.",
        "key field",
        "O(1)",
    ),
    reader("HGET", 3, hget).with(Flags::FAST).doc(
        "2.0.0",
        "Returns the value of a field in a hash.",
        "key field",
        "O(1)",
    ),
    reader("HGETALL", 2, hgetall).doc(
        "2.0.0",
        "Returns all fields and values in a hash.",
        "key",
        "O(N) where N is the size of the hash",
    ),
    reader("HKEYS", 2, hkeys).doc(
        "2.0.0",
        "Returns all fields in a hash.",
        "key",
        "O(N) where N is the size of the hash",
    ),
    reader("HLEN", 2, hlen).with(Flags::FAST).doc(
        "2.0.0",
        "Returns the number of fields in a hash.",
        "key",
        "O(1)",
    ),
    reader("HMGET", -3, hmget).with(Flags::FAST).doc(
        "2.0.0",
        "Returns the values of all given fields in a hash.",
        "key field [field ...]",
        "O(N) where N is the number of fields being requested",
    ),
    writer("HMSET", -4, hmset).with(Flags::DENYOOM.and(Flags::FAST)).doc(
        "2.0.0",
        "Sets the values of multiple fields; like HSET, with another reply.",
        "key field value [field value ...]",
        "O(N) where N is the number of fields being set",
    ),
    reader("HRANDFIELD", -2, hrandfield).doc(
        "6.2.0",
        "Returns one or more random fields from a hash.",
        "key [count [WITHVALUES]]",
        "O(N) where N is the number of fields returned",
    ),
    reader("HSCAN", -3, hscan).doc(
        "2.8.0",
        "Iterates over fields and values of a hash.",
        "key cursor [MATCH pattern] [COUNT count] [NOVALUES]",
        "O(1) for every call, O(N) for a complete iteration",
    ),
    writer("HSET", -4, hset).with(Flags::DENYOOM.and(Flags::FAST)).doc(
        "2.0.0",
        "Creates or modifies the values of fields in a hash.",
        "key field value [field value ...]",
        "O(N) where N is the number of fields being set",
    ),
    writer("HSETNX", 4, hsetnx).with(Flags::DENYOOM.and(Flags::FAST)).doc(
        "2.0.0",
        "Sets the value of a field in a hash only when the field doesn't exist.",
        "key field value",
        "O(1)",
    ),
    reader("HSTRLEN", 3, hstrlen).with(Flags::FAST).doc(
        "3.2.0",
        "Returns the length of the value of a field.",
        "key field",
        "O(1)",
    ),
    reader("HVALS", 2, hvals).doc(
        "2.0.0",
        "Returns all values in a hash.",
        "key",
        "O(N) where N is the size of the hash",
    ),
];

const fn reader(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::read(name, arity, Group::Hash, handler).keys(Keys::ONE)
}

const fn writer(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::write(name, arity, Group::Hash, handler).keys(Keys::ONE)
}

fn hdel(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let removed = cx.change_present_collection(&args[1], |hash: &mut Hash| {
        args.from(2).iter().filter(|field| hash.remove(field)).count()
    })?;
    let removed = removed.unwrap_or(0);
    cx.changed(removed);
    if removed > 0 {
        cx.notify(EventClass::Hash, "hdel", &args[1]);
    }
    reply.count(removed);
    Ok(())
}

fn hexists(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let found = cx.read_collection(&args[1])?.is_some_and(|hash: &Hash| hash.get(&args[2]).is_some());
    reply.integer(found.into());
    Ok(())
}

/// Writes a value, or that there is none.
pub(super) fn write_value(reply: &mut ReplyWriter, value: Option<&[u8]>) {
    match value {
        Some(value) => reply.bulk(value),
        None => reply.null(),
    }
}

fn hget(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let hash: Option<&Hash> = cx.read_collection(&args[1])?;
    write_value(reply, hash.and_then(|hash| hash.get(&args[2])));
    Ok(())
}

fn hmget(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let hash: Option<&Hash> = cx.read_collection(&args[1])?;
    reply.array(args.len() - 2);
    for field in args.from(2).iter() {
        write_value(reply, hash.and_then(|hash| hash.get(field)));
    }
    Ok(())
}

fn hgetall(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let hash: Option<&Hash> = cx.read_collection(&args[1])?;
    reply.map(hash.map_or(0, Hash::len));
    for pair in hash.into_iter().flat_map(Hash::iter) {
        reply.bulk(pair.field);
        reply.bulk(pair.value);
    }
    Ok(())
}

fn hkeys(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_parts(cx, args, reply, |pair| pair.field)
}

fn hvals(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_parts(cx, args, reply, |pair| pair.value)
}

fn write_parts(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    part: impl for<'p> Fn(Pair<'p>) -> &'p [u8],
) -> Outcome {
    let hash: Option<&Hash> = cx.read_collection(&args[1])?;
    reply.array(hash.map_or(0, Hash::len));
    hash.into_iter().flat_map(Hash::iter).for_each(|pair| reply.bulk(part(pair)));
    Ok(())
}

fn hlen(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    reply.count(cx.read_collection(&args[1])?.map_or(0, Hash::len));
    Ok(())
}

fn hstrlen(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let hash: Option<&Hash> = cx.read_collection(&args[1])?;
    reply.count(hash.and_then(|hash| hash.get(&args[2])).map_or(0, <[u8]>::len));
    Ok(())
}

fn hset(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    reply.count(write_fields(cx, args, "hset")?);
    Ok(())
}

fn hmset(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_fields(cx, args, "hmset")?;
    reply.ok();
    Ok(())
}

/// Writes all fields whole; how many are new.
fn write_fields(cx: &mut Context<'_>, args: Args<'_>, command: &str) -> Result<usize, ReplyError> {
    if !args.len().is_multiple_of(2) {
        return Err(ReplyError::arity(command));
    }
    let (limits, fields) = (cx.limits(), args.len() / 2 - 1);
    let added = cx.change_collection(&args[1], |hash: &mut Hash| {
        hash.expect(fields, &limits);
        let pairs = pairs(args.from(2));
        pairs.filter(|(field, value)| hash.set(Pair { field, value, deadline: None }, &limits)).count()
    })?;
    cx.changed(fields);
    cx.notify(EventClass::Hash, "hset", &args[1]);
    Ok(added)
}

/// Field and value in turn.
pub(super) fn pairs<'a>(args: Args<'a>) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone {
    args.iter().step_by(2).zip(args.iter().skip(1).step_by(2))
}

fn hsetnx(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, field, value) = (&args[1], &args[2], &args[3]);
    let free = cx.peek_collection(key)?.is_none_or(|hash: &Hash| hash.get(field).is_none());
    if free {
        let limits = cx.limits();
        cx.change_collection(key, |hash: &mut Hash| {
            hash.set(Pair { field, value, deadline: None }, &limits)
        })?;
        cx.changed(1);
        cx.notify(EventClass::Hash, "hset", key);
    }
    reply.integer(free.into());
    Ok(())
}

fn hrandfield(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let key = &args[1];
    if args.len() == 2 {
        let len = cx.read_collection(key)?.map_or(0, Hash::len);
        let number = chance::numbers(cx, len, -1).pop();
        let hash = cx.seen_collection::<Hash>(key);
        write_value(reply, hash.zip(number).map(|(hash, number)| hash.nth(number).field));
        return Ok(());
    }
    let plain = chance::count(&args[2])?;
    let with_values = args.get(3).is_some_and(|word| word.eq_ignore_ascii_case(b"WITHVALUES"));
    if args.len() > 3 + usize::from(with_values) {
        return Err(error::SYNTAX);
    }
    let count = if with_values { chance::count_of_pairs(&args[2])? } else { plain };
    let len = cx.read_collection(key)?.map_or(0, Hash::len);
    let numbers = chance::numbers(cx, len, count);
    let chosen = cx.seen_collection::<Hash>(key).map(|hash| hash.pick(&numbers)).unwrap_or_default();
    let flat = reply.protocol() == crate::resp::Protocol::Resp2;
    reply.array(chosen.len() * if with_values && flat { 2 } else { 1 });
    for pair in chosen {
        if with_values && !flat {
            reply.array(2);
        }
        reply.bulk(pair.field);
        if with_values {
            reply.bulk(pair.value);
        }
    }
    Ok(())
}

fn hscan(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let scan = ElementScan::begin(args)?;
    let Some(hash) = cx.read_collection::<Hash>(&args[1])? else {
        element_scan::write_nothing(reply);
        return Ok(());
    };
    let scan = scan.options(args, true)?;
    let (mut found, mut parts) = (ReplyWriter::new(reply.protocol()), 0);
    let next = scan.from.and_then(|from| {
        hash.scan(from, scan.count, |pair| {
            if !scan.wants(pair.field) {
                return;
            }
            found.bulk(pair.field);
            if !scan.no_values {
                found.bulk(pair.value);
            }
            parts += if scan.no_values { 1 } else { 2 };
        })
    });
    element_scan::write(reply, next, parts, &found);
    Ok(())
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
