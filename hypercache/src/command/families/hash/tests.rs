use std::collections::BTreeSet;

use crate::command::test_bench::Bench;
use crate::resp::Protocol;
use crate::value::limits::Limits;

#[test]
fn fields_are_written_read_and_deleted() {
    let mut bench = Bench::new();
    bench.table(&[
        ("HSET h a 1 b 2", ":2"),
        ("HSET h a 3 c 4", ":1"),
        ("HSET h a", "-ERR wrong number of arguments for 'hset' command"),
        ("HSET h a 1 b", "-ERR wrong number of arguments for 'hset' command"),
        ("HMSET h a 1 b", "-ERR wrong number of arguments for 'hmset' command"),
        ("HGET h a", "$1 3"),
        ("HGET h none", "$-1"),
        ("HGET none a", "$-1"),
        ("HMGET h a none c", "*3 $1 3 $-1 $1 4"),
        ("HMGET none a b", "*2 $-1 $-1"),
        ("HGETALL h", "*6 $1 a $1 3 $1 b $1 2 $1 c $1 4"),
        ("HGETALL none", "*0"),
        ("HKEYS h", "*3 $1 a $1 b $1 c"),
        ("HVALS h", "*3 $1 3 $1 2 $1 4"),
        ("HKEYS none", "*0"),
        ("HLEN h", ":3"),
        ("HLEN none", ":0"),
        ("HEXISTS h a", ":1"),
        ("HEXISTS h none", ":0"),
        ("HSTRLEN h a", ":1"),
        ("HSTRLEN h none", ":0"),
        ("HSETNX h a 9", ":0"),
        ("HSETNX h d 9", ":1"),
        ("HMSET h a 1", "+OK"),
        ("HDEL h a b none", ":2"),
        ("HDEL none a", ":0"),
        ("HDEL h c d", ":2"),
        ("EXISTS h", ":0"),
        ("TYPE h", "+none"),
    ]);
    let effects = bench.effects("HDEL none a");
    assert_eq!((effects.changes, effects.hits, effects.misses), (0, 0, 0));
    assert_eq!(bench.effects("HSET h a 1 b 2 a 3").changes, 3);
    assert_eq!(bench.effects("HGET h a").hits, 1);
}

#[test]
fn another_type_is_refused() {
    let mut bench = Bench::new();
    bench.table(&[("SET s 1", "+OK"), ("HSET h a 1", ":1"), ("GET h", Bench::WRONG_TYPE)]);
    for line in [
        "HDEL s a",
        "HEXISTS s a",
        "HGET s a",
        "HGETALL s",
        "HKEYS s",
        "HLEN s",
        "HMGET s a",
        "HMSET s a 1",
        "HRANDFIELD s",
        "HRANDFIELD s 1",
        "HSCAN s 0",
        "HSET s a 1",
        "HSETNX s a 1",
        "HSTRLEN s a",
        "HVALS s",
        "HEXPIRE s 1 FIELDS 1 a",
        "HTTL s FIELDS 1 a",
        "HPERSIST s FIELDS 1 a",
        "HGETDEL s FIELDS 1 a",
        "HGETEX s FIELDS 1 a",
        "HSETEX s FIELDS 1 a 1",
        "SADD s a",
        "SADD h a",
    ] {
        bench.table(&[(line, Bench::WRONG_TYPE), ("GET s", "$1 1")]);
    }
    bench.table(&[("SET h 1", "+OK"), ("GET h", "$1 1")]);
}

#[test]
fn replies_have_their_types_in_the_newer_protocol() {
    let mut bench = Bench::new();
    bench.speak(Protocol::Resp3);
    bench.table(&[
        ("HSET h a 1", ":1"),
        ("HGETALL h", "%1 $1 a $1 1"),
        ("HGETALL none", "%0"),
        ("HGET h none", "_"),
        ("HKEYS h", "*1 $1 a"),
        ("HRANDFIELD h 1", "*1 $1 a"),
        ("HRANDFIELD h -2 WITHVALUES", "*2 *2 $1 a $1 1 *2 $1 a $1 1"),
        ("HSCAN h 0", "*2 $1 0 *2 $1 a $1 1"),
        ("HRANDFIELD none", "_"),
    ]);
}

#[test]
fn random_fields_are_chosen() {
    let mut bench = Bench::new();
    bench.table(&[
        ("HSET h a 1 b 2 c 3", ":3"),
        ("HRANDFIELD none", "$-1"),
        ("HRANDFIELD none 5", "*0"),
        ("HRANDFIELD h 0", "*0"),
        ("HRANDFIELD h 10", "*3 $1 a $1 b $1 c"),
        ("HRANDFIELD h 10 withvalues", "*6 $1 a $1 1 $1 b $1 2 $1 c $1 3"),
        ("HRANDFIELD h x", "-ERR value is not an integer or out of range"),
        ("HRANDFIELD h 1 VALUES", "-ERR syntax error"),
        ("HRANDFIELD h 1 WITHVALUES x", "-ERR syntax error"),
        ("HRANDFIELD h 9223372036854775807 WITHVALUES", "-ERR value is out of range"),
        ("HRANDFIELD h -4611686018427387905 WITHVALUES", "-ERR value is out of range"),
        (
            "HRANDFIELD h -9223372036854775808",
            "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ),
    ]);
    let seen: BTreeSet<String> = (0..100).map(|_| bench.run_line("HRANDFIELD h")).collect();
    assert_eq!(seen.len(), 3);
    assert!(bench.run_line("HRANDFIELD h -50").starts_with("*50\r\n"));
}

#[test]
fn encodings_follow_the_limits_that_are_set() {
    let mut bench = Bench::new();
    bench.limit(Limits { hash_listpack_entries: 2, hash_listpack_value: 5, ..Limits::DEFAULT });
    bench.table(&[
        ("HSET h a 1 b 2", ":2"),
        ("OBJECT ENCODING h", "$8 listpack"),
        ("HEXPIRE h 10 FIELDS 1 a", "*1 :1"),
        ("OBJECT ENCODING h", "$10 listpackex"),
        ("HSET h c 3", ":1"),
        ("OBJECT ENCODING h", "$9 hashtable"),
        ("HSET v a 123456", ":1"),
        ("OBJECT ENCODING v", "$9 hashtable"),
        ("TYPE v", "+hash"),
    ]);
}

#[test]
fn whole_hashes_are_copied_renamed_and_moved() {
    let mut bench = Bench::new();
    bench.table(&[
        ("HSET h a 1", ":1"),
        ("HEXPIRE h 100 FIELDS 1 a", "*1 :1"),
        ("COPY h copy", ":1"),
        ("HSET h a 2", ":0"),
        ("HGET copy a", "$1 1"),
        ("HTTL copy FIELDS 1 a", "*1 :100"),
        ("RENAME copy name", "+OK"),
        ("HTTL name FIELDS 1 a", "*1 :100"),
        ("MOVE name 1", ":1"),
        ("DBSIZE", ":1"),
    ]);
    assert_eq!(bench.census().expiring_in_part, 0, "what has left takes its deadlines along");
    bench.select(1);
    bench.table(&[("HTTL name FIELDS 1 a", "*1 :100")]);
    assert_eq!(bench.census().expiring_in_part, 1);
}

#[test]
fn big_hashes_are_put_aside_instead_of_dropped() {
    let mut bench = Bench::new();
    let fill = |bench: &mut Bench| {
        for n in 0..12_000 {
            bench.run_line(&format!("HSET h field{n} {}", "x".repeat(100)));
        }
    };
    fill(&mut bench);
    assert!(!bench.garbage("DEL h").is_empty());
    bench.run_line("HSET h a 1");
    assert!(bench.garbage("DEL h").is_empty());
}

/// Fields and whether their values came, over a whole scan.
fn scanned(bench: &mut Bench, options: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), "0".to_owned());
    loop {
        let reply = bench.run_line(&format!("HSCAN h {cursor} {options}"));
        let words: Vec<&str> = reply.split("\r\n").collect();
        found.extend(
            words[4..]
                .iter()
                .filter(|word| !word.starts_with('$') && !word.is_empty())
                .map(|word| word.to_string()),
        );
        cursor = words[2].to_owned();
        if cursor == "0" {
            return found;
        }
    }
}

#[test]
fn a_scan_finds_all_fields() {
    let mut bench = Bench::new();
    for n in 0..1000 {
        bench.run_line(&format!("HSET h f{n} v{n}"));
    }
    assert_eq!(scanned(&mut bench, "COUNT 7").len(), 2000);
    assert_eq!(scanned(&mut bench, "NOVALUES").into_iter().collect::<BTreeSet<_>>().len(), 1000);
    assert_eq!(scanned(&mut bench, "MATCH f1?"), scanned(&mut bench, "COUNT 5000 MATCH f1?"));
    assert_eq!(scanned(&mut bench, "MATCH f1? NOVALUES").len(), 10);
    bench.table(&[
        ("HSCAN none 0 NONSENSE", "*2 $1 0 *0"),
        ("HSCAN h 4294967296", "*2 $1 0 *0"),
        ("HSCAN h x", "-ERR invalid cursor"),
        ("HSCAN h 0 COUNT 0", "-ERR syntax error"),
        ("HSCAN h 0 NONSENSE", "-ERR syntax error"),
    ]);
}
