//! Publish and subscribe: entries only, the broker lies with the engine.

use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::NodeCommand;
use crate::command::spec::SessionCommand;
use crate::command::spec::Spec;

/// What a command that subscribes or gives up may do.
const SUBSCRIBING: Flags = Flags::PUBSUB.and(Flags::SUBSCRIBED);

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::session("PSUBSCRIBE", -2, SessionCommand::PSubscribe).group(Group::PubSub).with(SUBSCRIBING).doc(
        "2.0.0",
        "Listens for messages published to channels that match one or more patterns.",
        "pattern [pattern ...]",
        "O(N) where N is the number of patterns to subscribe to",
    ),
    Spec::node("PUBLISH", 3, NodeCommand::Publish).group(Group::PubSub).with(Flags::PUBSUB.and(Flags::FAST).and(Flags::MAY_REPLICATE)).doc(
        "2.0.0",
        "Posts a message to a channel.",
        "channel message",
        "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the number of patterns",
    ),
    Spec::container("PUBSUB", Group::PubSub, PUBSUB).doc(
        "2.8.0",
        "A container for Pub/Sub commands.",
        "",
        "Depends on subcommand.",
    ),
    Spec::session("PUNSUBSCRIBE", -1, SessionCommand::PUnsubscribe).group(Group::PubSub).with(SUBSCRIBING).doc(
        "2.0.0",
        "Stops listening to messages published to channels that match one or more patterns.",
        "[pattern [pattern ...]]",
        "O(N) where N is the number of patterns to unsubscribe",
    ),
    Spec::node("SPUBLISH", 3, NodeCommand::SPublish).group(Group::PubSub).with(Flags::PUBSUB.and(Flags::FAST).and(Flags::MAY_REPLICATE)).doc(
        "7.0.0",
        "Posts a message to a shard channel.",
        "shardchannel message",
        "O(N) where N is the number of clients subscribed to the receiving shard channel",
    ),
    Spec::session("SSUBSCRIBE", -2, SessionCommand::SSubscribe).group(Group::PubSub).with(SUBSCRIBING).doc(
        "7.0.0",
        "Listens for messages published to shard channels.",
        "shardchannel [shardchannel ...]",
        "O(N) where N is the number of shard channels to subscribe to",
    ),
    Spec::session("SUBSCRIBE", -2, SessionCommand::Subscribe).group(Group::PubSub).with(SUBSCRIBING).doc(
        "2.0.0",
        "Listens for messages published to channels.",
        "channel [channel ...]",
        "O(N) where N is the number of channels to subscribe to",
    ),
    Spec::session("SUNSUBSCRIBE", -1, SessionCommand::SUnsubscribe).group(Group::PubSub).with(SUBSCRIBING).doc(
        "7.0.0",
        "Stops listening to messages posted to shard channels.",
        "[shardchannel [shardchannel ...]]",
        "O(N) where N is the number of shard channels to unsubscribe",
    ),
    Spec::session("UNSUBSCRIBE", -1, SessionCommand::Unsubscribe).group(Group::PubSub).with(SUBSCRIBING).doc(
        "2.0.0",
        "Stops listening to messages posted to channels.",
        "[channel [channel ...]]",
        "O(N) where N is the number of channels to unsubscribe",
    ),
];

const PUBSUB: &[Spec] = &[
    Spec::node("CHANNELS", -2, NodeCommand::PubsubChannels).group(Group::PubSub).with(Flags::PUBSUB).doc(
        "2.8.0",
        "Returns the active channels.",
        "[pattern]",
        "O(N) where N is the number of active channels",
    ),
    Spec::node("HELP", 2, NodeCommand::PubsubHelp).group(Group::PubSub).doc(
        "6.2.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    Spec::node("NUMPAT", 2, NodeCommand::PubsubNumPat).group(Group::PubSub).with(Flags::PUBSUB).doc(
        "2.8.0",
        "Returns a count of unique pattern subscriptions.",
        "",
        "O(1)",
    ),
    Spec::node("NUMSUB", -2, NodeCommand::PubsubNumSub).group(Group::PubSub).with(Flags::PUBSUB).doc(
        "2.8.0",
        "Returns a count of subscribers to channels.",
        "[channel [channel ...]]",
        "O(N) where N is the number of requested channels",
    ),
    Spec::node("SHARDCHANNELS", -2, NodeCommand::PubsubShardChannels)
        .group(Group::PubSub)
        .with(Flags::PUBSUB)
        .doc(
            "7.0.0",
            "Returns the active shard channels.",
            "[pattern]",
            "O(N) where N is the number of active shard channels",
        ),
    Spec::node("SHARDNUMSUB", -2, NodeCommand::PubsubShardNumSub)
        .group(Group::PubSub)
        .with(Flags::PUBSUB)
        .doc(
            "7.0.0",
            "Returns the count of subscribers of shard channels.",
            "[shardchannel [shardchannel ...]]",
            "O(N) where N is the number of requested shard channels",
        ),
];
