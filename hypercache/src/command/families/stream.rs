//! Commands on the entries of a stream, reading several streams aside.

mod options;

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::args::integer;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::families::hash::pairs;
use crate::command::families::stream::options::AddOptions;
use crate::command::families::stream::options::trim_options;
use crate::command::families::stream_id;
use crate::command::families::stream_id::NewId;
use crate::command::families::stream_reply;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::stream::Stream;
use crate::value::stream::id::Id;
use crate::value::stream::log::BLOCK_BYTES_MAX;
use crate::value::stream::log::Log;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::write("XADD", -5, Group::Stream, xadd)
        .keys(Keys::ONE)
        .with(Flags::DENYOOM.and(Flags::FAST))
        .doc(
            "5.0.0",
            "Appends a new message to a stream. Creates the key if it doesn't exist.",
            "key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]",
            "O(1) when adding a new entry, O(N) when trimming where N is the number of entries evicted",
        ),
    Spec::write("XDEL", -3, Group::Stream, xdel).keys(Keys::ONE).with(Flags::FAST).doc(
        "5.0.0",
        "Returns the number of messages after removing them from a stream.",
        "key id [id ...]",
        "O(log(N)) for each entry where N is the number of entries in the stream",
    ),
    Spec::read("XLEN", 2, Group::Stream, xlen).keys(Keys::ONE).with(Flags::FAST).doc(
        "5.0.0",
        "Returns the number of messages in a stream.",
        "key",
        "O(1)",
    ),
    Spec::read("XRANGE", -4, Group::Stream, xrange).keys(Keys::ONE).doc(
        "5.0.0",
        "Returns the messages from a stream within a range of IDs.",
        "key start end [COUNT count]",
        RANGE_TIME,
    ),
    Spec::read("XREVRANGE", -4, Group::Stream, xrevrange).keys(Keys::ONE).doc(
        "5.0.0",
        "Returns the messages from a stream within a range of IDs in reverse order.",
        "key end start [COUNT count]",
        RANGE_TIME,
    ),
    Spec::write("XSETID", -3, Group::Stream, xsetid)
        .keys(Keys::ONE)
        .with(Flags::DENYOOM.and(Flags::FAST))
        .doc(
            "5.0.0",
            "An internal command for replicating stream values.",
            "key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]",
            "O(1)",
        ),
    Spec::write("XTRIM", -4, Group::Stream, xtrim).keys(Keys::ONE).doc(
        "5.0.0",
        "Deletes messages from the beginning of a stream.",
        "key <MAXLEN | MINID> [= | ~] threshold [LIMIT count]",
        "O(N) where N is the number of evicted entries",
    ),
];

const RANGE_TIME: &str =
    "O(log(N)+M) where N is the number of entries in the stream and M the number of entries returned";

const NOT_ABOVE_ZERO: ReplyError = ReplyError::err("The ID specified in XADD must be greater than 0-0");
const EXHAUSTED: ReplyError =
    ReplyError::err("The stream has exhausted the last possible ID, unable to add more items");
const NOT_ABOVE_LAST: ReplyError =
    ReplyError::err("The ID specified in XADD is equal or smaller than the target stream top item");
const TOO_LARGE: ReplyError = ReplyError::err("Elements are too large to be stored");

fn xadd(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, limits) = (&args[1], cx.limits());
    let options = AddOptions::read(args, &limits)?;
    let fields = args.from(options.fields_at);
    if fields.is_empty() || !fields.len().is_multiple_of(2) {
        return Err(ReplyError::arity("xadd"));
    }
    if options.id == NewId::Given(Id::ZERO) {
        return Err(NOT_ABOVE_ZERO);
    }
    let last = match cx.peek_collection(key)?.map(|stream: &Stream| stream.log().last_id()) {
        None if options.only_present => {
            reply.null();
            return Ok(());
        }
        last => last.unwrap_or(Id::ZERO),
    };
    let id = new_id(options.id, last, cx.now())?;
    if fields.bytes() > BLOCK_BYTES_MAX {
        return Err(TOO_LARGE);
    }
    let trimmed = cx.change_collection(key, |stream: &mut Stream| {
        let log = stream.log_mut();
        log.append(id, pairs(fields), &limits);
        options.trim.map_or(0, |trim| log.trim(&trim))
    })?;
    cx.changed(1);
    cx.notify(EventClass::Stream, "xadd", key);
    if trimmed > 0 {
        cx.notify(EventClass::Stream, "xtrim", key);
    }
    stream_reply::write_id(reply, id);
    Ok(())
}

/// The ID of an entry that is added after `last`.
fn new_id(wanted: NewId, last: Id, now: u64) -> Result<Id, ReplyError> {
    let next = last.next().ok_or(EXHAUSTED)?;
    let id = match wanted {
        NewId::Auto if now > last.ms => Id { ms: now, seq: 0 },
        NewId::Auto => next,
        // After the last one of these milliseconds the next one would be of others.
        NewId::Within(ms) if ms == last.ms && next.ms == ms => next,
        NewId::Within(ms) => Id { ms, seq: 0 },
        NewId::Given(id) => id,
    };
    if id > last { Ok(id) } else { Err(NOT_ABOVE_LAST) }
}

fn xdel(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let key = &args[1];
    if cx.peek_collection::<Stream>(key)?.is_none() {
        reply.integer(0);
        return Ok(());
    }
    let ids = args.from(2).iter().map(stream_id::strict).collect::<Result<Vec<_>, _>>()?;
    let removed = cx.change_present_collection(key, |stream: &mut Stream| {
        ids.into_iter().filter(|id| stream.log_mut().remove(*id)).count()
    })?;
    let removed = removed.unwrap_or(0);
    if removed > 0 {
        cx.changed(removed);
        cx.notify(EventClass::Stream, "xdel", key);
    }
    reply.count(removed);
    Ok(())
}

fn xlen(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let stream: Option<&Stream> = cx.read_collection(&args[1])?;
    reply.count(stream.map_or(0, |stream| stream.log().len()));
    Ok(())
}

fn xrange(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_range(cx, args, reply, false)
}

fn xrevrange(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_range(cx, args, reply, true)
}

fn write_range(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter, reverse: bool) -> Outcome {
    let (start, end) = if reverse { (&args[3], &args[2]) } else { (&args[2], &args[3]) };
    let (start, end) = (stream_id::start(start)?, stream_id::end(end)?);
    let (mut cursor, mut count) = (Cursor::at(args, 4), usize::MAX);
    while cursor.remaining() > 0 {
        if !cursor.word("COUNT") {
            return Err(error::SYNTAX);
        }
        count = usize::try_from(cursor.integer()?.max(0)).unwrap_or(usize::MAX);
    }
    let Some(stream) = cx.read_collection::<Stream>(&args[1])? else {
        reply.array(0);
        return Ok(());
    };
    if count == 0 {
        reply.null_array();
        return Ok(());
    }
    let entries = stream.log().range(start..=end);
    if reverse {
        stream_reply::write_entries(reply, entries.rev().take(count));
    } else {
        stream_reply::write_entries(reply, entries.take(count));
    }
    Ok(())
}

/// What `XSETID` is to set.
struct SetId {
    last: Id,
    added: Option<i64>,
    greatest_deleted: Id,
}

impl SetId {
    fn read(args: Args<'_>) -> Result<Self, ReplyError> {
        let last = stream_id::strict(&args[2])?;
        let (mut added, mut greatest_deleted) = (None, Id::ZERO);
        let mut cursor = Cursor::at(args, 3);
        while cursor.remaining() > 0 {
            if cursor.remaining() > 1 && cursor.word("ENTRIESADDED") {
                added = Some(integer(cursor.required()?)?);
                if added < Some(0) {
                    return Err(ReplyError::err("entries_added must be positive"));
                }
            } else if cursor.remaining() > 1 && cursor.word("MAXDELETEDID") {
                greatest_deleted = stream_id::strict(cursor.required()?)?;
                if last < greatest_deleted {
                    return Err(ReplyError::err(
                        "The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
                    ));
                }
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(Self { last, added, greatest_deleted })
    }

    fn check(&self, log: &Log) -> Result<(), ReplyError> {
        if self.last < log.greatest_deleted_id() {
            return Err(ReplyError::err(
                "The ID specified in XSETID is smaller than current max_deleted_entry_id",
            ));
        }
        if log.last_present_id().is_some_and(|present| self.last < present) {
            return Err(ReplyError::err(
                "The ID specified in XSETID is smaller than the target stream top item",
            ));
        }
        let len = i64::try_from(log.len()).unwrap_or(i64::MAX);
        if self.added.is_some_and(|added| added < len) {
            return Err(ReplyError::err(
                "The entries_added specified in XSETID is smaller than the target stream length",
            ));
        }
        Ok(())
    }

    fn apply(&self, log: &mut Log) {
        log.set_last_id(self.last);
        if let Some(added) = self.added {
            log.set_added(added);
        }
        if self.greatest_deleted != Id::ZERO {
            log.set_greatest_deleted_id(self.greatest_deleted);
        }
    }
}

fn xsetid(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, wanted) = (&args[1], SetId::read(args)?);
    let stream: &Stream = cx.peek_collection(key)?.ok_or(error::NO_SUCH_KEY)?;
    wanted.check(stream.log())?;
    cx.change_present_collection(key, |stream: &mut Stream| wanted.apply(stream.log_mut()))?;
    cx.changed(1);
    cx.announce(EventClass::Stream, "xsetid", key);
    reply.ok();
    Ok(())
}

fn xtrim(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, trim) = (&args[1], trim_options(args, &cx.limits())?);
    let trimmed = cx.change_present_collection(key, |stream: &mut Stream| stream.log_mut().trim(&trim))?;
    let trimmed = trimmed.unwrap_or(0);
    if trimmed > 0 {
        cx.changed(trimmed);
        cx.notify(EventClass::Stream, "xtrim", key);
    }
    reply.count(trimmed);
    Ok(())
}

#[cfg(test)]
mod tests;
