//! RESP, the protocol of Redis: requests in, replies out.
//!
//! Pure: bytes in memory only, no sockets. Protocol versions 2 and 3 as <https://redis.io/docs/latest/develop/reference/protocol-spec/>
//! describes them.

pub mod args;
pub mod frame;
pub mod reply;
pub mod request;

pub use args::Args;
pub use args::OwnedArgs;
pub use reply::ReplyWriter;
pub use reply::double_text;

/// Which version of the protocol a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// RESP2, what every connection starts with.
    #[default]
    Resp2,
    /// RESP3, after `HELLO 3`.
    Resp3,
}

impl Protocol {
    /// The number that `HELLO` speaks of.
    pub fn number(self) -> i64 {
        match self {
            Self::Resp2 => 2,
            Self::Resp3 => 3,
        }
    }
}
