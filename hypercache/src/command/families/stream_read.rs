//! Commands that read several streams, alone or as a consumer of a group.

mod request;

use smallvec::SmallVec;

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::context::EventClass;
use crate::command::context::wait::Awaited;
use crate::command::families::stream_id;
use crate::command::families::stream_read::request::Request;
use crate::command::families::stream_reply;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::OwnedArgs;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::value::stream::Stream;
use crate::value::stream::consumer::ConsumerNumber;
use crate::value::stream::group;
use crate::value::stream::group::Pending;
use crate::value::stream::id::Id;
use crate::value::stream::log::Log;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::read("XREAD", -4, Group::Stream, xread)
        .keys(Keys::AfterStreams)
        .with(Flags::BLOCKING.and(Flags::MOVABLEKEYS))
        .doc(
            "5.0.0",
            "Returns messages from multiple streams with IDs greater than the ones requested. Blocks until a message is \
             available otherwise.",
            "[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]",
            "O(M) for each stream where M is the number of entries returned",
        ),
    Spec::write("XREADGROUP", -7, Group::Stream, xreadgroup)
        .keys(Keys::AfterStreams)
        .with(Flags::BLOCKING.and(Flags::MOVABLEKEYS))
        .doc(
            "5.0.0",
            "Returns new or historical messages from a stream for a consumer in a group. Blocks until a message is \
             available otherwise.",
            "GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]",
            "O(M) for each stream where M is the number of entries returned",
        ),
];

const NEW_ALONE: ReplyError = ReplyError::err(
    "The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
);

/// The `$` or `+` of `XREADGROUP`, which would never find anything.
fn meaningless(id: char) -> ReplyError {
    ReplyError::text(format!(
        "The {id} ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by \
         specifying a proper ID, or use the > ID to get new messages. The {id} ID would just return an empty result set."
    ))
}

/// Writes what was found in so many streams, each its key and its entries.
fn write_found(reply: &mut ReplyWriter, found: &ReplyWriter, streams: usize) {
    match reply.protocol() {
        Protocol::Resp2 => reply.array(streams),
        Protocol::Resp3 => reply.map(streams),
    }
    reply.append(found);
}

fn write_key(reply: &mut ReplyWriter, key: &[u8]) {
    if reply.protocol() == Protocol::Resp2 {
        reply.array(2);
    }
    reply.bulk(key);
}

fn xread(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let request = Request::read(args, false)?;
    request.refuse_script(cx, "xread")?;
    let mut after = Vec::with_capacity(request.keys.len());
    for (key, id) in request.keys.iter().zip(request.ids.iter()) {
        let log = cx.read_collection(key)?.map(Stream::log);
        after.push(match id {
            b"$" => log.map_or(Id::ZERO, Log::last_id),
            // The last entry is what comes after the ID before its own.
            b"+" => log.and_then(Log::last_present_id).and_then(Id::previous).unwrap_or(Id::ZERO),
            b">" => return Err(NEW_ALONE),
            id => stream_id::strict(id)?,
        });
    }
    let (mut found, mut streams) = (ReplyWriter::new(reply.protocol()), 0);
    // Looked up anew, as Redis does it: it counts twice, and is told of twice where it is missed.
    for (key, after) in request.keys.iter().zip(&after) {
        let Some(log) = cx.read_collection(key)?.map(Stream::log) else { continue };
        let Some(start) = after.next().filter(|start| log.last_present_id() >= Some(*start)) else {
            continue;
        };
        write_key(&mut found, key);
        stream_reply::write_entries(&mut found, log.range(start..=Id::MAX).take(request.count));
        streams += 1;
    }
    if streams > 0 {
        write_found(reply, &found, streams);
        return Ok(());
    }
    match request.wait(Awaited::Stream, since(args, request.ids, &after)) {
        Some(wait) => cx.wait(wait, reply),
        None => reply.null_array(),
    }
    Ok(())
}

/// The arguments with the IDs that `$` stood for when they were read; none where it stood nowhere. What comes while the
/// command waits is after them, and not after the `$` of then.
fn since(args: Args<'_>, ids: Args<'_>, after: &[Id]) -> Option<OwnedArgs> {
    ids.iter().find(|id| *id == b"$")?;
    let before = args.first(args.len() - ids.len()).iter().map(SmallVec::from_slice);
    let resolved = ids.iter().zip(after).map(|(id, after)| match id {
        b"$" => after.text(),
        id => SmallVec::from_slice(id),
    });
    Some(OwnedArgs::new(before.chain(resolved)))
}

/// What a consumer reads of a stream.
#[derive(Clone, Copy)]
enum Wanted {
    /// What nobody of its group has got.
    New,
    /// What it has got after this ID and not acknowledged.
    History(Id),
}

/// A consumer that reads.
struct Reader<'a> {
    consumer: ConsumerNumber,
    request: &'a Request<'a>,
    now: u64,
}

fn xreadgroup(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let request = Request::read(args, true)?;
    request.refuse_script(cx, "xreadgroup")?;
    let mut wanted = Vec::with_capacity(request.keys.len());
    for (key, id) in request.keys.iter().zip(request.ids.iter()) {
        let stream: Option<&Stream> = cx.read_collection(key)?;
        if stream.and_then(|stream| stream.group(request.group)).is_none() {
            return Err(stream_reply::no_key_or_group(
                key,
                request.group,
                " in XREADGROUP with GROUP option",
            ));
        }
        wanted.push(match id {
            b"$" => return Err(meaningless('$')),
            b"+" => return Err(meaningless('+')),
            b">" => Wanted::New,
            id => Wanted::History(stream_id::strict(id)?),
        });
    }
    let (mut found, mut streams) = (ReplyWriter::new(reply.protocol()), 0);
    for (key, wanted) in request.keys.iter().zip(wanted) {
        let (served, created) = read_as_consumer(cx, key, &request, wanted, &mut found)?;
        if created {
            cx.changed(1);
            cx.announce(EventClass::Stream, "xgroup-createconsumer", key);
        }
        if served {
            cx.changed(1);
            streams += 1;
        }
    }
    if streams > 0 {
        write_found(reply, &found, streams);
        return Ok(());
    }
    match request.wait(Awaited::Group, None) {
        Some(wait) => cx.wait(wait, reply),
        None => reply.null_array(),
    }
    Ok(())
}

/// Reads one stream, whose group is there; whether there was something to tell, and whether the consumer is new.
fn read_as_consumer(
    cx: &mut Context<'_>,
    key: &[u8],
    request: &Request<'_>,
    wanted: Wanted,
    found: &mut ReplyWriter,
) -> Result<(bool, bool), ReplyError> {
    let now = cx.now();
    let read = cx.change_present_collection(key, |stream: &mut Stream| {
        stream.change_group(request.group, |group, log| {
            let present = group.find_consumer(request.consumer);
            let consumer = present.or_else(|| group.create_consumer(request.consumer, now))?;
            group.note_seen(consumer, now);
            let reader = Reader { consumer, request, now };
            let served = match wanted {
                Wanted::New if log.last_present_id() <= Some(group.last_id()) => false,
                Wanted::New => {
                    write_key(found, key);
                    reader.deliver_new(group, log, found);
                    true
                }
                Wanted::History(after) => {
                    write_key(found, key);
                    reader.deliver_again(group, log, after, found);
                    true
                }
            };
            Some((served, present.is_none()))
        })
    })?;
    Ok(read.flatten().flatten().unwrap_or_default())
}

impl Reader<'_> {
    /// Writes what comes after the group's last ID.
    fn deliver_new(&self, group: &mut group::Group, log: &Log, reply: &mut ReplyWriter) {
        let pending = Pending { consumer: self.consumer, delivered: self.now, deliveries: 1 };
        let ids = group.last_id().next().unwrap_or(Id::MAX)..=Id::MAX;
        stream_reply::write_counted(reply, |reply| {
            let entries = log.range(ids).take(self.request.count).map(|entry| {
                let id = entry.id;
                group.note_read(id, log);
                stream_reply::write_entry(reply, entry);
                if !self.request.no_ack {
                    group.give(id, pending, self.now);
                }
            });
            entries.count()
        });
    }

    /// Writes what is pending with the consumer after an ID; of entries that are gone, the ID alone.
    fn deliver_again(&self, group: &mut group::Group, log: &Log, after: Id, reply: &mut ReplyWriter) {
        let pending = group.consumer(self.consumer).pending();
        let ids = after.next().into_iter().flat_map(|start| pending.range(start..));
        let ids: Vec<Id> = ids.take(self.request.count).copied().collect();
        reply.array(ids.len());
        for id in ids {
            match log.get(id) {
                Some(entry) => {
                    stream_reply::write_entry(reply, entry);
                    group.deliver_again(id, self.now);
                }
                None => {
                    reply.array(2);
                    stream_reply::write_id(reply, id);
                    reply.null_array();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
