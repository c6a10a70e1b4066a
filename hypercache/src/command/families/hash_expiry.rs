//! Commands on the time fields of hashes have to live.

mod options;

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::context::EventClass;
use crate::command::families::hash::pairs;
use crate::command::families::hash::write_value;
use crate::command::families::hash_expiry::options::Condition;
use crate::command::families::hash_expiry::options::Expiry;
use crate::command::families::hash_expiry::options::Overwrite;
use crate::command::families::hash_expiry::options::TimeUnit;
use crate::command::families::hash_expiry::options::field_deadline;
use crate::command::families::hash_expiry::options::named_fields;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Handler;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::keyspace::entry::UnixMillis;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::hash::Hash;
use crate::value::hash::Pair;

const N_FIELDS: &str = "O(N) where N is the number of specified fields";

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    setter("HEXPIRE", -6, hexpire).with(Flags::DENYOOM).doc(
        "7.4.0",
        "Sets the expiration time of fields of a hash in seconds.",
        "key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
        N_FIELDS,
    ),
    setter("HEXPIREAT", -6, hexpireat).with(Flags::DENYOOM).doc(
        "7.4.0",
        "Sets the expiration time of fields of a hash to a Unix timestamp.",
        "key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
        N_FIELDS,
    ),
    getter("HEXPIRETIME", hexpiretime).doc(
        "7.4.0",
        "Returns the expiration time of fields of a hash as a Unix timestamp.",
        "key FIELDS numfields field [field ...]",
        N_FIELDS,
    ),
    setter("HGETDEL", -5, hgetdel).doc(
        "8.0.0",
        "Returns the values of fields and deletes them from the hash.",
        "key FIELDS numfields field [field ...]",
        N_FIELDS,
    ),
    setter("HGETEX", -5, hgetex).doc(
        "8.0.0",
        "Returns the values of fields of a hash and sets or removes their expiration time.",
        "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] FIELDS \
         numfields field [field ...]",
        N_FIELDS,
    ),
    setter("HPERSIST", -5, hpersist).doc(
        "7.4.0",
        "Removes the expiration time of fields of a hash.",
        "key FIELDS numfields field [field ...]",
        N_FIELDS,
    ),
    setter("HPEXPIRE", -6, hpexpire).with(Flags::DENYOOM).doc(
        "7.4.0",
        "Sets the expiration time of fields of a hash in milliseconds.",
        "key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
        N_FIELDS,
    ),
    setter("HPEXPIREAT", -6, hpexpireat).with(Flags::DENYOOM).doc(
        "7.4.0",
        "Sets the expiration time of fields of a hash to a Unix milliseconds timestamp.",
        "key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
        N_FIELDS,
    ),
    getter("HPEXPIRETIME", hpexpiretime).doc(
        "7.4.0",
        "Returns the expiration time of fields of a hash as a Unix milliseconds timestamp.",
        "key FIELDS numfields field [field ...]",
        N_FIELDS,
    ),
    getter("HPTTL", hpttl).doc(
        "7.4.0",
        "Returns the expiration time in milliseconds of fields of a hash.",
        "key FIELDS numfields field [field ...]",
        N_FIELDS,
    ),
    setter("HSETEX", -6, hsetex).with(Flags::DENYOOM).doc(
        "8.0.0",
        "Sets the values of fields of a hash and their expiration time.",
        "key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL] \
         FIELDS numfields field value [field value ...]",
        N_FIELDS,
    ),
    getter("HTTL", httl).doc(
        "7.4.0",
        "Returns the expiration time in seconds of fields of a hash.",
        "key FIELDS numfields field [field ...]",
        N_FIELDS,
    ),
];

/// There is no such field.
const NO_FIELD: i64 = -2;
/// The field has no deadline.
const NO_DEADLINE: i64 = -1;
/// The condition does not hold.
const REFUSED: i64 = 0;
/// Done.
const DONE: i64 = 1;
/// The time has come already, so the field is deleted.
const DELETED: i64 = 2;

const NOT_POSITIVE: ReplyError = ReplyError::err("Number of fields must be a positive integer");

const fn setter(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::write(name, arity, Group::Hash, handler).with(Flags::FAST).keys(Keys::ONE)
}

const fn getter(name: &'static str, handler: Handler) -> Spec {
    Spec::read(name, -5, Group::Hash, handler).with(Flags::FAST).keys(Keys::ONE)
}

fn hexpire(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    set_deadlines(cx, args, reply, TimeUnit { word: "EX", millis: 1000, relative: true }, "hexpire")
}

fn hpexpire(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    set_deadlines(cx, args, reply, TimeUnit { word: "PX", millis: 1, relative: true }, "hpexpire")
}

fn hexpireat(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    set_deadlines(cx, args, reply, TimeUnit { word: "EXAT", millis: 1000, relative: false }, "hexpireat")
}

fn hpexpireat(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    set_deadlines(cx, args, reply, TimeUnit { word: "PXAT", millis: 1, relative: false }, "hpexpireat")
}

fn set_deadlines(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    unit: TimeUnit,
    command: &str,
) -> Outcome {
    cx.peek_collection::<Hash>(&args[1])?;
    let deadline = field_deadline(cx, &args[2], unit, command)?;
    let condition = Condition::parse(&args[3]);
    let at = 3 + usize::from(condition.is_some());
    let fields = named_fields(args, at, ReplyError::err("Parameter `numFields` should be greater than 0"))?;
    let now = cx.now();
    each_field(cx, &args[1], fields, reply, "hexpire", |hash, field| {
        let Some(pair) = hash.pair(field) else { return NO_FIELD };
        if condition.is_some_and(|condition| !condition.holds(pair.deadline, deadline)) {
            REFUSED
        } else if deadline <= now {
            hash.remove(field);
            DELETED
        } else {
            hash.set_deadline(field, Some(deadline));
            DONE
        }
    })
}

fn hpersist(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    cx.peek_collection::<Hash>(&args[1])?;
    let fields = named_fields(args, 2, NOT_POSITIVE)?;
    each_field(cx, &args[1], fields, reply, "hpersist", |hash, field| {
        match hash.pair(field).map(|pair| pair.deadline) {
            None => NO_FIELD,
            Some(None) => NO_DEADLINE,
            Some(Some(_)) => {
                hash.set_deadline(field, None);
                DONE
            }
        }
    })
}

/// Replies with what `change` makes of each field; positive answers count as changes, and are told as `event`, or as
/// deletions where a field is deleted.
fn each_field(
    cx: &mut Context<'_>,
    key: &[u8],
    fields: Args<'_>,
    reply: &mut ReplyWriter,
    event: &'static str,
    change: impl Fn(&mut Hash, &[u8]) -> i64,
) -> Outcome {
    let answers: Option<Vec<i64>> = cx.change_present_collection(key, |hash: &mut Hash| {
        fields.iter().map(|field| change(hash, field)).collect()
    })?;
    let answers = answers.unwrap_or_else(|| vec![NO_FIELD; fields.len()]);
    let changed = answers.iter().filter(|answer| **answer > 0).count();
    cx.changed(changed);
    if changed > 0 {
        let event = if answers.contains(&DELETED) { "hdel" } else { event };
        cx.notify(EventClass::Hash, event, key);
    }
    reply.array(answers.len());
    answers.into_iter().for_each(|answer| reply.integer(answer));
    Ok(())
}

fn httl(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let now = cx.now();
    tell_deadlines(cx, args, reply, |deadline| (deadline - now).div_ceil(1000))
}

fn hpttl(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let now = cx.now();
    tell_deadlines(cx, args, reply, |deadline| deadline - now)
}

fn hexpiretime(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    tell_deadlines(cx, args, reply, |deadline| deadline.div_ceil(1000))
}

fn hpexpiretime(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    tell_deadlines(cx, args, reply, |deadline| deadline)
}

fn tell_deadlines(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    part: impl Fn(UnixMillis) -> UnixMillis,
) -> Outcome {
    let hash: Option<&Hash> = cx.read_collection(&args[1])?;
    let fields = named_fields(args, 2, NOT_POSITIVE)?;
    reply.array(fields.len());
    for field in fields.iter() {
        reply.integer(match hash.and_then(|hash| hash.pair(field)).map(|pair| pair.deadline) {
            None => NO_FIELD,
            Some(None) => NO_DEADLINE,
            Some(Some(deadline)) => part(deadline).cast_signed(),
        });
    }
    Ok(())
}

fn hgetdel(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    cx.read_collection::<Hash>(&args[1])?;
    let fields = named_fields(args, 2, NOT_POSITIVE)?;
    let removed = cx.change_present_collection(&args[1], |hash: &mut Hash| {
        reply.array(fields.len());
        // One by one: a field that is named twice is gone the second time.
        let take = |field: &&[u8]| {
            write_value(reply, hash.get(field));
            hash.remove(field)
        };
        fields.iter().filter(take).count()
    })?;
    if removed.is_none() {
        write_nulls(reply, fields.len());
    }
    let removed = removed.unwrap_or(0);
    cx.changed(removed);
    if removed > 0 {
        cx.notify(EventClass::Hash, "hdel", &args[1]);
    }
    Ok(())
}

fn write_nulls(reply: &mut ReplyWriter, count: usize) {
    reply.array(count);
    (0..count).for_each(|_| reply.null());
}

fn hgetex(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (expiry, fields) = Expiry::parse_hgetex(cx, args)?;
    let key = &args[1];
    let Some(hash) = cx.read_collection::<Hash>(key)? else {
        write_nulls(reply, fields.len());
        return Ok(());
    };
    reply.array(fields.len());
    fields.iter().for_each(|field| write_value(reply, hash.get(field)));
    let deadline = match expiry {
        Expiry::At(deadline) => Some(deadline),
        Expiry::Never => None,
        Expiry::Unsaid | Expiry::Keep => return Ok(()),
    };
    let now = cx.now();
    let changed = cx.change_present_collection(key, |hash: &mut Hash| {
        let change = |field: &&[u8]| match hash.pair(field) {
            None => false,
            Some(_) if deadline.is_some_and(|deadline| deadline <= now) => hash.remove(field),
            Some(pair) => pair.deadline != deadline && hash.set_deadline(field, deadline),
        };
        fields.iter().filter(change).count()
    })?;
    let changed = changed.unwrap_or(0);
    cx.changed(changed);
    if changed > 0 {
        let event = match deadline {
            Some(deadline) if deadline <= now => "hdel",
            Some(_) => "hexpire",
            None => "hpersist",
        };
        cx.notify(EventClass::Hash, event, key);
    }
    Ok(())
}

fn hsetex(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (expiry, overwrite, rest) = Expiry::parse_hsetex(cx, args)?;
    let (key, now, limits) = (&args[1], cx.now(), cx.limits());
    let hash: Option<&Hash> = cx.peek_collection(key)?;
    let is_there = |field: &[u8]| hash.is_some_and(|hash| hash.get(field).is_some());
    let mut fields = pairs(rest).map(|(field, _)| field);
    let allowed = match overwrite {
        Overwrite::Any => true,
        Overwrite::Absent => !fields.any(is_there),
        Overwrite::Present => fields.all(is_there),
    };
    match expiry {
        _ if !allowed => {}
        // Written and at once expired: only what was there before is gone.
        Expiry::At(deadline) if deadline <= now => {
            let removed = cx.change_present_collection(key, |hash: &mut Hash| {
                pairs(rest).filter(|(field, _)| hash.remove(field)).count()
            })?;
            let removed = removed.unwrap_or(0);
            cx.changed(removed);
            if removed > 0 {
                cx.notify(EventClass::Hash, "hdel", key);
            }
        }
        Expiry::Unsaid | Expiry::Keep | Expiry::Never | Expiry::At(_) => {
            cx.change_collection(key, |hash: &mut Hash| {
                hash.expect(rest.len() / 2, &limits);
                for (field, value) in pairs(rest) {
                    let deadline = match expiry {
                        Expiry::At(deadline) => Some(deadline),
                        Expiry::Keep => hash.pair(field).and_then(|pair| pair.deadline),
                        Expiry::Unsaid | Expiry::Never => None,
                    };
                    hash.set(Pair { field, value, deadline }, &limits);
                }
            })?;
            cx.changed(rest.len() / 2);
            cx.notify(EventClass::Hash, "hset", key);
            if matches!(expiry, Expiry::At(_)) {
                cx.notify(EventClass::Hash, "hexpire", key);
            }
        }
    }
    reply.integer(allowed.into());
    Ok(())
}

#[cfg(test)]
mod tests;
