//! Who may come in, and what they may do.

pub mod acl;
pub mod authenticator;
pub mod guarded;

pub use authenticator::Authenticator;
pub use guarded::Guarded;
