//! Commands on places, which are members of a sorted set whose scores are their geohashes.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::args::float;
use crate::command::error;
use crate::command::families::zset_add;
use crate::command::families::zset_add::Options;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::geo::Place;
use crate::value::zset::Pair;
use crate::value::zset::ZSet;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::write("GEOADD", -5, Group::Geo, geoadd).keys(Keys::ONE).with(Flags::DENYOOM).doc(
        "3.2.0",
        "Adds one or more members to a geospatial index. The key is created if it doesn't exist.",
        "key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]",
        "O(log(N)) for each member added, where N is the number of members in the sorted set",
    ),
    Spec::read("GEODIST", -4, Group::Geo, geodist).keys(Keys::ONE).doc(
        "3.2.0",
        "Returns the distance between two members of a geospatial index.",
        "key member1 member2 [M | KM | FT | MI]",
        "O(1)",
    ),
    Spec::read("GEOHASH", -2, Group::Geo, geohash).keys(Keys::ONE).doc(
        "3.2.0",
        "Returns members from a geospatial index as geohash strings.",
        "key [member [member ...]]",
        "O(1) for each member requested",
    ),
    Spec::read("GEOPOS", -2, Group::Geo, geopos).keys(Keys::ONE).doc(
        "3.2.0",
        "Returns the longitude and latitude of members from a geospatial index.",
        "key [member [member ...]]",
        "O(1) for each member requested",
    ),
];

const NO_UNIT: ReplyError = ReplyError::err("unsupported unit provided. please use M, KM, FT, MI");

/// Units of length, each with its metres.
const UNITS: [(&str, f64); 4] = [("M", 1.0), ("KM", 1000.0), ("FT", 0.3048), ("MI", 1609.34)];

/// Metres of a unit.
pub(super) fn unit(argument: &[u8]) -> Result<f64, ReplyError> {
    let named = |(name, _): &&(&str, f64)| argument.eq_ignore_ascii_case(name.as_bytes());
    UNITS.iter().find(named).map(|(_, metres)| *metres).ok_or(NO_UNIT)
}

/// The place of two arguments.
pub(super) fn place(longitude: &[u8], latitude: &[u8]) -> Result<Place, ReplyError> {
    let (longitude, latitude) = (float(longitude)?, float(latitude)?);
    Place::new(longitude, latitude).ok_or_else(|| {
        ReplyError::text(format!("invalid longitude,latitude pair {longitude:.6},{latitude:.6}"))
    })
}

/// Where a member is.
pub(super) fn place_of(zset: &ZSet, member: &[u8]) -> Option<Place> {
    zset.score(member).map(Place::of_score)
}

/// Writes a distance in a unit of so many metres.
pub(super) fn write_distance(reply: &mut ReplyWriter, metres: f64, unit: f64) {
    reply.bulk(format!("{:.4}", metres / unit));
}

/// Writes longitude and latitude.
pub(super) fn write_place(reply: &mut ReplyWriter, place: Place) {
    reply.array(2);
    reply.decimal(place.longitude);
    reply.decimal(place.latitude);
}

fn geoadd(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let mut cursor = Cursor::at(args, 2);
    let mut options = Options::default();
    loop {
        if cursor.word("NX") {
            options.only_new = true;
        } else if cursor.word("XX") {
            options.only_present = true;
        } else if cursor.word("CH") {
            options.tell_changed = true;
        } else {
            break;
        }
    }
    let count = cursor.remaining() / 3;
    if count == 0 || !cursor.remaining().is_multiple_of(3) || (options.only_new && options.only_present) {
        return Err(error::SYNTAX);
    }
    let mut pairs = Vec::with_capacity(count);
    while cursor.remaining() > 0 {
        let place = place(cursor.required()?, cursor.required()?)?;
        pairs.push(Pair { member: cursor.required()?, score: place.score() });
    }
    reply.count(zset_add::write(cx, &args[1], options, &pairs)?.told(options));
    Ok(())
}

fn geodist(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let mut cursor = Cursor::at(args, 4);
    let unit = cursor.next().map_or(Ok(1.0), unit);
    cursor.end()?;
    let unit = unit?;
    let zset: Option<&ZSet> = cx.read_collection(&args[1])?;
    let place = |at: usize| zset.and_then(|zset| place_of(zset, &args[at]));
    match (place(2), place(3)) {
        (Some(from), Some(to)) => write_distance(reply, from.distance(to), unit),
        _ => reply.null(),
    }
    Ok(())
}

fn geohash(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    each_place(cx, args, reply, |place, reply| match place {
        Some(place) => reply.bulk(place.geohash()),
        None => reply.null(),
    })
}

fn geopos(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    each_place(cx, args, reply, |place, reply| match place {
        Some(place) => write_place(reply, place),
        None => reply.null_array(),
    })
}

/// Writes something about each of the members that are named after the key.
fn each_place(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    write: impl Fn(Option<Place>, &mut ReplyWriter),
) -> Outcome {
    let zset: Option<&ZSet> = cx.read_collection(&args[1])?;
    reply.array(args.len() - 2);
    for member in args.from(2).iter() {
        write(zset.and_then(|zset| place_of(zset, member)), reply);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
