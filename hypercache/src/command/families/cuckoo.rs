//! Commands on cuckoo filters, with the syntax and the replies of RedisBloom. `CF.RESERVE` also takes `ERROR`, the rate of
//! wrong answers that is still wanted.

mod options;
mod transfer;

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::context::EventClass;
use crate::command::families::cuckoo::options::Insertion;
use crate::command::families::cuckoo::options::Reservation;
use crate::command::families::cuckoo::transfer::loadchunk;
use crate::command::families::cuckoo::transfer::scandump;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::value::cuckoo::Cuckoo;
use crate::value::cuckoo::Full;
use crate::value::cuckoo::Settings;
use crate::value::cuckoo::USUAL_CAPACITY;

const ADDING: &str = "O(k + i), where k is the number of tables and i the number of iterations";
const LOOKING: &str = "O(k), where k is the number of tables";
const LOOKING_EACH: &str = "O(k * n), where k is the number of tables and n the number of items";
const ADDING_EACH: &str =
    "O(n * (k + i)), where n is the number of items, k the number of tables and i the number of iterations";

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    write("CF.ADD", 3, add).with(Flags::DENYOOM).doc(
        "1.0.0",
        "Adds an item to a cuckoo filter, which is created if it doesn't exist.",
        "key item",
        ADDING,
    ),
    write("CF.ADDNX", 3, addnx).with(Flags::DENYOOM).doc(
        "1.0.0",
        "Adds an item to a cuckoo filter unless it seems to be there. The filter is created if it doesn't exist.",
        "key item",
        ADDING,
    ),
    write("CF.COMPACT", 2, compact).doc(
        "1.0.0",
        "Moves items of a cuckoo filter from later tables to earlier ones and drops the tables that are empty then.",
        "key",
        "O(n * k), where n is the number of slots and k the number of tables",
    ),
    read("CF.COUNT", 3, count).doc(
        "1.0.0",
        "Returns how often an item seems to be in a cuckoo filter, which is never less often than it was added.",
        "key item",
        LOOKING,
    ),
    write("CF.DEL", 3, del).with(Flags::FAST).doc(
        "1.0.0",
        "Removes one occurrence of an item from a cuckoo filter. To be used for items that were added.",
        "key item",
        LOOKING,
    ),
    read("CF.EXISTS", 3, exists).doc(
        "1.0.0",
        "Returns whether an item seems to be in a cuckoo filter.",
        "key item",
        LOOKING,
    ),
    read("CF.INFO", 2, info).doc("1.0.0", "Returns information about a cuckoo filter.", "key", "O(1)"),
    write("CF.INSERT", -4, insert).with(Flags::DENYOOM).doc(
        "1.0.0",
        "Adds items to a cuckoo filter, which is created if it doesn't exist.",
        "key [CAPACITY capacity] [NOCREATE] ITEMS item [item ...]",
        ADDING_EACH,
    ),
    write("CF.INSERTNX", -4, insertnx).with(Flags::DENYOOM).doc(
        "1.0.0",
        "Adds items to a cuckoo filter unless they seem to be there. The filter is created if it doesn't exist.",
        "key [CAPACITY capacity] [NOCREATE] ITEMS item [item ...]",
        ADDING_EACH,
    ),
    write("CF.LOADCHUNK", 4, loadchunk).with(Flags::DENYOOM).doc(
        "1.0.0",
        "Restores a part of a cuckoo filter that CF.SCANDUMP has returned. The first part creates the key.",
        "key iterator data",
        "O(n), where n is the size of the data",
    ),
    read("CF.MEXISTS", -3, mexists).doc(
        "1.0.0",
        "Returns whether items seem to be in a cuckoo filter.",
        "key item [item ...]",
        LOOKING_EACH,
    ),
    write("CF.RESERVE", -3, reserve).with(Flags::DENYOOM).doc(
        "1.0.0",
        "Creates a cuckoo filter. ERROR is the rate of wrong answers that is still wanted, however the filter grows.",
        "key capacity [BUCKETSIZE bucketsize] [MAXITERATIONS maxiterations] [EXPANSION expansion] [ERROR rate]",
        "O(n), where n is the capacity",
    ),
    read("CF.SCANDUMP", 3, scandump).without(Flags::FAST).doc(
        "1.0.0",
        "Returns a part of a cuckoo filter for CF.LOADCHUNK, and the iterator of the part. Begins with iterator 0 and is over \
         where 0 is returned.",
        "key iterator",
        "O(n), where n is the size of the part",
    ),
];

const fn read(name: &'static str, arity: i16, handler: crate::command::spec::Handler) -> Spec {
    Spec::read(name, arity, Group::Cuckoo, handler).with(Flags::FAST).keys(Keys::ONE)
}

const fn write(name: &'static str, arity: i16, handler: crate::command::spec::Handler) -> Spec {
    Spec::write(name, arity, Group::Cuckoo, handler).keys(Keys::ONE)
}

const NOT_FOUND: ReplyError = ReplyError::err("not found");
const EXISTS: ReplyError = ReplyError::err("item exists");
const TOO_LARGE: ReplyError = ReplyError::err("Insufficient memory to create filter");
// RedisBloom's errors without a code: their first word stands in its place.
const NOTHING_DELETED: ReplyError = ReplyError::new("Not", "found");
const NOTHING_COMPACTED: ReplyError = ReplyError::new("Cuckoo", "filter was not found");

impl From<Full> for ReplyError {
    fn from(full: Full) -> Self {
        match full {
            Full::Size => Self::new("Filter", "is full"),
            Full::Tables => Self::new("Maximum", "expansions reached"),
            Full::Bytes => Self::err("Insufficient memory"),
        }
    }
}

fn reserve(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    if args.len().is_multiple_of(2) {
        return Err(ReplyError::arity("cf.reserve"));
    }
    let Reservation { capacity, settings } = Reservation::parse(args)?;
    let key = &args[1];
    if cx.peek_collection::<Cuckoo>(key)?.is_some() {
        return Err(EXISTS);
    }
    cx.set(key, Cuckoo::new(capacity, settings).ok_or(TOO_LARGE)?, None);
    cx.notify(EventClass::Generic, "cf.reserve", key);
    reply.ok();
    Ok(())
}

/// What became of an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Added {
    Yes,
    Exists,
    No(Full),
}

/// How a command adds items.
struct Adding {
    /// Not those that seem to be there.
    is_unique: bool,
    /// Items that a filter is made for where there is none; none: there has to be one.
    capacity: Option<u64>,
    event: &'static str,
}

/// Adds items and counts the command as one change if it changed anything.
fn add_all<'a>(
    cx: &mut Context<'_>,
    key: &[u8],
    items: impl Iterator<Item = &'a [u8]>,
    adding: &Adding,
) -> Result<Vec<Added>, ReplyError> {
    let mut is_changed = false;
    if cx.peek_collection::<Cuckoo>(key)?.is_none() {
        let capacity = adding.capacity.ok_or(NOT_FOUND)?;
        // That the key is new counts as the change.
        cx.set(key, Cuckoo::new(capacity, Settings::usual()).ok_or(TOO_LARGE)?, None);
        is_changed = true;
    }
    let add = |filter: &mut Cuckoo| {
        let one = |item: &[u8]| {
            if adding.is_unique && filter.contains(item) {
                return Added::Exists;
            }
            filter.insert(item).map_or_else(Added::No, |()| Added::Yes)
        };
        items.map(one).collect::<Vec<_>>()
    };
    let added = cx.change_present_collection(key, add)?.ok_or(NOT_FOUND)?;
    let is_added = added.contains(&Added::Yes);
    cx.changed(usize::from(is_added && !is_changed));
    if is_added || is_changed {
        cx.notify(EventClass::Generic, adding.event, key);
    }
    Ok(added)
}

fn add_one(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter, adding: &Adding) -> Outcome {
    let added = add_all(cx, &args[1], args.from(2).iter(), adding)?;
    for added in added {
        match added {
            Added::Yes => reply.boolean(true),
            Added::Exists => reply.boolean(false),
            Added::No(full) => return Err(full.into()),
        }
    }
    Ok(())
}

fn add(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let adding = Adding { is_unique: false, capacity: Some(USUAL_CAPACITY), event: "cf.add" };
    add_one(cx, args, reply, &adding)
}

fn addnx(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let adding = Adding { is_unique: true, capacity: Some(USUAL_CAPACITY), event: "cf.addnx" };
    add_one(cx, args, reply, &adding)
}

fn insert(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let Insertion { capacity, items } = Insertion::parse(args)?;
    let adding = Adding { is_unique: false, capacity, event: "cf.insert" };
    let added = add_all(cx, &args[1], items.iter(), &adding)?;
    reply.array(added.len());
    for added in added {
        match (added, reply.protocol()) {
            (Added::No(_), Protocol::Resp2) => reply.integer(-1),
            (added, _) => reply.boolean(added == Added::Yes),
        }
    }
    Ok(())
}

fn insertnx(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let Insertion { capacity, items } = Insertion::parse(args)?;
    let adding = Adding { is_unique: true, capacity, event: "cf.insertnx" };
    let added = add_all(cx, &args[1], items.iter(), &adding)?;
    reply.array(added.len());
    for added in added {
        // Integers in RESP3 as well, for there are three answers.
        reply.integer(match added {
            Added::Yes => 1,
            Added::Exists => 0,
            Added::No(_) => -1,
        });
    }
    Ok(())
}

fn exists(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let filter = cx.read_collection::<Cuckoo>(&args[1])?;
    reply.boolean(filter.is_some_and(|filter| filter.contains(&args[2])));
    Ok(())
}

fn mexists(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let filter = cx.read_collection::<Cuckoo>(&args[1])?;
    let items = args.from(2);
    reply.array(items.len());
    for item in items.iter() {
        reply.boolean(filter.is_some_and(|filter| filter.contains(item)));
    }
    Ok(())
}

fn count(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let filter = cx.read_collection::<Cuckoo>(&args[1])?;
    reply.integer(filter.map_or(0, |filter| filter.count(&args[2])).cast_signed());
    Ok(())
}

fn del(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let key = &args[1];
    let seems_there = cx.peek_collection::<Cuckoo>(key)?.ok_or(NOTHING_DELETED)?.contains(&args[2]);
    if seems_there {
        cx.change_present_collection(key, |filter: &mut Cuckoo| filter.remove(&args[2]))?;
        cx.changed(1);
        cx.notify(EventClass::Generic, "cf.del", key);
    }
    reply.boolean(seems_there);
    Ok(())
}

fn compact(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let key = &args[1];
    let tables = cx.peek_collection::<Cuckoo>(key)?.ok_or(NOTHING_COMPACTED)?.tables().len();
    if tables > 1 {
        cx.change_present_collection(key, Cuckoo::compact)?;
        cx.changed(1);
        cx.notify(EventClass::Generic, "cf.compact", key);
    }
    reply.ok();
    Ok(())
}

fn info(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let filter = cx.read_collection::<Cuckoo>(&args[1])?.ok_or(NOT_FOUND)?;
    let settings = filter.settings();
    let size = size_of::<Cuckoo>() + filter.heap_bytes();
    let fields = [
        ("Size", size as u64),
        ("Number of buckets", filter.tables().first().map_or(0, |table| table.shape().buckets)),
        ("Number of filters", filter.tables().len() as u64),
        ("Number of items inserted", filter.items()),
        ("Number of items deleted", filter.deleted()),
        ("Bucket size", settings.bucket_size.into()),
        ("Expansion rate", settings.expansion.into()),
        ("Max iterations", settings.max_iterations.into()),
    ];
    reply.map(fields.len());
    for (name, number) in fields {
        reply.simple(name);
        reply.integer(number.cast_signed());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
