//! The families of commands, one file each: its entries in the table and, for data, what runs them.

pub mod connection;
pub mod key;
pub mod server;
pub mod string;

use crate::command::spec::Spec;

/// All families.
pub const ALL: &[&[Spec]] = &[connection::COMMANDS, key::COMMANDS, server::COMMANDS, string::COMMANDS];
