//! `XPENDING`: what was given to consumers of a group and not acknowledged.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::integer;
use crate::command::error;
use crate::command::families::stream_id;
use crate::command::families::stream_reply;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::stream::Stream;
use crate::value::stream::group;
use crate::value::stream::id::Id;

/// Its entry.
pub const COMMANDS: &[Spec] = &[Spec::read("XPENDING", -3, Group::Stream, xpending).keys(Keys::ONE).doc(
    "5.0.0",
    "Returns the information and entries from a stream consumer group's pending entries list.",
    "key group [[IDLE min-idle-time] start end count [consumer]]",
    "O(log(N)+M) where N is the number of pending entries and M the number that is looked at",
)];

/// Arguments with the least and the most that tell a range.
const RANGE_ARGUMENTS: std::ops::RangeInclusive<usize> = 6..=9;

/// Which entries are asked for.
struct Range<'a> {
    idle_min: i64,
    start: Id,
    end: Id,
    count: usize,
    consumer: Option<&'a [u8]>,
}

impl<'a> Range<'a> {
    /// None where a summary is asked for.
    fn read(args: Args<'a>) -> Result<Option<Self>, ReplyError> {
        if args.len() == 3 {
            return Ok(None);
        }
        if !RANGE_ARGUMENTS.contains(&args.len()) {
            return Err(error::SYNTAX);
        }
        let (mut idle_min, mut at) = (0, 3);
        if args[3].eq_ignore_ascii_case(b"IDLE") {
            idle_min = integer(&args[4])?;
            if args.len() < 8 {
                return Err(error::SYNTAX);
            }
            at = 5;
        }
        let count = usize::try_from(integer(&args[at + 2])?.max(0)).unwrap_or(usize::MAX);
        let (start, end) = (stream_id::start(&args[at])?, stream_id::end(&args[at + 1])?);
        Ok(Some(Self { idle_min, start, end, count, consumer: args.get(at + 3) }))
    }
}

fn xpending(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (range, now) = (Range::read(args)?, cx.now());
    let stream: Option<&Stream> = cx.read_collection(&args[1])?;
    let group = stream
        .and_then(|stream| stream.group(&args[2]))
        .ok_or_else(|| stream_reply::no_key_or_group(&args[1], &args[2], ""))?;
    match range {
        None => write_summary(group, reply),
        Some(range) => write_entries(group, &range, now, reply),
    }
    Ok(())
}

fn write_summary(group: &group::Group, reply: &mut ReplyWriter) {
    let pending = group.pending();
    reply.array(4);
    reply.count(pending.len());
    let (Some((first, _)), Some((last, _))) = (pending.first_key_value(), pending.last_key_value()) else {
        reply.null();
        reply.null();
        reply.null_array();
        return;
    };
    stream_reply::write_id(reply, *first);
    stream_reply::write_id(reply, *last);
    stream_reply::write_counted(reply, |reply| {
        let busy = group.consumers().filter(|consumer| !consumer.pending().is_empty());
        busy.map(|consumer| {
            reply.array(2);
            reply.bulk(consumer.name());
            reply.bulk(consumer.pending().len().to_string());
        })
        .count()
    });
}

fn write_entries(group: &group::Group, range: &Range<'_>, now: u64, reply: &mut ReplyWriter) {
    let consumer = range.consumer.map(|name| group.find_consumer(name));
    // A range that ends before it begins would be a mistake of the program; the client may ask for it.
    if range.start > range.end || consumer == Some(None) {
        reply.array(0);
        return;
    }
    let ids = range.start..=range.end;
    let wanted: Box<dyn Iterator<Item = Id>> = match consumer.flatten() {
        Some(consumer) => Box::new(group.consumer(consumer).pending().range(ids).copied()),
        None => Box::new(group.pending().range(ids).map(|(id, _)| *id)),
    };
    let found = wanted.filter_map(|id| Some((id, *group.pending().get(&id)?))).filter(|(_, pending)| {
        let idle = i64::try_from(now.saturating_sub(pending.delivered)).unwrap_or(i64::MAX);
        range.idle_min == 0 || idle >= range.idle_min
    });
    stream_reply::write_counted(reply, |reply| {
        let told = found.take(range.count).map(|(id, pending)| {
            reply.array(4);
            stream_reply::write_id(reply, id);
            reply.bulk(group.consumer(pending.consumer).name());
            reply.integer(i64::try_from(now.saturating_sub(pending.delivered)).unwrap_or(i64::MAX));
            reply.integer(i64::try_from(pending.deliveries).unwrap_or(i64::MAX));
        });
        told.count()
    });
}

#[cfg(test)]
mod tests;
