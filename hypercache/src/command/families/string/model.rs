//! The commands on strings against the simplest model of them: a map, and a clock that moves.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::sample::select;

use crate::command::test_bench::Bench;

type Bytes = Vec<u8>;

const NOT_AN_INTEGER: &str = "-ERR value is not an integer or out of range";

#[derive(Default)]
struct Model {
    keys: HashMap<Bytes, (Bytes, Option<u64>)>,
    now: u64,
}

fn bulk(bytes: Option<&Bytes>) -> String {
    match bytes {
        Some(bytes) => format!("${}\r\n{}\r\n", bytes.len(), String::from_utf8_lossy(bytes)),
        None => "$-1\r\n".to_owned(),
    }
}

fn number(number: i64) -> String {
    format!(":{number}\r\n")
}

/// Where Redis's indexes of `len` bytes lie.
fn range(start: i64, end: i64, len: usize) -> std::ops::Range<usize> {
    let len = len as i64;
    if start < 0 && end < 0 && start > end {
        return 0..0;
    }
    let place = |index: i64| (if index < 0 { index + len } else { index }).max(0);
    let (start, end) = (place(start), place(end).min(len - 1));
    if start > end { 0..0 } else { start as usize..end as usize + 1 }
}

impl Model {
    fn advance(&mut self, millis: u64) {
        self.now += millis;
        let now = self.now;
        self.keys.retain(|_, (_, deadline)| deadline.is_none_or(|deadline| deadline > now));
    }

    fn get(&self, key: &str) -> Option<&Bytes> {
        self.keys.get(key.as_bytes()).map(|(value, _)| value)
    }

    fn deadline(&self, key: &str) -> Option<u64> {
        self.keys.get(key.as_bytes()).and_then(|(_, deadline)| *deadline)
    }

    fn set(&mut self, key: &str, value: impl Into<Bytes>, deadline: Option<u64>) {
        self.keys.insert(key.into(), (value.into(), deadline));
    }

    /// Changes a value, an empty one where there is none, and keeps its deadline.
    fn change(&mut self, key: &str, change: impl FnOnce(&mut Bytes)) -> usize {
        let value = &mut self.keys.entry(key.into()).or_default().0;
        change(value);
        value.len()
    }

    fn add(&mut self, key: &str, amount: i64) -> String {
        let text = self.get(key).cloned().unwrap_or_else(|| b"0".to_vec());
        let old = String::from_utf8(text)
            .ok()
            .filter(|text| text.parse::<i64>().is_ok_and(|number| number.to_string() == *text));
        let Some(old) = old else { return format!("{NOT_AN_INTEGER}\r\n") };
        let Some(sum) = old.parse::<i64>().unwrap().checked_add(amount) else {
            return "-ERR increment or decrement would overflow\r\n".to_owned();
        };
        self.change(key, |value| *value = sum.to_string().into_bytes());
        number(sum)
    }

    /// `SET key value [NX|XX] [GET] [PX n | KEEPTTL]`.
    fn set_with(&mut self, key: &str, value: &str, options: &[&str]) -> String {
        let old = self.get(key).cloned();
        let has = |word| options.contains(&word);
        let refused = (has("NX") && old.is_some()) || (has("XX") && old.is_none());
        if !refused {
            let px = options.iter().position(|word| *word == "PX");
            let deadline = match px {
                Some(at) => Some(self.now + options[at + 1].parse::<u64>().unwrap()),
                None if has("KEEPTTL") => self.deadline(key),
                None => None,
            };
            self.set(key, value, deadline);
        }
        match (has("GET"), refused) {
            (true, _) => bulk(old.as_ref()),
            (false, true) => bulk(None),
            (false, false) => "+OK\r\n".to_owned(),
        }
    }

    fn run(&mut self, words: &[&str]) -> String {
        match words {
            ["SET", key, value, options @ ..] => self.set_with(key, value, options),
            ["GET", key] => bulk(self.get(key)),
            ["GETDEL", key] => {
                let old = bulk(self.get(key));
                self.keys.remove(key.as_bytes());
                old
            }
            ["GETEX", key, "PX", millis] => {
                let deadline = self.now + millis.parse::<u64>().unwrap();
                if let Some((_, old)) = self.keys.get_mut(key.as_bytes()) {
                    *old = Some(deadline);
                }
                bulk(self.get(key))
            }
            ["GETEX", key, "PERSIST"] => {
                if let Some((_, old)) = self.keys.get_mut(key.as_bytes()) {
                    *old = None;
                }
                bulk(self.get(key))
            }
            ["MSETNX", first, one, second, two] => {
                let free = self.get(first).is_none() && self.get(second).is_none();
                if free {
                    self.set(first, *one, None);
                    self.set(second, *two, None);
                }
                number(free.into())
            }
            ["INCRBY", key, amount] => self.add(key, amount.parse().unwrap()),
            ["DECR", key] => self.add(key, -1),
            ["PTTL", key] => number(match (self.get(key), self.deadline(key)) {
                (None, _) => -2,
                (_, None) => -1,
                (_, Some(deadline)) => (deadline - self.now) as i64,
            }),
            ["RENAME", from, to] => match self.keys.remove(from.as_bytes()) {
                Some(kept) => {
                    self.keys.insert(to.as_bytes().to_vec(), kept);
                    "+OK\r\n".to_owned()
                }
                None => "-ERR no such key\r\n".to_owned(),
            },
            _ => self.run_on_part(words),
        }
    }

    /// The commands on parts of strings.
    fn run_on_part(&mut self, words: &[&str]) -> String {
        match words {
            ["APPEND", key, more] => number(self.change(key, |value| value.extend(more.bytes())) as i64),
            ["STRLEN", key] => number(self.get(key).map_or(0, Vec::len) as i64),
            ["GETRANGE", key, start, end] => {
                let value = self.get(key).cloned().unwrap_or_default();
                let range = range(start.parse().unwrap(), end.parse().unwrap(), value.len());
                bulk(Some(&value[range].to_vec()))
            }
            ["SETRANGE", key, offset, part] => {
                if part.is_empty() {
                    return number(self.get(key).map_or(0, Vec::len) as i64);
                }
                let offset: usize = offset.parse().unwrap();
                number(self.change(key, |value| {
                    value.resize(value.len().max(offset + part.len()), 0);
                    value[offset..offset + part.len()].copy_from_slice(part.as_bytes());
                }) as i64)
            }
            ["SETBIT", key, offset, bit] => {
                let offset: usize = offset.parse().unwrap();
                let (at, mask) = (offset / 8, 0x80 >> (offset % 8));
                let mut old = 0;
                self.change(key, |value| {
                    value.resize(value.len().max(at + 1), 0);
                    old = i64::from(value[at] & mask != 0);
                    value[at] = value[at] & !mask | if *bit == "1" { mask } else { 0 };
                });
                number(old)
            }
            ["BITCOUNT", key] => number(
                self.get(key)
                    .map_or(0, |value| value.iter().map(|byte| byte.count_ones()).sum::<u32>())
                    .into(),
            ),
            _ => panic!("the model knows no {words:?}"),
        }
    }
}

/// A command line of the model.
fn line() -> impl Strategy<Value = String> {
    let key = || select(vec!["a", "b", "c", "d"]);
    let value = || select(vec!["0", "-5", "41", "9223372036854775807", "x", "007", "hello", "''"]);
    let options =
        select(vec!["", "NX", "XX", "GET", "KEEPTTL", "PX 40", "XX GET PX 90", "NX PX 15", "KEEPTTL GET"]);
    let index = || -9..9_i64;
    prop_oneof![
        4 => (key(), value(), options).prop_map(|(k, v, o)| format!("SET {k} {v} {o}")),
        3 => key().prop_map(|k| format!("GET {k}")),
        1 => key().prop_map(|k| format!("GETDEL {k}")),
        1 => (key(), 1..100_u64).prop_map(|(k, n)| format!("GETEX {k} PX {n}")),
        1 => key().prop_map(|k| format!("GETEX {k} PERSIST")),
        1 => (key(), value(), key(), value()).prop_map(|(a, x, b, y)| format!("MSETNX {a} {x} {b} {y}")),
        2 => (key(), any::<i64>()).prop_map(|(k, n)| format!("INCRBY {k} {n}")),
        1 => key().prop_map(|k| format!("DECR {k}")),
        2 => (key(), value()).prop_map(|(k, v)| format!("APPEND {k} {v}")),
        1 => key().prop_map(|k| format!("STRLEN {k}")),
        2 => key().prop_map(|k| format!("PTTL {k}")),
        2 => (key(), index(), index()).prop_map(|(k, s, e)| format!("GETRANGE {k} {s} {e}")),
        1 => (key(), 0..12_u8, value()).prop_map(|(k, n, v)| format!("SETRANGE {k} {n} {v}")),
        1 => (key(), 0..60_u8, 0..2_u8).prop_map(|(k, n, b)| format!("SETBIT {k} {n} {b}")),
        1 => key().prop_map(|k| format!("BITCOUNT {k}")),
        1 => (key(), key()).prop_map(|(a, b)| format!("RENAME {a} {b}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn strings_behave_like_a_map(stream in prop::collection::vec((line(), 0..20_u64), 1..120)) {
        let mut bench = Bench::at(1_000_000);
        let mut model = Model { now: 1_000_000, ..Model::default() };
        for (line, passed) in stream {
            bench.advance(passed);
            model.advance(passed);
            let words: Vec<&str> =
                line.split_whitespace().map(|word| if word == "''" { "" } else { word }).collect();
            prop_assert_eq!(bench.run(&words), model.run(&words), "{}", line);
        }
        let kept: HashMap<Bytes, (Bytes, Option<u64>)> =
            bench.dump().into_iter().map(|((_, key), (_, value, deadline))| (key, (value, deadline))).collect();
        prop_assert_eq!(kept, model.keys);
    }
}
