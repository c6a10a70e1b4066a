//! An HTTP connection: one request at a time.

use std::time::Instant;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Body;
use hyper::client::conn::http1::SendRequest;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use crate::client::LinkError;

/// One connection.
#[derive(Debug)]
pub struct HttpConnection {
    sender: SendRequest<Full<Bytes>>,
    /// What requests are addressed to.
    pub host: String,
    /// Appended to each path: empty, or `?store=…`.
    pub query: String,
    received: u64,
}

impl HttpConnection {
    /// Connects to `target`; requests will ask for `store`.
    ///
    /// # Errors
    /// When the server cannot be reached by `deadline`.
    pub async fn open(target: &str, store: Option<&str>, deadline: Instant) -> Result<Self, LinkError> {
        let stream = timeout_at(deadline.into(), TcpStream::connect(target)).await;
        let stream = stream.map_err(|_| LinkError::Timeout)??;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Its failure is seen by the next request as well.
        tokio::spawn(async move { connection.await.ok() });
        let query = store.map(|store| format!("?store={store}")).unwrap_or_default();
        Ok(Self { sender, host: target.to_owned(), query, received: 0 })
    }

    /// Sends a request, reads the whole answer and gives its status.
    ///
    /// # Errors
    /// When the connection breaks or `deadline` passes.
    pub async fn send(&mut self, request: Request<Full<Bytes>>, deadline: Instant) -> Result<u16, LinkError> {
        let answer = timeout_at(deadline.into(), async {
            self.sender.ready().await?;
            let response = self.sender.send_request(request).await?;
            let status = response.status().as_u16();
            let mut body = response.into_body();
            while let Some(frame) = body.frame().await {
                self.received += frame?.data_ref().map_or(0, |data| data.len() as u64);
            }
            Ok(status)
        });
        answer.await.map_err(|_| LinkError::Timeout)?
    }

    /// Bytes of bodies read since the last call.
    pub fn take_received(&mut self) -> u64 {
        std::mem::take(&mut self.received)
    }
}

/// Bytes of a request's body.
pub fn body_bytes(request: &Request<Full<Bytes>>) -> u64 {
    request.body().size_hint().exact().unwrap_or(0)
}
