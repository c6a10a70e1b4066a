//! `WHY`: what is known of a key's life, and why it is not there.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::context::Past;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::journal::Author;
use crate::keyspace::journal::Fact;
use crate::keyspace::journal::Flush;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::store::names::CLIENTS;
use crate::store::names::USERS;

/// Their entries.
pub const COMMANDS: &[Spec] =
    &[Spec::read("WHY", 2, Group::Generic, why).with(Flags::FAST).keys(Keys::ONE).doc(
        "7.2.0",
        "Tells what is known of a key: whether it is there, and if not why it has left; who has written it and what else has \
         lately happened to it. Who others are is shown to users without limits only. An extension of HyperCache.",
        "key",
        "O(N) where N is the number of facts that the key's shard keeps",
    )];

/// What is there now.
struct Present {
    kind: &'static str,
    encoding: &'static str,
    bytes: usize,
    age: u64,
    idle: u64,
    hits: u16,
}

impl Present {
    fn of(entry: &Entry, now: UnixMillis) -> Self {
        Self {
            kind: entry.value().type_name(),
            encoding: entry.value().encoding(),
            bytes: entry.footprint(),
            age: entry.age_seconds(now),
            idle: entry.idle_seconds(now),
            hits: entry.hits(),
        }
    }
}

fn why(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (now, authors) = (cx.now(), cx.shows_authors());
    let present = cx.peek(&args[1]).map(|entry| Present::of(entry, now));
    let deadline = cx.deadline(&args[1]);
    let Past { departure, facts, flush } = cx.past(&args[1]);
    let state = match (&present, departure) {
        (Some(_), _) => "present",
        (None, Some(why)) => why.word(),
        (None, None) => "never_seen",
    };
    let page = &mut Page { reply, now, authors };
    page.reply.map(15);
    page.word("state", Some(state));
    page.word("type", present.as_ref().map(|present| present.kind));
    page.word("encoding", present.as_ref().map(|present| present.encoding));
    page.number("size_bytes", present.as_ref().map(|present| present.bytes as u64));
    page.ttl(deadline);
    page.number("age_seconds", present.as_ref().map(|present| present.age));
    page.number("idle_seconds", present.as_ref().map(|present| present.idle));
    page.number("hits", present.as_ref().map(|present| present.hits.into()));
    let written = facts.iter().find(|fact| fact.what.is_write());
    // The entry itself knows the second of its last whole write.
    let about = present.as_ref().map(|present| now.saturating_sub(1000 * present.age) / 1000 * 1000);
    page.number("written_at", written.map(|fact| fact.at).or(about));
    page.by("written_by", written.and_then(|fact| fact.author));
    let left = facts.iter().find(|fact| fact.departure().is_some()).filter(|_| present.is_none());
    page.number("left_at", left.map(|fact| fact.at));
    page.word("policy", Some(cx.store().policy_word()));
    page.number("limit_bytes", Some(cx.store().limit_bytes()));
    page.flush(flush);
    page.name("events");
    page.reply.array(facts.len());
    facts.iter().for_each(|fact| page.event(fact));
    Ok(())
}

/// The reply being written.
struct Page<'a> {
    reply: &'a mut ReplyWriter,
    now: UnixMillis,
    /// Whether it may say who others are.
    authors: bool,
}

impl Page<'_> {
    fn name(&mut self, name: &str) {
        self.reply.bulk(name);
    }

    fn word(&mut self, name: &str, word: Option<&str>) {
        self.name(name);
        match word {
            Some(word) => self.reply.bulk(word),
            None => self.reply.null(),
        }
    }

    fn number(&mut self, name: &str, number: Option<u64>) {
        self.name(name);
        match number {
            Some(number) => self.reply.integer(i64::try_from(number).unwrap_or(i64::MAX)),
            None => self.reply.null(),
        }
    }

    fn ttl(&mut self, deadline: Option<UnixMillis>) {
        let now = self.now;
        self.number("ttl_ms", deadline.map(|deadline| deadline.saturating_sub(now)));
    }

    /// On whose behalf; null where nobody knows.
    fn by(&mut self, name: &str, author: Option<Author>) {
        self.name(name);
        let Some(author) = author else {
            self.reply.null();
            return;
        };
        self.reply.map(if self.authors { 6 } else { 2 });
        self.word("via", Some(author.via.word()));
        self.word("trace_id", author.trace().map(|trace| format!("{trace:032x}")).as_deref());
        if self.authors {
            self.number("client", Some(author.client));
            self.word("name", CLIENTS.name(author.name).as_deref());
            self.word("address", Some(&author.address().to_string()));
            self.word("user", USERS.name(author.user).as_deref());
        }
    }

    fn flush(&mut self, flush: Option<Flush>) {
        self.name("flushed");
        let Some(Flush { at, author }) = flush else {
            self.reply.null();
            return;
        };
        self.reply.map(2);
        self.number("at", Some(at));
        self.by("by", author);
    }

    fn event(&mut self, fact: &Fact) {
        let life = fact.life();
        self.reply.map(if life.is_some() { 8 } else { 5 });
        self.word("event", Some(fact.what.word()));
        self.number("at", Some(fact.at));
        self.by("by", fact.author);
        self.number("size_bytes", Some(fact.bytes));
        // Of what has left, how long it would have lived on.
        self.number("ttl_ms", fact.deadline().map(|deadline| deadline.saturating_sub(fact.at)));
        if let Some(life) = life {
            self.number("age_seconds", Some(life.age.into()));
            self.number("idle_seconds", Some(life.idle.into()));
            self.number("hits", Some(life.hits.into()));
        }
    }
}

#[cfg(test)]
mod tests;
