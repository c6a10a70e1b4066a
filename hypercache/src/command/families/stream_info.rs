//! `XINFO`: what is known of a stream, its groups and their consumers.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::integer;
use crate::command::error;
use crate::command::families::stream_reply;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::stream::Stream;
use crate::value::stream::consumer::Consumer;
use crate::value::stream::group;
use crate::value::stream::log::Log;

/// Their entries.
pub const COMMANDS: &[Spec] = &[Spec::container("XINFO", Group::Stream, XINFO).doc(
    "5.0.0",
    "A container for stream introspection commands.",
    "",
    "Depends on subcommand.",
)];

const XINFO_KEY: Keys = Keys::Range { first: 2, last: 2, step: 1 };

const XINFO: &[Spec] = &[
    Spec::read("CONSUMERS", 4, Group::Stream, consumers).keys(XINFO_KEY).doc(
        "5.0.0",
        "Returns a list of the consumers in a consumer group.",
        "key group",
        "O(N) where N is the number of consumers",
    ),
    Spec::read("GROUPS", 3, Group::Stream, groups).keys(XINFO_KEY).doc(
        "5.0.0",
        "Returns a list of the consumer groups of a stream.",
        "key",
        "O(N) where N is the number of groups",
    ),
    Spec { flags: Flags::LOADING.and(Flags::STALE), ..Spec::read("HELP", 2, Group::Stream, help) }.doc(
        "5.0.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    Spec::read("STREAM", -3, Group::Stream, stream).keys(XINFO_KEY).doc(
        "5.0.0",
        "Returns information about a stream.",
        "key [FULL [COUNT count]]",
        "O(1), with FULL O(N) where N is the number of entries and of pending entries told",
    ),
];

const HELP: [&str; 7] = [
    "XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CONSUMERS <key> <groupname>",
    "    Show consumers of <groupname>.",
    "GROUPS <key>",
    "    Show the stream consumer groups.",
    "STREAM <key> [FULL [COUNT <count>]",
    "    Show information about the stream.",
];

/// Entries of each kind that `FULL` tells where nothing is said of it.
const FULL_COUNT: usize = 10;

fn read<'c>(cx: &'c mut Context<'_>, key: &[u8]) -> Result<&'c Stream, ReplyError> {
    cx.read_collection(key)?.ok_or(error::NO_SUCH_KEY)
}

/// Milliseconds since the Unix epoch, -1 for never.
fn time(time: Option<u64>) -> i64 {
    time.map_or(-1, |time| i64::try_from(time).unwrap_or(i64::MAX))
}

fn consumers(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, name, now) = (&args[2], &args[3], cx.now());
    let group = read(cx, key)?.group(name).ok_or_else(|| stream_reply::no_group(key, name))?;
    reply.array(group.consumers_len());
    for consumer in group.consumers() {
        reply.map(4);
        reply.bulk("name");
        reply.bulk(consumer.name());
        reply.bulk("pending");
        reply.count(consumer.pending().len());
        reply.bulk("idle");
        reply.integer(time(Some(now.saturating_sub(consumer.seen))));
        reply.bulk("inactive");
        reply.integer(time(consumer.active.map(|active| now.saturating_sub(active))));
    }
    Ok(())
}

fn groups(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let stream = read(cx, &args[2])?;
    reply.array(stream.groups().len());
    for (name, group) in stream.groups() {
        reply.map(6);
        reply.bulk("name");
        reply.bulk(name);
        reply.bulk("consumers");
        reply.count(group.consumers_len());
        reply.bulk("pending");
        reply.count(group.pending().len());
        write_position(reply, group, stream.log());
    }
    Ok(())
}

/// Writes how far a group has read: three pairs.
fn write_position(reply: &mut ReplyWriter, group: &group::Group, log: &Log) {
    reply.bulk("last-delivered-id");
    stream_reply::write_id(reply, group.last_id());
    reply.bulk("entries-read");
    write_known(reply, group.entries_read());
    reply.bulk("lag");
    write_known(reply, group.lag(log));
}

/// Writes a number, or that it is not known.
fn write_known(reply: &mut ReplyWriter, number: Option<i64>) {
    match number {
        Some(number) => reply.integer(number),
        None => reply.null(),
    }
}

fn help(_: &mut Context<'_>, _: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    stream_reply::write_help(reply, &HELP);
    Ok(())
}

/// Of how many entries `FULL` is to tell; none where it is not asked for.
fn full(args: Args<'_>) -> Result<Option<usize>, ReplyError> {
    let is = |at: usize, word: &str| args[at].eq_ignore_ascii_case(word.as_bytes());
    match args.len() {
        3 => Ok(None),
        4 if is(3, "FULL") => Ok(Some(FULL_COUNT)),
        6 if is(3, "FULL") && is(4, "COUNT") => match integer(&args[5])? {
            ..0 => Ok(Some(FULL_COUNT)),
            count => Ok(Some(stream_reply::limit(count))),
        },
        _ => Err(ReplyError::misused_subcommand(args)),
    }
}

fn stream(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let stream = read(cx, &args[2])?;
    let (log, full) = (stream.log(), full(args)?);
    reply.map(if full.is_some() { 9 } else { 10 });
    reply.bulk("length");
    reply.count(log.len());
    // Redis has a tree of blocks; here it is a list of them, as if it were a tree with its blocks at the root.
    reply.bulk("radix-tree-keys");
    reply.count(log.blocks());
    reply.bulk("radix-tree-nodes");
    reply.count(log.blocks() + 1);
    reply.bulk("last-generated-id");
    stream_reply::write_id(reply, log.last_id());
    reply.bulk("max-deleted-entry-id");
    stream_reply::write_id(reply, log.greatest_deleted_id());
    reply.bulk("entries-added");
    reply.integer(log.added());
    reply.bulk("recorded-first-entry-id");
    stream_reply::write_id(reply, log.first_id());
    let Some(count) = full else {
        reply.bulk("groups");
        reply.count(stream.groups().len());
        let mut entries = log.iter();
        let ends = [("first-entry", log.iter().next()), ("last-entry", entries.next_back())];
        for (name, entry) in ends {
            reply.bulk(name);
            match entry {
                Some(entry) => stream_reply::write_entry(reply, entry),
                None => reply.null(),
            }
        }
        return Ok(());
    };
    reply.bulk("entries");
    stream_reply::write_entries(reply, log.iter().take(count));
    reply.bulk("groups");
    reply.array(stream.groups().len());
    stream.groups().for_each(|(name, group)| write_group(reply, name, group, log, count));
    Ok(())
}

/// Writes a group whole, its pending entries up to so many.
fn write_group(reply: &mut ReplyWriter, name: &[u8], group: &group::Group, log: &Log, count: usize) {
    reply.map(7);
    reply.bulk("name");
    reply.bulk(name);
    write_position(reply, group, log);
    reply.bulk("pel-count");
    reply.count(group.pending().len());
    reply.bulk("pending");
    reply.array(group.pending().len().min(count));
    for (id, pending) in group.pending().iter().take(count) {
        reply.array(4);
        stream_reply::write_id(reply, *id);
        reply.bulk(group.consumer(pending.consumer).name());
        write_delivery(reply, *pending);
    }
    reply.bulk("consumers");
    reply.array(group.consumers_len());
    group.consumers().for_each(|consumer| write_consumer(reply, consumer, group, count));
}

fn write_consumer(reply: &mut ReplyWriter, consumer: &Consumer, group: &group::Group, count: usize) {
    reply.map(5);
    reply.bulk("name");
    reply.bulk(consumer.name());
    reply.bulk("seen-time");
    reply.integer(time(Some(consumer.seen)));
    reply.bulk("active-time");
    reply.integer(time(consumer.active));
    reply.bulk("pel-count");
    reply.count(consumer.pending().len());
    reply.bulk("pending");
    stream_reply::write_counted(reply, |reply| {
        let ids = consumer.pending().iter().take(count);
        let told = ids.filter_map(|id| Some((id, group.pending().get(id)?))).map(|(id, pending)| {
            reply.array(3);
            stream_reply::write_id(reply, *id);
            write_delivery(reply, *pending);
        });
        told.count()
    });
}

/// Writes when an entry was delivered and how often: two numbers.
fn write_delivery(reply: &mut ReplyWriter, pending: group::Pending) {
    reply.integer(time(Some(pending.delivered)));
    reply.integer(i64::try_from(pending.deliveries).unwrap_or(i64::MAX));
}

#[cfg(test)]
mod tests;
