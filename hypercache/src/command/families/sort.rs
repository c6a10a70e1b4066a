//! Commands that sort the elements of a list, a set or a sorted set, by themselves or by what other keys hold.

mod query;

use std::cmp::Ordering;

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::families::sort::query::Query;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::list::End;
use crate::value::list::List;
use crate::value::view::ValueRef;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::write("SORT", -2, Group::Generic, sort)
        .with(Flags::DENYOOM.and(Flags::MOVABLEKEYS))
        .keys(Keys::Sorted { stores: true })
        .roams(names_other_keys)
        .category("set")
        .category("sortedset")
        .category("list")
        .dangerous()
        .doc(
            "1.0.0",
            "Sorts the elements in a list, a set, or a sorted set, optionally storing the result.",
            "key [BY by-pattern] [LIMIT offset count] [GET get-pattern [GET get-pattern ...]] [ASC | DESC] [ALPHA] \
             [STORE destination]",
            TIME,
        ),
    Spec::read("SORT_RO", -2, Group::Generic, sort_ro)
        .with(Flags::MOVABLEKEYS)
        .keys(Keys::Sorted { stores: false })
        .roams(names_other_keys)
        .category("set")
        .category("sortedset")
        .category("list")
        .dangerous()
        .doc(
            "7.0.0",
            "Returns the sorted elements of a list, a set, or a sorted set.",
            "key [BY by-pattern] [LIMIT offset count] [GET get-pattern [GET get-pattern ...]] [ASC | DESC] [ALPHA]",
            TIME,
        ),
];

const TIME: &str = "O(N*log(N)) where N is the number of elements to sort, O(N) where they are not sorted";

const NOT_NUMBERS: ReplyError = ReplyError::err("One or more scores can't be converted into double");

/// Whether a pattern among the arguments makes names of keys from elements.
fn names_other_keys(args: Args<'_>) -> bool {
    args.from(2).iter().any(|argument| argument.contains(&b'*'))
}

/// An element with what it is sorted by.
struct Sorted {
    element: Vec<u8>,
    score: f64,
    text: Option<Vec<u8>>,
}

impl Sorted {
    fn new(bytes: impl AsRef<[u8]>) -> Self {
        Self { element: bytes.as_ref().to_vec(), score: 0.0, text: None }
    }
}

fn sort(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    run(cx, args, reply, true)
}

fn sort_ro(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    run(cx, args, reply, false)
}

fn run(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter, stores: bool) -> Outcome {
    let mut query = Query::parse(args, stores)?;
    let mut elements = load(cx, &args[1], &mut query)?;
    if query.sorts {
        weigh(cx, &query, &mut elements)?;
        order(&query, &mut elements);
        elements.truncate(query.range(elements.len()).end);
        elements.drain(..query.range(elements.len()).start);
    }
    let columns = query.gets.len().max(1);
    let found = elements.iter().flat_map(|sorted| {
        let own = query.gets.is_empty().then_some(&b"#"[..]);
        own.into_iter().chain(query.gets.iter().copied()).map(move |pattern| (pattern, &sorted.element))
    });
    let Some(destination) = query.destination else {
        reply.array(elements.len() * columns);
        for (pattern, element) in found {
            match look_up(cx, pattern, element) {
                Some(value) => reply.bulk(value),
                None => reply.null(),
            }
        }
        return Ok(());
    };
    let (mut list, limits) = (List::new(), cx.limits());
    for (pattern, element) in found {
        list.push(End::Right, &look_up(cx, pattern, element).unwrap_or_default(), &limits);
    }
    reply.count(list.len());
    store(cx, destination, list);
    Ok(())
}

/// Puts a list in place of what a key holds; an empty one is no key.
fn store(cx: &mut Context<'_>, destination: &[u8], list: List) {
    let len = list.len();
    if len > 0 {
        cx.set(destination, list, None);
        // The key was counted as one change.
        cx.changed(len - 1);
        cx.notify(EventClass::List, "sortstore", destination);
    } else if cx.remove(destination) {
        cx.notify(EventClass::Generic, "del", destination);
    }
}

/// The elements of a key; only those that are wanted where the order is that of the key.
fn load(cx: &mut Context<'_>, key: &[u8], query: &mut Query<'_>) -> Result<Vec<Sorted>, ReplyError> {
    // Without an order of its own, what is stored or handed to a script would differ from one node to the next.
    let order_matters = query.destination.is_some() || cx.in_script();
    let Some(entry) = cx.read(key) else { return Ok(Vec::new()) };
    Ok(match entry.value() {
        ValueRef::List(list) if query.sorts => {
            list.iter().map(|element| Sorted::new(element.bytes())).collect()
        }
        ValueRef::List(list) => {
            let range = query.range(list.len());
            let wanted = |element: crate::value::list::entry::Element<'_>| Sorted::new(element.bytes());
            if query.descending {
                list.iter().rev().skip(range.start).take(range.len()).map(wanted).collect()
            } else {
                list.iter_from(range.start).take(range.len()).map(wanted).collect()
            }
        }
        ValueRef::Set(set) => {
            if !query.sorts && order_matters {
                (query.sorts, query.alphabetically, query.by) = (true, true, None);
            }
            let range = if query.sorts { 0..set.len() } else { query.range(set.len()) };
            let members = set.iter().skip(range.start).take(range.len());
            members.map(|member| Sorted::new(member.bytes())).collect()
        }
        ValueRef::ZSet(zset) if query.sorts => zset.iter().map(|pair| Sorted::new(pair.member)).collect(),
        ValueRef::ZSet(zset) => {
            let (range, len) = (query.range(zset.len()), zset.len());
            let wanted = |pair: crate::value::zset::Pair<'_>| Sorted::new(pair.member);
            if query.descending {
                zset.range(len - range.end..len - range.start).rev().map(wanted).collect()
            } else {
                zset.range(range).map(wanted).collect()
            }
        }
        _ => return Err(error::WRONG_TYPE),
    })
}

/// Finds out what each element is sorted by.
fn weigh(cx: &mut Context<'_>, query: &Query<'_>, elements: &mut [Sorted]) -> Outcome {
    if query.by.is_none() && query.alphabetically {
        return Ok(());
    }
    for sorted in elements {
        let found = query.by.map(|pattern| look_up(cx, pattern, &sorted.element));
        if query.alphabetically {
            sorted.text = found.flatten();
        } else if let Some(text) = found.unwrap_or_else(|| Some(sorted.element.clone())) {
            sorted.score = score(&text).ok_or(NOT_NUMBERS)?;
        }
    }
    Ok(())
}

/// A number as the C library reads it: white space may stand before it, and no digits at all are 0.
fn score(text: &[u8]) -> Option<f64> {
    let space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let number = std::str::from_utf8(&text[text.iter().take_while(|byte| space(byte)).count()..]).ok()?;
    if text.is_empty() {
        return Some(0.0);
    }
    let parsed: f64 = number.parse().ok()?;
    let overflows = parsed.is_infinite() && number.bytes().any(|byte| byte.is_ascii_digit());
    (!parsed.is_nan() && !overflows).then_some(parsed)
}

fn order(query: &Query<'_>, elements: &mut [Sorted]) {
    let ascending = |one: &Sorted, other: &Sorted| match (query.alphabetically, query.by) {
        (false, _) => {
            let scores = one.score.partial_cmp(&other.score).unwrap_or(Ordering::Equal);
            scores.then_with(|| one.element.cmp(&other.element))
        }
        (true, Some(_)) => one.text.cmp(&other.text),
        (true, None) => one.element.cmp(&other.element),
    };
    if query.descending {
        elements.sort_by(|one, other| ascending(other, one));
    } else {
        elements.sort_by(ascending);
    }
}

/// What a pattern tells of an element: `#` is the element itself; a name with a `*`, for which the element is put in, is
/// that of a key with a string, or of a key with a hash where `->` and a field follow. Any other name tells nothing.
fn look_up(cx: &mut Context<'_>, pattern: &[u8], element: &[u8]) -> Option<Vec<u8>> {
    if pattern == b"#" {
        return Some(element.to_vec());
    }
    let star = pattern.iter().position(|byte| *byte == b'*')?;
    let (before, after) = (&pattern[..star], &pattern[star + 1..]);
    let arrow = after.windows(2).position(|two| two == b"->").filter(|at| at + 2 < after.len());
    let (after, field) = match arrow {
        Some(at) => (&after[..at], Some(&after[at + 2..])),
        None => (after, None),
    };
    let value = cx.read(&[before, element, after].concat())?.value();
    match field {
        Some(field) => value.as_hash()?.get(field).map(<[u8]>::to_vec),
        None => value.as_str().map(|string| string.bytes().into_owned()),
    }
}

#[cfg(test)]
mod tests;
