//! The simplest model of keys that hold collections: a map and a clock that moves. A family's model adds its commands.

use std::collections::BTreeMap;
use std::ops::Range;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseError;

use crate::command::test_bench::Bench;
use crate::resp::frame::Frame;
use crate::resp::frame::FrameLimits;
use crate::resp::frame::decode;
use crate::value::limits::Limits;

/// When a stream of commands begins.
const BEGIN: u64 = 1_000_000;

/// Limits of the compact forms that a few elements pass.
pub const NARROW: Limits = Limits {
    hash_listpack_entries: 3,
    hash_listpack_value: 5,
    list_listpack_size: 3,
    set_intset_entries: 3,
    set_listpack_entries: 4,
    set_listpack_value: 5,
    zset_listpack_entries: 3,
    zset_listpack_value: 5,
    ..Limits::DEFAULT
};

/// What a key holds in the model.
pub trait Content: Clone + Default {
    /// Whether nothing is left, so that the key goes.
    fn is_empty(&self) -> bool;

    /// Lets parts go whose time is over.
    fn advance(&mut self, _now: u64) {}
}

/// What a command answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Exactly this.
    Is(Frame),
    /// These elements, `width` of them together, in any order.
    AnyOrder {
        /// How many elements belong together.
        width: usize,
        /// All of them, one after the other.
        elements: Vec<String>,
    },
}

impl Answer {
    /// A number.
    pub fn number(number: impl TryInto<i64>) -> Self {
        Self::Is(Frame::Integer(number.try_into().unwrap_or(i64::MAX)))
    }

    /// A string, or none.
    pub fn text(text: Option<impl Into<String>>) -> Self {
        Self::Is(string(text))
    }

    /// Strings in this order, some of them missing.
    pub fn texts<S: Into<String>>(texts: impl IntoIterator<Item = Option<S>>) -> Self {
        Self::Is(Frame::Array(texts.into_iter().map(string).collect()))
    }

    /// Numbers in this order.
    pub fn numbers(numbers: impl IntoIterator<Item = i64>) -> Self {
        Self::Is(Frame::Array(numbers.into_iter().map(Frame::Integer).collect()))
    }

    /// `OK`.
    pub fn ok() -> Self {
        Self::Is(Frame::Simple("OK".into()))
    }

    /// An error.
    pub fn error(text: &'static str) -> Self {
        Self::Is(Frame::Error(text.into()))
    }

    /// No value.
    pub fn null() -> Self {
        Self::Is(Frame::Null)
    }

    fn fits(&self, reply: &[u8]) -> bool {
        let Ok(Some((frame, _))) = decode(reply, &FrameLimits::default()) else { return false };
        match self {
            Self::Is(wanted) => frame == *wanted,
            Self::AnyOrder { width, elements } => {
                let found: Option<Vec<String>> = match &frame {
                    Frame::Array(found) => found.iter().map(text).collect(),
                    _ => None,
                };
                found.is_some_and(|found| groups(&found, *width) == groups(elements, *width))
            }
        }
    }
}

fn string(text: Option<impl Into<String>>) -> Frame {
    text.map_or(Frame::Null, |text| Frame::Bulk(text.into().into()))
}

fn text(frame: &Frame) -> Option<String> {
    match frame {
        Frame::Bulk(bytes) => String::from_utf8(bytes.to_vec()).ok(),
        _ => None,
    }
}

fn groups(elements: &[String], width: usize) -> Vec<&[String]> {
    let mut groups: Vec<_> = elements.chunks(width).collect();
    groups.sort();
    groups
}

/// Keys with their content and their end.
#[derive(Debug, Default)]
pub struct Keys<C> {
    keys: BTreeMap<String, (C, Option<u64>)>,
    /// The time.
    pub now: u64,
}

impl<C: Content> Keys<C> {
    /// The content of a key.
    pub fn get(&self, key: &str) -> Option<&C> {
        self.keys.get(key).map(|(content, _)| content)
    }

    /// As `get`; nothing where there is no such key.
    pub fn copy(&self, key: &str) -> C {
        self.get(key).cloned().unwrap_or_default()
    }

    /// Changes the content of a key, from nothing where there is no such key; its end stays.
    pub fn change<R>(&mut self, key: &str, change: impl FnOnce(&mut C) -> R) -> R {
        let (content, _) = self.keys.entry(key.to_owned()).or_default();
        let result = change(content);
        if content.is_empty() {
            self.keys.remove(key);
        }
        result
    }

    /// Replaces what a key holds and takes its end away; nothing removes it.
    pub fn put(&mut self, key: &str, content: C) {
        self.keys.remove(key);
        if !content.is_empty() {
            self.keys.insert(key.to_owned(), (content, None));
        }
    }

    fn advance(&mut self, millis: u64) {
        self.now += millis;
        let now = self.now;
        self.keys.retain(|_, (content, deadline)| {
            content.advance(now);
            deadline.is_none_or(|deadline| deadline > now) && !content.is_empty()
        });
    }

    /// The commands on keys of any type.
    fn run(&mut self, words: &[&str]) -> Option<Answer> {
        Some(match words {
            ["DEL", key] => Answer::number(i64::from(self.keys.remove(*key).is_some())),
            ["EXISTS", key] => Answer::number(i64::from(self.keys.contains_key(*key))),
            ["PEXPIRE", key, millis] => {
                let deadline = self.now + millis.parse::<u64>().unwrap();
                let found = self.keys.get_mut(*key).map(|(_, old)| *old = Some(deadline));
                Answer::number(i64::from(found.is_some()))
            }
            ["PERSIST", key] => {
                let old = self.keys.get_mut(*key).and_then(|(_, deadline)| deadline.take());
                Answer::number(i64::from(old.is_some()))
            }
            ["PTTL", key] => Answer::number(match self.keys.get(*key) {
                None => -2,
                Some((_, None)) => -1,
                Some((_, Some(deadline))) => (deadline - self.now) as i64,
            }),
            ["RENAME", from, to] => match self.keys.remove(*from) {
                None => Answer::error("ERR no such key"),
                Some(entry) => {
                    self.keys.insert((*to).to_owned(), entry);
                    Answer::ok()
                }
            },
            ["COPY", from, to, replace @ ..] => {
                if from == to {
                    return Some(Answer::error("ERR source and destination objects are the same"));
                }
                let free = !self.keys.contains_key(*to) || !replace.is_empty();
                let entry = self.keys.get(*from).filter(|_| free).cloned();
                let copied = entry.map(|entry| self.keys.insert((*to).to_owned(), entry));
                Answer::number(i64::from(copied.is_some()))
            }
            _ => return None,
        })
    }
}

/// A key of the model.
pub fn key() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "b", "c"])
}

/// A command on keys of any type.
pub fn on_any_type() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => key().prop_map(|key| format!("DEL {key}")),
        1 => key().prop_map(|key| format!("EXISTS {key}")),
        2 => (key(), 1..60_u64).prop_map(|(key, millis)| format!("PEXPIRE {key} {millis}")),
        1 => key().prop_map(|key| format!("PERSIST {key}")),
        2 => key().prop_map(|key| format!("PTTL {key}")),
        2 => (key(), key()).prop_map(|(from, to)| format!("RENAME {from} {to}")),
        2 => (key(), key(), select(vec!["", " REPLACE"])).prop_map(|(from, to, more)| format!("COPY {from} {to}{more}")),
    ]
}

/// Lines of a family and on any key, each with the milliseconds that pass before it.
pub fn stream(line: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<(String, u64)>> {
    let line = prop_oneof![4 => line, 1 => on_any_type()];
    prop::collection::vec((line, 0..12_u64), 1..120)
}

/// Runs a stream on real keys and on the model: all answers fit, and what is stored is counted truly.
pub fn compare<C: Content>(
    limits: Limits,
    stream: Vec<(String, u64)>,
    run: impl Fn(&mut Keys<C>, &[&str]) -> Answer,
) -> Result<(), TestCaseError> {
    let mut bench = Bench::at(BEGIN);
    bench.limit(limits);
    let mut model = Keys { keys: BTreeMap::new(), now: BEGIN };
    for (line, passed) in stream {
        bench.advance(passed);
        model.advance(passed);
        let words: Vec<&str> =
            line.split_whitespace().map(|word| if word == "''" { "" } else { word }).collect();
        let reply = bench.execute(&words).reply;
        let wanted = match model.run(&words) {
            Some(answer) => answer,
            None => run(&mut model, &words),
        };
        prop_assert!(
            wanted.fits(&reply),
            "{}: {:?}, not {:?}",
            line,
            String::from_utf8_lossy(&reply),
            wanted
        );
        let [noted, counted] = bench.noted_and_counted();
        prop_assert_eq!(noted, counted, "{}", line);
    }
    let kept: Vec<(String, Option<u64>)> = bench
        .dump()
        .into_iter()
        .map(|((_, key), (_, _, deadline))| (String::from_utf8(key).unwrap(), deadline))
        .collect();
    let wanted: Vec<_> = model.keys.iter().map(|(key, (_, deadline))| (key.clone(), *deadline)).collect();
    prop_assert_eq!(kept, wanted);
    Ok(())
}

/// Where Redis's indexes of `len` elements lie; from the end where they are negative.
pub fn range(start: i64, stop: i64, len: usize) -> Range<usize> {
    let len = len as i64;
    let place = |index: i64| (if index < 0 { index + len } else { index }).max(0);
    let (start, end) = (place(start), (if stop < 0 { stop + len } else { stop.min(len - 1) }) + 1);
    if start >= end { 0..0 } else { start as usize..end as usize }
}
