//! Commands on the elements within a list: by number, by value, by range.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::args::element_range;
use crate::command::args::integer;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::families::list::reader;
use crate::command::families::list::write_element;
use crate::command::families::list::writer;
use crate::command::spec::Flags;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::list::End;
use crate::value::list::List;
use crate::value::list::entry::Element;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    reader("LINDEX", 3, lindex).doc(
        "1.0.0",
        "Returns an element from a list by its index.",
        "key index",
        "O(N) where N is the number of pieces and of elements in a piece to get to the element; O(1) at either end",
    ),
    writer("LINSERT", 5, linsert).with(Flags::DENYOOM).doc(
        "2.2.0",
        "Inserts an element before or after another element in a list.",
        "key <BEFORE | AFTER> pivot element",
        "O(N) where N is the number of elements before the pivot",
    ),
    reader("LPOS", -3, lpos).doc(
        "6.0.6",
        "Returns the index of matching elements in a list.",
        "key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
        "O(N) where N is the number of elements that are compared",
    ),
    reader("LRANGE", 4, lrange).doc(
        "1.0.0",
        "Returns a range of elements from a list.",
        "key start stop",
        "O(S+N) where S is the distance of the first element from the nearer end and N the number of elements",
    ),
    writer("LREM", 4, lrem).doc(
        "1.0.0",
        "Removes elements from a list. Deletes the list if the last element was removed.",
        "key count element",
        "O(N) where N is the length of the list",
    ),
    writer("LSET", 4, lset).with(Flags::DENYOOM).doc(
        "1.0.0",
        "Sets the value of an element in a list by its index.",
        "key index element",
        "O(N) where N is the number of pieces and of elements in a piece to get to the element; O(1) at either end",
    ),
    writer("LTRIM", 4, ltrim).doc(
        "1.0.0",
        "Removes elements from both ends a list. Deletes the list if all elements were trimmed.",
        "key start stop",
        "O(N) where N is the number of pieces to be removed",
    ),
];

const INDEX_OUT_OF_RANGE: ReplyError = ReplyError::err("index out of range");
const RANK_ZERO: ReplyError = ReplyError::err(
    "RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from \
     the end of the list",
);
const RANK_LEAST: ReplyError =
    ReplyError::err("value is out of range, value must between -9223372036854775807 and 9223372036854775807");
const COUNT_NEGATIVE: ReplyError = ReplyError::err("COUNT can't be negative");
const MAXLEN_NEGATIVE: ReplyError = ReplyError::err("MAXLEN can't be negative");

/// The number of the element at an index, which counts from the end where it is negative.
fn at_index(index: i64, len: usize) -> Option<usize> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 { len.checked_sub(distance) } else { Some(distance).filter(|number| *number < len) }
}

fn lindex(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let Some(list) = cx.read_collection::<List>(&args[1])? else {
        reply.null();
        return Ok(());
    };
    let number = at_index(integer(&args[2])?, list.len());
    match number.and_then(|number| list.get(number)) {
        Some(element) => write_element(reply, element),
        None => reply.null(),
    }
    Ok(())
}

fn lset(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let len = cx.peek_collection(&args[1])?.map(List::len).ok_or(error::NO_SUCH_KEY)?;
    let number = at_index(integer(&args[2])?, len).ok_or(INDEX_OUT_OF_RANGE)?;
    let (limits, element) = (cx.limits(), &args[3]);
    cx.change_present_collection(&args[1], |list: &mut List| {
        list.expect(std::iter::once(element), &limits);
        list.set(number, element, &limits);
        list.settle(&limits);
    })?;
    cx.changed(1);
    cx.notify(EventClass::List, "lset", &args[1]);
    reply.ok();
    Ok(())
}

fn linsert(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let after = match &args[2] {
        word if word.eq_ignore_ascii_case(b"AFTER") => true,
        word if word.eq_ignore_ascii_case(b"BEFORE") => false,
        _ => return Err(error::SYNTAX),
    };
    let (limits, pivot, element) = (cx.limits(), Element::new(&args[3]), &args[4]);
    let Some(list) = cx.peek_collection::<List>(&args[1])? else {
        reply.integer(0);
        return Ok(());
    };
    let Some(number) = list.iter().position(|other| other == pivot) else {
        reply.integer(-1);
        return Ok(());
    };
    let number = number + usize::from(after);
    let len = cx.change_present_collection(&args[1], |list: &mut List| {
        list.expect(std::iter::once(element), &limits);
        if number == list.len() {
            list.push(End::Right, element, &limits);
        } else {
            list.insert(number, element, &limits);
        }
        list.len()
    })?;
    cx.changed(1);
    cx.notify(EventClass::List, "linsert", &args[1]);
    reply.count(len.unwrap_or(0));
    Ok(())
}

fn lrange(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (start, stop) = (integer(&args[2])?, integer(&args[3])?);
    let list = cx.read_collection::<List>(&args[1])?;
    let Some((list, range)) = list.and_then(|list| Some((list, element_range(start, stop, list.len())?)))
    else {
        reply.array(0);
        return Ok(());
    };
    reply.array(range.len());
    list.iter_from(range.start).take(range.len()).for_each(|element| write_element(reply, element));
    Ok(())
}

fn ltrim(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (start, stop, limits) = (integer(&args[2])?, integer(&args[3])?, cx.limits());
    let len = cx.peek_collection(&args[1])?.map_or(0, List::len);
    let Some(range) = element_range(start, stop, len) else {
        if len > 0 {
            cx.remove(&args[1]);
            cx.notify(EventClass::List, "ltrim", &args[1]);
            cx.notify(EventClass::Generic, "del", &args[1]);
        }
        reply.ok();
        return Ok(());
    };
    cx.change_present_collection(&args[1], |list: &mut List| {
        list.cut(End::Right, len - range.end);
        list.cut(End::Left, range.start);
        list.settle(&limits);
    })?;
    cx.changed(len - range.len());
    // As in Redis even where nothing is cut off.
    cx.notify(EventClass::List, "ltrim", &args[1]);
    reply.ok();
    Ok(())
}

fn lrem(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (count, element, limits) = (integer(&args[2])?, &args[3], cx.limits());
    let end = if count < 0 { End::Right } else { End::Left };
    let limit = match usize::try_from(count.unsigned_abs()) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(limit) => limit,
    };
    let removed = cx.change_present_collection(&args[1], |list: &mut List| {
        let removed = list.remove_equal(element, limit, end, &limits);
        list.settle(&limits);
        removed
    })?;
    let removed = removed.unwrap_or(0);
    cx.changed(removed);
    if removed > 0 {
        cx.notify(EventClass::List, "lrem", &args[1]);
    }
    reply.count(removed);
    Ok(())
}

/// Which equal elements `LPOS` is to find.
struct Wanted {
    /// The number of the first of them among all equal ones; from the end where it is negative.
    rank: i64,
    /// How many; none: the first alone.
    count: Option<usize>,
    /// Elements to be compared.
    compared_max: usize,
}

impl Wanted {
    fn parse(args: Args<'_>) -> Result<Self, ReplyError> {
        let mut wanted = Self { rank: 1, count: None, compared_max: usize::MAX };
        let mut cursor = Cursor::at(args, 3);
        let not_negative = |argument: &[u8], error: ReplyError| {
            usize::try_from(integer(argument).map_err(|_| error.clone())?).map_err(|_| error)
        };
        while cursor.remaining() > 0 {
            if cursor.word("RANK") {
                wanted.rank = match cursor.integer()? {
                    i64::MIN => return Err(RANK_LEAST),
                    0 => return Err(RANK_ZERO),
                    rank => rank,
                };
            } else if cursor.word("COUNT") {
                let count = not_negative(cursor.required()?, COUNT_NEGATIVE)?;
                wanted.count = Some(if count == 0 { usize::MAX } else { count });
            } else if cursor.word("MAXLEN") {
                let len = not_negative(cursor.required()?, MAXLEN_NEGATIVE)?;
                wanted.compared_max = if len == 0 { usize::MAX } else { len };
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(wanted)
    }

    /// The numbers of the elements found in a list.
    fn find(&self, list: &List, element: &[u8]) -> Vec<usize> {
        let element = Element::new(element);
        let skipped = usize::try_from(self.rank.unsigned_abs() - 1).unwrap_or(usize::MAX);
        let count = self.count.unwrap_or(1);
        let equal = |(number, other): (usize, Element<'_>)| (other == element).then_some(number);
        if self.rank > 0 {
            let compared = list.iter().enumerate().take(self.compared_max);
            return compared.filter_map(equal).skip(skipped).take(count).collect();
        }
        let compared = list.iter().rev().enumerate().take(self.compared_max);
        let found = compared.filter_map(equal).skip(skipped).take(count);
        found.map(|back| list.len() - 1 - back).collect()
    }
}

fn lpos(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let wanted = Wanted::parse(args)?;
    let list: Option<&List> = cx.read_collection(&args[1])?;
    let found = list.map(|list| wanted.find(list, &args[2])).unwrap_or_default();
    match (wanted.count, found.first()) {
        (Some(_), _) => {
            reply.array(found.len());
            found.into_iter().for_each(|number| reply.count(number));
        }
        (None, Some(number)) => reply.count(*number),
        (None, None) => reply.null(),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
