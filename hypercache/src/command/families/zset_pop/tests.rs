use crate::command::test_bench::Bench;
use crate::resp::Protocol;

#[test]
fn the_least_and_the_greatest_are_popped() {
    let mut bench = Bench::new();
    bench.table(&[
        ("ZADD z 1 a 2 b 3 c 4 d 5 e", ":5"),
        ("ZPOPMIN z", "*2 $1 a $1 1"),
        ("ZPOPMAX z 2", "*4 $1 e $1 5 $1 d $1 4"),
        ("ZPOPMIN z 0", "*0"),
        ("ZPOPMIN z -1", "-ERR value is out of range, must be positive"),
        ("ZPOPMIN z x", "-ERR value is out of range, must be positive"),
        ("ZPOPMIN z 1 1", "-ERR syntax error"),
        ("ZPOPMIN z 9", "*4 $1 b $1 2 $1 c $1 3"),
        ("EXISTS z", ":0"),
        ("ZPOPMIN z", "*0"),
        ("ZPOPMAX z 3", "*0"),
        ("ZADD z 1 a 2 b 3 c", ":3"),
    ]);
    bench.speak(Protocol::Resp3);
    bench.table(&[("ZPOPMAX z", "*2 $1 c ,3"), ("ZPOPMIN z 1", "*1 *2 $1 a ,1"), ("ZPOPMIN none", "*0")]);
}

#[test]
fn the_first_sorted_set_with_members_is_popped() {
    Bench::new().table(&[
        ("ZADD b 1 x 2 y 3 z", ":3"),
        ("ZMPOP 2 a b MIN", "*2 $1 b *1 *2 $1 x $1 1"),
        ("ZMPOP 2 a b max COUNT 9", "*2 $1 b *2 *2 $1 z $1 3 *2 $1 y $1 2"),
        ("EXISTS b", ":0"),
        ("ZMPOP 2 a b MIN", "*-1"),
        ("ZMPOP 0 a MIN", "-ERR numkeys should be greater than 0"),
        ("ZMPOP 2 a MIN", "-ERR syntax error"),
        ("ZMPOP 1 a MIN COUNT 0", "-ERR count should be greater than 0"),
        ("ZMPOP 1 a MEAN", "-ERR syntax error"),
        ("ZMPOP 1 a MIN MAX", "-ERR syntax error"),
    ]);
}
