use crate::command::test_bench::Bench;
use crate::resp::Protocol;

const FIRST: &str = "*2 $3 1-0 *2 $1 f $1 a";
const SECOND: &str = "*2 $3 2-0 *2 $1 f $1 b";

fn filled() -> Bench {
    let mut bench = Bench::at(1000);
    bench.table(&[("XADD s 1 f a", "$3 1-0"), ("XADD s 2 f b", "$3 2-0"), ("XADD t 1 f a", "$3 1-0")]);
    bench
}

#[test]
fn streams_are_read_after_an_id() {
    let mut bench = filled();
    bench.table(&[
        ("XREAD STREAMS s 0", &format!("*1 *2 $1 s *2 {FIRST} {SECOND}")),
        ("XREAD COUNT 1 STREAMS s t 0 0", &format!("*2 *2 $1 s *1 {FIRST} *2 $1 t *1 {FIRST}")),
        ("XREAD COUNT 0 STREAMS s t 1 1", &format!("*1 *2 $1 s *1 {SECOND}")),
        ("XREAD COUNT -3 STREAMS s s 1 0", &format!("*2 *2 $1 s *1 {SECOND} *2 $1 s *2 {FIRST} {SECOND}")),
        ("XREAD STREAMS s none $ $", "*-1"),
        ("XREAD STREAMS s 18446744073709551615-18446744073709551615", "*-1"),
        ("XREAD STREAMS s none + +", &format!("*1 *2 $1 s *1 {SECOND}")),
        ("XREAD BLOCK 0 STREAMS s $", "*-1"),
        ("XDEL s 2-0", ":1"),
        ("XREAD STREAMS s +", &format!("*1 *2 $1 s *1 {FIRST}")),
        ("XREAD STREAMS s 1", "*-1"),
    ]);
    bench.speak(Protocol::Resp3);
    bench.table(&[("XREAD STREAMS s 0", &format!("%1 $1 s *1 {FIRST}")), ("XREAD STREAMS s 9", "_")]);
}

#[test]
fn mistakes_are_told_in_redis_words() {
    filled().table(&[
        ("XREAD STREAMS s t 0", "-ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified."),
        ("XREADGROUP GROUP g c STREAMS s t 0", "-ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified."),
        ("XREAD COUNT x STREAMS s 0", "-ERR value is not an integer or out of range"),
        ("XREAD BLOCK x STREAMS s 0", "-ERR timeout is not an integer or out of range"),
        ("XREAD BLOCK -1 STREAMS s 0", "-ERR timeout is negative"),
        ("XREAD COUNT 1 BLOCK 1", "-ERR syntax error"),
        ("XREAD COUNT 1 s 0", "-ERR syntax error"),
        ("XREAD NOACK STREAMS s 0", "-ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead."),
        ("XREAD GROUP g c STREAMS s 0", "-ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."),
        ("XREAD STREAMS s >", "-ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."),
        ("XREAD STREAMS s x", "-ERR Invalid stream ID specified as stream command argument"),
        ("XREADGROUP COUNT 1 NOACK NOACK STREAMS s >", "-ERR Missing GROUP option for XREADGROUP"),
        ("XREADGROUP GROUP g c STREAMS s >", "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option"),
        ("XREADGROUP GROUP g c STREAMS no >", "-NOGROUP No such key 'no' or consumer group 'g' in XREADGROUP with GROUP option"),
        ("XGROUP CREATE s g 0", "+OK"),
        ("XREADGROUP GROUP g c STREAMS s $", "-ERR The $ ID is meaningless in the context of XREADGROUP: you want to read \
          the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just \
          return an empty result set."),
        ("XINFO CONSUMERS s g", "*0"),
    ]);
}

#[test]
fn a_group_gives_each_entry_to_one_consumer() {
    let mut bench = filled();
    bench.table(&[
        ("XGROUP CREATE s g 0", "+OK"),
        ("XREADGROUP GROUP g a COUNT 1 STREAMS s >", &format!("*1 *2 $1 s *1 {FIRST}")),
        ("XREADGROUP GROUP g b STREAMS s >", &format!("*1 *2 $1 s *1 {SECOND}")),
        ("XREADGROUP GROUP g b STREAMS s >", "*-1"),
        ("XREADGROUP GROUP g b STREAMS s 0", &format!("*1 *2 $1 s *1 {SECOND}")),
        ("XREADGROUP GROUP g b STREAMS s 2", "*1 *2 $1 s *0"),
        ("XPENDING s g - + 9", "*2 *4 $3 1-0 $1 a :0 :1 *4 $3 2-0 $1 b :0 :2"),
        ("XDEL s 2-0", ":1"),
        ("XREADGROUP GROUP g b STREAMS s 0", "*1 *2 $1 s *1 *2 $3 2-0 *-1"),
        ("XADD s 3 f c", "$3 3-0"),
        ("XREADGROUP GROUP g c NOACK STREAMS s >", "*1 *2 $1 s *1 *2 $3 3-0 *2 $1 f $1 c"),
        ("XPENDING s g", "*4 :2 $3 1-0 $3 2-0 *2 *2 $1 a $1 1 *2 $1 b $1 1"),
        // What was delivered is delivered anew where the group is set back, and then with another.
        ("XGROUP SETID s g 0", "+OK"),
        ("XREADGROUP GROUP g b COUNT 1 STREAMS s >", &format!("*1 *2 $1 s *1 {FIRST}")),
        ("XPENDING s g - + 9 a", "*0"),
        ("XPENDING s g 1 1 9 b", "*1 *4 $3 1-0 $1 b :0 :1"),
    ]);
    bench.speak(Protocol::Resp3);
    bench.table(&[("XREADGROUP GROUP g b STREAMS s 2", "%1 $1 s *0")]);
}

#[test]
fn changes_are_counted_as_redis_counts_them() {
    let mut bench = filled();
    bench.run_line("XGROUP CREATE s g 0");
    for (line, changes) in [
        ("XREADGROUP GROUP g a COUNT 1 STREAMS s >", 2),
        ("XREADGROUP GROUP g a STREAMS s >", 1),
        ("XREADGROUP GROUP g a STREAMS s >", 0),
        ("XREADGROUP GROUP g b STREAMS s >", 1),
        ("XREADGROUP GROUP g a STREAMS s 0", 1),
        ("XREAD STREAMS s 0", 0),
    ] {
        assert_eq!(bench.effects(line).changes, changes, "{line}");
    }
}
