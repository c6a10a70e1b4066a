//! Commands on whole stores and between stores.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::store::Registry;
use crate::value::number;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::write("COPY", -3, Group::Generic, copy)
        .with(Flags::DENYOOM)
        .keys(Keys::TWO)
        .other_store(copy_store)
        .doc(
            "6.2.0",
            "Copies the value of a key to a new key, also into another store.",
            "source destination [DB destination-db] [REPLACE]",
            "O(N) where N is the size of the value",
        ),
    Spec::read("DBSIZE", 1, Group::Server, dbsize).with(Flags::FAST).category("keyspace").doc(
        "1.0.0",
        "Returns the number of keys in the store.",
        "",
        "O(1)",
    ),
    Spec::write("FLUSHALL", -1, Group::Server, flushall).category("keyspace").dangerous().doc(
        "1.0.0",
        "Removes all keys from all stores.",
        "[ASYNC | SYNC]",
        "O(1); O(N) where N is the number of keys with SYNC",
    ),
    Spec::write("FLUSHDB", -1, Group::Server, flushdb).category("keyspace").dangerous().doc(
        "1.0.0",
        "Removes all keys from the selected store.",
        "[ASYNC | SYNC]",
        "O(1); O(N) where N is the number of keys with SYNC",
    ),
    Spec::write("MOVE", 3, Group::Generic, move_key)
        .with(Flags::FAST)
        .keys(Keys::ONE)
        .other_store(move_store)
        .doc("1.0.0", "Moves a key to another store, told by index or by name.", "key db", "O(1)"),
    Spec::write("SWAPDB", 3, Group::Server, swapdb).with(Flags::FAST).category("keyspace").dangerous().doc(
        "4.0.0",
        "Exchanges the contents of two stores, told by index or by name.",
        "index1 index2",
        "O(1)",
    ),
];

const SAME_OBJECT: ReplyError = ReplyError::err("source and destination objects are the same");

/// The index of the store that `argument` tells by index or by name; `unreadable` where it can be neither.
fn store_index(argument: &[u8], registry: &Registry, unreadable: ReplyError) -> Result<usize, ReplyError> {
    match registry.find(argument) {
        Some(store) => Ok(store.index()),
        None if number::decimal(argument).is_some() => Err(error::DB_OUT_OF_RANGE),
        None => Err(unreadable),
    }
}

#[derive(Default)]
struct CopyOptions {
    store: Option<usize>,
    replace: bool,
}

impl CopyOptions {
    fn parse(args: Args<'_>, registry: &Registry) -> Result<Self, ReplyError> {
        let mut options = Self::default();
        let mut cursor = Cursor::at(args, 3);
        while cursor.remaining() > 0 {
            if cursor.word("REPLACE") {
                options.replace = true;
            } else if cursor.word("DB") {
                options.store = Some(store_index(cursor.required()?, registry, error::NOT_AN_INTEGER)?);
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(options)
    }
}

fn copy_store(args: Args<'_>, registry: &Registry) -> Result<Option<(usize, usize)>, ReplyError> {
    Ok(CopyOptions::parse(args, registry)?.store.map(|store| (store, 2)))
}

fn copy(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (source, destination) = (&args[1], &args[2]);
    let options = CopyOptions::parse(args, cx.registry())?;
    let here = cx.store().index();
    let there = options.store.unwrap_or(here);
    if !cx.covers(there, destination) {
        return Err(error::DB_OUT_OF_RANGE);
    }
    if there == here && source == destination {
        return Err(SAME_OBJECT);
    }
    let copied = cx.read(source).map(|entry| entry.value().to_value());
    let deadline = cx.deadline(source);
    let done = match copied {
        Some(value) if options.replace || cx.peek_in(there, destination).is_none() => {
            cx.move_in(there, destination, value, deadline);
            cx.notify_in(there, EventClass::Generic, "copy_to", destination);
            true
        }
        _ => false,
    };
    reply.integer(done.into());
    Ok(())
}

fn move_store(args: Args<'_>, registry: &Registry) -> Result<Option<(usize, usize)>, ReplyError> {
    Ok(Some((store_index(&args[2], registry, error::NOT_AN_INTEGER)?, 1)))
}

fn move_key(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let key = &args[1];
    let there = store_index(&args[2], cx.registry(), error::NOT_AN_INTEGER)?;
    if there == cx.store().index() {
        return Err(SAME_OBJECT);
    }
    if !cx.covers(there, key) {
        return Err(error::DB_OUT_OF_RANGE);
    }
    let deadline = cx.deadline(key);
    let taken = if cx.peek_in(there, key).is_none() { cx.take(key) } else { None };
    let moved = taken.is_some();
    if let Some(entry) = taken {
        cx.move_in(there, key, entry.into_value(), deadline);
        cx.notify(EventClass::Generic, "move_from", key);
        cx.notify_in(there, EventClass::Generic, "move_to", key);
    }
    reply.integer(moved.into());
    Ok(())
}

fn dbsize(cx: &mut Context<'_>, _: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    reply.count(cx.store().census().keys);
    Ok(())
}

fn flushall(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let all = cx.registry().indexes();
    flush(cx, args, all, reply)
}

fn flushdb(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let index = cx.store().index();
    flush(cx, args, index..index + 1, reply)
}

fn flush(
    cx: &mut Context<'_>,
    args: Args<'_>,
    stores: std::ops::Range<usize>,
    reply: &mut ReplyWriter,
) -> Outcome {
    let mut cursor = Cursor::at(args, 1);
    let here = cursor.word("SYNC");
    if !here {
        cursor.word("ASYNC");
    }
    cursor.end()?;
    let taken = cx.take_stores(stores)?;
    if here {
        drop(taken);
    } else {
        cx.discard(taken);
    }
    reply.ok();
    Ok(())
}

fn swapdb(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let registry = cx.registry();
    loop {
        let epoch = registry.epoch();
        let left = store_index(&args[1], registry, ReplyError::err("invalid first DB index"))?;
        let right = store_index(&args[2], registry, ReplyError::err("invalid second DB index"))?;
        if cx.swap_stores(left, right, epoch)? {
            reply.ok();
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    const SAME: &str = "-ERR source and destination objects are the same";
    const RANGE: &str = "-ERR DB index is out of range";

    #[test]
    fn keys_are_copied_within_and_between_stores() {
        let mut bench = Bench::new();
        bench.table(&[
            ("SET a 1 EX 100", "+OK"),
            ("COPY a b", ":1"),
            ("TTL b", ":100"),
            ("COPY a b", ":0"),
            ("SET a 2", "+OK"),
            ("COPY a b REPLACE", ":1"),
            ("GET b", "$1 2"),
            ("TTL b", ":-1"),
            ("COPY none b REPLACE", ":0"),
            ("COPY a a", SAME),
            ("COPY a a DB 0", SAME),
            ("COPY a a DB 1", ":1"),
            ("COPY a a DB second", ":0"),
            ("COPY a a DB 9", RANGE),
            ("COPY a a DB nowhere", "-ERR value is not an integer or out of range"),
            ("COPY a b DB", "-ERR syntax error"),
            ("COPY a b NOW", "-ERR syntax error"),
        ]);
        bench.select(1);
        bench.table(&[("GET a", "$1 2"), ("DBSIZE", ":1")]);
    }

    #[test]
    fn keys_are_moved_to_another_store() {
        let mut bench = Bench::new();
        bench.table(&[
            ("SET a 1 EX 100", "+OK"),
            ("MOVE a 1", ":1"),
            ("EXISTS a", ":0"),
            ("MOVE a 1", ":0"),
            ("SET a 2", "+OK"),
            ("MOVE a 1", ":0"),
            ("MOVE a 0", SAME),
            ("MOVE a 9", RANGE),
            ("MOVE a -1", RANGE),
            ("MOVE a x", "-ERR value is not an integer or out of range"),
        ]);
        bench.select(1);
        bench.table(&[("GET a", "$1 1"), ("TTL a", ":100")]);
    }

    #[test]
    fn stores_are_exchanged() {
        let mut bench = Bench::new();
        bench.table(&[("MSET a 1 b 2", "+OK"), ("SWAPDB 0 second", "+OK"), ("DBSIZE", ":0")]);
        bench.select(1);
        bench.table(&[
            ("GET a", "$1 1"),
            ("SWAPDB 1 1", "+OK"),
            ("SWAPDB 1 0", "+OK"),
            ("DBSIZE", ":0"),
            ("SWAPDB x 1", "-ERR invalid first DB index"),
            ("SWAPDB 1 x", "-ERR invalid second DB index"),
            ("SWAPDB 0 9", RANGE),
        ]);
        bench.select(0);
        bench.table(&[("DBSIZE", ":2"), ("MGET a b", "*2 $1 1 $1 2")]);
    }

    #[test]
    fn flushed_data_is_put_aside_unless_it_is_to_go_at_once() {
        let mut bench = Bench::new();
        let fill = ("MSET a 1 b 2", "+OK");
        bench.table(&[fill]);
        assert_eq!(bench.effects("FLUSHDB").changes, 2);
        assert_eq!(bench.effects("FLUSHDB").changes, 0);
        bench.table(&[fill]);
        assert!(bench.garbage("FLUSHALL SYNC").is_empty());
        bench.table(&[fill]);
        assert!(!bench.garbage("FLUSHALL async").is_empty());
        bench.table(&[
            ("DBSIZE", ":0"),
            fill,
            ("FLUSHDB LATER", "-ERR syntax error"),
            ("FLUSHALL SYNC ASYNC", "-ERR syntax error"),
        ]);
        bench.select(1);
        bench.table(&[fill, ("FLUSHDB", "+OK"), ("DBSIZE", ":0")]);
        bench.select(0);
        bench.table(&[("DBSIZE", ":2")]);
        bench.select(1);
        bench.table(&[("FLUSHALL", "+OK")]);
        bench.select(0);
        bench.table(&[("DBSIZE", ":0")]);
    }
}
