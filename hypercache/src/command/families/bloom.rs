//! Commands on Bloom filters, with the syntax and the replies of RedisBloom.

mod options;
mod transfer;

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::context::EventClass;
use crate::command::families::bloom::options::Insertion;
use crate::command::families::bloom::options::Reservation;
use crate::command::families::bloom::transfer::loadchunk;
use crate::command::families::bloom::transfer::scandump;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Handler;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::value::bloom::Bloom;
use crate::value::bloom::Full;

const ONE: &str = "O(k), where k is the number of hashes of all links together";
const EACH: &str =
    "O(k * n), where k is the number of hashes of all links together and n the number of items";

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    write("BF.ADD", 3, add).doc(
        "1.0.0",
        "Adds an item to a Bloom filter, which is created if it doesn't exist.",
        "key item",
        ONE,
    ),
    read("BF.CARD", 2, card).doc(
        "2.4.4",
        "Returns how many items were added to a Bloom filter that did not seem to be there before.",
        "key",
        "O(1)",
    ),
    read("BF.EXISTS", 3, exists).doc(
        "1.0.0",
        "Returns whether an item seems to be in a Bloom filter.",
        "key item",
        ONE,
    ),
    read("BF.INFO", -2, info).doc(
        "1.0.0",
        "Returns information about a Bloom filter.",
        "key [CAPACITY | SIZE | FILTERS | ITEMS | EXPANSION]",
        "O(1)",
    ),
    write("BF.INSERT", -4, insert).doc(
        "1.0.0",
        "Adds items to a Bloom filter, which is created with these options if it doesn't exist.",
        "key [CAPACITY capacity] [ERROR error] [EXPANSION expansion] [NOCREATE] [NONSCALING] ITEMS item [item ...]",
        EACH,
    ),
    write("BF.LOADCHUNK", 4, loadchunk).doc(
        "1.0.0",
        "Restores a part of a Bloom filter that BF.SCANDUMP has returned. The first part creates the key.",
        "key iterator data",
        "O(n), where n is the size of the data",
    ),
    write("BF.MADD", -3, madd).doc(
        "1.0.0",
        "Adds items to a Bloom filter, which is created if it doesn't exist.",
        "key item [item ...]",
        EACH,
    ),
    read("BF.MEXISTS", -3, mexists).doc(
        "1.0.0",
        "Returns whether items seem to be in a Bloom filter.",
        "key item [item ...]",
        EACH,
    ),
    write("BF.RESERVE", -4, reserve).doc(
        "1.0.0",
        "Creates a Bloom filter.",
        "key error_rate capacity [EXPANSION expansion] [NONSCALING]",
        "O(n), where n is the capacity",
    ),
    read("BF.SCANDUMP", 3, scandump).without(Flags::FAST).doc(
        "1.0.0",
        "Returns a part of a Bloom filter for BF.LOADCHUNK, and the iterator of the part. Begins with iterator 0 and is over \
         where 0 is returned.",
        "key iterator",
        "O(n), where n is the size of the part",
    ),
];

const fn read(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::read(name, arity, Group::Bloom, handler).with(Flags::FAST).keys(Keys::ONE)
}

const fn write(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::write(name, arity, Group::Bloom, handler).with(Flags::DENYOOM).keys(Keys::ONE)
}

const NOT_FOUND: ReplyError = ReplyError::err("not found");
const EXISTS: ReplyError = ReplyError::err("item exists");
const TOO_LARGE: ReplyError = ReplyError::err("Insufficient memory to create filter");
const NO_SUCH_FIELD: ReplyError = ReplyError::new("Invalid", "information value");

impl From<Full> for ReplyError {
    fn from(full: Full) -> Self {
        match full {
            Full::Size => Self::err("non scaling filter is full"),
            Full::Growth => Self::err("problem inserting into filter"),
        }
    }
}

fn create(cx: &mut Context<'_>, key: &[u8], wanted: Reservation) -> Outcome {
    cx.set(key, Bloom::new(wanted.capacity, wanted.settings).ok_or(TOO_LARGE)?, None);
    Ok(())
}

fn reserve(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let reservation = Reservation::parse(args)?;
    let key = &args[1];
    if cx.peek_collection::<Bloom>(key)?.is_some() {
        return Err(EXISTS);
    }
    create(cx, key, reservation)?;
    cx.notify(EventClass::Generic, "bf.reserve", key);
    reply.ok();
    Ok(())
}

/// Adds items up to the first that there is no room for, and counts the command as one change if it changed anything.
fn add_all(
    cx: &mut Context<'_>,
    key: &[u8],
    items: Args<'_>,
    reservation: Option<Reservation>,
    event: &'static str,
) -> Result<Vec<Result<bool, Full>>, ReplyError> {
    let is_new = cx.peek_collection::<Bloom>(key)?.is_none();
    if is_new {
        // That the key is new counts as the change.
        create(cx, key, reservation.ok_or(NOT_FOUND)?)?;
    }
    let add = |filter: &mut Bloom| {
        let mut added = Vec::with_capacity(items.len());
        for item in items.iter() {
            added.push(filter.insert(item));
            if added.last().is_some_and(Result::is_err) {
                break;
            }
        }
        added
    };
    let added = cx.change_present_collection(key, add)?.ok_or(NOT_FOUND)?;
    let is_added = added.contains(&Ok(true));
    cx.changed(usize::from(is_added && !is_new));
    if is_added || is_new {
        cx.notify(EventClass::Generic, event, key);
    }
    Ok(added)
}

fn add(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    for added in add_all(cx, &args[1], args.from(2), Some(Reservation::USUAL), "bf.add")? {
        reply.boolean(added?);
    }
    Ok(())
}

/// Tells what became of each item; the last may be an error, and those after it were not looked at.
fn reply_each(added: Vec<Result<bool, Full>>, reply: &mut ReplyWriter) {
    reply.array(added.len());
    for added in added {
        match added {
            Ok(is_new) => reply.boolean(is_new),
            Err(full) => {
                let error = ReplyError::from(full);
                reply.error(error.prefix, &error.text);
            }
        }
    }
}

fn madd(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let added = add_all(cx, &args[1], args.from(2), Some(Reservation::USUAL), "bf.madd")?;
    reply_each(added, reply);
    Ok(())
}

fn insert(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let Insertion { reservation, items } = Insertion::parse(args)?;
    let added = add_all(cx, &args[1], items, reservation, "bf.insert")?;
    reply_each(added, reply);
    Ok(())
}

fn exists(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let filter = cx.read_collection::<Bloom>(&args[1])?;
    reply.boolean(filter.is_some_and(|filter| filter.contains(&args[2])));
    Ok(())
}

fn mexists(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let filter = cx.read_collection::<Bloom>(&args[1])?;
    let items = args.from(2);
    reply.array(items.len());
    for item in items.iter() {
        reply.boolean(filter.is_some_and(|filter| filter.contains(item)));
    }
    Ok(())
}

fn card(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let items = cx.read_collection::<Bloom>(&args[1])?.map_or(0, Bloom::items);
    reply.integer(items.cast_signed());
    Ok(())
}

fn info(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    if args.len() > 3 {
        return Err(ReplyError::arity("bf.info"));
    }
    let filter = cx.read_collection::<Bloom>(&args[1])?.ok_or(NOT_FOUND)?;
    let settings = filter.settings();
    let size = size_of::<Bloom>() + filter.heap_bytes();
    let fields = [
        ("CAPACITY", "Capacity", Some(filter.capacity())),
        ("SIZE", "Size", Some(size as u64)),
        ("FILTERS", "Number of filters", Some(filter.links().len() as u64)),
        ("ITEMS", "Number of items inserted", Some(filter.items())),
        ("EXPANSION", "Expansion rate", settings.scales.then_some(settings.expansion.into())),
    ];
    let value = |reply: &mut ReplyWriter, number: Option<u64>| match number {
        Some(number) => reply.integer(number.cast_signed()),
        None => reply.null(),
    };
    let Some(wanted) = args.get(2) else {
        reply.map(fields.len());
        for (_, name, number) in fields {
            reply.simple(name);
            value(reply, number);
        }
        return Ok(());
    };
    let found = fields.into_iter().find(|(word, ..)| wanted.eq_ignore_ascii_case(word.as_bytes()));
    let (_, name, number) = found.ok_or(NO_SUCH_FIELD)?;
    if reply.protocol() == Protocol::Resp2 {
        reply.array(1);
    } else {
        reply.map(1);
        reply.simple(name);
    }
    value(reply, number);
    Ok(())
}

#[cfg(test)]
mod tests;
