use crate::command::spec::Keys;
use crate::command::test_bench::Bench;
use crate::resp::OwnedArgs;

fn filled() -> Bench {
    let mut bench = Bench::new();
    for line in [
        "RPUSH list 3 1 2",
        "SADD set c a b",
        "ZADD zset 1 x 2 y 3 z",
        "MSET w_1 30 w_2 20 w_3 10 t_1 one t_2 two",
        "HSET h_1 f 3 other o1",
        "HSET h_2 f 1",
        "HSET h_3 f 2",
    ] {
        bench.run_line(line);
    }
    bench
}

#[test]
fn elements_are_sorted_by_themselves() {
    filled().table(&[
        ("SORT none", "*0"),
        ("SORT list", "*3 $1 1 $1 2 $1 3"),
        ("SORT list DESC", "*3 $1 3 $1 2 $1 1"),
        ("SORT list DESC ASC", "*3 $1 1 $1 2 $1 3"),
        ("SORT list LIMIT 1 1", "*1 $1 2"),
        ("SORT list LIMIT -5 -1 DESC", "*3 $1 3 $1 2 $1 1"),
        ("SORT list LIMIT 3 1", "*0"),
        ("SORT list LIMIT 9223372036854775807 9223372036854775807", "*0"),
        ("SORT list LIMIT 0 0", "*0"),
        ("SORT set", "-ERR One or more scores can't be converted into double"),
        ("SORT set ALPHA DESC", "*3 $1 c $1 b $1 a"),
        ("SORT zset ALPHA DESC LIMIT 0 2", "*2 $1 z $1 y"),
        ("SORT h_1", Bench::WRONG_TYPE),
        ("SORT w_1", Bench::WRONG_TYPE),
        ("SORT_RO list", "*3 $1 1 $1 2 $1 3"),
    ]);
}

#[test]
fn elements_are_sorted_by_what_other_keys_hold() {
    filled().table(&[
        ("SORT list BY w_*", "*3 $1 3 $1 2 $1 1"),
        ("SORT list BY h_*->f", "*3 $1 2 $1 3 $1 1"),
        ("SORT list BY h_*->f DESC LIMIT 0 2 GET #", "*2 $1 1 $1 3"),
        ("SORT list BY none_*", "*3 $1 1 $1 2 $1 3"),
        ("SORT list BY none_* DESC", "*3 $1 3 $1 2 $1 1"),
        ("SORT list BY t_*", "-ERR One or more scores can't be converted into double"),
        ("SORT list BY t_* ALPHA", "*3 $1 3 $1 1 $1 2"),
        ("SORT list BY t_* ALPHA DESC", "*3 $1 2 $1 1 $1 3"),
        ("SORT list BY h_* ALPHA", "*3 $1 3 $1 1 $1 2"),
        (
            "SORT list GET # GET t_* GET h_*->other GET constant",
            "*12 $1 1 $3 one $2 o1 $-1 $1 2 $3 two $-1 $-1 $1 3 $-1 $-1 $-1",
        ),
        ("HSET h_1-> f 7", ":1"),
        ("SORT list GET h_*-> LIMIT 0 1", "*1 $-1"),
        ("SORT_RO list BY w_* GET w_*", "*3 $2 10 $2 20 $2 30"),
    ]);
}

#[test]
fn a_constant_keeps_the_order_of_the_key() {
    filled().table(&[
        ("SORT list BY nosort", "*3 $1 3 $1 1 $1 2"),
        ("SORT list BY nosort DESC", "*3 $1 2 $1 1 $1 3"),
        ("SORT list BY nosort DESC LIMIT 1 5", "*2 $1 1 $1 3"),
        ("SORT list BY nosort LIMIT 1 1", "*1 $1 1"),
        ("SORT zset BY nosort DESC", "*3 $1 z $1 y $1 x"),
        ("SORT zset BY nosort LIMIT 1 1", "*1 $1 y"),
        ("SORT zset BY nosort DESC LIMIT 1 1", "*1 $1 y"),
        ("SORT zset BY nosort DESC LIMIT 5 1", "*0"),
        ("SORT set BY nosort STORE into", ":3"),
        ("LRANGE into 0 -1", "*3 $1 a $1 b $1 c"),
        ("SORT list BY w_* BY nosort", "*3 $1 3 $1 1 $1 2"),
        ("SORT list BY nosort BY w_*", "*3 $1 3 $1 1 $1 2"),
    ]);
}

#[test]
fn the_result_is_stored() {
    let mut bench = filled();
    bench.table(&[
        ("SORT list BY w_* GET t_* STORE w_1", ":3"),
        ("LRANGE w_1 0 -1", "*3 $0  $3 two $3 one"),
        ("TTL w_1", ":-1"),
        ("SORT list STORE list", ":3"),
        ("LRANGE list 0 -1", "*3 $1 1 $1 2 $1 3"),
        ("SORT none STORE list", ":0"),
        ("EXISTS list", ":0"),
        ("SORT_RO set ALPHA STORE list", "-ERR syntax error"),
    ]);
    assert_eq!(bench.effects("SORT set ALPHA STORE into").changes, 3);
    assert_eq!(bench.effects("SORT none STORE into").changes, 1);
    assert_eq!(bench.effects("SORT none STORE into").changes, 0);
}

#[test]
fn numbers_are_read_as_the_c_library_reads_them() {
    let mut bench = Bench::new();
    bench.run(&["RPUSH", "list", " 2", "", "1e1", "-inf", "+inf", "1.5", "-0.5"]);
    bench.table(&[("SORT list", "*7 $4 -inf $4 -0.5 $0  $3 1.5 $2  2 $3 1e1 $4 +inf")]);
    for text in ["nan", "1x", "1 ", " ", "1e999", "x"] {
        bench.run(&["DEL", "list"]);
        bench.run(&["RPUSH", "list", text]);
        bench.table(&[("SORT list", "-ERR One or more scores can't be converted into double")]);
    }
}

#[test]
fn options_are_checked() {
    filled().table(&[
        ("SORT list LIMIT 1", "-ERR syntax error"),
        ("SORT list LIMIT a 1", "-ERR value is not an integer or out of range"),
        ("SORT list BY", "-ERR syntax error"),
        ("SORT list GET", "-ERR syntax error"),
        ("SORT list STORE", "-ERR syntax error"),
        ("SORT list WHAT", "-ERR syntax error"),
    ]);
}

#[test]
fn the_stored_key_is_found_among_options_that_look_like_it() {
    for (line, positions) in [
        ("SORT k", &[1][..]),
        ("SORT k STORE d", &[1, 3]),
        ("SORT k STORE d STORE e", &[1, 5]),
        ("SORT k GET STORE STORE d", &[1, 5]),
        ("SORT k BY STORE x", &[1]),
        ("SORT k LIMIT STORE x STORE d", &[1, 6]),
        ("SORT k STORE", &[1]),
    ] {
        let args = OwnedArgs::new(line.split(' '));
        assert_eq!(
            Keys::Sorted { stores: true }.positions(args.view()).collect::<Vec<_>>(),
            positions,
            "{line}"
        );
    }
}
