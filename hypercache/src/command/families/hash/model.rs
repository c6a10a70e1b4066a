//! The commands on hashes against a map of fields, each with an end of its own.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use crate::command::test_model::Answer;
use crate::command::test_model::Content;
use crate::command::test_model::Keys;
use crate::command::test_model::NARROW;
use crate::command::test_model::compare;
use crate::command::test_model::key;
use crate::command::test_model::stream;
use crate::value::limits::Limits;

/// Fields with their values and ends.
#[derive(Debug, Default, Clone)]
struct Hash {
    fields: BTreeMap<String, (String, Option<u64>)>,
}

impl Content for Hash {
    fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    fn advance(&mut self, now: u64) {
        self.fields.retain(|_, (_, deadline)| deadline.is_none_or(|deadline| deadline > now));
    }
}

impl Hash {
    fn value(&self, field: &str) -> Option<String> {
        self.fields.get(field).map(|(value, _)| value.clone())
    }

    /// Whether it is new; an end goes.
    fn set(&mut self, field: &str, value: &str) -> bool {
        self.fields.insert(field.to_owned(), (value.to_owned(), None)).is_none()
    }

    fn remove(&mut self, field: &str) -> i64 {
        i64::from(self.fields.remove(field).is_some())
    }

    fn add(&mut self, field: &str, amount: i64) -> Answer {
        let (value, deadline) = self.fields.get(field).cloned().unwrap_or_else(|| ("0".to_owned(), None));
        let old = value.parse::<i64>().ok().filter(|number| number.to_string() == value);
        let Some(old) = old else { return Answer::error("ERR hash value is not an integer") };
        let Some(sum) = old.checked_add(amount) else {
            return Answer::error("ERR increment or decrement would overflow");
        };
        self.fields.insert(field.to_owned(), (sum.to_string(), deadline));
        Answer::number(sum)
    }

    /// `HPEXPIRE`: what it answers for one field.
    fn expire(&mut self, field: &str, deadline: u64, now: u64, condition: &str) -> i64 {
        let Some((_, old)) = self.fields.get_mut(field) else { return -2 };
        let met = match condition {
            "NX" => old.is_none(),
            "XX" => old.is_some(),
            "GT" => old.is_some_and(|old| deadline > old),
            "LT" => old.is_none_or(|old| deadline < old),
            _ => true,
        };
        if !met {
            return 0;
        }
        if deadline <= now {
            self.fields.remove(field);
            return 2;
        }
        *old = Some(deadline);
        1
    }

    fn persist(&mut self, field: &str) -> i64 {
        self.fields.get_mut(field).map_or(-2, |(_, deadline)| if deadline.take().is_some() { 1 } else { -1 })
    }
}

fn run(keys: &mut Keys<Hash>, words: &[&str]) -> Answer {
    let now = keys.now;
    match words {
        ["HSET", key, pairs @ ..] => {
            let added =
                pairs.chunks(2).filter(|pair| keys.change(key, |hash| hash.set(pair[0], pair[1]))).count();
            Answer::number(added)
        }
        ["HSETNX", key, field, value] => {
            let free = keys.copy(key).value(field).is_none();
            if free {
                keys.change(key, |hash| hash.set(field, value));
            }
            Answer::number(i64::from(free))
        }
        ["HDEL", key, fields @ ..] => Answer::number(
            fields.iter().map(|field| keys.change(key, |hash| hash.remove(field))).sum::<i64>(),
        ),
        ["HINCRBY", key, field, amount] => keys.change(key, |hash| hash.add(field, amount.parse().unwrap())),
        ["HPEXPIRE", key, millis, condition @ .., "FIELDS", "1", field] => {
            let deadline = now + millis.parse::<u64>().unwrap();
            let condition = condition.first().copied().unwrap_or_default();
            Answer::numbers([keys.change(key, |hash| hash.expire(field, deadline, now, condition))])
        }
        ["HPERSIST", key, "FIELDS", "1", field] => {
            Answer::numbers([keys.change(key, |hash| hash.persist(field))])
        }
        ["HGETDEL", key, "FIELDS", "2", fields @ ..] => {
            let mut take = |field: &&str| {
                keys.change(key, |hash| {
                    let old = hash.value(field);
                    hash.remove(field);
                    old
                })
            };
            Answer::texts(fields.iter().map(&mut take).collect::<Vec<_>>())
        }
        _ => read(&keys.copy(words[1]), now, words),
    }
}

fn read(hash: &Hash, now: u64, words: &[&str]) -> Answer {
    match words {
        ["HGET", _, field] => Answer::text(hash.value(field)),
        ["HMGET", _, fields @ ..] => Answer::texts(fields.iter().map(|field| hash.value(field))),
        ["HLEN", _] => Answer::number(hash.fields.len()),
        ["HEXISTS", _, field] => Answer::number(i64::from(hash.value(field).is_some())),
        ["HSTRLEN", _, field] => Answer::number(hash.value(field).unwrap_or_default().len()),
        ["HPTTL", _, "FIELDS", "1", field] => Answer::numbers([match hash.fields.get(*field) {
            None => -2,
            Some((_, None)) => -1,
            Some((_, Some(deadline))) => (deadline - now) as i64,
        }]),
        ["HKEYS", _] => Answer::AnyOrder { width: 1, elements: hash.fields.keys().cloned().collect() },
        ["HVALS", _] => Answer::AnyOrder {
            width: 1,
            elements: hash.fields.values().map(|(value, _)| value.clone()).collect(),
        },
        ["HGETALL", _] => Answer::AnyOrder {
            width: 2,
            elements: hash
                .fields
                .iter()
                .flat_map(|(field, (value, _))| [field.clone(), value.clone()])
                .collect(),
        },
        _ => panic!("the model knows no {words:?}"),
    }
}

fn line() -> impl Strategy<Value = String> {
    let field = || select(vec!["f", "g", "h", "i", "long-field", "''"]);
    let value = || select(vec!["0", "-5", "9223372036854775807", "x", "007", "hello", "''"]);
    let condition = select(vec!["", "NX", "XX", "GT", "LT"]);
    let one = |name: &'static str| (key(), field()).prop_map(move |(k, f)| format!("{name} {k} {f}"));
    let all = |name: &'static str| key().prop_map(move |k| format!("{name} {k}"));
    prop_oneof![
        4 => (key(), field(), value()).prop_map(|(k, f, v)| format!("HSET {k} {f} {v}")),
        3 => (key(), field(), value(), field(), value())
            .prop_map(|(k, f, v, g, w)| format!("HSET {k} {f} {v} {g} {w}")),
        1 => (key(), field(), value()).prop_map(|(k, f, v)| format!("HSETNX {k} {f} {v}")),
        2 => one("HGET"),
        1 => one("HEXISTS"),
        1 => one("HSTRLEN"),
        2 => one("HDEL"),
        1 => (key(), field(), field()).prop_map(|(k, f, g)| format!("HDEL {k} {f} {g}")),
        1 => (key(), field(), field()).prop_map(|(k, f, g)| format!("HMGET {k} {f} {g}")),
        1 => (key(), field(), field()).prop_map(|(k, f, g)| format!("HGETDEL {k} FIELDS 2 {f} {g}")),
        2 => (key(), field(), -9..9_i64).prop_map(|(k, f, n)| format!("HINCRBY {k} {f} {n}")),
        4 => (key(), 0..50_u64, condition, field())
            .prop_map(|(k, n, c, f)| format!("HPEXPIRE {k} {n} {c} FIELDS 1 {f}")),
        1 => (key(), field()).prop_map(|(k, f)| format!("HPERSIST {k} FIELDS 1 {f}")),
        2 => (key(), field()).prop_map(|(k, f)| format!("HPTTL {k} FIELDS 1 {f}")),
        2 => all("HLEN"),
        2 => all("HGETALL"),
        1 => all("HKEYS"),
        1 => all("HVALS"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn hashes_behave_like_maps(stream in stream(line()), narrow in any::<bool>()) {
        compare(if narrow { NARROW } else { Limits::DEFAULT }, stream, run)?;
    }
}
