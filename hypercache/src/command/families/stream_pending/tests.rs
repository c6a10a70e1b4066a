use crate::command::test_bench::Bench;

#[test]
fn what_is_pending_is_told_in_ranges() {
    let mut bench = Bench::at(1000);
    for line in
        ["XADD s 1 f a", "XADD s 2 f b", "XGROUP CREATE s g 0", "XREADGROUP GROUP g a COUNT 1 STREAMS s >"]
    {
        assert!(!bench.run_line(line).starts_with('-'), "{line}");
    }
    bench.advance(30);
    bench.run_line("XREADGROUP GROUP g b STREAMS s >");
    bench.table(&[
        ("XPENDING s g", "*4 :2 $3 1-0 $3 2-0 *2 *2 $1 a $1 1 *2 $1 b $1 1"),
        ("XPENDING s g - + 9", "*2 *4 $3 1-0 $1 a :30 :1 *4 $3 2-0 $1 b :0 :1"),
        ("XPENDING s g (1-0 + 9", "*1 *4 $3 2-0 $1 b :0 :1"),
        ("XPENDING s g - (2-0 9", "*1 *4 $3 1-0 $1 a :30 :1"),
        ("XPENDING s g IDLE 30 - + 9", "*1 *4 $3 1-0 $1 a :30 :1"),
        ("XPENDING s g IDLE 1 - + 9 b", "*0"),
        ("XPENDING s g - + 1", "*1 *4 $3 1-0 $1 a :30 :1"),
        ("XPENDING s g - + 0", "*0"),
        ("XPENDING s g - + -1", "*0"),
        ("XPENDING s g + - 9", "*0"),
        ("XPENDING s g - + 9 none", "*0"),
        ("XPENDING s g - +", "-ERR syntax error"),
        ("XPENDING s g IDLE 1 - +", "-ERR syntax error"),
        ("XPENDING s g - + x", "-ERR value is not an integer or out of range"),
        ("XPENDING s g x + 1", "-ERR Invalid stream ID specified as stream command argument"),
        ("XPENDING s no", "-NOGROUP No such key 's' or consumer group 'no'"),
        ("XPENDING no g - + 1", "-NOGROUP No such key 'no' or consumer group 'g'"),
    ]);
}
