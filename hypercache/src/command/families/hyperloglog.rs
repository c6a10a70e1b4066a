//! Commands on HyperLogLogs, which are kept in strings.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::context::EventClass;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::hyperloglog;
use crate::value::hyperloglog::Encoding;
use crate::value::hyperloglog::Fault;
use crate::value::hyperloglog::Registers;
use crate::value::string::StrRef;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::write("PFADD", -2, Group::HyperLogLog, pfadd)
        .with(Flags::DENYOOM.and(Flags::FAST))
        .keys(Keys::ONE)
        .doc(
            "2.8.9",
            "Adds elements to a HyperLogLog key. Creates the key if it doesn't exist.",
            "key [element [element ...]]",
            "O(1) for each element",
        ),
    Spec::read("PFCOUNT", -2, Group::HyperLogLog, pfcount)
        .with(Flags::MAY_REPLICATE)
        .keys(Keys::ALL)
        .doc(
            "2.8.9",
            "Returns the approximated cardinality of the set, or of the union of the sets, observed by HyperLogLog keys. \
             That of a single key is kept with it.",
            "key [key ...]",
            "O(1) for a single key, O(N) with a large constant where N is the number of keys",
        ),
    Spec::write("PFDEBUG", 3, Group::HyperLogLog, pfdebug)
        .with(Flags::DENYOOM.and(Flags::ADMIN))
        .keys(Keys::Range { first: 2, last: 2, step: 1 })
        .doc(
            "2.8.9",
            "Tells of the registers of a HyperLogLog key: GETREG their values, DECODE their runs, ENCODING how they are \
             kept. TODENSE keeps them densely.",
            "subcommand key",
            "O(1)",
        ),
    Spec::write("PFMERGE", -2, Group::HyperLogLog, pfmerge).with(Flags::DENYOOM).keys(Keys::ALL).doc(
        "2.8.9",
        "Merges HyperLogLog keys into one, which is among those merged if it exists.",
        "destkey [sourcekey [sourcekey ...]]",
        "O(N) with a large constant where N is the number of keys",
    ),
    Spec::apart("PFSELFTEST", 1, Group::HyperLogLog, pfselftest).with(Flags::ADMIN).doc(
        "2.8.9",
        "Tests registers and estimates of HyperLogLogs.",
        "",
        "O(1)",
    ),
];

const FOREIGN: ReplyError = ReplyError::new("WRONGTYPE", "Key is not a valid HyperLogLog string value.");
const DAMAGED: ReplyError = ReplyError::new("INVALIDOBJ", "Corrupted HLL object detected");
const NO_KEY: ReplyError = ReplyError::err("The specified key does not exist");
const NOT_SPARSE: ReplyError = ReplyError::err("HLL encoding is not sparse");

impl From<Fault> for ReplyError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Foreign => FOREIGN,
            Fault::Damaged => DAMAGED,
        }
    }
}

/// Lets `change` work on the HyperLogLog of `key`, which is whole, or on a new one.
fn change<R>(
    cx: &mut Context<'_>,
    key: &[u8],
    change: impl FnOnce(&mut Vec<u8>) -> R,
) -> Result<R, ReplyError> {
    cx.change_string(key, |string| {
        let bytes = string.make_growing();
        if bytes.is_empty() {
            *bytes = hyperloglog::empty();
        }
        change(bytes)
    })
}

fn pfadd(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, elements, narrow) = (&args[1], args.from(2), cx.limits().hll_sparse_bytes);
    let (is_new, lacking) = match cx.peek_string(key)?.map(StrRef::bytes) {
        None => (true, true),
        Some(bytes) => {
            hyperloglog::check(&bytes)?;
            (false, elements.iter().any(|element| hyperloglog::lacks(&bytes, element)))
        }
    };
    if lacking {
        let added = change(cx, key, |bytes| {
            let added = elements.iter().filter(|element| hyperloglog::add(bytes, element, narrow)).count();
            hyperloglog::forget_cached(bytes);
            added
        })?;
        // The key was counted as one change.
        cx.changed(added + usize::from(is_new) - 1);
        cx.notify(EventClass::String, "pfadd", key);
    }
    reply.count(usize::from(lacking));
    Ok(())
}

fn pfcount(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    if args.len() > 2 {
        reply.count(merged(cx, args)?.0.cardinality() as usize);
        return Ok(());
    }
    let key = &args[1];
    let Some(string) = cx.read_string(key)? else {
        reply.count(0);
        return Ok(());
    };
    let bytes = string.bytes();
    hyperloglog::encoding(&bytes)?;
    let cardinality = match hyperloglog::cached(&bytes) {
        Some(cardinality) => cardinality,
        None => {
            let cardinality = Registers::of(&bytes)?.cardinality();
            change(cx, key, |bytes| hyperloglog::cache(bytes, cardinality))?;
            // To Redis that is a change without an event.
            cx.signal(key);
            cardinality
        }
    };
    reply.count(cardinality as usize);
    Ok(())
}

/// The registers of all keys from the second argument on, brought together, and whether some are kept densely.
fn merged(cx: &mut Context<'_>, args: Args<'_>) -> Result<(Registers, bool), ReplyError> {
    let (mut registers, mut dense) = (Registers::new(), false);
    for key in args.from(1).iter() {
        if let Some(string) = cx.read_string(key)? {
            let bytes = string.bytes();
            registers.merge(&bytes)?;
            dense |= hyperloglog::encoding(&bytes)? == Encoding::Dense;
        }
    }
    Ok((registers, dense))
}

fn pfmerge(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, narrow) = (&args[1], cx.limits().hll_sparse_bytes);
    let (registers, dense) = merged(cx, args)?;
    change(cx, key, |bytes| {
        if dense {
            hyperloglog::make_dense(bytes);
        }
        registers.raise(bytes, narrow);
        hyperloglog::forget_cached(bytes);
    })?;
    cx.notify(EventClass::String, "pfadd", key);
    reply.ok();
    Ok(())
}

fn pfdebug(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (subcommand, key) = (&args[1], &args[2]);
    let bytes = cx.peek_string(key)?.ok_or(NO_KEY)?.bytes().into_owned();
    let encoding = hyperloglog::encoding(&bytes)?;
    let is = |name: &str| subcommand.eq_ignore_ascii_case(name.as_bytes());
    if is("GETREG") {
        let registers = Registers::of(&bytes)?;
        to_dense(cx, key, encoding)?;
        reply.array(hyperloglog::REGISTERS);
        registers.all().iter().for_each(|rank| reply.count(usize::from(*rank)));
    } else if is("DECODE") {
        reply.bulk(hyperloglog::told_runs(&bytes)?.ok_or(NOT_SPARSE)?);
    } else if is("ENCODING") {
        reply.simple(if encoding == Encoding::Dense { "dense" } else { "sparse" });
    } else if is("TODENSE") {
        hyperloglog::check(&bytes)?;
        to_dense(cx, key, encoding)?;
        reply.count(usize::from(encoding == Encoding::Sparse));
    } else {
        let subcommand = String::from_utf8_lossy(subcommand);
        return Err(ReplyError::text(format!("Unknown PFDEBUG subcommand '{subcommand}'")));
    }
    Ok(())
}

/// Represents the registers of a key, which are whole, densely unless they are.
fn to_dense(cx: &mut Context<'_>, key: &[u8], encoding: Encoding) -> Outcome {
    if encoding == Encoding::Sparse { change(cx, key, hyperloglog::make_dense) } else { Ok(()) }
}

fn pfselftest(cx: &mut Context<'_>, _: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    hyperloglog::self_test(|| cx.random()).map_err(ReplyError::text)?;
    reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests;
