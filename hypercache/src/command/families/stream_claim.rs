//! Commands that give what is pending with one consumer of a group to another.

mod options;

use std::ops::Bound;

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::context::EventClass;
use crate::command::families::stream_claim::options::AutoClaim;
use crate::command::families::stream_claim::options::Claim;
use crate::command::families::stream_reply;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::stream::Stream;
use crate::value::stream::consumer::ConsumerNumber;
use crate::value::stream::group;
use crate::value::stream::group::Pending;
use crate::value::stream::id::Id;
use crate::value::stream::log::Log;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::write("XAUTOCLAIM", -6, Group::Stream, xautoclaim).keys(Keys::ONE).with(Flags::FAST).doc(
        "6.2.0",
        "Changes, or acquires, ownership of messages in a consumer group, as if the messages were delivered to as consumer \
         group member.",
        "key group consumer min-idle-time start [COUNT count] [JUSTID]",
        "O(1) if COUNT is small",
    ),
    Spec::write("XCLAIM", -6, Group::Stream, xclaim).keys(Keys::ONE).with(Flags::FAST).doc(
        "5.0.0",
        "Changes, or acquires, ownership of a message in a consumer group, as if the message was delivered a consumer group \
         member.",
        "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] \
         [JUSTID] [LASTID lastid]",
        "O(log N) where N is the number of messages pending with the group",
    ),
];

/// Pending entries that `XAUTOCLAIM` looks at, for each that it may claim.
const LOOKS_PER_CLAIM: usize = 10;

/// What a command did, for its context to be told.
#[derive(Default)]
struct Done {
    changes: usize,
    consumer_created: bool,
}

/// Somebody who claims.
struct Claimant {
    consumer: ConsumerNumber,
    now: u64,
    /// Time since the last delivery below which an entry stays where it is, in milliseconds.
    idle_min: u64,
    /// The IDs alone are told, and that does not count as a delivery.
    just_id: bool,
}

impl Claimant {
    /// Looks the consumer up, or creates it.
    fn enter(
        group: &mut group::Group,
        name: &[u8],
        (now, idle_min, just_id): (u64, u64, bool),
        done: &mut Done,
    ) -> Option<Self> {
        let present = group.find_consumer(name);
        let consumer = present.or_else(|| group.create_consumer(name, now))?;
        done.consumer_created = present.is_none();
        group.note_seen(consumer, now);
        Some(Self { consumer, now, idle_min, just_id })
    }

    fn may_take(&self, pending: Pending) -> bool {
        self.idle_min == 0 || self.now.saturating_sub(pending.delivered) >= self.idle_min
    }

    /// Gives an entry, which is there, to the consumer; tells it.
    fn take(
        &self,
        group: &mut group::Group,
        log: &Log,
        id: Id,
        (delivered, deliveries): (u64, u64),
        reply: &mut ReplyWriter,
    ) {
        group.give(id, Pending { consumer: self.consumer, delivered, deliveries }, self.now);
        match log.get(id) {
            Some(entry) if !self.just_id => stream_reply::write_entry(reply, entry),
            _ => stream_reply::write_id(reply, id),
        }
    }

    /// The count of deliveries after this one.
    fn deliveries(&self, before: u64) -> u64 {
        before.saturating_add((!self.just_id).into())
    }
}

/// Lets `change` work on a group that is there, and tells what it did.
fn change_group(
    cx: &mut Context<'_>,
    key: &[u8],
    name: &[u8],
    change: impl FnOnce(&mut group::Group, &Log, &mut Done),
) -> Outcome {
    let mut done = Done::default();
    cx.change_present_collection(key, |stream: &mut Stream| {
        stream.change_group(name, |group, log| change(group, log, &mut done))
    })?;
    if done.consumer_created {
        cx.changed(1);
        cx.announce(EventClass::Stream, "xgroup-createconsumer", key);
    }
    cx.changed(done.changes);
    Ok(())
}

fn has_group(cx: &mut Context<'_>, key: &[u8], name: &[u8]) -> Result<(), ReplyError> {
    let stream: Option<&Stream> = cx.read_collection(key)?;
    let group = stream.and_then(|stream| stream.group(name));
    group.map(|_| ()).ok_or_else(|| stream_reply::no_key_or_group(key, name, ""))
}

fn xclaim(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, name, now) = (&args[1], &args[2], cx.now());
    has_group(cx, key, name)?;
    let claim = Claim::read(args, now)?;
    change_group(cx, key, name, |group, log, done| {
        let skipped = group.skip_to(claim.last_id);
        let settings = (now, claim.idle_min, claim.just_id);
        let Some(claimant) = Claimant::enter(group, &args[3], settings, done) else { return };
        stream_reply::write_counted(reply, |reply| {
            let ids = claim.ids.iter();
            ids.filter(|id| claim_one(&claimant, &claim, **id, group, log, done, reply)).count()
        });
        // What is claimed tells of the last ID too, where changes are told one by one.
        done.changes += usize::from(skipped && done.changes == 0);
    })
}

/// Claims an entry if it can be; whether it could. What is pending of an entry that is gone goes too.
fn claim_one(
    claimant: &Claimant,
    claim: &Claim,
    id: Id,
    group: &mut group::Group,
    log: &Log,
    done: &mut Done,
    reply: &mut ReplyWriter,
) -> bool {
    if !log.contains(id) {
        done.changes += usize::from(group.acknowledge(id));
        return false;
    }
    let before = match group.pending().get(&id) {
        Some(pending) if !claimant.may_take(*pending) => return false,
        Some(pending) => pending.deliveries,
        // What becomes pending by force was delivered once already.
        None if claim.force => 1,
        None => return false,
    };
    let deliveries = claim.deliveries.unwrap_or_else(|| claimant.deliveries(before));
    claimant.take(group, log, id, (claim.delivered, deliveries), reply);
    done.changes += 1;
    true
}

fn xautoclaim(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let (key, name, now) = (&args[1], &args[2], cx.now());
    let claim = AutoClaim::read(args)?;
    has_group(cx, key, name)?;
    change_group(cx, key, name, |group, log, done| {
        let settings = (now, claim.idle_min, claim.just_id);
        let Some(claimant) = Claimant::enter(group, &args[3], settings, done) else { return };
        let (mut claimed, mut told) = (0, ReplyWriter::new(reply.protocol()));
        let (mut from, mut gone) = (Bound::Included(claim.start), Vec::new());
        for _ in 0..claim.count.saturating_mul(LOOKS_PER_CLAIM) {
            if claimed + gone.len() == claim.count {
                break;
            }
            let Some((id, pending)) = group.next_pending(from) else { break };
            from = Bound::Excluded(id);
            if !log.contains(id) {
                group.acknowledge(id);
                gone.push(id);
            } else if claimant.may_take(pending) {
                let delivery = (now, claimant.deliveries(pending.deliveries));
                claimant.take(group, log, id, delivery, &mut told);
                claimed += 1;
            }
        }
        done.changes += claimed + gone.len();
        reply.array(3);
        stream_reply::write_id(reply, group.next_pending(from).map_or(Id::ZERO, |(id, _)| id));
        reply.array(claimed);
        reply.append(&told);
        reply.array(gone.len());
        gone.into_iter().for_each(|id| stream_reply::write_id(reply, id));
    })
}

#[cfg(test)]
mod tests;
