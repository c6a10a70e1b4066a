//! `MRC`: what hit ratio a store would have with more memory or less.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::error;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Spec;
use crate::keyspace::miss_ratio::HALF_LIFE_TICKS;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::store::prediction::Prediction;
use crate::store::prediction::SIZES;

/// Their entries.
pub const COMMANDS: &[Spec] = &[Spec::apart("MRC", -1, Group::Server, mrc)
    .with(Flags::READONLY.and(Flags::LOADING).and(Flags::STALE))
    .category("keyspace")
    .doc(
        "7.2.0",
        "Returns the miss-ratio curve of a store, told by index or by name, and the hit ratio it would have at half, once, twice and four times its size. An extension of HyperCache.",
        "[store]",
        "O(1)",
    )];

const NO_SUCH_STORE: ReplyError = ReplyError::err("no such store");
const SWITCHED_OFF: ReplyError =
    ReplyError::err("miss-ratio curves are switched off; set cache.miss_ratio_curves to true");

fn mrc(context: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let store = match args.len() {
        1 => context.store(),
        2 => context.registry().find(&args[1]).ok_or(NO_SUCH_STORE)?,
        _ => return Err(error::SYNTAX),
    };
    let prediction = Prediction::of(store, context.registry()).ok_or(SWITCHED_OFF)?;
    let Prediction { curve, basis, bytes, .. } = &prediction;
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    reply.map(10);
    reply.bulk("store");
    reply.bulk(store.name());
    reply.bulk("basis");
    reply.bulk(basis.word());
    for (name, number) in [
        ("bytes", *bytes),
        ("sampled-keys", curve.sampled_keys as u64),
        ("lookups", curve.lookups_ever),
        ("seconds", curve.ticks),
        ("half-life-seconds", HALF_LIFE_TICKS),
    ] {
        reply.bulk(name);
        reply.integer(whole(number));
    }
    reply.bulk("sampling-ratio");
    reply.double(curve.sampling_ratio);
    reply.bulk("hit-ratios");
    reply.map(SIZES.len());
    for (size, halves) in SIZES {
        reply.bulk(size);
        match prediction.hit_ratio(halves) {
            Some(ratio) => reply.double(ratio),
            None => reply.null(),
        }
    }
    reply.bulk("curve");
    let points = prediction.points();
    reply.array(points.len());
    for (bytes, misses) in points {
        reply.array(2);
        reply.integer(whole(bytes));
        reply.double(misses);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    #[test]
    fn a_store_tells_its_curve_and_what_other_sizes_would_do() {
        let mut bench = Bench::new();
        let told = |bench: &mut Bench, line: &str| bench.run_line(line).replace("\r\n", " ");
        let nothing = told(&mut bench, "MRC");
        assert!(
            nothing.starts_with("*20 $5 store $7 default $5 basis $10 used_bytes $5 bytes :0 "),
            "{nothing}"
        );
        assert!(nothing.contains("$3 0.5 $-1 $1 1 $-1 $1 2 $-1 $1 4 $-1 $5 curve *0"), "{nothing}");
        for n in 0..200 {
            bench.run_line(&format!("SET k{n} v"));
        }
        for n in 0..400 {
            bench.run_line(&format!("GET k{}", n % 200));
        }
        let told_of = told(&mut bench, "MRC 0");
        assert!(
            told_of.contains(" $12 sampled-keys :200 ") && told_of.contains(" $14 sampling-ratio $1 1 "),
            "{told_of}"
        );
        assert!(
            told_of.contains("$3 0.5 $1 0 ") && told_of.contains(" $1 2 $1 1 "),
            "half finds nothing: {told_of}"
        );
        assert!(!told_of.contains("curve *0"), "{told_of}");
        bench.table(&[("MRC nowhere", "-ERR no such store"), ("MRC 0 1", "-ERR syntax error")]);
        assert!(told(&mut bench, "MRC second").contains("$6 second"));
    }
}
