//! `HOTKEYS TOP`: the keys of a store with most accesses or bytes moved, which are always counted, and its biggest keys.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::error;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::store::Store;
use crate::store::traffic::HALF_LIFE_SECONDS;
use crate::store::traffic::Measure;
use crate::value::view::TYPE_NAMES;

/// Keys that are told unless a number is given.
const KEYS_DEFAULT: usize = 10;
const KEYS_MAX: i64 = 64;

const NO_SUCH_STORE: ReplyError = ReplyError::err("no such store");
const WRONG_COUNT: ReplyError = ReplyError::err("COUNT must be between 1 and 64");
const WRONG_MEASURE: ReplyError = ReplyError::err("BY must be count, bytes or size");

/// The entry, which stands among the other subcommands.
pub const TOP: Spec = Spec::apart("TOP", -2, Group::Server, top)
    .with(Flags::ADMIN.and(Flags::NOSCRIPT))
    .doc(
        "8.6.0",
        "Returns the keys of a store with most accesses or bytes moved in the last minutes, which are always counted over a sample, or the biggest keys of each type. An extension of HyperCache.",
        "[STORE store] [BY <COUNT | BYTES | SIZE>] [COUNT count]",
        "O(1)",
    );

/// What is asked for; no measure: the biggest keys.
struct Asked<'a> {
    store: &'a Store,
    measure: Option<Measure>,
    count: usize,
}

fn asked<'a>(context: &Context<'a>, args: Args<'_>) -> Result<Asked<'a>, ReplyError> {
    let mut asked = Asked { store: context.store(), measure: Some(Measure::Count), count: KEYS_DEFAULT };
    let mut cursor = Cursor::at(args, 2);
    while cursor.remaining() > 0 {
        if cursor.word("STORE") {
            asked.store = context.registry().find(cursor.required()?).ok_or(NO_SUCH_STORE)?;
        } else if cursor.word("BY") {
            asked.measure = if cursor.word("COUNT") {
                Some(Measure::Count)
            } else if cursor.word("BYTES") {
                Some(Measure::Bytes)
            } else if cursor.word("SIZE") {
                None
            } else {
                return Err(WRONG_MEASURE);
            };
        } else if cursor.word("COUNT") {
            let count = cursor.integer().ok().filter(|count| (1..=KEYS_MAX).contains(count));
            asked.count = count.and_then(|count| usize::try_from(count).ok()).ok_or(WRONG_COUNT)?;
        } else {
            return Err(error::SYNTAX);
        }
    }
    Ok(asked)
}

fn top(context: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let asked = asked(context, args)?;
    match asked.measure {
        Some(measure) => hottest(&asked, measure, reply),
        None => biggest(context, &asked, reply)?,
    }
    Ok(())
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn hottest(asked: &Asked<'_>, measure: Measure, reply: &mut ReplyWriter) {
    let top = asked.store.traffic().top(measure, asked.count);
    let by = match measure {
        Measure::Count => "count",
        Measure::Bytes => "bytes",
    };
    reply.map(5);
    reply.bulk("store");
    reply.bulk(asked.store.name());
    reply.bulk("by");
    reply.bulk(by);
    reply.bulk("half-life-seconds");
    reply.integer(whole(HALF_LIFE_SECONDS));
    reply.bulk("total");
    reply.integer(whole(top.total));
    reply.bulk("keys");
    reply.array(top.keys.len());
    for counted in &top.keys {
        reply.map(3);
        reply.bulk("key");
        reply.bulk(&counted.key);
        reply.bulk(by);
        reply.integer(whole(counted.count));
        reply.bulk("share");
        reply.double(counted.count as f64 / top.total.max(1) as f64);
    }
}

/// Bytes of an entry, and its key.
type Weighed = (usize, Box<[u8]>);

fn biggest<'a>(context: &Context<'a>, asked: &Asked<'a>, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let mut keys: Vec<(&str, Vec<Weighed>)> = Vec::new();
    for (kind, name) in TYPE_NAMES.into_iter().enumerate() {
        let mut found: Vec<Weighed> = Vec::new();
        for shard in 0..asked.store.keyspace().shards() {
            context.with_shard_of(asked.store, shard, |shard| {
                shard.visit_biggest(kind, context.now(), |entry| {
                    found.push((entry.footprint(), entry.key().into()));
                });
            })?;
            // The keys themselves may be long: no more are held than are told.
            found.sort_unstable_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(&right.1)));
            found.truncate(asked.count);
        }
        keys.push((name, found));
    }
    reply.map(3);
    reply.bulk("store");
    reply.bulk(asked.store.name());
    reply.bulk("by");
    reply.bulk("size");
    reply.bulk("keys");
    reply.array(keys.iter().map(|(_, found)| found.len()).sum());
    for (name, found) in &keys {
        for (bytes, key) in found {
            reply.map(3);
            reply.bulk("key");
            reply.bulk(key);
            reply.bulk("type");
            reply.bulk(name);
            reply.bulk("size");
            reply.count(*bytes);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    fn told(bench: &mut Bench, line: &str) -> String {
        bench.run_line(line).replace("\r\n", " ")
    }

    #[test]
    fn the_biggest_keys_are_told_by_type_as_they_are_now() {
        let mut bench = Bench::new();
        let empty = "*6 $5 store $7 default $2 by $4 size $4 keys *0";
        assert_eq!(told(&mut bench, "HOTKEYS TOP BY SIZE").trim_end(), empty);
        for n in 1..=9 {
            bench.run(&["SET".to_owned(), format!("s{n}"), "x".repeat(1000 << n)]);
            bench.run(&["RPUSH".to_owned(), "list".to_owned(), "x".repeat(1000)]);
        }
        let top = told(&mut bench, "HOTKEYS TOP BY SIZE COUNT 2");
        assert!(top.contains("keys *3 *6 $3 key $2 s9 $4 type $6 string $4 size :5"), "{top}");
        assert!(top.contains("$3 key $4 list $4 type $4 list $4 size :") && top.contains("$2 s8 "), "{top}");
        bench.table(&[("DEL s9", ":1"), ("SET s8 small", "+OK"), ("PEXPIRE list 10", ":1")]);
        bench.advance(20);
        let top = told(&mut bench, "HOTKEYS TOP BY SIZE COUNT 1");
        assert!(top.contains("keys *1 *6 $3 key $2 s7 "), "{top}");
        bench.run_line("FLUSHALL");
        assert_eq!(told(&mut bench, "HOTKEYS TOP BY SIZE").trim_end(), empty);
    }

    #[test]
    fn arguments_are_read_and_refused() {
        let mut bench = Bench::new();
        let nothing =
            "*10 $5 store $6 second $2 by $5 bytes $17 half-life-seconds :60 $5 total :0 $4 keys *0";
        bench.table(&[
            ("HOTKEYS TOP STORE second BY bytes COUNT 64", nothing),
            ("HOTKEYS TOP STORE nowhere", "-ERR no such store"),
            ("HOTKEYS TOP BY weight", "-ERR BY must be count, bytes or size"),
            ("HOTKEYS TOP COUNT 65", "-ERR COUNT must be between 1 and 64"),
            ("HOTKEYS TOP COUNT", "-ERR COUNT must be between 1 and 64"),
            ("HOTKEYS TOP BY", "-ERR BY must be count, bytes or size"),
            ("HOTKEYS TOP x", "-ERR syntax error"),
        ]);
    }
}
