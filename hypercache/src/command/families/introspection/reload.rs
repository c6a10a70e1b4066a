//! `DEBUG RELOAD`: what saving all data and loading it again would make of it, without a file.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::error;
use crate::keyspace::departure::Departure;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::seen::Seen;
use crate::rdb::payload;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::Value;

/// An entry as it comes back.
struct Reloaded {
    key: Box<[u8]>,
    /// None: its time is over.
    value: Option<Value>,
    deadline: Option<UnixMillis>,
}

/// Writes every value as `DUMP` does and puts what is read of it into its place, shard by shard.
pub fn reload(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    if args.len() > 2 {
        // There is no file that could be merged with what is there, or loaded without being saved first.
        return Err(error::SYNTAX);
    }
    let (now, limits) = (cx.now(), cx.limits());
    for store in cx.registry().all() {
        let keyspace = store.keyspace();
        for shard in 0..keyspace.shards() {
            let mut data = keyspace.lock(shard);
            let mut reloaded: Vec<Result<Reloaded, ReplyError>> = Vec::with_capacity(data.len());
            let again = |entry: Seen<'_>| {
                let there = !entry.expired(now);
                let value = there.then(|| {
                    payload::value_of(&payload::of_value(entry.value()), keyspace.seed().0, &limits).map_err(
                        |refused| ReplyError::text(format!("Error trying to load the RDB dump: {refused}")),
                    )
                });
                Ok(Reloaded {
                    key: entry.key().into(),
                    value: value.transpose()?,
                    deadline: entry.deadline().filter(|_| !keyspace.by_session()),
                })
            };
            data.scan(0, usize::MAX, |entry| reloaded.push(again(entry)));
            for entry in reloaded {
                let Reloaded { key, value, deadline } = entry?;
                let key = keyspace.hashed(&key);
                match value {
                    Some(value) => drop(data.set(key, value.into(), deadline, now)),
                    None => drop(data.remove(key, Departure::Expired)),
                }
            }
        }
    }
    reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::test_bench::Bench;

    #[test]
    fn data_is_the_same_after_a_reload() {
        let mut bench = Bench::new();
        for line in [
            "SET s abc EX 100",
            "SET n 12",
            "RPUSH l a b 3",
            "SADD i 1 2 3",
            "SADD t a b",
            "HSET h a 1 b 2",
            "ZADD z 1.5 a 2 b",
            "XADD x 1-1 a b",
            "XGROUP CREATE x g 0",
            "PFADD p a b",
        ] {
            bench.run_line(line);
        }
        let (digest, size) = (bench.run_line("DEBUG DIGEST"), bench.run_line("DBSIZE"));
        bench.table(&[("DEBUG RELOAD", "+OK"), ("DEBUG DIGEST", digest.trim()), ("DBSIZE", size.trim())]);
        bench.table(&[("OBJECT ENCODING i", "$6 intset"), ("DEBUG RELOAD NOSAVE", "-ERR syntax error")]);
    }

    #[test]
    fn keys_whose_time_is_over_do_not_come_back() {
        let mut bench = Bench::new();
        bench.table(&[("SET a 1 PX 10", "+OK"), ("SET b 1", "+OK")]);
        bench.advance(20);
        bench.table(&[("DEBUG RELOAD", "+OK"), ("DBSIZE", ":1")]);
    }
}
