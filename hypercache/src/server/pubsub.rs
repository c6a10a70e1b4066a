//! Commands of publish and subscribe.

use std::sync::Arc;

use crate::command::ReplyError;
use crate::engine::Session;
use crate::engine::pubsub::Broker;
use crate::engine::pubsub::Topic;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::server::node_commands::help;

/// The words that confirm a subscription and its end.
fn words(topic: Topic) -> (&'static str, &'static str) {
    match topic {
        Topic::Channel => ("subscribe", "unsubscribe"),
        Topic::Pattern => ("psubscribe", "punsubscribe"),
        Topic::Shard => ("ssubscribe", "sunsubscribe"),
    }
}

/// `SUBSCRIBE` and its kin: one confirmation for each name.
pub fn subscribe(
    topic: Topic,
    args: Args<'_>,
    session: &mut Session,
    broker: &Arc<Broker>,
    reply: &mut ReplyWriter,
) {
    let subscriptions = session.subscriptions(broker);
    for name in args.from(1).iter() {
        subscriptions.add(topic, name);
        confirm(words(topic).0, Some(name), subscriptions.count(topic), reply);
    }
}

/// `UNSUBSCRIBE` and its kin, from all where no name is given. What has come before is delivered before the confirmation.
pub fn unsubscribe(
    topic: Topic,
    args: Args<'_>,
    session: &mut Session,
    broker: &Arc<Broker>,
    reply: &mut ReplyWriter,
) {
    let (client, alone) = (Arc::clone(&session.client), !session.in_transaction);
    let subscriptions = session.subscriptions(broker);
    let named: Vec<Box<[u8]>> = match args.len() {
        1 => subscriptions.names(topic),
        _ => args.from(1).iter().map(Into::into).collect(),
    };
    if named.is_empty() {
        confirm(words(topic).1, None, subscriptions.count(topic), reply);
    }
    for name in named {
        subscriptions.remove(topic, &name);
        // Within the reply to `EXEC` messages have no place: they follow it.
        if alone {
            reply.raw(&client.mailbox.take());
        }
        confirm(words(topic).1, Some(&name), subscriptions.count(topic), reply);
    }
}

fn confirm(word: &str, name: Option<&[u8]>, count: usize, reply: &mut ReplyWriter) {
    reply.push(3);
    reply.bulk(word);
    match name {
        Some(name) => reply.bulk(name),
        None => reply.null(),
    }
    reply.count(count);
}

/// `PUBLISH`.
pub fn publish(args: Args<'_>, broker: &Broker, reply: &mut ReplyWriter) {
    reply.count(broker.publish(&args[1], &args[2]));
}

/// `SPUBLISH`.
pub fn publish_to_shard(args: Args<'_>, broker: &Broker, reply: &mut ReplyWriter) {
    reply.count(broker.publish_to_shard(&args[1], &args[2]));
}

/// `PUBSUB CHANNELS` and `SHARDCHANNELS`.
pub fn channels(
    topic: Topic,
    args: Args<'_>,
    broker: &Broker,
    reply: &mut ReplyWriter,
) -> Result<(), ReplyError> {
    if args.len() > 3 {
        let subcommand = String::from_utf8_lossy(&args[1]).to_lowercase();
        return Err(ReplyError::arity(&format!("pubsub|{subcommand}")));
    }
    let names = broker.active(topic, args.get(2));
    reply.array(names.len());
    names.iter().for_each(|name| reply.bulk(name));
    Ok(())
}

/// `PUBSUB NUMSUB` and `SHARDNUMSUB`.
pub fn numbers(topic: Topic, args: Args<'_>, broker: &Broker, reply: &mut ReplyWriter) {
    let named = args.from(2);
    reply.array(2 * named.len());
    for name in named.iter() {
        reply.bulk(name);
        reply.count(broker.subscribers(topic, name));
    }
}

/// `PUBSUB HELP`.
pub fn help(reply: &mut ReplyWriter) {
    help::write("PUBSUB", reply);
}
