use std::time::Duration;

use crate::command::test_bench::Bench;

fn bench() -> Bench {
    Bench::by_session(1_000_000, Duration::ZERO)
}

#[test]
fn a_time_to_live_holds_for_all_keys_of_a_session_and_slides() {
    let mut bench = bench();
    bench.table(&[
        ("SET u1:name Ada EX 10", "+OK"),
        ("RPUSH u1:cart a b", ":2"),
        ("HSET x:{u1} f v", ":1"),
        ("SET u2:name Bob", "+OK"),
        ("PTTL u1:cart", ":10000"),
        ("PTTL x:{u1}", ":10000"),
        ("PTTL u2:name", ":-1"),
    ]);
    bench.advance(6000);
    bench.table(&[
        ("PTTL u1:name", ":4000"),
        ("TYPE u1:cart", "+list"),
        ("EXISTS u1:cart u1:name", ":2"),
        ("OBJECT ENCODING u1:name", "$6 embstr"),
        ("PTTL u1:name", ":4000"),
        ("LLEN u1:cart", ":2"),
        ("PTTL u1:name", ":10000"),
        ("PEXPIRETIME x:{u1}", ":1016000"),
    ]);
    bench.advance(9999);
    bench.table(&[("PTTL u1:cart", ":1"), ("TOUCH x:{u1} none", ":1"), ("PTTL u1:cart", ":10000")]);
    bench.advance(1000);
    bench.table(&[("DEL u1:name", ":1"), ("PTTL u1:cart", ":10000"), ("GET u1:name", "$-1")]);
    bench.advance(9999);
    bench.table(&[("GETPTTL u1:none", "*2 $-1 :-2"), ("EXISTS u1:cart", ":1")]);
    bench.advance(1);
    bench.table(&[
        ("EXISTS u1:cart", ":0"),
        ("DBSIZE", ":1"),
        ("TTL x:{u1}", ":-2"),
        ("SET u1:name Eve", "+OK"),
        ("TTL u1:name", ":-1"),
    ]);
}

#[test]
fn commands_give_take_and_keep_the_sessions_time() {
    let mut bench = bench();
    bench.table(&[
        ("MSET s:a 1 s:b 2", "+OK"),
        ("EXPIRE s:a 100", ":1"),
        ("TTL s:b", ":100"),
        ("SET s:b 3", "+OK"),
        ("TTL s:b", ":100"),
        ("EXPIRE s:b 50 GT", ":0"),
        ("EXPIRE s:b 200 GT", ":1"),
        ("TTL s:a", ":200"),
        ("EXPIRE s:b 300 NX", ":0"),
        ("GETEX s:a EX 20", "$1 1"),
        ("TTL s:b", ":20"),
    ]);
    bench.advance(5000);
    bench.table(&[
        ("TTL s:b", ":15"),
        ("SET s:b 4 KEEPTTL", "+OK"),
        ("TTL s:a", ":20"),
        ("PERSIST s:a", ":1"),
        ("TTL s:b", ":-1"),
        ("PERSIST s:b", ":0"),
        ("SETEX s:c 30 v", "+OK"),
        ("TTL s:a", ":30"),
        ("EXPIRE s:a 0", ":1"),
        ("EXISTS s:a s:b s:c", ":2"),
        ("FLUSHDB", "+OK"),
        ("SET s:a 1", "+OK"),
        ("TTL s:a", ":-1"),
    ]);
}

#[test]
fn keys_that_move_join_or_bring_their_time() {
    let mut bench = bench();
    bench.table(&[
        ("SET old:a 1 EX 100", "+OK"),
        ("SET old:b 1", "+OK"),
        ("SET other:x 1", "+OK"),
        ("SET timed:x 1 EX 500", "+OK"),
        ("RENAME old:a other:a", "+OK"),
        ("TTL other:a", ":-1"),
        ("TTL old:b", ":100"),
        ("COPY old:b timed:b", ":1"),
        ("TTL timed:b", ":500"),
        ("COPY old:b fresh:b", ":1"),
        ("TTL fresh:b", ":100"),
        ("RENAME old:b fresh:b", "+OK"),
        ("TTL fresh:b", ":100"),
        ("EXISTS old:a old:b", ":0"),
        ("MOVE fresh:b 1", ":1"),
        ("COPY timed:b timed:c DB 2", ":1"),
        ("EXISTS fresh:b", ":0"),
    ]);
    bench.select(1);
    bench.table(&[("TTL fresh:b", ":100"), ("MOVE fresh:b 2", ":1")]);
    bench.select(2);
    bench.table(&[
        ("TTL fresh:b", ":100"),
        ("TTL timed:c", ":500"),
        ("SET timed:d 1", "+OK"),
        ("TTL timed:d", ":-1"),
    ]);
    bench.table(&[("MOVE timed:d 0", ":1")]);
    bench.select(0);
    bench.table(&[("TTL timed:d", ":500")]);
}

#[test]
fn a_default_time_is_given_to_sessions_that_begin() {
    let mut bench = Bench::by_session(1_000_000, Duration::from_secs(60));
    bench.table(&[
        ("SET s:a 1", "+OK"),
        ("TTL s:a", ":60"),
        ("EXPIRE s:a 600", ":1"),
        ("SET s:b 1", "+OK"),
        ("SADD s:c m", ":1"),
        ("TTL s:b", ":600"),
        ("PERSIST s:c", ":1"),
        ("INCR s:d", ":1"),
        ("TTL s:a", ":-1"),
        ("LPUSH t:a x", ":1"),
        ("TTL t:a", ":60"),
    ]);
    bench.advance(60_000);
    bench.table(&[("SET t:b 1", "+OK"), ("TTL t:b", ":60"), ("DBSIZE", ":5"), ("EXISTS t:a", ":0")]);
}

#[test]
fn all_keys_of_a_session_are_told_of_when_one_is_found_expired() {
    let mut bench = bench();
    bench.listen();
    bench.table(&[("SET s:a 1 PX 500", "+OK"), ("SET s:b 1", "+OK"), ("SADD s:c m", ":1")]);
    bench.advance(700);
    let ran = bench.execute(&["GET", "s:b"]);
    let mut told: Vec<(String, &str)> = ran
        .notices
        .keys
        .iter()
        .filter_map(|notice| Some((String::from_utf8_lossy(&notice.key).into_owned(), notice.event?.1)))
        .collect();
    assert_eq!(told.pop(), Some(("s:b".to_owned(), "keymiss")));
    told.sort();
    assert_eq!(told, ["s:a", "s:b", "s:c"].map(|key| (key.to_owned(), "expired")));
    assert_eq!((ran.effects.expired, ran.effects.expired_sessions, ran.effects.misses), (3, 1, 1));
    bench.table(&[("SET s:a 1 PX 500", "+OK"), ("SET s:b 1", "+OK")]);
    bench.advance(500);
    bench.events(&[("SET s:c 1", "expired:s:a expired:s:b new:s:c set:s:c")]);
    bench.table(&[("DBSIZE", ":1"), ("TTL s:c", ":-1")]);
}

#[test]
fn scans_sweeps_and_exchanges_see_sessions_as_commands_do() {
    let mut bench = bench();
    bench.table(&[("MSET s:a 1 s:b 2 t:a 3", "+OK"), ("PEXPIRE s:a 100", ":1"), ("SWAPDB 0 1", "+OK")]);
    assert_eq!((bench.census().keys, bench.census().sessions), (0, 0));
    bench.select(1);
    assert_eq!((bench.census().keys, bench.census().sessions, bench.census().expiring), (3, 2, 2));
    bench.advance(100);
    bench.table(&[
        ("KEYS *", "*1 $3 t:a"),
        ("RANDOMKEY", "$3 t:a"),
        ("DBSIZE", ":3"),
        ("SCAN 0 COUNT 100", "*2 $1 0 *1 $3 t:a"),
        ("DBSIZE", ":1"),
        (
            "SWAPDB 1 2",
            "-ERR a store that keeps keys by session can only be exchanged with another of its kind",
        ),
        ("SWAPDB 2 2", "+OK"),
        ("MSET u:a 1 u:b 2", "+OK"),
        ("PEXPIRE u:b 100", ":1"),
    ]);
    bench.advance(150);
    let swept = bench.sweep();
    assert_eq!((swept.keys, swept.sessions, swept.lag_max, swept.lags.sum_ms()), (2, 1, 50, 100));
    bench.table(&[("DBSIZE", ":1"), ("DEBUG RELOAD", "+OK"), ("GET t:a", "$1 3"), ("TTL t:a", ":-1")]);
}

#[test]
fn a_restored_key_gives_its_session_its_time() {
    let mut bench = bench();
    bench.table(&[("SET s:a 1", "+OK")]);
    let dump = bench.execute(&["DUMP", "s:a"]).reply;
    let body = &dump[dump.iter().position(|byte| *byte == b'\n').unwrap() + 1..dump.len() - 2];
    assert_eq!(bench.run(&[b"RESTORE", b"s:b".as_slice(), b"5000", body]), "+OK\r\n");
    bench.table(&[("PTTL s:a", ":5000")]);
    assert_eq!(bench.run(&[b"RESTORE", b"s:c".as_slice(), b"0", body]), "+OK\r\n");
    bench.table(&[("PTTL s:c", ":5000")]);
}
