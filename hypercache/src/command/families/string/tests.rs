use std::time::Duration;

use crate::command::test_bench::Bench;
use crate::keyspace::key::HashSeed;

const SYNTAX: &str = "-ERR syntax error";
const NOT_AN_INTEGER: &str = "-ERR value is not an integer or out of range";

#[test]
fn set_writes_under_its_conditions() {
    Bench::new().table(&[
        ("SET a 1 XX", "$-1"),
        ("SET a 1 NX", "+OK"),
        ("SET a 2 NX", "$-1"),
        ("SET a 2 xx", "+OK"),
        ("GET a", "$1 2"),
        ("SET a 3 GET", "$1 2"),
        ("SET b 1 GET", "$-1"),
        ("SET a 4 NX GET", "$1 3"),
        ("SET c 4 XX GET", "$-1"),
        ("EXISTS c", ":0"),
        ("GET a", "$1 3"),
        ("SET a 5 IFEQ 4", "$-1"),
        ("SET a 5 IFEQ 3", "+OK"),
        ("SET none 5 IFEQ ''", "$-1"),
        ("SET a 6 IFEQ 4 GET", "$1 5"),
        ("SET a 6 GET IFEQ 5", "$1 5"),
        ("GET a", "$1 6"),
    ]);
}

#[test]
fn set_gives_a_time_to_live() {
    let mut bench = Bench::at(1_000_000);
    bench.table(&[
        ("SET a 1 EX 10", "+OK"),
        ("PTTL a", ":10000"),
        ("SET a 1 PX 10", "+OK"),
        ("PTTL a", ":10"),
        ("SET a 1 EXAT 1002", "+OK"),
        ("PTTL a", ":2000"),
        ("SET a 1 PXAT 1000005", "+OK"),
        ("PTTL a", ":5"),
        ("SET a 2 KEEPTTL", "+OK"),
        ("PTTL a", ":5"),
        ("SET a 2 EX 10 EX 20", "+OK"),
        ("TTL a", ":20"),
        ("SET a 3", "+OK"),
        ("TTL a", ":-1"),
        ("SET a 3 PXAT 1", "+OK"),
        ("EXISTS a", ":0"),
        ("SETEX a 3 x", "+OK"),
        ("TTL a", ":3"),
        ("PSETEX a 1500 x", "+OK"),
        ("PTTL a", ":1500"),
    ]);
}

#[test]
fn mistakes_of_set_are_told() {
    let invalid = "-ERR invalid expire time in 'set' command";
    for (line, error) in [
        ("SET a 1 NX XX", SYNTAX),
        ("SET a 1 NX IFEQ 1", SYNTAX),
        ("SET a 1 EX", SYNTAX),
        ("SET a 1 EX 1 PX 1", SYNTAX),
        ("SET a 1 KEEPTTL EX 1", SYNTAX),
        ("SET a 1 PXAT 1 KEEPTTL", SYNTAX),
        ("SET a 1 PERSIST", SYNTAX),
        ("SET a 1 IFEQ", SYNTAX),
        ("SET a 1 NONSENSE", SYNTAX),
        ("SET a 1 EX x", NOT_AN_INTEGER),
        ("SET a 1 EX 0", invalid),
        ("SET a 1 PX -1", invalid),
        ("SET a 1 EXAT -1", invalid),
        ("SET a 1 EX 9223372036854775807", invalid),
        ("SET a 1 PX 9223372036854775807", invalid),
        ("SET a 1 EX 9223372036854775808", NOT_AN_INTEGER),
        ("SETEX a 0 x", "-ERR invalid expire time in 'setex' command"),
        ("PSETEX a 0 x", "-ERR invalid expire time in 'psetex' command"),
        ("SETEX a x x", NOT_AN_INTEGER),
        ("SET a", "-ERR wrong number of arguments for 'set' command"),
    ] {
        let mut bench = Bench::new();
        bench.table(&[(line, error), ("DBSIZE", ":0")]);
    }
}

#[test]
fn other_types_are_refused_or_overwritten() {
    let mut bench = Bench::new();
    bench.no_string("o");
    for line in ["GET o", "GETDEL o", "GETEX o", "GETSET o 1", "SET o 1 GET", "SET o 1 IFEQ 1"] {
        bench.table(&[(line, Bench::WRONG_TYPE), ("TYPE o", "+set")]);
    }
    bench.table(&[
        ("MGET o none", "*2 $-1 $-1"),
        ("SETNX o 1", ":0"),
        ("MSETNX n 1 o 1", ":0"),
        ("SET o 1", "+OK"),
        ("GET o", "$1 1"),
    ]);
}

#[test]
fn reads_that_write() {
    let mut bench = Bench::at(1_000_000);
    bench.table(&[
        ("SETNX a 1", ":1"),
        ("SETNX a 2", ":0"),
        ("GETSET a 2", "$1 1"),
        ("GETSET b 2", "$-1"),
        ("GETEX a EX 10", "$1 2"),
        ("TTL a", ":10"),
        ("GETEX a", "$1 2"),
        ("TTL a", ":10"),
        ("GETSET a 3", "$1 2"),
        ("TTL a", ":-1"),
        ("GETEX a PXAT 1000500", "$1 3"),
        ("PTTL a", ":500"),
        ("GETEX a PERSIST", "$1 3"),
        ("TTL a", ":-1"),
        ("GETEX none EX 0", "$-1"),
        ("GETEX a EX 0", "-ERR invalid expire time in 'getex' command"),
        ("GETEX a EX 1 PERSIST", SYNTAX),
        ("GETEX a PERSIST EX 1", SYNTAX),
        ("GETEX a KEEPTTL", SYNTAX),
        ("GETEX a PXAT 1000", "$1 3"),
        ("EXISTS a", ":0"),
        ("GETDEL b", "$1 2"),
        ("GETDEL b", "$-1"),
    ]);
    assert_eq!(bench.effects("GETEX none PERSIST").changes, 0);
    bench.table(&[("SET a 1", "+OK")]);
    assert_eq!(bench.effects("GETEX a PERSIST").changes, 0);
    assert_eq!(bench.effects("GETEX a PX 1").changes, 1);
}

#[test]
fn many_keys_at_once() {
    Bench::new().table(&[
        ("MSET a 1 b x a 3", "+OK"),
        ("MGET a b none a", "*4 $1 3 $1 x $-1 $1 3"),
        ("MSETNX c 1 a 2", ":0"),
        ("EXISTS c", ":0"),
        ("MSETNX c 1 d 2", ":1"),
        ("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command"),
        ("MSETNX a 1 b", "-ERR wrong number of arguments for 'msetnx' command"),
        ("GET a", "$1 3"),
    ]);
}

#[test]
fn reads_count_hits_and_misses_and_writes_do_not() {
    let mut bench = Bench::new();
    bench.table(&[("SET a 1", "+OK")]);
    let mut counted = |line: &str| {
        let effects = bench.effects(line);
        (effects.hits, effects.misses, effects.changes)
    };
    for (line, expected) in [
        ("GET a", (1, 0, 0)),
        ("MGET a none a", (2, 1, 0)),
        ("SET a 1", (0, 0, 1)),
        ("SET a 1 NX", (0, 0, 0)),
        ("SET a 1 GET", (1, 0, 1)),
        ("GETSET none 1", (0, 1, 1)),
        ("INCR a", (0, 0, 1)),
        ("APPEND a 1", (0, 0, 1)),
        ("EXPIRE a 100", (0, 0, 1)),
        ("PERSIST a", (0, 0, 1)),
        ("TTL a", (1, 0, 0)),
        ("GETDEL a", (1, 0, 1)),
        ("STRLEN a", (0, 1, 0)),
    ] {
        assert_eq!(counted(line), expected, "{line}");
    }
}

#[test]
fn keys_written_without_a_time_get_that_of_their_store() {
    let mut bench = Bench::with(1_000_000, HashSeed(1), Duration::from_secs(60));
    bench.table(&[
        ("SET a 1", "+OK"),
        ("TTL a", ":60"),
        ("SET a 1 EX 5", "+OK"),
        ("TTL a", ":5"),
        ("INCR n", ":1"),
        ("TTL n", ":60"),
        ("PERSIST a", ":1"),
        ("SET a 2 KEEPTTL", "+OK"),
        ("TTL a", ":-1"),
        ("APPEND a x", ":2"),
        ("TTL a", ":-1"),
        ("SET new 1 KEEPTTL", "+OK"),
        ("TTL new", ":60"),
        ("RENAME a b", "+OK"),
        ("TTL b", ":-1"),
    ]);
}

#[test]
fn an_expired_key_is_gone_and_counted_once() {
    let mut bench = Bench::new();
    bench.table(&[("SET a 1 PX 1", "+OK")]);
    bench.advance(1);
    let effects = bench.effects("GET a");
    assert_eq!((effects.hits, effects.misses, effects.expired), (0, 1, 1));
    assert_eq!(bench.effects("GET a").expired, 0);
}
