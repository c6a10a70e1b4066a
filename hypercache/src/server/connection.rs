//! One RESP connection: read, run the batch in place, write, and again.

#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Duration;
use std::time::Instant;

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::io::ReadBuf;

use crate::command::Command;
use crate::command::ReplyError;
use crate::command::context::wait::Unserved;
use crate::command::spec::NodeCommand;
use crate::command::spec::Run;
use crate::command::spec::SessionCommand;
use crate::command::table::table;
use crate::config::Fsync;
use crate::engine::Call;
use crate::engine::Execution;
use crate::engine::Executor;
use crate::engine::Flow;
use crate::engine::Session;
use crate::engine::client::Activity;
use crate::engine::client::Cut;
use crate::engine::client::Registration;
use crate::engine::parked::Answer;
use crate::engine::parked::Parked;
use crate::engine::pause;
use crate::engine::session::Door;
use crate::engine::session::ReplyMode;
use crate::persistence::log::Sequence;
use crate::resp::ReplyWriter;
use crate::resp::request::Parser;
use crate::resp::request::ProtocolError;
use crate::server::Shared;
use crate::server::transaction_commands;
use crate::server::worker::Buffers;
use crate::telemetry::BatchSample;
use crate::telemetry::Event;
use crate::telemetry::events::connection::ConnectionClosed;
use crate::telemetry::events::connection::ConnectionOpened;
use crate::telemetry::events::connection::ProtocolViolated;
use crate::telemetry::nanoseconds;

/// Replies that have grown to this many bytes are sent before the batch goes on, so that a short pipeline of long replies
/// does not pile them all up.
const REPLY_BYTES_MAX: usize = 1 << 20;
/// Memory that the reply buffer keeps between batches.
const REPLY_BYTES_KEPT: usize = 256 * 1024;
/// Room that is made at least when more of a long request is to come.
const PENDING_ROOM_MIN: usize = 64 * 1024;

/// Why a connection ended; the words are labels of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Client,
    Quit,
    Protocol,
    QueryBuffer,
    Cut(Cut),
    LogFailed,
    Shutdown,
    Error,
}

impl Ending {
    fn label(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Quit => "quit",
            Self::Protocol => "protocol_error",
            Self::QueryBuffer => "query_buffer",
            Self::Cut(Cut::Killed) => "killed",
            Self::Cut(Cut::Idle) => "idle",
            Self::Cut(Cut::OutputLimit) => "output_limit",
            Self::Cut(Cut::Evicted) => "evicted",
            Self::LogFailed => "log_failed",
            Self::Shutdown => "shutdown",
            Self::Error => "io_error",
        }
    }
}

/// How far a batch got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// All that arrived is run; more is needed.
    Read,
    /// There is more to run once the replies are sent.
    Run,
    /// A command has to wait for `CLIENT PAUSE` to end; whether it may change data.
    Paused { writes: bool },
    /// The session waits for the reply to a command.
    Waiting,
    /// The connection ends once the replies are sent.
    End(Ending),
}

/// Serves a connection until it ends.
pub async fn serve<S>(stream: S, registration: Registration, shared: Arc<Shared>, buffers: Rc<Buffers>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let client = Arc::clone(registration.client());
    let user = shared.authenticator.anonymous();
    let session = Session::new(Arc::clone(&client), Door::Resp, user, rand::random());
    ConnectionOpened { protocol: "resp", client: client.address, client_id: client.id }.emit();
    // Told when dropped, and so also when a command panics and takes the connection with it.
    let mut closing = Closing { registration, ending: Ending::Error };
    let mut connection = Connection {
        stream,
        session,
        shared,
        buffers,
        parser: Parser::default(),
        pending: Vec::new(),
        unsent: Vec::new(),
        awaited: None,
        filled: false,
    };
    closing.ending = connection.run().await;
}

/// A connection's place among the connected, and why it is given up.
struct Closing {
    registration: Registration,
    ending: Ending,
}

impl Drop for Closing {
    fn drop(&mut self) {
        let client = self.registration.client();
        ConnectionClosed {
            protocol: "resp",
            client: client.address,
            client_id: client.id,
            reason: self.ending.label(),
            duration_ns: nanoseconds(client.since.elapsed()),
            commands: client.traffic().commands,
        }
        .emit();
    }
}

struct Connection<S> {
    stream: S,
    session: Session,
    shared: Arc<Shared>,
    buffers: Rc<Buffers>,
    parser: Parser,
    /// Input that is no whole command yet, or not run yet.
    pending: Vec<u8>,
    /// Replies that the socket did not take at once.
    unsent: Vec<u8>,
    /// What of the log `unsent` waits for, if for anything.
    awaited: Option<(Sequence, Fsync)>,
    /// The last read took all that it had room for: more is likely to have arrived.
    filled: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn run(&mut self) -> Ending {
        let client = Arc::clone(&self.session.client);
        let mut stopping = self.shared.stopping.clone();
        let waiting = Arc::clone(&client);
        let mut ended = std::pin::pin!(async move {
            tokio::select! {
                cut = waiting.until_cut() => Ending::Cut(cut),
                _ = stopping.wait_for(|stopping| *stopping) => Ending::Shutdown,
            }
        });
        let target = Arc::clone(&client);
        let mut targeted = std::pin::pin!(async move { target.until_target().await });
        let (mut progress, mut stopping, mut is_target) = (Progress::Read, false, false);
        loop {
            // A script runs elsewhere: what it lets its client hear has its place after its reply.
            let reads = matches!(progress, Progress::Read | Progress::Waiting);
            let listens = reads && self.session.may_hear() && self.session.receives();
            let step = tokio::select! {
                biased;
                step = self.step(progress) => step,
                () = client.mailbox.filled(), if listens => Ok(progress),
                () = &mut targeted, if !is_target => {
                    // From here on it listens.
                    is_target = true;
                    continue;
                }
                ending = &mut ended, if !stopping => {
                    if ending != Ending::Shutdown {
                        return ending;
                    }
                    // What arrived before the stop may not have been noticed yet: the runtime looks at the sockets
                    // before it comes back here, and then all of it is read.
                    stopping = true;
                    tokio::task::yield_now().await;
                    continue;
                }
                () = std::future::ready(()), if stopping => return Ending::Shutdown,
            };
            // After the replies of the batch, so that a subscription is confirmed before its first message, and what a
            // command changes is told after its reply, even where others have it run.
            if self.session.may_hear() && client.mailbox.waiting_bytes() > 0 {
                let take = || client.mailbox.take();
                let waiting = self.session.waiting();
                let mail = waiting.map_or_else(|| Some(take()), |waiting| waiting.parked.while_waiting(take));
                self.unsent.extend(mail.unwrap_or_default());
                client.note_unsent(self.unsent.len());
            }
            if let Some((sequence, fsync)) = self.awaited.take() {
                let committed = tokio::select! {
                    biased;
                    committed = self.shared.durability.committed(sequence, fsync) => committed,
                    cut = client.until_cut() => return Ending::Cut(cut),
                };
                // Nobody knows whether what was changed is kept: it is not acknowledged.
                if committed.is_err() {
                    return Ending::LogFailed;
                }
            }
            // A stop waits for replies under way; only being killed cuts them off.
            let flushed = tokio::select! {
                biased;
                flushed = self.flush() => flushed,
                cut = client.until_cut() => return Ending::Cut(cut),
            };
            match flushed.and(step) {
                Ok(Progress::End(ending)) => return ending,
                Ok(next) => match client.is_cut() {
                    Some(cut) => return Ending::Cut(cut),
                    None => progress = next,
                },
                Err(_) => return Ending::Error,
            }
            // Whoever sends without end gets one buffer's worth of the thread at a time; then the others have their turn.
            if std::mem::take(&mut self.filled) || progress == Progress::Run {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Sends what the socket did not take at once.
    async fn flush(&mut self) -> io::Result<()> {
        if !self.unsent.is_empty() {
            self.stream.write_all(&self.unsent).await?;
            self.unsent = Vec::new();
            self.session.client.note_unsent(0);
            self.session.client.account();
        }
        Ok(())
    }

    /// Goes one step on: reads, or runs what is there.
    async fn step(&mut self, progress: Progress) -> io::Result<Progress> {
        Ok(match progress {
            Progress::Read if self.pending.is_empty() => poll_fn(|cx| self.read_and_run(cx)).await,
            Progress::Read => self.read_more().await?,
            Progress::Run => poll_fn(|cx| Poll::Ready(self.run_pending(cx, 0))).await,
            Progress::Paused { writes } => {
                let pause = Arc::clone(&self.shared.pause);
                pause.released(writes).await;
                poll_fn(|cx| Poll::Ready(self.run_pending(cx, 0))).await
            }
            Progress::Waiting => self.wait().await?,
            Progress::End(_) => progress,
        })
    }

    /// Waits for the reply to a command, and meanwhile for the client to go; what it sends is kept for later. May be given
    /// up and begun again.
    async fn wait(&mut self) -> io::Result<Progress> {
        let room = self.shared.settings.max_query_buffer();
        while let Some(waiting) = self.session.waiting() {
            tokio::select! {
                biased;
                () = waiting.over() => break,
                read = self.stream.read_buf(&mut self.pending), if self.pending.len() < room => {
                    if read? == 0 {
                        return Ok(Progress::End(Ending::Client));
                    }
                }
            }
        }
        Ok(poll_fn(|cx| Poll::Ready(self.go_on(cx))).await)
    }

    /// Sends the reply that has come, and runs what is pending.
    fn go_on(&mut self, cx: &mut Context<'_>) -> Progress {
        if let Some(waiting) = self.session.unpark() {
            let buffers = Rc::clone(&self.buffers);
            let reply = &mut *buffers.reply.borrow_mut();
            reply.clear(REPLY_BYTES_KEPT);
            reply.set_protocol(self.session.protocol());
            self.complete(&waiting.parked, reply);
        }
        self.send(cx);
        let sent = std::mem::take(&mut self.unsent);
        let progress = self.run_pending(cx, 0);
        // The reply that was waited for goes first, whatever the socket took of it.
        if !sent.is_empty() {
            self.unsent.splice(..0, sent);
        }
        progress
    }

    fn complete(&mut self, parked: &Parked, reply: &mut ReplyWriter) {
        let (result, took) = match parked.take() {
            Some(Answer::Ran { reply: written, result, took, logged }) => {
                if let Some((sequence, fsync)) = logged {
                    self.session.note_logged(sequence, fsync);
                }
                reply.raw(&written);
                (result, took)
            }
            Some(Answer::Unserved) | None => {
                parked.unserved.unwrap_or(Unserved::Null).write(reply);
                (Ok(Execution::default()), Duration::ZERO)
            }
        };
        let (call, session) = (parked.call(), &mut self.session);
        self.shared.executor.completed(&call, session, &result, took, reply.len());
        session.client.tracking.set_caching(false);
        conclude(result, session, 0, reply);
        session.end_batch(call.position + 1, &self.shared.telemetry);
        self.note(call.command.id, 0, (0, 0), reply.len());
    }

    /// Waits for input and runs what it completes, in the thread's shared buffers: nothing is kept where nothing is left.
    fn read_and_run(&mut self, cx: &mut Context<'_>) -> Poll<Progress> {
        let buffers = Rc::clone(&self.buffers);
        let mut input = buffers.input.borrow_mut();
        let mut read = ReadBuf::new(&mut input);
        if ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read)).is_err() {
            return Poll::Ready(Progress::End(Ending::Error));
        }
        self.filled = read.remaining() == 0;
        let input = read.filled();
        if input.is_empty() {
            return Poll::Ready(Progress::End(Ending::Client));
        }
        let progress = self.batch(input, input.len());
        let used = self.parser.take_consumed();
        self.pending.extend_from_slice(&input[used..]);
        self.send(cx);
        self.account();
        Poll::Ready(progress)
    }

    /// Waits for the rest of a request that has begun.
    async fn read_more(&mut self) -> io::Result<Progress> {
        let before = self.pending.len();
        // Room for the argument under way, but never for more than as much again as has really arrived.
        let wanted = self.parser.wanted(&self.pending).saturating_sub(before);
        self.pending.reserve(wanted.min(before).max(PENDING_ROOM_MIN));
        let read = self.stream.read_buf(&mut self.pending).await?;
        if read == 0 {
            return Ok(Progress::End(Ending::Client));
        }
        self.filled = self.pending.len() == self.pending.capacity();
        if self.pending.len() > self.shared.settings.max_query_buffer() {
            self.shared.clients.pool().count_query_buffer();
            return Ok(Progress::End(Ending::QueryBuffer));
        }
        Ok(poll_fn(|cx| Poll::Ready(self.run_pending(cx, read))).await)
    }

    /// Runs what is pending, `received` bytes of it new.
    fn run_pending(&mut self, cx: &mut Context<'_>, received: usize) -> Progress {
        let mut input = std::mem::take(&mut self.pending);
        let progress = self.batch(&input, received);
        let used = self.parser.take_consumed();
        // Whoever has nothing left keeps no memory for it.
        if used < input.len() {
            input.drain(..used);
            self.pending = input;
        }
        self.send(cx);
        self.account();
        progress
    }

    /// Runs the commands in `input` one after the other; their replies are in the thread's reply buffer then.
    fn batch(&mut self, input: &[u8], received: usize) -> Progress {
        let buffers = Rc::clone(&self.buffers);
        let reply = &mut *buffers.reply.borrow_mut();
        reply.clear(REPLY_BYTES_KEPT);
        // Whoever killed this client was told so: what arrives afterwards does nothing, however soon it arrives.
        if let Some(cut) = self.session.client.is_cut() {
            return Progress::End(Ending::Cut(cut));
        }
        reply.set_protocol(self.session.protocol());
        let arrived = Instant::now();
        self.session.begin_batch(arrived);
        let (mut commands, mut last) = (0, self.session.client.last_command());
        // Whoever passes its limit runs nothing more of its batch.
        let most = match self.session.client.output_limit().hard_bytes {
            0 => REPLY_BYTES_MAX,
            hard => REPLY_BYTES_MAX.min(usize::try_from(hard).unwrap_or(usize::MAX)),
        };
        let progress = loop {
            let limits = self.shared.settings.request_limits(self.session.user.is_some());
            match self.parser.advance(input, &limits) {
                Ok(true) => {}
                Ok(false) => break Progress::Read,
                Err(error) => break self.violated(&error, reply),
            }
            let args = self.parser.args(input);
            let command = table().resolve(args);
            if let Some(writes) = self.may_be_held(command)
                && self.shared.pause.holds(writes)
            {
                self.parser.rewind();
                break Progress::Paused { writes };
            }
            if tells_of_clients(command) {
                self.session.client.note_query_bytes(self.parser.in_hand(input));
            }
            let call = Call { command, args, received: arrived, position: commands };
            commands += 1;
            last = command.id;
            let flow = answer(&*self.shared.executor, &call, &mut self.session, reply);
            match flow {
                Flow::Continue => {}
                Flow::Close => break Progress::End(Ending::Quit),
                Flow::Wait => break Progress::Waiting,
            }
            if reply.len() >= most {
                break Progress::Run;
            }
        };
        self.session.end_batch(commands, &self.shared.telemetry);
        self.note(last, commands, (received, self.parser.unread(input)), reply.len());
        progress
    }

    /// Whether `CLIENT PAUSE` concerns a command, and if so whether it may change data. What is only queued for `EXEC`
    /// does nothing yet.
    fn may_be_held(&self, command: &Command) -> Option<bool> {
        if self.session.transaction.is_some() && !transaction_commands::runs_at_once(command) {
            return None;
        }
        pause::concerns(command.spec)
    }

    fn violated(&self, error: &ProtocolError, reply: &mut ReplyWriter) -> Progress {
        let text = error.to_string();
        let client = &self.session.client;
        ProtocolViolated { protocol: "resp", client: client.address, client_id: client.id, message: &text }
            .emit();
        reply.error("ERR", &text);
        Progress::End(Ending::Protocol)
    }

    fn note(&self, command: u16, commands: u32, (received, unread): (usize, usize), sent: usize) {
        self.session.client.note(Activity {
            command,
            commands: commands.into(),
            bytes_in: received as u64,
            bytes_out: sent as u64,
            query_bytes: unread as u64,
        });
        self.shared.telemetry.meters().batch(BatchSample {
            proto: self.session.proto(),
            commands,
            bytes_in: received as u64,
            bytes_out: sent as u64,
        });
    }

    /// Sends the replies as far as the socket takes them at once and keeps the rest; all of them where they wait for the log.
    fn send(&mut self, cx: &mut Context<'_>) {
        let buffers = Rc::clone(&self.buffers);
        let reply = buffers.reply.borrow();
        if let Some((sequence, fsync)) = self.session.take_logged() {
            let awaited = self.awaited.get_or_insert((sequence, fsync));
            *awaited = (awaited.0.max(sequence), awaited.1.stronger(fsync));
        }
        // As in Redis, a reply counts before it is sent: one beyond the limit never is.
        if reply.is_empty() || !self.session.client.may_wait(reply.len()) {
            return;
        }
        let sent = match self.awaited {
            Some(_) => 0,
            None => self.write_now(cx, reply.bytes()),
        };
        self.unsent.extend_from_slice(&reply.bytes()[sent..]);
        if !self.unsent.is_empty() {
            self.session.client.note_unsent(self.unsent.len());
        }
    }

    /// How many bytes the socket takes at once.
    fn write_now(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> usize {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Ready(Ok(sent)) => sent,
            // An error shows again, and is handled, when the rest is sent.
            Poll::Ready(Err(_)) | Poll::Pending => 0,
        }
    }

    /// Lets others see what this connection makes the node hold; too much of it costs the largest clients their place.
    fn account(&self) {
        let client = &self.session.client;
        client.note_query_free(self.pending.capacity() - self.pending.len());
        client.account();
        if self.shared.clients.pool().excess_bytes() > 0 {
            self.shared.clients.evict();
        }
    }
}

/// Runs one command and writes its reply or error, unless the client wants none.
fn answer(executor: &dyn Executor, call: &Call<'_>, session: &mut Session, reply: &mut ReplyWriter) -> Flow {
    let mark = reply.len();
    match executor.execute(call, session, reply) {
        // Its reply, and with it whether the client wants one, comes later.
        Ok(Execution { flow: Flow::Wait, .. }) => Flow::Wait,
        result if confirms_subscription(call.command) => {
            let mode = std::mem::replace(&mut session.reply_mode, ReplyMode::On);
            let flow = conclude(result, session, mark, reply);
            session.reply_mode = mode.next();
            flow
        }
        result => conclude(result, session, mark, reply),
    }
}

/// Writes the error, if it is one, and takes back what was written after `mark` where the client wants no reply.
fn conclude(
    result: Result<Execution, ReplyError>,
    session: &mut Session,
    mark: usize,
    reply: &mut ReplyWriter,
) -> Flow {
    let flow = match result {
        Ok(execution) => execution.flow,
        Err(error) => {
            reply.error(error.prefix, &error.text);
            Flow::Continue
        }
    };
    if session.reply_mode != ReplyMode::On {
        reply.truncate(mark);
    }
    session.reply_mode = session.reply_mode.next();
    // What it was sent meanwhile comes even to those who want no reply.
    let mailbox = &session.client.mailbox;
    if mailbox.waiting_bytes() > 0 {
        reply.raw(&mailbox.take());
    }
    flow
}

/// Whether a command's reply may tell of its own connection's input, which Redis still has in its buffer then.
fn tells_of_clients(command: &Command) -> bool {
    matches!(command.spec.run, Run::Session(SessionCommand::ClientInfo) | Run::Node(NodeCommand::ClientList))
}

/// Whether what a command writes is a message rather than a reply, which nobody can switch off.
fn confirms_subscription(command: &Command) -> bool {
    use SessionCommand::{PSubscribe, PUnsubscribe, SSubscribe, SUnsubscribe, Subscribe, Unsubscribe};
    let Run::Session(command) = command.spec.run else { return false };
    matches!(command, PSubscribe | PUnsubscribe | SSubscribe | SUnsubscribe | Subscribe | Unsubscribe)
}
