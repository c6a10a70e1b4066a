//! What holds for all data commands, whatever they are asked.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use crate::command::spec::Run;
use crate::command::table::table;
use crate::command::test_bench::Bench;
use crate::keyspace::key::HashSeed;

/// Words that mean something somewhere, and some that are on the edge of a range.
const WORDS: [&str; 64] = [
    "a",
    "b",
    "c",
    "d",
    "o",
    "",
    "0",
    "1",
    "-1",
    "2",
    "7",
    "10",
    "-3",
    "100",
    "1000",
    "3000",
    "1.5",
    "-0.25",
    "1e3",
    "inf",
    "nan",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "4294967296",
    "i8",
    "u16",
    "i64",
    "u64",
    "#3",
    "EX",
    "PX",
    "EXAT",
    "PXAT",
    "NX",
    "XX",
    "GT",
    "LT",
    "GET",
    "SET",
    "INCRBY",
    "OVERFLOW",
    "SAT",
    "FAIL",
    "WRAP",
    "KEEPTTL",
    "PERSIST",
    "IFEQ",
    "LEN",
    "IDX",
    "MINMATCHLEN",
    "WITHMATCHLEN",
    "BIT",
    "BYTE",
    "AND",
    "NOT",
    "DB",
    "REPLACE",
    "second",
    "MATCH",
    "COUNT",
    "TYPE",
    "SYNC",
    "*",
];

/// Names of all data commands, with their containers', and how many more arguments each needs.
fn data_commands() -> Vec<(Vec<String>, usize)> {
    let data = table().all().iter().filter(|command| matches!(command.spec.run, Run::Data(_)));
    data.map(|command| {
        let words: Vec<String> = command.name.split('|').map(str::to_owned).collect();
        let more = usize::from(command.spec.arity.unsigned_abs()).saturating_sub(words.len());
        (words, more)
    })
    .collect()
}

/// A data command with arguments that may make sense.
fn any_command() -> impl Strategy<Value = Vec<String>> {
    let argument = prop_oneof![8 => select(&WORDS[..]).prop_map(str::to_owned), 1 => ".{0,4}"];
    (select(data_commands()), prop::collection::vec(argument, 0..9), 0..4_usize).prop_map(
        |((mut words, needed), arguments, more)| {
            words.extend(arguments.into_iter().take(needed + more));
            words
        },
    )
}

/// Whether the reply depends on the order of hashes.
fn depends_on_order(words: &[String]) -> bool {
    ["SCAN", "KEYS", "RANDOMKEY"].contains(&words[0].as_str())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// No arguments make a handler panic, and one that fails has written and changed nothing.
    #[test]
    fn a_command_that_fails_changes_nothing(
        stream in prop::collection::vec((any_command(), 0..50_u64), 1..60),
    ) {
        let mut bench = Bench::at(1_000_000);
        bench.opaque("o");
        for (words, passed) in stream {
            bench.advance(passed);
            let before = bench.dump();
            let ran = bench.execute(&words);
            if ran.failed {
                prop_assert_eq!(ran.written_before_failure, 0, "{:?}", words);
                prop_assert_eq!(bench.dump(), before.clone(), "{:?}", words);
            }
            if ran.effects.changes == 0 {
                prop_assert_eq!(bench.dump(), before, "{:?} changed something and did not say so", words);
            }
        }
    }

    /// Replies and data depend on the requests and their stamps only.
    #[test]
    fn the_same_requests_with_the_same_stamps_give_the_same(
        stream in prop::collection::vec((any_command(), 0..50_u64), 1..60),
    ) {
        let mut benches = [3, 99].map(|seed| {
            let mut bench = Bench::with(1_000_000, HashSeed(seed), Duration::from_millis(400));
            bench.opaque("o");
            bench
        });
        for (words, passed) in stream {
            let [left, right] = benches.each_mut().map(|bench| {
                bench.advance(passed);
                bench.execute(&words)
            });
            if !depends_on_order(&words) {
                prop_assert_eq!(left.reply, right.reply, "{:?}", words);
                prop_assert_eq!(left.effects, right.effects, "{:?}", words);
            }
        }
        prop_assert_eq!(benches[0].dump(), benches[1].dump());
    }

    /// Every reply is exactly one RESP value.
    #[test]
    fn a_reply_is_one_whole_value(stream in prop::collection::vec(any_command(), 1..60)) {
        let mut bench = Bench::at(1_000_000);
        for words in stream {
            let reply = bench.execute(&words).reply;
            prop_assert_eq!(value_len(&reply), Some(reply.len()), "{:?}: {:?}", words, String::from_utf8_lossy(&reply));
        }
    }
}

/// Bytes of the RESP2 value at the beginning of `bytes`; none where there is no whole one.
fn value_len(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let header = std::str::from_utf8(&bytes[1..end]).ok();
    let after = end + 2;
    match (bytes[0], header.and_then(|text| text.parse::<i64>().ok())) {
        (b'+' | b'-', _) | (b':', Some(_)) | (b'$' | b'*', Some(-1)) => Some(after),
        (b'$', Some(len)) => {
            let end = after + usize::try_from(len).ok()?;
            bytes[end..].starts_with(b"\r\n").then_some(end + 2)
        }
        (b'*', Some(count)) => (0..count).try_fold(after, |at, _| Some(at + value_len(&bytes[at..])?)),
        _ => None,
    }
}
