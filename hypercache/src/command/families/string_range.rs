//! Commands on parts of strings, and on two strings together.

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
use crate::value::lcs;
use crate::value::lcs::Run;
use crate::value::string::BYTES_MAX;
use crate::value::string::StrRef;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::write("APPEND", 3, Group::String, append)
        .with(Flags::DENYOOM.and(Flags::FAST))
        .keys(Keys::ONE)
        .doc(
            "2.0.0",
            "Appends a string to the value of a key. Creates the key if it doesn't exist.",
            "key value",
            "O(1) amortized",
        ),
    Spec::read("GETRANGE", 4, Group::String, getrange).keys(Keys::ONE).doc(
        "2.4.0",
        "Returns a substring of the string stored at a key.",
        "key start end",
        "O(N) where N is the length of the returned string",
    ),
    Spec::read("LCS", -3, Group::String, longest_common).keys(Keys::TWO).doc(
        "7.0.0",
        "Finds the longest common substring of two strings.",
        "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
        "O(N*M) where N and M are the lengths of the strings",
    ),
    Spec::write("SETRANGE", 4, Group::String, setrange).with(Flags::DENYOOM).keys(Keys::ONE).doc(
        "2.2.0",
        "Overwrites a part of a string value with another by an offset. Creates the key if it doesn't exist.",
        "key offset value",
        "O(N) where N is the length of the value, and of the gap before it",
    ),
    Spec::read("STRLEN", 2, Group::String, strlen).with(Flags::FAST).keys(Keys::ONE).doc(
        "2.2.0",
        "Returns the length of a string value.",
        "key",
        "O(1)",
    ),
    Spec::read("SUBSTR", 4, Group::String, getrange).keys(Keys::ONE).doc(
        "1.0.0",
        "Returns a substring from a string value. Replaced by GETRANGE.",
        "key start end",
        "O(N) where N is the length of the returned string",
    ),
];

/// Most cells of the table that `LCS` fills: as many as Redis fits into its longest bulk string.
const LCS_CELLS_MAX: usize = BYTES_MAX / 4;

fn append(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, more) = (&args[1], &args[2]);
    let Some(old) = cx.peek_string(key)?.map(StrRef::len) else {
        cx.set(key, StrRef::new(more), None);
        cx.notify(EventClass::String, "append", key);
        reply.count(more.len());
        return Ok(());
    };
    fits(old, more.len())?;
    cx.change_string(key, |string| string.make_room(old + more.len()).extend_from_slice(more))?;
    cx.notify(EventClass::String, "append", key);
    reply.count(old + more.len());
    Ok(())
}

fn getrange(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (start, end) = (integer(&args[2])?, integer(&args[3])?);
    let bytes = cx.read_string(&args[1])?.map(StrRef::bytes).unwrap_or_default();
    match index_range(start, end, bytes.len() as u64) {
        Some((start, end)) => reply.bulk(&bytes[start as usize..=end as usize]),
        None => reply.bulk(""),
    }
    Ok(())
}

fn setrange(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, part) = (&args[1], &args[3]);
    let offset =
        usize::try_from(integer(&args[2])?).map_err(|_| ReplyError::err("offset is out of range"))?;
    let old = cx.peek_string(key)?.map_or(0, StrRef::len);
    if part.is_empty() {
        reply.count(old);
        return Ok(());
    }
    fits(offset, part.len())?;
    let len = cx.change_string(key, |string| {
        let bytes = string.make_room(offset + part.len());
        bytes.resize(bytes.len().max(offset + part.len()), 0);
        bytes[offset..offset + part.len()].copy_from_slice(part);
        bytes.len()
    })?;
    cx.notify(EventClass::String, "setrange", key);
    reply.count(len);
    Ok(())
}

fn strlen(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    reply.count(cx.read_string(&args[1])?.map_or(0, StrRef::len));
    Ok(())
}

fn fits(before: usize, more: usize) -> Result<(), ReplyError> {
    let fits = before.checked_add(more).is_some_and(|len| len <= BYTES_MAX);
    if fits { Ok(()) } else { Err(error::TOO_LONG) }
}

#[derive(Default)]
struct LcsOptions {
    length_only: bool,
    runs: bool,
    run_lengths: bool,
    run_length_min: usize,
}

impl LcsOptions {
    fn parse(args: Args<'_>) -> Result<Self, ReplyError> {
        let mut options = Self::default();
        let mut cursor = Cursor::at(args, 3);
        while cursor.remaining() > 0 {
            if cursor.word("LEN") {
                options.length_only = true;
            } else if cursor.word("IDX") {
                options.runs = true;
            } else if cursor.word("WITHMATCHLEN") {
                options.run_lengths = true;
            } else if cursor.word("MINMATCHLEN") {
                options.run_length_min = usize::try_from(cursor.integer()?).unwrap_or(0);
            } else {
                return Err(error::SYNTAX);
            }
        }
        if options.length_only && options.runs {
            return Err(ReplyError::err("If you want both the length and indexes, please just use IDX."));
        }
        Ok(options)
    }
}

fn longest_common(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let mut read = |key| match cx.read_string(key) {
        Ok(string) => Ok(string.map(|string| string.bytes().into_owned()).unwrap_or_default()),
        Err(_) => Err(ReplyError::err("The specified keys must contain string values")),
    };
    // Both are looked at, even where the first is no string.
    let [left, right] = [read(&args[1]), read(&args[2])];
    let (left, right) = (left?, right?);
    let options = LcsOptions::parse(args)?;
    if (left.len() + 1).saturating_mul(right.len() + 1) > LCS_CELLS_MAX {
        return Err(ReplyError::err(
            "Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
        ));
    }
    if options.length_only {
        reply.count(lcs::length(&left, &right));
        return Ok(());
    }
    let runs = lcs::runs(&left, &right);
    if options.runs {
        write_runs(reply, &runs, &options);
    } else {
        let bytes: Vec<u8> =
            runs.iter().rev().flat_map(|run| &left[run.left..run.left + run.len]).copied().collect();
        reply.bulk(bytes);
    }
    Ok(())
}

fn write_runs(reply: &mut ReplyWriter, runs: &[Run], options: &LcsOptions) {
    let shown = || runs.iter().filter(|run| run.len >= options.run_length_min);
    reply.map(2);
    reply.bulk("matches");
    reply.array(shown().count());
    for run in shown() {
        reply.array(2 + usize::from(options.run_lengths));
        for start in [run.left, run.right] {
            reply.array(2);
            reply.count(start);
            reply.count(start + run.len - 1);
        }
        if options.run_lengths {
            reply.count(run.len);
        }
    }
    reply.bulk("len");
    reply.count(runs.iter().map(|run| run.len).sum());
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    #[test]
    fn parts_are_read_and_written() {
        let mut bench = Bench::new();
        bench.table(&[
            ("APPEND a 12", ":2"),
            ("OBJECT ENCODING a", "$3 int"),
            ("APPEND a xyz", ":5"),
            ("GET a", "$5 12xyz"),
            ("STRLEN a", ":5"),
            ("STRLEN none", ":0"),
            ("GETRANGE a 1 -2", "$3 2xy"),
            ("SUBSTR a -100 100", "$5 12xyz"),
            ("GETRANGE a 5 9", "$0 "),
            ("GETRANGE none 0 -1", "$0 "),
            ("GETRANGE a x 1", "-ERR value is not an integer or out of range"),
            ("SETRANGE a 1 AB", ":5"),
            ("GET a", "$5 1AByz"),
            ("SETRANGE b 2 x", ":3"),
            ("GET b", "$3 \0\0x"),
            ("SETRANGE none 9 ''", ":0"),
            ("EXISTS none", ":0"),
            ("SETRANGE a 0 ''", ":5"),
            ("SETRANGE a -1 x", "-ERR offset is out of range"),
            ("SETRANGE a 536870911 xy", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)"),
            (
                "SETRANGE a 9223372036854775807 x",
                "-ERR string exceeds maximum allowed size (proto-max-bulk-len)",
            ),
            ("STRLEN a", ":5"),
        ]);
        bench.no_string("o");
        for line in ["APPEND o x", "STRLEN o", "GETRANGE o 0 1", "SETRANGE o 0 x", "SETRANGE o 0 ''"] {
            bench.table(&[(line, Bench::WRONG_TYPE)]);
        }
    }

    #[test]
    fn appending_keeps_the_time_to_live_and_stops_at_the_longest_string() {
        let mut bench = Bench::new();
        bench.table(&[
            ("SET a x EX 10", "+OK"),
            ("APPEND a y", ":2"),
            ("TTL a", ":10"),
            ("SETRANGE big 536870910 x", ":536870911"),
            ("APPEND big y", ":536870912"),
            ("APPEND big y", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)"),
        ]);
    }

    #[test]
    fn the_longest_common_subsequence_is_told_in_three_ways() {
        let mut bench = Bench::new();
        bench.table(&[
            ("MSET a ohmytext b mynewtext", "+OK"),
            ("LCS a b", "$6 mytext"),
            ("LCS a b LEN", ":6"),
            ("LCS a none", "$0 "),
            ("LCS a b IDX", "*4 $7 matches *2 *2 *2 :4 :7 *2 :5 :8 *2 *2 :2 :3 *2 :0 :1 $3 len :6"),
            ("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN", "*4 $7 matches *1 *3 *2 :4 :7 *2 :5 :8 :4 $3 len :6"),
            ("LCS a b IDX LEN", "-ERR If you want both the length and indexes, please just use IDX."),
            ("LCS a b MINMATCHLEN", "-ERR syntax error"),
            ("LCS a b NONSENSE", "-ERR syntax error"),
            ("SETRANGE c 999999 x", ":1000000"),
            ("LCS c c", "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"),
        ]);
        bench.no_string("o");
        bench.table(&[("LCS a o", "-ERR The specified keys must contain string values")]);
    }
}
