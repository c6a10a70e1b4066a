use crate::command::test_bench::Bench;
use crate::resp::Protocol;

#[test]
fn items_are_added_found_and_removed() {
    let mut bench = Bench::new();
    bench.table(&[
        ("CF.ADD f a", ":1"),
        ("CF.ADD f a", ":1"),
        ("CF.ADDNX f a", ":0"),
        ("CF.ADDNX f b", ":1"),
        ("CF.COUNT f a", ":2"),
        ("CF.COUNT none a", ":0"),
        ("CF.EXISTS f a", ":1"),
        ("CF.EXISTS f c", ":0"),
        ("CF.EXISTS none a", ":0"),
        ("CF.MEXISTS f a b c", "*3 :1 :1 :0"),
        ("CF.MEXISTS none a b", "*2 :0 :0"),
        ("CF.DEL f a", ":1"),
        ("CF.DEL f a", ":1"),
        ("CF.DEL f a", ":0"),
        ("CF.DEL none a", "-Not found"),
        ("CF.INSERT f ITEMS x y ''", "*3 :1 :1 :1"),
        ("CF.INSERTNX f ITEMS x z", "*2 :0 :1"),
        ("CF.INSERT none NOCREATE ITEMS x", "-ERR not found"),
        ("EXISTS none", ":0"),
        ("CF.INSERT made CAPACITY 4 ITEMS x", "*1 :1"),
        ("TYPE f", "+MBbloomCF"),
        ("OBJECT ENCODING f", "$3 raw"),
        ("CF.COMPACT f", "+OK"),
        ("CF.COMPACT none", "-Cuckoo filter was not found"),
        ("COPY f g", ":1"),
        ("CF.MEXISTS g x z a", "*3 :1 :1 :0"),
    ]);
}

#[test]
fn a_filter_tells_of_itself() {
    let mut bench = Bench::new();
    bench.table(&[
        ("CF.RESERVE f 1000 BUCKETSIZE 4 MAXITERATIONS 30 EXPANSION 3", "+OK"),
        ("CF.RESERVE f 1000", "-ERR item exists"),
        ("CF.INSERT f ITEMS a b c", "*3 :1 :1 :1"),
        ("CF.DEL f a", ":1"),
        ("CF.INFO none", "-ERR not found"),
    ]);
    let info = bench.run_line("CF.INFO f").replace("\r\n", " ");
    let told = "+Number of buckets :256 +Number of filters :1 +Number of items inserted :2 +Number of items deleted :1 \
                +Bucket size :4 +Expansion rate :4 +Max iterations :30 ";
    assert!(info.starts_with("*16 +Size :1"), "{info}");
    assert!(info.ends_with(told), "{info}");
    bench.speak(Protocol::Resp3);
    assert!(bench.run_line("CF.INFO f").starts_with("%8\r\n+Size\r\n"));
}

#[test]
fn resp3_has_truth_values_where_two_answers_are_enough() {
    let mut bench = Bench::new();
    bench.speak(Protocol::Resp3);
    bench.table(&[
        ("CF.RESERVE f 4 EXPANSION 0", "+OK"),
        ("CF.ADD f a", "#t"),
        ("CF.ADDNX f a", "#f"),
        ("CF.EXISTS f a", "#t"),
        ("CF.MEXISTS f a b", "*2 #t #f"),
        ("CF.COUNT f a", ":1"),
        ("CF.INSERTNX f ITEMS a b", "*2 :0 :1"),
        ("CF.DEL f b", "#t"),
        ("CF.INSERT f ITEMS a a a a", "*4 #t #t #t #f"),
        ("CF.INSERTNX f ITEMS b", "*1 :-1"),
        ("CF.ADD f a", "-Filter is full"),
    ]);
}

#[test]
fn a_full_filter_refuses_and_says_why() {
    let mut bench = Bench::new();
    bench.table(&[
        ("CF.RESERVE f 4 EXPANSION 0", "+OK"),
        ("CF.INSERT f ITEMS a a a a a", "*5 :1 :1 :1 :1 :-1"),
        ("CF.ADD f a", "-Filter is full"),
        ("CF.ADDNX f a", ":0"),
        ("CF.RESERVE g 4", "+OK"),
    ]);
    for _ in 0..128 {
        bench.table(&[("CF.ADD g a", ":1")]);
    }
    bench.table(&[("CF.ADD g a", "-Maximum expansions reached"), ("CF.COUNT g a", ":128")]);
}

#[test]
fn what_cannot_be_is_refused() {
    let mut bench = Bench::new();
    bench.table(&[
        ("CF.RESERVE f x", "-Bad capacity"),
        ("CF.RESERVE f 3", "-Capacity must be in the range [2 * BUCKETSIZE, 1073741824]"),
        ("CF.RESERVE f 1073741825", "-Capacity must be in the range [2 * BUCKETSIZE, 1073741824]"),
        ("CF.RESERVE f 1073741824", "-ERR Insufficient memory to create filter"),
        ("CF.RESERVE f 10 BUCKETSIZE", "-ERR wrong number of arguments for 'cf.reserve' command"),
        ("CF.RESERVE f 10 BUCKETSIZE x", "-Couldn't parse BUCKETSIZE"),
        ("CF.RESERVE f 10 BUCKETSIZE 256", "-BUCKETSIZE: value must be in the range [1, 255]"),
        ("CF.RESERVE f 10 BUCKETSIZE 0", "-BUCKETSIZE: value must be in the range [1, 255]"),
        ("CF.RESERVE f 10 MAXITERATIONS x", "-Couldn't parse MAXITERATIONS"),
        ("CF.RESERVE f 10 MAXITERATIONS 65536", "-MAXITERATIONS: value must be in the range [1, 65535]"),
        ("CF.RESERVE f 10 EXPANSION x", "-Couldn't parse EXPANSION"),
        ("CF.RESERVE f 10 EXPANSION 32769", "-EXPANSION: value must be in the range [0, 32768]"),
        ("CF.RESERVE f 10 EXPANSION -1", "-EXPANSION: value must be in the range [0, 32768]"),
        ("CF.RESERVE f 10 ERROR 0", "-Bad error rate"),
        ("CF.RESERVE f 10 ERROR 1", "-Bad error rate"),
        ("CF.RESERVE f 10 ERROR nan", "-Bad error rate"),
        ("CF.RESERVE f 10 ERROR 0.00001", "-ERR Insufficient memory to create filter"),
        ("CF.RESERVE f 10 NONSENSE 1", "-Unknown argument received"),
        ("CF.INSERT f CAPACITY x ITEMS a", "-Bad capacity"),
        ("CF.INSERT f CAPACITY 3 ITEMS a", "-Capacity must be in the range [cf-bucket-size * 2, 1073741824]"),
        ("CF.INSERT f NONSENSE a", "-Unknown argument received"),
        ("CF.INSERT f NOCREATE ITEMS", "-ERR wrong number of arguments for 'cf.insert' command"),
        ("CF.INSERTNX f CAPACITY 10", "-ERR wrong number of arguments for 'cf.insertnx' command"),
        ("EXISTS f", ":0"),
    ]);
}

#[test]
fn keys_of_other_types_are_refused() {
    let mut bench = Bench::new();
    bench.no_string("o");
    for line in [
        "CF.RESERVE o 100",
        "CF.ADD o a",
        "CF.ADDNX o a",
        "CF.INSERT o ITEMS a",
        "CF.INSERTNX o ITEMS a",
        "CF.EXISTS o a",
        "CF.MEXISTS o a",
        "CF.COUNT o a",
        "CF.DEL o a",
        "CF.INFO o",
        "CF.COMPACT o",
        "CF.SCANDUMP o 0",
        "CF.LOADCHUNK o 1 x",
        "CF.LOADCHUNK o 2 x",
    ] {
        bench.table(&[(line, Bench::WRONG_TYPE)]);
    }
    bench.table(&[("CF.ADD f a", ":1"), ("SADD f a", Bench::WRONG_TYPE), ("GET f", Bench::WRONG_TYPE)]);
}

#[test]
fn what_changes_is_counted_and_told() {
    let mut bench = Bench::new();
    for (line, changes) in [
        ("CF.RESERVE f 100", 1),
        ("CF.ADD f a", 1),
        ("CF.ADDNX f a", 0),
        ("CF.INSERT f ITEMS b c", 1),
        ("CF.INSERT new ITEMS b c", 1),
        ("CF.DEL f a", 1),
        ("CF.DEL f a", 0),
        ("CF.COMPACT f", 0),
    ] {
        assert_eq!(bench.effects(line).changes, changes, "{line}");
    }
    bench.listen();
    bench.events(&[
        ("CF.ADD f x", "cf.add:f"),
        ("CF.ADDNX f x", ""),
        ("CF.ADDNX f y", "cf.addnx:f"),
        ("CF.INSERT g ITEMS x", "new:g cf.insert:g"),
        ("CF.INSERTNX g ITEMS x", ""),
        ("CF.DEL g x", "cf.del:g"),
        ("CF.DEL g x", ""),
        ("CF.RESERVE h 100", "new:h cf.reserve:h"),
    ]);
}

#[test]
fn a_filter_can_be_transferred_in_parts() {
    let mut bench = Bench::new();
    bench.table(&[("CF.RESERVE f 8", "+OK"), ("CF.SCANDUMP f 0", "*2 :0 $-1")]);
    for item in 0..60 {
        bench.table(&[(&format!("CF.ADD f item{item}"), ":1")]);
    }
    let parts = bench.transfer("CF", b"*2\r\n:0\r\n$-1\r\n");
    assert!(parts > 3, "{parts}");
    let digest = |bench: &mut Bench, key: &str| bench.run_line(&format!("DEBUG DIGEST-VALUE {key}"));
    assert_eq!(digest(&mut bench, "f"), digest(&mut bench, "g"));
    assert_eq!(bench.run_line("CF.INFO f"), bench.run_line("CF.INFO g"));
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let mut bench = Bench::new();
    bench.table(&[
        ("CF.SCANDUMP none 0", "-ERR not found"),
        ("CF.ADD f a", ":1"),
        ("CF.SCANDUMP f x", "-Invalid position"),
        ("CF.SCANDUMP f -1", "-Invalid position"),
        ("CF.SCANDUMP f 9223372036854775807", "*2 :0 $-1"),
        ("CF.LOADCHUNK g 0 abc", "-Invalid position"),
        ("CF.LOADCHUNK g -1 abc", "-Invalid position"),
        ("CF.LOADCHUNK g 1 abc", "-Invalid header"),
        ("CF.LOADCHUNK g 5 abc", "-ERR not found"),
        ("CF.LOADCHUNK f 1 abc", "-ERR item exists"),
        ("CF.LOADCHUNK f 2 abc", "-Couldn't load chunk!"),
        ("CF.LOADCHUNK f 1026 abc", "-Couldn't load chunk!"),
        ("CF.LOADCHUNK f 9223372036854775807 abc", "-Couldn't load chunk!"),
        ("CF.LOADCHUNK f 4 abc", "+OK"),
        ("CF.LOADCHUNK f 1025 abc", "+OK"),
    ]);
}

#[test]
fn a_filter_survives_dump_and_restore() {
    let mut bench = Bench::new();
    bench.table(&[("CF.RESERVE f 8 ERROR 0.01", "+OK")]);
    for item in 0..60 {
        bench.table(&[(&format!("CF.ADD f item{item}"), ":1")]);
    }
    let dump = bench.execute(&["DUMP", "f"]).reply;
    let start = dump.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let payload = &dump[start..dump.len() - 2];
    let restore: [&[u8]; 4] = [b"RESTORE", b"g", b"0", payload];
    assert_eq!(bench.run(&restore), "+OK\r\n");
    let digest = |bench: &mut Bench, key: &str| bench.run_line(&format!("DEBUG DIGEST-VALUE {key}"));
    assert_eq!(digest(&mut bench, "f"), digest(&mut bench, "g"));
    bench.table(&[("CF.DEL g item7", ":1")]);
    assert_ne!(digest(&mut bench, "f"), digest(&mut bench, "g"));
}
