//! A connection through either door, carrying groups of requests.

use std::time::Instant;

use hypercache::resp::frame::Frame;
use hypercache::resp::frame::FrameLimits;
use hypercache::resp::frame::decode;

use crate::answer::Answer;
use crate::client::LinkError;
use crate::client::RespConnection;
use crate::http::HttpConnection;
use crate::http::body_bytes;
use crate::operation::Operation;
use crate::plan::Admission;
use crate::plan::Door;
use crate::request::Generator;

/// One connection.
#[derive(Debug)]
pub enum Link {
    /// RESP.
    Resp(Box<RespConnection>),
    /// HTTP.
    Http(Box<HttpConnection>),
}

/// A group of requests under way; kept from group to group for its memory.
#[derive(Debug, Default)]
pub struct Exchange {
    /// What is sent, in order.
    pub operations: Vec<Operation>,
    /// What came back, in the same order; fewer when the connection broke.
    pub answers: Vec<Answer>,
    /// Bytes written.
    pub sent: u64,
    /// Bytes read.
    pub received: u64,
    out: Vec<u8>,
}

impl Exchange {
    /// Memory kept for the next group; a larger buffer is given back.
    const KEEP_BYTES: usize = 1024 * 1024;

    /// Draws a group of `size` requests.
    pub fn draw(&mut self, generator: &mut Generator, size: usize) {
        self.operations.clear();
        self.operations.extend((0..size).map(|_| generator.operation()));
        self.answers.clear();
        self.sent = 0;
        self.received = 0;
    }

    /// Gives every request that has no answer the same one.
    pub fn fail_rest(&mut self, error: &'static str, at: Instant) -> u64 {
        let answered = self.answers.len();
        let rest = &self.operations[answered..];
        self.answers.extend(rest.iter().map(|operation| Answer::failed(*operation, error, at)));
        rest.len() as u64
    }
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// When the server cannot be reached by `deadline`, or refuses.
    pub async fn open(
        door: Door,
        target: &str,
        admission: &Admission,
        deadline: Instant,
    ) -> Result<Self, LinkError> {
        match door {
            Door::Resp => Ok(Self::Resp(Box::new(RespConnection::open(target, admission, deadline).await?))),
            Door::Http => {
                let store = admission.store.as_deref();
                Ok(Self::Http(Box::new(HttpConnection::open(target, store, deadline).await?)))
            }
        }
    }

    /// Sends the group and collects its answers.
    ///
    /// # Errors
    /// When the connection broke or `deadline` passed; the answers until then are kept.
    pub async fn carry(
        &mut self,
        exchange: &mut Exchange,
        generator: &mut Generator,
        deadline: Instant,
    ) -> Result<(), LinkError> {
        match self {
            Self::Resp(connection) => resp(connection, exchange, generator, deadline).await,
            Self::Http(connection) => http(connection, exchange, generator, deadline).await,
        }
    }
}

async fn resp(
    connection: &mut RespConnection,
    exchange: &mut Exchange,
    generator: &mut Generator,
    deadline: Instant,
) -> Result<(), LinkError> {
    let Exchange { operations, answers, out, .. } = exchange;
    out.clear();
    for operation in &*operations {
        generator.write_resp(*operation, out);
    }
    let result = connection
        .exchange(out, operations.len(), deadline, |number, raw, kind, at| {
            let operation = operations[number];
            if operation == Operation::Scan {
                generator.set_cursor(next_cursor(raw));
            }
            answers.push(Answer::from_reply(operation, kind, at));
        })
        .await;
    exchange.sent = exchange.out.len() as u64;
    exchange.received = connection.take_received();
    if exchange.out.capacity() > Exchange::KEEP_BYTES {
        exchange.out = Vec::new();
    }
    result
}

async fn http(
    connection: &mut HttpConnection,
    exchange: &mut Exchange,
    generator: &mut Generator,
    deadline: Instant,
) -> Result<(), LinkError> {
    for number in 0..exchange.operations.len() {
        let operation = exchange.operations[number];
        let request = generator.http(operation, &connection.host, &connection.query);
        exchange.sent += body_bytes(&request);
        let status = connection.send(request, deadline).await?;
        exchange.received += connection.take_received();
        exchange.answers.push(Answer::from_status(operation, status, Instant::now()));
    }
    Ok(())
}

/// Where a scan goes on; from the beginning when the answer does not say.
fn next_cursor(raw: &[u8]) -> u64 {
    let Ok(Some((Frame::Array(items), _))) = decode(raw, &FrameLimits::default()) else { return 0 };
    match items.first() {
        Some(Frame::Bulk(cursor)) => std::str::from_utf8(cursor).ok().and_then(|text| text.parse().ok()),
        _ => None,
    }
    .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors() {
        assert_eq!(next_cursor(b"*2\r\n$2\r\n17\r\n*0\r\n"), 17);
        assert_eq!(next_cursor(b"-ERR no\r\n"), 0);
    }
}
