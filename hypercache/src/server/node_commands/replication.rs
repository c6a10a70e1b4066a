//! Commands about replicas, of a master that has none.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::context::wait::Unserved;
use crate::command::context::wait::milliseconds;
use crate::command::error;
use crate::command::spec::ReplicationCommand;
use crate::engine::Call;
use crate::engine::Execution;
use crate::engine::Flow;
use crate::engine::Session;
use crate::engine::parked::Answer;
use crate::engine::parked::Parked;
use crate::engine::parked::Waiting;
use crate::persistence::Log;
use crate::persistence::log::Sequence;
use crate::resp::Args;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::server::node_commands::NodeState;

const NOT_PROVIDED: ReplyError = ReplyError::err("replication is not provided by this build");
const INVALID_PORT: ReplyError = ReplyError::err("Invalid master port");
const NO_FAILOVER: ReplyError = ReplyError::err("No failover in progress.");
const NO_REPLICAS: ReplyError = ReplyError::err("FAILOVER requires connected replicas.");
const WRONG_TIMEOUT: ReplyError = ReplyError::err("FAILOVER timeout must be greater than 0");
const NOT_LOCAL: ReplyError = ReplyError::err("value is out of range, value must between 0 and 1");
const NEGATIVE: ReplyError = ReplyError::err("value is out of range, must be positive");
const NO_AOF: ReplyError =
    ReplyError::err("WAITAOF cannot be used when numlocal is set but appendonly is disabled.");

/// Runs `command`.
pub fn run(
    command: ReplicationCommand,
    call: &Call<'_>,
    session: &mut Session,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<Flow, ReplyError> {
    match command {
        ReplicationCommand::Failover => return Err(failover(call.args)),
        ReplicationCommand::Link => return Err(link(call.args)),
        ReplicationCommand::ReplicaOf => replica_of(call.args, reply)?,
        ReplicationCommand::Wait => return wait(call, session, reply),
        ReplicationCommand::WaitAof => return wait_aof(call, session, node, reply),
    }
    Ok(Flow::Continue)
}

/// `WAIT`: whoever asks for no replica has it at once, everybody else waits for what does not come.
fn wait(call: &Call<'_>, session: &mut Session, reply: &mut ReplyWriter) -> Result<Flow, ReplyError> {
    let mut cursor = Cursor::at(call.args, 1);
    let (replicas, timeout) = (cursor.integer()?, milliseconds(&mut cursor)?);
    Ok(wait_for(replicas > 0, timeout, Unserved::Zero, call, session, reply))
}

/// `WAITAOF`: as `WAIT`, for what lies in files.
fn wait_aof(
    call: &Call<'_>,
    session: &mut Session,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<Flow, ReplyError> {
    let mut cursor = Cursor::at(call.args, 1);
    let local = cursor.integer()?;
    if !(0..=1).contains(&local) {
        return Err(NOT_LOCAL);
    }
    let replicas = cursor.integer()?;
    if replicas < 0 {
        return Err(NEGATIVE);
    }
    let timeout = milliseconds(&mut cursor)?;
    let logs = node.registry.all().any(|store| store.persistence_mode().logs());
    let Some(log) = node.durability.log().filter(|_| logs) else {
        if local > 0 {
            return Err(NO_AOF);
        }
        return Ok(wait_for(replicas > 0, timeout, Unserved::TwoZeros, call, session, reply));
    };
    let written = session.last_logged();
    let enough = replicas == 0 && (local == 0 || log.synced() >= written);
    if enough || !may_block(session) {
        write_synced(log, written, reply);
        return Ok(Flow::Continue);
    }
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let parked = Arc::new(Parked::new(call, Some(Unserved::TwoZeros)));
    // Those who wait for replicas wait in vain, and are told at the end what is on this node's disk.
    let until = if replicas > 0 { deadline } else { None };
    if replicas == 0 || until.is_some() {
        tokio::spawn(answer_when_synced(
            Arc::clone(log),
            Arc::clone(&parked),
            written,
            until,
            session.protocol(),
        ));
    }
    let own = if until.is_some() { None } else { deadline };
    session.park(Waiting::new(parked, own, None));
    Ok(Flow::Wait)
}

/// Answers `WAITAOF` when what its client has written is on disk; where there is a time, not before it, and then however
/// that is.
async fn answer_when_synced(
    log: Arc<Log>,
    parked: Arc<Parked>,
    written: Sequence,
    until: Option<Instant>,
    protocol: Protocol,
) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => {
            if let Err(failure) = log.until_synced(written).await {
                let text = format!("Errors writing to the AOF file: {failure}");
                parked.refuse(&ReplyError { prefix: "MISCONF", text: text.into() });
                return;
            }
        }
    }
    parked.answer_if(|| {
        let mut reply = ReplyWriter::new(protocol);
        write_synced(&log, written, &mut reply);
        let result = Ok(Execution::default());
        Some(Answer::Ran { reply: reply.take(), result, took: Duration::ZERO, logged: None })
    });
}

/// Whether what was written is on this node's disk, and on how many replicas'.
fn write_synced(log: &Log, written: Sequence, reply: &mut ReplyWriter) {
    reply.array(2);
    reply.integer(i64::from(log.synced() >= written));
    reply.integer(0);
}

fn may_block(session: &Session) -> bool {
    session.may_wait() && !session.in_transaction && !session.in_script
}

/// Lets the client wait where it wants more than there is and may; else answers what there is.
fn wait_for(
    more: bool,
    timeout: Option<Duration>,
    unserved: Unserved,
    call: &Call<'_>,
    session: &mut Session,
    reply: &mut ReplyWriter,
) -> Flow {
    if !more || !may_block(session) {
        unserved.write(reply);
        return Flow::Continue;
    }
    // One that the clock cannot tell is as good as none.
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    session.park(Waiting::new(Arc::new(Parked::new(call, Some(unserved))), deadline, None));
    Flow::Wait
}

/// `REPLICAOF` and `SLAVEOF`: a master may be told to be one.
fn replica_of(args: Args<'_>, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    if args[1].eq_ignore_ascii_case(b"NO") && args[2].eq_ignore_ascii_case(b"ONE") {
        reply.ok();
        return Ok(());
    }
    let port = Cursor::at(args, 2).integer().map_err(|_| INVALID_PORT)?;
    if !(0..=65535).contains(&port) {
        return Err(INVALID_PORT);
    }
    Err(NOT_PROVIDED)
}

/// `REPLCONF`, `PSYNC` and `SYNC`: why nobody becomes a replica of this node.
fn link(args: Args<'_>) -> ReplyError {
    // Options come in pairs.
    let unpaired = args[0].eq_ignore_ascii_case(b"REPLCONF") && args.len().is_multiple_of(2);
    if unpaired { error::SYNTAX } else { NOT_PROVIDED }
}

/// `FAILOVER`: why there is none.
fn failover(args: Args<'_>) -> ReplyError {
    if args.len() == 2 && args[1].eq_ignore_ascii_case(b"ABORT") {
        return NO_FAILOVER;
    }
    read_failover(args).err().unwrap_or(NO_REPLICAS)
}

fn read_failover(args: Args<'_>) -> Result<(), ReplyError> {
    let mut cursor = Cursor::at(args, 1);
    let (mut timeout, mut target, mut force) = (false, false, false);
    while cursor.remaining() > 0 {
        if !timeout && cursor.remaining() > 1 && cursor.word("TIMEOUT") {
            if cursor.integer()? <= 0 {
                return Err(WRONG_TIMEOUT);
            }
            timeout = true;
        } else if !target && cursor.remaining() > 2 && cursor.word("TO") {
            cursor.required()?;
            cursor.integer()?;
            target = true;
        } else if !force && cursor.word("FORCE") {
            force = true;
        } else {
            return Err(error::SYNTAX);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::config::Compression;
    use crate::config::Fsync;
    use crate::config::PersistenceMode;
    use crate::engine::Flow;
    use crate::engine::parked::Answer;
    use crate::persistence::Log;
    use crate::persistence::disk::RealDisk;
    use crate::persistence::log::Handling;
    use crate::persistence::log::LogOptions;
    use crate::server::node_commands::fixture::Fixture;

    fn refused(lines: &[(&str, &str)]) {
        let mut fixture = Fixture::new();
        for (line, answer) in lines {
            assert_eq!(fixture.raw(line), format!("-ERR {answer}\r\n"), "{line}");
        }
    }

    #[test]
    fn whoever_asks_for_no_replica_does_not_wait() {
        let mut fixture = Fixture::new();
        for line in ["WAIT 0 0", "WAIT -1 1000", "wait 0 1000"] {
            assert_eq!((fixture.raw(line).as_str(), fixture.flow), (":0\r\n", Flow::Continue), "{line}");
        }
        assert_eq!(fixture.raw("WAITAOF 0 0 0"), "*2\r\n:0\r\n:0\r\n");
    }

    #[test]
    fn whoever_asks_for_replicas_waits_and_can_be_unblocked() {
        for line in ["WAIT 1 0", "WAITAOF 0 1 0"] {
            let mut fixture = Fixture::new();
            assert_eq!((fixture.raw(line).as_str(), fixture.flow), ("", Flow::Wait), "{line}");
            let waiting = fixture.session.unpark().unwrap();
            assert!(waiting.deadline.is_none() && waiting.parked.unblock(false), "{line}");
            assert!(matches!(waiting.parked.take(), Some(Answer::Unserved)), "{line}");
        }
        let mut fixture = Fixture::new();
        fixture.raw("WAIT 1 100");
        assert!(fixture.session.unpark().unwrap().deadline.is_some());
    }

    #[tokio::test]
    async fn what_is_written_is_waited_for_until_it_is_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut fixture = Fixture::with(|config| {
            config.stores[0].persistence.mode = PersistenceMode::AofOnly;
        });
        let (disk, options) = (Arc::new(RealDisk), LogOptions::default());
        let log = Arc::new(Log::open(disk, folder.path(), 7, options, 1, b"stores", None).unwrap());
        fixture.node.durability.set_log(Arc::clone(&log));
        assert_eq!(fixture.raw("WAITAOF 1 0 0"), "*2\r\n:1\r\n:0\r\n");
        let handling = Handling { store: 0, fsync: Fsync::Never, compression: Compression::None };
        let sequence = log.append(b"record", handling);
        fixture.session.note_logged(sequence, Fsync::Never);
        assert_eq!((fixture.raw("WAITAOF 1 0 0").as_str(), fixture.flow), ("", Flow::Wait));
        let waiting = fixture.session.unpark().unwrap();
        waiting.over().await;
        let Some(Answer::Ran { reply, .. }) = waiting.parked.take() else { panic!("it was not answered") };
        assert_eq!(reply, b"*2\r\n:1\r\n:0\r\n");
        assert!(log.synced() >= sequence);
        // Nobody has a replica, but what is on disk here is told.
        assert_eq!((fixture.raw("WAITAOF 1 1 1").as_str(), fixture.flow), ("", Flow::Wait));
        let waiting = fixture.session.unpark().unwrap();
        waiting.over().await;
        let Some(Answer::Ran { reply, .. }) = waiting.parked.take() else { panic!("it was not answered") };
        assert_eq!(reply, b"*2\r\n:1\r\n:0\r\n");
    }

    #[test]
    fn nobody_waits_in_a_transaction_or_a_script() {
        let mut fixture = Fixture::new();
        fixture.raw("MULTI");
        fixture.raw("WAIT 1 0");
        fixture.raw("WAITAOF 0 1 0");
        assert_eq!(fixture.raw("EXEC"), "*2\r\n:0\r\n*2\r\n:0\r\n:0\r\n");
        assert_eq!(fixture.raw_parts(&["EVAL", "return redis.call('wait', '1', '0')", "0"]), ":0\r\n");
    }

    #[test]
    fn wrong_arguments_are_refused_in_redis_words() {
        refused(&[
            ("WAIT x 0", "value is not an integer or out of range"),
            ("WAIT 1 x", "timeout is not an integer or out of range"),
            ("WAIT 0 -1", "timeout is negative"),
            ("WAITAOF 2 0 0", "value is out of range, value must between 0 and 1"),
            ("WAITAOF 0 -1 0", "value is out of range, must be positive"),
            ("WAITAOF 0 0 -1", "timeout is negative"),
            ("WAITAOF 1 0 0", "WAITAOF cannot be used when numlocal is set but appendonly is disabled."),
        ]);
    }

    #[test]
    fn a_master_stays_one() {
        let mut fixture = Fixture::new();
        assert_eq!(fixture.raw("REPLICAOF NO ONE"), "+OK\r\n");
        assert_eq!(fixture.raw("slaveof no one"), "+OK\r\n");
        refused(&[
            ("REPLICAOF 10.0.0.1 6379", "replication is not provided by this build"),
            ("SLAVEOF 10.0.0.1 65536", "Invalid master port"),
            ("REPLICAOF NO TWO", "Invalid master port"),
        ]);
        assert_eq!(fixture.raw("ROLE"), "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n");
    }

    #[test]
    fn there_are_no_replicas_to_be_or_to_hand_over_to() {
        refused(&[
            ("SYNC", "replication is not provided by this build"),
            ("PSYNC ? -1", "replication is not provided by this build"),
            ("REPLCONF listening-port 6380", "replication is not provided by this build"),
            ("REPLCONF listening-port", "syntax error"),
            ("FAILOVER", "FAILOVER requires connected replicas."),
            ("FAILOVER TO h 1 FORCE TIMEOUT 5", "FAILOVER requires connected replicas."),
            ("FAILOVER ABORT", "No failover in progress."),
            ("FAILOVER TIMEOUT 0", "FAILOVER timeout must be greater than 0"),
            ("FAILOVER TO h", "syntax error"),
            ("FAILOVER TO h p", "value is not an integer or out of range"),
            ("FAILOVER FORCE FORCE", "syntax error"),
        ]);
    }
}
