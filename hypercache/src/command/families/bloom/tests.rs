use crate::command::test_bench::Bench;
use crate::resp::Protocol;

#[test]
fn items_are_added_and_found() {
    let mut bench = Bench::new();
    bench.table(&[
        ("BF.ADD f a", ":1"),
        ("BF.ADD f a", ":0"),
        ("BF.MADD f a b ''", "*3 :0 :1 :1"),
        ("BF.EXISTS f a", ":1"),
        ("BF.EXISTS f c", ":0"),
        ("BF.EXISTS none a", ":0"),
        ("BF.MEXISTS f a b c", "*3 :1 :1 :0"),
        ("BF.MEXISTS none a b", "*2 :0 :0"),
        ("BF.CARD f", ":3"),
        ("BF.CARD none", ":0"),
        ("BF.INSERT g CAPACITY 10 ERROR 0.1 EXPANSION 3 ITEMS a b", "*2 :1 :1"),
        ("BF.INSERT none NOCREATE ITEMS x", "-ERR not found"),
        ("EXISTS none", ":0"),
        ("TYPE f", "+MBbloom--"),
        ("OBJECT ENCODING f", "$3 raw"),
        ("COPY f h", ":1"),
        ("BF.MEXISTS h a b c", "*3 :1 :1 :0"),
    ]);
}

#[test]
fn a_filter_tells_of_itself() {
    let mut bench = Bench::new();
    bench.table(&[
        ("BF.RESERVE f 0.01 100 EXPANSION 4", "+OK"),
        ("BF.RESERVE f 0.01 100", "-ERR item exists"),
        ("BF.MADD f a b", "*2 :1 :1"),
        ("BF.INFO f capacity", "*1 :100"),
        ("BF.INFO f FILTERS", "*1 :1"),
        ("BF.INFO f items", "*1 :2"),
        ("BF.INFO f expansion", "*1 :4"),
        ("BF.INFO f nonsense", "-Invalid information value"),
        ("BF.INFO f size size", "-ERR wrong number of arguments for 'bf.info' command"),
        ("BF.INFO none", "-ERR not found"),
        ("BF.RESERVE g 0.01 100 NONSCALING", "+OK"),
        ("BF.INFO g EXPANSION", "*1 $-1"),
    ]);
    let info = bench.run_line("BF.INFO f").replace("\r\n", " ");
    assert!(info.starts_with("*10 +Capacity :100 +Size :"), "{info}");
    assert!(
        info.ends_with(" +Number of filters :1 +Number of items inserted :2 +Expansion rate :4 "),
        "{info}"
    );
    bench.speak(Protocol::Resp3);
    bench.table(&[("BF.INFO f ITEMS", "%1 +Number of items inserted :2")]);
    assert!(bench.run_line("BF.INFO f").starts_with("%5\r\n+Capacity\r\n"));
}

#[test]
fn resp3_has_truth_values() {
    let mut bench = Bench::new();
    bench.speak(Protocol::Resp3);
    bench.table(&[
        ("BF.ADD f a", "#t"),
        ("BF.MADD f a b", "*2 #f #t"),
        ("BF.INSERT f ITEMS a c", "*2 #f #t"),
        ("BF.EXISTS f a", "#t"),
        ("BF.MEXISTS f a none", "*2 #t #f"),
        ("BF.CARD f", ":3"),
    ]);
}

#[test]
fn a_full_filter_refuses_or_grows() {
    let mut bench = Bench::new();
    bench.table(&[
        ("BF.RESERVE f 0.001 2 NONSCALING", "+OK"),
        ("BF.MADD f a b a c d", "*4 :1 :1 :0 -ERR non scaling filter is full"),
        ("BF.ADD f c", "-ERR non scaling filter is full"),
        ("BF.ADD f a", ":0"),
        ("BF.RESERVE e 0.001 2 EXPANSION 0", "+OK"),
        ("BF.INSERT e ITEMS a b c", "*3 :1 :1 -ERR non scaling filter is full"),
        ("BF.RESERVE g 0.001 2", "+OK"),
        ("BF.MADD g a b c d e f g", "*7 :1 :1 :1 :1 :1 :1 :1"),
        ("BF.INFO g FILTERS", "*1 :3"),
        ("BF.INFO g CAPACITY", "*1 :14"),
    ]);
}

#[test]
fn what_cannot_be_is_refused() {
    let mut bench = Bench::new();
    bench.table(&[
        ("BF.RESERVE f x 100", "-ERR bad error rate"),
        ("BF.RESERVE f 0 100", "-ERR error rate must be in the range (0.000000, 1.000000)"),
        ("BF.RESERVE f 1 100", "-ERR error rate must be in the range (0.000000, 1.000000)"),
        ("BF.RESERVE f 0.1 x", "-ERR bad capacity"),
        ("BF.RESERVE f 0.1 0", "-ERR capacity must be in the range [1, 1073741824]"),
        ("BF.RESERVE f 0.1 1073741825", "-ERR capacity must be in the range [1, 1073741824]"),
        ("BF.RESERVE f 0.01 1073741824", "-ERR Insufficient memory to create filter"),
        ("BF.RESERVE f 0.1 10 EXPANSION", "-ERR no expansion"),
        ("BF.RESERVE f 0.1 10 EXPANSION x", "-ERR bad expansion"),
        ("BF.RESERVE f 0.1 10 EXPANSION 32769", "-ERR expansion must be in the range [0, 32768]"),
        ("BF.RESERVE f 0.1 10 EXPANSION 2 NONSCALING", "-Nonscaling filters cannot expand"),
        ("BF.RESERVE f 0.1 10 NONSENSE", "-Unknown argument received"),
        (
            "BF.RESERVE f 0.1 10 EXPANSION 2 EXPANSION 2",
            "-ERR wrong number of arguments for 'bf.reserve' command",
        ),
        ("BF.INSERT f ERROR x ITEMS a", "-Bad error rate"),
        ("BF.INSERT f ERROR 1 ITEMS a", "-Bad error rate"),
        ("BF.INSERT f CAPACITY 0 ITEMS a", "-Bad capacity"),
        ("BF.INSERT f EXPANSION -1 ITEMS a", "-Bad expansion"),
        ("BF.INSERT f NONSENSE a", "-Unknown argument received"),
        ("BF.INSERT f NOCREATE ITEMS", "-ERR wrong number of arguments for 'bf.insert' command"),
        ("BF.INSERT f CAPACITY 10", "-ERR wrong number of arguments for 'bf.insert' command"),
        ("EXISTS f", ":0"),
    ]);
}

#[test]
fn keys_of_other_types_are_refused() {
    let mut bench = Bench::new();
    bench.no_string("o");
    for line in [
        "BF.RESERVE o 0.1 100",
        "BF.ADD o a",
        "BF.MADD o a",
        "BF.INSERT o ITEMS a",
        "BF.EXISTS o a",
        "BF.MEXISTS o a",
        "BF.CARD o",
        "BF.INFO o",
        "BF.SCANDUMP o 0",
        "BF.LOADCHUNK o 1 x",
        "BF.LOADCHUNK o 2 x",
    ] {
        bench.table(&[(line, Bench::WRONG_TYPE)]);
    }
    bench.table(&[("CF.ADD c a", ":1"), ("BF.ADD c a", Bench::WRONG_TYPE)]);
}

#[test]
fn what_changes_is_counted_and_told() {
    let mut bench = Bench::new();
    for (line, changes) in [
        ("BF.RESERVE f 0.1 100", 1),
        ("BF.ADD f a", 1),
        ("BF.ADD f a", 0),
        ("BF.MADD f a b c", 1),
        ("BF.INSERT new ITEMS b c", 1),
        ("BF.INSERT new ITEMS b c", 0),
    ] {
        assert_eq!(bench.effects(line).changes, changes, "{line}");
    }
    bench.listen();
    bench.events(&[
        ("BF.ADD f x", "bf.add:f"),
        ("BF.ADD f x", ""),
        ("BF.MADD f x y", "bf.madd:f"),
        ("BF.INSERT g ITEMS x", "new:g bf.insert:g"),
        ("BF.RESERVE h 0.1 100", "new:h bf.reserve:h"),
    ]);
}

#[test]
fn a_filter_can_be_transferred_in_parts_and_whole() {
    let mut bench = Bench::new();
    bench.table(&[("BF.RESERVE f 0.01 8", "+OK")]);
    for item in 0..60 {
        bench.run_line(&format!("BF.ADD f item{item}"));
    }
    let parts = bench.transfer("BF", b"*2\r\n:0\r\n$0\r\n\r\n");
    assert!(parts > 3, "{parts}");
    let dump = bench.execute(&["DUMP", "f"]).reply;
    let start = dump.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let restore: [&[u8]; 4] = [b"RESTORE", b"h", b"0", &dump[start..dump.len() - 2]];
    assert_eq!(bench.run(&restore), "+OK\r\n");
    let digest = |bench: &mut Bench, key: &str| bench.run_line(&format!("DEBUG DIGEST-VALUE {key}"));
    assert_eq!(digest(&mut bench, "f"), digest(&mut bench, "g"));
    assert_eq!(digest(&mut bench, "f"), digest(&mut bench, "h"));
    assert_eq!(bench.run_line("BF.INFO f ITEMS"), bench.run_line("BF.INFO g ITEMS"));
    bench.table(&[("BF.ADD g another", ":1")]);
    assert_ne!(digest(&mut bench, "f"), digest(&mut bench, "g"));
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let mut bench = Bench::new();
    bench.table(&[
        ("BF.SCANDUMP none 0", "-ERR not found"),
        ("BF.ADD f a", ":1"),
        ("BF.SCANDUMP f x", "-Second argument must be numeric"),
        ("BF.SCANDUMP f -1", "*2 :0 $0  "),
        ("BF.SCANDUMP f 9223372036854775807", "*2 :0 $0  "),
        ("BF.LOADCHUNK g x abc", "-ERR Second argument must be numeric"),
        ("BF.LOADCHUNK g 1 abc", "-ERR received bad data"),
        ("BF.LOADCHUNK g 5 abc", "-ERR not found"),
        ("BF.LOADCHUNK f 1 abc", "-ERR invalid offset - no link found"),
        ("BF.LOADCHUNK f -1 abc", "-ERR invalid offset - no link found"),
        ("BF.LOADCHUNK f 9223372036854775807 abc", "-ERR invalid offset - no link found"),
        ("BF.LOADCHUNK f 4 abc", "+OK"),
        ("BF.LOADCHUNK f 147 abcdefghijk", "-ERR invalid chunk - Too big for current filter"),
    ]);
}
