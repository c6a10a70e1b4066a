//! Commands on the consumer groups of a stream, and the acknowledgement of what they were given.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::context::EventClass;
use crate::command::families::stream_id;
use crate::command::families::stream_reply;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::stream::Stream;
use crate::value::stream::id::Id;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::write("XACK", -4, Group::Stream, xack).keys(Keys::ONE).with(Flags::FAST).doc(
        "5.0.0",
        "Returns the number of messages that were successfully acknowledged by the consumer group member of a stream.",
        "key group id [id ...]",
        "O(log(N)) for each message ID where N is the number of pending messages",
    ),
    Spec::container("XGROUP", Group::Stream, XGROUP).doc(
        "5.0.0",
        "A container for consumer groups commands.",
        "",
        "Depends on subcommand.",
    ),
];

const XGROUP_KEY: Keys = Keys::Range { first: 2, last: 2, step: 1 };

const XGROUP: &[Spec] = &[
    Spec::write("CREATE", -5, Group::Stream, create).keys(XGROUP_KEY).with(Flags::DENYOOM).doc(
        "5.0.0",
        "Creates a consumer group.",
        "key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]",
        "O(1)",
    ),
    Spec::write("CREATECONSUMER", 5, Group::Stream, create_consumer)
        .keys(XGROUP_KEY)
        .with(Flags::DENYOOM)
        .doc("6.2.0", "Creates a consumer in a consumer group.", "key group consumer", "O(1)"),
    Spec::write("DELCONSUMER", 5, Group::Stream, delete_consumer).keys(XGROUP_KEY).doc(
        "5.0.0",
        "Deletes a consumer from a consumer group.",
        "key group consumer",
        "O(M) where M is the number of messages pending with the consumer",
    ),
    Spec::write("DESTROY", 4, Group::Stream, destroy).keys(XGROUP_KEY).doc(
        "5.0.0",
        "Destroys a consumer group.",
        "key group",
        "O(M) where M is the number of messages pending with the group",
    ),
    Spec { flags: Flags::LOADING.and(Flags::STALE), ..Spec::read("HELP", 2, Group::Stream, help) }.doc(
        "5.0.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    Spec::write("SETID", -5, Group::Stream, set_id).keys(XGROUP_KEY).doc(
        "5.0.0",
        "Sets the last-delivered ID of a consumer group.",
        "key group <id | $> [ENTRIESREAD entries-read]",
        "O(1)",
    ),
];

const HELP: [&str; 15] = [
    "XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CREATE <key> <groupname> <id|$> [option]",
    "    Create a new consumer group. Options are:",
    "    * MKSTREAM",
    "      Create the empty stream if it does not exist.",
    "    * ENTRIESREAD entries_read",
    "      Set the group's entries_read counter (internal use).",
    "CREATECONSUMER <key> <groupname> <consumer>",
    "    Create a new consumer in the specified group.",
    "DELCONSUMER <key> <groupname> <consumer>",
    "    Remove the specified consumer.",
    "DESTROY <key> <groupname>",
    "    Remove the specified group.",
    "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
    "    Set the current group ID and entries_read counter.",
];

const NO_KEY: ReplyError = ReplyError::err(
    "The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to \
     create an empty stream automatically.",
);
const BUSY: ReplyError = ReplyError::new("BUSYGROUP", "Consumer Group name already exists");
const READ_BELOW_ZERO: ReplyError = ReplyError::err("value for ENTRIESREAD must be positive or -1");

/// Arguments that `XGROUP CREATE` has at the most.
const CREATE_ARGUMENTS_MAX: usize = 8;
/// Arguments that `XGROUP SETID` has at the most.
const SET_ID_ARGUMENTS_MAX: usize = 7;

/// The options of `CREATE` and `SETID`.
struct Options {
    make_stream: bool,
    read: Option<i64>,
}

impl Options {
    fn parse(args: Args<'_>, may_make: bool) -> Result<Self, ReplyError> {
        let mut cursor = Cursor::at(args, 5);
        let mut options = Self { make_stream: false, read: None };
        while cursor.remaining() > 0 {
            if may_make && cursor.word("MKSTREAM") {
                options.make_stream = true;
            } else if cursor.remaining() > 1 && cursor.word("ENTRIESREAD") {
                options.read = match cursor.integer()? {
                    -1 => None,
                    read @ 0.. => Some(read),
                    _ => return Err(READ_BELOW_ZERO),
                };
            } else {
                return Err(ReplyError::misused_subcommand(args));
            }
        }
        Ok(options)
    }
}

/// The stream of a key; an error where there is none or it has no such group.
fn with_group<'c>(cx: &'c mut Context<'_>, key: &[u8], group: &[u8]) -> Result<&'c Stream, ReplyError> {
    let stream: &Stream = cx.peek_collection(key)?.ok_or(NO_KEY)?;
    if stream.group(group).is_none() {
        return Err(stream_reply::no_group(key, group));
    }
    Ok(stream)
}

fn create(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, group, options) = (&args[2], &args[3], Options::parse(args, true)?);
    let stream: Option<&Stream> = cx.peek_collection(key)?;
    if stream.is_none() && !options.make_stream {
        return Err(NO_KEY);
    }
    if args.len() > CREATE_ARGUMENTS_MAX {
        return Err(ReplyError::misused_subcommand(args));
    }
    let id = match &args[4] {
        b"$" => stream.map_or(Id::ZERO, |stream| stream.log().last_id()),
        id => stream_id::strict(id)?,
    };
    if stream.is_some_and(|stream| stream.group(group).is_some()) {
        return Err(BUSY);
    }
    let made = stream.is_none();
    cx.change_collection(key, |stream: &mut Stream| stream.create_group(group, id, options.read))?;
    cx.changed(1);
    if made {
        cx.notify(EventClass::Stream, "xgroup-create", key);
    } else {
        cx.announce(EventClass::Stream, "xgroup-create", key);
    }
    reply.ok();
    Ok(())
}

fn set_id(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, group, options) = (&args[2], &args[3], Options::parse(args, false)?);
    let stream = with_group(cx, key, group)?;
    if args.len() > SET_ID_ARGUMENTS_MAX {
        return Err(ReplyError::misused_subcommand(args));
    }
    let id = match &args[4] {
        b"$" => stream.log().last_id(),
        id => stream_id::extended(id)?,
    };
    cx.change_present_collection(key, |stream: &mut Stream| {
        stream.change_group(group, |group, _| group.set_position(id, options.read))
    })?;
    cx.changed(1);
    cx.announce(EventClass::Stream, "xgroup-setid", key);
    reply.ok();
    Ok(())
}

fn destroy(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, group) = (&args[2], &args[3]);
    let stream: &Stream = cx.peek_collection(key)?.ok_or(NO_KEY)?;
    let found = stream.group(group).is_some();
    if found {
        cx.change_present_collection(key, |stream: &mut Stream| stream.remove_group(group))?;
        cx.changed(1);
        cx.announce(EventClass::Stream, "xgroup-destroy", key);
    }
    reply.integer(found.into());
    Ok(())
}

fn create_consumer(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, group, name, now) = (&args[2], &args[3], &args[4], cx.now());
    let stream = with_group(cx, key, group)?;
    let new = stream.group(group).is_some_and(|group| group.find_consumer(name).is_none());
    if new {
        cx.change_present_collection(key, |stream: &mut Stream| {
            stream.change_group(group, |group, _| group.create_consumer(name, now))
        })?;
        cx.changed(1);
        cx.announce(EventClass::Stream, "xgroup-createconsumer", key);
    }
    reply.integer(new.into());
    Ok(())
}

fn delete_consumer(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, group, name) = (&args[2], &args[3], &args[4]);
    let stream = with_group(cx, key, group)?;
    if stream.group(group).is_none_or(|group| group.find_consumer(name).is_none()) {
        reply.integer(0);
        return Ok(());
    }
    let pending = cx.change_present_collection(key, |stream: &mut Stream| {
        stream.change_group(group, |group, _| group.remove_consumer(name))
    })?;
    cx.changed(1);
    cx.announce(EventClass::Stream, "xgroup-delconsumer", key);
    reply.count(pending.flatten().flatten().unwrap_or(0));
    Ok(())
}

fn help(_: &mut Context<'_>, _: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    stream_reply::write_help(reply, &HELP);
    Ok(())
}

fn xack(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, name) = (&args[1], &args[2]);
    let stream: Option<&Stream> = cx.read_collection(key)?;
    let Some(group) = stream.and_then(|stream| stream.group(name)) else {
        reply.integer(0);
        return Ok(());
    };
    let ids = args.from(3).iter().map(stream_id::strict).collect::<Result<Vec<_>, _>>()?;
    if ids.iter().all(|id| !group.pending().contains_key(id)) {
        reply.integer(0);
        return Ok(());
    }
    let acknowledged = cx.change_present_collection(key, |stream: &mut Stream| {
        stream.change_group(name, |group, _| ids.into_iter().filter(|id| group.acknowledge(*id)).count())
    })?;
    let acknowledged = acknowledged.flatten().unwrap_or(0);
    cx.changed(acknowledged);
    reply.count(acknowledged);
    Ok(())
}

#[cfg(test)]
mod tests;
