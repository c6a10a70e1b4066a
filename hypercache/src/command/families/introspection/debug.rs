//! `DEBUG`: what tests of clients use.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::error;
use crate::command::families::introspection::digest;
use crate::command::families::introspection::reload;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Handler;
use crate::command::spec::Keys;
use crate::command::spec::NodeCommand;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;

const FLAGS: Flags =
    Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::LOADING).and(Flags::STALE).and(Flags::PROTECTED);

/// The entries of its subcommands.
pub const COMMANDS: &[Spec] = &[
    data("DIGEST", 2, whole).doc(
        "1.0.0",
        "Returns a digest of all stores, which only this version of this server would give.",
        "",
        "O(N) where N is the size of all data",
    ),
    data("DIGEST-VALUE", -3, values).keys(Keys::Range { first: 2, last: -1, step: 1 }).doc(
        "1.0.0",
        "Returns digests of the values of keys.",
        "key [key ...]",
        "O(N) where N is the size of the values",
    ),
    node("ERROR", 3, NodeCommand::DebugError).doc(
        "1.0.0",
        "Returns the message as an error.",
        "message",
        "O(1)",
    ),
    node("HELP", 2, NodeCommand::Help("DEBUG")).doc(
        "5.0.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    node("LOG", 3, NodeCommand::DebugLog).doc("1.0.0", "Writes the message to the log.", "message", "O(1)"),
    data("OBJECT", 3, object).keys(Keys::Range { first: 2, last: 2, step: 1 }).doc(
        "1.0.0",
        "Returns low-level information about a value.",
        "key",
        "O(1)",
    ),
    node("PAUSE-CRON", 3, NodeCommand::DebugPauseCron).doc(
        "7.2.0",
        "Stops what the node does once a second (1), or lets it go on (0).",
        "switch",
        "O(1)",
    ),
    node("PROTOCOL", 3, NodeCommand::DebugProtocol).doc(
        "6.0.0",
        "Returns an example of a type of the protocol.",
        "type",
        "O(1)",
    ),
    data("RELOAD", -2, reload::reload).with(Flags::NO_MULTI).doc(
        "1.0.0",
        "Writes all values as they would be saved, and reads them again.",
        "",
        "O(N) where N is the size of all data",
    ),
    node("SET-ACTIVE-EXPIRE", 3, NodeCommand::DebugSetActiveExpire).doc(
        "1.0.0",
        "Lets expired keys be removed in the background (1), or only when they are met (0).",
        "switch",
        "O(1)",
    ),
    node("SLEEP", 3, NodeCommand::DebugSleep).doc(
        "1.0.0",
        "Stops the thread of this connection for some seconds.",
        "seconds",
        "O(1)",
    ),
];

const fn data(name: &'static str, arity: i16, handler: Handler) -> Spec {
    Spec::read(name, arity, Group::Server, handler).with(FLAGS)
}

const fn node(name: &'static str, arity: i16, command: NodeCommand) -> Spec {
    Spec::node(name, arity, command).with(FLAGS)
}

fn whole(cx: &mut Context<'_>, _: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let now = cx.now();
    let mut all = digest::Digest::default();
    cx.visit_all_stores(|store, entry| {
        if entry.expired(now) {
            return;
        }
        let mut one = digest::of_entry(&entry, entry.deadline().is_some(), now);
        one.mix(&store.to_be_bytes());
        all.join(one);
    });
    reply.simple(&all.text());
    Ok(())
}

fn values(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (keys, now) = (args.from(2), cx.now());
    reply.array(keys.len());
    for key in keys.iter() {
        let expires = cx.peek(key).is_some() && cx.deadline(key).is_some();
        let digest = cx.peek(key).map(|entry| digest::of_value(entry, expires, now)).unwrap_or_default();
        reply.simple(&digest.text());
    }
    Ok(())
}

/// There is no address to tell, and no serialized form: the length is that in memory.
fn object(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let now = cx.now();
    let entry = cx.peek(&args[2]).ok_or(error::NO_SUCH_KEY)?;
    let idle = entry.idle_seconds(now);
    reply.simple(&format!(
        "Value at:0x0 refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{idle}",
        entry.value().encoding(),
        entry.value().heap_bytes().max(1),
        // As Redis keeps it: seconds in 24 bits.
        (now / 1000).saturating_sub(idle) & 0xff_ffff,
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    const ZERO: &str = "+0000000000000000000000000000000000000000";

    #[test]
    fn digests_tell_values_apart_and_not_the_order_of_what_has_none() {
        let mut bench = Bench::new();
        bench.table(&[("DEBUG DIGEST", ZERO), ("DEBUG DIGEST-VALUE none", &format!("*1 {ZERO}"))]);
        let mut of = |lines: &[&str]| {
            bench.run_line("FLUSHALL");
            lines.iter().for_each(|line| drop(bench.run_line(line)));
            (bench.run_line("DEBUG DIGEST"), bench.run_line("DEBUG DIGEST-VALUE k"))
        };
        for (left, right) in [
            (&["SADD k a b c"][..], &["SADD k c", "SADD k b a"][..]),
            (&["HSET k a 1 b 2"], &["HSET k b 2", "HSET k a 1"]),
            (&["ZADD k 1 a 2 b"], &["ZADD k 2 b", "ZADD k 1 a"]),
            (&["SET k 12"], &["APPEND k 1", "APPEND k 2"]),
        ] {
            assert_eq!(of(left), of(right), "{left:?}");
        }
        for (left, right) in [
            (&["RPUSH k a b"][..], &["RPUSH k b a"][..]),
            (&["SET k 1"], &["SET k 2"]),
            (&["HSET k a b"], &["HSET k b a"]),
            (&["ZADD k 1 a"], &["ZADD k 2 a"]),
            (&["SET k a"], &["RPUSH k a"]),
            (&["SET k a"], &["SET k a EX 100"]),
        ] {
            let (left_all, left_value) = of(left);
            let (right_all, right_value) = of(right);
            assert!(left_all != right_all && left_value != right_value, "{left:?}");
        }
    }

    #[test]
    fn an_object_is_described() {
        let mut bench = Bench::new();
        bench.table(&[("SET a 1", "+OK"), ("DEBUG OBJECT none", "-ERR no such key")]);
        let text = bench.run_line("DEBUG OBJECT a");
        assert!(text.contains("refcount:1 encoding:int serializedlength:1 lru:"), "{text}");
    }
}
