//! Commands on the cuckoo filter that a store keeps of its own keys, where it is to have one. Filters as values are in
//! `cuckoo` and `bloom`.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::NodeCommand;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;

/// Their entries.
pub const COMMANDS: &[Spec] = &[Spec::container("FILTER", Group::Generic, FILTER).doc(
    "1.0.0",
    "A container for commands on the filter that a store keeps of its keys.",
    "",
    "Depends on subcommand.",
)];

const ONE_KEY: Keys = Keys::Range { first: 2, last: 2, step: 1 };
const ALL_KEYS: Keys = Keys::Range { first: 2, last: -1, step: 1 };

const FILTER: &[Spec] = &[
    Spec::read("EXISTS", 3, Group::Generic, exists).with(Flags::FAST).keys(ONE_KEY).doc(
        "1.0.0",
        "Returns whether a key may exist, as the store's filter knows it; 0 is certain.",
        "key",
        "O(1)",
    ),
    Spec::node("HELP", 2, NodeCommand::Help("FILTER")).doc(
        "1.0.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    Spec::read("INFO", 2, Group::Generic, info).with(Flags::FAST).doc(
        "1.0.0",
        "Returns how the store's filter stands and how well it has answered.",
        "",
        "O(S) where S is the number of shards",
    ),
    Spec::read("MEXISTS", -3, Group::Generic, mexists).with(Flags::FAST).keys(ALL_KEYS).doc(
        "1.0.0",
        "Returns whether keys may exist, as the store's filter knows it; 0 is certain.",
        "key [key ...]",
        "O(N) where N is the number of keys",
    ),
];

const NO_FILTER: ReplyError = ReplyError::new(
    "NOFILTER",
    "this store has no filter; STORE ALTER name FILTER ON gives it one, as cuckoo_filter does in the configuration",
);

fn check(cx: &Context<'_>) -> Outcome {
    cx.store().keyspace().filter_rate().map(|_| ()).ok_or(NO_FILTER)
}

/// What the filter cannot tell may be there.
fn may_exist(cx: &Context<'_>, key: &[u8]) -> bool {
    cx.may_exist(key).unwrap_or(true)
}

fn exists(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    check(cx)?;
    reply.boolean(may_exist(cx, &args[2]));
    Ok(())
}

fn mexists(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    check(cx)?;
    let keys = args.from(2);
    reply.array(keys.len());
    keys.iter().for_each(|key| reply.boolean(may_exist(cx, key)));
    Ok(())
}

fn info(cx: &mut Context<'_>, _args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let filter = cx.store().keyspace().filter_standing().ok_or(NO_FILTER)?;
    let tally = filter.tally;
    let counts = [
        ("items", filter.items),
        ("slots", filter.slots),
        ("bytes", filter.bytes),
        ("fingerprint_bits", filter.fingerprint_bits.into()),
        ("negatives", tally.negatives),
        ("true_positives", tally.true_positives),
        ("false_positives", tally.false_positives),
        ("moves", tally.kicks),
        ("splits", tally.splits),
        ("joins", tally.joins),
        ("segments_built", tally.built),
        ("segments_unbuilt", filter.unbuilt),
        ("segments_overflown", filter.overflown),
    ];
    let shares = [
        ("built", filter.covered),
        ("wanted_rate", filter.wanted_rate),
        ("expected_rate", filter.expected_rate),
    ];
    reply.map(counts.len() + shares.len() + 1);
    for (name, count) in counts {
        reply.bulk(name);
        reply.integer(count.cast_signed());
    }
    for (name, share) in shares {
        reply.bulk(name);
        reply.double(share);
    }
    reply.bulk("measured_rate");
    match filter.measured_rate() {
        Some(rate) => reply.double(rate),
        None => reply.null(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    #[test]
    fn a_store_without_a_filter_says_so() {
        let mut bench = Bench::new();
        for command in [&["FILTER", "INFO"][..], &["FILTER", "EXISTS", "k"], &["FILTER", "MEXISTS", "k", "l"]]
        {
            assert!(bench.run(command).starts_with("-NOFILTER "), "{command:?}");
        }
    }
}
