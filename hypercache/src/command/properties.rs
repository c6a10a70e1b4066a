//! What holds for all data commands, whatever they are asked.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::sample::select;

use crate::command::Command;
use crate::command::context::Effects;
use crate::command::spec::Run;
use crate::command::syntax;
use crate::command::syntax::Argument;
use crate::command::syntax::Kind;
use crate::command::table::table;
use crate::command::test_bench::Bench;
use crate::keyspace::key::HashSeed;
use crate::store::events::Notice;
use crate::value::limits::Limits;

/// Words that mean something somewhere, and some that are on the edge of a range.
const WORDS: [&str; 122] = [
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
    "FIELDS",
    "FNX",
    "FXX",
    "WITHVALUES",
    "NOVALUES",
    "LIMIT",
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
    "LEFT",
    "RIGHT",
    "BEFORE",
    "AFTER",
    "RANK",
    "MAXLEN",
    "WITHSCORES",
    "WITHSCORE",
    "BYSCORE",
    "BYLEX",
    "REV",
    "CH",
    "INCR",
    "MIN",
    "MAX",
    "WEIGHTS",
    "AGGREGATE",
    "SUM",
    "(1",
    "[b",
    "-",
    "+",
    "KM",
    "ANY",
    "FROMMEMBER",
    "BYRADIUS",
    "BYBOX",
    "STORE",
    "STOREDIST",
    "WITHDIST",
    "1-*",
    "(1-1",
    "$",
    ">",
    "=",
    "~",
    "STREAMS",
    "GROUP",
    "NOACK",
    "MINID",
    "NOMKSTREAM",
    "MKSTREAM",
    "IDLE",
    "FORCE",
    "JUSTID",
    "BLOCK",
    "BY",
    "ALPHA",
    "DESC",
    "*",
    "#",
    "a*->b",
];

/// One of the data commands.
fn data_command(index: Index) -> &'static Command {
    let data = || table().all().iter().filter(|command| matches!(command.spec.run, Run::Data(_)));
    data().nth(index.index(data().count())).unwrap()
}

fn name(command: &Command) -> Vec<String> {
    command.name.split('|').map(str::to_owned).collect()
}

/// A data command with any arguments, about as many as it takes.
fn any_arguments() -> impl Strategy<Value = Vec<String>> {
    let argument = prop_oneof![8 => select(&WORDS[..]).prop_map(str::to_owned), 1 => ".{0,4}"];
    (any::<Index>(), prop::collection::vec(argument, 0..9), 0..4_usize).prop_map(
        |(index, arguments, more)| {
            let command = data_command(index);
            let mut words = name(command);
            let needed = usize::from(command.spec.arity.unsigned_abs()).saturating_sub(words.len());
            words.extend(arguments.into_iter().take(needed + more));
            words
        },
    )
}

/// A data command with arguments that its notation allows.
fn fitting_arguments() -> impl Strategy<Value = Vec<String>> {
    (any::<Index>(), prop::collection::vec(any::<u16>(), 40)).prop_map(|(index, chance)| {
        let command = data_command(index);
        let mut words = name(command);
        let mut chance = chance.into_iter().cycle();
        for argument in syntax::parse(command.spec.syntax).unwrap() {
            write_argument(&argument, &mut chance, &mut words);
        }
        words
    })
}

fn write_argument(argument: &Argument, chance: &mut impl Iterator<Item = u16>, words: &mut Vec<String>) {
    let mut below = |limit: usize| usize::from(chance.next().unwrap()) % limit;
    if argument.optional && below(2) == 0 {
        return;
    }
    let times = if argument.multiple { 1 + below(3) } else { 1 };
    for time in 0..times {
        if time == 0 || argument.multiple_token {
            words.extend(argument.token.clone());
        }
        let choices: &[&str] = match (&argument.kind, argument.name.as_str()) {
            (Kind::OneOf(parts), _) => {
                let part = &parts[usize::from(chance.next().unwrap()) % parts.len()];
                write_argument(part, chance, words);
                continue;
            }
            (Kind::Block(parts), _) => {
                parts.iter().for_each(|part| write_argument(part, chance, words));
                continue;
            }
            (Kind::PureToken, _) => continue,
            (_, "numfields" | "numkeys") => &["1", "2", "3"],
            (_, "encoding") => &["u1", "i8", "u16", "i64", "u63"],
            (_, "db" | "destination-db" | "index1" | "index2") => &["0", "1"],
            (_, "group") => &["g", "h"],
            (_, "consumer") => &["c", "d"],
            (_, "id" | "lastid" | "max-deleted-id") => &["1", "3-1", "17", "2-*", "$", ">", "1000"],
            (_, "min-idle-time") => &["0", "20"],
            (_, "radius" | "width" | "height") => &["0", "150", "20000", "-1"],
            (Kind::Key, _) => &["a", "b", "c", "d", "e", "o"],
            (Kind::String, _) => &["0", "1", "foobar", "1.5", "-7", "", "string"],
            (Kind::Integer, _) => &["0", "1", "-1", "3", "-2", "17", "1000"],
            (Kind::Double, _) => &["0.5", "-3", "1e2"],
            (Kind::Pattern, _) => &["*", "[ab]", "?"],
            (Kind::UnixTime, _) => &["1", "1001", "1000030"],
        };
        words.push(choices[usize::from(chance.next().unwrap()) % choices.len()].to_owned());
    }
}

fn any_command() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![2 => fitting_arguments(), 1 => any_arguments()]
}

/// Limits that a few elements pass.
const NARROW: Limits = Limits {
    hash_listpack_entries: 3,
    hash_listpack_value: 5,
    hll_sparse_bytes: 22,
    list_listpack_size: 3,
    set_intset_entries: 3,
    set_listpack_entries: 3,
    set_listpack_value: 5,
    stream_node_bytes: 60,
    stream_node_entries: 3,
    zset_listpack_entries: 3,
    zset_listpack_value: 5,
};

/// What is noted of consumers and of a stream's counters is no change of the key, in Redis neither.
const UNTOLD: [&str; 6] = ["XACK", "XAUTOCLAIM", "XCLAIM", "XGROUP", "XREADGROUP", "XSETID"];

/// Whether the reply depends on the order of hashes, or on which of them are sampled and swept.
fn depends_on_order(words: &[String]) -> bool {
    ["HOTKEYS", "HSCAN", "KEYS", "MRC", "RANDOMKEY", "SCAN", "SSCAN", "ZSCAN"].contains(&words[0].as_str())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// No arguments make a handler panic, and one that fails has written and changed nothing.
    #[test]
    fn a_command_that_fails_changes_nothing(
        stream in prop::collection::vec((any_command(), 0..50_u64), 1..60),
    ) {
        let mut bench = Bench::at(1_000_000);
        bench.no_string("o");
        bench.limit(NARROW);
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
            let [noted, counted] = bench.noted_and_counted();
            prop_assert_eq!(noted, counted, "{:?}", words);
        }
    }

    /// Whoever has read or watches a key hears of whatever becomes of it.
    #[test]
    fn what_changes_is_told(stream in prop::collection::vec((any_command(), 0..50_u64), 1..60)) {
        let mut bench = Bench::at(1_000_000);
        bench.no_string("o");
        bench.limit(NARROW);
        bench.listen();
        for (words, passed) in stream {
            bench.advance(passed);
            let before = bench.dump();
            let notices = bench.execute(&words).notices;
            let after = bench.dump();
            let changed = before.keys().chain(after.keys()).filter(|key| before.get(*key) != after.get(*key));
            if UNTOLD.contains(&words[0].as_str()) {
                continue;
            }
            for (store, key) in changed {
                let told = |notice: &Notice| notice.modified.is_some() && notice.store == *store && *notice.key == **key;
                prop_assert!(notices.emptied || notices.keys.iter().any(told), "{:?} did not tell of {:?}", words, key);
            }
        }
    }

    /// Whether a sweep or a command finds what has expired makes no difference to anyone.
    #[test]
    fn sweeps_change_nothing_that_can_be_seen(
        stream in prop::collection::vec((any_command(), 0..50_u64), 1..80),
    ) {
        let mut benches = [Bench::at(1_000_000), Bench::at(1_000_000)];
        benches.iter_mut().for_each(|bench| bench.limit(NARROW));
        for (words, passed) in stream {
            let [left, right] = benches.each_mut().map(|bench| {
                bench.advance(passed);
                bench.execute(&words)
            });
            // Sizes count what has expired and nobody has met yet, and `WHY` tells when it was met.
            if !depends_on_order(&words) && !["DBSIZE", "WHY"].contains(&words[0].as_str()) {
                prop_assert_eq!(left.reply, right.reply, "{:?}", words);
            }
            benches[0].sweep();
            let [noted, counted] = benches[0].noted_and_counted();
            prop_assert_eq!(noted, counted, "{:?}", words);
        }
        prop_assert_eq!(benches[0].dump(), benches[1].dump());
    }

    /// Replies and data depend on the requests and their stamps only.
    #[test]
    fn the_same_requests_with_the_same_stamps_give_the_same(
        stream in prop::collection::vec((any_command(), 0..50_u64), 1..60),
    ) {
        let mut benches = [3, 99].map(|seed| {
            let mut bench = Bench::with(1_000_000, HashSeed(seed), Duration::from_millis(400));
            bench.no_string("o");
            bench.limit(NARROW);
            bench
        });
        for (words, passed) in stream {
            let [left, right] = benches.each_mut().map(|bench| {
                bench.advance(passed);
                bench.execute(&words)
            });
            if !depends_on_order(&words) {
                // `WHY` tells when a scan has removed a key.
                if words[0] != "WHY" {
                    prop_assert_eq!(left.reply, right.reply, "{:?}", words);
                }
                // Which keys that are over a scan has removed before depends on where it came by.
                let counted = |effects| Effects { expired: 0, expired_fields: 0, ..effects };
                prop_assert_eq!(counted(left.effects), counted(right.effects), "{:?}", words);
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

/// Commands that hold many locks, of one store and of all, end however they meet; and a key is never in two places.
#[test]
fn commands_with_many_locks_do_not_wait_in_a_circle() {
    let mut bench = Bench::new();
    bench.run_line("SET moving x");
    let rounds = |lines: [&'static str; 3]| {
        let bench = &bench;
        move || lines.iter().cycle().take(1000).for_each(|line| bench.run_beside_others(line))
    };
    std::thread::scope(|scope| {
        scope.spawn(rounds(["MOVE moving second", "MSET a 1 b 2 c 3 d 4", "SWAPDB 1 0"]));
        scope.spawn(rounds(["SWAPDB 0 1", "COPY a b DB 1", "MGET d c b a"]));
    });
    let places = bench.dump().keys().filter(|(_, key)| key == b"moving").count();
    assert_eq!(places, 1);
    std::thread::scope(|scope| {
        scope.spawn(rounds(["FLUSHALL", "MSET d 1 c 2 b 3 a 4", "SWAPDB 1 0"]));
        scope.spawn(rounds(["SWAPDB 0 1", "MOVE a second", "FLUSHDB"]));
    });
}

/// Bytes of the RESP2 value at the beginning of `bytes`; none where there is no whole one.
pub fn value_len(bytes: &[u8]) -> Option<usize> {
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
