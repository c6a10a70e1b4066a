//! The commands on lists against a vector.

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

type List = Vec<String>;

impl Content for List {
    fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }
}

/// Where an index lies that may count from the end.
fn place(index: &str, len: usize) -> Option<usize> {
    let index: i64 = index.parse().unwrap();
    let index = if index < 0 { index + len as i64 } else { index };
    usize::try_from(index).ok().filter(|index| *index < len)
}

fn push(list: &mut List, left: bool, element: &str) {
    list.insert(if left { 0 } else { list.len() }, element.to_owned());
}

fn pop(list: &mut List, left: bool) -> Option<String> {
    if list.as_slice().is_empty() { None } else { Some(list.remove(if left { 0 } else { list.len() - 1 })) }
}

/// `LREM`: how many went.
fn remove(list: &mut List, count: i64, element: &str) -> usize {
    let mut matching: Vec<usize> = (0..list.len()).filter(|at| list[*at] == element).collect();
    if count < 0 {
        matching.reverse();
    }
    if count != 0 {
        matching.truncate(usize::try_from(count.unsigned_abs()).unwrap());
    }
    matching.sort_unstable();
    matching.iter().rev().for_each(|at| drop(list.remove(*at)));
    matching.len()
}

/// `LPOS` with a rank and a count, 0 for all.
fn positions(list: &List, element: &str, rank: i64, count: usize) -> Vec<i64> {
    let mut matching: Vec<i64> =
        (0..list.len()).filter(|at| list[*at] == element).map(|at| at as i64).collect();
    if rank < 0 {
        matching.reverse();
    }
    let found = matching.into_iter().skip(usize::try_from(rank.unsigned_abs()).unwrap() - 1);
    found.take(if count == 0 { usize::MAX } else { count }).collect()
}

fn moved(keys: &mut Keys<List>, [from, to]: [&str; 2], [out, back]: [bool; 2]) -> Answer {
    if from == to {
        // The list is there all the time, and with it its time to live.
        return Answer::text(keys.change(from, |list| {
            let moved = pop(list, out);
            moved.iter().for_each(|element| push(list, back, element));
            moved
        }));
    }
    let moved = keys.change(from, |list| pop(list, out));
    if let Some(element) = &moved {
        keys.change(to, |list| push(list, back, element));
    }
    Answer::text(moved)
}

fn run(keys: &mut Keys<List>, words: &[&str]) -> Answer {
    match words {
        [name @ ("LPUSH" | "RPUSH"), key, elements @ ..] => Answer::number(keys.change(key, |list| {
            elements.iter().for_each(|element| push(list, *name == "LPUSH", element));
            list.len()
        })),
        [name @ ("LPUSHX" | "RPUSHX"), key, element] => {
            if keys.get(key).is_none() {
                return Answer::number(0);
            }
            Answer::number(keys.change(key, |list| {
                push(list, *name == "LPUSHX", element);
                list.len()
            }))
        }
        [name @ ("LPOP" | "RPOP"), key] => Answer::text(keys.change(key, |list| pop(list, *name == "LPOP"))),
        [name @ ("LPOP" | "RPOP"), key, count] => {
            if keys.get(key).is_none() {
                return Answer::null();
            }
            let take = |list: &mut List| {
                (0..count.parse::<usize>().unwrap())
                    .map_while(|_| pop(list, *name == "LPOP"))
                    .collect::<Vec<_>>()
            };
            Answer::texts(keys.change(key, take).into_iter().map(Some))
        }
        ["LMOVE", from, to, out, back] => moved(keys, [from, to], [*out == "LEFT", *back == "LEFT"]),
        ["LSET", key, index, element] => {
            if keys.get(key).is_none() {
                return Answer::error("ERR no such key");
            }
            keys.change(key, |list| match place(index, list.len()) {
                None => Answer::error("ERR index out of range"),
                Some(at) => {
                    (*element).clone_into(&mut list[at]);
                    Answer::ok()
                }
            })
        }
        ["LINSERT", key, side, pivot, element] => {
            Answer::number(keys.change(key, |list| match list.iter().position(|found| found == pivot) {
                None if list.as_slice().is_empty() => 0,
                None => -1,
                Some(at) => {
                    list.insert(at + usize::from(*side == "AFTER"), (*element).to_owned());
                    list.len() as i64
                }
            }))
        }
        ["LREM", key, count, element] => {
            Answer::number(keys.change(key, |list| remove(list, count.parse().unwrap(), element)))
        }
        ["LTRIM", key, start, stop] => {
            keys.change(key, |list| {
                let kept = range(start.parse().unwrap(), stop.parse().unwrap(), list.len());
                *list = list[kept].to_vec();
            });
            Answer::ok()
        }
        _ => read(&keys.copy(words[1]), words),
    }
}

fn read(list: &List, words: &[&str]) -> Answer {
    match words {
        ["LLEN", _] => Answer::number(list.len()),
        ["LINDEX", _, index] => Answer::text(place(index, list.len()).map(|at| list[at].clone())),
        ["LRANGE", _, start, stop] => {
            let found = range(start.parse().unwrap(), stop.parse().unwrap(), list.len());
            Answer::texts(list[found].iter().map(Some))
        }
        ["LPOS", _, element, "RANK", rank] => {
            let found = positions(list, element, rank.parse().unwrap(), 1);
            found.first().map_or_else(Answer::null, |at| Answer::number(*at))
        }
        ["LPOS", _, element, "RANK", rank, "COUNT", count] => {
            Answer::numbers(positions(list, element, rank.parse().unwrap(), count.parse().unwrap()))
        }
        _ => panic!("the model knows no {words:?}"),
    }
}

fn line() -> impl Strategy<Value = String> {
    let element = || select(vec!["1", "-70000", "x", "y", "long-element", "''"]);
    let end = || select(vec!["L", "R"]);
    let side = || select(vec!["LEFT", "RIGHT"]);
    let index = || -7..7_i64;
    let rank = || select(vec![1, 2, 3, -1, -2]);
    prop_oneof![
        3 => (end(), key(), element()).prop_map(|(e, k, x)| format!("{e}PUSH {k} {x}")),
        3 => (end(), key(), element(), element(), element()).prop_map(|(e, k, x, y, z)| format!("{e}PUSH {k} {x} {y} {z}")),
        1 => (end(), key(), element()).prop_map(|(e, k, x)| format!("{e}PUSHX {k} {x}")),
        2 => (end(), key()).prop_map(|(e, k)| format!("{e}POP {k}")),
        1 => (end(), key(), 0..4_u8).prop_map(|(e, k, n)| format!("{e}POP {k} {n}")),
        2 => (key(), key(), side(), side()).prop_map(|(a, b, s, t)| format!("LMOVE {a} {b} {s} {t}")),
        2 => (key(), index(), element()).prop_map(|(k, i, x)| format!("LSET {k} {i} {x}")),
        2 => (key(), select(vec!["BEFORE", "AFTER"]), element(), element()).prop_map(|(k, s, p, x)| format!("LINSERT {k} {s} {p} {x}")),
        2 => (key(), -3..3_i64, element()).prop_map(|(k, n, x)| format!("LREM {k} {n} {x}")),
        1 => (key(), index(), index()).prop_map(|(k, s, e)| format!("LTRIM {k} {s} {e}")),
        3 => (key(), index(), index()).prop_map(|(k, s, e)| format!("LRANGE {k} {s} {e}")),
        2 => key().prop_map(|k| format!("LRANGE {k} 0 -1")),
        1 => key().prop_map(|k| format!("LLEN {k}")),
        1 => (key(), index()).prop_map(|(k, i)| format!("LINDEX {k} {i}")),
        1 => (key(), element(), rank()).prop_map(|(k, x, r)| format!("LPOS {k} {x} RANK {r}")),
        1 => (key(), element(), rank(), 0..3_u8).prop_map(|(k, x, r, n)| format!("LPOS {k} {x} RANK {r} COUNT {n}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn lists_behave_like_vectors(stream in stream(line()), narrow in any::<bool>()) {
        compare(if narrow { NARROW } else { Limits::DEFAULT }, stream, run)?;
    }
}
