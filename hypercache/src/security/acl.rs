//! Access control lists, with the rules of Redis 7.2.

pub mod access;
pub mod account;
pub mod categories;
pub mod fault;
pub mod file;
pub mod log;
pub mod password;
pub mod selector;
pub mod users;

pub use access::Denial;
pub use account::Account;
pub use fault::Fault;
pub use selector::Selector;
pub use users::User;
pub use users::Users;

#[cfg(test)]
mod model;
