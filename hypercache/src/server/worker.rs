//! I/O threads: each has its own runtime, its own buffers, and the connections it was given.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::engine::client::Registration;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::server::Shared;
use crate::server::connection;
use crate::server::scripting::STACK_BYTES;

/// Bytes read at once.
const READ_BYTES: usize = 64 * 1024;

/// An accepted connection on its way to its thread.
pub struct Accepted {
    /// The socket.
    pub stream: std::net::TcpStream,
    /// Its place among the connected.
    pub registration: Registration,
}

/// Buffers that the connections of a thread use in turn: a connection that waits holds none.
pub struct Buffers {
    /// What was just read.
    pub input: RefCell<Box<[u8]>>,
    /// The replies to it.
    pub reply: RefCell<ReplyWriter>,
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self {
            input: RefCell::new(vec![0; READ_BYTES].into_boxed_slice()),
            reply: RefCell::new(ReplyWriter::new(Protocol::Resp2)),
        }
    }
}

/// A running I/O thread.
pub struct Worker {
    /// Takes connections for it.
    pub connections: mpsc::UnboundedSender<Accepted>,
    thread: JoinHandle<()>,
}

impl Worker {
    /// Starts a thread.
    pub fn start(number: usize, shared: Arc<Shared>, drain: Duration) -> io::Result<Self> {
        // Unbounded, but what is in it is counted against the limit of connections before it gets there.
        let (connections, accepted) = mpsc::unbounded_channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name(format!("io-{number}")).stack_size(STACK_BYTES).spawn(
            move || {
                let tasks = LocalSet::new();
                tasks.block_on(&runtime, serve(accepted, shared, drain));
            },
        )?;
        Ok(Self { connections, thread })
    }

    /// Lets no more connections in and waits until those there are have ended; the thread sees to it that they do.
    pub fn join(self) {
        drop(self.connections);
        // The thread's own panic has been told by the hook already; there is nothing to add here.
        drop(self.thread.join());
    }
}

async fn serve(mut accepted: mpsc::UnboundedReceiver<Accepted>, shared: Arc<Shared>, drain: Duration) {
    let buffers = Rc::new(Buffers::new());
    let mut open = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            next = accepted.recv() => {
                let Some(Accepted { stream, registration }) = next else { break };
                let Ok(stream) = TcpStream::from_std(stream) else { continue };
                open.spawn_local(connection::serve(stream, registration, Arc::clone(&shared), Rc::clone(&buffers)));
            }
            Some(_) = open.join_next() => {}
        }
    }
    // Connections finish what they have begun when the node stops; whoever does not within the time is cut off.
    let all = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, all).await.is_err() {
        open.shutdown().await;
    }
}
