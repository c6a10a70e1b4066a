//! The parts of an answer and of a request: names and values between JSON and the bytes that are stored.
//!
//! A name (of a key, a field or a member) is text; one that is no UTF-8 is told as `<what>_base64`, and may be given so.
//! A value is JSON as `value` describes it, or `value_base64`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::DeserializeOwned;
use serde_json::Number;
use serde_json::Value;
use serde_json::value::RawValue;
use serde_json::value::to_raw_value;

use crate::http::batch::ITEMS_MAX;
use crate::http::place::check_name;
use crate::http::problem::Problem;
use crate::http::value;
use crate::resp::frame::Frame;
use crate::store::Store;

/// A JSON object whose members keep their order and their text to the digit.
#[derive(Debug, Default)]
pub struct Object(Vec<(String, Box<RawValue>)>);

impl Object {
    /// An answer about a key.
    pub fn about(key: &[u8], store: &Store) -> Self {
        Self::default().name("key", key).with("store", store.name())
    }

    /// Adds a member.
    pub fn with(mut self, member: &str, content: impl Serialize) -> Self {
        let content = to_raw_value(&content).expect("texts, numbers and lists of them are JSON");
        self.0.push((member.to_owned(), content));
        self
    }

    /// Adds a name: `what`, or `what_base64` where it is no text.
    pub fn name(self, what: &str, name: &[u8]) -> Self {
        match std::str::from_utf8(name) {
            Ok(name) => self.with(what, name),
            Err(_) => self.with(&format!("{what}_base64"), BASE64_STANDARD.encode(name)),
        }
    }

    /// Adds a value: `value`, or `value_base64` where it is no text.
    pub fn value(mut self, bytes: &[u8]) -> Self {
        let (member, content) = value::shown(bytes);
        self.0.push((member.to_owned(), content));
        self
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(member, content)| (member, content)))
    }
}

/// A floating-point number; those that JSON has no number for as text: `inf`, `-inf`, `nan`.
pub fn number(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => number.into(),
        None => crate::resp::reply::double_text(number).into(),
    }
}

/// What a request adds to a collection.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "T: DeserializeOwned")]
pub struct Items<T> {
    /// One for each; 1 to `ITEMS_MAX`.
    pub items: Vec<T>,
}

/// A field of a hash and its value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldItem {
    field: Option<String>,
    field_base64: Option<String>,
    #[serde(default, deserialize_with = "given")]
    value: Option<Box<RawValue>>,
    value_base64: Option<String>,
}

/// A value, as of an element of a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueItem {
    #[serde(default, deserialize_with = "given")]
    value: Option<Box<RawValue>>,
    value_base64: Option<String>,
}

/// A member of a set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberItem {
    member: Option<String>,
    member_base64: Option<String>,
}

/// An item of a filter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterItem {
    item: Option<String>,
    item_base64: Option<String>,
}

/// A member of a sorted set and its score.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoredItem {
    member: Option<String>,
    member_base64: Option<String>,
    score: Box<RawValue>,
}

/// An item as arguments of a command.
pub trait Arguments {
    /// Appends them to `parts`.
    fn append(&self, parts: &mut Vec<Vec<u8>>) -> Result<(), Problem>;
}

impl Arguments for FieldItem {
    fn append(&self, parts: &mut Vec<Vec<u8>>) -> Result<(), Problem> {
        parts.push(name("field", self.field.as_ref(), self.field_base64.as_ref())?);
        parts.push(stored(self.value.as_deref(), self.value_base64.as_ref())?);
        Ok(())
    }
}

impl Arguments for ValueItem {
    fn append(&self, parts: &mut Vec<Vec<u8>>) -> Result<(), Problem> {
        parts.push(stored(self.value.as_deref(), self.value_base64.as_ref())?);
        Ok(())
    }
}

impl Arguments for MemberItem {
    fn append(&self, parts: &mut Vec<Vec<u8>>) -> Result<(), Problem> {
        parts.push(name("member", self.member.as_ref(), self.member_base64.as_ref())?);
        Ok(())
    }
}

impl Arguments for FilterItem {
    fn append(&self, parts: &mut Vec<Vec<u8>>) -> Result<(), Problem> {
        parts.push(name("item", self.item.as_ref(), self.item_base64.as_ref())?);
        Ok(())
    }
}

impl Arguments for ScoredItem {
    fn append(&self, parts: &mut Vec<Vec<u8>>) -> Result<(), Problem> {
        parts.push(score(&self.score)?);
        parts.push(name("member", self.member.as_ref(), self.member_base64.as_ref())?);
        Ok(())
    }
}

/// A command of `begin` and the arguments of all items; their number is checked.
pub fn command<T: Arguments>(begin: &[&[u8]], items: &[T]) -> Result<Vec<Vec<u8>>, Problem> {
    check_count(items.len())?;
    let mut parts: Vec<Vec<u8>> = begin.iter().map(|part| part.to_vec()).collect();
    for (number, item) in items.iter().enumerate() {
        item.append(&mut parts)
            .map_err(|problem| Problem { detail: format!("item {number}: {}", problem.detail), ..problem })?;
    }
    Ok(parts)
}

/// Whether there are as many items as are taken.
pub fn check_count(items: usize) -> Result<(), Problem> {
    match items {
        0 => Err(Problem::bad_request("there is no item")),
        1..=ITEMS_MAX => Ok(()),
        count => Err(Problem::bad_request(format!("{count} items are more than {ITEMS_MAX}"))),
    }
}

/// A score as a command takes it: a JSON number as it is written, or a text such as `inf`.
pub fn score(score: &RawValue) -> Result<Vec<u8>, Problem> {
    let text = score.get();
    match text.as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => Ok(text.as_bytes().to_vec()),
        Some(b'"') => serde_json::from_str::<String>(text)
            .map(String::into_bytes)
            .map_err(|error| Problem::bad_request(format!("the score cannot be read: {error}"))),
        _ => Err(Problem::bad_request("a score is a number, or a text such as \"inf\"")),
    }
}

/// Bytes that a request gives in base64.
pub fn decoded(member: &str, base64: &str) -> Result<Vec<u8>, Problem> {
    BASE64_STANDARD
        .decode(base64)
        .map_err(|error| Problem::bad_request(format!("{member} is not base64: {error}")))
}

fn name(what: &str, text: Option<&String>, base64: Option<&String>) -> Result<Vec<u8>, Problem> {
    let name = match (text, base64) {
        (Some(text), None) => text.as_bytes().to_vec(),
        (None, Some(base64)) => decoded(&format!("{what}_base64"), base64)?,
        _ => return Err(Problem::bad_request(format!("give one of {what} and {what}_base64"))),
    };
    check_name(what, &name).map(|()| name)
}

fn stored(json: Option<&RawValue>, base64: Option<&String>) -> Result<Vec<u8>, Problem> {
    match (json, base64) {
        (Some(json), None) => Ok(value::stored(json)),
        (None, Some(base64)) => decoded("value_base64", base64),
        _ => Err(Problem::bad_request("give one of value and value_base64")),
    }
}

/// A member that is there counts as given, also where it is `null`.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

/// The bytes of a reply that is a string; none for any other.
pub fn bytes(frame: &Frame) -> Option<&[u8]> {
    match frame {
        Frame::Bulk(bytes) | Frame::Simple(bytes) => Some(bytes),
        _ => None,
    }
}

/// The number of a reply that is an integer.
pub fn integer(frame: &Frame) -> Result<i64, Problem> {
    match frame {
        Frame::Integer(number) => Ok(*number),
        _ => Err(unexpected()),
    }
}

/// Whether a reply says yes.
pub fn truth(frame: &Frame) -> Result<bool, Problem> {
    match frame {
        Frame::Boolean(truth) => Ok(*truth),
        _ => Err(unexpected()),
    }
}

/// The elements of a reply that is an array or a set.
pub fn elements(frame: Frame) -> Result<Vec<Frame>, Problem> {
    match frame {
        Frame::Array(elements) | Frame::Set(elements) => Ok(elements),
        _ => Err(unexpected()),
    }
}

/// A command has not answered as its documentation says.
pub fn unexpected() -> Problem {
    Problem::internal("a command did not answer in its form")
}
