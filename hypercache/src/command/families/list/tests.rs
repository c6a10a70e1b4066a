use crate::command::test_bench::Bench;
use crate::resp::Protocol;
use crate::value::limits::Limits;

#[test]
fn elements_are_pushed_and_popped_at_both_ends() {
    Bench::new().table(&[
        ("RPUSH l a b 3", ":3"),
        ("LPUSH l z y", ":5"),
        ("LRANGE l 0 -1", "*5 $1 y $1 z $1 a $1 b $1 3"),
        ("LLEN l", ":5"),
        ("TYPE l", "+list"),
        ("LPOP l", "$1 y"),
        ("RPOP l", "$1 3"),
        ("LPOP l 0", "*0"),
        ("LPOP l 2", "*2 $1 z $1 a"),
        ("RPOP l 9", "*1 $1 b"),
        ("EXISTS l", ":0"),
        ("LPOP l", "$-1"),
        ("RPOP l 1", "*-1"),
        ("LPOP l 0", "*-1"),
        ("LLEN l", ":0"),
        ("RPUSHX l a", ":0"),
        ("LPUSHX l a", ":0"),
        ("EXISTS l", ":0"),
        ("LPUSH l ''", ":1"),
        ("RPUSHX l b", ":2"),
        ("LPUSHX l c d", ":4"),
        ("RPOP l 4", "*4 $1 b $0  $1 c $1 d"),
    ]);
}

#[test]
fn mistakes_are_told_in_redis_words() {
    Bench::new().table(&[
        ("SET s x", "+OK"),
        ("LPUSH s a", Bench::WRONG_TYPE),
        ("RPUSHX s a", Bench::WRONG_TYPE),
        ("LPOP s", Bench::WRONG_TYPE),
        ("LPOP s 0", Bench::WRONG_TYPE),
        ("LLEN s", Bench::WRONG_TYPE),
        ("RPUSH l a", ":1"),
        ("GET l", Bench::WRONG_TYPE),
        ("SADD l a", Bench::WRONG_TYPE),
        ("LPOP l -1", "-ERR value is out of range, must be positive"),
        ("LPOP l x", "-ERR value is out of range, must be positive"),
        ("LPOP l 1 1", "-ERR wrong number of arguments for 'lpop' command"),
        ("RPOP l 1 1", "-ERR wrong number of arguments for 'rpop' command"),
        ("LPUSH l", "-ERR wrong number of arguments for 'lpush' command"),
    ]);
}

#[test]
fn a_missing_list_is_null_in_the_newer_protocol() {
    let mut bench = Bench::new();
    bench.speak(Protocol::Resp3);
    bench.table(&[("LPOP l", "_"), ("LPOP l 1", "_"), ("LMPOP 1 l LEFT", "_"), ("LRANGE l 0 -1", "*0")]);
}

#[test]
fn lists_are_copied_and_renamed_and_keep_their_encoding() {
    let mut bench = Bench::new();
    bench.limit(Limits { list_listpack_size: 2, ..Limits::DEFAULT });
    bench.table(&[
        ("RPUSH l 1 2", ":2"),
        ("OBJECT ENCODING l", "$8 listpack"),
        ("RPUSH l 3", ":3"),
        ("OBJECT ENCODING l", "$9 quicklist"),
        ("COPY l m", ":1"),
        ("RPOP l 2", "*2 $1 3 $1 2"),
        ("OBJECT ENCODING l", "$8 listpack"),
        ("RENAME m n", "+OK"),
        ("LRANGE n 0 -1", "*3 $1 1 $1 2 $1 3"),
        ("OBJECT ENCODING n", "$9 quicklist"),
        ("LTRIM n 2 2", "+OK"),
        ("OBJECT ENCODING n", "$8 listpack"),
    ]);
}

#[test]
fn a_big_list_is_put_aside_to_be_dropped() {
    let mut bench = Bench::new();
    let element = "x".repeat(1000);
    let words: Vec<&str> = ["RPUSH", "l"].into_iter().chain(std::iter::repeat_n(&*element, 2000)).collect();
    assert_eq!(bench.run(&words), ":2000\r\n");
    assert!(!bench.garbage("DEL l").is_empty());
}
