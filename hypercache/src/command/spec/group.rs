//! The families of commands, as Redis names them.

/// Which family a command belongs to; `COMMAND DOCS` and the categories tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the families")]
pub enum Group {
    Bitmap,
    Bloom,
    Cluster,
    Connection,
    Cuckoo,
    Generic,
    Geo,
    Hash,
    HyperLogLog,
    List,
    PubSub,
    Scripting,
    Server,
    Set,
    SortedSet,
    Stream,
    String,
    Transactions,
}

impl Group {
    /// Redis's name of the group.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bitmap => "bitmap",
            Self::Bloom => "bf",
            Self::Cluster => "cluster",
            Self::Connection => "connection",
            Self::Cuckoo => "cf",
            Self::Generic => "generic",
            Self::Geo => "geo",
            Self::Hash => "hash",
            Self::HyperLogLog => "hyperloglog",
            Self::List => "list",
            Self::PubSub => "pubsub",
            Self::Scripting => "scripting",
            Self::Server => "server",
            Self::Set => "set",
            Self::SortedSet => "sorted-set",
            Self::Stream => "stream",
            Self::String => "string",
            Self::Transactions => "transactions",
        }
    }

    /// Redis's ACL category that goes with the group, if there is one.
    pub(super) fn category(self) -> Option<&'static str> {
        match self {
            Self::Bitmap => Some("bitmap"),
            Self::Bloom => Some("bloom"),
            Self::Connection => Some("connection"),
            Self::Cuckoo => Some("cuckoo"),
            Self::Generic => Some("keyspace"),
            Self::Geo => Some("geo"),
            Self::Hash => Some("hash"),
            Self::HyperLogLog => Some("hyperloglog"),
            Self::List => Some("list"),
            Self::Cluster | Self::PubSub | Self::Server => None,
            Self::Scripting => Some("scripting"),
            Self::Set => Some("set"),
            Self::SortedSet => Some("sortedset"),
            Self::Stream => Some("stream"),
            Self::String => Some("string"),
            Self::Transactions => Some("transaction"),
        }
    }
}
