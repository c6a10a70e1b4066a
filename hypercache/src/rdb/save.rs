//! Writes values, in the compact forms of Redis 7 where they are kept in one.

use crate::rdb::Writer;
use crate::rdb::filter;
use crate::rdb::kind;
use crate::rdb::listpack;
use crate::rdb::stream::write_stream;
use crate::value::hash::Hash;
use crate::value::hash::Pair;
use crate::value::list::List;
use crate::value::list::entry::Element;
use crate::value::set::Member;
use crate::value::set::Set;
use crate::value::view::ValueRef;
use crate::value::zset::ZSet;

/// Bytes of an integer in an intset, from the narrowest on.
const INTEGER_WIDTHS: [usize; 3] = [2, 4, 8];

/// Writes a value: the byte that tells its type, and itself.
pub fn write_value(value: ValueRef<'_>, writer: &mut Writer) {
    match value {
        ValueRef::Bloom(bloom) => filter::write_bloom(bloom, writer),
        ValueRef::Cuckoo(cuckoo) => filter::write_cuckoo(cuckoo, writer),
        ValueRef::Hash(hash) => write_hash(hash, writer),
        ValueRef::List(list) => write_list(list, writer),
        ValueRef::Set(set) => write_set(set, writer),
        ValueRef::Str(string) => {
            writer.byte(kind::STRING);
            writer.string(&string.bytes());
        }
        ValueRef::Stream(stream) => write_stream(stream, writer),
        ValueRef::ZSet(zset) => write_zset(zset, writer),
    }
}

fn write_list(list: &List, writer: &mut Writer) {
    writer.byte(kind::LIST_PIECES);
    let pieces = list.pieces();
    writer.count(pieces.len());
    for (bytes, elements) in pieces {
        writer.length(kind::PIECE_PACKED);
        writer.string(&listpack::write(elements, bytes));
    }
}

fn write_set(set: &Set, writer: &mut Writer) {
    let members = set.iter().map(Member::bytes);
    match set.encoding() {
        "intset" => {
            writer.byte(kind::SET_INTEGERS);
            writer.string(&integers(set));
        }
        "listpack" => {
            writer.byte(kind::SET_LISTPACK);
            let members: Vec<_> = members.collect();
            let elements = members.iter().map(|member| Element::new(member));
            writer.string(&listpack::write(elements, set.heap_bytes()));
        }
        _ => {
            writer.byte(kind::SET);
            writer.count(set.len());
            members.for_each(|member| writer.string(&member));
        }
    }
}

/// The width of each, how many there are, and the integers in ascending order.
fn integers(set: &Set) -> Vec<u8> {
    let numbers = set.iter().filter_map(|member| match member {
        Member::Int(number) => Some(number),
        Member::Bytes(_) => None,
    });
    let numbers: Vec<i64> = numbers.collect();
    let fits = |width: &usize| {
        let spare = 64 - 8 * *width as u32;
        numbers.iter().all(|number| number << spare >> spare == *number)
    };
    let width = INTEGER_WIDTHS.into_iter().find(fits).unwrap_or(8);
    let mut bytes = (width as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(&(numbers.len() as u32).to_le_bytes());
    numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()[..width]));
    bytes
}

fn write_zset(zset: &ZSet, writer: &mut Writer) {
    if zset.encoding() == "listpack" {
        writer.byte(kind::ZSET_LISTPACK);
        let scores: Vec<String> = zset.iter().map(|pair| score_text(pair.score)).collect();
        let elements = zset.iter().zip(&scores).flat_map(|(pair, score)| [pair.member, score.as_bytes()]);
        writer.string(&listpack::write(elements.map(Element::new), 2 * zset.heap_bytes()));
        return;
    }
    writer.byte(kind::ZSET);
    writer.count(zset.len());
    // The greatest first, as Redis has it, to which each next one is then the first.
    for pair in zset.iter().rev() {
        writer.string(pair.member);
        writer.double(pair.score);
    }
}

/// A score as the C library reads it back, integers as such.
fn score_text(score: f64) -> String {
    if score.is_infinite() {
        return if score > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let whole = score as i64;
    // Beyond 2^53 not every integer is a double, and the text with an exponent is as good.
    if whole as f64 == score && whole.unsigned_abs() < 1 << 53 {
        return whole.to_string();
    }
    ryu::Buffer::new().format_finite(score).to_owned()
}

fn write_hash(hash: &Hash, writer: &mut Writer) {
    let earliest = hash.earliest();
    match (hash.encoding(), earliest) {
        ("hashtable", None) => {
            writer.byte(kind::HASH);
            writer.count(hash.len());
            for Pair { field, value, .. } in hash.iter() {
                writer.string(field);
                writer.string(value);
            }
        }
        ("hashtable", Some(earliest)) => {
            writer.byte(kind::HASH_TIMED);
            writer.number(earliest);
            writer.count(hash.len());
            for Pair { field, value, deadline } in hash.iter() {
                writer.length(deadline.map_or(0, |deadline| deadline - earliest + 1));
                writer.string(field);
                writer.string(value);
            }
        }
        (_, None) => {
            writer.byte(kind::HASH_LISTPACK);
            let elements = hash.iter().flat_map(|pair| [pair.field, pair.value]).map(Element::new);
            writer.string(&listpack::write(elements, hash.heap_bytes()));
        }
        (_, Some(earliest)) => {
            writer.byte(kind::HASH_TIMED_LISTPACK);
            writer.number(earliest);
            let mut pairs: Vec<Pair<'_>> = hash.iter().collect();
            // Redis keeps them in this order and relies on it.
            pairs.sort_by_key(|pair| pair.deadline.unwrap_or(u64::MAX));
            let elements = pairs.iter().flat_map(|pair| {
                let deadline = pair.deadline.map_or(0, u64::cast_signed);
                [Element::new(pair.field), Element::new(pair.value), Element::Int(deadline)]
            });
            writer.string(&listpack::write(elements, 2 * hash.heap_bytes()));
        }
    }
}
