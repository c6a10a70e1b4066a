use crate::command::test_bench::Bench;
use crate::resp::Protocol;

/// Sorted sets a and b, and a set s.
fn filled() -> Bench {
    let mut bench = Bench::new();
    bench.table(&[
        ("ZADD a 1 x 2 y 3 z", ":3"),
        ("ZADD b 10 y 20 z 30 w", ":3"),
        ("SADD s z 17", ":2"),
        ("SET string x", "+OK"),
    ]);
    bench
}

#[test]
fn unions_have_all_members() {
    let mut bench = filled();
    bench.table(&[
        ("ZUNION 2 a b", "*4 $1 x $1 y $1 z $1 w"),
        ("ZUNION 2 a b WITHSCORES", "*8 $1 x $1 1 $1 y $2 12 $1 z $2 23 $1 w $2 30"),
        ("ZUNION 2 a b WEIGHTS 2 -1 WITHSCORES", "*8 $1 w $3 -30 $1 z $3 -14 $1 y $2 -6 $1 x $1 2"),
        ("ZUNION 2 a b AGGREGATE min WITHSCORES", "*8 $1 x $1 1 $1 y $1 2 $1 z $1 3 $1 w $2 30"),
        ("ZUNION 2 a b WITHSCORES AGGREGATE MAX", "*8 $1 x $1 1 $1 y $2 10 $1 z $2 20 $1 w $2 30"),
        ("ZUNION 3 a s none WITHSCORES", "*8 $2 17 $1 1 $1 x $1 1 $1 y $1 2 $1 z $1 4"),
        ("ZUNIONSTORE d 2 a a", ":3"),
        ("ZRANGE d 0 -1 WITHSCORES", "*6 $1 x $1 2 $1 y $1 4 $1 z $1 6"),
        ("ZUNIONSTORE a 1 none", ":0"),
        ("EXISTS a", ":0"),
    ]);
    bench.speak(Protocol::Resp3);
    bench.table(&[("ZUNION 1 s WITHSCORES", "*2 *2 $2 17 ,1 *2 $1 z ,1"), ("ZUNION 1 s", "*2 $2 17 $1 z")]);
}

#[test]
fn intersections_have_the_members_of_all() {
    filled().table(&[
        ("ZINTER 2 a b", "*2 $1 y $1 z"),
        ("ZINTER 3 a b s WITHSCORES", "*2 $1 z $2 24"),
        ("ZINTER 2 a b WEIGHTS 0 1 WITHSCORES", "*4 $1 y $2 10 $1 z $2 20"),
        ("ZINTER 2 a none", "*0"),
        ("ZINTERSTORE d 2 a b AGGREGATE MIN", ":2"),
        ("ZRANGE d 0 -1 WITHSCORES", "*4 $1 y $1 2 $1 z $1 3"),
        ("ZINTERCARD 2 a b", ":2"),
        ("ZINTERCARD 2 a b LIMIT 1", ":1"),
        ("ZINTERCARD 2 a b LIMIT 0", ":2"),
        ("ZINTERCARD 2 a none", ":0"),
        ("ZINTERCARD 2 a b LIMIT -1", "-ERR LIMIT can't be negative"),
        ("ZINTERCARD 2 a b LIMIT x", "-ERR LIMIT can't be negative"),
        ("ZINTERCARD 2 a b WITHSCORES", "-ERR syntax error"),
    ]);
}

#[test]
fn differences_have_the_members_of_the_first_alone() {
    filled().table(&[
        ("ZDIFF 2 a b WITHSCORES", "*2 $1 x $1 1"),
        ("ZDIFF 2 a s", "*2 $1 x $1 y"),
        ("ZDIFF 2 none a", "*0"),
        ("ZDIFF 2 a none", "*3 $1 x $1 y $1 z"),
        ("ZDIFFSTORE d 2 a b", ":1"),
        ("ZRANGE d 0 -1 WITHSCORES", "*2 $1 x $1 1"),
        ("ZDIFFSTORE d 2 a a", ":0"),
        ("EXISTS d", ":0"),
        ("ZDIFF 2 a b WEIGHTS 1 1", "-ERR syntax error"),
        ("ZDIFFSTORE d 2 a b WITHSCORES", "-ERR syntax error"),
    ]);
}

#[test]
fn infinite_scores_that_cancel_out_are_zero() {
    Bench::new().table(&[
        ("ZADD a inf x", ":1"),
        ("ZADD b -inf x", ":1"),
        ("ZUNION 2 a b WITHSCORES", "*2 $1 x $1 0"),
        ("ZINTER 2 a b WEIGHTS 0 0 WITHSCORES", "*2 $1 x $1 0"),
        ("ZINTER 2 a b WEIGHTS 1 -1 WITHSCORES", "*2 $1 x $3 inf"),
    ]);
}

#[test]
fn infinity_times_zero_is_taken_as_redis_takes_it() {
    Bench::new().table(&[
        ("ZADD a 1 x", ":1"),
        ("ZADD b inf x 2 y", ":2"),
        ("ZINTER 2 a b WEIGHTS 1 0 WITHSCORES", "*2 $1 x $1 0"),
        ("ZINTER 2 a b WEIGHTS 1 0 AGGREGATE MIN WITHSCORES", "*2 $1 x $1 1"),
        ("ZUNION 2 a b WEIGHTS 1 0 AGGREGATE MIN WITHSCORES", "*4 $1 x $1 0 $1 y $1 0"),
        ("ZINTER 2 b b WEIGHTS 0 1 AGGREGATE MIN WITHSCORES", "*4 $1 x $1 0 $1 y $1 0"),
    ]);
}

#[test]
fn mistakes_are_told_in_redis_words() {
    filled().table(&[
        ("ZUNION 0 a", "-ERR at least 1 input key is needed for 'zunion' command"),
        ("ZDIFFSTORE d -1 a", "-ERR at least 1 input key is needed for 'zdiffstore' command"),
        ("ZINTERCARD x a", "-ERR value is not an integer or out of range"),
        ("ZUNION 3 a b", "-ERR syntax error"),
        ("ZUNION 2 a string", Bench::WRONG_TYPE),
        ("ZUNION 2 a string AGGREGATE NONE", Bench::WRONG_TYPE),
        ("ZINTERSTORE string 1 string", Bench::WRONG_TYPE),
        ("ZUNION 2 a b WEIGHTS 1", "-ERR syntax error"),
        ("ZUNION 2 a b WEIGHTS 1 x", "-ERR weight value is not a float"),
        ("ZUNION 2 a b AGGREGATE MEAN", "-ERR syntax error"),
        ("ZUNION 2 a b AGGREGATE", "-ERR syntax error"),
        ("ZUNIONSTORE d 1 a WITHSCORES", "-ERR syntax error"),
        ("ZINTERSTORE string 1 a", ":3"),
        ("TYPE string", "+zset"),
    ]);
}
