//! What became of a request.

use std::time::Instant;

use hypercache::resp::frame::Kind;

use crate::operation::Operation;

/// Longest error prefix that is kept; the rest is cut off.
const PREFIX_BYTES_MAX: usize = 32;

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As it should.
    Ok,
    /// With the error it was made to cause.
    Expected(Box<str>),
    /// With an error nobody wanted.
    Error(Box<str>),
}

/// The end of one request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked.
    pub operation: Operation,
    /// When the answer was read, or the request given up.
    pub at: Instant,
    /// How it ended.
    pub verdict: Verdict,
    /// Keys that were found.
    pub hits: u32,
    /// Keys that were not.
    pub misses: u32,
}

impl Answer {
    /// Judges a RESP reply.
    pub fn from_reply(operation: Operation, kind: Kind<'_>, at: Instant) -> Self {
        let verdict = match kind {
            Kind::Error(prefix) if operation.expects_error() => Verdict::Expected(label(prefix)),
            Kind::Error(prefix) => Verdict::Error(label(prefix)),
            _ if operation.expects_error() => Verdict::Error("NO_ERROR".into()),
            _ => Verdict::Ok,
        };
        let (hits, misses) = match (operation, kind) {
            (Operation::Get | Operation::Getex, Kind::Null) => (0, 1),
            (Operation::Get | Operation::Getex, Kind::Value(_)) => (1, 0),
            (Operation::Mget, Kind::Items { count, nulls, .. }) => (small(count - nulls), small(nulls)),
            _ => (0, 0),
        };
        Self { operation, at, verdict, hits, misses }
    }

    /// Judges an HTTP response.
    pub fn from_status(operation: Operation, status: u16, at: Instant) -> Self {
        let found = matches!(status, 200..=299);
        let absent = status == 404 && matches!(operation, Operation::Get | Operation::Del);
        let verdict =
            if found || absent { Verdict::Ok } else { Verdict::Error(format!("HTTP_{status}").into()) };
        let get = operation == Operation::Get;
        Self { operation, at, verdict, hits: u32::from(get && found), misses: u32::from(get && absent) }
    }

    /// A request that got no reply.
    pub fn failed(operation: Operation, error: &'static str, at: Instant) -> Self {
        Self { operation, at, verdict: Verdict::Error(error.into()), hits: 0, misses: 0 }
    }
}

/// An error's first word, as a label: what does not look like one becomes `OTHER`.
fn label(prefix: &[u8]) -> Box<str> {
    let plain = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    match std::str::from_utf8(prefix) {
        Ok(text) if (1..=PREFIX_BYTES_MAX).contains(&text.len()) && prefix.iter().all(plain) => text.into(),
        _ => "OTHER".into(),
    }
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(operation: Operation, kind: Kind<'_>) -> (Verdict, u32, u32) {
        let answer = Answer::from_reply(operation, kind, Instant::now());
        (answer.verdict, answer.hits, answer.misses)
    }

    #[test]
    fn replies() {
        let items = Kind::Items { count: 5, nulls: 2, push: false };
        assert_eq!(judge(Operation::Get, Kind::Value(3)), (Verdict::Ok, 1, 0));
        assert_eq!(judge(Operation::Getex, Kind::Null), (Verdict::Ok, 0, 1));
        assert_eq!(judge(Operation::Mget, items), (Verdict::Ok, 3, 2));
        assert_eq!(judge(Operation::Set, Kind::Status(b"OK")), (Verdict::Ok, 0, 0));
        assert_eq!(judge(Operation::Get, Kind::Error(b"NOAUTH")), (Verdict::Error("NOAUTH".into()), 0, 0));
        assert_eq!(judge(Operation::Get, Kind::Error(b"no\xff")), (Verdict::Error("OTHER".into()), 0, 0));
        assert_eq!(judge(Operation::Arity, Kind::Error(b"ERR")), (Verdict::Expected("ERR".into()), 0, 0));
        assert_eq!(judge(Operation::Arity, Kind::Null), (Verdict::Error("NO_ERROR".into()), 0, 0));
    }

    #[test]
    fn statuses() {
        let judge = |operation, status| {
            let answer = Answer::from_status(operation, status, Instant::now());
            (answer.verdict, answer.hits, answer.misses)
        };
        assert_eq!(judge(Operation::Get, 200), (Verdict::Ok, 1, 0));
        assert_eq!(judge(Operation::Get, 404), (Verdict::Ok, 0, 1));
        assert_eq!(judge(Operation::Set, 404), (Verdict::Error("HTTP_404".into()), 0, 0));
        assert_eq!(judge(Operation::Set, 507), (Verdict::Error("HTTP_507".into()), 0, 0));
    }
}
