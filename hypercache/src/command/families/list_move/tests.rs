use crate::command::test_bench::Bench;

#[test]
fn elements_move_between_lists_and_within_one() {
    Bench::new().table(&[
        ("RPUSH l a b c", ":3"),
        ("LMOVE l m LEFT RIGHT", "$1 a"),
        ("LMOVE l m right left", "$1 c"),
        ("LRANGE m 0 -1", "*2 $1 c $1 a"),
        ("RPOPLPUSH l m", "$1 b"),
        ("EXISTS l", ":0"),
        ("LRANGE m 0 -1", "*3 $1 b $1 c $1 a"),
        ("RPOPLPUSH m m", "$1 a"),
        ("LMOVE m m LEFT RIGHT", "$1 a"),
        ("LMOVE m m LEFT LEFT", "$1 b"),
        ("LRANGE m 0 -1", "*3 $1 b $1 c $1 a"),
        ("LTRIM m 0 0", "+OK"),
        ("LMOVE m m LEFT RIGHT", "$1 b"),
        ("RPOPLPUSH none m", "$-1"),
        ("SET s x", "+OK"),
        ("RPOPLPUSH none s", "$-1"),
        ("RPOPLPUSH m s", Bench::WRONG_TYPE),
        ("RPOPLPUSH s m", Bench::WRONG_TYPE),
        ("LMOVE m s UP DOWN", "-ERR syntax error"),
        ("LRANGE m 0 -1", "*1 $1 b"),
    ]);
}

#[test]
fn the_first_list_with_elements_is_popped() {
    Bench::new().table(&[
        ("RPUSH b 1 2 3 4", ":4"),
        ("LMPOP 2 a b LEFT", "*2 $1 b *1 $1 1"),
        ("LMPOP 2 a b RIGHT COUNT 2", "*2 $1 b *2 $1 4 $1 3"),
        ("LMPOP 1 b left count 9", "*2 $1 b *1 $1 2"),
        ("EXISTS b", ":0"),
        ("LMPOP 2 a b LEFT", "*-1"),
        ("LMPOP 0 a LEFT", "-ERR numkeys should be greater than 0"),
        ("LMPOP x a LEFT", "-ERR numkeys should be greater than 0"),
        ("LMPOP 2 a LEFT", "-ERR syntax error"),
        ("LMPOP 1 a LEFT COUNT 0", "-ERR count should be greater than 0"),
        ("LMPOP 1 a LEFT COUNT", "-ERR syntax error"),
        ("LMPOP 1 a LEFT COUNT 1 COUNT 1", "-ERR syntax error"),
        ("LMPOP 1 a UP", "-ERR syntax error"),
        ("SET s x", "+OK"),
        ("LMPOP 2 a s LEFT", Bench::WRONG_TYPE),
    ]);
}
