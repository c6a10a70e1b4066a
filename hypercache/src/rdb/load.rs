//! Reads values in all forms that Redis has written since version 2.

use crate::rdb::Malformed;
use crate::rdb::Reader;
use crate::rdb::filter;
use crate::rdb::kind;
use crate::rdb::listpack;
use crate::rdb::stream::read_stream;
use crate::rdb::ziplist;
use crate::rdb::zipmap;
use crate::value::Value;
use crate::value::hash::Hash;
use crate::value::hash::Pair;
use crate::value::limits::Limits;
use crate::value::list::End;
use crate::value::list::List;
use crate::value::list::entry::Element;
use crate::value::number;
use crate::value::set::Member;
use crate::value::set::Set;
use crate::value::string::Str;
use crate::value::zset::ZSet;

const UNKNOWN: Malformed = Malformed("a value is of a type that is not known");
const EMPTY: Malformed = Malformed("a collection has no elements");
const TWICE: Malformed = Malformed("a collection has an element twice");
const NO_PARTNER: Malformed = Malformed("an element is without the others that belong to it");
const NO_SCORE: Malformed = Malformed("a score is no number");
const NO_DEADLINE: Malformed = Malformed("a deadline is out of range");
const NO_PIECE: Malformed = Malformed("a piece of a list is of a type that is not known");
const NO_INTEGERS: Malformed = Malformed("a set of integers is damaged");

/// The latest deadline of a field, in milliseconds since the Unix epoch: Redis keeps them in 48 bits.
const DEADLINE_MAX: u64 = (1 << 48) - 2;

/// Reads a value whose type the byte before it has told. A collection has at least one element. Hashes of its keys begin
/// with `seed`.
pub fn read_value(kind: u8, reader: &mut Reader<'_>, seed: u64, limits: &Limits) -> Result<Value, Malformed> {
    let value = match kind {
        kind::STRING => Str::new(&reader.string()?).into(),
        kind::LIST | kind::LIST_ZIPLIST | kind::LIST_ZIPLISTS | kind::LIST_PIECES => {
            read_list(kind, reader, limits)?.into()
        }
        kind::SET | kind::SET_INTEGERS | kind::SET_LISTPACK => read_set(kind, reader, seed, limits)?.into(),
        kind::ZSET_TEXT | kind::ZSET | kind::ZSET_ZIPLIST | kind::ZSET_LISTPACK => {
            read_zset(kind, reader, seed, limits)?.into()
        }
        kind::HASH | kind::HASH_ZIPMAP | kind::HASH_ZIPLIST | kind::HASH_LISTPACK => {
            read_hash(kind, reader, seed, limits)?.into()
        }
        kind::HASH_TIMED
        | kind::HASH_TIMED_EARLY
        | kind::HASH_TIMED_LISTPACK
        | kind::HASH_TIMED_LISTPACK_EARLY => read_timed_hash(kind, reader, seed, limits)?.into(),
        kind::MODULE => filter::read_filter(reader)?,
        kind::STREAM_EARLY | kind::STREAM_REMEMBERING | kind::STREAM => read_stream(kind, reader)?.into(),
        _ => return Err(UNKNOWN),
    };
    if Value::is_empty_collection(&value) { Err(EMPTY) } else { Ok(value) }
}

fn read_list(kind: u8, reader: &mut Reader<'_>, limits: &Limits) -> Result<List, Malformed> {
    let mut list = List::new();
    let mut push = |[element]: [Element<'_>; 1]| {
        list.push(End::Right, &element.bytes(), limits);
        Ok(())
    };
    let mut pieces = 0;
    match kind {
        kind::LIST => {
            for _ in 0..reader.length()? {
                push([Element::Bytes(&reader.string()?)])?;
            }
        }
        kind::LIST_ZIPLIST => visit_packed(Packing::Ziplist, &reader.string()?, push)?,
        _ => {
            pieces = reader.length()?;
            let packing = if kind == kind::LIST_PIECES { Packing::Listpack } else { Packing::Ziplist };
            for _ in 0..pieces {
                let piece = if kind == kind::LIST_PIECES { reader.length()? } else { kind::PIECE_PACKED };
                let bytes = reader.string()?;
                match piece {
                    kind::PIECE_PLAIN => push([Element::Bytes(&bytes)])?,
                    kind::PIECE_PACKED => visit_packed(packing, &bytes, &mut push)?,
                    _ => return Err(NO_PIECE),
                }
            }
        }
    }
    if pieces > 1 {
        list.make_quick();
    }
    Ok(list)
}

/// How elements lie packed one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Listpack,
    Ziplist,
}

/// Visits packed elements in groups of `N`.
fn visit_packed<'a, const N: usize>(
    packing: Packing,
    bytes: &'a [u8],
    mut visit: impl FnMut([Element<'a>; N]) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let (mut group, mut filled) = ([Element::Int(0); N], 0);
    let take = |element| {
        group[filled] = element;
        filled = (filled + 1) % N;
        if filled == 0 { visit(group) } else { Ok(()) }
    };
    match packing {
        Packing::Listpack => listpack::visit(bytes, take)?,
        Packing::Ziplist => ziplist::visit(bytes, take)?,
    }
    if filled == 0 { Ok(()) } else { Err(NO_PARTNER) }
}

fn read_set(kind: u8, reader: &mut Reader<'_>, seed: u64, limits: &Limits) -> Result<Set, Malformed> {
    let mut set = Set::new(seed);
    if kind == kind::SET_LISTPACK {
        set.keep_strings();
    }
    let mut add = |member: Member<'_>| if set.insert(member, limits) { Ok(()) } else { Err(TWICE) };
    match kind {
        kind::SET => {
            for _ in 0..reader.length()? {
                add(Member::Bytes(&reader.string()?))?;
            }
        }
        kind::SET_LISTPACK => {
            visit_packed(Packing::Listpack, &reader.string()?, |[element]| {
                add(Member::Bytes(&element.bytes()))
            })?;
        }
        _ => visit_integers(&reader.string()?, |number| add(Member::Int(number)))?,
    }
    Ok(set)
}

/// Visits the integers of an intset, in ascending order.
fn visit_integers(
    bytes: &[u8],
    mut visit: impl FnMut(i64) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut reader = Reader::new(bytes);
    let mut four = || Ok(u32::from_le_bytes(*reader.bytes(4)?.first_chunk().ok_or(NO_INTEGERS)?) as usize);
    let (width, count) = (four()?, four()?);
    if ![2, 4, 8].contains(&width) || Some(reader.remaining()) != width.checked_mul(count) {
        return Err(NO_INTEGERS);
    }
    let mut before = None;
    for bytes in reader.bytes(reader.remaining())?.chunks_exact(width) {
        let mut wide = [0; 8];
        wide[8 - width..].copy_from_slice(bytes);
        let number = i64::from_le_bytes(wide) >> (64 - 8 * width);
        if before.is_some_and(|before| before >= number) {
            return Err(NO_INTEGERS);
        }
        visit(number)?;
        before = Some(number);
    }
    Ok(())
}

fn read_zset(kind: u8, reader: &mut Reader<'_>, seed: u64, limits: &Limits) -> Result<ZSet, Malformed> {
    let mut zset = ZSet::new(seed);
    let mut add = |member: &[u8], score: f64| {
        if score.is_nan() {
            return Err(NO_SCORE);
        }
        if zset.set(member, score, limits).is_some() { Err(TWICE) } else { Ok(()) }
    };
    match kind {
        kind::ZSET | kind::ZSET_TEXT => {
            for _ in 0..reader.length()? {
                let member = reader.string()?;
                let score = if kind == kind::ZSET { reader.double()? } else { score_in_text(reader)? };
                add(&member, score)?;
            }
        }
        _ => {
            let packing = if kind == kind::ZSET_ZIPLIST { Packing::Ziplist } else { Packing::Listpack };
            visit_packed(packing, &reader.string()?, |[member, score]| {
                let score = match score {
                    Element::Int(number) => number as f64,
                    Element::Bytes(text) => number::float(text).ok_or(NO_SCORE)?,
                };
                add(&member.bytes(), score)
            })?;
        }
    }
    Ok(zset)
}

/// A score as Redis wrote it before version 4: its length and text, or a length that stands for what has none.
fn score_in_text(reader: &mut Reader<'_>) -> Result<f64, Malformed> {
    match reader.byte()? {
        253 => Err(NO_SCORE),
        254 => Ok(f64::INFINITY),
        255 => Ok(f64::NEG_INFINITY),
        length => number::float(reader.bytes(length.into())?).ok_or(NO_SCORE),
    }
}

/// Adds a field that is not there yet.
fn add(
    hash: &mut Hash,
    (field, value): (&[u8], &[u8]),
    deadline: u64,
    limits: &Limits,
) -> Result<(), Malformed> {
    if deadline > DEADLINE_MAX {
        return Err(NO_DEADLINE);
    }
    let deadline = (deadline > 0).then_some(deadline);
    if hash.set(Pair { field, value, deadline }, limits) { Ok(()) } else { Err(TWICE) }
}

fn read_hash(kind: u8, reader: &mut Reader<'_>, seed: u64, limits: &Limits) -> Result<Hash, Malformed> {
    let mut hash = Hash::new(seed);
    match kind {
        kind::HASH => {
            for _ in 0..reader.length()? {
                let (field, value) = (reader.string()?, reader.string()?);
                add(&mut hash, (&field, &value), 0, limits)?;
            }
        }
        kind::HASH_ZIPMAP => {
            zipmap::visit(&reader.string()?, |pair| add(&mut hash, pair, 0, limits))?;
        }
        _ => {
            let packing = if kind == kind::HASH_ZIPLIST { Packing::Ziplist } else { Packing::Listpack };
            visit_packed(packing, &reader.string()?, |[field, value]| {
                add(&mut hash, (&field.bytes(), &value.bytes()), 0, limits)
            })?;
        }
    }
    Ok(hash)
}

fn read_timed_hash(kind: u8, reader: &mut Reader<'_>, seed: u64, limits: &Limits) -> Result<Hash, Malformed> {
    let mut hash = Hash::new(seed);
    let early = matches!(kind, kind::HASH_TIMED_EARLY | kind::HASH_TIMED_LISTPACK_EARLY);
    let earliest = if early { 1 } else { reader.number()? };
    if matches!(kind, kind::HASH_TIMED_LISTPACK | kind::HASH_TIMED_LISTPACK_EARLY) {
        visit_packed(Packing::Listpack, &reader.string()?, |[field, value, deadline]| {
            let Element::Int(deadline) = deadline else { return Err(NO_DEADLINE) };
            let deadline = u64::try_from(deadline).map_err(|_| NO_DEADLINE)?;
            add(&mut hash, (&field.bytes(), &value.bytes()), deadline, limits)
        })?;
        return Ok(hash);
    }
    for _ in 0..reader.length()? {
        let deadline = match reader.length()? {
            0 => 0,
            after => earliest.checked_add(after - 1).ok_or(NO_DEADLINE)?,
        };
        let (field, value) = (reader.string()?, reader.string()?);
        add(&mut hash, (&field, &value), deadline, limits)?;
    }
    Ok(hash)
}
