use std::collections::BTreeSet;

use crate::command::test_bench::Bench;
use crate::resp::Protocol;

const NOT_A_SCORE: &str = "-ERR min or max is not a float";
const NOT_A_MEMBER: &str = "-ERR min or max not valid string range item";
const RANGE: &str = "-ERR value is out of range";

#[test]
fn members_are_counted_and_their_scores_told() {
    let mut bench = Bench::new();
    bench.table(&[
        ("ZADD z 1 a 2.5 b inf c -inf d", ":4"),
        ("TYPE z", "+zset"),
        ("ZCARD z", ":4"),
        ("ZCARD none", ":0"),
        ("ZSCORE z b", "$3 2.5"),
        ("ZSCORE z c", "$3 inf"),
        ("ZSCORE z none", "$-1"),
        ("ZSCORE none a", "$-1"),
        ("ZMSCORE z a none d", "*3 $1 1 $-1 $4 -inf"),
        ("ZMSCORE none a", "*1 $-1"),
        ("ZCOUNT z -inf +inf", ":4"),
        ("ZCOUNT z (1 2.5", ":1"),
        ("ZCOUNT z 1 (2.5", ":1"),
        ("ZCOUNT z 3 1", ":0"),
        ("ZCOUNT none 1 2", ":0"),
        ("ZCOUNT z x 1", NOT_A_SCORE),
        ("ZCOUNT none 1 nan", NOT_A_SCORE),
    ]);
    bench.speak(Protocol::Resp3);
    bench.table(&[("ZSCORE z b", ",2.5"), ("ZMSCORE z c none", "*2 ,inf _"), ("ZSCORE z none", "_")]);
}

#[test]
fn members_are_counted_by_their_bytes() {
    Bench::new().table(&[
        ("ZADD z 0 a 0 b 0 c 0 d", ":4"),
        ("ZLEXCOUNT z - +", ":4"),
        ("ZLEXCOUNT z [b (d", ":2"),
        ("ZLEXCOUNT z (b +", ":2"),
        ("ZLEXCOUNT z + -", ":0"),
        ("ZLEXCOUNT none - +", ":0"),
        ("ZLEXCOUNT z b d", NOT_A_MEMBER),
        ("ZLEXCOUNT z - ''", NOT_A_MEMBER),
    ]);
}

#[test]
fn ranks_count_from_either_end() {
    let mut bench = Bench::new();
    bench.table(&[
        ("ZADD z 1 a 2 b 2 c", ":3"),
        ("ZRANK z a", ":0"),
        ("ZRANK z c", ":2"),
        ("ZREVRANK z c", ":0"),
        ("ZREVRANK z a withscore", "*2 :2 $1 1"),
        ("ZRANK z none", "$-1"),
        ("ZRANK z none WITHSCORE", "*-1"),
        ("ZRANK none a WITHSCORE", "*-1"),
        ("ZRANK none a", "$-1"),
        ("ZRANK z a WITHSCORES", "-ERR syntax error"),
        ("ZRANK z a WITHSCORE 1", "-ERR wrong number of arguments for 'zrank' command"),
    ]);
    bench.speak(Protocol::Resp3);
    bench.table(&[("ZRANK z b WITHSCORE", "*2 :1 ,2"), ("ZRANK z none WITHSCORE", "_")]);
}

#[test]
fn members_are_removed_and_the_last_one_takes_the_key_along() {
    Bench::new().table(&[
        ("ZADD z 1 a 2 b", ":2"),
        ("ZREM z a none a", ":1"),
        ("ZREM none a", ":0"),
        ("ZREM z b", ":1"),
        ("EXISTS z", ":0"),
    ]);
}

#[test]
fn other_types_are_refused() {
    let mut bench = Bench::new();
    bench.table(&[("SADD s x", ":1"), ("ZADD z 1 a", ":1"), ("SADD z a", Bench::WRONG_TYPE)]);
    for line in [
        "ZADD s 1 a",
        "ZCARD s",
        "ZCOUNT s 0 1",
        "ZINCRBY s 1 a",
        "ZLEXCOUNT s - +",
        "ZMPOP 1 s MIN",
        "ZMSCORE s a",
        "ZPOPMAX s",
        "ZPOPMIN s",
        "ZRANDMEMBER s",
        "ZRANGE s 0 1",
        "ZRANGESTORE d s 0 1",
        "ZRANK s a",
        "ZREM s a",
        "ZREMRANGEBYLEX s - +",
        "ZREMRANGEBYRANK s 0 1",
        "ZREMRANGEBYSCORE s 0 1",
        "ZREVRANGE s 0 1",
        "ZSCAN s 0",
        "ZSCORE s a",
    ] {
        bench.table(&[(line, Bench::WRONG_TYPE)]);
    }
}

#[test]
fn members_are_chosen_by_chance() {
    let mut bench = Bench::new();
    bench.table(&[
        ("ZRANDMEMBER none", "$-1"),
        ("ZRANDMEMBER none 3", "*0"),
        ("ZADD z 1 a 2 b 3 c", ":3"),
        ("ZRANDMEMBER z 0", "*0"),
        ("ZRANDMEMBER z 5", "*3 $1 a $1 b $1 c"),
        ("ZRANDMEMBER z 5 WITHSCORES", "*6 $1 a $1 1 $1 b $1 2 $1 c $1 3"),
        ("ZRANDMEMBER z x", "-ERR value is not an integer or out of range"),
        ("ZRANDMEMBER z 1 SCORES", "-ERR syntax error"),
        ("ZRANDMEMBER z 1 WITHSCORES 1", "-ERR syntax error"),
        ("ZRANDMEMBER z 9223372036854775807 WITHSCORES", RANGE),
        ("ZRANDMEMBER z -99999999999", RANGE),
    ]);
    let seen: BTreeSet<String> = (0..200).map(|_| bench.run_line("ZRANDMEMBER z")).collect();
    assert_eq!(seen.len(), 3);
    assert!(bench.run_line("ZRANDMEMBER z -7").starts_with("*7\r\n"));
    bench.speak(Protocol::Resp3);
    bench.table(&[("ZRANDMEMBER z 3 WITHSCORES", "*3 *2 $1 a ,1 *2 $1 b ,2 *2 $1 c ,3")]);
}

#[test]
fn a_scan_tells_members_with_scores() {
    let mut bench = Bench::new();
    bench.table(&[
        ("ZADD z 1 aa 2.5 ab 3 b", ":3"),
        ("ZSCAN z 0", "*2 $1 0 *6 $2 aa $1 1 $2 ab $3 2.5 $1 b $1 3"),
        ("ZSCAN z 0 MATCH a* COUNT 1", "*2 $1 0 *4 $2 aa $1 1 $2 ab $3 2.5"),
        ("ZSCAN none 0", "*2 $1 0 *0"),
        ("ZSCAN z x", "-ERR invalid cursor"),
        ("ZSCAN z 0 COUNT 0", "-ERR syntax error"),
        ("ZSCAN z 0 NOVALUES", "-ERR NOVALUES option can only be used in HSCAN"),
    ]);
    for number in 0..500 {
        bench.run_line(&format!("ZADD big {number} m{number}"));
    }
    let (mut seen, mut cursor) = (BTreeSet::new(), "0".to_owned());
    loop {
        let reply = bench.run_line(&format!("ZSCAN big {cursor} COUNT 7"));
        let words: Vec<&str> = reply.split("\r\n").collect();
        let members = words[4..].iter().filter(|word| word.starts_with('m'));
        seen.extend(members.map(|member| member.to_string()));
        cursor = words[2].to_owned();
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen.len(), 500);
}

#[test]
fn sorted_sets_are_copied_and_renamed_and_big_ones_put_aside() {
    let mut bench = Bench::new();
    bench.table(&[
        ("ZADD z 1 a", ":1"),
        ("OBJECT ENCODING z", "$8 listpack"),
        ("COPY z y", ":1"),
        ("RENAME y x", "+OK"),
        ("ZADD x 2 b", ":1"),
        ("ZCARD z", ":1"),
        ("ZRANGE x 0 -1 WITHSCORES", "*4 $1 a $1 1 $1 b $1 2"),
    ]);
    let long = format!("ZADD z 1 {}", "m".repeat(65));
    bench.table(&[(&long, ":1"), ("OBJECT ENCODING z", "$8 skiplist"), ("COPY z w", ":1")]);
    bench.table(&[("OBJECT ENCODING w", "$8 skiplist")]);
    let mut words = vec!["ZADD".to_owned(), "big".to_owned()];
    (0..20_000).for_each(|number| words.extend([number.to_string(), format!("member {number}")]));
    assert_eq!(bench.run(&words), ":20000\r\n");
    assert!(!bench.garbage("DEL big").is_empty());
}
