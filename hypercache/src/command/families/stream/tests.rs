use crate::command::test_bench::Bench;
use crate::value::limits::Limits;

const INVALID: &str = "-ERR Invalid stream ID specified as stream command argument";
const NOT_ABOVE_LAST: &str =
    "-ERR The ID specified in XADD is equal or smaller than the target stream top item";
const ARITY: &str = "-ERR wrong number of arguments for 'xadd' command";

#[test]
fn entries_get_ids_that_ascend() {
    let mut bench = Bench::at(1000);
    bench.table(&[
        ("XADD s * f 1", "$6 1000-0"),
        ("XADD s * f 2", "$6 1000-1"),
        ("XADD s 1000-* f 3", "$6 1000-2"),
        ("XADD s 2000-* f 4", "$6 2000-0"),
        ("XADD s * f 5", "$6 2000-1"),
        ("XADD s 1000 f 6", NOT_ABOVE_LAST),
        ("XADD s 1000-* f 6", NOT_ABOVE_LAST),
        ("XADD s 2000-1 f 6", NOT_ABOVE_LAST),
        ("XADD s 0-0 f 6", "-ERR The ID specified in XADD must be greater than 0-0"),
        ("XADD s + f 6", INVALID),
        ("XADD s x f 6", INVALID),
        ("XADD s *", "-ERR wrong number of arguments for 'xadd' command"),
        ("XADD s * f", ARITY),
        ("XADD s * f 1 g", ARITY),
        ("XLEN s", ":5"),
        ("XADD s 2000-18446744073709551615 f 6", "$25 2000-18446744073709551615"),
        ("XADD s 2000-* f 7", NOT_ABOVE_LAST),
        ("XADD s * f 7", "$6 2001-0"),
        (
            "XADD s 18446744073709551615-18446744073709551615 f 8",
            "$41 18446744073709551615-18446744073709551615",
        ),
        ("XADD s * f 9", "-ERR The stream has exhausted the last possible ID, unable to add more items"),
        ("XADD z 0-* f 1", "$3 0-1"),
        ("XADD none NOMKSTREAM * f 1", "$-1"),
        ("EXISTS none", ":0"),
        ("XADD z NOMKSTREAM 0-* f 1", "$3 0-2"),
        ("TYPE z", "+stream"),
        ("OBJECT ENCODING z", "$6 stream"),
    ]);
    assert_eq!(bench.effects("XADD z MAXLEN 0 5 f 1").changes, 1);
    bench.table(&[("XLEN z", ":0"), ("EXISTS z", ":1"), ("XADD z 5 f 1", NOT_ABOVE_LAST)]);
}

#[test]
fn ranges_are_told_from_either_end() {
    let mut bench = Bench::new();
    bench.table(&[
        ("XADD s 1-1 f a", "$3 1-1"),
        ("XADD s 1-2 f b g 7", "$3 1-2"),
        ("XADD s 2-0 f c", "$3 2-0"),
        ("XRANGE s - +", "*3 *2 $3 1-1 *2 $1 f $1 a *2 $3 1-2 *4 $1 f $1 b $1 g $1 7 *2 $3 2-0 *2 $1 f $1 c"),
        ("XRANGE s 1 1 COUNT 1", "*1 *2 $3 1-1 *2 $1 f $1 a"),
        ("XREVRANGE s + - COUNT 1", "*1 *2 $3 2-0 *2 $1 f $1 c"),
        ("XREVRANGE s 1 1 COUNT 1", "*1 *2 $3 1-2 *4 $1 f $1 b $1 g $1 7"),
        ("XRANGE s (1-1 (2-0", "*1 *2 $3 1-2 *4 $1 f $1 b $1 g $1 7"),
        ("XRANGE s 2 1", "*0"),
        ("XRANGE s - + COUNT 0", "*-1"),
        ("XRANGE s - + COUNT -5", "*-1"),
        ("XRANGE none - + COUNT 0", "*0"),
        ("XRANGE s - + LIMIT 1", "-ERR syntax error"),
        ("XRANGE s - + COUNT", "-ERR syntax error"),
        ("XRANGE s - + COUNT x", "-ERR value is not an integer or out of range"),
        ("XRANGE s (- +", INVALID),
        ("XRANGE s ( +", INVALID),
        ("XRANGE s (18446744073709551615-18446744073709551615 +", "-ERR invalid start ID for the interval"),
        ("XRANGE s - (0-0", "-ERR invalid end ID for the interval"),
        ("XDEL s 1-1 9-9", ":1"),
        ("XDEL s 2-0 x", INVALID),
        ("XDEL none x", ":0"),
        ("XLEN s", ":2"),
        ("XLEN none", ":0"),
    ]);
}

#[test]
fn streams_are_trimmed() {
    let mut bench = Bench::new();
    bench.limit(Limits { stream_node_entries: 4, ..Limits::DEFAULT });
    (1..=20).for_each(|ms| drop(bench.run_line(&format!("XADD s {ms} f {ms}"))));
    bench.table(&[
        ("XTRIM s MAXLEN ~ 15", ":4"),
        ("XTRIM s MAXLEN ~ 0 LIMIT 3", ":0"),
        ("XTRIM s MINID ~ 10", ":4"),
        ("XTRIM s MINID = 10", ":1"),
        ("XTRIM s MAXLEN 9", ":2"),
        ("XRANGE s - + COUNT 1", "*1 *2 $4 12-0 *2 $1 f $2 12"),
        ("XTRIM none MAXLEN 9", ":0"),
        ("XTRIM s MAXLEN ~ 5 LIMIT 0", ":1"),
        ("XTRIM s MAXLEN -1", "-ERR The MAXLEN argument must be >= 0."),
        ("XTRIM s MAXLEN ~ 1 LIMIT -1", "-ERR The LIMIT argument must be >= 0."),
        ("XTRIM s MAXLEN 1 LIMIT 5", "-ERR syntax error, LIMIT cannot be used without the special ~ option"),
        (
            "XTRIM s MAXLEN 1 MINID 5",
            "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
        ),
        ("XTRIM s LIMIT 5", "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"),
        ("XTRIM s LIMIT 0 LIMIT 0", "-ERR syntax error, XTRIM must be called with a trimming strategy"),
        (
            "XTRIM s LIMIT 0 LIMIT 5",
            "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
        ),
        ("XTRIM s MAXLEN 1 x", "-ERR syntax error"),
        ("XTRIM s MINID x", INVALID),
        (
            "XADD s LIMIT 5 * f 1",
            "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
        ),
        ("XADD s LIMIT 0 * f 1", "-ERR syntax error, LIMIT cannot be used without the special ~ option"),
    ]);
    assert_eq!(bench.effects("XTRIM s MAXLEN 2").changes, 6);
}

#[test]
fn what_is_remembered_can_be_set() {
    Bench::new().table(&[
        ("XSETID s 1-1", "-ERR no such key"),
        ("XADD s 5-0 f 1", "$3 5-0"),
        ("XSETID s 4", "-ERR The ID specified in XSETID is smaller than the target stream top item"),
        ("XSETID s 9 ENTRIESADDED -1", "-ERR entries_added must be positive"),
        ("XSETID s 9 ENTRIESADDED 0", "-ERR The entries_added specified in XSETID is smaller than the target stream length"),
        ("XSETID s 9 MAXDELETEDID 10", "-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"),
        ("XSETID s 9 MAXDELETEDID", "-ERR syntax error"),
        ("XSETID s 9-1 ENTRIESADDED 100 MAXDELETEDID 8-0", "+OK"),
        ("XADD s 9-* f 1", "$3 9-2"),
        ("XDEL s 5-0 9-2", ":2"),
        ("XSETID s 9-1", "-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"),
        ("XINFO STREAM s", "*20 $6 length :0 $15 radix-tree-keys :0 $16 radix-tree-nodes :1 $17 last-generated-id $3 9-2 \
          $20 max-deleted-entry-id $3 9-2 $13 entries-added :101 $23 recorded-first-entry-id $3 0-0 $6 groups :0 \
          $11 first-entry $-1 $10 last-entry $-1"),
    ]);
}

#[test]
fn other_types_are_refused_and_streams_copied_whole() {
    let mut bench = Bench::new();
    bench.table(&[("SET str x", "+OK"), ("XADD s 1 f a", "$3 1-0"), ("GET s", Bench::WRONG_TYPE)]);
    for line in [
        "XADD str * f 1",
        "XADD str NOMKSTREAM * f 1",
        "XDEL str 1",
        "XLEN str",
        "XRANGE str - +",
        "XREVRANGE str + -",
        "XSETID str 1",
        "XTRIM str MAXLEN 1",
        "XREAD STREAMS s str 0 0",
        "XREADGROUP GROUP g c STREAMS str >",
        "XACK str g 1",
        "XGROUP CREATE str g $ MKSTREAM",
        "XGROUP SETID str g $",
        "XGROUP DESTROY str g",
        "XGROUP CREATECONSUMER str g c",
        "XGROUP DELCONSUMER str g c",
        "XCLAIM str g c 0 1",
        "XAUTOCLAIM str g c 0 0",
        "XPENDING str g",
        "XINFO STREAM str",
        "XINFO GROUPS str",
        "XINFO CONSUMERS str g",
    ] {
        assert_eq!(bench.run_line(line).trim_end(), Bench::WRONG_TYPE, "{line}");
    }
    bench.table(&[
        ("XGROUP CREATE s g 0", "+OK"),
        ("XREADGROUP GROUP g c STREAMS s >", "*1 *2 $1 s *1 *2 $3 1-0 *2 $1 f $1 a"),
        ("COPY s t", ":1"),
        ("DEL s", ":1"),
        ("XPENDING t g", "*4 :1 $3 1-0 $3 1-0 *1 *2 $1 c $1 1"),
        ("XADD t 1 f b", NOT_ABOVE_LAST),
    ]);
}
