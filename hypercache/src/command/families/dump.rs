//! Commands that turn a value into bytes and back.

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
use crate::rdb::payload;
use crate::rdb::payload::Refused;
use crate::resp::Args;
use crate::resp::ReplyWriter;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::read("DUMP", 2, Group::Generic, dump).keys(Keys::ONE).doc(
        "2.6.0",
        "Returns a serialized representation of the value stored at a key, in the format of Redis.",
        "key",
        "O(N) where N is the size of the value",
    ),
    Spec::write("RESTORE", -4, Group::Generic, restore).with(Flags::DENYOOM).keys(Keys::ONE).dangerous().doc(
        "2.6.0",
        "Creates a key from the serialized representation of a value, such as DUMP and Redis make it.",
        "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
        "O(N*log(N)) where N is the size of the value",
    ),
];

const BUSY_KEY: ReplyError = ReplyError::new("BUSYKEY", "Target key name already exists.");
const WRONG_CHECKSUM: ReplyError = ReplyError::err("DUMP payload version or checksum are wrong");
const BAD_FORMAT: ReplyError = ReplyError::err("Bad data format");
const NO_TTL: ReplyError = ReplyError::err("Invalid TTL value, must be >= 0");
const NO_IDLE_TIME: ReplyError = ReplyError::err("Invalid IDLETIME value, must be >= 0");
const NO_FREQUENCY: ReplyError = ReplyError::err("Invalid FREQ value, must be >= 0 and <= 255");

/// The options of `RESTORE`.
#[derive(Debug, Default)]
struct Options {
    replaces: bool,
    absolute: bool,
    idle_seconds: Option<u64>,
    frequency: Option<u8>,
}

impl Options {
    fn parse(args: Args<'_>) -> Result<Self, ReplyError> {
        let mut options = Self::default();
        let mut cursor = Cursor::at(args, 4);
        while cursor.remaining() > 0 {
            if cursor.word("REPLACE") {
                options.replaces = true;
            } else if cursor.word("ABSTTL") {
                options.absolute = true;
            } else if cursor.remaining() > 1 && options.frequency.is_none() && cursor.word("IDLETIME") {
                let seconds = u64::try_from(cursor.integer()?);
                options.idle_seconds = Some(seconds.map_err(|_| NO_IDLE_TIME)?);
            } else if cursor.remaining() > 1 && options.idle_seconds.is_none() && cursor.word("FREQ") {
                let frequency = u8::try_from(cursor.integer()?);
                options.frequency = Some(frequency.map_err(|_| NO_FREQUENCY)?);
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(options)
    }
}

fn dump(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    match cx.read(&args[1]) {
        Some(entry) => reply.bulk(payload::of_value(entry.value())),
        None => reply.null(),
    }
    Ok(())
}

fn restore(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let options = Options::parse(args)?;
    let key = &args[1];
    if !options.replaces && cx.peek(key).is_some() {
        return Err(BUSY_KEY);
    }
    let ttl = u64::try_from(integer(&args[2])?).map_err(|_| NO_TTL)?;
    let (seed, limits) = (cx.store().keyspace().seed().0, cx.limits());
    let value = payload::value_of(&args[3], seed, &limits).map_err(|refused| match refused {
        Refused::VersionOrChecksum => WRONG_CHECKSUM,
        Refused::Malformed(_) => BAD_FORMAT,
    })?;
    let base = if options.absolute { 0 } else { cx.now() };
    let deadline = (ttl > 0).then(|| base.saturating_add(ttl).min(i64::MAX.unsigned_abs()));
    if deadline.is_some_and(|deadline| deadline <= cx.now()) {
        if cx.remove(key) {
            cx.notify(EventClass::Generic, "del", key);
        }
    } else {
        cx.put_anew(cx.store().index(), key, value, deadline);
        // As in Redis, what counts is how often the key is used or how long ago it was, never both.
        if let (Some(frequency), Some(_)) = (options.frequency, cx.frequency(key)) {
            cx.raise_frequency(key, frequency);
        } else if let (Some(seconds), None) = (options.idle_seconds, cx.frequency(key)) {
            cx.set_idle(key, seconds);
        }
        cx.notify(EventClass::Generic, "restore", key);
    }
    reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests;
