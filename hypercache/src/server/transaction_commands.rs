//! Commands that make a transaction; `EXEC` itself is with the dispatcher, which runs what was queued.

use std::sync::Arc;

use crate::command::Command;
use crate::command::ReplyError;
use crate::command::spec::Flags;
use crate::command::spec::Run;
use crate::command::spec::SessionCommand;
use crate::engine::Call;
use crate::engine::Engine;
use crate::engine::Execution;
use crate::engine::Session;
use crate::engine::transaction::Transaction;
use crate::engine::transaction::WatchList;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::store::Registry;
use crate::store::events::Listener;

/// Commands that one transaction may queue; far more than anybody means to.
const QUEUED_MAX: usize = 1 << 20;

/// Whether a command inside of `MULTI` runs at once instead of being queued.
pub fn runs_at_once(command: &Command) -> bool {
    use SessionCommand::{Discard, Exec, Multi, Quit, Reset, Watch};
    matches!(command.spec.run, Run::Session(Discard | Exec | Multi | Quit | Reset | Watch))
}

/// Queues a command for `EXEC`, as long as what is queued measures no more than `bytes_max`.
pub fn queue(
    call: &Call<'_>,
    session: &mut Session,
    engine: &Engine,
    bytes_max: usize,
    reply: &mut ReplyWriter,
) -> Result<Execution, ReplyError> {
    let (queued, bytes) = session.transaction.as_ref().map_or((0, 0), |all| (all.queued.len(), all.bytes));
    let room = if call.command.spec.flags.has(Flags::NO_MULTI) {
        Err(ReplyError::err("Command not allowed inside a transaction"))
    } else if queued >= QUEUED_MAX {
        Err(ReplyError::err("too many commands in one transaction"))
    } else if bytes + Transaction::measure(call.args) > bytes_max {
        Err(ReplyError::err("too many bytes in one transaction"))
    } else {
        engine.room(call, session)
    };
    if room.is_err() {
        session.spoil_transaction();
    }
    let effects = room?;
    if let Some(transaction) = &mut session.transaction {
        transaction.push(call.command, call.args);
    }
    note(session);
    reply.simple("QUEUED");
    Ok(Execution { queued: true, effects, ..Execution::default() })
}

/// `MULTI`.
pub fn multi(session: &mut Session, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    if session.transaction.is_some() {
        return Err(ReplyError::err("MULTI calls can not be nested"));
    }
    session.transaction = Some(Transaction::default());
    note(session);
    reply.ok();
    Ok(())
}

/// `DISCARD`.
pub fn discard(session: &mut Session, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    if session.transaction.is_none() {
        return Err(ReplyError::err("DISCARD without MULTI"));
    }
    session.end_transaction();
    reply.ok();
    Ok(())
}

/// `WATCH`.
pub fn watch(
    args: Args<'_>,
    session: &mut Session,
    registry: &Arc<Registry>,
    listener: &dyn Listener,
    reply: &mut ReplyWriter,
) -> Result<(), ReplyError> {
    if session.transaction.is_some() {
        return Err(ReplyError::err("WATCH inside MULTI is not allowed"));
    }
    let (store, now) = (session.selected(), session.now());
    let watched = session.watched.get_or_insert_with(|| WatchList::new(Arc::clone(registry)));
    args.from(1).iter().try_for_each(|key| watched.add(store, key, now, listener))?;
    note(session);
    reply.ok();
    Ok(())
}

/// `UNWATCH`.
pub fn unwatch(session: &mut Session, reply: &mut ReplyWriter) {
    session.watched = None;
    note(session);
    reply.ok();
}

fn note(session: &Session) {
    let queued = session.transaction.as_ref().map(|transaction| transaction.queued.len());
    let bytes = session.transaction.as_ref().map_or(0, |transaction| transaction.bytes);
    session.client.note_queued(bytes);
    session.client.note_transaction(queued, session.watched.as_ref().map_or(0, WatchList::len));
}
