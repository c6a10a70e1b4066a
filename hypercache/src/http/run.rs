//! Runs commands on behalf of an HTTP request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::command::Command;
use crate::command::error;
use crate::command::table::table;
use crate::engine::Call;
use crate::engine::Session;
use crate::engine::client::Client;
use crate::engine::identity::Identity;
use crate::engine::pause;
use crate::engine::session::Door;
use crate::http::HttpState;
use crate::http::problem::Problem;
use crate::resp::OwnedArgs;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::resp::frame::Frame;
use crate::resp::frame::FrameLimits;
use crate::resp::frame::decode;
use crate::store::Store;
use crate::telemetry::BatchSample;
use crate::telemetry::TraceContext;

/// Who asks, and in which trace.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Where the request comes from.
    pub address: SocketAddr,
    /// Which of our addresses it reached.
    pub local_address: SocketAddr,
    /// Number of the connection that the request comes by.
    pub client_id: u64,
    /// Who it is; none: not authenticated.
    pub user: Option<Arc<Identity>>,
    /// The span of the request.
    pub trace: TraceContext,
}

/// A session for the commands of one request: they count as one batch.
pub struct Runner<'a> {
    state: &'a HttpState,
    session: Session,
    received: Instant,
    commands: u32,
    /// Bytes that replies may still have.
    reply_bytes_left: usize,
}

impl<'a> Runner<'a> {
    /// A session of `caller` on `store`.
    pub fn new(state: &'a HttpState, caller: &Caller, store: &Store) -> Self {
        let client = Arc::new(Client::new(caller.client_id, caller.address, caller.local_address));
        let mut session = Session::new(client, Door::Http, caller.user.clone(), rand::random());
        session.select(store.selected());
        session.set_protocol(Protocol::Resp3);
        session.set_trace(Some(caller.trace.clone()));
        let received = Instant::now();
        session.begin_batch(received);
        Self { state, session, received, commands: 0, reply_bytes_left: usize::MAX }
    }

    /// Takes replies of so many bytes together from here on; one that is too long is a problem, its command having run.
    pub fn limit_replies(&mut self, bytes: usize) {
        self.reply_bytes_left = bytes;
    }

    /// Runs one command, after `CLIENT PAUSE` where that holds it back.
    pub async fn run<I, B>(&mut self, parts: I) -> Result<Frame, Problem>
    where
        I: IntoIterator<Item = B>,
        B: AsRef<[u8]>,
    {
        let args = OwnedArgs::new(parts);
        let command = table().resolve(args.view());
        if let Some(writes) = pause::concerns(command.spec)
            && self.state.pause.holds(writes)
        {
            self.wait(writes).await?;
        }
        let outcome = self.execute(command, &args);
        // A command that fails may have changed something all the same.
        if let Some((sequence, fsync)) = self.session.take_logged() {
            let committed = self.state.durability.committed(sequence, fsync).await;
            committed.map_err(|failure| Problem::not_logged(&failure))?;
        }
        outcome
    }

    /// Waits until the pause is over, or the node stops.
    async fn wait(&mut self, writes: bool) -> Result<(), Problem> {
        let mut stopping = self.state.stopping.clone();
        tokio::select! {
            () = self.state.pause.released(writes) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return Err(Problem::stopping()),
        }
        // As over RESP, what was held back counts from when it was let go.
        self.received = Instant::now();
        self.session.begin_batch(self.received);
        Ok(())
    }

    fn execute(&mut self, command: &'static Command, args: &OwnedArgs) -> Result<Frame, Problem> {
        let call = Call { command, args: args.view(), received: self.received, position: self.commands };
        self.commands += 1;
        let mut reply = ReplyWriter::new(Protocol::Resp3);
        reply.limit(self.reply_bytes_left);
        self.state.executor.execute(&call, &mut self.session, &mut reply)?;
        self.reply_bytes_left = self
            .reply_bytes_left
            .checked_sub(reply.len())
            .ok_or_else(|| Problem::from(error::REPLY_TOO_LONG))?;
        // What our own writer wrote is as long as it is, whatever may be asked of strangers.
        let limits = FrameLimits { bulk_bytes: reply.len(), elements: reply.len(), ..FrameLimits::default() };
        match decode(reply.bytes(), &limits) {
            Ok(Some((frame, _))) => Ok(frame),
            _ => Err(Problem::internal("the reply to a command cannot be read")),
        }
    }
}

impl Drop for Runner<'_> {
    fn drop(&mut self) {
        let telemetry = &self.state.telemetry;
        self.session.end_batch(self.commands, telemetry);
        // Bytes are counted where they pass, at the socket.
        let proto = self.session.proto();
        telemetry.meters().batch(BatchSample { proto, commands: self.commands, bytes_in: 0, bytes_out: 0 });
    }
}
