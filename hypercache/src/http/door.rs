//! Accepts HTTP connections and serves them until the node stops.

use std::convert::Infallible;
use std::io;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::http::HttpState;
use crate::http::routes;
use crate::http::trace::Peer;
use crate::http::wire::Wire;
use crate::telemetry::Event;
use crate::telemetry::events::connection::ConnectionAcceptFailed;
use crate::telemetry::events::connection::ConnectionClosed;
use crate::telemetry::events::connection::ConnectionOpened;
use crate::telemetry::events::connection::ConnectionRefused;
use crate::telemetry::events::connection::ProtocolViolated;
use crate::telemetry::nanoseconds;

/// How long a client may take to send its headers, and a connection may idle between two requests.
const HEADER_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a client may take nothing of an answer that is ready.
const STALL_TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes of headers at the most.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Pause after an accept that failed for want of descriptors or memory.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);
/// What a client is told when there are too many.
const TOO_MANY_CLIENTS: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";

/// The open door.
pub struct Door {
    socket: TcpListener,
    state: Arc<HttpState>,
    router: Router,
}

impl Door {
    /// A door at a socket that is bound already.
    pub fn new(socket: TcpListener, state: Arc<HttpState>) -> Self {
        let router = routes::router(Arc::clone(&state));
        Self { socket, state, router }
    }

    /// Serves until the node stops; then requests under way have `drain` to finish.
    pub async fn serve(self, drain: Duration) {
        let mut stopping = self.state.stopping.clone();
        let mut open = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                Some(_) = open.join_next() => continue,
                () = stopped(&mut stopping) => break,
            };
            let limit = self.state.settings.max_connections();
            match accepted {
                Ok((stream, client)) if open.len() >= limit => {
                    ConnectionRefused { client, reason: "max_connections", limit, protocol: "http" }.emit();
                    turn_away(stream);
                }
                Ok((stream, client)) => {
                    open.spawn(connection(stream, client, self.router.clone(), Arc::clone(&self.state)));
                }
                Err(error) => {
                    ConnectionAcceptFailed { protocol: "http", message: &error.to_string() }.emit();
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                }
            }
        }
        drop(self.socket);
        let all = async { while open.join_next().await.is_some() {} };
        if tokio::time::timeout(drain, all).await.is_err() {
            open.shutdown().await;
        }
    }
}

/// Notes a connection for as long as it lives, also when what it serves panics.
struct Open {
    state: Arc<HttpState>,
    client: SocketAddr,
    client_id: u64,
    since: Instant,
    reason: &'static str,
    requests: Arc<AtomicU64>,
}

impl Open {
    fn new(state: Arc<HttpState>, client: SocketAddr) -> Self {
        let client_id = state.clients.next_id();
        state.open.fetch_add(1, Relaxed);
        ConnectionOpened { protocol: "http", client, client_id }.emit();
        Self { state, client, client_id, since: Instant::now(), reason: "io_error", requests: Arc::default() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.state.open.fetch_sub(1, Relaxed);
        ConnectionClosed {
            protocol: "http",
            client: self.client,
            client_id: self.client_id,
            reason: self.reason,
            duration_ns: nanoseconds(self.since.elapsed()),
            commands: self.requests.load(Relaxed),
        }
        .emit();
    }
}

async fn connection(stream: TcpStream, client: SocketAddr, router: Router, state: Arc<HttpState>) {
    let mut stopping = state.stopping.clone();
    let mut open = Open::new(state, client);
    let peer = Peer {
        client,
        local: stream.local_addr().unwrap_or(client),
        client_id: open.client_id,
        known: Arc::default(),
    };
    if let Err(error) = prepare(&stream) {
        ConnectionAcceptFailed { protocol: "http", message: &error.to_string() }.emit();
        return;
    }
    let requests = Arc::clone(&open.requests);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        requests.fetch_add(1, Relaxed);
        request.extensions_mut().insert(peer.clone());
        let router = router.clone();
        async move {
            Ok::<_, Infallible>(
                router.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {}),
            )
        }
    });
    let wire = Wire::new(stream, Arc::clone(open.state.telemetry.meters()), STALL_TIME_MAX);
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(wire), service);
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stopped(&mut stopping) => {
            open.reason = "shutdown";
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = &ended
        && error.is_parse()
    {
        let (client_id, message) = (open.client_id, error.to_string());
        ProtocolViolated { protocol: "http", client, client_id, message: &message }.emit();
    }
    if open.reason != "shutdown" {
        open.reason = ended.map_or_else(|error| why(&error), |()| "client");
    }
}

/// Why a connection ended, as a label of a metric.
fn why(error: &hyper::Error) -> &'static str {
    if error.is_parse() {
        "protocol_error"
    } else if error.is_timeout() {
        "idle"
    } else if error.is_incomplete_message() {
        "client"
    } else {
        "io_error"
    }
}

/// Told if it can be told at once; nobody waits for a client that is turned away.
fn turn_away(stream: TcpStream) {
    if let Ok(mut stream) = stream.into_std() {
        drop(stream.write(TOO_MANY_CLIENTS));
    }
}

/// Waits until the node stops. The guard that the wait yields must not be held across other waits.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    drop(stopping.wait_for(|stopping| *stopping).await);
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)
}
