//! The families of commands, one file each: its entries in the table and, for data, what runs them.

pub mod bit;
pub mod bitfield;
pub mod connection;
pub mod counter;
pub mod database;
pub mod expiry;
pub mod key;
pub mod pubsub;
pub mod scan;
pub mod server;
pub mod string;
pub mod string_range;

use crate::command::spec::Spec;

/// All families.
pub const ALL: &[&[Spec]] = &[
    bit::COMMANDS,
    bitfield::COMMANDS,
    connection::COMMANDS,
    counter::COMMANDS,
    database::COMMANDS,
    expiry::COMMANDS,
    key::COMMANDS,
    pubsub::COMMANDS,
    scan::COMMANDS,
    server::COMMANDS,
    string::COMMANDS,
    string_range::COMMANDS,
];
