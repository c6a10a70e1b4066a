//! Commands about a connection: entries only, the state they work on lies with the server.

use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::NodeCommand;
use crate::command::spec::SessionCommand;
use crate::command::spec::Spec;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::session("AUTH", -2, SessionCommand::Auth)
        .with(Flags::ALLOW_BUSY)
        .with(Flags::FAST.and(Flags::NO_AUTH))
        .doc(
            "1.0.0",
            "Authenticates the connection.",
            "[username] password",
            "O(N) where N is the number of passwords defined for the user",
        ),
    Spec::container("CLIENT", Group::Connection, CLIENT).doc(
        "2.4.0",
        "A container for client connection commands.",
        "",
        "Depends on subcommand.",
    ),
    Spec::session("ECHO", 2, SessionCommand::Echo).without(Flags::NOSCRIPT).with(Flags::FAST).doc(
        "1.0.0",
        "Returns the given string.",
        "message",
        "O(1)",
    ),
    Spec::session("HELLO", -1, SessionCommand::Hello)
        .with(Flags::ALLOW_BUSY)
        .with(Flags::FAST.and(Flags::NO_AUTH))
        .doc(
            "6.0.0",
            "Handshakes with the server.",
            "[protover [AUTH username password] [SETNAME clientname]]",
            "O(1)",
        ),
    Spec::session("PING", -1, SessionCommand::Ping)
        .without(Flags::NOSCRIPT.and(Flags::LOADING).and(Flags::STALE))
        .with(Flags::FAST.and(Flags::SUBSCRIBED))
        .doc("1.0.0", "Returns the server's liveliness response.", "[message]", "O(1)"),
    Spec::session("QUIT", -1, SessionCommand::Quit)
        .with(Flags::ALLOW_BUSY)
        .with(Flags::FAST.and(Flags::NO_AUTH).and(Flags::SUBSCRIBED))
        .doc("1.0.0", "Closes the connection.", "", "O(1)"),
    Spec::session("RESET", 1, SessionCommand::Reset)
        .with(Flags::ALLOW_BUSY)
        .with(Flags::FAST.and(Flags::NO_AUTH).and(Flags::SUBSCRIBED))
        .doc("6.2.0", "Resets the connection.", "", "O(1)"),
    Spec::session("SELECT", 2, SessionCommand::Select).without(Flags::NOSCRIPT).with(Flags::FAST).doc(
        "1.0.0",
        "Changes the selected store, by index or by name.",
        "index",
        "O(1)",
    ),
];

const CLIENT: &[Spec] = &[
    Spec::session("CACHING", 3, SessionCommand::ClientCaching).doc(
        "6.0.0",
        "Instructs the server whether to track the keys in the next request.",
        "<YES | NO>",
        "O(1)",
    ),
    Spec::session("GETNAME", 2, SessionCommand::ClientGetName).doc(
        "2.6.9",
        "Returns the name of the connection.",
        "",
        "O(1)",
    ),
    Spec::session("GETREDIR", 2, SessionCommand::ClientGetRedir).doc(
        "6.0.0",
        "Returns the client ID to which the connection's tracking notifications are redirected.",
        "",
        "O(1)",
    ),
    Spec::session("HELP", 2, SessionCommand::ClientHelp).doc(
        "5.0.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    Spec::session("ID", 2, SessionCommand::ClientId).doc(
        "5.0.0",
        "Returns the unique client ID of the connection.",
        "",
        "O(1)",
    ),
    Spec::session("INFO", 2, SessionCommand::ClientInfo).doc(
        "6.2.0",
        "Returns information about the connection.",
        "",
        "O(1)",
    ),
    Spec::node("KILL", -3, NodeCommand::ClientKill).group(Group::Connection).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "2.4.0",
        "Terminates open connections.",
        "<ip:port | <[ID client-id] [TYPE type] [USER username] [ADDR ip:port] [LADDR ip:port] [SKIPME <YES | NO>] [MAXAGE maxage]>>",
        "O(N) where N is the number of client connections",
    ),
    Spec::node("LIST", -2, NodeCommand::ClientList).group(Group::Connection).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "2.4.0",
        "Lists open connections.",
        "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
        "O(N) where N is the number of client connections",
    ),
    Spec::session("NO-EVICT", 3, SessionCommand::ClientNoEvict).with(Flags::ADMIN).doc(
        "7.0.0",
        "Sets the client eviction mode of the connection.",
        "<ON | OFF>",
        "O(1)",
    ),
    Spec::session("NO-TOUCH", 3, SessionCommand::ClientNoTouch).doc(
        "7.2.0",
        "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.",
        "<ON | OFF>",
        "O(1)",
    ),
    Spec::node("PAUSE", -3, NodeCommand::ClientPause).group(Group::Connection).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "3.0.0",
        "Suspends commands processing.",
        "timeout [WRITE | ALL]",
        "O(1)",
    ),
    Spec::session("REPLY", 3, SessionCommand::ClientReply).doc(
        "3.2.0",
        "Instructs the server whether to reply to commands.",
        "<ON | OFF | SKIP>",
        "O(1)",
    ),
    Spec::session("SETINFO", 4, SessionCommand::ClientSetInfo).doc(
        "7.2.0",
        "Sets information specific to the client or connection.",
        "<LIB-NAME libname | LIB-VER libver>",
        "O(1)",
    ),
    Spec::session("SETNAME", 3, SessionCommand::ClientSetName).doc(
        "2.6.9",
        "Sets the connection name.",
        "connection-name",
        "O(1)",
    ),
    Spec::session("TRACECONTEXT", -3, SessionCommand::ClientTraceContext).doc(
        "7.2.0",
        "Gives the W3C trace context of the next command or pipeline, once; OFF takes it back. An extension of HyperCache.",
        "<OFF | traceparent [tracestate]>",
        "O(1)",
    ),
    Spec::session("TRACKING", -3, SessionCommand::ClientTracking).doc(
        "6.0.0",
        "Controls server-assisted client-side caching for the connection.",
        "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
        "O(1); O(N) where N is the number of prefixes",
    ),
    Spec::session("TRACKINGINFO", 2, SessionCommand::ClientTrackingInfo).doc(
        "6.2.0",
        "Returns information about server-assisted client-side caching for the connection.",
        "",
        "O(1)",
    ),
    Spec::node("UNBLOCK", -3, NodeCommand::ClientUnblock)
        .group(Group::Connection)
        .with(Flags::ADMIN.and(Flags::NOSCRIPT))
        .doc(
            "5.0.0",
            "Unblocks a client blocked by a blocking command from a different connection.",
            "client-id [TIMEOUT | ERROR]",
            "O(log N) where N is the number of client connections",
        ),
    Spec::node("UNPAUSE", 2, NodeCommand::ClientUnpause).group(Group::Connection).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "6.2.0",
        "Resumes processing commands from paused clients.",
        "",
        "O(N) where N is the number of paused clients",
    ),
];
