//! Commands that write and read whole strings.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::args::integer;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::string::StrRef;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::read("GET", 2, Group::String, get).with(Flags::FAST).keys(Keys::ONE).doc(
        "1.0.0",
        "Returns the string value of a key.",
        "key",
        "O(1)",
    ),
    Spec::write("GETDEL", 2, Group::String, getdel).with(Flags::FAST).keys(Keys::ONE).doc(
        "6.2.0",
        "Returns the string value of a key after deleting the key.",
        "key",
        "O(1)",
    ),
    Spec::write("GETEX", -2, Group::String, getex).with(Flags::FAST).keys(Keys::ONE).doc(
        "6.2.0",
        "Returns the string value of a key after setting its expiration time.",
        "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]",
        "O(1)",
    ),
    Spec::read("GETPTTL", 2, Group::String, getpttl).with(Flags::FAST).keys(Keys::ONE).doc(
        "7.2.0",
        "Returns the string value of a key and its remaining time to live in milliseconds, in one lookup. An extension of HyperCache.",
        "key",
        "O(1)",
    ),
    Spec::write("GETSET", 3, Group::String, getset)
        .with(Flags::DENYOOM.and(Flags::FAST))
        .keys(Keys::ONE)
        .doc(
            "1.0.0",
            "Returns the previous string value of a key after setting it to a new value.",
            "key value",
            "O(1)",
        ),
    Spec::read("MGET", -2, Group::String, mget).with(Flags::FAST).keys(Keys::ALL).doc(
        "1.0.0",
        "Returns the string values of one or more keys, as one moment.",
        "key [key ...]",
        "O(N) where N is the number of keys",
    ),
    Spec::write("MSET", -3, Group::String, mset).with(Flags::DENYOOM).keys(Keys::PAIRS).doc(
        "1.0.1",
        "Sets the string values of one or more keys, as one moment.",
        "key value [key value ...]",
        "O(N) where N is the number of keys",
    ),
    Spec::write("MSETNX", -3, Group::String, msetnx).with(Flags::DENYOOM).keys(Keys::PAIRS).doc(
        "1.0.1",
        "Sets the string values of one or more keys, as one moment and only when all keys don't exist.",
        "key value [key value ...]",
        "O(N) where N is the number of keys",
    ),
    Spec::write("PSETEX", 4, Group::String, psetex).with(Flags::DENYOOM).keys(Keys::ONE).doc(
        "2.6.0",
        "Sets the string value and the expiration time in milliseconds of a key.",
        "key milliseconds value",
        "O(1)",
    ),
    Spec::write("SET", -3, Group::String, set).with(Flags::DENYOOM).keys(Keys::ONE).doc(
        "1.0.0",
        "Sets the string value of a key, ignoring its type.",
        "key value [NX | XX | IFEQ comparison-value] [GET] \
         [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
        "O(1)",
    ),
    Spec::write("SETEX", 4, Group::String, setex).with(Flags::DENYOOM).keys(Keys::ONE).doc(
        "2.0.0",
        "Sets the string value and the expiration time of a key.",
        "key seconds value",
        "O(1)",
    ),
    Spec::write("SETNX", 3, Group::String, setnx).with(Flags::DENYOOM.and(Flags::FAST)).keys(Keys::ONE).doc(
        "1.0.0",
        "Sets the string value of a key only when the key doesn't exist.",
        "key value",
        "O(1)",
    ),
];

/// When a key is to expire, as `SET` and `GETEX` are told.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Expiry<'a> {
    /// Nothing is said.
    Unsaid,
    /// `KEEPTTL`.
    Keep,
    /// `PERSIST`.
    Never,
    /// One of `EX`, `PX`, `EXAT` and `PXAT` with its number.
    At(&'static TimeOption, &'a [u8]),
}

#[derive(Debug, PartialEq)]
struct TimeOption {
    word: &'static str,
    unit_millis: i64,
    relative: bool,
}

static TIME_OPTIONS: [TimeOption; 4] = [
    TimeOption { word: "EX", unit_millis: 1000, relative: true },
    TimeOption { word: "PX", unit_millis: 1, relative: true },
    TimeOption { word: "EXAT", unit_millis: 1000, relative: false },
    TimeOption { word: "PXAT", unit_millis: 1, relative: false },
];

impl<'a> Expiry<'a> {
    /// Reads a time option, if one is next. The same one may come again and then counts; a second kind is an error.
    fn time_option(&mut self, cursor: &mut Cursor<'a>) -> Result<bool, ReplyError> {
        let Some(option) = TIME_OPTIONS.iter().find(|option| cursor.word(option.word)) else {
            return Ok(false);
        };
        let again = matches!(self, Self::At(before, _) if *before == option);
        if *self != Self::Unsaid && !again {
            return Err(error::SYNTAX);
        }
        *self = Self::At(option, cursor.required()?);
        Ok(true)
    }

    /// Reads the option that stands for `other`, if its word is next; an error where something else has been said.
    fn other_option(&mut self, cursor: &mut Cursor<'a>, word: &str, other: Self) -> Result<bool, ReplyError> {
        if !cursor.word(word) {
            return Ok(false);
        }
        if *self != Self::Unsaid && *self != other {
            return Err(error::SYNTAX);
        }
        *self = other;
        Ok(true)
    }

    /// The time that is told, if one is.
    fn deadline(self, cx: &Context<'_>, command: &str) -> Result<Option<UnixMillis>, ReplyError> {
        match self {
            Self::At(option, amount) if option.relative => {
                cx.deadline_after(integer(amount)?, option.unit_millis, command).map(Some)
            }
            Self::At(option, amount) => {
                cx.deadline_at(integer(amount)?, option.unit_millis, command).map(Some)
            }
            Self::Unsaid | Self::Keep | Self::Never => Ok(None),
        }
    }
}

/// What `SET` makes its write depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Condition<'a> {
    Always,
    Absent,
    Present,
    Equal(&'a [u8]),
}

struct SetOptions<'a> {
    condition: Condition<'a>,
    get: bool,
    expiry: Expiry<'a>,
}

impl<'a> SetOptions<'a> {
    fn parse(args: Args<'a>) -> Result<Self, ReplyError> {
        let mut options = Self { condition: Condition::Always, get: false, expiry: Expiry::Unsaid };
        let mut cursor = Cursor::at(args, 3);
        while cursor.remaining() > 0 {
            if cursor.word("GET") {
                options.get = true;
            } else if cursor.word("NX") {
                options.depend_on(Condition::Absent)?;
            } else if cursor.word("XX") {
                options.depend_on(Condition::Present)?;
            } else if cursor.word("IFEQ") {
                options.depend_on(Condition::Equal(cursor.required()?))?;
            } else if !options.expiry.other_option(&mut cursor, "KEEPTTL", Expiry::Keep)?
                && !options.expiry.time_option(&mut cursor)?
            {
                return Err(error::SYNTAX);
            }
        }
        Ok(options)
    }

    fn depend_on(&mut self, condition: Condition<'a>) -> Result<(), ReplyError> {
        if self.condition != Condition::Always && self.condition != condition {
            return Err(error::SYNTAX);
        }
        self.condition = condition;
        Ok(())
    }
}

impl Condition<'_> {
    fn holds(self, found: Option<&Entry>) -> Result<bool, ReplyError> {
        Ok(match (self, found) {
            (Self::Always, _) | (Self::Absent, None) | (Self::Present, Some(_)) => true,
            (Self::Equal(expected), Some(entry)) => {
                entry.value().as_str().ok_or(error::WRONG_TYPE)?.bytes() == expected
            }
            (Self::Absent, Some(_)) | (Self::Present | Self::Equal(_), None) => false,
        })
    }
}

/// Writes a string, or that there is none.
pub(super) fn write_string(reply: &mut ReplyWriter, string: Option<StrRef<'_>>) {
    match string {
        Some(StrRef::Int(number)) => reply.bulk_integer(number),
        Some(string) => reply.bulk(string.bytes()),
        None => reply.null(),
    }
}

fn get(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_string(reply, cx.read_string(&args[1])?);
    Ok(())
}

/// The time to live is as `PTTL` tells it: -1 for none, -2 where there is no key.
fn getpttl(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let found = cx.read_string(&args[1])?;
    reply.array(2);
    write_string(reply, found);
    let missing = found.is_none();
    let now = cx.now();
    match cx.deadline(&args[1]) {
        Some(deadline) => reply.integer(i64::try_from(deadline.saturating_sub(now)).unwrap_or(i64::MAX)),
        None => reply.integer(if missing { -2 } else { -1 }),
    }
    Ok(())
}

fn getdel(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_string(reply, cx.read_string(&args[1])?);
    if cx.remove(&args[1]) {
        cx.notify(EventClass::Generic, "del", &args[1]);
    }
    Ok(())
}

fn getex(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (mut expiry, mut cursor) = (Expiry::Unsaid, Cursor::at(args, 2));
    while cursor.remaining() > 0 {
        if !expiry.other_option(&mut cursor, "PERSIST", Expiry::Never)? && !expiry.time_option(&mut cursor)? {
            return Err(error::SYNTAX);
        }
    }
    let key = &args[1];
    if cx.read_string(key)?.is_none() {
        reply.null();
        return Ok(());
    }
    let deadline = expiry.deadline(cx, "getex")?;
    write_string(reply, cx.peek_string(key)?);
    match deadline {
        Some(deadline) if deadline <= cx.now() => {
            cx.remove(key);
            cx.notify(EventClass::Generic, "del", key);
        }
        Some(deadline) => {
            cx.set_deadline(key, Some(deadline));
            cx.notify(EventClass::Generic, "expire", key);
        }
        None if expiry == Expiry::Never && cx.deadline(key).is_some() => {
            cx.set_deadline(key, None);
            cx.notify(EventClass::Generic, "persist", key);
        }
        None => {}
    }
    Ok(())
}

fn getset(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_string(reply, cx.read_string(&args[1])?);
    write(cx, &args[1], StrRef::new(&args[2]), None);
    Ok(())
}

/// Writes `key` whole and tells it.
fn write(cx: &mut Context<'_>, key: &[u8], value: StrRef<'_>, deadline: Option<UnixMillis>) {
    cx.set(key, value, deadline);
    cx.notify(EventClass::String, "set", key);
    if deadline.is_some() {
        cx.notify(EventClass::Generic, "expire", key);
    }
}

fn mget(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    reply.array(args.len() - 1);
    for key in args.from(1).iter() {
        write_string(reply, cx.read(key).and_then(|entry| entry.value().as_str()));
    }
    Ok(())
}

fn mset(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    set_all(cx, args, "mset")?;
    reply.ok();
    Ok(())
}

fn msetnx(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let mut keys = args.from(1).iter().step_by(2);
    let free = args.len().is_multiple_of(2) || !keys.any(|key| cx.peek(key).is_some());
    if free {
        set_all(cx, args, "msetnx")?;
    }
    reply.integer(free.into());
    Ok(())
}

fn set_all(cx: &mut Context<'_>, args: Args<'_>, command: &str) -> Outcome {
    if args.len().is_multiple_of(2) {
        return Err(ReplyError::arity(command));
    }
    for index in (1..args.len()).step_by(2) {
        write(cx, &args[index], StrRef::new(&args[index + 1]), None);
    }
    Ok(())
}

fn set(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, value) = (&args[1], StrRef::new(&args[2]));
    if args.len() == 3 {
        write(cx, key, value, None);
        reply.ok();
        return Ok(());
    }
    let options = SetOptions::parse(args)?;
    let deadline = options.expiry.deadline(cx, "set")?;
    if options.get {
        write_string(reply, cx.read_string(key)?);
    }
    let found = cx.peek(key);
    let writes = options.condition.holds(found)?;
    if writes && found.is_some() && options.expiry == Expiry::Keep {
        cx.set_keeping_deadline(key, value);
        cx.notify(EventClass::String, "set", key);
    } else if writes {
        write(cx, key, value, deadline);
    }
    match (options.get, writes) {
        (true, _) => {}
        (false, true) => reply.ok(),
        (false, false) => reply.null(),
    }
    Ok(())
}

fn setex(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    set_expiring(cx, args, reply, 1000, "setex")
}

fn psetex(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    set_expiring(cx, args, reply, 1, "psetex")
}

fn set_expiring(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    unit_millis: i64,
    command: &str,
) -> Outcome {
    let deadline = cx.deadline_after(integer(&args[2])?, unit_millis, command)?;
    write(cx, &args[1], StrRef::new(&args[3]), Some(deadline));
    reply.ok();
    Ok(())
}

fn setnx(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let free = cx.peek(&args[1]).is_none();
    if free {
        write(cx, &args[1], StrRef::new(&args[2]), None);
    }
    reply.integer(free.into());
    Ok(())
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
