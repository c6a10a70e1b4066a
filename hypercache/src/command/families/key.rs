//! Commands on keys of any type.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::keyspace::entry::Entry;
use crate::resp::Args;
use crate::resp::ReplyWriter;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::write("DEL", -2, Group::Generic, del).keys(Keys::ALL).doc(
        "1.0.0",
        "Deletes one or more keys.",
        "key [key ...]",
        "O(N) where N is the number of keys; big values are freed elsewhere",
    ),
    Spec::read("EXISTS", -2, Group::Generic, exists).with(Flags::FAST).keys(Keys::ALL).doc(
        "1.0.0",
        "Determines whether one or more keys exist.",
        "key [key ...]",
        "O(N) where N is the number of keys",
    ),
    Spec::container("OBJECT", Group::Generic, OBJECT).doc(
        "2.2.3",
        "A container for object introspection commands.",
        "",
        "Depends on subcommand.",
    ),
    Spec::write("RENAME", 3, Group::Generic, rename).keys(Keys::TWO).doc(
        "1.0.0",
        "Renames a key and overwrites the destination.",
        "key newkey",
        "O(1)",
    ),
    Spec::write("RENAMENX", 3, Group::Generic, renamenx).with(Flags::FAST).keys(Keys::TWO).doc(
        "1.0.0",
        "Renames a key only when the target key name doesn't exist.",
        "key newkey",
        "O(1)",
    ),
    Spec::read("TOUCH", -2, Group::Generic, touch).with(Flags::FAST).keys(Keys::ALL).doc(
        "3.2.1",
        "Returns the number of existing keys out of those specified after updating the time they were last accessed.",
        "key [key ...]",
        "O(N) where N is the number of keys",
    ),
    Spec::read("TYPE", 2, Group::Generic, type_of).with(Flags::FAST).keys(Keys::ONE).doc(
        "1.0.0",
        "Determines the type of value stored at a key.",
        "key",
        "O(1)",
    ),
    Spec::write("UNLINK", -2, Group::Generic, del).with(Flags::FAST).keys(Keys::ALL).doc(
        "4.0.0",
        "Deletes one or more keys; like DEL, which frees big values elsewhere as well.",
        "key [key ...]",
        "O(N) where N is the number of keys",
    ),
];

const OBJECT_KEY: Keys = Keys::Range { first: 2, last: 2, step: 1 };

const OBJECT: &[Spec] = &[
    Spec::read("ENCODING", 3, Group::Generic, object_encoding).keys(OBJECT_KEY).doc(
        "2.2.3",
        "Returns the name of Redis's internal encoding that the value would have.",
        "key",
        "O(1)",
    ),
    Spec::read("FREQ", 3, Group::Generic, object_freq).keys(OBJECT_KEY).doc(
        "4.0.0",
        "Returns the logarithmic access frequency counter of a value.",
        "key",
        "O(1)",
    ),
    Spec { flags: Flags::LOADING.and(Flags::STALE), ..Spec::read("HELP", 2, Group::Generic, object_help) }
        .doc("6.2.0", "Returns helpful text about the different subcommands.", "", "O(1)"),
    Spec::read("IDLETIME", 3, Group::Generic, object_idletime).keys(OBJECT_KEY).doc(
        "2.2.3",
        "Returns the seconds since a value was last accessed.",
        "key",
        "O(1)",
    ),
    Spec::read("REFCOUNT", 3, Group::Generic, object_refcount).keys(OBJECT_KEY).doc(
        "2.2.3",
        "Returns the reference count of a value, which is always 1.",
        "key",
        "O(1)",
    ),
];

const NO_FREQUENCY: ReplyError = ReplyError::err(
    "An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching \
     between policies at runtime LRU and LFU data will take some time to adjust.",
);

const NO_IDLE_TIME: ReplyError = ReplyError::err(
    "An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies \
     at runtime LRU and LFU data will take some time to adjust.",
);

const OBJECT_HELP: [&str; 11] = [
    "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "ENCODING <key>",
    "    Return the kind of internal representation used in order to store the value",
    "    associated with a <key>.",
    "FREQ <key>",
    "    Return the access frequency index of the <key>. The returned integer is",
    "    proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key>",
    "    Return the idle time of the <key>, that is the seconds since its last access.",
    "REFCOUNT <key>",
    "    Return the number of references of the value associated with the <key>.",
];

fn del(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let mut removed = 0;
    for key in args.from(1).iter() {
        if cx.remove(key) {
            cx.notify(EventClass::Generic, "del", key);
            removed += 1;
        }
    }
    reply.count(removed);
    Ok(())
}

fn exists(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    reply.count(args.from(1).iter().filter(|key| cx.inspect(key).is_some()).count());
    Ok(())
}

fn touch(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    reply.count(args.from(1).iter().filter(|key| cx.read(key).is_some()).count());
    Ok(())
}

fn type_of(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    reply.simple(cx.inspect(&args[1]).map_or("none", |entry| entry.value().type_name()));
    Ok(())
}

fn rename(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    if cx.peek(&args[1]).is_none() {
        return Err(error::NO_SUCH_KEY);
    }
    rename_present(cx, &args[1], &args[2]);
    reply.ok();
    Ok(())
}

fn renamenx(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    if cx.peek(&args[1]).is_none() {
        return Err(error::NO_SUCH_KEY);
    }
    let free = cx.peek(&args[2]).is_none();
    if free {
        rename_present(cx, &args[1], &args[2]);
    }
    reply.integer(free.into());
    Ok(())
}

/// Gives a key that is there another name, with its deadline.
fn rename_present(cx: &mut Context<'_>, from: &[u8], to: &[u8]) {
    if from == to {
        return;
    }
    let deadline = cx.deadline(from);
    if let Some(entry) = cx.take(from) {
        cx.move_in(cx.store().index(), to, entry.into_value(), deadline);
        cx.notify(EventClass::Generic, "rename_from", from);
        cx.notify(EventClass::Generic, "rename_to", to);
    }
}

fn object_encoding(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    match cx.inspect_quietly(&args[2]) {
        Some(entry) => reply.bulk(entry.value().encoding()),
        None => reply.null(),
    }
    Ok(())
}

fn object_freq(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    if cx.inspect_quietly(&args[2]).is_none() {
        reply.null();
        return Ok(());
    }
    reply.count(cx.frequency(&args[2]).ok_or(NO_FREQUENCY)?.into());
    Ok(())
}

fn object_idletime(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let now = cx.now();
    let counts_use = cx.frequency(&args[2]).is_some();
    let found = cx.inspect_quietly(&args[2]);
    if found.is_some() && counts_use {
        return Err(NO_IDLE_TIME);
    }
    write_count(reply, found, |entry| entry.idle_seconds(now));
    Ok(())
}

fn object_refcount(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    write_count(reply, cx.inspect_quietly(&args[2]), |_| 1);
    Ok(())
}

fn write_count(reply: &mut ReplyWriter, entry: Option<&Entry>, count: impl Fn(&Entry) -> u64) {
    match entry {
        Some(entry) => reply.integer(count(entry).cast_signed()),
        None => reply.null(),
    }
}

fn object_help(_: &mut Context<'_>, _: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    reply.array(OBJECT_HELP.len() + 2);
    for line in OBJECT_HELP {
        reply.simple(line);
    }
    reply.simple("HELP");
    reply.simple("    Print this help.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    #[test]
    fn keys_are_deleted_counted_and_named() {
        let mut bench = Bench::new();
        bench.no_string("o");
        bench.table(&[
            ("MSET a 1 b 2 c 3", "+OK"),
            ("EXISTS a a none", ":2"),
            ("TOUCH a b none", ":2"),
            ("TYPE a", "+string"),
            ("TYPE none", "+none"),
            ("TYPE o", "+set"),
            ("DEL a a none", ":1"),
            ("UNLINK b c none", ":2"),
            ("EXISTS a b c", ":0"),
        ]);
        assert_eq!(bench.effects("EXISTS o none").hits, 1);
        assert_eq!(bench.effects("EXISTS o none").misses, 1);
        assert_eq!(bench.effects("DEL o none").changes, 1);
        assert_eq!(bench.effects("DEL o").changes, 0);
    }

    #[test]
    fn keys_are_renamed_with_their_deadline() {
        Bench::new().table(&[
            ("SET a 1 EX 100", "+OK"),
            ("SET b 2", "+OK"),
            ("RENAME a b", "+OK"),
            ("TTL b", ":100"),
            ("GET b", "$1 1"),
            ("RENAME none b", "-ERR no such key"),
            ("RENAME none none", "-ERR no such key"),
            ("RENAME b b", "+OK"),
            ("RENAMENX b b", ":0"),
            ("SET c 3", "+OK"),
            ("RENAMENX b c", ":0"),
            ("RENAMENX b d", ":1"),
            ("TTL d", ":100"),
            ("RENAMENX none d", "-ERR no such key"),
        ]);
    }

    #[test]
    fn objects_tell_about_themselves() {
        let mut bench = Bench::new();
        bench.table(&[
            ("SET a 1", "+OK"),
            ("SET b x", "+OK"),
            ("OBJECT ENCODING a", "$3 int"),
            ("OBJECT ENCODING b", "$6 embstr"),
            ("OBJECT ENCODING none", "$-1"),
            ("OBJECT REFCOUNT a", ":1"),
            ("OBJECT REFCOUNT none", "$-1"),
            ("OBJECT FREQ none", "$-1"),
        ]);
        assert!(bench.run_line("OBJECT FREQ a").starts_with("-ERR An LFU maxmemory policy is not selected"));
        assert!(bench.run_line("OBJECT HELP").starts_with("*13\r\n+OBJECT <subcommand>"));
        bench.advance(5000);
        bench.table(&[
            ("OBJECT IDLETIME a", ":5"),
            ("TYPE a", "+string"),
            ("EXISTS a", ":1"),
            ("TTL a", ":-1"),
            ("OBJECT IDLETIME a", ":5"),
            ("GET a", "$1 1"),
            ("OBJECT IDLETIME a", ":0"),
            ("OBJECT IDLETIME none", "$-1"),
        ]);
    }

    #[test]
    fn big_values_are_put_aside_instead_of_dropped() {
        let mut bench = Bench::new();
        bench.table(&[("SETRANGE big 2000000 x", ":2000001"), ("SET small x", "+OK")]);
        assert!(bench.garbage("DEL small").is_empty());
        assert!(!bench.garbage("DEL big").is_empty());
        bench.table(&[("SETRANGE big 2000000 x", ":2000001")]);
        assert!(!bench.garbage("SET big x").is_empty(), "overwritten values as well");
    }
}
