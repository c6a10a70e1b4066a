//! Commands on single bits of strings.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::args::index_range;
use crate::command::args::integer;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::bits;
use crate::value::number;
use crate::value::string::BYTES_MAX;
use crate::value::string::Str;
use crate::value::string::StrRef;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::read("BITCOUNT", -2, Group::Bitmap, bitcount).keys(Keys::ONE).doc(
        "2.6.0",
        "Counts the number of set bits (population counting) in a string.",
        "key [start end [BYTE | BIT]]",
        "O(N) where N is the length of the string",
    ),
    Spec::write("BITOP", -4, Group::Bitmap, bitop)
        .with(Flags::DENYOOM)
        .keys(Keys::Range { first: 2, last: -1, step: 1 })
        .doc(
            "2.6.0",
            "Performs bitwise operations on multiple strings, and stores the result.",
            "<AND | OR | XOR | NOT> destkey key [key ...]",
            "O(N) where N is the length of the longest string",
        ),
    Spec::read("BITPOS", -3, Group::Bitmap, bitpos).keys(Keys::ONE).doc(
        "2.8.7",
        "Finds the first set (1) or clear (0) bit in a string.",
        "key bit [start [end [BYTE | BIT]]]",
        "O(N) where N is the length of the string",
    ),
    Spec::read("GETBIT", 3, Group::Bitmap, getbit).with(Flags::FAST).keys(Keys::ONE).doc(
        "2.2.0",
        "Returns a bit value by offset.",
        "key offset",
        "O(1)",
    ),
    Spec::write("SETBIT", 4, Group::Bitmap, setbit).with(Flags::DENYOOM).keys(Keys::ONE).doc(
        "2.2.0",
        "Sets or clears the bit at offset of the string value. Creates the key if it doesn't exist.",
        "key offset value",
        "O(1)",
    ),
];

/// Not a bit of a string that may be.
pub(super) const BAD_OFFSET: ReplyError = ReplyError::err("bit offset is not an integer or out of range");
/// Neither 0 nor 1.
const BAD_BIT: ReplyError = ReplyError::err("bit is not an integer or out of range");

/// An offset as a bit of a string that may be.
pub(super) fn bit_offset(argument: &[u8]) -> Result<u64, ReplyError> {
    let offset = number::decimal(argument).and_then(|offset| u64::try_from(offset).ok());
    offset.filter(|offset| offset / 8 < BYTES_MAX as u64).ok_or(BAD_OFFSET)
}

/// A string's bytes with room for the bit `last`, for changing in place.
pub(super) fn bytes_with(string: &mut Str, last: u64) -> &mut Vec<u8> {
    let len = (last / 8) as usize + 1;
    let bytes = string.make_room(len);
    bytes.resize(bytes.len().max(len), 0);
    bytes
}

fn getbit(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let offset = bit_offset(&args[2])?;
    let bit = cx.read_string(&args[1])?.is_some_and(|string| bits::get(&string.bytes(), offset));
    reply.integer(bit.into());
    Ok(())
}

fn setbit(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let offset = bit_offset(&args[2])?;
    let bit = match number::decimal(&args[3]) {
        Some(0) => false,
        Some(1) => true,
        _ => return Err(BAD_BIT),
    };
    let present = cx.peek_string(&args[1])?.map(StrRef::bytes);
    if present.is_some_and(|bytes| offset / 8 < bytes.len() as u64 && bits::get(&bytes, offset) == bit) {
        // It is as it should be: whoever watches the key is not disturbed.
        reply.integer(bit.into());
        return Ok(());
    }
    let old = cx.change_string(&args[1], |string| bits::set(bytes_with(string, offset), offset, bit))?;
    cx.notify(EventClass::String, "setbit", &args[1]);
    reply.integer(old.into());
    Ok(())
}

/// A range of bits as `BITCOUNT` and `BITPOS` are told, in bytes or in bits.
struct BitRange {
    start: i64,
    end: Option<i64>,
    in_bits: bool,
}

impl BitRange {
    /// What `cursor` has left: nothing, a start, an end, the unit.
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, ReplyError> {
        let start = if cursor.remaining() > 0 { cursor.integer()? } else { 0 };
        let end = if cursor.remaining() > 0 { Some(cursor.integer()?) } else { None };
        let in_bits = cursor.word("BIT");
        if !in_bits {
            cursor.word("BYTE");
        }
        cursor.end()?;
        Ok(Self { start, end, in_bits })
    }

    /// As `BITPOS` takes it: it compares the ends when they are cut off, other than `BITCOUNT`, so that any range before
    /// the string is the string's first unit.
    fn cut_first(&self, len: usize) -> Self {
        let first = -(len as i64 * if self.in_bits { 8 } else { 1 });
        Self { start: self.start.max(first), end: self.end.map(|end| end.max(first)), in_bits: self.in_bits }
    }

    /// The first and the last bit in a string of `len` bytes; none where nothing is left of the range.
    fn bits(&self, len: usize) -> Option<(u64, u64)> {
        let end = self.end.unwrap_or(-1);
        if self.in_bits {
            return index_range(self.start, end, len as u64 * 8);
        }
        let (start, end) = index_range(self.start, end, len as u64)?;
        Some((start * 8, end * 8 + 7))
    }
}

fn bitcount(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    if args.len() == 3 {
        return Err(error::SYNTAX);
    }
    let range = BitRange::parse(&mut Cursor::at(args, 2))?;
    let bytes = cx.read_string(&args[1])?.map(StrRef::bytes).unwrap_or_default();
    let count = range.bits(bytes.len()).map_or(0, |(first, last)| bits::count(&bytes, first, last));
    reply.integer(count.cast_signed());
    Ok(())
}

fn bitpos(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let bit = match integer(&args[2])? {
        0 => false,
        1 => true,
        _ => return Err(ReplyError::err("The bit argument must be 1 or 0.")),
    };
    let range = BitRange::parse(&mut Cursor::at(args, 3))?;
    let Some(string) = cx.read_string(&args[1])? else {
        // A key that is not there counts as endless zeros.
        reply.integer(if bit { -1 } else { 0 });
        return Ok(());
    };
    let bytes = string.bytes();
    let found = range.cut_first(bytes.len()).bits(bytes.len()).and_then(|(first, last)| {
        let within = bits::position(&bytes, bit, first, last);
        // Without an end the string counts as followed by zeros.
        within.or((!bit && range.end.is_none()).then_some(last + 1))
    });
    reply.integer(found.map_or(-1, u64::cast_signed));
    Ok(())
}

fn bitop(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    type Combine = fn(u8, u8) -> u8;
    const OPERATIONS: [(&str, Combine); 3] =
        [("AND", |a, b| a & b), ("OR", |a, b| a | b), ("XOR", |a, b| a ^ b)];
    let mut cursor = Cursor::at(args, 1);
    let combine = OPERATIONS.iter().find(|(word, _)| cursor.word(word)).map(|(_, combine)| *combine);
    if combine.is_none() && !cursor.word("NOT") {
        return Err(error::SYNTAX);
    }
    if combine.is_none() && args.len() != 4 {
        return Err(ReplyError::err("BITOP NOT must be called with a single source key."));
    }
    let mut sources = Vec::with_capacity(args.len() - 3);
    for key in args.from(3).iter() {
        sources.push(cx.read_string(key)?.map(|string| string.bytes().into_owned()).unwrap_or_default());
    }
    let longest = sources.iter().map(Vec::len).max().unwrap_or(0);
    let mut sources = sources.into_iter();
    let mut result = sources.next().unwrap_or_default();
    result.resize(longest, 0);
    match combine {
        None => result.iter_mut().for_each(|byte| *byte = !*byte),
        Some(combine) => {
            for mut source in sources {
                source.resize(longest, 0);
                result.iter_mut().zip(source).for_each(|(byte, other)| *byte = combine(*byte, other));
            }
        }
    }
    let destination = &args[2];
    if longest > 0 {
        cx.set(destination, StrRef::new(&result), None);
        cx.notify(EventClass::String, "set", destination);
    } else if cx.remove(destination) {
        cx.notify(EventClass::Generic, "del", destination);
    }
    reply.count(longest);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    const BAD_OFFSET: &str = "-ERR bit offset is not an integer or out of range";

    #[test]
    fn single_bits_are_written_and_read() {
        let mut bench = Bench::new();
        bench.table(&[
            ("SETBIT a 7 1", ":0"),
            ("SETBIT a 7 0", ":1"),
            ("SETBIT a 1 1", ":0"),
            ("GET a", "$1 @"),
            ("GETBIT a 1", ":1"),
            ("GETBIT a 100", ":0"),
            ("GETBIT none 0", ":0"),
            ("SETBIT a 23 1", ":0"),
            ("STRLEN a", ":3"),
            ("SETBIT a 0 2", "-ERR bit is not an integer or out of range"),
            ("SETBIT a x 1", BAD_OFFSET),
            ("SETBIT a -1 1", BAD_OFFSET),
            ("SETBIT a 4294967296 1", BAD_OFFSET),
            ("GETBIT a 4294967296", BAD_OFFSET),
            ("GETBIT a 4294967295", ":0"),
            ("STRLEN a", ":3"),
        ]);
        bench.no_string("o");
        for line in ["GETBIT o 0", "SETBIT o 0 1", "BITCOUNT o", "BITPOS o 1", "BITOP NOT d o"] {
            bench.table(&[(line, Bench::WRONG_TYPE)]);
        }
    }

    #[test]
    fn bits_are_counted_and_found() {
        Bench::new().table(&[
            ("SET a foobar", "+OK"),
            ("BITCOUNT a", ":26"),
            ("BITCOUNT a 0 0", ":4"),
            ("BITCOUNT a 1 1 BYTE", ":6"),
            ("BITCOUNT a 5 30 BIT", ":17"),
            ("BITCOUNT a 5 30 bits", "-ERR syntax error"),
            ("BITCOUNT a 1", "-ERR syntax error"),
            ("BITCOUNT none 0 x", "-ERR value is not an integer or out of range"),
            ("BITCOUNT none", ":0"),
            ("BITPOS a 1", ":1"),
            ("BITPOS a 0 1", ":8"),
            ("BITPOS a 1 2 -1 BIT", ":2"),
            ("BITPOS a 1 -100 -200", ":1"),
            ("BITPOS a 0 -100 -200", ":0"),
            ("BITPOS a 2", "-ERR The bit argument must be 1 or 0."),
            ("BITPOS none 0", ":0"),
            ("BITPOS none 1", ":-1"),
            ("BITFIELD full SET u16 0 65535", "*1 :0"),
            ("BITPOS full 0", ":16"),
            ("BITPOS full 0 1", ":16"),
            ("BITPOS full 0 0 -1", ":-1"),
            ("BITPOS full 0 9", ":-1"),
        ]);
    }

    #[test]
    fn strings_are_combined() {
        Bench::new().table(&[
            ("MSET a abc b a", "+OK"),
            ("BITOP AND d a b", ":3"),
            ("GET d", "$3 a\0\0"),
            ("BITOP or d a b none", ":3"),
            ("GET d", "$3 abc"),
            ("BITOP XOR d a b", ":3"),
            ("GET d", "$3 \0bc"),
            ("SET n 000", "+OK"),
            ("BITOP XOR d d d", ":3"),
            ("BITOP OR d d n", ":3"),
            ("GET d", "$3 000"),
            ("BITOP NOT d none", ":0"),
            ("EXISTS d", ":0"),
            ("BITOP NOT d a b", "-ERR BITOP NOT must be called with a single source key."),
            ("BITOP NAND d a b", "-ERR syntax error"),
        ]);
    }
}
