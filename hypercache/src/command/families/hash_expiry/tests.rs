use crate::command::test_bench::Bench;
use crate::keyspace::shard::Swept;

const MISCOUNTED: &str = "-ERR The `numfields` parameter must match the number of arguments";
const NO_FIELDS: &str = "-ERR Mandatory argument FIELDS is missing or not at the right position";

/// A hash of a, b and c at 1000 seconds.
fn bench() -> Bench {
    let mut bench = Bench::at(1_000_000);
    bench.table(&[("HSET h a 1 b 2 c 3", ":3")]);
    bench
}

#[test]
fn deadlines_are_set_told_and_removed() {
    bench().table(&[
        ("HTTL h FIELDS 2 a none", "*2 :-1 :-2"),
        ("HTTL none FIELDS 1 a", "*1 :-2"),
        ("HEXPIRE h 10 FIELDS 2 a none", "*2 :1 :-2"),
        ("HEXPIRE none 10 FIELDS 1 a", "*1 :-2"),
        ("HPTTL h FIELDS 1 a", "*1 :10000"),
        ("HEXPIRETIME h FIELDS 1 a", "*1 :1010"),
        ("HPEXPIRETIME h FIELDS 1 a", "*1 :1010000"),
        ("HPEXPIRE h 1499 FIELDS 1 a", "*1 :1"),
        ("HTTL h FIELDS 1 a", "*1 :2"),
        ("HEXPIREAT h 1030 FIELDS 1 a", "*1 :1"),
        ("HTTL h FIELDS 1 a", "*1 :30"),
        ("HPEXPIREAT h 1000001 FIELDS 1 a", "*1 :1"),
        ("HPTTL h FIELDS 1 a", "*1 :1"),
        ("HPERSIST h FIELDS 3 a b none", "*3 :1 :-1 :-2"),
        ("HPERSIST none FIELDS 1 a", "*1 :-2"),
        ("HTTL h FIELDS 1 a", "*1 :-1"),
        ("HEXPIRE h 0 FIELDS 1 a", "*1 :2"),
        ("HPEXPIREAT h 1000000 FIELDS 3 b c a", "*3 :2 :2 :-2"),
        ("EXISTS h", ":0"),
    ]);
}

#[test]
fn conditions_hold() {
    bench().table(&[
        ("HEXPIRE h 10 XX FIELDS 1 a", "*1 :0"),
        ("HEXPIRE h 10 GT FIELDS 1 a", "*1 :0"),
        ("HEXPIRE h 10 LT FIELDS 1 a", "*1 :1"),
        ("HEXPIRE h 20 NX FIELDS 2 a b", "*2 :0 :1"),
        ("HEXPIRE h 20 LT FIELDS 1 a", "*1 :0"),
        ("HEXPIRE h 20 gt FIELDS 1 a", "*1 :1"),
        ("HEXPIRE h 20 GT FIELDS 1 a", "*1 :0"),
        ("HEXPIRE h 5 XX FIELDS 2 a c", "*2 :1 :0"),
        ("HEXPIRE h 0 GT FIELDS 1 a", "*1 :0"),
        ("HTTL h FIELDS 3 a b c", "*3 :5 :20 :-1"),
    ]);
}

#[test]
fn mistakes_are_told() {
    let invalid = "-ERR invalid expire time in 'hexpire' command";
    bench().table(&[
        ("HEXPIRE h 10 NX 1 a b", NO_FIELDS),
        ("HEXPIRE h 10 1 a b", NO_FIELDS),
        ("HEXPIRE h 10 FIELDS 2 a", MISCOUNTED),
        ("HEXPIRE h 10 FIELDS 1 a b", MISCOUNTED),
        ("HEXPIRE h 10 FIELDS 0 a", "-ERR Parameter `numFields` should be greater than 0"),
        ("HEXPIRE h 10 FIELDS x a", "-ERR Parameter `numFields` should be greater than 0"),
        ("HEXPIRE h -1 FIELDS 1 a", "-ERR invalid expire time, must be >= 0"),
        ("HEXPIRE h x FIELDS 1 a", "-ERR value is not an integer or out of range"),
        ("HEXPIRE h 9223372036854775807 FIELDS 1 a", invalid),
        ("HEXPIRE h 70368744177 FIELDS 1 a", invalid),
        ("HPEXPIREAT h 70368744177664 FIELDS 1 a", "-ERR invalid expire time in 'hpexpireat' command"),
        ("HPEXPIREAT h 70368744177663 FIELDS 1 a", "*1 :1"),
        ("HTTL h 1 a b", NO_FIELDS),
        ("HTTL h FIELDS 3 a b", MISCOUNTED),
        ("HTTL h FIELDS 0 a", "-ERR Number of fields must be a positive integer"),
        ("HPERSIST h FIELDS -1 a", "-ERR Number of fields must be a positive integer"),
        ("HGETDEL h FIELDS 2 a", MISCOUNTED),
        ("HGETDEL h a b c", NO_FIELDS),
    ]);
}

#[test]
fn values_are_taken_out() {
    let mut bench = bench();
    bench.table(&[
        ("HGETDEL h FIELDS 3 a a none", "*3 $1 1 $-1 $-1"),
        ("HGETDEL none FIELDS 2 a b", "*2 $-1 $-1"),
        ("HGETDEL h FIELDS 2 b c", "*2 $1 2 $1 3"),
        ("EXISTS h", ":0"),
    ]);
    assert_eq!(bench.effects("HGETDEL h FIELDS 1 a").changes, 0);
}

#[test]
fn reading_sets_and_removes_deadlines() {
    let mut bench = bench();
    let one_of = "-ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified";
    let arity = "-ERR wrong number of arguments for 'hgetex' command";
    bench.table(&[
        ("HGETEX h FIELDS 2 a none", "*2 $1 1 $-1"),
        ("HGETEX h EX 10 FIELDS 2 a b", "*2 $1 1 $1 2"),
        ("HTTL h FIELDS 3 a b c", "*3 :10 :10 :-1"),
        ("HGETEX h PERSIST FIELDS 1 a", "*1 $1 1"),
        ("HTTL h FIELDS 1 a", "*1 :-1"),
        ("HGETEX h PXAT 1000020 FIELDS 1 a", "*1 $1 1"),
        ("HPTTL h FIELDS 1 a", "*1 :20"),
        ("HGETEX h EXAT 1 FIELDS 1 a", "*1 $1 1"),
        ("HEXISTS h a", ":0"),
        ("HGETEX none EX 10 FIELDS 1 a", "*1 $-1"),
        ("HGETEX h EX 10 PX 10 FIELDS 1 a", one_of),
        ("HGETEX h PERSIST EX 10 FIELDS 1 a", one_of),
        ("HGETEX h KEEPTTL FIELDS 1 a", "-ERR unknown argument: KEEPTTL"),
        ("HGETEX h FIELDS 2 a", arity),
        ("HGETEX h EX 10 FIELDS", arity),
        ("HGETEX h FIELDS 0 a", "-ERR invalid number of fields"),
        ("HGETEX h EX -1 FIELDS 1 a", "-ERR invalid expire time, must be >= 0"),
        ("HGETEX h PERSIST FIELDS 1 EX", "*1 $-1"),
        ("HGETEX h PERSIST PERSIST PERSIST", one_of),
    ]);
    assert_eq!(bench.effects("HGETEX h PERSIST FIELDS 1 c").changes, 0);
    assert_eq!(bench.effects("HGETEX h PX 5 FIELDS 1 c").changes, 1);
}

#[test]
fn fields_are_written_with_a_deadline() {
    let mut bench = bench();
    let one_of = "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
    let arity = "-ERR wrong number of arguments for 'hsetex' command";
    bench.table(&[
        ("HSETEX h EX 10 FIELDS 2 a 4 d 5", ":1"),
        ("HTTL h FIELDS 2 a d", "*2 :10 :10"),
        ("HSETEX h KEEPTTL FIELDS 2 a 6 e 7", ":1"),
        ("HTTL h FIELDS 2 a e", "*2 :10 :-1"),
        ("HSETEX h FIELDS 1 a 8", ":1"),
        ("HTTL h FIELDS 1 a", "*1 :-1"),
        ("HSETEX h FNX FIELDS 2 a 9 new 9", ":0"),
        ("HSETEX h FXX FIELDS 2 a 9 new 9", ":0"),
        ("HSETEX none FXX FIELDS 1 a 9", ":0"),
        ("HMGET h a new", "*2 $1 8 $-1"),
        ("HSETEX h EX 1 FNX FIELDS 1 new 9", ":1"),
        ("HSETEX h fxx px 20 FIELDS 1 new 10", ":1"),
        ("HPTTL h FIELDS 1 new", "*1 :20"),
        ("HSETEX h EXAT 1 FIELDS 2 new 11 other 11", ":1"),
        ("HMGET h new other", "*2 $-1 $-1"),
        ("HSETEX none EX 0 FIELDS 1 a 1", ":1"),
        ("EXISTS none", ":0"),
        ("HSETEX h FNX FXX FIELDS 1 a 1", "-ERR Only one of FXX or FNX arguments can be specified"),
        ("HSETEX h EX 1 KEEPTTL FIELDS 1 a 1", one_of),
        ("HSETEX h PERSIST FIELDS 1 a 1", "-ERR unknown argument: PERSIST"),
        ("HSETEX h FIELDS 1 a 1 b", arity),
        ("HSETEX h FIELDS 2 a 1", arity),
        ("HSETEX h FIELDS x a 1", "-ERR invalid number of fields"),
        ("HSETEX h KEEPTTL FIELDS 1 a", arity),
    ]);
    assert_eq!(bench.effects("HSETEX h PXAT 1 FIELDS 1 none 1").changes, 0);
}

#[test]
fn fields_expire_one_by_one_and_the_last_takes_the_key_along() {
    let mut bench = bench();
    bench.table(&[("HPEXPIRE h 10 FIELDS 1 a", "*1 :1"), ("HPEXPIRE h 20 FIELDS 2 b c", "*2 :1 :1")]);
    bench.advance(9);
    bench.table(&[("HLEN h", ":3")]);
    bench.advance(1);
    let effects = bench.effects("HGET h a");
    assert_eq!((effects.hits, effects.expired_fields, effects.expired, effects.changes), (1, 1, 0, 0));
    bench.table(&[("HLEN h", ":2"), ("HKEYS h", "*2 $1 b $1 c"), ("HPERSIST h FIELDS 1 a", "*1 :-2")]);
    bench.advance(10);
    bench.table(&[("KEYS *", "*0")]);
    let effects = bench.effects("EXISTS h");
    assert_eq!((effects.misses, effects.expired_fields, effects.expired), (1, 2, 0));
    bench.table(&[("DBSIZE", ":0"), ("HSET h a 1", ":1"), ("HLEN h", ":1")]);
}

#[test]
fn sweeps_find_fields_that_nobody_asks_for() {
    let mut bench = bench();
    for n in 0..300 {
        bench.run_line(&format!("HSETEX big PX {} FIELDS 1 f{n} v", 10 + n % 2 * 10));
    }
    bench.table(&[
        ("HSET big stays v", ":1"),
        ("HPEXPIRE h 20 FIELDS 3 a b c", "*3 :1 :1 :1"),
        ("SET s 1 PX 10", "+OK"),
    ]);
    assert_eq!((bench.census().expiring, bench.census().expiring_in_part), (1, 2));
    assert_eq!(bench.sweep(), Swept::default());
    bench.advance(15);
    let swept = bench.sweep();
    assert_eq!((swept.keys, swept.fields, swept.lag_max, swept.more), (1, 150, 5, false));
    assert!(swept.bytes > 0);
    bench.advance(15);
    let swept = bench.sweep();
    assert_eq!((swept.keys, swept.fields, swept.lag_max), (0, 153, 10));
    assert_eq!((bench.census().keys, bench.census().expiring_in_part), (1, 0));
    bench.table(&[("HGETALL big", "*2 $5 stays $1 v"), ("EXISTS h", ":0")]);
}
