//! Accepts RESP connections and hands them to the I/O threads in turn.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::Domain;
use socket2::Protocol;
use socket2::SockRef;
use socket2::Socket;
use socket2::TcpKeepalive;
use socket2::Type;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

use crate::config;
use crate::server::Shared;
use crate::server::worker::Accepted;
use crate::server::worker::Worker;
use crate::telemetry::Event;
use crate::telemetry::events::connection::ConnectionAcceptFailed;
use crate::telemetry::events::connection::ConnectionRefused;

/// Pause after an accept that failed for want of descriptors or memory; anything shorter only burns the processor.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);
/// What Redis says when there are too many clients.
const TOO_MANY_CLIENTS: &[u8] = b"-ERR max number of clients reached\r\n";

/// The open door.
pub struct Listener {
    socket: TcpListener,
    workers: Vec<Worker>,
    shared: Arc<Shared>,
}

impl Listener {
    /// Starts the I/O threads for a socket that is bound already; nobody is accepted yet.
    pub fn new(socket: TcpListener, network: &config::Network, shared: Arc<Shared>) -> io::Result<Self> {
        let workers = (0..network.io_threads)
            .map(|number| Worker::start(number, Arc::clone(&shared), network.shutdown_timeout))
            .collect::<io::Result<_>>()?;
        Ok(Self { socket, workers, shared })
    }

    /// Accepts until the node stops; the I/O threads, to be joined.
    pub async fn serve(self) -> Vec<Worker> {
        let mut stopping = self.shared.stopping.clone();
        let mut next = (0..self.workers.len()).cycle();
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                _ = stopping.wait_for(|stopping| *stopping) => break,
            };
            match accepted {
                Ok((stream, address)) => {
                    let worker = next.next().expect("there is at least one I/O thread");
                    self.admit(stream, address, &self.workers[worker]);
                }
                Err(error) => {
                    ConnectionAcceptFailed { protocol: "resp", message: &error.to_string() }.emit();
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                }
            }
        }
        self.workers
    }

    fn admit(&self, stream: TcpStream, address: SocketAddr, worker: &Worker) {
        let limit = self.shared.settings.max_connections();
        let local = stream.local_addr().unwrap_or(address);
        let Some(registration) = self.shared.clients.register(address, local, limit) else {
            ConnectionRefused { client: address, reason: "max_connections", limit, protocol: "resp" }.emit();
            // Told if it can be told at once; nobody waits for a client that is turned away.
            drop(stream.try_write(TOO_MANY_CLIENTS));
            return;
        };
        if let Err(error) = self.prepare(&stream) {
            ConnectionAcceptFailed { protocol: "resp", message: &error.to_string() }.emit();
            return;
        }
        if let Ok(stream) = stream.into_std() {
            // A thread that is gone takes none: the registration then ends here.
            drop(worker.connections.send(Accepted { stream, registration }));
        }
    }

    fn prepare(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        if let Some(interval) = self.shared.settings.tcp_keepalive() {
            let probes = TcpKeepalive::new().with_time(interval).with_interval(interval / 3);
            SockRef::from(stream).set_tcp_keepalive(&probes)?;
        }
        Ok(())
    }
}

/// A listening socket with the given accept queue; an address that was just given up can be taken at once.
pub fn bind(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    TcpListener::from_std(socket.into())
}
