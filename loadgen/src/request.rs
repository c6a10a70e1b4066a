//! Turns a workload into requests, in RESP or HTTP.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Method;
use hyper::Request;
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::keys::KeyPicker;
use crate::keys::KeySpace;
use crate::operation::Mix;
use crate::operation::Operation;
use crate::values::Ttl;
use crate::values::Values;

/// The string that the operations which fail on purpose work on; written before they start.
pub const TEXT_KEY: &[u8] = b"loadgen:text";

/// Time to live of commands that need one, in workloads that have none.
const TTL_FALLBACK: Duration = Duration::from_secs(60);

/// Keys a `SCAN` asks for.
const SCAN_COUNT: &[u8] = b"100";

/// What requests are drawn from.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Operations and their weights.
    pub mix: Mix,
    /// Keys they touch.
    pub keys: KeySpace,
    /// Values they write.
    pub values: Values,
    /// How long written keys live.
    pub ttl: Ttl,
    /// Keys of one `MGET` or `MSET`.
    pub batch: usize,
}

/// Draws the requests of one connection.
#[derive(Debug)]
pub struct Generator {
    workload: Arc<Workload>,
    rng: SmallRng,
    picker: KeyPicker,
    /// Where the next `SCAN` goes on.
    cursor: u64,
    key: Vec<u8>,
}

impl Generator {
    /// The generator of connection `connection` of `connections`; the same seed draws the same requests.
    pub fn new(workload: Arc<Workload>, seed: u64, connection: usize, connections: usize) -> Self {
        let picker = KeyPicker::new(&workload.keys, connection, connections);
        let rng = SmallRng::seed_from_u64(
            seed.wrapping_add((connection as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        );
        Self { workload, rng, picker, cursor: 0, key: Vec::new() }
    }

    /// The source of chance of this connection.
    pub fn rng(&mut self) -> &mut SmallRng {
        &mut self.rng
    }

    /// Draws an operation.
    pub fn operation(&mut self) -> Operation {
        self.workload.mix.pick(&mut self.rng)
    }

    /// Tells the generator where a scan goes on.
    pub fn set_cursor(&mut self, cursor: u64) {
        self.cursor = cursor;
    }

    /// Appends one command to `out`.
    pub fn write_resp(&mut self, operation: Operation, out: &mut Vec<u8>) {
        let workload = Arc::clone(&self.workload);
        match operation {
            Operation::Get => self.keyed(out, 2, b"GET", true),
            Operation::Del => self.keyed(out, 2, b"DEL", false),
            Operation::Exists => self.keyed(out, 2, b"EXISTS", true),
            Operation::Ttl => self.keyed(out, 2, b"TTL", true),
            Operation::Set => self.set(&workload, out),
            Operation::Append => {
                self.keyed(out, 3, b"APPEND", false);
                argument(out, workload.values.pick(&mut self.rng));
            }
            Operation::Setex => {
                self.keyed(out, 4, b"SETEX", false);
                self.ttl_seconds(&workload, out);
                argument(out, workload.values.pick(&mut self.rng));
            }
            Operation::Getex => {
                self.keyed(out, 4, b"GETEX", true);
                argument(out, b"EX");
                self.ttl_seconds(&workload, out);
            }
            Operation::Expire => {
                self.keyed(out, 3, b"EXPIRE", false);
                self.ttl_seconds(&workload, out);
            }
            Operation::Incr => {
                command(out, 2, b"INCR");
                self.draw_key(b"counter:");
                argument(out, &self.key);
            }
            Operation::Mget => {
                command(out, 1 + workload.batch, b"MGET");
                for _ in 0..workload.batch {
                    self.read_key();
                    argument(out, &self.key);
                }
            }
            Operation::Mset => {
                command(out, 1 + 2 * workload.batch, b"MSET");
                for _ in 0..workload.batch {
                    self.draw_key(b"");
                    argument(out, &self.key);
                    argument(out, workload.values.pick(&mut self.rng));
                }
            }
            Operation::Scan => {
                command(out, 4, b"SCAN");
                number(out, self.cursor);
                argument(out, b"COUNT");
                argument(out, SCAN_COUNT);
            }
            Operation::Ping => command(out, 1, b"PING"),
            Operation::WrongType => write_command(out, &[b"LPUSH", TEXT_KEY, b"1"]),
            Operation::NotInteger => write_command(out, &[b"INCR", TEXT_KEY]),
            Operation::Unknown => write_command(out, &[b"NOSUCHCOMMAND", b"1"]),
            Operation::Arity => command(out, 1, b"GET"),
        }
    }

    /// One HTTP request; `query` is appended to the path and starts with `?` or is empty.
    pub fn http(&mut self, operation: Operation, host: &str, query: &str) -> Request<Full<Bytes>> {
        let workload = Arc::clone(&self.workload);
        let (method, path, body) = match operation {
            Operation::Set => {
                self.draw_key(b"");
                let value = Bytes::copy_from_slice(workload.values.pick(&mut self.rng));
                let ttl = workload.ttl.pick(&mut self.rng);
                let ttl = ttl.map(|ttl| format!("{}ttl_seconds={}", separator(query), whole_seconds(ttl)));
                (Method::PUT, format!("{}{query}{}", self.path(), ttl.unwrap_or_default()), value)
            }
            Operation::Del => {
                self.draw_key(b"");
                (Method::DELETE, format!("{}{query}", self.path()), Bytes::new())
            }
            Operation::Mget => {
                (Method::POST, format!("/api/cache/batch/get{query}"), self.batch_keys(workload.batch))
            }
            Operation::Mset => {
                (Method::POST, format!("/api/cache/batch/put{query}"), self.batch_items(&workload))
            }
            _ => {
                self.read_key();
                (Method::GET, format!("{}{query}", self.path()), Bytes::new())
            }
        };
        let kind = if method == Method::POST { "application/json" } else { "application/octet-stream" };
        let request =
            Request::builder().method(method).uri(path).header("host", host).header("content-type", kind);
        request.body(Full::new(body)).expect("the path is percent-encoded and the host was checked")
    }

    fn batch_keys(&mut self, count: usize) -> Bytes {
        let keys: Vec<String> = (0..count)
            .map(|_| {
                self.read_key();
                String::from_utf8_lossy(&self.key).into_owned()
            })
            .collect();
        serde_json::json!({ "keys": keys }).to_string().into()
    }

    fn batch_items(&mut self, workload: &Workload) -> Bytes {
        let items: Vec<serde_json::Value> = (0..workload.batch)
            .map(|_| {
                self.draw_key(b"");
                let key = String::from_utf8_lossy(&self.key);
                let value = String::from_utf8_lossy(workload.values.pick(&mut self.rng));
                match workload.ttl.pick(&mut self.rng) {
                    Some(ttl) => {
                        serde_json::json!({ "key": key, "value": value, "ttl_seconds": whole_seconds(ttl) })
                    }
                    None => serde_json::json!({ "key": key, "value": value }),
                }
            })
            .collect();
        serde_json::json!({ "items": items }).to_string().into()
    }

    fn path(&self) -> String {
        let mut path = String::from("/api/cache/");
        for byte in &self.key {
            if byte.is_ascii_alphanumeric() || b"-_.~:".contains(byte) {
                path.push(char::from(*byte));
            } else {
                path.push_str(&format!("%{byte:02X}"));
            }
        }
        path
    }

    fn set(&mut self, workload: &Workload, out: &mut Vec<u8>) {
        let ttl = workload.ttl.pick(&mut self.rng);
        self.keyed(out, if ttl.is_some() { 5 } else { 3 }, b"SET", false);
        argument(out, workload.values.pick(&mut self.rng));
        let Some(ttl) = ttl else { return };
        if ttl.subsec_millis() == 0 {
            argument(out, b"EX");
            number(out, ttl.as_secs());
        } else {
            argument(out, b"PX");
            number(out, u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
        }
    }

    /// A command's name and its key; `reads` says that the key may be one nobody writes.
    fn keyed(&mut self, out: &mut Vec<u8>, arguments: usize, name: &[u8], reads: bool) {
        command(out, arguments, name);
        if reads {
            self.read_key();
        } else {
            self.draw_key(b"");
        }
        argument(out, &self.key);
    }

    fn read_key(&mut self) {
        let misses = self.workload.keys.miss_ratio;
        let absent = misses > 0.0 && self.rng.random_bool(misses);
        self.draw_key(if absent { b"absent:" } else { b"" });
    }

    fn draw_key(&mut self, family: &[u8]) {
        self.key.clear();
        let number = self.picker.pick(&mut self.rng);
        self.workload.keys.pattern.write(family, number, &mut self.key);
    }

    fn ttl_seconds(&mut self, workload: &Workload, out: &mut Vec<u8>) {
        number(out, whole_seconds(workload.ttl.pick(&mut self.rng).unwrap_or(TTL_FALLBACK)));
    }
}

/// Appends a command of the given arguments.
pub fn write_command(out: &mut Vec<u8>, arguments: &[&[u8]]) {
    header(out, b'*', arguments.len());
    for part in arguments {
        argument(out, part);
    }
}

fn command(out: &mut Vec<u8>, arguments: usize, name: &[u8]) {
    header(out, b'*', arguments);
    argument(out, name);
}

fn argument(out: &mut Vec<u8>, bytes: &[u8]) {
    header(out, b'$', bytes.len());
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

fn number(out: &mut Vec<u8>, number: u64) {
    argument(out, itoa::Buffer::new().format(number).as_bytes());
}

fn header(out: &mut Vec<u8>, kind: u8, number: usize) {
    out.push(kind);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// At least one second: zero would remove the key.
fn whole_seconds(ttl: Duration) -> u64 {
    ttl.as_secs().max(1)
}

fn separator(query: &str) -> char {
    if query.is_empty() { '?' } else { '&' }
}

#[cfg(test)]
mod tests {
    use hypercache::resp::frame::Frame;
    use hypercache::resp::frame::FrameLimits;
    use hypercache::resp::frame::decode;

    use super::*;

    fn generator(ttl: &str, miss_ratio: f64) -> Generator {
        let workload = Workload {
            mix: "get".parse().unwrap(),
            keys: KeySpace {
                pattern: "k#".parse().unwrap(),
                count: 1,
                choice: crate::keys::KeyChoice::Uniform,
                miss_ratio,
            },
            values: Values::new("3".parse().unwrap(), 1),
            ttl: ttl.parse().unwrap(),
            batch: 2,
        };
        Generator::new(Arc::new(workload), 1, 0, 1)
    }

    fn words(generator: &mut Generator, operation: Operation) -> Vec<String> {
        let mut out = Vec::new();
        generator.write_resp(operation, &mut out);
        let (frame, end) = decode(&out, &FrameLimits::default()).unwrap().unwrap();
        assert_eq!(end, out.len(), "{operation:?} is one whole command");
        let Frame::Array(items) = frame else { panic!("{operation:?} is no array") };
        let text = |item: Frame| match item {
            Frame::Bulk(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            other => panic!("{other:?}"),
        };
        items.into_iter().map(text).collect()
    }

    #[test]
    fn every_operation_is_a_well_formed_command() {
        let mut generator = generator("none", 0.0);
        for operation in Operation::ALL {
            assert!(!words(&mut generator, operation).is_empty());
        }
        assert_eq!(words(&mut generator, Operation::Get), ["GET", "k0"]);
        assert_eq!(words(&mut generator, Operation::Mget), ["MGET", "k0", "k0"]);
        assert_eq!(words(&mut generator, Operation::Incr), ["INCR", "counter:k0"]);
        assert_eq!(words(&mut generator, Operation::Set).len(), 3);
        assert_eq!(words(&mut generator, Operation::Setex)[2], "60");
        generator.set_cursor(17);
        assert_eq!(words(&mut generator, Operation::Scan), ["SCAN", "17", "COUNT", "100"]);
    }

    #[test]
    fn ttls_and_misses_show() {
        assert_eq!(words(&mut generator("7s", 0.0), Operation::Set)[3..], ["EX", "7"]);
        assert_eq!(words(&mut generator("1500ms", 0.0), Operation::Set)[3..], ["PX", "1500"]);
        assert_eq!(words(&mut generator("10ms", 0.0), Operation::Expire)[2], "1");
        assert_eq!(words(&mut generator("none", 1.0), Operation::Get)[1], "absent:k0");
        assert_eq!(words(&mut generator("none", 1.0), Operation::Del)[1], "k0");
    }

    #[test]
    fn http_requests() {
        let mut generator = generator("7s", 0.0);
        let put = generator.http(Operation::Set, "h:1", "?store=a");
        assert_eq!(
            (put.method(), put.uri().to_string()),
            (&Method::PUT, "/api/cache/k0?store=a&ttl_seconds=7".into())
        );
        assert_eq!(generator.http(Operation::Get, "h:1", "").uri(), "/api/cache/k0");
        assert_eq!(generator.http(Operation::Mset, "h:1", "").uri(), "/api/cache/batch/put");
        assert_eq!(generator.http(Operation::Del, "h:1", "").method(), Method::DELETE);
    }
}
