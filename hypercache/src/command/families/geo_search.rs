//! Commands that look for places within a shape.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::args::float;
use crate::command::error;
use crate::command::families::geo;
use crate::command::families::geo::place_of;
use crate::command::families::zset_range::store;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::geo::Place;
use crate::value::geo::shape::Extent;
use crate::value::geo::shape::Shape;
use crate::value::zset::Pair;
use crate::value::zset::ZSet;

const TIME: &str =
    "O(N+log(M)) where N is the number of members around the shape and M that of members in the sorted set";

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::write("GEORADIUS", -6, Group::Geo, georadius)
        .keys(Keys::OneAndStored { from: 6 })
        .with(Flags::DENYOOM.and(Flags::MOVABLEKEYS))
        .doc(
            "3.2.0",
            "Queries a geospatial index for members within a distance from a coordinate, optionally stores the result.",
            "key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] \
             [ASC | DESC] [STORE key | STOREDIST key]",
            TIME,
        ),
    Spec::write("GEORADIUSBYMEMBER", -5, Group::Geo, georadiusbymember)
        .keys(Keys::OneAndStored { from: 5 })
        .with(Flags::DENYOOM.and(Flags::MOVABLEKEYS))
        .doc(
            "3.2.0",
            "Queries a geospatial index for members within a distance from a member, optionally stores the result.",
            "key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC] \
             [STORE key | STOREDIST key]",
            TIME,
        ),
    Spec::read("GEORADIUSBYMEMBER_RO", -5, Group::Geo, georadiusbymember_ro).keys(Keys::ONE).doc(
        "3.2.10",
        "Returns members from a geospatial index that are within a distance from a member.",
        "key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]",
        TIME,
    ),
    Spec::read("GEORADIUS_RO", -6, Group::Geo, georadius_ro).keys(Keys::ONE).doc(
        "3.2.10",
        "Returns members from a geospatial index that are within a distance from a coordinate.",
        "key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] \
         [ASC | DESC]",
        TIME,
    ),
    Spec::read("GEOSEARCH", -7, Group::Geo, geosearch).keys(Keys::ONE).doc(
        "6.2.0",
        "Queries a geospatial index for members inside an area of a box or a circle.",
        "key <FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | KM | FT | MI> | BYBOX width \
         height <M | KM | FT | MI>> [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]",
        TIME,
    ),
    Spec::write("GEOSEARCHSTORE", -8, Group::Geo, geosearchstore)
        .keys(Keys::TWO)
        .with(Flags::DENYOOM)
        .doc(
            "6.2.0",
            "Queries a geospatial index for members inside an area of a box or a circle, stores the result.",
            "destination source <FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | KM | FT | MI> \
             | BYBOX width height <M | KM | FT | MI>> [ASC | DESC] [COUNT count [ANY]] [STOREDIST]",
            TIME,
        ),
];

const NO_RADIUS: ReplyError = ReplyError::err("need numeric radius");
const NEGATIVE_RADIUS: ReplyError = ReplyError::err("radius cannot be negative");
const NO_WIDTH: ReplyError = ReplyError::err("need numeric width");
const NO_HEIGHT: ReplyError = ReplyError::err("need numeric height");
const NEGATIVE_BOX: ReplyError = ReplyError::err("height or width cannot be negative");
const NO_MEMBER: ReplyError = ReplyError::err("could not decode requested zset member");
const NO_COUNT: ReplyError = ReplyError::err("COUNT must be > 0");
const ANY_WITHOUT_COUNT: ReplyError = ReplyError::err("the ANY argument requires COUNT argument");

/// What a command fixes before its options are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `GEORADIUS`, and whether what it finds may be stored.
    Around { stores: bool },
    /// `GEORADIUSBYMEMBER`, and whether what it finds may be stored.
    AroundMember { stores: bool },
    /// `GEOSEARCH`.
    Search,
    /// `GEOSEARCHSTORE`.
    SearchAndStore,
}

impl Form {
    fn source_at(self) -> usize {
        if self == Self::SearchAndStore { 2 } else { 1 }
    }

    /// Whether the shape is among the options.
    fn searches(self) -> bool {
        matches!(self, Self::Search | Self::SearchAndStore)
    }

    fn may_store(self) -> bool {
        matches!(self, Self::Around { stores: true } | Self::AroundMember { stores: true })
    }
}

/// In which order places are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Nearest,
    Farthest,
}

/// The middle of a shape.
#[derive(Debug, Clone, Copy)]
enum Middle {
    Place(Place),
    /// A member, whose place is not known where there is no sorted set.
    Member(Option<Place>),
}

/// What is looked for and what is told of it.
#[derive(Debug, Default)]
struct Query<'a> {
    middle: Option<Middle>,
    extent: Option<Extent>,
    /// Metres of the unit that distances are told in.
    unit: f64,
    order: Option<Order>,
    /// Places wanted at most.
    count: Option<usize>,
    /// Whether the first places that are found will do.
    any: bool,
    with_distance: bool,
    with_hash: bool,
    with_place: bool,
    destination: Option<&'a [u8]>,
    stores_distances: bool,
}

/// A member within the shape.
#[derive(Debug, Clone, Copy)]
struct Found<'z> {
    pair: Pair<'z>,
    place: Place,
    /// Metres from the middle.
    distance: f64,
}

impl<'a> Query<'a> {
    fn parse(args: Args<'a>, form: Form, zset: Option<&ZSet>) -> Result<Self, ReplyError> {
        let mut query = Self::default();
        let mut cursor = Cursor::at(args, form.source_at() + 1);
        match form {
            Form::Around { .. } => {
                query.middle = Some(Middle::Place(geo::place(cursor.required()?, cursor.required()?)?));
                query.radius(&mut cursor)?;
            }
            Form::AroundMember { .. } => {
                query.member(cursor.required()?, zset)?;
                if zset.is_some() {
                    query.radius(&mut cursor)?;
                } else {
                    // Redis does not look at them where there is nothing to be found.
                    cursor.by_ref().take(2).for_each(drop);
                }
            }
            Form::Search => {}
            Form::SearchAndStore => query.destination = args.get(1),
        }
        while cursor.remaining() > 0 {
            let known = query.common_option(&mut cursor, form)?
                || (form.searches() && query.shape_option(&mut cursor, zset)?);
            if !known {
                return Err(error::SYNTAX);
            }
        }
        query.check(form, &args[0])?;
        Ok(query)
    }

    /// Reads an option that all commands have; whether there was one.
    fn common_option(&mut self, cursor: &mut Cursor<'a>, form: Form) -> Result<bool, ReplyError> {
        if cursor.word("WITHDIST") {
            self.with_distance = true;
        } else if cursor.word("WITHHASH") {
            self.with_hash = true;
        } else if cursor.word("WITHCOORD") {
            self.with_place = true;
        } else if cursor.word("ANY") {
            self.any = true;
        } else if cursor.word("ASC") {
            self.order = Some(Order::Nearest);
        } else if cursor.word("DESC") {
            self.order = Some(Order::Farthest);
        } else if cursor.remaining() > 1 && cursor.word("COUNT") {
            let count = usize::try_from(cursor.integer()?).ok().filter(|count| *count > 0);
            self.count = Some(count.ok_or(NO_COUNT)?);
        } else if form.may_store() && cursor.remaining() > 1 && cursor.word("STORE") {
            (self.destination, self.stores_distances) = (cursor.next(), false);
        } else if form.may_store() && cursor.remaining() > 1 && cursor.word("STOREDIST") {
            (self.destination, self.stores_distances) = (cursor.next(), true);
        } else if form == Form::SearchAndStore && cursor.word("STOREDIST") {
            self.stores_distances = true;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Reads an option about the shape; whether there was one.
    fn shape_option(&mut self, cursor: &mut Cursor<'a>, zset: Option<&ZSet>) -> Result<bool, ReplyError> {
        let by_place = matches!(self.middle, Some(Middle::Place(_)));
        let by_member = matches!(self.middle, Some(Middle::Member(_)));
        let by_radius = matches!(self.extent, Some(Extent::Radius(_)));
        let by_box = matches!(self.extent, Some(Extent::Box { .. }));
        if !by_place && cursor.remaining() > 1 && cursor.word("FROMMEMBER") {
            self.member(cursor.required()?, zset)?;
        } else if !by_member && cursor.remaining() > 2 && cursor.word("FROMLONLAT") {
            self.middle = Some(Middle::Place(geo::place(cursor.required()?, cursor.required()?)?));
        } else if !by_box && cursor.remaining() > 2 && cursor.word("BYRADIUS") {
            self.radius(cursor)?;
        } else if !by_radius && cursor.remaining() > 3 && cursor.word("BYBOX") {
            let width = float(cursor.required()?).map_err(|_| NO_WIDTH)?;
            let height = float(cursor.required()?).map_err(|_| NO_HEIGHT)?;
            if width < 0.0 || height < 0.0 {
                return Err(NEGATIVE_BOX);
            }
            self.unit = geo::unit(cursor.required()?)?;
            self.extent = Some(Extent::Box { width: width * self.unit, height: height * self.unit });
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn member(&mut self, member: &[u8], zset: Option<&ZSet>) -> Result<(), ReplyError> {
        let place = zset.map(|zset| place_of(zset, member).ok_or(NO_MEMBER)).transpose()?;
        self.middle = Some(Middle::Member(place));
        Ok(())
    }

    fn radius(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ReplyError> {
        let radius = float(cursor.required()?).map_err(|_| NO_RADIUS)?;
        if radius < 0.0 {
            return Err(NEGATIVE_RADIUS);
        }
        self.unit = geo::unit(cursor.required()?)?;
        self.extent = Some(Extent::Radius(radius * self.unit));
        Ok(())
    }

    /// Refuses options that do not go together, and shapes that are not whole.
    fn check(&self, form: Form, command: &[u8]) -> Result<(), ReplyError> {
        let command = String::from_utf8_lossy(command);
        if self.destination.is_some() && (self.with_distance || self.with_hash || self.with_place) {
            let what = if form.searches() { "GEOSEARCHSTORE" } else { "STORE option in GEORADIUS" };
            let text = format!("{what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
            return Err(ReplyError::text(text));
        }
        if form.searches() && self.middle.is_none() {
            let text = format!("exactly one of FROMMEMBER or FROMLONLAT can be specified for {command}");
            return Err(ReplyError::text(text));
        }
        if form.searches() && self.extent.is_none() {
            let text = format!("exactly one of BYRADIUS and BYBOX can be specified for {command}");
            return Err(ReplyError::text(text));
        }
        if self.any && self.count.is_none() { Err(ANY_WITHOUT_COUNT) } else { Ok(()) }
    }

    fn shape(&self) -> Option<Shape> {
        let middle = match self.middle? {
            Middle::Place(place) => place,
            Middle::Member(place) => place?,
        };
        Some(Shape { middle, extent: self.extent? })
    }

    /// Members within the shape, in the order in which they are told.
    fn find<'z>(&self, zset: &'z ZSet) -> Vec<Found<'z>> {
        let Some(shape) = self.shape() else { return Vec::new() };
        let pairs = shape.scores().into_iter().flat_map(|(first, end)| {
            let rank = |limit: f64| zset.rank_by_score(|score| score < limit);
            zset.range(rank(first)..rank(end))
        });
        let within = pairs.filter_map(|pair| {
            let place = Place::of_score(pair.score);
            shape.distance(place).map(|distance| Found { pair, place, distance })
        });
        let wanted = self.count.unwrap_or(usize::MAX);
        let mut found: Vec<_> = within.take(if self.any { wanted } else { usize::MAX }).collect();
        // The nearest are meant where only some are wanted.
        let nearest = (self.count.is_some() && !self.any).then_some(Order::Nearest);
        match self.order.or(nearest) {
            Some(Order::Nearest) => found.sort_by(|one, other| one.distance.total_cmp(&other.distance)),
            Some(Order::Farthest) => found.sort_by(|one, other| other.distance.total_cmp(&one.distance)),
            None => {}
        }
        found.truncate(wanted);
        found
    }

    fn write(&self, found: &[Found<'_>], reply: &mut ReplyWriter) {
        let parts = [self.with_distance, self.with_hash, self.with_place].into_iter().filter(|with| *with);
        let parts = parts.count();
        reply.array(found.len());
        for Found { pair, place, distance } in found {
            if parts > 0 {
                reply.array(parts + 1);
            }
            reply.bulk(pair.member);
            if self.with_distance {
                geo::write_distance(reply, *distance, self.unit);
            }
            if self.with_hash {
                reply.integer(pair.score as i64);
            }
            if self.with_place {
                geo::write_place(reply, *place);
            }
        }
    }
}

fn search(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter, form: Form) -> Outcome {
    let (limits, mut stored) = (cx.limits(), cx.empty::<ZSet>());
    let zset: Option<&ZSet> = cx.read_collection(&args[form.source_at()])?;
    let query = Query::parse(args, form, zset)?;
    let found = zset.map(|zset| query.find(zset)).unwrap_or_default();
    let Some(destination) = query.destination else {
        query.write(&found, reply);
        return Ok(());
    };
    for Found { pair, distance, .. } in found {
        let score = if query.stores_distances { distance / query.unit } else { pair.score };
        stored.set(pair.member, score, &limits);
    }
    let event = if form.searches() { "geosearchstore" } else { "georadiusstore" };
    store(cx, destination, stored, reply, event);
    Ok(())
}

fn georadius(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    search(cx, args, reply, Form::Around { stores: true })
}

fn georadius_ro(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    search(cx, args, reply, Form::Around { stores: false })
}

fn georadiusbymember(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    search(cx, args, reply, Form::AroundMember { stores: true })
}

fn georadiusbymember_ro(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    search(cx, args, reply, Form::AroundMember { stores: false })
}

fn geosearch(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    search(cx, args, reply, Form::Search)
}

fn geosearchstore(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    search(cx, args, reply, Form::SearchAndStore)
}

#[cfg(test)]
mod tests;
