//! A small blocking client that sees the bytes.

use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::time::Duration;

use hypercache::resp::frame::Frame;
use hypercache::resp::frame::FrameLimits;
use hypercache::resp::frame::decode;

use crate::telemetry_support::wait_for;

/// A connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends bytes, and says whether the other side still took them.
    pub fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// The next reply.
    pub fn reply(&mut self) -> Frame {
        self.try_reply().expect("the connection ended")
    }

    /// The next reply; none where the connection has ended.
    pub fn try_reply(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, used)) = decode(&self.buffer, &FrameLimits::default()).unwrap() {
                self.buffer.drain(..used);
                return Some(frame);
            }
            let mut more = [0; 64 * 1024];
            match self.stream.read(&mut more) {
                Ok(0) => return None,
                Ok(read) => self.buffer.extend_from_slice(&more[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Sends a command of words and waits for its reply.
    pub fn run(&mut self, line: &str) -> Frame {
        self.command(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Sends a command and waits for its reply.
    pub fn command<B: AsRef<[u8]>>(&mut self, parts: &[B]) -> Frame {
        self.send(wire(parts));
        self.reply()
    }

    /// Its reply as text: bulk, status, error and numbers.
    pub fn text(&mut self, line: &str) -> String {
        text(&self.run(line))
    }

    /// Whether the other side has ended the connection and sent nothing more.
    pub fn has_ended(&mut self) -> bool {
        self.try_reply().is_none()
    }

    /// Waits until all that was sent lies in the other side's socket, read or not.
    pub fn delivered(&self) {
        let port = format!(":{:04X}", self.stream.local_addr().unwrap().port());
        wait_for("what was sent is delivered", || {
            let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
            let mut fields = sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            let own = fields.find(|fields| fields[1].ends_with(&port))?;
            own[4].starts_with("00000000:").then_some(())
        });
    }

    /// Ends the connection without a farewell, as a machine does that has just been started again.
    pub fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Ends the sending half.
    pub fn finish(&mut self) {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
    }
}

/// A command as an array of bulk strings.
pub fn wire<B: AsRef<[u8]>>(parts: &[B]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", parts.len()).into_bytes();
    for part in parts {
        bytes.extend(format!("${}\r\n", part.as_ref().len()).bytes());
        bytes.extend_from_slice(part.as_ref());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// A reply as text.
pub fn text(frame: &Frame) -> String {
    match frame {
        Frame::Simple(bytes) | Frame::Bulk(bytes) | Frame::Error(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        Frame::Integer(number) => number.to_string(),
        Frame::Null => "(nil)".to_owned(),
        other => format!("{other:?}"),
    }
}
