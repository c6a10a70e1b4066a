use crate::command::test_bench::Bench;
use crate::resp::Protocol;
use crate::value::limits::Limits;

const NOT_AN_INTEGER: &str = "-ERR value is not an integer or out of range";
const SYNTAX: &str = "-ERR syntax error";

/// Both forms of sorted set.
fn benches() -> [Bench; 2] {
    let (small, mut large) = (Bench::new(), Bench::new());
    large.limit(Limits { zset_listpack_entries: 0, ..Limits::DEFAULT });
    [small, large]
}

#[test]
fn ranges_of_ranks() {
    for mut bench in benches() {
        bench.table(&[
            ("ZADD z 1 a 2 b 3 c 4 d", ":4"),
            ("ZRANGE z 0 -1", "*4 $1 a $1 b $1 c $1 d"),
            ("ZRANGE z 1 2 WITHSCORES", "*4 $1 b $1 2 $1 c $1 3"),
            ("ZRANGE z -2 100", "*2 $1 c $1 d"),
            ("ZRANGE z 0 1 REV", "*2 $1 d $1 c"),
            ("ZREVRANGE z 0 0 withscores", "*2 $1 d $1 4"),
            ("ZREVRANGE z -1 -1", "*1 $1 a"),
            ("ZRANGE z 3 1", "*0"),
            ("ZRANGE z 4 9", "*0"),
            ("ZRANGE z -100 -100", "*0"),
            ("ZRANGE none 0 -1", "*0"),
            ("ZRANGE z x 1", NOT_AN_INTEGER),
            ("ZRANGE none 0 1.5", NOT_AN_INTEGER),
            (
                "ZRANGE z 0 1 LIMIT 0 1",
                "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ),
            ("ZRANGE z 0 1 LIMIT 0", SYNTAX),
            ("ZREVRANGE z 0 1 REV", SYNTAX),
            ("ZREVRANGE z 0 1 BYLEX", SYNTAX),
        ]);
        bench.speak(Protocol::Resp3);
        bench.table(&[
            ("ZRANGE z 0 1 WITHSCORES", "*2 *2 $1 a ,1 *2 $1 b ,2"),
            ("ZRANGE z 0 0", "*1 $1 a"),
            ("ZREVRANGE z 0 0 WITHSCORES", "*1 *2 $1 d ,4"),
        ]);
    }
}

#[test]
fn ranges_of_scores() {
    for mut bench in benches() {
        bench.table(&[
            ("ZADD z 1 a 2 b 3 c 4 d inf e", ":5"),
            ("ZRANGEBYSCORE z 2 3", "*2 $1 b $1 c"),
            ("ZRANGEBYSCORE z (2 (4 WITHSCORES", "*2 $1 c $1 3"),
            ("ZRANGEBYSCORE z -inf +inf LIMIT 1 2", "*2 $1 b $1 c"),
            ("ZRANGEBYSCORE z -inf (inf LIMIT 3 -1", "*1 $1 d"),
            ("ZRANGEBYSCORE z -inf inf LIMIT -1 2", "*0"),
            ("ZRANGEBYSCORE z -inf inf LIMIT 9 2", "*0"),
            ("ZRANGEBYSCORE z -inf inf LIMIT 0 0", "*0"),
            ("ZREVRANGEBYSCORE z 3 1 LIMIT 1 5 WITHSCORES", "*4 $1 b $1 2 $1 a $1 1"),
            ("ZREVRANGEBYSCORE z 1 3", "*0"),
            ("ZRANGE z (1 3 BYSCORE", "*2 $1 b $1 c"),
            ("ZRANGE z 3 (1 BYSCORE REV", "*2 $1 c $1 b"),
            ("ZRANGE z inf -inf REV BYSCORE LIMIT 0 1", "*1 $1 e"),
            ("ZRANGEBYSCORE none 0 1", "*0"),
            ("ZRANGEBYSCORE z a 1", "-ERR min or max is not a float"),
            ("ZRANGEBYSCORE z 0 1 LIMIT x 1", NOT_AN_INTEGER),
            ("ZRANGEBYSCORE z 0 1 LIMIT 1", SYNTAX),
            ("ZRANGEBYSCORE z 0 1 REV", SYNTAX),
        ]);
    }
}

#[test]
fn ranges_of_members() {
    for mut bench in benches() {
        bench.table(&[
            ("ZADD z 0 a 0 b 0 c 0 d", ":4"),
            ("ZRANGEBYLEX z - (c", "*2 $1 a $1 b"),
            ("ZRANGEBYLEX z [b + LIMIT 1 1", "*1 $1 c"),
            ("ZREVRANGEBYLEX z + [b LIMIT 0 2", "*2 $1 d $1 c"),
            ("ZRANGE z [a [b BYLEX", "*2 $1 a $1 b"),
            ("ZRANGE z (c - BYLEX REV", "*2 $1 b $1 a"),
            ("ZRANGEBYLEX z + -", "*0"),
            ("ZRANGEBYLEX none - +", "*0"),
            ("ZRANGEBYLEX z a b", "-ERR min or max not valid string range item"),
            (
                "ZRANGEBYLEX z - + WITHSCORES",
                "-ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ),
        ]);
    }
}

#[test]
fn ranges_are_stored() {
    let mut bench = Bench::new();
    bench.table(&[
        ("ZADD z 1 a 2 b 3 c 4 d", ":4"),
        ("SET y x", "+OK"),
        ("ZRANGESTORE y z 0 1", ":2"),
        ("ZRANGE y 0 -1 WITHSCORES", "*4 $1 a $1 1 $1 b $1 2"),
        ("ZRANGESTORE y z 4 2 BYSCORE REV LIMIT 1 2", ":2"),
        ("ZRANGE y 0 -1", "*2 $1 b $1 c"),
        ("ZRANGESTORE z z 0 0 REV", ":1"),
        ("ZRANGE z 0 -1", "*1 $1 d"),
        ("ZRANGESTORE y z 5 6", ":0"),
        ("EXISTS y", ":0"),
        ("ZRANGESTORE y none 0 -1", ":0"),
        ("ZRANGESTORE y z 0 1 WITHSCORES", SYNTAX),
    ]);
}

#[test]
fn ranges_are_removed() {
    for mut bench in benches() {
        bench.table(&[
            ("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f", ":6"),
            ("ZREMRANGEBYRANK z 0 0", ":1"),
            ("ZREMRANGEBYSCORE z (2 3", ":1"),
            ("ZRANGE z 0 -1", "*4 $1 b $1 d $1 e $1 f"),
            ("ZREMRANGEBYRANK z -1 9", ":1"),
            ("ZREMRANGEBYRANK z 7 9", ":0"),
            ("ZREMRANGEBYLEX z [b [b", ":1"),
            ("ZREMRANGEBYSCORE z 9 9", ":0"),
            ("ZREMRANGEBYRANK z 0 -1", ":2"),
            ("EXISTS z", ":0"),
            ("ZREMRANGEBYRANK z 0 -1", ":0"),
            ("ZREMRANGEBYRANK z x 0", NOT_AN_INTEGER),
            ("ZREMRANGEBYSCORE z x 0", "-ERR min or max is not a float"),
            ("ZREMRANGEBYLEX z x 0", "-ERR min or max not valid string range item"),
        ]);
    }
}
