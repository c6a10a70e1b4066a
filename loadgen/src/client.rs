//! A pipelining RESP connection.

use std::io;
use std::time::Instant;

use bytes::Buf;
use bytes::BytesMut;
use hypercache::resp::frame::FrameError;
use hypercache::resp::frame::FrameLimits;
use hypercache::resp::frame::Kind;
use hypercache::resp::frame::skip;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use crate::plan::Admission;
use crate::request::write_command;

/// Bytes asked of the socket at once.
const READ_BYTES: usize = 64 * 1024;

/// What a reply may be; a server that sends more is cut off.
const LIMITS: FrameLimits = FrameLimits {
    depth: 32,
    elements: 16 * 1024 * 1024,
    bulk_bytes: 512 * 1024 * 1024,
    line_bytes: 64 * 1024,
};

/// Why a connection is of no use any more, or was never made.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The socket failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server closed the connection.
    #[error("the server closed the connection")]
    Closed,
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The answer is not RESP.
    #[error("the answer is not RESP: {0}")]
    Frame(#[from] FrameError),
    /// HTTP went wrong.
    #[error("{0}")]
    Http(#[from] hyper::Error),
    /// The server refused the client's introduction; trying again does not help.
    #[error("the server refused {command}: {reply}")]
    Refused {
        /// What was asked: `AUTH`, `SELECT`, `HELLO`.
        command: &'static str,
        /// What it answered.
        reply: String,
    },
}

impl LinkError {
    /// Its name in reports.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Io(_) | Self::Closed | Self::Http(_) => "CONNECTION",
            Self::Timeout => "TIMEOUT",
            Self::Frame(_) => "PROTOCOL",
            Self::Refused { .. } => "REFUSED",
        }
    }
}

/// One connection.
#[derive(Debug)]
pub struct RespConnection {
    stream: TcpStream,
    input: BytesMut,
    /// Bytes read since this was last asked.
    received: u64,
}

impl RespConnection {
    /// Connects and introduces itself as the plan says.
    ///
    /// # Errors
    /// When the server cannot be reached by `deadline` or refuses.
    pub async fn open(target: &str, admission: &Admission, deadline: Instant) -> Result<Self, LinkError> {
        let stream = timeout_at(deadline.into(), TcpStream::connect(target)).await;
        let stream = stream.map_err(|_| LinkError::Timeout)??;
        stream.set_nodelay(true)?;
        let mut connection = Self { stream, input: BytesMut::with_capacity(READ_BYTES), received: 0 };
        connection.introduce(admission, deadline).await?;
        Ok(connection)
    }

    async fn introduce(&mut self, admission: &Admission, deadline: Instant) -> Result<(), LinkError> {
        if admission.resp3 {
            let mut hello: Vec<&[u8]> = vec![b"HELLO", b"3"];
            if let Some((user, password)) = &admission.login {
                hello.extend([b"AUTH".as_slice(), user.as_deref().unwrap_or("default").as_bytes()]);
                hello.push(password.as_bytes());
            }
            self.require("HELLO", &hello, deadline).await?;
        } else if let Some((user, password)) = &admission.login {
            let mut auth: Vec<&[u8]> = vec![b"AUTH"];
            auth.extend(user.as_deref().map(str::as_bytes));
            auth.push(password.as_bytes());
            self.require("AUTH", &auth, deadline).await?;
        }
        if let Some(store) = &admission.store {
            self.require("SELECT", &[b"SELECT", store.as_bytes()], deadline).await?;
        }
        if !admission.resp3 && admission.login.is_none() && admission.store.is_none() {
            // Asking something shows whether the other side speaks RESP and lets us in.
            self.require("PING", &[b"PING"], deadline).await?;
        }
        Ok(())
    }

    /// Sends one command and insists on an answer that is not an error.
    ///
    /// # Errors
    /// When there is no answer, or an error.
    pub async fn require(
        &mut self,
        command: &'static str,
        arguments: &[&[u8]],
        deadline: Instant,
    ) -> Result<(), LinkError> {
        let mut out = Vec::new();
        write_command(&mut out, arguments);
        let mut refusal = None;
        self.exchange(&out, 1, deadline, |_, raw, kind, _| {
            if let Kind::Error(_) = kind {
                refusal = Some(String::from_utf8_lossy(raw).trim_matches(['-', '\r', '\n']).to_owned());
            }
        })
        .await?;
        match refusal {
            // A server that is still reading its data asks to come back.
            Some(reply) if reply.starts_with("LOADING") => {
                Err(LinkError::Io(io::Error::new(io::ErrorKind::ConnectionRefused, reply)))
            }
            Some(reply) => Err(LinkError::Refused { command, reply }),
            None => Ok(()),
        }
    }

    /// Sends `out` and hands the `expected` replies to `on_reply` (number, bytes, kind, time read) as they arrive.
    ///
    /// Reading goes on while writing is blocked, so that neither side waits for the other for ever.
    ///
    /// # Errors
    /// When the connection breaks, `deadline` passes or the server sends something else than RESP; replies handed out
    /// before stay good.
    pub async fn exchange(
        &mut self,
        out: &[u8],
        expected: usize,
        deadline: Instant,
        mut on_reply: impl FnMut(usize, &[u8], Kind<'_>, Instant),
    ) -> Result<(), LinkError> {
        let mut unsent = out;
        let mut answered = 0;
        while answered < expected {
            if !unsent.is_empty() {
                match self.stream.try_write(unsent) {
                    Ok(written) => unsent = &unsent[written..],
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error.into()),
                }
            }
            if self.read()? {
                answered = self.replies(answered, expected, &mut on_reply)?;
                continue;
            }
            let interest =
                if unsent.is_empty() { Interest::READABLE } else { Interest::READABLE | Interest::WRITABLE };
            match timeout_at(deadline.into(), self.stream.ready(interest)).await {
                Ok(ready) => ready.map(drop)?,
                Err(_) => return Err(LinkError::Timeout),
            }
        }
        Ok(())
    }

    /// Reads what is there; `false` when there is nothing yet.
    fn read(&mut self) -> Result<bool, LinkError> {
        if self.input.is_empty() {
            self.input.clear();
        }
        self.input.reserve(READ_BYTES);
        match self.stream.try_read_buf(&mut self.input) {
            Ok(0) => Err(LinkError::Closed),
            Ok(read) => {
                self.received += read as u64;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Hands out the complete replies in the buffer; they all count as read now.
    fn replies(
        &mut self,
        mut answered: usize,
        expected: usize,
        on_reply: &mut impl FnMut(usize, &[u8], Kind<'_>, Instant),
    ) -> Result<usize, LinkError> {
        let now = Instant::now();
        let mut used = 0;
        while answered < expected {
            let rest = &self.input[used..];
            let Some((length, kind)) = skip(rest, &LIMITS)? else { break };
            used += length;
            if !matches!(kind, Kind::Items { push: true, .. }) {
                on_reply(answered, &rest[..length], kind, now);
                answered += 1;
            }
        }
        self.input.advance(used);
        Ok(answered)
    }

    /// Bytes read since the last call.
    pub fn take_received(&mut self) -> u64 {
        std::mem::take(&mut self.received)
    }
}
