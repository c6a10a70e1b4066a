use crate::command::test_bench::Bench;
use crate::resp::Protocol;
use crate::value::limits::Limits;

#[test]
fn members_are_added_and_updated_under_conditions() {
    Bench::new().table(&[
        ("ZADD z 1 a 2 b", ":2"),
        ("ZADD z 3 a 4 c", ":1"),
        ("ZADD z CH 3 a 5 c 6 d", ":2"),
        ("ZADD z NX 9 a 9 e", ":1"),
        ("ZADD z XX 1 a 9 f", ":0"),
        ("ZADD z XX CH 2 a 9 f", ":1"),
        ("ZADD z GT CH 1 a 3 b 1 g", ":2"),
        ("ZADD z LT CH 1 a 9 b 1 h", ":2"),
        ("ZADD z GT XX 99 i", ":0"),
        (
            "ZRANGE z 0 -1 WITHSCORES",
            "*14 $1 a $1 1 $1 g $1 1 $1 h $1 1 $1 b $1 3 $1 c $1 5 $1 d $1 6 $1 e $1 9",
        ),
        ("ZADD none XX 1 a", ":0"),
        ("EXISTS none", ":0"),
        ("ZADD twice 1 a 2 a", ":1"),
        ("ZSCORE twice a", "$1 2"),
    ]);
}

#[test]
fn scores_are_incremented() {
    let mut bench = Bench::new();
    bench.table(&[
        ("ZINCRBY z 1.5 a", "$3 1.5"),
        ("ZINCRBY z -3 a", "$4 -1.5"),
        ("ZADD z INCR 2 a", "$3 0.5"),
        ("ZADD z NX INCR 2 a", "$-1"),
        ("ZADD z XX INCR 2 b", "$-1"),
        ("ZADD none XX INCR 2 b", "$-1"),
        ("ZADD z GT INCR -1 a", "$-1"),
        ("ZADD z LT INCR -1 a", "$4 -0.5"),
        ("ZINCRBY z inf a", "$3 inf"),
        ("ZINCRBY z -inf a", "-ERR resulting score is not a number (NaN)"),
        ("ZSCORE z a", "$3 inf"),
        ("ZINCRBY z x a", "-ERR value is not a valid float"),
        ("ZINCRBY new 0 a", "$1 0"),
    ]);
    assert_eq!(bench.effects("ZINCRBY z 1 a").changes, 0);
    bench.speak(Protocol::Resp3);
    bench.table(&[("ZINCRBY z 1 b", ",1"), ("ZADD z NX INCR 1 b", "_"), ("ZADD z INCR 1 b", ",2")]);
}

#[test]
fn mistakes_are_told_in_redis_words() {
    const GREATER_AND_LESS: &str = "-ERR GT, LT, and/or NX options at the same time are not compatible";
    Bench::new().table(&[
        ("ZADD z NX XX 1 a", "-ERR XX and NX options at the same time are not compatible"),
        ("ZADD z GT LT 1 a", GREATER_AND_LESS),
        ("ZADD z GT NX 1 a", GREATER_AND_LESS),
        ("ZADD z LT NX 1 a", GREATER_AND_LESS),
        ("ZADD z INCR 1 a 2 b", "-ERR INCR option supports a single increment-element pair"),
        ("ZADD z 1 a 2", "-ERR syntax error"),
        ("ZADD z NX CH", "-ERR syntax error"),
        ("ZADD z x a", "-ERR value is not a valid float"),
        ("ZADD z 1 a nan b", "-ERR value is not a valid float"),
        ("ZADD z 1e400 a", "-ERR value is not a valid float"),
        ("EXISTS z", ":0"),
        ("ZADD z 1", "-ERR wrong number of arguments for 'zadd' command"),
    ]);
}

#[test]
fn many_members_at_once_are_kept_as_a_large_sorted_set() {
    let mut bench = Bench::new();
    bench.limit(Limits { zset_listpack_entries: 2, ..Limits::DEFAULT });
    bench.table(&[
        ("ZADD z 1 a 2 b", ":2"),
        ("OBJECT ENCODING z", "$8 listpack"),
        ("ZADD z 1 c", ":1"),
        ("OBJECT ENCODING z", "$8 skiplist"),
        ("ZREM z a b", ":2"),
        ("OBJECT ENCODING z", "$8 skiplist"),
        ("ZADD y 1 a 2 a 3 a", ":1"),
        ("OBJECT ENCODING y", "$8 skiplist"),
        ("ZRANGESTORE x z 0 -1", ":1"),
        ("OBJECT ENCODING x", "$8 listpack"),
    ]);
}

#[test]
fn a_long_member_counts_where_it_is_written_or_the_first_of_a_new_sorted_set() {
    let mut bench = Bench::new();
    bench.limit(Limits { zset_listpack_value: 3, ..Limits::DEFAULT });
    bench.table(&[
        ("ZADD z 1 a", ":1"),
        ("ZADD z XX 1 long 2 longer", ":0"),
        ("OBJECT ENCODING z", "$8 listpack"),
        ("ZADD z 1 long", ":1"),
        ("OBJECT ENCODING z", "$8 skiplist"),
        ("ZADD y 1 long", ":1"),
        ("OBJECT ENCODING y", "$8 skiplist"),
    ]);
}
