use std::collections::BTreeSet;

use crate::command::test_bench::Bench;
use crate::resp::Protocol;
use crate::value::limits::Limits;

const POSITIVE: &str = "-ERR value is out of range, must be positive";

#[test]
fn members_are_added_found_and_removed() {
    let mut bench = Bench::new();
    bench.table(&[
        ("SADD s a b a", ":2"),
        ("SADD s b c", ":1"),
        ("SCARD s", ":3"),
        ("SCARD none", ":0"),
        ("SISMEMBER s a", ":1"),
        ("SISMEMBER s x", ":0"),
        ("SISMEMBER none x", ":0"),
        ("SMISMEMBER s a x b", "*3 :1 :0 :1"),
        ("SMISMEMBER none a", "*1 :0"),
        ("SMEMBERS s", "*3 $1 a $1 b $1 c"),
        ("SMEMBERS none", "*0"),
        ("SREM s a x", ":1"),
        ("SREM none a", ":0"),
        ("SREM s b c", ":2"),
        ("EXISTS s", ":0"),
        ("SADD n 3 1 2 -5", ":4"),
        ("SMEMBERS n", "*4 $2 -5 $1 1 $1 2 $1 3"),
        ("TYPE n", "+set"),
    ]);
    assert_eq!(bench.effects("SADD n 1").changes, 0);
    assert_eq!(bench.effects("SADD n 1 8 9").changes, 2);
    assert_eq!(bench.effects("SREM n 77").changes, 0);
}

#[test]
fn another_type_is_refused() {
    let mut bench = Bench::new();
    bench.table(&[("SET s 1", "+OK"), ("SADD set a", ":1"), ("GET set", Bench::WRONG_TYPE)]);
    for line in [
        "SADD s a",
        "SCARD s",
        "SISMEMBER s a",
        "SMEMBERS s",
        "SMISMEMBER s a",
        "SMOVE s set a",
        "SMOVE set s a",
        "SPOP s",
        "SPOP s 1",
        "SRANDMEMBER s",
        "SRANDMEMBER s 1",
        "SREM s a",
        "SSCAN s 0",
        "SINTER set s",
        "SUNION set s",
        "SDIFF none s",
        "SINTERCARD 2 set s",
        "SUNIONSTORE set set s",
        "HGET set a",
    ] {
        bench.table(&[(line, Bench::WRONG_TYPE), ("SMEMBERS set", "*1 $1 a")]);
    }
}

#[test]
fn replies_have_their_types_in_the_newer_protocol() {
    let mut bench = Bench::new();
    bench.speak(Protocol::Resp3);
    bench.table(&[
        ("SADD s a", ":1"),
        ("SMEMBERS s", "~1 $1 a"),
        ("SMEMBERS none", "~0"),
        ("SUNION s none", "~1 $1 a"),
        ("SINTER s none", "~0"),
        ("SDIFF s none", "~1 $1 a"),
        ("SRANDMEMBER s 1", "*1 $1 a"),
        ("SRANDMEMBER none", "_"),
        ("SPOP s 0", "~0"),
        ("SPOP s 2", "~1 $1 a"),
        ("SPOP s", "_"),
        ("SSCAN s 0", "*2 $1 0 *0"),
    ]);
}

#[test]
fn members_move_from_set_to_set() {
    let mut bench = Bench::new();
    bench.table(&[
        ("SADD s a b", ":2"),
        ("SMOVE s t a", ":1"),
        ("SMOVE s t x", ":0"),
        ("SMOVE none t a", ":0"),
        ("SMOVE s s b", ":1"),
        ("SMOVE s s x", ":0"),
        ("SMEMBERS t", "*1 $1 a"),
        ("SMOVE s t b", ":1"),
        ("EXISTS s", ":0"),
        ("SMEMBERS t", "*2 $1 a $1 b"),
    ]);
    assert_eq!(bench.effects("SMOVE t t a").changes, 0);
}

#[test]
fn random_members_are_chosen_and_taken() {
    let mut bench = Bench::new();
    bench.table(&[
        ("SADD s a b c", ":3"),
        ("SRANDMEMBER none", "$-1"),
        ("SRANDMEMBER none 5", "*0"),
        ("SRANDMEMBER s 0", "*0"),
        ("SRANDMEMBER s 10", "*3 $1 a $1 b $1 c"),
        ("SRANDMEMBER s 1 2", "-ERR syntax error"),
        ("SRANDMEMBER s x", "-ERR value is not an integer or out of range"),
        ("SPOP none", "$-1"),
        ("SPOP none 5", "*0"),
        ("SPOP s -1", POSITIVE),
        ("SPOP s x", POSITIVE),
        ("SPOP s 1 2", "-ERR syntax error"),
        ("SPOP s 0", "*0"),
    ]);
    let seen: BTreeSet<String> = (0..100).map(|_| bench.run_line("SRANDMEMBER s")).collect();
    assert_eq!(seen.len(), 3);
    assert!(bench.run_line("SRANDMEMBER s -50").starts_with("*50\r\n"));
    assert!(bench.run_line("SPOP s 2").starts_with("*2\r\n"));
    bench.table(&[("SCARD s", ":1")]);
    assert_eq!(bench.effects("SPOP s").changes, 1);
    bench.table(&[
        ("EXISTS s", ":0"),
        ("SADD s a b c", ":3"),
        ("SPOP s 9", "*3 $1 a $1 b $1 c"),
        ("EXISTS s", ":0"),
    ]);
}

#[test]
fn what_is_popped_is_gone_and_nothing_else() {
    let mut bench = Bench::new();
    for n in 0..2000 {
        bench.run_line(&format!("SADD s member{n}"));
    }
    let mut popped = BTreeSet::new();
    while bench.census().keys > 0 {
        let reply = bench.run_line("SPOP s 7");
        popped.extend(reply.split("\r\n").filter(|word| word.starts_with("member")).map(str::to_owned));
    }
    assert_eq!(popped.len(), 2000);
}

#[test]
fn encodings_follow_the_limits_that_are_set() {
    let mut bench = Bench::new();
    bench.limit(Limits {
        set_intset_entries: 3,
        set_listpack_entries: 2,
        set_listpack_value: 5,
        ..Limits::DEFAULT
    });
    bench.table(&[
        ("SADD n 1 2 3", ":3"),
        ("OBJECT ENCODING n", "$6 intset"),
        ("SADD n 4", ":1"),
        ("OBJECT ENCODING n", "$9 hashtable"),
        ("SADD s 1 a", ":2"),
        ("OBJECT ENCODING s", "$8 listpack"),
        ("SADD s b", ":1"),
        ("OBJECT ENCODING s", "$9 hashtable"),
        ("SADD long 123456 abcdef", ":2"),
        ("OBJECT ENCODING long", "$9 hashtable"),
    ]);
}

#[test]
fn a_scan_finds_all_members() {
    let mut bench = Bench::new();
    for n in 0..1000 {
        bench.run_line(&format!("SADD s m{n}"));
    }
    for options in ["COUNT 1", "COUNT 100", "MATCH m*"] {
        let (mut found, mut cursor) = (Vec::new(), "0".to_owned());
        loop {
            let reply = bench.run_line(&format!("SSCAN s {cursor} {options}"));
            let words: Vec<&str> = reply.split("\r\n").collect();
            found.extend(words[4..].iter().filter(|word| word.starts_with('m')).map(|word| word.to_string()));
            cursor = words[2].to_owned();
            if cursor == "0" {
                break;
            }
        }
        let different: BTreeSet<_> = found.iter().collect();
        assert_eq!((found.len(), different.len()), (1000, 1000), "{options}");
    }
    bench.table(&[
        ("SSCAN none 0", "*2 $1 0 *0"),
        ("SSCAN s 0 NOVALUES", "-ERR NOVALUES option can only be used in HSCAN"),
        ("SSCAN s -1", "-ERR invalid cursor"),
        ("SADD n 1 2", ":2"),
        ("SSCAN n 0 COUNT 1 MATCH 2", "*2 $1 0 *1 $1 2"),
    ]);
}
