use crate::command::test_bench::Bench;

const NO_KEY: &str = "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the \
                      MKSTREAM option to create an empty stream automatically.";
const NO_GROUP: &str = "-NOGROUP No such consumer group 'no' for key name 's'";

#[test]
fn groups_are_created_moved_and_destroyed() {
    let mut bench = Bench::new();
    bench.table(&[
        ("XGROUP CREATE s g $", NO_KEY),
        ("XGROUP CREATE s g $ MKSTREAM", "+OK"),
        ("XLEN s", ":0"),
        ("TYPE s", "+stream"),
        ("XGROUP CREATE s g $ MKSTREAM", "-BUSYGROUP Consumer Group name already exists"),
        ("XGROUP CREATE s h x", "-ERR Invalid stream ID specified as stream command argument"),
        ("XGROUP CREATE s h - ", "-ERR Invalid stream ID specified as stream command argument"),
        ("XGROUP CREATE s h 0 ENTRIESREAD -2", "-ERR value for ENTRIESREAD must be positive or -1"),
        ("XGROUP CREATE s h 0 ENTRIESREAD", "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP."),
        ("XGROUP SETID s g 0 MKSTREAM", "-ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP."),
        ("XGROUP SETID s no 0", NO_GROUP),
        ("XGROUP SETID no g 0", NO_KEY),
        ("XADD s 7 f 1", "$3 7-0"),
        ("XGROUP SETID s g $ ENTRIESREAD 1", "+OK"),
        ("XINFO GROUPS s", "*1 *12 $4 name $1 g $9 consumers :0 $7 pending :0 $17 last-delivered-id $3 7-0 $12 entries-read :1 $3 lag :0"),
        ("XGROUP SETID s g -", "+OK"),
        ("XINFO GROUPS s", "*1 *12 $4 name $1 g $9 consumers :0 $7 pending :0 $17 last-delivered-id $3 0-0 $12 entries-read $-1 $3 lag :1"),
        ("XGROUP DESTROY s no", ":0"),
        ("XGROUP DESTROY s g", ":1"),
        ("XGROUP DESTROY no g", NO_KEY),
        ("XGROUP NONSENSE s g", "-ERR unknown command 'XGROUP', with args beginning with: 'NONSENSE' 's' 'g' "),
    ]);
    assert!(bench.run_line("XGROUP HELP").starts_with("*17\r\n+XGROUP <subcommand>"));
}

#[test]
fn consumers_come_and_go_with_what_is_pending() {
    let mut bench = Bench::new();
    bench.table(&[
        ("XADD s 1 f a", "$3 1-0"),
        ("XGROUP CREATE s g 0", "+OK"),
        ("XGROUP CREATECONSUMER s no c", NO_GROUP),
        ("XGROUP CREATECONSUMER s g c", ":1"),
        ("XGROUP CREATECONSUMER s g c", ":0"),
        ("XREADGROUP GROUP g c STREAMS s >", "*1 *2 $1 s *1 *2 $3 1-0 *2 $1 f $1 a"),
        ("XGROUP DELCONSUMER s no c", NO_GROUP),
        ("XGROUP DELCONSUMER s g c", ":1"),
        ("XGROUP DELCONSUMER s g c", ":0"),
        ("XPENDING s g", "*4 :0 $-1 $-1 *-1"),
    ]);
}

#[test]
fn what_is_acknowledged_is_no_longer_pending() {
    let mut bench = Bench::new();
    bench.table(&[
        ("XACK s g 1", ":0"),
        ("XADD s 1 f a", "$3 1-0"),
        ("XADD s 2 f b", "$3 2-0"),
        ("XACK s g 1", ":0"),
        ("XGROUP CREATE s g 0", "+OK"),
        ("XREADGROUP GROUP g c STREAMS s >", "*1 *2 $1 s *2 *2 $3 1-0 *2 $1 f $1 a *2 $3 2-0 *2 $1 f $1 b"),
        ("XACK s g 1 x", "-ERR Invalid stream ID specified as stream command argument"),
        ("XACK s g 1 1 9", ":1"),
        ("XPENDING s g - + 9", "*1 *4 $3 2-0 $1 c :0 :1"),
    ]);
    assert_eq!((bench.effects("XACK s g 1").changes, bench.effects("XACK s g 2").changes), (0, 1));
}
