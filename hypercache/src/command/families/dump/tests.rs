use crate::command::test_bench::Bench;

fn payload(bench: &mut Bench, key: &str) -> Vec<u8> {
    let reply = bench.execute(&["DUMP", key]).reply;
    let start = reply.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    reply[start..reply.len() - 2].to_vec()
}

fn restore(bench: &mut Bench, key: &str, ttl: &str, payload: &[u8], options: &[&str]) -> String {
    let fixed = [&b"RESTORE"[..], key.as_bytes(), ttl.as_bytes(), payload];
    let parts: Vec<&[u8]> = fixed.into_iter().chain(options.iter().map(|option| option.as_bytes())).collect();
    bench.run(&parts).trim_end().to_owned()
}

#[test]
fn values_are_dumped_and_restored() {
    let mut bench = Bench::new();
    for (key, line, look) in [
        ("s", "SET s bar", "GET"),
        ("l", "RPUSH l 1 b 3", "LRANGE"),
        ("z", "ZADD z 1.5 a -inf b", "ZRANGE"),
        ("h", "HSET h f v", "HGETALL"),
    ] {
        bench.run_line(line);
        let range = if look.ends_with("RANGE") { " 0 -1" } else { "" };
        let before = bench.run_line(&format!("{look} {key}{range}"));
        let payload = payload(&mut bench, key);
        assert_eq!(restore(&mut bench, "copy", "0", &payload, &["REPLACE"]), "+OK");
        assert_eq!(bench.run_line(&format!("{look} copy{range}")), before);
        bench.table(&[("TTL copy", ":-1")]);
    }
    bench.table(&[("DUMP none", "$-1")]);
}

#[test]
fn deadlines_are_relative_or_absolute() {
    let mut bench = Bench::at(1_000_000);
    bench.run_line("SET s bar");
    let payload = payload(&mut bench, "s");
    assert_eq!(restore(&mut bench, "a", "5000", &payload, &[]), "+OK");
    assert_eq!(restore(&mut bench, "b", "1005000", &payload, &["ABSTTL"]), "+OK");
    assert_eq!(restore(&mut bench, "c", "9223372036854775807", &payload, &[]), "+OK");
    bench.table(&[("PTTL a", ":5000"), ("PTTL b", ":5000"), ("GET c", "$3 bar")]);
    assert_eq!(restore(&mut bench, "d", "999999", &payload, &["ABSTTL"]), "+OK");
    assert_eq!(restore(&mut bench, "a", "999999", &payload, &["ABSTTL", "REPLACE"]), "+OK");
    bench.table(&[("EXISTS a d", ":0")]);
}

#[test]
fn options_and_payloads_are_checked_in_redis_order() {
    let mut bench = Bench::new();
    bench.table(&[
        ("SET s bar", "+OK"),
        ("RESTORE s 0 x", "-BUSYKEY Target key name already exists."),
        ("RESTORE s x x", "-BUSYKEY Target key name already exists."),
        ("RESTORE k x x", "-ERR value is not an integer or out of range"),
        ("RESTORE k -1 x", "-ERR Invalid TTL value, must be >= 0"),
        ("RESTORE k 0 x", "-ERR DUMP payload version or checksum are wrong"),
        ("RESTORE k 0 x WHAT", "-ERR syntax error"),
        ("RESTORE k 0 x IDLETIME", "-ERR syntax error"),
        ("RESTORE k 0 x IDLETIME a", "-ERR value is not an integer or out of range"),
        ("RESTORE k 0 x IDLETIME -1", "-ERR Invalid IDLETIME value, must be >= 0"),
        ("RESTORE k 0 x FREQ 256", "-ERR Invalid FREQ value, must be >= 0 and <= 255"),
        ("RESTORE k 0 x FREQ -1", "-ERR Invalid FREQ value, must be >= 0 and <= 255"),
        ("RESTORE k 0 x FREQ 1 IDLETIME 1", "-ERR syntax error"),
        ("RESTORE k 0 x IDLETIME 1 FREQ 1", "-ERR syntax error"),
    ]);
    let nothing = crate::rdb::payload::sealed(vec![7, 0], 11);
    assert_eq!(restore(&mut bench, "k", "0", &nothing, &[]), "-ERR Bad data format");
    let payload = payload(&mut bench, "s");
    assert_eq!(restore(&mut bench, "k", "0", &payload, &["IDLETIME", "70"]), "+OK");
    bench.table(&[("OBJECT IDLETIME k", ":70")]);
    assert_eq!(restore(&mut bench, "k", "0", &payload, &["FREQ", "70", "replace"]), "+OK");
    bench.table(&[("OBJECT IDLETIME k", ":0")]);
}

#[test]
fn a_hash_keeps_the_deadlines_of_its_fields() {
    let mut bench = Bench::at(1_000_000);
    bench.table(&[("HSET h f v g w", ":2"), ("HPEXPIRE h 5000 FIELDS 1 f", "*1 :1")]);
    let payload = payload(&mut bench, "h");
    assert_eq!(restore(&mut bench, "copy", "0", &payload, &[]), "+OK");
    bench.table(&[("HPTTL copy FIELDS 2 f g", "*2 :5000 :-1"), ("OBJECT ENCODING copy", "$10 listpackex")]);
    bench.advance(5000);
    bench.table(&[("HGETALL copy", "*2 $1 g $1 w")]);
    assert_eq!(restore(&mut bench, "late", "0", &payload, &[]), "+OK");
    bench.table(&[("HGETALL late", "*2 $1 g $1 w")]);
}
