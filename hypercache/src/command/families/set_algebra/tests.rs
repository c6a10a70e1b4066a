use crate::command::spec::Keys;
use crate::command::test_bench::Bench;
use crate::resp::OwnedArgs;

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.table(&[("SADD a 1 2 3 x", ":4"), ("SADD b 2 x y", ":3"), ("SADD n 1 2 5", ":3")]);
    bench
}

#[test]
fn sets_are_combined() {
    bench().table(&[
        ("SINTER a b", "*2 $1 2 $1 x"),
        ("SINTER a n", "*2 $1 1 $1 2"),
        ("SINTER a b n", "*1 $1 2"),
        ("SINTER a none b", "*0"),
        ("SINTER a", "*4 $1 1 $1 2 $1 3 $1 x"),
        ("SUNION a b none", "*5 $1 1 $1 2 $1 3 $1 x $1 y"),
        ("SUNION n n", "*3 $1 1 $1 2 $1 5"),
        ("SUNION none", "*0"),
        ("SDIFF a b n", "*1 $1 3"),
        ("SDIFF a a", "*0"),
        ("SDIFF none a", "*0"),
        ("SDIFF a none", "*4 $1 1 $1 2 $1 3 $1 x"),
    ]);
}

#[test]
fn combinations_are_stored() {
    let mut bench = bench();
    bench.table(&[
        ("SET s 1 EX 100", "+OK"),
        ("SINTERSTORE s a n", ":2"),
        ("SMEMBERS s", "*2 $1 1 $1 2"),
        ("OBJECT ENCODING s", "$6 intset"),
        ("TTL s", ":-1"),
        ("SUNIONSTORE a a b", ":5"),
        ("SCARD a", ":5"),
        ("SDIFFSTORE d a b", ":2"),
        ("SMEMBERS d", "*2 $1 1 $1 3"),
        ("SDIFFSTORE d a a", ":0"),
        ("EXISTS d", ":0"),
        ("SINTERSTORE none a none", ":0"),
    ]);
    assert_eq!(bench.effects("SUNIONSTORE none none").changes, 0);
    assert_eq!(bench.effects("SDIFFSTORE s a a").changes, 1);
}

#[test]
fn the_intersection_is_counted() {
    bench().table(&[
        ("SINTERCARD 2 a b", ":2"),
        ("SINTERCARD 2 a b LIMIT 1", ":1"),
        ("SINTERCARD 2 a b limit 0", ":2"),
        ("SINTERCARD 1 a LIMIT 9", ":4"),
        ("SINTERCARD 2 a none", ":0"),
        ("SINTERCARD 0 a", "-ERR numkeys should be greater than 0"),
        ("SINTERCARD x a", "-ERR numkeys should be greater than 0"),
        ("SINTERCARD 3 a b", "-ERR Number of keys can't be greater than number of args"),
        ("SINTERCARD 1 a b", "-ERR syntax error"),
        ("SINTERCARD 1 a LIMIT", "-ERR syntax error"),
        ("SINTERCARD 1 a LIMIT -1", "-ERR LIMIT can't be negative"),
        ("SINTERCARD 1 a LIMIT x", "-ERR LIMIT can't be negative"),
    ]);
}

#[test]
fn keys_are_found_by_their_number() {
    let positions =
        |words: &[&str]| Keys::Numkeys { at: 1 }.positions(OwnedArgs::new(words).view()).collect::<Vec<_>>();
    assert_eq!(positions(&["SINTERCARD", "2", "a", "b", "LIMIT", "1"]), [2, 3]);
    for words in [
        &["SINTERCARD", "9", "a"][..],
        &["SINTERCARD", "-1", "a"],
        &["SINTERCARD", "x", "a"],
        &["SINTERCARD"],
    ] {
        assert_eq!(positions(words), [0; 0], "{words:?}");
    }
}
