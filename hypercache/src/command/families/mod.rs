//! The families of commands, one file each: its entries in the table and, for data, what runs them.

pub mod acl;
pub mod bit;
pub mod bitfield;
pub mod bloom;
pub mod cluster;
pub mod connection;
pub mod counter;
pub mod cuckoo;
pub mod database;
pub mod dump;
mod element_scan;
pub mod expiry;
pub mod filter;
mod first_ready;
pub mod geo;
pub mod geo_search;
pub mod hash;
pub mod hash_counter;
pub mod hash_expiry;
pub mod hyperloglog;
pub mod introspection;
pub mod key;
pub mod list;
pub mod list_blocking;
pub mod list_element;
pub mod list_move;
pub mod miss_ratio;
pub mod module;
pub mod observation;
pub mod persistence;
pub mod pubsub;
pub mod replication;
pub mod scan;
pub mod scripting;
pub mod server;
pub mod set;
pub mod set_algebra;
mod several_keys;
pub mod sort;
pub mod store;
pub mod stream;
pub mod stream_claim;
pub mod stream_group;
mod stream_id;
pub mod stream_info;
pub mod stream_pending;
pub mod stream_read;
mod stream_reply;
pub mod string;
pub mod string_range;
pub mod top_keys;
pub mod transaction;
pub mod why;
pub mod zset;
pub mod zset_add;
pub mod zset_algebra;
pub mod zset_blocking;
mod zset_bounds;
pub mod zset_pop;
pub mod zset_range;

use crate::command::spec::Spec;

/// All families.
pub const ALL: &[&[Spec]] = &[
    acl::COMMANDS,
    bit::COMMANDS,
    bitfield::COMMANDS,
    bloom::COMMANDS,
    cluster::COMMANDS,
    connection::COMMANDS,
    counter::COMMANDS,
    cuckoo::COMMANDS,
    database::COMMANDS,
    dump::COMMANDS,
    expiry::COMMANDS,
    filter::COMMANDS,
    geo::COMMANDS,
    geo_search::COMMANDS,
    hash::COMMANDS,
    hash_counter::COMMANDS,
    hash_expiry::COMMANDS,
    hyperloglog::COMMANDS,
    introspection::COMMANDS,
    key::COMMANDS,
    list::COMMANDS,
    list_blocking::COMMANDS,
    list_element::COMMANDS,
    list_move::COMMANDS,
    miss_ratio::COMMANDS,
    module::COMMANDS,
    observation::COMMANDS,
    persistence::COMMANDS,
    pubsub::COMMANDS,
    replication::COMMANDS,
    scan::COMMANDS,
    scripting::COMMANDS,
    server::COMMANDS,
    set::COMMANDS,
    set_algebra::COMMANDS,
    sort::COMMANDS,
    store::COMMANDS,
    stream::COMMANDS,
    stream_claim::COMMANDS,
    stream_group::COMMANDS,
    stream_info::COMMANDS,
    stream_pending::COMMANDS,
    stream_read::COMMANDS,
    string::COMMANDS,
    string_range::COMMANDS,
    transaction::COMMANDS,
    why::COMMANDS,
    zset::COMMANDS,
    zset_add::COMMANDS,
    zset_algebra::COMMANDS,
    zset_blocking::COMMANDS,
    zset_pop::COMMANDS,
    zset_range::COMMANDS,
];
