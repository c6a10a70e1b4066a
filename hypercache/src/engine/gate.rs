//! Checks that come before a command runs, read from its entry in the table.

use crate::command::Command;
use crate::command::ReplyError;
use crate::command::spec::Flags;
use crate::command::spec::Run;
use crate::engine::Session;
use crate::resp::Args;
use crate::resp::Protocol;

/// Whether there is such a command and it takes so many arguments.
pub fn shape(command: &Command, args: Args<'_>) -> Result<(), ReplyError> {
    let spec = command.spec;
    if matches!(spec.run, Run::Unknown) {
        return Err(ReplyError::unknown_command(args));
    }
    if let Some(subcommand) = args.get(1).filter(|_| !spec.subcommands.is_empty()) {
        return Err(ReplyError::unknown_subcommand(&command.name, subcommand));
    }
    if spec.takes(args.len()) { Ok(()) } else { Err(ReplyError::arity(&command.name)) }
}

/// Whether a client that has subscribed may run this: in RESP2 its replies could not be told from messages.
///
/// Nor may one that monitors work on data: Redis takes it for a kind of replica.
pub fn subscriber(command: &Command, session: &Session) -> Result<(), ReplyError> {
    let flags = command.spec.flags;
    if session.monitoring.is_some() && (flags.has(Flags::READONLY) || flags.has(Flags::WRITE)) {
        return Err(ReplyError::err("Replica can't interact with the keyspace"));
    }
    if session.protocol() == Protocol::Resp3
        || !session.has_subscribed()
        || command.spec.flags.has(Flags::SUBSCRIBED)
    {
        return Ok(());
    }
    Err(ReplyError::text(format!(
        "Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
        command.lower_name()
    )))
}
