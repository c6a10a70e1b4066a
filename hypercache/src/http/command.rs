//! `POST /api/command`: any command on data as a JSON array, answered in JSON by type.
//!
//! The body is `["SET", "k", "v"]`, or an array of such arrays, run one after the other. An argument is a text, a number as it
//! is written, or `{"base64": …}`. In the answer a string is a text or `{"base64": …}`, an integer and a double are numbers (those
//! that JSON has no number for are the texts `inf`, `-inf` and `nan`), a set and a push are arrays, a map whose keys are different
//! texts is an object and any other an array of pairs, and an error inside of a reply is `{"error": …}`.
//!
//! Each request stands for itself: what is about a connection (`MULTI`, `SUBSCRIBE`, `SELECT`, …) has no meaning here, and what
//! changes the node (`CONFIG SET`, `SHUTDOWN`, …) is for RESP. So are scripts, whose clients wait for a thread of their own. A command that would block answers at once, as if its time
//! were over.

use axum::Json;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;

use crate::command::Command;
use crate::command::spec::NodeCommand;
use crate::command::spec::Run;
use crate::command::spec::SessionCommand;
use crate::command::table::table;
use crate::http::batch::ITEMS_MAX;
use crate::http::body;
use crate::http::item;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::Place;
use crate::http::place::StoreQuery;
use crate::http::problem::Problem;
use crate::http::run::Runner;
use crate::resp::OwnedArgs;
use crate::resp::frame::Frame;

/// Longest reply that is made JSON of, in bytes; of a pipeline, all its replies together.
const REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Binary {
    base64: String,
}

/// Runs a command or several.
pub async fn run(
    place: Place,
    asked: AskedQuery<StoreQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let query = place::query(asked)?;
    let parts: Vec<Box<RawValue>> = body::declared_json(&headers, body, place.state.max_body).await?;
    let most = place.state.settings.request_limits(true).arguments;
    let mut runner = place.runner(place.store(query.store.as_deref())?);
    runner.limit_replies(REPLY_BYTES_MAX);
    if !parts.first().is_some_and(|first| first.get().starts_with('[')) {
        let args = arguments(&parts, most)?;
        return Ok(Json(json!({ "result": one(&mut runner, &args).await? })));
    }
    let commands = pipeline(&parts, most)?;
    let mut results = Vec::with_capacity(commands.len());
    for args in &commands {
        results.push(match one(&mut runner, args).await {
            Ok(result) => json!({ "result": result }),
            Err(problem) => json!({ "error": { "code": problem.code, "detail": problem.detail } }),
        });
    }
    Ok(Json(json!({ "results": results })))
}

async fn one(runner: &mut Runner<'_>, args: &OwnedArgs) -> Result<Value, Problem> {
    let command = table().resolve(args.view());
    if !runs_over_http(command) {
        let detail = format!("{} is not run over HTTP; send it over RESP", command.name);
        return Err(Problem::new(StatusCode::FORBIDDEN, "NOT_OVER_HTTP", detail));
    }
    runner.run(args.view().iter()).await.map(typed)
}

/// Whether a command may come by this way. Names that are no command go on, to be refused and counted as such.
fn runs_over_http(command: &Command) -> bool {
    match command.spec.run {
        Run::Data(_) | Run::Container | Run::Unknown => true,
        // The thread that serves HTTP must not run what may not end.
        Run::Script(_) => false,
        Run::Session(command) => matches!(command, SessionCommand::Echo | SessionCommand::Ping),
        Run::Node(command) => matches!(
            command,
            NodeCommand::Command
                | NodeCommand::CommandCount
                | NodeCommand::CommandDocs
                | NodeCommand::CommandGetKeys
                | NodeCommand::CommandGetKeysAndFlags
                | NodeCommand::CommandHelp
                | NodeCommand::CommandInfo
                | NodeCommand::CommandList
                | NodeCommand::Info
                | NodeCommand::Lolwut
                | NodeCommand::Publish
                | NodeCommand::PubsubChannels
                | NodeCommand::PubsubHelp
                | NodeCommand::PubsubNumPat
                | NodeCommand::PubsubNumSub
                | NodeCommand::PubsubShardChannels
                | NodeCommand::PubsubShardNumSub
                | NodeCommand::Role
                | NodeCommand::SPublish
                | NodeCommand::Time
        ),
    }
}

/// All commands of a pipeline; none runs where one cannot be read.
fn pipeline(parts: &[Box<RawValue>], most: usize) -> Result<Vec<OwnedArgs>, Problem> {
    if parts.len() > ITEMS_MAX {
        return Err(Problem::bad_request(format!("{} commands are more than {ITEMS_MAX}", parts.len())));
    }
    let read = |(number, part): (usize, &RawValue)| {
        body::json::<Vec<Box<RawValue>>>(part.get().as_bytes())
            .and_then(|parts| arguments(&parts, most))
            .map_err(|problem| Problem { detail: format!("command {number}: {}", problem.detail), ..problem })
    };
    parts.iter().map(AsRef::as_ref).enumerate().map(read).collect()
}

fn arguments(parts: &[Box<RawValue>], most: usize) -> Result<OwnedArgs, Problem> {
    if parts.is_empty() || parts.len() > most {
        return Err(Problem::bad_request(format!(
            "a command has 1 to {most} arguments, its name among them"
        )));
    }
    let mut args = OwnedArgs::default();
    for part in parts {
        args.push(&argument(part)?);
    }
    Ok(args)
}

fn argument(part: &RawValue) -> Result<Vec<u8>, Problem> {
    let text = part.get();
    match text.as_bytes().first() {
        Some(b'"') => body::json::<String>(text.as_bytes()).map(String::into_bytes),
        Some(b'{') => {
            let Binary { base64 } = body::json(text.as_bytes())?;
            item::decoded("base64", &base64)
        }
        Some(b'-' | b'0'..=b'9') => Ok(text.as_bytes().to_vec()),
        _ => Err(Problem::bad_request("an argument is a text, a number, or {\"base64\": …}")),
    }
}

/// A reply as JSON. How deep replies nest is bounded where they are decoded.
pub fn typed(frame: Frame) -> Value {
    match frame {
        Frame::Simple(text) | Frame::Bulk(text) | Frame::Verbatim { text, .. } => string(&text),
        Frame::BigNumber(digits) => string(&digits),
        Frame::Error(text) | Frame::BulkError(text) => json!({ "error": String::from_utf8_lossy(&text) }),
        Frame::Integer(number) => number.into(),
        Frame::Double(number) => item::number(number),
        Frame::Boolean(truth) => truth.into(),
        Frame::Null => Value::Null,
        Frame::Array(items) | Frame::Set(items) | Frame::Push(items) => {
            items.into_iter().map(typed).collect()
        }
        Frame::Map(pairs) => map(pairs),
    }
}

fn string(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => json!({ "base64": BASE64_STANDARD.encode(bytes) }),
    }
}

fn map(pairs: Vec<(Frame, Frame)>) -> Value {
    let count = pairs.len();
    let pairs: Vec<(Value, Value)> =
        pairs.into_iter().map(|(key, value)| (typed(key), typed(value))).collect();
    let object: Map<String, Value> =
        pairs.iter().filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value.clone()))).collect();
    if object.len() == count {
        object.into()
    } else {
        pairs.into_iter().map(|(key, value)| json!([key, value])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_become_json_by_type() {
        let bulk = |text: &'static str| Frame::Bulk(text.into());
        for (frame, wanted) in [
            (Frame::Simple("OK".into()), json!("OK")),
            (Frame::Bulk(vec![0xff].into()), json!({"base64": "/w=="})),
            (Frame::Integer(i64::MIN), json!(i64::MIN)),
            (Frame::Double(1.5), json!(1.5)),
            (Frame::Double(f64::NEG_INFINITY), json!("-inf")),
            (Frame::Double(f64::NAN), json!("nan")),
            (Frame::Boolean(true), json!(true)),
            (Frame::Null, Value::Null),
            (Frame::BigNumber("123456789012345678901".into()), json!("123456789012345678901")),
            (Frame::Set(vec![bulk("a"), Frame::Null]), json!(["a", null])),
            (Frame::Error("ERR no".into()), json!({"error": "ERR no"})),
            (Frame::Verbatim { format: *b"txt", text: "hi".into() }, json!("hi")),
            (
                Frame::Map(vec![(bulk("b"), Frame::Integer(1)), (bulk("a"), Frame::Null)]),
                json!({"a": null, "b": 1}),
            ),
            (Frame::Map(vec![(Frame::Integer(1), bulk("x"))]), json!([[1, "x"]])),
            (
                Frame::Map(vec![(bulk("a"), bulk("x")), (bulk("a"), bulk("y"))]),
                json!([["a", "x"], ["a", "y"]]),
            ),
        ] {
            assert_eq!(typed(frame), wanted);
        }
    }

    #[test]
    fn arguments_are_texts_numbers_and_bytes() {
        let read = |json: &str| argument(&RawValue::from_string(json.to_owned()).unwrap());
        assert_eq!(read(r#""a\u0000b""#).unwrap(), b"a\0b");
        assert_eq!(read("0.10").unwrap(), b"0.10");
        assert_eq!(read("18446744073709551616").unwrap(), b"18446744073709551616");
        assert_eq!(read(r#"{"base64": "/w=="}"#).unwrap(), [0xff]);
        for wrong in ["null", "true", "[]", "{}", r#"{"base64": "?"}"#, r#"{"base64": "", "x": 1}"#] {
            assert_eq!(read(wrong).unwrap_err().status, StatusCode::BAD_REQUEST, "{wrong}");
        }
    }

    #[test]
    fn what_is_about_a_connection_or_the_node_does_not_come_this_way() {
        let allowed = |name: &str| runs_over_http(table().find(name.as_bytes()).unwrap());
        for name in
            ["get", "zadd", "flushall", "ping", "echo", "time", "command", "command|docs", "info", "publish"]
        {
            assert!(allowed(name), "{name}");
        }
        for name in [
            "multi",
            "exec",
            "discard",
            "watch",
            "subscribe",
            "psubscribe",
            "ssubscribe",
            "select",
            "auth",
            "hello",
            "reset",
            "quit",
            "client|reply",
            "client|kill",
            "client|pause",
            "config|set",
            "config|get",
            "shutdown",
        ] {
            assert!(!allowed(name), "{name}");
        }
    }
}
