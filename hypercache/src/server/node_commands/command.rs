//! `COMMAND`: the table of commands, as clients and `redis-cli` read it.

mod docs;

use std::iter::once;

use crate::command::Command;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::error;
use crate::command::key_flags;
use crate::command::key_flags::KeyFlags;
use crate::command::spec::Keys;
use crate::command::spec::Run;
use crate::command::table::table;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::server::node_commands::help;
use crate::value::glob;

const NO_KEYS: ReplyError = ReplyError::err("The command has no key arguments");
const NO_COMMAND: ReplyError = ReplyError::err("Invalid command specified");
const WRONG_NUMBER: ReplyError = ReplyError::err("Invalid number of arguments specified for command");
const WRONG_ARGUMENTS: ReplyError = ReplyError::err("Invalid arguments specified for command");

/// `COMMAND`: what `COMMAND INFO` tells, of all commands.
pub fn all(reply: &mut ReplyWriter) {
    reply.array(table().top_level().count());
    table().top_level().for_each(|command| describe(command, reply));
}

/// `COMMAND COUNT`.
pub fn count(reply: &mut ReplyWriter) {
    reply.count(table().top_level().count());
}

/// `COMMAND INFO`: of the commands that are named, or of all.
pub fn info(args: Args<'_>, reply: &mut ReplyWriter) {
    let names = args.from(2);
    if names.is_empty() {
        return all(reply);
    }
    reply.array(names.len());
    for name in names.iter() {
        match table().find(name) {
            Some(command) => describe(command, reply),
            None => reply.null(),
        }
    }
}

/// `COMMAND DOCS`: of the commands that are named, or of all. Unknown names are left out.
pub fn docs(args: Args<'_>, reply: &mut ReplyWriter) {
    let names = args.from(2);
    let found: Vec<&Command> = if names.is_empty() {
        table().top_level().collect()
    } else {
        names.iter().filter_map(|name| table().find(name)).collect()
    };
    docs::write(&found, reply);
}

/// Ten elements: name, arity, flags, first and last key and step, categories, tips, key specifications, subcommands.
fn describe(command: &Command, reply: &mut ReplyWriter) {
    let spec = command.spec;
    reply.array(10);
    reply.bulk(command.lower_name());
    reply.integer(spec.arity.into());
    words(spec.flags.names(), reply);
    let (first, last, step) = match spec.keys {
        Keys::DestinationAndNumkeys | Keys::OneAndStored { .. } | Keys::Sorted { .. } => (1, 1, 1),
        Keys::AfterStreams | Keys::None | Keys::Numkeys { .. } => (0, 0, 0),
        Keys::Range { first, last, step } => (first, last, step),
    };
    reply.count(first);
    reply.integer(last.into());
    reply.count(step);
    words(spec.categories().into_iter().map(|category| format!("@{category}")), reply);
    reply.set(0);
    key_specifications(command, reply);
    let subcommands: Vec<&Command> = table().subcommands_of(command).collect();
    if subcommands.is_empty() {
        reply.set(0);
    } else {
        reply.array(subcommands.len());
        subcommands.into_iter().for_each(|subcommand| describe(subcommand, reply));
    }
}

/// A set of simple strings.
fn words(words: impl Iterator<Item = impl AsRef<str>>, reply: &mut ReplyWriter) {
    let words: Vec<_> = words.collect();
    reply.set(words.len());
    words.iter().for_each(|word| reply.simple(word.as_ref()));
}

fn key_specifications(command: &Command, reply: &mut ReplyWriter) {
    let flags = key_flags::of(command);
    let found = match command.spec.keys {
        Keys::AfterStreams => {
            let halved = vec![("lastkey", -1), ("keystep", 1), ("limit", 2)];
            vec![(Begin::Word("STREAMS", 1), "range", halved)]
        }
        Keys::DestinationAndNumkeys => vec![one(Begin::Index(1)), keynum(2)],
        Keys::None => Vec::new(),
        Keys::Range { first, last, step } => {
            // The first key stands alone where something else is done to it than to the rest.
            let alone = flags.len() > 1;
            let rest = first + if alone { step } else { 0 };
            let ahead = alone.then(|| one(Begin::Index(first)));
            // From the first key on; what counts from the end of the arguments stays as it is.
            let from_first = i64::from(last) - i64::try_from(rest).unwrap_or(i64::MAX);
            let last = if last < 0 { last.into() } else { from_first };
            let step = i64::try_from(step).unwrap_or(i64::MAX);
            let range = vec![("lastkey", last), ("keystep", step), ("limit", 0)];
            ahead.into_iter().chain([(Begin::Index(rest), "range", range)]).collect()
        }
        Keys::Numkeys { at } => vec![keynum(at)],
        Keys::Sorted { stores } => {
            let elsewhere = (Begin::Unknown, "unknown", Vec::new());
            let stored = stores.then(|| elsewhere.clone());
            [one(Begin::Index(1)), elsewhere].into_iter().chain(stored).collect()
        }
        Keys::OneAndStored { from } => {
            vec![one(Begin::Index(1)), one(Begin::Word("STORE", from)), one(Begin::Word("STOREDIST", from))]
        }
    };
    reply.set(found.len());
    for (index, (begin, kind, numbers)) in found.into_iter().enumerate() {
        key_specification(flags[index.min(flags.len() - 1)], begin, kind, &numbers, reply);
    }
}

/// A key specification: where the search begins, how it goes on, and the numbers that this takes.
type Found = (Begin, &'static str, Vec<(&'static str, i64)>);

/// One key.
fn one(begin: Begin) -> Found {
    (begin, "range", vec![("lastkey", 0), ("keystep", 1), ("limit", 0)])
}

/// As many keys as the argument at `at` says, right after it.
fn keynum(at: usize) -> Found {
    (Begin::Index(at), "keynum", vec![("keynumidx", 0), ("firstkey", 1), ("keystep", 1)])
}

/// Where the search for keys begins.
#[derive(Clone, Copy)]
enum Begin {
    /// At this argument.
    Index(usize),
    /// After this word, which stands at this argument or later.
    Word(&'static str, usize),
    /// That cannot be told.
    Unknown,
}

impl Begin {
    fn write(self, reply: &mut ReplyWriter) {
        reply.map(2);
        reply.bulk("type");
        match self {
            Self::Index(index) => {
                reply.bulk("index");
                reply.bulk("spec");
                reply.map(1);
                reply.bulk("index");
                reply.count(index);
            }
            Self::Unknown => {
                reply.bulk("unknown");
                reply.bulk("spec");
                reply.map(0);
            }
            Self::Word(word, from) => {
                reply.bulk("keyword");
                reply.bulk("spec");
                reply.map(2);
                reply.bulk("keyword");
                reply.bulk(word);
                reply.bulk("startfrom");
                reply.count(from);
            }
        }
    }
}

fn key_specification(
    flags: KeyFlags,
    begin: Begin,
    kind: &str,
    numbers: &[(&str, i64)],
    reply: &mut ReplyWriter,
) {
    reply.map(3);
    reply.bulk("flags");
    words(flags.iter(), reply);
    reply.bulk("begin_search");
    begin.write(reply);
    reply.bulk("find_keys");
    reply.map(2);
    reply.bulk("type");
    reply.bulk(kind);
    reply.bulk("spec");
    reply.map(numbers.len());
    for (name, number) in numbers {
        reply.bulk(name);
        reply.integer(*number);
    }
}

/// The keys of the command that follows in `args`.
fn keys_of<'a>(args: Args<'a>) -> Result<(&'static Command, Vec<&'a [u8]>), ReplyError> {
    let inner = args.from(2);
    let command = table().resolve(inner);
    let spec = command.spec;
    // A command with subcommands stands for itself only where none is named.
    let named_in_vain = !spec.subcommands.is_empty() && inner.len() > 1;
    if named_in_vain || matches!(spec.run, Run::Unknown) {
        return Err(NO_COMMAND);
    }
    if spec.keys == Keys::None {
        return Err(NO_KEYS);
    }
    if !spec.takes(inner.len()) {
        return Err(WRONG_NUMBER);
    }
    let keys: Vec<&[u8]> = spec.keys.positions(inner).filter_map(|at| inner.get(at)).collect();
    let may_have_none =
        matches!(command.name.as_str(), "EVAL" | "EVALSHA" | "EVALSHA_RO" | "EVAL_RO" | "FCALL" | "FCALL_RO");
    if keys.is_empty() && !may_have_none { Err(WRONG_ARGUMENTS) } else { Ok((command, keys)) }
}

/// `COMMAND GETKEYS`.
pub fn get_keys(args: Args<'_>, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let (_, keys) = keys_of(args)?;
    reply.array(keys.len());
    keys.into_iter().for_each(|key| reply.bulk(key));
    Ok(())
}

/// `COMMAND GETKEYSANDFLAGS`.
pub fn get_keys_and_flags(args: Args<'_>, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let (command, keys) = keys_of(args)?;
    reply.array(keys.len());
    for (index, key) in keys.into_iter().enumerate() {
        reply.array(2);
        reply.bulk(key);
        words(key_flags::of_key(command, args.from(2), index).iter(), reply);
    }
    Ok(())
}

/// `COMMAND LIST`: names of commands and subcommands.
pub fn list(args: Args<'_>, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let mut cursor = Cursor::at(args, 2);
    let mut wanted: Box<dyn Fn(&Command) -> bool> = Box::new(|_| true);
    if cursor.word("FILTERBY") {
        wanted = if cursor.word("MODULE") {
            // There are no modules, so no command is of this one.
            cursor.required()?;
            Box::new(|_| false)
        } else if cursor.word("ACLCAT") {
            let category = cursor.required()?;
            Box::new(move |command| {
                command.spec.categories().iter().any(|has| has.as_bytes().eq_ignore_ascii_case(category))
            })
        } else if cursor.word("PATTERN") {
            let pattern = cursor.required()?;
            Box::new(move |command| glob::matches_ignoring_case(pattern, command.name.as_bytes()))
        } else {
            return Err(error::SYNTAX);
        };
    }
    cursor.end()?;
    let every = table().top_level().flat_map(|command| once(command).chain(table().subcommands_of(command)));
    let names: Vec<String> = every.filter(|command| wanted(command)).map(Command::lower_name).collect();
    reply.array(names.len());
    names.iter().for_each(|name| reply.bulk(name));
    Ok(())
}

/// `COMMAND HELP`.
pub fn help(reply: &mut ReplyWriter) {
    help::write("COMMAND", reply);
}

#[cfg(test)]
mod tests;
