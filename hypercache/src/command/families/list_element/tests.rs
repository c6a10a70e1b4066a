use crate::command::test_bench::Bench;

const NOT_AN_INTEGER: &str = "-ERR value is not an integer or out of range";

#[test]
fn elements_are_read_and_written_by_number() {
    Bench::new().table(&[
        ("RPUSH l a b c d", ":4"),
        ("LINDEX l 0", "$1 a"),
        ("LINDEX l -1", "$1 d"),
        ("LINDEX l -4", "$1 a"),
        ("LINDEX l 4", "$-1"),
        ("LINDEX l -5", "$-1"),
        ("LINDEX l -9223372036854775808", "$-1"),
        ("LINDEX l x", NOT_AN_INTEGER),
        ("LINDEX none x", "$-1"),
        ("LSET l 1 17", "+OK"),
        ("LSET l -1 z", "+OK"),
        ("LRANGE l 0 -1", "*4 $1 a $2 17 $1 c $1 z"),
        ("LSET l 4 x", "-ERR index out of range"),
        ("LSET l -5 x", "-ERR index out of range"),
        ("LSET l x x", NOT_AN_INTEGER),
        ("LSET none 0 x", "-ERR no such key"),
        ("LRANGE l 1 2", "*2 $2 17 $1 c"),
        ("LRANGE l 3 100", "*1 $1 z"),
        ("LRANGE l 4 100", "*0"),
        ("LRANGE l -100 -100", "*0"),
        ("LRANGE l 0 x", NOT_AN_INTEGER),
        ("LRANGE none 0 -1", "*0"),
    ]);
}

#[test]
fn elements_are_inserted_beside_others() {
    Bench::new().table(&[
        ("RPUSH l 1 2", ":2"),
        ("LINSERT l before 1 a", ":3"),
        ("LINSERT l AFTER 2 z", ":4"),
        ("LINSERT l AFTER 1 b", ":5"),
        ("LRANGE l 0 -1", "*5 $1 a $1 1 $1 b $1 2 $1 z"),
        ("LINSERT l BEFORE none b", ":-1"),
        ("LINSERT none BEFORE 1 b", ":0"),
        ("LINSERT l BESIDE 1 b", "-ERR syntax error"),
    ]);
}

#[test]
fn elements_are_removed_by_value_and_by_range() {
    Bench::new().table(&[
        ("RPUSH l a b a c a b a", ":7"),
        ("LREM l 1 a", ":1"),
        ("LREM l -2 a", ":2"),
        ("LRANGE l 0 -1", "*4 $1 b $1 a $1 c $1 b"),
        ("LREM l 0 b", ":2"),
        ("LREM l 5 none", ":0"),
        ("LREM l x a", NOT_AN_INTEGER),
        ("LREM none 1 a", ":0"),
        ("LREM l 0 a", ":1"),
        ("LREM l -9223372036854775808 c", ":1"),
        ("EXISTS l", ":0"),
        ("RPUSH l a b c d e", ":5"),
        ("LTRIM l 1 -2", "+OK"),
        ("LRANGE l 0 -1", "*3 $1 b $1 c $1 d"),
        ("LTRIM l -2 100", "+OK"),
        ("LRANGE l 0 -1", "*2 $1 c $1 d"),
        ("LTRIM l x 0", NOT_AN_INTEGER),
        ("LTRIM l 5 9", "+OK"),
        ("EXISTS l", ":0"),
        ("LTRIM l 0 1", "+OK"),
    ]);
}

#[test]
fn positions_of_elements_are_found() {
    const RANGE: &str =
        "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
    Bench::new().table(&[
        ("RPUSH l a b c 1 2 3 c c", ":8"),
        ("LPOS l c", ":2"),
        ("LPOS l 3", ":5"),
        ("LPOS l c RANK 2", ":6"),
        ("LPOS l c RANK -1", ":7"),
        ("LPOS l c COUNT 2", "*2 :2 :6"),
        ("LPOS l c COUNT 0", "*3 :2 :6 :7"),
        ("LPOS l c COUNT 0 RANK -2", "*2 :6 :2"),
        ("LPOS l c MAXLEN 2", "$-1"),
        ("LPOS l c MAXLEN 3 COUNT 0", "*1 :2"),
        ("LPOS l c MAXLEN 2 COUNT 0 RANK -1", "*2 :7 :6"),
        ("LPOS l none", "$-1"),
        ("LPOS l none COUNT 1", "*0"),
        ("LPOS none a", "$-1"),
        ("LPOS none a COUNT 1", "*0"),
        (
            "LPOS l c RANK 0",
            "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to \
             start from the end of the list",
        ),
        ("LPOS l c RANK -9223372036854775808", RANGE),
        ("LPOS l c RANK x", NOT_AN_INTEGER),
        ("LPOS l c COUNT -1", "-ERR COUNT can't be negative"),
        ("LPOS l c COUNT x", "-ERR COUNT can't be negative"),
        ("LPOS l c MAXLEN -1", "-ERR MAXLEN can't be negative"),
        ("LPOS l c COUNT", "-ERR syntax error"),
        ("LPOS l c NOW 1", "-ERR syntax error"),
    ]);
}

#[test]
fn other_types_are_refused() {
    let mut bench = Bench::new();
    bench.table(&[("SET s x", "+OK")]);
    for line in [
        "LINDEX s 0",
        "LINSERT s BEFORE a b",
        "LPOS s a",
        "LRANGE s 0 1",
        "LREM s 0 a",
        "LSET s 0 a",
        "LTRIM s 0 1",
    ] {
        bench.table(&[(line, Bench::WRONG_TYPE)]);
    }
}

#[test]
fn what_changes_nothing_says_so() {
    let mut bench = Bench::new();
    bench.table(&[("RPUSH l a b", ":2")]);
    for line in ["LREM l 0 c", "LTRIM l 0 -1", "LINSERT l BEFORE c d", "LPOP l 0", "LTRIM none 1 0"] {
        assert_eq!(bench.effects(line).changes, 0, "{line}");
    }
}
