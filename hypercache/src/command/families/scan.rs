//! Commands that find keys.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::error;
use crate::command::spec::Group;
use crate::command::spec::Spec;
use crate::keyspace::entry::Entry;
use crate::keyspace::table::POSITION_MAX;
use crate::keyspace::table::Position;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::glob;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::read("KEYS", 2, Group::Generic, keys).dangerous().doc(
        "1.0.0",
        "Returns all key names that match a pattern.",
        "pattern",
        "O(N) where N is the number of keys in the store; no lock is held for longer than a part of it takes",
    ),
    Spec::read("RANDOMKEY", 1, Group::Generic, randomkey).doc(
        "1.0.0",
        "Returns a random key name from the store.",
        "",
        "O(1)",
    ),
    Spec::read("SCAN", -2, Group::Generic, scan).doc(
        "2.8.0",
        "Iterates over the key names in the store.",
        "cursor [MATCH pattern] [COUNT count] [TYPE type]",
        "O(1) for every call, O(N) for a complete iteration",
    ),
];

/// Keys that a call of `SCAN` looks at unless it is told otherwise.
const SCAN_COUNT: usize = 10;
/// Keys that `KEYS` reads under one lock before it lets others in.
const KEYS_STEP: usize = 1000;
/// Keys whose time is over that one `SCAN` removes; others are left to the sweep.
const EXPIRED_MAX: usize = 1000;
/// Expired keys that `RANDOMKEY` meets before it looks for a live one in order.
const RANDOM_TRIES: usize = 100;

const BAD_CURSOR: ReplyError = ReplyError::err("invalid cursor");

fn keys(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (now, pattern) = (cx.now(), &args[1]);
    let (mut found, mut count, mut at) = (ReplyWriter::new(reply.protocol()), 0, Some(0));
    while let Some(from) = at {
        at = cx.scan(from, KEYS_STEP, |entry| {
            if !entry.expired(now) && glob::matches(pattern, entry.key()) {
                found.bulk(entry.key());
                count += 1;
            }
        })?;
    }
    reply.array(count);
    reply.append(&found);
    Ok(())
}

fn randomkey(cx: &mut Context<'_>, _: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (now, keyspace) = (cx.now(), cx.store().keyspace());
    for _ in 0..RANDOM_TRIES {
        let keys = keyspace.census().keys;
        if keys == 0 {
            break;
        }
        let (shard, random) = (keyspace.shard_of_rank(cx.random() as usize % keys), cx.random());
        let found = cx.with_shard(shard, |shard| {
            let entry = shard.sample(random).filter(|entry| !shard.expired(entry, now));
            entry.map(|entry| reply.bulk(entry.key())).is_some()
        })?;
        if found {
            return Ok(());
        }
    }
    let (mut live, mut at) = (None, Some(0));
    while let (None, Some(from)) = (&live, at) {
        at = cx.scan(from, 1, |entry| {
            if live.is_none() && !entry.expired(now) {
                live = Some(entry.key().to_vec());
            }
        })?;
    }
    match live {
        Some(key) => reply.bulk(key),
        None => reply.null(),
    }
    Ok(())
}

struct ScanOptions<'a> {
    pattern: Option<&'a [u8]>,
    count: usize,
    type_name: Option<&'a [u8]>,
}

impl<'a> ScanOptions<'a> {
    fn parse(args: Args<'a>) -> Result<Self, ReplyError> {
        let mut options = Self { pattern: None, count: SCAN_COUNT, type_name: None };
        let mut cursor = Cursor::at(args, 2);
        while cursor.remaining() > 0 {
            if cursor.word("MATCH") {
                options.pattern = Some(cursor.required()?);
            } else if cursor.word("COUNT") {
                options.count = count(&mut cursor)?;
            } else if cursor.word("TYPE") {
                options.type_name = Some(cursor.required()?);
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(options)
    }

    fn want(&self, entry: &Entry) -> bool {
        let named = |name: &[u8]| entry.value().type_name().as_bytes().eq_ignore_ascii_case(name);
        self.pattern.is_none_or(|pattern| glob::matches(pattern, entry.key()))
            && self.type_name.is_none_or(named)
    }
}

/// The number after `COUNT`.
pub(super) fn count(cursor: &mut Cursor<'_>) -> Result<usize, ReplyError> {
    let count = usize::try_from(cursor.integer()?).map_err(|_| error::SYNTAX)?;
    Some(count).filter(|count| *count > 0).ok_or(error::SYNTAX)
}

/// A cursor as `SCAN` hands them out; also those that are past every key.
pub(super) fn position(cursor: &[u8]) -> Result<Position, ReplyError> {
    let digits = std::str::from_utf8(cursor).ok().filter(|text| !text.starts_with('+'));
    digits.and_then(|text| text.parse().ok()).ok_or(BAD_CURSOR)
}

fn scan(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (now, from) = (cx.now(), position(&args[1])?);
    let options = ScanOptions::parse(args)?;
    let (mut found, mut count) = (ReplyWriter::new(reply.protocol()), 0);
    let mut over: Vec<Box<[u8]>> = Vec::new();
    let next = if from > POSITION_MAX {
        None
    } else {
        cx.scan(from, options.count, |entry| {
            if entry.expired(now) {
                if over.len() < EXPIRED_MAX {
                    over.push(entry.key().into());
                }
            } else if options.want(&entry) {
                found.bulk(entry.key());
                count += 1;
            }
        })?
    };
    if !over.is_empty() {
        cx.expire(&over)?;
    }
    reply.array(2);
    reply.bulk(next.unwrap_or(0).to_string());
    reply.array(count);
    reply.append(&found);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::command::test_bench::Bench;

    /// A bench with k0 … k99, of which the even ones have expired.
    fn half_expired() -> Bench {
        let mut bench = Bench::new();
        for n in 0..100 {
            let expiry = if n % 2 == 0 { " PX 1" } else { "" };
            bench.table(&[(&format!("SET k{n} v{expiry}"), "+OK")]);
        }
        bench.advance(1);
        bench
    }

    #[test]
    fn a_scan_finds_every_live_key_once() {
        for count in ["", " COUNT 1", " COUNT 1000"] {
            let mut bench = half_expired();
            let (mut seen, mut cursor) = (Vec::new(), "0".to_owned());
            loop {
                let reply = bench.run_line(&format!("SCAN {cursor} MATCH k* TYPE string{count}"));
                let words: Vec<&str> = reply.split("\r\n").collect();
                seen.extend(
                    words[4..].iter().filter(|word| word.starts_with('k')).map(|key| key.to_string()),
                );
                cursor = words[2].to_owned();
                if cursor == "0" {
                    break;
                }
            }
            let once: BTreeSet<&String> = seen.iter().collect();
            assert_eq!((seen.len(), once.len()), (50, 50), "{count}");
            // What it has met and is over is gone.
            bench.table(&[("DBSIZE", ":50")]);
        }
    }

    #[test]
    fn filters_and_mistakes_of_scan() {
        let mut bench = Bench::new();
        bench.no_string("o");
        bench.table(&[
            ("SET s 1", "+OK"),
            ("SCAN 0 COUNT 100 TYPE STRING", "*2 $1 0 *1 $1 s"),
            ("SCAN 0 COUNT 100 TYPE set", "*2 $1 0 *1 $1 o"),
            ("SCAN 0 COUNT 100 MATCH [a-n]*", "*2 $1 0 *0"),
            ("SCAN 18446744073709551615", "*2 $1 0 *0"),
            ("SCAN 18446744073709551616", "-ERR invalid cursor"),
            ("SCAN x", "-ERR invalid cursor"),
            ("SCAN 0 COUNT 0", "-ERR syntax error"),
            ("SCAN 0 COUNT x", "-ERR value is not an integer or out of range"),
            ("SCAN 0 MATCH", "-ERR syntax error"),
            ("SCAN 0 LIMIT 1", "-ERR syntax error"),
        ]);
    }

    #[test]
    fn keys_shows_no_expired_ones() {
        let mut bench = half_expired();
        assert!(bench.run_line("KEYS *").starts_with("*50\r\n"));
        bench.table(&[("KEYS k1", "*1 $2 k1"), ("KEYS k2", "*0"), ("DBSIZE", ":100")]);
    }

    #[test]
    fn a_random_key_is_live_and_every_one_comes() {
        let mut bench = half_expired();
        let mut seen = BTreeSet::new();
        for _ in 0..2000 {
            seen.insert(bench.run_line("RANDOMKEY"));
        }
        assert_eq!(seen.len(), 50);
        assert!(!seen.contains("$-1\r\n"));
        bench.table(&[("FLUSHALL", "+OK"), ("RANDOMKEY", "$-1"), ("SET last 1 PX 5", "+OK")]);
        bench.advance(5);
        bench.table(&[("RANDOMKEY", "$-1"), ("SET live 1", "+OK"), ("RANDOMKEY", "$4 live")]);
    }
}
