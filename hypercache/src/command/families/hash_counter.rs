//! Commands on fields of hashes that are numbers.

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
use crate::value::hash::Hash;
use crate::value::hash::Pair;
use crate::value::number;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    counter("HINCRBY", hincrby).doc(
        "2.0.0",
        "Increments the integer value of a field in a hash by a number. Uses 0 as initial value if the field doesn't exist.",
        "key field increment",
        "O(1)",
    ),
    counter("HINCRBYFLOAT", hincrbyfloat).doc(
        "2.6.0",
        "Increments the floating point value of a field by a number. Uses 0 as initial value if the field doesn't exist.",
        "key field number",
        "O(1)",
    ),
];

const NO_INTEGER: ReplyError = ReplyError::err("hash value is not an integer");
const NO_FLOAT: ReplyError = ReplyError::err("hash value is not a float");
const NOT_FINITE_AMOUNT: ReplyError = ReplyError::err("value is NaN or Infinity");
const NOT_FINITE: ReplyError = ReplyError::err("increment would produce NaN or Infinity");

const fn counter(name: &'static str, handler: Handler) -> Spec {
    Spec::write(name, 4, Group::Hash, handler).with(Flags::DENYOOM.and(Flags::FAST)).keys(Keys::ONE)
}

fn hincrby(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let amount = integer(&args[3])?;
    let old = match cx.peek_collection(&args[1])?.and_then(|hash: &Hash| hash.get(&args[2])) {
        Some(value) => number::decimal(value).ok_or(NO_INTEGER)?,
        None => 0,
    };
    let sum = old.checked_add(amount).ok_or(error::OVERFLOW)?;
    write(cx, args, itoa::Buffer::new().format(sum), "hincrby")?;
    reply.integer(sum);
    Ok(())
}

fn hincrbyfloat(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let amount = &args[3];
    if !float(amount)?.is_finite() {
        return Err(NOT_FINITE_AMOUNT);
    }
    let old = cx.peek_collection(&args[1])?.and_then(|hash: &Hash| hash.get(&args[2])).unwrap_or(b"0");
    number::float(old).ok_or(NO_FLOAT)?;
    let sum = number::add_decimal(old, amount).ok_or(NOT_FINITE)?;
    write(cx, args, &sum, "hincrbyfloat")?;
    reply.bulk(sum);
    Ok(())
}

/// Gives the field another value and leaves it its deadline.
fn write(cx: &mut Context<'_>, args: Args<'_>, value: &str, event: &'static str) -> Outcome {
    let (field, value, limits) = (&args[2], value.as_bytes(), cx.limits());
    cx.change_collection(&args[1], |hash: &mut Hash| {
        let deadline = hash.pair(field).and_then(|pair| pair.deadline);
        hash.set(Pair { field, value, deadline }, &limits)
    })?;
    cx.changed(1);
    cx.notify(EventClass::Hash, event, &args[1]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    #[test]
    fn fields_are_counted_and_limits_told() {
        let mut bench = Bench::new();
        bench.table(&[
            ("HINCRBY h n 5", ":5"),
            ("HINCRBY h n -7", ":-2"),
            ("HGET h n", "$2 -2"),
            ("HINCRBY h n x", "-ERR value is not an integer or out of range"),
            ("HSET h s abc", ":1"),
            ("HINCRBY h s 1", "-ERR hash value is not an integer"),
            ("HINCRBYFLOAT h s 1", "-ERR hash value is not a float"),
            ("HSET h n 9223372036854775807", ":0"),
            ("HINCRBY h n 1", "-ERR increment or decrement would overflow"),
            ("HINCRBY none n x", "-ERR value is not an integer or out of range"),
            ("EXISTS none", ":0"),
            ("SET s 1", "+OK"),
            ("HINCRBY s n 1", Bench::WRONG_TYPE),
            ("HINCRBYFLOAT s n 1", Bench::WRONG_TYPE),
        ]);
    }

    #[test]
    fn floats_are_added_as_they_are_written() {
        Bench::new().table(&[
            ("HINCRBYFLOAT h f 10.50", "$4 10.5"),
            ("HINCRBYFLOAT h f 0.1", "$4 10.6"),
            ("HINCRBYFLOAT h f -5", "$3 5.6"),
            ("HSET h f 5.0e3", ":0"),
            ("HINCRBYFLOAT h f 2.0e2", "$4 5200"),
            ("HINCRBY h f 1", ":5201"),
            ("HINCRBYFLOAT h f inf", "-ERR value is NaN or Infinity"),
            ("HINCRBYFLOAT h f nan", "-ERR value is not a valid float"),
            ("HSET h f inf", ":0"),
            ("HINCRBYFLOAT h f 1", "-ERR increment would produce NaN or Infinity"),
        ]);
    }

    #[test]
    fn counting_leaves_the_deadline_and_writing_does_not() {
        Bench::new().table(&[
            ("HSET h f 1", ":1"),
            ("HEXPIRE h 100 FIELDS 1 f", "*1 :1"),
            ("HINCRBY h f 1", ":2"),
            ("HINCRBYFLOAT h f 1.5", "$3 3.5"),
            ("HTTL h FIELDS 1 f", "*1 :100"),
            ("HSET h f 1", ":0"),
            ("HTTL h FIELDS 1 f", "*1 :-1"),
        ]);
    }
}
