//! Commands on strings that are numbers.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::float;
use crate::command::args::integer;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Handler;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::number;
use crate::value::string::Str;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    counter("DECR", 2, decr).doc(
        "1.0.0",
        "Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
        "key",
        "O(1)",
    ),
    counter("DECRBY", 3, decrby).doc(
        "1.0.0",
        "Decrements a number from the integer value of a key. Uses 0 as initial value if the key doesn't exist.",
        "key decrement",
        "O(1)",
    ),
    counter("INCR", 2, incr).doc(
        "1.0.0",
        "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
        "key",
        "O(1)",
    ),
    counter("INCRBY", 3, incrby).doc(
        "1.0.0",
        "Increments the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
        "key increment",
        "O(1)",
    ),
    counter("INCRBYFLOAT", 3, incrbyfloat).doc(
        "2.6.0",
        "Increments the floating point value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
        "key number",
        "O(1)",
    ),
];

/// The amount cannot be negated.
const DECREMENT_OVERFLOW: ReplyError = ReplyError::err("decrement would overflow");
/// The sum is not a number that can be kept.
const NOT_FINITE: ReplyError = ReplyError::err("increment would produce NaN or Infinity");

const fn counter(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::write(name, arity, Group::String, handler).with(Flags::DENYOOM.and(Flags::FAST)).keys(Keys::ONE)
}

fn incr(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    add(cx, &args[1], 1, reply)
}

fn decr(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    add(cx, &args[1], -1, reply)
}

fn incrby(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    add(cx, &args[1], integer(&args[2])?, reply)
}

fn decrby(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let amount = integer(&args[2])?.checked_neg().ok_or(DECREMENT_OVERFLOW)?;
    add(cx, &args[1], amount, reply)
}

fn add(cx: &mut Context<'_>, key: &[u8], amount: i64, reply: &mut ReplyWriter) -> Outcome {
    let old = match cx.peek_string(key)? {
        Some(string) => string.integer().ok_or(error::NOT_AN_INTEGER)?,
        None => 0,
    };
    let sum = old.checked_add(amount).ok_or(error::OVERFLOW)?;
    cx.change_string(key, |string| *string = Str::Int(sum))?;
    cx.notify(EventClass::String, "incrby", key);
    reply.integer(sum);
    Ok(())
}

fn incrbyfloat(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, amount) = (&args[1], &args[2]);
    let old = match cx.peek_string(key)? {
        Some(string) => string.bytes().into_owned(),
        None => b"0".to_vec(),
    };
    float(&old)?;
    float(amount)?;
    let sum = number::add_decimal(&old, amount).ok_or(NOT_FINITE)?;
    cx.change_string(key, |string| *string = Str::new(sum.as_bytes()))?;
    cx.notify(EventClass::String, "incrbyfloat", key);
    reply.bulk(sum);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    #[test]
    fn integers_are_counted_and_limits_told() {
        let mut bench = Bench::new();
        bench.table(&[
            ("INCR n", ":1"),
            ("INCRBY n 41", ":42"),
            ("DECR n", ":41"),
            ("DECRBY n 50", ":-9"),
            ("GET n", "$2 -9"),
            ("OBJECT ENCODING n", "$3 int"),
            ("INCRBY n x", "-ERR value is not an integer or out of range"),
            ("DECRBY n -9223372036854775808", "-ERR decrement would overflow"),
            ("SET n 9223372036854775807", "+OK"),
            ("INCR n", "-ERR increment or decrement would overflow"),
            ("DECRBY n 1", ":9223372036854775806"),
            ("SET n abc", "+OK"),
            ("INCR n", "-ERR value is not an integer or out of range"),
            ("SET n 007", "+OK"),
            ("DECR n", "-ERR value is not an integer or out of range"),
            ("INCR", "-ERR wrong number of arguments for 'incr' command"),
            ("SET t 5 EX 100", "+OK"),
            ("INCR t", ":6"),
            ("TTL t", ":100"),
        ]);
        bench.no_string("o");
        bench.table(&[("INCR o", Bench::WRONG_TYPE), ("INCRBYFLOAT o 1", Bench::WRONG_TYPE)]);
    }

    #[test]
    fn floats_are_added_as_they_are_written() {
        Bench::new().table(&[
            ("INCRBYFLOAT f 10.50", "$4 10.5"),
            ("INCRBYFLOAT f 0.1", "$4 10.6"),
            ("INCRBYFLOAT f -5", "$3 5.6"),
            ("SET f 5.0e3", "+OK"),
            ("INCRBYFLOAT f 2.0e2", "$4 5200"),
            ("INCR f", ":5201"),
            ("INCRBYFLOAT f inf", "-ERR increment would produce NaN or Infinity"),
            ("INCRBYFLOAT f nan", "-ERR value is not a valid float"),
            ("INCRBYFLOAT f x", "-ERR value is not a valid float"),
            ("SET f x", "+OK"),
            ("INCRBYFLOAT f 1", "-ERR value is not a valid float"),
            ("GET f", "$1 x"),
        ]);
    }
}
