//! A tiny RESP server that can misbehave on demand, and a way to run the generator against it.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::io::Read;
use std::io::Write;
use std::net::Shutdown;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use hypercache::resp::frame::Frame;
use hypercache::resp::frame::FrameLimits;
use hypercache::resp::frame::Protocol;
use hypercache::resp::frame::decode;
use parking_lot::Mutex;

/// How the server misbehaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Behaviour {
    /// Password asked for.
    pub password: Option<&'static str>,
    /// After so many commands the whole server stands still for this time, once.
    pub stall: Option<(u64, Duration)>,
    /// After so many commands the connection is cut in the middle of a pipeline, once.
    pub cut: Option<u64>,
    /// After so many commands the whole server is gone for good.
    pub die: Option<u64>,
}

/// The server; its threads end with the test process.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub addr: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    behaviour: Behaviour,
    data: Mutex<Data>,
}

#[derive(Debug, Default)]
struct Data {
    keys: HashMap<Bytes, Bytes>,
    /// Commands seen, by name.
    seen: BTreeMap<String, u64>,
    commands: u64,
    dead: bool,
    streams: Vec<TcpStream>,
}

impl Server {
    /// Starts on a free port.
    pub fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(State { behaviour, data: Mutex::default() });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                if state.data.lock().dead {
                    return;
                }
                state.data.lock().streams.push(stream.try_clone().expect("a second handle"));
                thread::spawn(move || serve(&state, stream));
            }
        });
        Self { addr, state }
    }

    /// How often a command was seen.
    pub fn seen(&self, name: &str) -> u64 {
        self.state.data.lock().seen.get(name).copied().unwrap_or(0)
    }
}

fn serve(state: &State, mut stream: TcpStream) {
    let (mut input, mut out, mut chunk) = (Vec::new(), Vec::new(), vec![0; 64 * 1024]);
    let mut admitted = state.behaviour.password.is_none();
    loop {
        let read = match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        input.extend_from_slice(&chunk[..read]);
        let mut used = 0;
        while let Ok(Some((request, length))) = decode(&input[used..], &FrameLimits::default()) {
            used += length;
            let Some(reply) = state.answer(&words(request), &mut admitted) else {
                stream.write_all(&out).ok();
                stream.shutdown(Shutdown::Both).ok();
                return;
            };
            reply.encode(Protocol::Resp2, &mut out);
        }
        input.drain(..used);
        if stream.write_all(&out).is_err() {
            return;
        }
        out.clear();
    }
}

fn words(request: Frame) -> Vec<Bytes> {
    let Frame::Array(items) = request else { panic!("a request is an array") };
    let word =
        |item| if let Frame::Bulk(word) = item { word } else { panic!("an argument is a bulk string") };
    items.into_iter().map(word).collect()
}

impl State {
    /// `None` cuts the connection.
    fn answer(&self, words: &[Bytes], admitted: &mut bool) -> Option<Frame> {
        let data = &mut *self.data.lock();
        let name = String::from_utf8_lossy(&words[0]).into_owned();
        *data.seen.entry(name.clone()).or_default() += 1;
        if matches!(name.as_str(), "GET" | "SET" | "MGET") {
            data.commands += 1;
        }
        let number = data.commands;
        if let Some((after, time)) = self.behaviour.stall
            && number == after
        {
            data.commands += 1;
            // Others wait for the lock, so the whole server stands still.
            thread::sleep(time);
        }
        if self.behaviour.cut == Some(number) {
            data.commands += 1;
            return None;
        }
        if self.behaviour.die.is_some_and(|after| number >= after) {
            data.dead = true;
            for stream in data.streams.drain(..) {
                stream.shutdown(Shutdown::Both).ok();
            }
            return None;
        }
        if let Some(password) = self.behaviour.password {
            match name.as_str() {
                "AUTH" if words.last().is_some_and(|word| word == password) => *admitted = true,
                "AUTH" => return Some(error("WRONGPASS invalid username-password pair")),
                _ if !*admitted => return Some(error("NOAUTH Authentication required.")),
                _ => {}
            }
        }
        Some(data.execute(&name, &words[1..]))
    }
}

impl Data {
    fn execute(&mut self, name: &str, arguments: &[Bytes]) -> Frame {
        let find = |key: &Bytes| self.keys.get(key).cloned().map_or(Frame::Null, Frame::Bulk);
        match (name, arguments) {
            ("PING" | "AUTH" | "SELECT" | "HELLO", _) => Frame::Simple(Bytes::from_static(b"OK")),
            ("GET", [key]) => find(key),
            ("MGET", keys) => Frame::Array(keys.iter().map(find).collect()),
            ("SET", [key, value, ..]) => {
                self.keys.insert(key.clone(), value.clone());
                Frame::Simple(Bytes::from_static(b"OK"))
            }
            ("LPUSH", _) => error("WRONGTYPE Operation against a key holding the wrong kind of value"),
            ("INCR", _) => error("ERR value is not an integer or out of range"),
            _ => error("ERR unknown command or wrong number of arguments"),
        }
    }
}

fn error(text: &'static str) -> Frame {
    Frame::Error(Bytes::from_static(text.as_bytes()))
}

/// How the generator ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit status.
    pub code: i32,
    /// The JSON report, when there is one.
    pub report: Option<serde_json::Value>,
    /// Standard error.
    pub stderr: String,
}

/// The generator with these flags, and JSON on standard output.
pub fn command(flags: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    command.args(flags.split_whitespace()).args(["--json", "-"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the generator to its end.
pub fn run(flags: &str) -> Ended {
    let output = command(flags).output().expect("the binary is built");
    Ended {
        code: output.status.code().expect("it ends by itself"),
        report: serde_json::from_slice(&output.stdout).ok(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
