//! One line of the log: a JSON object with ECS's dotted names as top-level keys, written into a reused buffer.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// Version of the Elastic Common Schema that the names follow.
pub const ECS_VERSION: &str = "9.4.0";

/// A stream of the log: a file of its own, a dataset of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// What the node does.
    Node,
    /// Commands and HTTP requests.
    Command,
    /// Who came in and who changed what.
    Audit,
}

impl Stream {
    /// All streams.
    pub const ALL: [Self; 3] = [Self::Node, Self::Command, Self::Audit];

    /// The name in files and labels.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Command => "command",
            Self::Audit => "audit",
        }
    }

    /// The target of its events, as log filters name it.
    pub const fn target(self) -> &'static str {
        match self {
            Self::Node => "hypercache::node",
            Self::Command => "hypercache::command",
            Self::Audit => "hypercache::audit",
        }
    }

    /// The value of `event.dataset`.
    pub const fn dataset(self) -> &'static str {
        match self {
            Self::Node => "hypercache.node",
            Self::Command => "hypercache.command",
            Self::Audit => "hypercache.audit",
        }
    }
}

/// Writes the fields of one line at the end of a buffer that may hold other lines.
pub(super) struct LineWriter<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> LineWriter<'a> {
    /// Opens a line with what comes first in every line.
    pub(super) fn begin(out: &'a mut Vec<u8>, time: SystemTime, level: &str, message: &str) -> Self {
        let start = out.len();
        out.extend_from_slice(b"{\"@timestamp\":\"");
        timestamp(out, time);
        out.push(b'"');
        let mut line = Self { out, start };
        line.str("log.level", level);
        line.str("message", message);
        line
    }

    fn key(&mut self, key: &str) {
        self.out.extend_from_slice(b",\"");
        escape(self.out, key);
        self.out.extend_from_slice(b"\":");
    }

    /// A text field.
    pub(super) fn str(&mut self, key: &str, value: &str) {
        self.key(key);
        self.out.push(b'"');
        escape(self.out, value);
        self.out.push(b'"');
    }

    /// An array of texts.
    pub(super) fn list(&mut self, key: &str, values: &[&str]) {
        self.key(key);
        self.out.push(b'[');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.out.push(b'"');
            escape(self.out, value);
            self.out.push(b'"');
        }
        self.out.push(b']');
    }

    /// An unsigned number.
    pub(super) fn u64(&mut self, key: &str, value: u64) {
        self.key(key);
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    /// A signed number.
    pub(super) fn i64(&mut self, key: &str, value: i64) {
        self.key(key);
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    /// A number with a fraction; left out if it is none that JSON knows.
    pub(super) fn f64(&mut self, key: &str, value: f64) {
        if value.is_finite() {
            self.key(key);
            self.out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
        }
    }

    /// A truth value.
    pub(super) fn bool(&mut self, key: &str, value: bool) {
        self.key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// An identifier in hexadecimal digits.
    pub(super) fn hex(&mut self, key: &str, value: u128, digits: usize) {
        self.key(key);
        self.out.push(b'"');
        hex(self.out, value, digits);
        self.out.push(b'"');
    }

    /// Fields that were written earlier, each with its comma in front.
    pub(super) fn raw(&mut self, fields: &[u8]) {
        self.out.extend_from_slice(fields);
    }

    /// Closes the line; returns its length with the line feed.
    pub(super) fn end(self) -> usize {
        self.out.extend_from_slice(b"}\n");
        self.out.len() - self.start
    }
}

/// What all lines of a process have in common.
#[derive(Debug)]
pub(super) struct LineContext {
    constants: Vec<u8>,
    sequence: AtomicU64,
}

impl LineContext {
    /// The lines of this service on this node.
    pub(super) fn new(service: &str, version: &str, node: &str) -> Self {
        Self { constants: constant_fields(service, version, node), sequence: AtomicU64::new(0) }
    }

    /// Adds the common fields and closes the line; returns its length with the line feed.
    pub(super) fn end(&self, mut line: LineWriter<'_>) -> usize {
        line.u64("event.sequence", self.sequence.fetch_add(1, Relaxed));
        line.raw(&self.constants);
        line.end()
    }

    /// The first line of a new file. Its identifier comes early, so that a shipper which knows files by their first
    /// bytes takes no two for the same.
    pub(super) fn opening_line(&self, stream: Stream) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        let message = format!("log file {:016x} opened", rand::random::<u64>());
        let mut line = LineWriter::begin(&mut out, SystemTime::now(), "INFO", &message);
        line.str("event.dataset", stream.dataset());
        line.str("event.kind", "event");
        line.list("event.category", &["process"]);
        line.list("event.type", &["info"]);
        line.str("event.action", "log-opened");
        line.str("event.outcome", "success");
        self.end(line);
        out
    }
}

/// The fields that are the same in all lines of a process, ready to be copied.
fn constant_fields(service: &str, version: &str, node: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut line = LineWriter { out: &mut out, start: 0 };
    line.str("ecs.version", ECS_VERSION);
    line.str("service.name", service);
    line.str("service.version", version);
    line.str("service.node.name", node);
    line.u64("process.pid", u64::from(std::process::id()));
    out
}

/// Writes the lower `digits` hexadecimal digits of a number.
pub(super) fn hex(out: &mut Vec<u8>, value: u128, digits: usize) {
    for digit in (0..digits).rev() {
        out.push(b"0123456789abcdef"[((value >> (4 * digit)) & 15) as usize]);
    }
}

/// Writes text between JSON's quotation marks.
fn escape(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut clean = 0;
    for (index, byte) in bytes.iter().enumerate() {
        let short = match byte {
            b'"' | b'\\' => *byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..=0x1f | 0x7f => 0,
            _ => continue,
        };
        out.extend_from_slice(&bytes[clean..index]);
        if short == 0 {
            out.extend_from_slice(b"\\u00");
            hex(out, u128::from(*byte), 2);
        } else {
            out.extend_from_slice(&[b'\\', short]);
        }
        clean = index + 1;
    }
    out.extend_from_slice(&bytes[clean..]);
}

/// Writes a time as RFC 3339 with microseconds, in UTC.
fn timestamp(out: &mut Vec<u8>, time: SystemTime) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    decimal(out, year, 4);
    for (separator, value) in
        [(b'-', month), (b'-', day), (b'T', seconds / 3600), (b':', seconds / 60 % 60), (b':', seconds % 60)]
    {
        out.push(separator);
        decimal(out, value, 2);
    }
    out.push(b'.');
    decimal(out, u64::from(since.subsec_micros()), 6);
    out.push(b'Z');
}

/// Year, month and day of a number of days since 1970: counts in years that begin in March, in eras of 400 years.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

fn decimal(out: &mut Vec<u8>, value: u64, digits: u32) {
    for digit in (0..digits).rev() {
        out.push(b'0' + (value / 10_u64.pow(digit) % 10) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn stamp(seconds: u64, micros: u32) -> String {
        let mut out = Vec::new();
        timestamp(&mut out, UNIX_EPOCH + Duration::new(seconds, micros * 1000));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn timestamps_know_the_calendar() {
        assert_eq!(stamp(0, 0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(stamp(951_782_400, 5), "2000-02-29T00:00:00.000005Z");
        assert_eq!(stamp(1_709_251_199, 999_999), "2024-02-29T23:59:59.999999Z");
        assert_eq!(stamp(4_107_542_400, 0), "2100-03-01T00:00:00.000000Z");
        for day in (0..80_000).step_by(7) {
            let expected =
                humantime::format_rfc3339_micros(UNIX_EPOCH + Duration::from_secs(day * 86_400 + 61));
            assert_eq!(stamp(day * 86_400 + 61, 0), expected.to_string());
        }
    }

    #[test]
    fn any_text_makes_valid_json() {
        let texts =
            ["", "plain", "q\"uote\\", "\u{0}\u{1f}\u{7f}\n\r\t\u{8}", "snow ☃ \u{10ffff}", "{\"a\":1}"];
        for text in texts {
            let mut out = Vec::new();
            let mut line = LineWriter::begin(&mut out, SystemTime::now(), "INFO", text);
            line.f64("nan", f64::NAN);
            line.f64("half", 0.5);
            line.list("list", &["a\"", "b"]);
            line.hex("id", 0xab, 4);
            line.end();
            let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(value["message"], text);
            assert_eq!(value["half"], 0.5);
            assert_eq!(value["id"], "00ab");
            assert_eq!(value["list"][0], "a\"");
            assert!(value.get("nan").is_none());
            assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
        }
    }
}
