//! `BITFIELD`: integers of any width inside a string.

use smallvec::SmallVec;

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::families::bit::BAD_OFFSET;
use crate::command::families::bit::bit_offset;
use crate::command::families::bit::bytes_with;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::bits;
use crate::value::number;
use crate::value::string::BYTES_MAX;
use crate::value::string::StrRef;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::write("BITFIELD", -2, Group::Bitmap, bitfield).with(Flags::DENYOOM).keys(Keys::ONE).doc(
        "3.2.0",
        "Performs arbitrary bitfield integer operations on strings.",
        "key [<GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] \
         <SET encoding offset value | INCRBY encoding offset increment>> \
         [<GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] \
         <SET encoding offset value | INCRBY encoding offset increment>> ...]]",
        "O(1) for each subcommand",
    ),
    Spec::read("BITFIELD_RO", -2, Group::Bitmap, bitfield_ro).with(Flags::FAST).keys(Keys::ONE).doc(
        "6.0.0",
        "Performs arbitrary read-only bitfield integer operations on strings.",
        "key [GET encoding offset [GET encoding offset ...]]",
        "O(1) for each subcommand",
    ),
];

const BAD_ENCODING: ReplyError = ReplyError::err(
    "Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
);

/// An integer inside a string.
#[derive(Clone, Copy)]
struct Field {
    offset: u64,
    width: u32,
    signed: bool,
}

/// What becomes of a number that its field cannot hold.
#[derive(Clone, Copy)]
enum Overflow {
    Wrap,
    Saturate,
    Fail,
}

#[derive(Clone, Copy)]
enum Operation {
    Get,
    Set(i64, Overflow),
    Add(i64, Overflow),
}

impl Field {
    fn parse(encoding: &[u8], offset: &[u8]) -> Result<Self, ReplyError> {
        let (signed, width) = match encoding {
            [b'i', width @ ..] => (true, width),
            [b'u', width @ ..] => (false, width),
            _ => return Err(BAD_ENCODING),
        };
        let widest = if signed { 64 } else { 63 };
        let width = number::decimal(width)
            .and_then(|width| u32::try_from(width).ok())
            .filter(|width| (1..=widest).contains(width))
            .ok_or(BAD_ENCODING)?;
        // `#3` is the third of fields of this width that lie side by side.
        let offset = match offset {
            [b'#', index @ ..] => {
                bit_offset(index)?.checked_mul(width.into()).filter(|offset| offset / 8 < BYTES_MAX as u64)
            }
            offset => Some(bit_offset(offset)?),
        };
        Ok(Self { offset: offset.ok_or(BAD_OFFSET)?, width, signed })
    }

    fn last_bit(self) -> u64 {
        self.offset + u64::from(self.width) - 1
    }

    fn read(self, bytes: &[u8]) -> i128 {
        self.interpret(bits::field(bytes, self.offset, self.width))
    }

    fn interpret(self, raw: u64) -> i128 {
        let unused = 64 - self.width;
        if self.signed { i128::from((raw << unused).cast_signed() >> unused) } else { i128::from(raw) }
    }

    /// `number` as the field can hold it; none where it cannot and that is to fail.
    fn fit(self, number: i128, overflow: Overflow) -> Option<i128> {
        let (least, most) = if self.signed {
            (-(1_i128 << (self.width - 1)), (1_i128 << (self.width - 1)) - 1)
        } else {
            (0, (1_i128 << self.width) - 1)
        };
        if (least..=most).contains(&number) {
            return Some(number);
        }
        match overflow {
            Overflow::Wrap => Some(self.interpret(number as u64 & (u64::MAX >> (64 - self.width)))),
            Overflow::Saturate => Some(number.clamp(least, most)),
            Overflow::Fail => None,
        }
    }

    /// What one operation on the number `old` answers with, and what it writes; nothing where it only reads or fails.
    fn work_out(self, old: i128, operation: Operation) -> (Option<i128>, Option<i128>) {
        let (new, overflow) = match operation {
            Operation::Get => return (Some(old), None),
            Operation::Set(value, overflow) if self.signed => (i128::from(value), overflow),
            // Redis takes a negative number for an unsigned field as the large one with the same bits.
            Operation::Set(value, overflow) => (i128::from(value.cast_unsigned()), overflow),
            Operation::Add(amount, overflow) => (old + i128::from(amount), overflow),
        };
        let new = self.fit(new, overflow);
        let set = matches!(operation, Operation::Set(..));
        (if set { new.and(Some(old)) } else { new }, new)
    }

    /// Does one operation on `bytes`, which hold the field unless it is only read; the number to answer with, and whether
    /// the field is another one now.
    fn apply(self, bytes: &mut [u8], operation: Operation) -> (Option<i128>, bool) {
        let old = self.read(bytes);
        let (answer, written) = self.work_out(old, operation);
        if let Some(new) = written {
            bits::set_field(bytes, self.offset, self.width, new as u64);
        }
        (answer, written.is_some_and(|new| new != old))
    }
}

type Operations = SmallVec<[(Field, Operation); 4]>;

fn parse(args: Args<'_>, read_only: bool) -> Result<Operations, ReplyError> {
    let (mut operations, mut overflow) = (Operations::new(), Overflow::Wrap);
    let mut cursor = Cursor::at(args, 2);
    while cursor.remaining() > 0 {
        let get = cursor.word("GET");
        let set = !get && cursor.word("SET");
        let add = !get && !set && cursor.word("INCRBY");
        let needed = if get { 2 } else { 3 };
        if (get || set || add) && cursor.remaining() >= needed {
            let field = Field::parse(cursor.required()?, cursor.required()?)?;
            if !get && read_only {
                return Err(ReplyError::err("BITFIELD_RO only supports the GET subcommand"));
            }
            if !get && field.last_bit() / 8 >= BYTES_MAX as u64 {
                return Err(BAD_OFFSET);
            }
            let operation = match (get, set) {
                (true, _) => Operation::Get,
                (_, true) => Operation::Set(cursor.integer()?, overflow),
                _ => Operation::Add(cursor.integer()?, overflow),
            };
            operations.push((field, operation));
        } else if !get && !set && !add && cursor.remaining() >= 2 && cursor.word("OVERFLOW") {
            overflow = parse_overflow(&mut cursor)?;
        } else {
            return Err(error::SYNTAX);
        }
    }
    Ok(operations)
}

fn parse_overflow(cursor: &mut Cursor<'_>) -> Result<Overflow, ReplyError> {
    if cursor.word("WRAP") {
        Ok(Overflow::Wrap)
    } else if cursor.word("SAT") {
        Ok(Overflow::Saturate)
    } else if cursor.word("FAIL") {
        Ok(Overflow::Fail)
    } else {
        Err(ReplyError::err("Invalid OVERFLOW type specified"))
    }
}

fn bitfield(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let operations = parse(args, false)?;
    let written = operations.iter().filter(|(_, operation)| !matches!(operation, Operation::Get));
    let Some(last) = written.map(|(field, _)| field.last_bit()).max() else {
        return read(cx, &args[1], &operations, reply);
    };
    if let Some(answers) = unchanged(cx, &args[1], &operations, last)? {
        // It is as it should be: whoever watches the key is not disturbed.
        answer(&answers, reply);
        return Ok(());
    }
    let (grown, answers) = cx.change_string(&args[1], |string| {
        let before = string.len();
        let bytes = bytes_with(string, last);
        let grown = bytes.len() > before;
        (
            grown,
            operations.iter().map(|(field, operation)| field.apply(bytes, *operation)).collect::<Vec<_>>(),
        )
    })?;
    // Each operation that writes into a longer string is a change, and else each that writes another number.
    let changes = operations
        .iter()
        .zip(&answers)
        .filter(|((_, operation), (_, changed))| *changed || grown && !matches!(operation, Operation::Get));
    let changes = changes.count();
    cx.changed(changes.saturating_sub(1));
    if changes > 0 {
        cx.notify(EventClass::String, "setbit", &args[1]);
    }
    answer(&answers.into_iter().map(|(answer, _)| answer).collect::<Vec<_>>(), reply);
    Ok(())
}

/// The answers, if the string reaches to the bit `last` and is the same after all operations.
fn unchanged(
    cx: &mut Context<'_>,
    key: &[u8],
    operations: &Operations,
    last: u64,
) -> Result<Option<Vec<Option<i128>>>, ReplyError> {
    let Some(bytes) = cx.peek_string(key)?.map(StrRef::bytes) else { return Ok(None) };
    if last / 8 >= bytes.len() as u64 {
        return Ok(None);
    }
    let outcomes = operations.iter().map(|(field, operation)| {
        let old = field.read(&bytes);
        let (answer, written) = field.work_out(old, *operation);
        written.is_none_or(|new| new == old).then_some(answer)
    });
    Ok(outcomes.collect())
}

fn answer(answers: &[Option<i128>], reply: &mut ReplyWriter) {
    reply.array(answers.len());
    for answer in answers {
        match answer {
            Some(number) => reply.integer(*number as i64),
            None => reply.null(),
        }
    }
}

fn bitfield_ro(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let operations = parse(args, true)?;
    read(cx, &args[1], &operations, reply)
}

fn read(cx: &mut Context<'_>, key: &[u8], operations: &Operations, reply: &mut ReplyWriter) -> Outcome {
    let bytes = cx.read_string(key)?.map(StrRef::bytes).unwrap_or_default();
    reply.array(operations.len());
    for (field, _) in operations {
        reply.integer(field.read(&bytes) as i64);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    const BAD_ENCODING: &str =
        "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
    const BAD_OFFSET: &str = "-ERR bit offset is not an integer or out of range";

    #[test]
    fn fields_are_read_and_written() {
        let mut bench = Bench::new();
        bench.table(&[
            ("BITFIELD a", "*0"),
            ("BITFIELD a INCRBY i5 100 1 GET u4 0", "*2 :1 :0"),
            ("STRLEN a", ":14"),
            ("BITFIELD a SET i8 #1 -2 GET u8 #1 GET i8 8", "*3 :0 :254 :-2"),
            ("BITFIELD_RO a GET u8 8 GET u16 4000", "*2 :254 :0"),
            ("BITFIELD m SET i64 0 -1 INCRBY i64 0 -9223372036854775807", "*2 :0 :-9223372036854775808"),
            ("BITFIELD m GET u63 1", "*1 :0"),
            ("BITFIELD none GET u8 0", "*1 :0"),
            ("EXISTS none", ":0"),
        ]);
        bench.no_string("o");
        bench.table(&[
            ("BITFIELD o GET u8 0", Bench::WRONG_TYPE),
            ("BITFIELD o SET u8 0 1", Bench::WRONG_TYPE),
            ("BITFIELD_RO o GET u8 0", Bench::WRONG_TYPE),
        ]);
    }

    #[test]
    fn only_what_changes_counts() {
        let mut bench = Bench::new();
        for (line, changes) in [
            ("BITFIELD a SET i5 0 0", 1),
            ("BITFIELD a SET i5 0 0 GET i5 0", 0),
            ("BITFIELD a SET i5 0 1 SET i5 0 1 SET i5 0 0", 2),
            ("BITFIELD a SET i5 90 0", 1),
            ("BITFIELD a SET i5 0 0 SET i5 200 0", 2),
            ("BITFIELD a OVERFLOW FAIL INCRBY u8 0 -1", 0),
        ] {
            assert_eq!(bench.effects(line).changes, changes, "{line}");
        }
    }

    #[test]
    fn overflow_wraps_saturates_or_fails() {
        Bench::new().table(&[
            ("BITFIELD a SET u8 0 255 INCRBY u8 0 2", "*2 :0 :1"),
            ("BITFIELD a OVERFLOW SAT INCRBY u8 0 1000 INCRBY u8 0 -1000", "*2 :255 :0"),
            ("BITFIELD a OVERFLOW FAIL INCRBY u8 0 -1 GET u8 0", "*2 $-1 :0"),
            ("BITFIELD a SET i8 0 200 GET i8 0", "*2 :0 :-56"),
            ("BITFIELD a OVERFLOW sat SET i8 0 -200 GET i8 0", "*2 :-56 :-128"),
            ("BITFIELD a SET u8 0 0 OVERFLOW SAT SET u8 0 -1 GET u8 0", "*3 :128 :0 :255"),
            ("BITFIELD a OVERFLOW FAIL SET i8 0 127 INCRBY i8 0 1", "*2 :-1 $-1"),
            ("BITFIELD a OVERFLOW WRAP INCRBY i8 0 1", "*1 :-128"),
        ]);
    }

    #[test]
    fn mistakes_are_told() {
        let mut bench = Bench::new();
        for (line, error) in [
            ("BITFIELD a GET u64 0", BAD_ENCODING),
            ("BITFIELD a GET i65 0", BAD_ENCODING),
            ("BITFIELD a GET i0 0", BAD_ENCODING),
            ("BITFIELD a GET x8 0", BAD_ENCODING),
            ("BITFIELD a GET i 0", BAD_ENCODING),
            ("BITFIELD a GET i8 -1", BAD_OFFSET),
            ("BITFIELD a GET i8 #", BAD_OFFSET),
            ("BITFIELD a GET i8 #536870912", BAD_OFFSET),
            ("BITFIELD a SET i8 4294967289 1", BAD_OFFSET),
            ("BITFIELD a GET i8", "-ERR syntax error"),
            ("BITFIELD a SET i8 0", "-ERR syntax error"),
            ("BITFIELD a SET i8 0 x", "-ERR value is not an integer or out of range"),
            ("BITFIELD a OVERFLOW", "-ERR syntax error"),
            ("BITFIELD a OVERFLOW NONE", "-ERR Invalid OVERFLOW type specified"),
            ("BITFIELD_RO a SET i8 0 1", "-ERR BITFIELD_RO only supports the GET subcommand"),
        ] {
            bench.table(&[(line, error)]);
        }
        bench.table(&[("EXISTS a", ":0")]);
    }
}
