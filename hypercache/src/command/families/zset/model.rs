//! The commands on sorted sets against a map of scores that is sorted when it is asked.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use crate::command::test_model::Answer;
use crate::command::test_model::Content;
use crate::command::test_model::Keys;
use crate::command::test_model::NARROW;
use crate::command::test_model::compare;
use crate::command::test_model::key;
use crate::command::test_model::range;
use crate::command::test_model::stream;
use crate::value::limits::Limits;

/// Scores are halves here, so that their text and their sums are exact.
type ZSet = BTreeMap<String, f64>;

impl Content for ZSet {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }
}

/// Members by score, then by name.
fn sorted(zset: &ZSet) -> Vec<(String, f64)> {
    let mut pairs: Vec<_> = zset.iter().map(|(member, score)| (member.clone(), *score)).collect();
    pairs.sort_by(|left, right| left.1.total_cmp(&right.1).then_with(|| left.0.cmp(&right.0)));
    pairs
}

fn with_scores(pairs: &[(String, f64)]) -> Answer {
    Answer::texts(pairs.iter().flat_map(|(member, score)| [Some(member.clone()), Some(score.to_string())]))
}

/// Whether a score is within bounds, `(` in front of one leaves it out itself.
fn within(score: f64, min: &str, max: &str) -> bool {
    let above = match min.strip_prefix('(') {
        Some(min) => score > min.parse().unwrap(),
        None => score >= min.parse().unwrap(),
    };
    let below = match max.strip_prefix('(') {
        Some(max) => score < max.parse().unwrap(),
        None => score <= max.parse().unwrap(),
    };
    above && below
}

/// `ZADD` of one member: whether it was added, and whether anything changed.
fn add(zset: &mut ZSet, flags: &[&str], member: &str, score: f64) -> (bool, bool) {
    let has = |flag| flags.contains(&flag);
    match zset.get_mut(member) {
        None if has("XX") => (false, false),
        None => {
            zset.insert(member.to_owned(), score);
            (true, true)
        }
        Some(old) => {
            let refused = has("NX") || (has("GT") && score <= *old) || (has("LT") && score >= *old);
            let changed = !refused && *old != score;
            if changed {
                *old = score;
            }
            (false, changed)
        }
    }
}

/// `ZUNIONSTORE`, `ZINTERSTORE` or `ZDIFFSTORE` of two keys.
fn combined(name: &str, left: &ZSet, right: &ZSet, aggregate: &str) -> ZSet {
    let both = |one: f64, two: f64| match aggregate {
        "MIN" => one.min(two),
        "MAX" => one.max(two),
        _ => one + two,
    };
    let mut result = left.clone();
    match name {
        "ZUNIONSTORE" => {
            for (member, score) in right {
                result.entry(member.clone()).and_modify(|old| *old = both(*old, *score)).or_insert(*score);
            }
        }
        "ZINTERSTORE" => {
            result.retain(|member, _| right.contains_key(member));
            result.iter_mut().for_each(|(member, score)| *score = both(*score, right[member]));
        }
        _ => result.retain(|member, _| !right.contains_key(member)),
    }
    result
}

fn run(keys: &mut Keys<ZSet>, words: &[&str]) -> Answer {
    match words {
        ["ZADD", key, rest @ ..] => {
            let (flags, pairs) =
                rest.split_at(rest.iter().position(|word| word.parse::<f64>().is_ok()).unwrap());
            let (mut added, mut changed) = (0, 0);
            for pair in pairs.chunks(2) {
                let (new, other) =
                    keys.change(key, |zset| add(zset, flags, pair[1], pair[0].parse().unwrap()));
                added += i64::from(new);
                changed += i64::from(other);
            }
            Answer::number(if flags.contains(&"CH") { changed } else { added })
        }
        ["ZINCRBY", key, amount, member] => {
            let score = keys.change(key, |zset| {
                let score = zset.entry((*member).to_owned()).or_insert(0.0);
                *score += amount.parse::<f64>().unwrap();
                *score
            });
            Answer::text(Some(score.to_string()))
        }
        ["ZREM", key, members @ ..] => Answer::number(
            members.iter().filter(|member| keys.change(key, |zset| zset.remove(**member)).is_some()).count(),
        ),
        ["ZPOPMIN" | "ZPOPMAX", key, count] => {
            let mut pairs = sorted(&keys.copy(key));
            if words[0] == "ZPOPMAX" {
                pairs.reverse();
            }
            pairs.truncate(count.parse().unwrap());
            remove(keys, key, &pairs);
            with_scores(&pairs)
        }
        ["ZREMRANGEBYRANK", key, start, stop] => {
            let pairs = sorted(&keys.copy(key));
            let gone = range(start.parse().unwrap(), stop.parse().unwrap(), pairs.len());
            remove(keys, key, &pairs[gone])
        }
        ["ZREMRANGEBYSCORE", key, min, max] => {
            let mut pairs = sorted(&keys.copy(key));
            pairs.retain(|(_, score)| within(*score, min, max));
            remove(keys, key, &pairs)
        }
        [name @ ("ZUNIONSTORE" | "ZINTERSTORE"), destination, "2", left, right, "AGGREGATE", aggregate] => {
            store(keys, destination, combined(name, &keys.copy(left), &keys.copy(right), aggregate))
        }
        ["ZDIFFSTORE", destination, "2", left, right] => {
            store(keys, destination, combined("ZDIFFSTORE", &keys.copy(left), &keys.copy(right), ""))
        }
        _ => read(&keys.copy(words[1]), words),
    }
}

fn remove(keys: &mut Keys<ZSet>, key: &str, pairs: &[(String, f64)]) -> Answer {
    keys.change(key, |zset| zset.retain(|member, _| !pairs.iter().any(|(gone, _)| gone == member)));
    Answer::number(pairs.len())
}

fn store(keys: &mut Keys<ZSet>, destination: &str, result: ZSet) -> Answer {
    let count = result.len();
    keys.put(destination, result);
    Answer::number(count)
}

fn read(zset: &ZSet, words: &[&str]) -> Answer {
    let mut pairs = sorted(zset);
    match words {
        ["ZSCORE", _, member] => Answer::text(zset.get(*member).map(f64::to_string)),
        ["ZCARD", _] => Answer::number(zset.len()),
        [name @ ("ZRANK" | "ZREVRANK"), _, member] => {
            if *name == "ZREVRANK" {
                pairs.reverse();
            }
            let rank = pairs.iter().position(|(found, _)| found == member);
            rank.map_or_else(Answer::null, Answer::number)
        }
        ["ZCOUNT", _, min, max] => {
            Answer::number(pairs.iter().filter(|(_, score)| within(*score, min, max)).count())
        }
        ["ZRANGE", _, start, stop, "WITHSCORES", reverse @ ..] => {
            if !reverse.is_empty() {
                pairs.reverse();
            }
            let found = range(start.parse().unwrap(), stop.parse().unwrap(), pairs.len());
            with_scores(&pairs[found])
        }
        ["ZRANGE", _, min, max, "BYSCORE", "LIMIT", offset, count] => {
            pairs.retain(|(_, score)| within(*score, min, max));
            let limit = usize::try_from(count.parse::<i64>().unwrap()).unwrap_or(usize::MAX);
            let found = pairs.into_iter().skip(offset.parse().unwrap()).take(limit);
            Answer::texts(found.map(|(member, _)| Some(member)))
        }
        _ => panic!("the model knows no {words:?}"),
    }
}

fn line() -> impl Strategy<Value = String> {
    let member = || select(vec!["m", "n", "o", "p", "q", "long-member", "''"]);
    let score = || select(vec!["0", "1", "-2", "2.5", "-0.5", "3", "1000000"]);
    let bound = || select(vec!["-inf", "inf", "0", "(0", "2.5", "(2.5", "-2", "(1"]);
    let flags = select(vec!["", "NX", "XX", "GT", "LT", "CH", "XX CH", "GT CH", "LT XX", "NX CH"]);
    let aggregate = select(vec!["SUM", "MIN", "MAX"]);
    let index = || -6..6_i64;
    let one = |name: &'static str| (key(), member()).prop_map(move |(k, m)| format!("{name} {k} {m}"));
    prop_oneof![
        5 => (key(), score(), member(), score(), member()).prop_map(|(k, s, m, t, n)| format!("ZADD {k} {s} {m} {t} {n}")),
        3 => (key(), flags, score(), member()).prop_map(|(k, f, s, m)| format!("ZADD {k} {f} {s} {m}")),
        2 => (key(), score(), member()).prop_map(|(k, s, m)| format!("ZINCRBY {k} {s} {m}")),
        2 => one("ZREM"),
        2 => one("ZSCORE"),
        2 => one("ZRANK"),
        1 => one("ZREVRANK"),
        1 => key().prop_map(|k| format!("ZCARD {k}")),
        2 => (key(), bound(), bound()).prop_map(|(k, a, b)| format!("ZCOUNT {k} {a} {b}")),
        3 => (key(), index(), index(), select(vec!["", "REV"])).prop_map(|(k, s, e, r)| format!("ZRANGE {k} {s} {e} WITHSCORES {r}")),
        2 => (key(), bound(), bound(), 0..4_u8, -1..4_i64).prop_map(|(k, a, b, o, n)| format!("ZRANGE {k} {a} {b} BYSCORE LIMIT {o} {n}")),
        1 => (select(vec!["ZPOPMIN", "ZPOPMAX"]), key(), 1..3_u8).prop_map(|(name, k, n)| format!("{name} {k} {n}")),
        1 => (key(), index(), index()).prop_map(|(k, s, e)| format!("ZREMRANGEBYRANK {k} {s} {e}")),
        1 => (key(), bound(), bound()).prop_map(|(k, a, b)| format!("ZREMRANGEBYSCORE {k} {a} {b}")),
        2 => (select(vec!["ZUNIONSTORE", "ZINTERSTORE"]), key(), key(), key(), aggregate)
            .prop_map(|(name, d, a, b, how)| format!("{name} {d} 2 {a} {b} AGGREGATE {how}")),
        1 => (key(), key(), key()).prop_map(|(d, a, b)| format!("ZDIFFSTORE {d} 2 {a} {b}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn sorted_sets_behave_like_sorted_maps(stream in stream(line()), narrow in any::<bool>()) {
        compare(if narrow { NARROW } else { Limits::DEFAULT }, stream, run)?;
    }
}
