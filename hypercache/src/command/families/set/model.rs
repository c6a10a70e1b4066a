//! The commands on sets against an ordered set.

use std::collections::BTreeSet;

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

type Set = BTreeSet<String>;

impl Content for Set {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }
}

fn all(set: Set) -> Answer {
    Answer::AnyOrder { width: 1, elements: set.into_iter().collect() }
}

/// `SINTER`, `SUNION` or `SDIFF` of keys, the first one's set on the left.
fn combined(keys: &Keys<Set>, name: &str, of: &[&str]) -> Set {
    let mut sets = of.iter().map(|key| keys.copy(key));
    let first = sets.next().unwrap();
    sets.fold(first, |left, right| match name {
        "SINTER" => &left & &right,
        "SUNION" => &left | &right,
        _ => &left - &right,
    })
}

fn run(keys: &mut Keys<Set>, words: &[&str]) -> Answer {
    match words {
        ["SADD", key, members @ ..] => Answer::number(
            members.iter().filter(|member| keys.change(key, |set| set.insert((**member).to_owned()))).count(),
        ),
        ["SREM", key, members @ ..] => Answer::number(
            members.iter().filter(|member| keys.change(key, |set| set.remove(**member))).count(),
        ),
        ["SMOVE", from, to, member] => {
            let there = keys.copy(from).contains(*member);
            if there && from != to {
                keys.change(from, |set| set.remove(*member));
                keys.change(to, |set| set.insert((*member).to_owned()));
            }
            Answer::number(i64::from(there))
        }
        ["SPOP", key, "100"] => all(keys.change(key, std::mem::take)),
        ["SISMEMBER", key, member] => Answer::number(i64::from(keys.copy(key).contains(*member))),
        ["SMISMEMBER", key, members @ ..] => {
            let set = keys.copy(key);
            Answer::numbers(members.iter().map(|member| i64::from(set.contains(*member))))
        }
        ["SCARD", key] => Answer::number(keys.copy(key).len()),
        ["SMEMBERS" | "SRANDMEMBER", key, ..] => all(keys.copy(key)),
        ["SINTERCARD", "2", one, two, "LIMIT", limit] => {
            let limit: usize = limit.parse().unwrap();
            let count = combined(keys, "SINTER", &[one, two]).len();
            Answer::number(if limit == 0 { count } else { count.min(limit) })
        }
        [name @ ("SINTER" | "SUNION" | "SDIFF"), of @ ..] => all(combined(keys, name, of)),
        [name @ ("SINTERSTORE" | "SUNIONSTORE" | "SDIFFSTORE"), destination, of @ ..] => {
            let result = combined(keys, name.trim_end_matches("STORE"), of);
            let count = result.len();
            keys.put(destination, result);
            Answer::number(count)
        }
        _ => panic!("the model knows no {words:?}"),
    }
}

fn line() -> impl Strategy<Value = String> {
    let member = || {
        select(vec![
            "0",
            "7",
            "-40000",
            "9223372036854775807",
            "5000000000",
            "x",
            "y",
            "long-member",
            "007",
            "''",
        ])
    };
    let algebra = || select(vec!["SINTER", "SUNION", "SDIFF"]);
    let one = |name: &'static str| key().prop_map(move |k| format!("{name} {k}"));
    prop_oneof![
        4 => (key(), member()).prop_map(|(k, m)| format!("SADD {k} {m}")),
        4 => (key(), member(), member(), member()).prop_map(|(k, m, n, o)| format!("SADD {k} {m} {n} {o}")),
        2 => (key(), member()).prop_map(|(k, m)| format!("SREM {k} {m}")),
        1 => (key(), member(), member()).prop_map(|(k, m, n)| format!("SREM {k} {m} {n}")),
        2 => (key(), key(), member()).prop_map(|(a, b, m)| format!("SMOVE {a} {b} {m}")),
        1 => key().prop_map(|k| format!("SPOP {k} 100")),
        1 => key().prop_map(|k| format!("SRANDMEMBER {k} 100")),
        1 => (key(), member()).prop_map(|(k, m)| format!("SISMEMBER {k} {m}")),
        1 => (key(), member(), member()).prop_map(|(k, m, n)| format!("SMISMEMBER {k} {m} {n}")),
        1 => one("SCARD"),
        3 => one("SMEMBERS"),
        1 => (key(), key(), 0..3_u8).prop_map(|(a, b, n)| format!("SINTERCARD 2 {a} {b} LIMIT {n}")),
        2 => (algebra(), key(), key()).prop_map(|(name, a, b)| format!("{name} {a} {b}")),
        2 => (algebra(), key(), key(), key()).prop_map(|(name, d, a, b)| format!("{name}STORE {d} {a} {b}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn sets_behave_like_sets(stream in stream(line()), narrow in any::<bool>()) {
        compare(if narrow { NARROW } else { Limits::DEFAULT }, stream, run)?;
    }
}
