//! Commands that give members of a sorted set their scores.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::context::EventClass;
use crate::command::error;
use crate::command::families::zset::write_score;
use crate::command::families::zset_bounds;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::limits::Limits;
use crate::value::zset::Pair;
use crate::value::zset::ZSet;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::write("ZADD", -4, Group::SortedSet, zadd)
        .keys(Keys::ONE)
        .with(Flags::DENYOOM.and(Flags::FAST))
        .doc(
            "1.2.0",
            "Adds one or more members to a sorted set, or updates their scores. Creates the key if it doesn't exist.",
            "key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]",
            "O(log(N)) for each item added, where N is the number of members in the sorted set",
        ),
    Spec::write("ZINCRBY", 4, Group::SortedSet, zincrby)
        .keys(Keys::ONE)
        .with(Flags::DENYOOM.and(Flags::FAST))
        .doc(
            "1.2.0",
            "Increments the score of a member in a sorted set.",
            "key increment member",
            "O(log(N)) where N is the number of members in the sorted set",
        ),
];

const NX_AND_XX: ReplyError = ReplyError::err("XX and NX options at the same time are not compatible");
const NX_AND_GT: ReplyError =
    ReplyError::err("GT, LT, and/or NX options at the same time are not compatible");
const INCR_OF_SEVERAL: ReplyError = ReplyError::err("INCR option supports a single increment-element pair");
const NOT_A_NUMBER: ReplyError = ReplyError::err("resulting score is not a number (NaN)");

/// Under which conditions scores are written, and what is told.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Options {
    pub only_new: bool,
    pub only_present: bool,
    only_greater: bool,
    only_less: bool,
    pub tell_changed: bool,
    increment: bool,
}

impl Options {
    /// Reads the options; the score comes next.
    fn parse(cursor: &mut Cursor<'_>) -> Self {
        let mut options = Self::default();
        loop {
            if cursor.word("NX") {
                options.only_new = true;
            } else if cursor.word("XX") {
                options.only_present = true;
            } else if cursor.word("GT") {
                options.only_greater = true;
            } else if cursor.word("LT") {
                options.only_less = true;
            } else if cursor.word("CH") {
                options.tell_changed = true;
            } else if cursor.word("INCR") {
                options.increment = true;
            } else {
                return options;
            }
        }
    }

    fn check(self, pairs: usize) -> Result<Self, ReplyError> {
        if self.only_new && self.only_present {
            return Err(NX_AND_XX);
        }
        if [self.only_new, self.only_greater, self.only_less].into_iter().filter(|set| *set).count() > 1 {
            return Err(NX_AND_GT);
        }
        if self.increment && pairs > 1 { Err(INCR_OF_SEVERAL) } else { Ok(self) }
    }

    /// The score that a member gets; none where it keeps what it has.
    fn score(self, old: Option<f64>, argument: f64) -> Result<Option<f64>, ReplyError> {
        let Some(old) = old else { return Ok((!self.only_present).then_some(argument)) };
        if self.only_new {
            return Ok(None);
        }
        let new = if self.increment { old + argument } else { argument };
        if new.is_nan() {
            return Err(NOT_A_NUMBER);
        }
        let kept = (self.only_greater && new <= old) || (self.only_less && new >= old);
        Ok((!kept).then_some(new))
    }
}

/// What became of members.
#[derive(Debug, Default)]
pub(super) struct Written {
    added: usize,
    updated: usize,
    /// The score of the last one; none where it kept what it had.
    score: Option<f64>,
}

impl Written {
    /// The number that a command tells.
    pub fn told(&self, options: Options) -> usize {
        self.added + if options.tell_changed { self.updated } else { 0 }
    }
}

fn zadd(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let mut cursor = Cursor::at(args, 2);
    let options = Options::parse(&mut cursor);
    let pairs = args.from(args.len() - cursor.remaining());
    if pairs.is_empty() || !pairs.len().is_multiple_of(2) {
        return Err(error::SYNTAX);
    }
    let options = options.check(pairs.len() / 2)?;
    let written = write(cx, &args[1], options, &parse_pairs(pairs)?)?;
    if options.increment {
        write_score(reply, written.score);
    } else {
        reply.count(written.told(options));
    }
    Ok(())
}

fn zincrby(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let options = Options { increment: true, ..Options::default() };
    let written = write(cx, &args[1], options, &parse_pairs(args.from(2))?)?;
    write_score(reply, written.score);
    Ok(())
}

/// Reads scores with their members.
fn parse_pairs(pairs: Args<'_>) -> Result<Vec<Pair<'_>>, ReplyError> {
    let scores = pairs.iter().step_by(2).map(|score| zset_bounds::score(score).ok_or(error::NOT_A_FLOAT));
    let members = pairs.iter().skip(1).step_by(2);
    scores.zip(members).map(|(score, member)| Ok(Pair { member, score: score? })).collect()
}

/// Gives members scores, of which there is one at least.
pub(super) fn write(
    cx: &mut Context<'_>,
    key: &[u8],
    options: Options,
    pairs: &[Pair<'_>],
) -> Result<Written, ReplyError> {
    let limits = cx.limits();
    match cx.peek_collection::<ZSet>(key)? {
        None if options.only_present => return Ok(Written::default()),
        // The one pair of an increment is the only one that can fail, so nothing is written before it does.
        Some(zset) if options.increment => drop(options.score(zset.score(pairs[0].member), pairs[0].score)?),
        _ => {}
    }
    let written = cx.change_collection(key, |zset: &mut ZSet| write_all(zset, options, pairs, &limits))??;
    let changed = written.added + written.updated;
    cx.changed(changed);
    if changed > 0 {
        cx.notify(EventClass::ZSet, if options.increment { "zincr" } else { "zadd" }, key);
    }
    Ok(written)
}

fn write_all(
    zset: &mut ZSet,
    options: Options,
    pairs: &[Pair<'_>],
    limits: &Limits,
) -> Result<Written, ReplyError> {
    // Redis looks at the first member, and only where it makes a sorted set.
    let first = if zset.is_empty() { pairs.first() } else { None };
    zset.expect(pairs.len(), first.map_or(0, |pair| pair.member.len()), limits);
    let mut written = Written::default();
    for pair in pairs {
        let (member, old) = (pair.member, zset.score(pair.member));
        written.score = options.score(old, pair.score)?;
        let Some(score) = written.score else { continue };
        zset.set(member, score, limits);
        match old {
            None => written.added += 1,
            Some(old) => written.updated += usize::from(old != score),
        }
    }
    Ok(written)
}

#[cfg(test)]
mod tests;
