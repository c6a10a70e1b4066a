//! Commands on the time keys have to live.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::args::integer;
use crate::command::context::EventClass;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Handler;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::keyspace::entry::UnixMillis;
use crate::resp::Args;
use crate::resp::ReplyWriter;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    setter("EXPIRE", -3, expire).doc(
        "1.0.0",
        "Sets the expiration time of a key in seconds.",
        "key seconds [NX | XX | GT | LT]",
        "O(1)",
    ),
    setter("EXPIREAT", -3, expireat).doc(
        "1.2.0",
        "Sets the expiration time of a key to a Unix timestamp.",
        "key unix-time-seconds [NX | XX | GT | LT]",
        "O(1)",
    ),
    getter("EXPIRETIME", expiretime).doc(
        "7.0.0",
        "Returns the expiration time of a key as a Unix timestamp.",
        "key",
        "O(1)",
    ),
    setter("PERSIST", 2, persist).doc("2.2.0", "Removes the expiration time of a key.", "key", "O(1)"),
    setter("PEXPIRE", -3, pexpire).doc(
        "2.6.0",
        "Sets the expiration time of a key in milliseconds.",
        "key milliseconds [NX | XX | GT | LT]",
        "O(1)",
    ),
    setter("PEXPIREAT", -3, pexpireat).doc(
        "2.6.0",
        "Sets the expiration time of a key to a Unix milliseconds timestamp.",
        "key unix-time-milliseconds [NX | XX | GT | LT]",
        "O(1)",
    ),
    getter("PEXPIRETIME", pexpiretime).doc(
        "7.0.0",
        "Returns the expiration time of a key as a Unix milliseconds timestamp.",
        "key",
        "O(1)",
    ),
    getter("PTTL", pttl).doc("2.6.0", "Returns the expiration time in milliseconds of a key.", "key", "O(1)"),
    getter("TTL", ttl).doc("1.0.0", "Returns the expiration time in seconds of a key.", "key", "O(1)"),
];

const fn setter(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::write(name, arity, Group::Generic, handler).with(Flags::FAST).keys(Keys::ONE)
}

const fn getter(name: &'static str, handler: Handler) -> Spec {
    Spec::read(name, 2, Group::Generic, handler).with(Flags::FAST).keys(Keys::ONE)
}

/// What `EXPIRE` and the like make the new deadline depend on.
#[derive(Default)]
struct Conditions {
    only_without: bool,
    only_with: bool,
    only_later: bool,
    only_earlier: bool,
}

impl Conditions {
    fn parse(args: Args<'_>) -> Result<Self, ReplyError> {
        let mut conditions = Self::default();
        let mut cursor = Cursor::at(args, 3);
        while cursor.remaining() > 0 {
            if cursor.word("NX") {
                conditions.only_without = true;
            } else if cursor.word("XX") {
                conditions.only_with = true;
            } else if cursor.word("GT") {
                conditions.only_later = true;
            } else if cursor.word("LT") {
                conditions.only_earlier = true;
            } else {
                let option = cursor.required()?;
                return Err(ReplyError::text(format!(
                    "Unsupported option {}",
                    String::from_utf8_lossy(option)
                )));
            }
        }
        let Self { only_without, only_with, only_later, only_earlier } = conditions;
        if only_without && (only_with || only_later || only_earlier) {
            return Err(ReplyError::err("NX and XX, GT or LT options at the same time are not compatible"));
        }
        if only_later && only_earlier {
            return Err(ReplyError::err("GT and LT options at the same time are not compatible"));
        }
        Ok(conditions)
    }

    /// Whether `new` may take the place of `old`; no deadline counts as the latest.
    fn hold(&self, old: Option<UnixMillis>, new: i64) -> bool {
        let refused = match old.map(UnixMillis::cast_signed) {
            None => self.only_with || self.only_later,
            Some(old) => {
                self.only_without || (self.only_later && new <= old) || (self.only_earlier && new >= old)
            }
        };
        !refused
    }
}

fn expire(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let now = cx.now().cast_signed();
    set_deadline(cx, args, reply, now, 1000, "expire")
}

fn pexpire(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let now = cx.now().cast_signed();
    set_deadline(cx, args, reply, now, 1, "pexpire")
}

fn expireat(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    set_deadline(cx, args, reply, 0, 1000, "expireat")
}

fn pexpireat(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    set_deadline(cx, args, reply, 0, 1, "pexpireat")
}

fn set_deadline(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    base: i64,
    unit_millis: i64,
    command: &str,
) -> Outcome {
    let conditions = Conditions::parse(args)?;
    let (key, amount) = (&args[1], integer(&args[2])?);
    let deadline = amount.checked_mul(unit_millis).and_then(|millis| millis.checked_add(base));
    let deadline = deadline.ok_or_else(|| ReplyError::invalid_expire(command))?;
    let allowed = cx.peek(key).is_some() && conditions.hold(cx.deadline(key), deadline);
    if allowed {
        match u64::try_from(deadline) {
            Ok(deadline) if deadline > cx.now() => {
                cx.set_deadline(key, Some(deadline));
                cx.notify(EventClass::Generic, "expire", key);
            }
            _ => {
                cx.remove(key);
                cx.notify(EventClass::Generic, "del", key);
            }
        }
    }
    reply.integer(allowed.into());
    Ok(())
}

fn persist(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let expires = cx.peek(&args[1]).is_some() && cx.deadline(&args[1]).is_some();
    if expires {
        cx.set_deadline(&args[1], None);
        cx.notify(EventClass::Generic, "persist", &args[1]);
    }
    reply.integer(expires.into());
    Ok(())
}

fn ttl(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let now = cx.now();
    tell_deadline(cx, args, reply, |deadline| (deadline - now + 500) / 1000)
}

fn pttl(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let now = cx.now();
    tell_deadline(cx, args, reply, |deadline| deadline - now)
}

fn expiretime(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    tell_deadline(cx, args, reply, |deadline| (deadline + 500) / 1000)
}

fn pexpiretime(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    tell_deadline(cx, args, reply, |deadline| deadline)
}

/// Tells `part` of a key's deadline, -1 where it has none and -2 where there is no such key.
fn tell_deadline(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    part: impl Fn(UnixMillis) -> UnixMillis,
) -> Outcome {
    let found = cx.inspect(&args[1]).is_some();
    reply.integer(match cx.deadline(&args[1]) {
        Some(deadline) => part(deadline).cast_signed(),
        None if found => -1,
        None => -2,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    #[test]
    fn deadlines_are_set_told_and_removed() {
        let mut bench = Bench::at(1_000_000);
        bench.table(&[
            ("SET a 1", "+OK"),
            ("TTL a", ":-1"),
            ("TTL none", ":-2"),
            ("PTTL none", ":-2"),
            ("EXPIRETIME a", ":-1"),
            ("EXPIRE a 10", ":1"),
            ("EXPIRE none 10", ":0"),
            ("PTTL a", ":10000"),
            ("EXPIRETIME a", ":1010"),
            ("PEXPIRETIME a", ":1010000"),
            ("PEXPIRE a 1499", ":1"),
            ("TTL a", ":1"),
            ("PEXPIREAT a 1001500", ":1"),
            ("TTL a", ":2"),
            ("EXPIREAT a 2000", ":1"),
            ("TTL a", ":1000"),
            ("PERSIST a", ":1"),
            ("PERSIST a", ":0"),
            ("PERSIST none", ":0"),
            ("EXPIRE a 1", ":1"),
        ]);
        bench.advance(999);
        bench.table(&[("PTTL a", ":1")]);
        bench.advance(1);
        bench.table(&[("GET a", "$-1"), ("TTL a", ":-2")]);
    }

    #[test]
    fn a_time_that_has_come_deletes_the_key() {
        let mut bench = Bench::at(1_000_000);
        for line in ["EXPIRE a 0", "EXPIRE a -1", "PEXPIREAT a 1000000", "EXPIREAT a 0", "EXPIREAT a -9"] {
            bench.table(&[("SET a 1", "+OK"), (line, ":1"), ("EXISTS a", ":0"), ("DBSIZE", ":0")]);
        }
    }

    #[test]
    fn conditions_and_limits_hold() {
        Bench::at(1_000_000).table(&[
            ("SET a 1", "+OK"),
            ("EXPIRE a 10 XX", ":0"),
            ("EXPIRE a 10 GT", ":0"),
            ("EXPIRE a 10 LT", ":1"),
            ("EXPIRE a 20 NX", ":0"),
            ("EXPIRE a 20 LT", ":0"),
            ("EXPIRE a 20 GT", ":1"),
            ("EXPIRE a 20 GT", ":0"),
            ("EXPIRE a 5 XX LT", ":1"),
            ("TTL a", ":5"),
            ("PERSIST a", ":1"),
            ("EXPIRE a 7 NX", ":1"),
            ("EXPIRE a 1 NX XX", "-ERR NX and XX, GT or LT options at the same time are not compatible"),
            ("EXPIRE a 1 GT LT", "-ERR GT and LT options at the same time are not compatible"),
            ("EXPIRE a 1 maybe", "-ERR Unsupported option maybe"),
            ("EXPIRE a x", "-ERR value is not an integer or out of range"),
            ("EXPIRE a 9223372036854775807", "-ERR invalid expire time in 'expire' command"),
            ("PEXPIRE a 9223372036854775807", "-ERR invalid expire time in 'pexpire' command"),
            ("EXPIREAT a -9223372036854775807", "-ERR invalid expire time in 'expireat' command"),
            ("PEXPIREAT a 9223372036854775807", ":1"),
            ("TTL a", ":9223372036853776"),
        ]);
    }
}
