use crate::command::test_bench::Bench;
use crate::value::limits::Limits;

const FOREIGN: &str = "-WRONGTYPE Key is not a valid HyperLogLog string value.";
const DAMAGED: &str = "-INVALIDOBJ Corrupted HLL object detected";

#[test]
fn elements_are_counted_once() {
    let mut bench = Bench::new();
    bench.table(&[
        ("PFCOUNT h", ":0"),
        ("PFADD h", ":1"),
        ("PFADD h", ":0"),
        ("PFCOUNT h", ":0"),
        ("PFADD h a b c", ":1"),
        ("PFADD h a b c", ":0"),
        ("PFADD h ''", ":1"),
        ("PFCOUNT h", ":4"),
        ("PFADD other c d e", ":1"),
        ("PFCOUNT h other none", ":6"),
        ("OBJECT ENCODING h", "$3 raw"),
        ("TYPE h", "+string"),
    ]);
}

#[test]
fn the_count_of_one_key_is_kept_with_it_and_of_several_is_not() {
    let mut bench = Bench::new();
    bench.run_line("PFADD h a b c");
    assert_eq!(bench.effects("PFCOUNT h h").changes, 0);
    let counted = bench.effects("PFCOUNT h");
    assert_eq!((counted.changes, counted.hits), (1, 1), "the key holds other bytes now");
    assert_eq!(bench.effects("PFCOUNT h").changes, 0);
    bench.table(&[
        ("GETRANGE h 8 15", "$8 \u{3}\0\0\0\0\0\0\0"),
        ("PFADD h a", ":0"),
        ("GETRANGE h 15 15", "$1 \0"),
        ("PFADD h d", ":1"),
        ("PFCOUNT h", ":4"),
    ]);
    assert_eq!(bench.effects("PFADD h e f").changes, 2);
    assert_eq!(bench.effects("PFADD fresh e f").changes, 3, "the new key counts as well");
}

#[test]
fn merging_keeps_what_was_there() {
    let mut bench = Bench::new();
    bench.table(&[
        ("PFMERGE empty", "+OK"),
        ("PFCOUNT empty", ":0"),
        ("PFADD one a b c", ":1"),
        ("PFADD two c d", ":1"),
        ("PFMERGE one two none", "+OK"),
        ("PFCOUNT one", ":4"),
        ("PFDEBUG ENCODING one", "+sparse"),
        ("PFDEBUG TODENSE two", ":1"),
        ("PFDEBUG TODENSE two", ":0"),
        ("PFMERGE three one two", "+OK"),
        ("PFDEBUG ENCODING three", "+dense"),
        ("PFCOUNT three", ":4"),
        ("STRLEN three", ":12304"),
    ]);
}

#[test]
fn registers_can_be_looked_into() {
    let mut bench = Bench::new();
    bench.table(&[
        ("PFDEBUG ENCODING none", "-ERR The specified key does not exist"),
        ("PFADD h", ":1"),
        ("PFDEBUG decode h", "$7 Z:16384"),
        ("PFDEBUG WHAT h", "-ERR Unknown PFDEBUG subcommand 'WHAT'"),
        ("PFADD h a", ":1"),
    ]);
    let registers = bench.run_line("PFDEBUG GETREG h");
    assert!(registers.starts_with("*16384\r\n"));
    assert_eq!(registers.matches(":0\r\n").count(), 16_383);
    bench.table(&[
        ("PFDEBUG ENCODING h", "+dense"),
        ("PFDEBUG DECODE h", "-ERR HLL encoding is not sparse"),
        ("PFSELFTEST", "+OK"),
    ]);
}

#[test]
fn the_limit_of_sparse_registers_holds_for_what_is_added() {
    let mut bench = Bench::new();
    bench.table(&[("PFADD h a b c d e", ":1"), ("PFDEBUG ENCODING h", "+sparse")]);
    bench.limit(Limits { hll_sparse_bytes: 30, ..Limits::DEFAULT });
    bench.table(&[
        ("PFADD h a", ":0"),
        ("PFDEBUG ENCODING h", "+sparse"),
        ("PFADD h f", ":1"),
        ("PFDEBUG ENCODING h", "+dense"),
        ("PFCOUNT h", ":6"),
    ]);
}

#[test]
fn strings_that_are_none_and_damaged_ones_are_refused() {
    let mut bench = Bench::new();
    bench.no_string("o");
    bench.table(&[
        ("SET s bar", "+OK"),
        ("SET n 12", "+OK"),
        ("PFADD d a b c", ":1"),
        ("APPEND d hello", ":32"),
    ]);
    for (key, error) in [("o", Bench::WRONG_TYPE), ("s", FOREIGN), ("n", FOREIGN), ("d", DAMAGED)] {
        for line in [
            "PFADD k x",
            "PFCOUNT k",
            "PFCOUNT none k",
            "PFMERGE k none",
            "PFMERGE none k",
            "PFDEBUG TODENSE k",
        ] {
            let line = line.replace(" k", &format!(" {key}"));
            bench.table(&[(&line, error)]);
        }
    }
    bench.table(&[
        ("EXISTS none", ":0"),
        ("PFADD m a", ":1"),
        ("SETRANGE m 4 x", ":21"),
        ("PFCOUNT m", FOREIGN),
    ]);
}
