use crate::command::test_bench::Bench;

const NO_GROUP: &str = "-NOGROUP No such key 's' or consumer group 'no'";

/// Three entries, all with `a`, delivered 50 ms ago.
fn delivered() -> Bench {
    let mut bench = Bench::at(1000);
    for line in [
        "XADD s 1 f a",
        "XADD s 2 f b",
        "XADD s 3 f c",
        "XGROUP CREATE s g 0",
        "XREADGROUP GROUP g a STREAMS s >",
    ] {
        assert!(!bench.run_line(line).starts_with('-'), "{line}");
    }
    bench.advance(50);
    bench
}

#[test]
fn entries_are_claimed_one_by_one() {
    let mut bench = delivered();
    bench.table(&[
        ("XCLAIM s g b 100 1", "*0"),
        ("XCLAIM s g b 50 1 9", "*1 *2 $3 1-0 *2 $1 f $1 a"),
        ("XCLAIM s g b 10 1", "*0"),
        ("XCLAIM s g b 0 2 JUSTID", "*1 $3 2-0"),
        ("XPENDING s g - + 9", "*3 *4 $3 1-0 $1 b :0 :2 *4 $3 2-0 $1 b :0 :1 *4 $3 3-0 $1 a :50 :1"),
        ("XCLAIM s g b 0 3 IDLE 30 RETRYCOUNT 8 JUSTID", "*1 $3 3-0"),
        ("XPENDING s g 3 3 1", "*1 *4 $3 3-0 $1 b :30 :8"),
        ("XCLAIM s g b 0 3 TIME 990 JUSTID", "*1 $3 3-0"),
        ("XPENDING s g 3 3 1", "*1 *4 $3 3-0 $1 b :60 :8"),
        ("XCLAIM s g b 0 3 TIME 99999 JUSTID", "*1 $3 3-0"),
        ("XPENDING s g 3 3 1", "*1 *4 $3 3-0 $1 b :0 :8"),
        ("XACK s g 1", ":1"),
        ("XCLAIM s g c 0 1", "*0"),
        ("XCLAIM s g c 99 1 FORCE", "*1 *2 $3 1-0 *2 $1 f $1 a"),
        ("XPENDING s g 1 1 1", "*1 *4 $3 1-0 $1 c :0 :2"),
        ("XCLAIM s g c 0 9 FORCE LASTID 9", "*0"),
        ("XINFO GROUPS s", "*1 *12 $4 name $1 g $9 consumers :3 $7 pending :3 $17 last-delivered-id $3 9-0 $12 entries-read :3 $3 lag :0"),
        ("XDEL s 2", ":1"),
        ("XCLAIM s g c 0 2", "*0"),
        ("XPENDING s g - + 9 b", "*1 *4 $3 3-0 $1 b :0 :8"),
    ]);
    assert_eq!(bench.effects("XCLAIM s g c 0 9").changes, 0);
    assert_eq!(bench.effects("XCLAIM s g new 0 9").changes, 1);
    assert_eq!(bench.effects("XCLAIM s g c 0 9 LASTID 10").changes, 1);
}

#[test]
fn what_is_pending_is_claimed_in_order() {
    let mut bench = delivered();
    bench.table(&[
        ("XAUTOCLAIM s g b 100 -", "*3 $3 0-0 *0 *0"),
        ("XAUTOCLAIM s g b 50 - COUNT 1", "*3 $3 2-0 *1 *2 $3 1-0 *2 $1 f $1 a *0"),
        ("XDEL s 2", ":1"),
        ("XAUTOCLAIM s g b 50 2 COUNT 1", "*3 $3 3-0 *0 *1 $3 2-0"),
        ("XAUTOCLAIM s g b 0 (1-0 COUNT 9 JUSTID", "*3 $3 0-0 *1 $3 3-0 *0"),
        ("XPENDING s g - + 9", "*2 *4 $3 1-0 $1 b :0 :2 *4 $3 3-0 $1 b :0 :1"),
    ]);
}

#[test]
fn mistakes_are_told_in_redis_words() {
    delivered().table(&[
        ("XCLAIM s no b 0 1", NO_GROUP),
        ("XAUTOCLAIM s no b 0 1", NO_GROUP),
        ("XCLAIM s g b x 1", "-ERR Invalid min-idle-time argument for XCLAIM"),
        ("XAUTOCLAIM s g b x 1", "-ERR Invalid min-idle-time argument for XAUTOCLAIM"),
        ("XCLAIM s g b 0 1 IDLE x", "-ERR Invalid IDLE option argument for XCLAIM"),
        ("XCLAIM s g b 0 1 TIME x", "-ERR Invalid TIME option argument for XCLAIM"),
        ("XCLAIM s g b 0 1 RETRYCOUNT x", "-ERR Invalid RETRYCOUNT option argument for XCLAIM"),
        ("XCLAIM s g b 0 1 LASTID x", "-ERR Invalid stream ID specified as stream command argument"),
        ("XCLAIM s g b 0 1 IDLE", "-ERR Unrecognized XCLAIM option 'IDLE'"),
        ("XAUTOCLAIM s g b 0 x", "-ERR Invalid stream ID specified as stream command argument"),
        ("XAUTOCLAIM s g b 0 0 COUNT 0", "-ERR COUNT must be > 0"),
        ("XAUTOCLAIM s g b 0 0 COUNT 9223372036854775807", "-ERR COUNT must be > 0"),
        ("XAUTOCLAIM s g b 0 0 COUNT", "-ERR syntax error"),
        ("XINFO CONSUMERS s g", "*1 *8 $4 name $1 a $7 pending :3 $4 idle :50 $8 inactive :50"),
    ]);
}
