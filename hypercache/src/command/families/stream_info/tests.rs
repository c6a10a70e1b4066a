use crate::command::test_bench::Bench;
use crate::resp::Protocol;

#[test]
fn a_stream_is_told_in_full() {
    let mut bench = Bench::at(1000);
    for line in
        ["XADD s 1 f a", "XADD s 2 f b", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c COUNT 1 STREAMS s >"]
    {
        assert!(!bench.run_line(line).starts_with('-'), "{line}");
    }
    let pairs = "$6 length :2 $15 radix-tree-keys :1 $16 radix-tree-nodes :2 $17 last-generated-id $3 2-0 \
                 $20 max-deleted-entry-id $3 0-0 $13 entries-added :2 $23 recorded-first-entry-id $3 1-0";
    let (first, last) = ("*2 $3 1-0 *2 $1 f $1 a", "*2 $3 2-0 *2 $1 f $1 b");
    let groups = "$6 groups *1 *14 $4 name $1 g $17 last-delivered-id $3 1-0 $12 entries-read :1 $3 lag :1 $9 pel-count :1 \
                  $7 pending *1 *4 $3 1-0 $1 c :1000 :1 $9 consumers *1 *10 $4 name $1 c $9 seen-time :1000 \
                  $11 active-time :1000 $9 pel-count :1 $7 pending *1 *3 $3 1-0 :1000 :1";
    bench.table(&[
        (
            "XINFO STREAM s",
            &format!("*20 {pairs} $6 groups :1 $11 first-entry {first} $10 last-entry {last}"),
        ),
        ("XINFO STREAM s FULL", &format!("*18 {pairs} $7 entries *2 {first} {last} {groups}")),
        ("XINFO STREAM s FULL COUNT 1", &format!("*18 {pairs} $7 entries *1 {first} {groups}")),
        ("XINFO STREAM s FULL COUNT 0", &format!("*18 {pairs} $7 entries *2 {first} {last} {groups}")),
    ]);
    bench.speak(Protocol::Resp3);
    assert!(bench.run_line("XINFO STREAM s").starts_with("%10\r\n"));
    assert!(bench.run_line("XINFO STREAM s FULL").starts_with("%9\r\n"));
    assert!(bench.run_line("XINFO GROUPS s").starts_with("*1\r\n%6\r\n"));
    assert!(bench.run_line("XINFO CONSUMERS s g").starts_with("*1\r\n%4\r\n"));
}

#[test]
fn consumers_are_told_by_when_they_were_seen_and_active() {
    let mut bench = Bench::at(1000);
    for line in ["XADD s 1 f a", "XGROUP CREATE s g $", "XGROUP CREATECONSUMER s g c"] {
        assert!(!bench.run_line(line).starts_with('-'), "{line}");
    }
    bench.advance(20);
    bench.table(&[("XINFO CONSUMERS s g", "*1 *8 $4 name $1 c $7 pending :0 $4 idle :20 $8 inactive :-1")]);
    bench.run_line("XREADGROUP GROUP g c STREAMS s >");
    bench.table(&[("XINFO CONSUMERS s g", "*1 *8 $4 name $1 c $7 pending :0 $4 idle :0 $8 inactive :-1")]);
    bench.run_line("XADD s 2 f b");
    bench.run_line("XREADGROUP GROUP g c STREAMS s >");
    bench.advance(5);
    bench.table(&[("XINFO CONSUMERS s g", "*1 *8 $4 name $1 c $7 pending :1 $4 idle :5 $8 inactive :5")]);
}

#[test]
fn mistakes_are_told_in_redis_words() {
    const MISUSED: &str =
        "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.";
    let mut bench = Bench::new();
    bench.table(&[
        ("XINFO STREAM s", "-ERR no such key"),
        ("XINFO GROUPS s", "-ERR no such key"),
        ("XINFO CONSUMERS s g", "-ERR no such key"),
        ("XADD s 1 f a", "$3 1-0"),
        ("XINFO GROUPS s", "*0"),
        ("XINFO CONSUMERS s g", "-NOGROUP No such consumer group 'g' for key name 's'"),
        ("XINFO STREAM s WHOLE", MISUSED),
        ("XINFO STREAM s FULL COUNT", MISUSED),
        ("XINFO STREAM s FULL LIMIT 1", MISUSED),
        ("XINFO STREAM s FULL COUNT x", "-ERR value is not an integer or out of range"),
    ]);
    assert!(bench.run_line("XINFO HELP").starts_with("*9\r\n+XINFO <subcommand>"));
}
