//! Commands that look into values and the process: the entries, and what works on data.

mod debug;
mod digest;
mod reload;

use crate::command::Context;
use crate::command::Outcome;
use crate::command::args::Cursor;
use crate::command::error;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::NodeCommand;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::container("DEBUG", Group::Server, debug::COMMANDS)
        .with(Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::LOADING).and(Flags::STALE).and(Flags::PROTECTED))
        .doc("1.0.0", "A container for debugging commands.", "", "Depends on subcommand."),
    Spec::container("MEMORY", Group::Server, MEMORY).doc(
        "4.0.0",
        "A container for memory diagnostics commands.",
        "",
        "Depends on subcommand.",
    ),
];

const MEMORY: &[Spec] = &[
    Spec::node("DOCTOR", 2, NodeCommand::MemoryDoctor).doc(
        "4.0.0",
        "Outputs a memory problems report.",
        "",
        "O(1)",
    ),
    Spec::node("HELP", 2, NodeCommand::Help("MEMORY")).doc(
        "4.0.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    Spec::node("MALLOC-STATS", 2, NodeCommand::MemoryMallocStats).doc(
        "4.0.0",
        "Returns the allocator's statistics.",
        "",
        "O(1)",
    ),
    Spec::node("PURGE", 2, NodeCommand::MemoryPurge).doc(
        "4.0.0",
        "Asks the allocator to release memory.",
        "",
        "Depends on how much memory is allocated, could be slow",
    ),
    Spec::node("STATS", 2, NodeCommand::MemoryStats).doc(
        "4.0.0",
        "Returns details about memory usage.",
        "",
        "O(N) where N is the number of stores",
    ),
    Spec::read("USAGE", -3, Group::Server, usage).keys(Keys::Range { first: 2, last: 2, step: 1 }).doc(
        "4.0.0",
        "Estimates the memory usage of a key; no sampling is needed, values know their sizes.",
        "key [SAMPLES count]",
        "O(1)",
    ),
];

/// Bytes that the table takes for one entry: a pointer, and its part of the segment's directory.
const TABLE_SHARE: usize = 2 * size_of::<usize>();

/// `MEMORY USAGE`.
fn usage(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let mut cursor = Cursor::at(args, 3);
    while cursor.remaining() > 0 {
        if !cursor.word("SAMPLES") || cursor.integer()? < 0 {
            return Err(error::SYNTAX);
        }
    }
    match cx.peek(&args[2]) {
        Some(entry) => reply.count(entry.footprint() + TABLE_SHARE),
        None => reply.null(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    fn usage(bench: &mut Bench, key: &str) -> usize {
        let reply = bench.run_line(&format!("MEMORY USAGE {key}"));
        reply.trim_start_matches(':').trim_end().parse().unwrap_or_else(|_| panic!("{reply}"))
    }

    #[test]
    fn usage_grows_with_the_value_and_needs_no_samples() {
        let mut bench = Bench::new();
        bench.table(&[
            ("SET a 1", "+OK"),
            ("MEMORY USAGE none", "$-1"),
            ("MEMORY USAGE a SAMPLES -1", "-ERR syntax error"),
            ("MEMORY USAGE a SAMPLES", "-ERR syntax error"),
            ("MEMORY USAGE a SAMPLES x", "-ERR value is not an integer or out of range"),
            ("MEMORY USAGE a MORE 1", "-ERR syntax error"),
            ("SETRANGE b 99999 x", ":100000"),
        ]);
        let small = usage(&mut bench, "a");
        assert!((40..200).contains(&small), "{small}");
        assert!((100_000..200_000).contains(&usage(&mut bench, "b SAMPLES 0")));
    }
}
