//! What a command is, and what it does to data.
//!
//! Every command stands once, in the table of its family: name, arity, flags, keys, documentation and what runs it. Gate,
//! metrics, `COMMAND`, `docs/commands.md` and, later, ACL, log and cluster read that table and nothing else.
//!
//! Data handlers are synchronous and deterministic: time and chance come from their context. A client, log replay and
//! Raft apply run the same function.

pub mod args;
pub mod chance;
pub mod context;
pub mod docs;
pub mod error;
pub mod families;
pub mod key_flags;
#[cfg(test)]
mod properties;
pub mod spec;
pub mod syntax;
pub mod table;
#[cfg(test)]
mod test_bench;
#[cfg(test)]
mod test_model;

pub use context::Context;
pub use error::ReplyError;
pub use spec::Spec;
pub use table::Command;

/// What a handler ends with: its reply is written, or there is an error to be answered in its place.
pub type Outcome = Result<(), ReplyError>;
