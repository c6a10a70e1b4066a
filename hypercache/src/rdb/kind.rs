//! The first byte of a value: its type and how it is written.

/// A string.
pub const STRING: u8 = 0;
/// Elements one by one.
pub const LIST: u8 = 1;
/// Members one by one.
pub const SET: u8 = 2;
/// Members with scores in text.
pub const ZSET_TEXT: u8 = 3;
/// Fields and values one by one.
pub const HASH: u8 = 4;
/// Members with binary scores.
pub const ZSET: u8 = 5;
/// Fields and values in a zipmap.
pub const HASH_ZIPMAP: u8 = 9;
/// Elements in a ziplist.
pub const LIST_ZIPLIST: u8 = 10;
/// Integers of equal width.
pub const SET_INTEGERS: u8 = 11;
/// Members and scores in a ziplist.
pub const ZSET_ZIPLIST: u8 = 12;
/// Fields and values in a ziplist.
pub const HASH_ZIPLIST: u8 = 13;
/// Pieces, each a ziplist.
pub const LIST_ZIPLISTS: u8 = 14;
/// What a module keeps: its type, and parts of which each tells what it is.
pub const MODULE: u8 = 7;
/// Entries of a stream in listpacks, and its groups.
pub const STREAM_EARLY: u8 = 15;
/// Fields and values in a listpack.
pub const HASH_LISTPACK: u8 = 16;
/// Members and scores in a listpack.
pub const ZSET_LISTPACK: u8 = 17;
/// Pieces, each a listpack or a single element.
pub const LIST_PIECES: u8 = 18;
/// As `STREAM_EARLY`, with what is remembered of entries that are gone.
pub const STREAM_REMEMBERING: u8 = 19;
/// Members in a listpack.
pub const SET_LISTPACK: u8 = 20;
/// As `STREAM_REMEMBERING`, with the time at which each consumer was last active.
pub const STREAM: u8 = 21;
/// As `HASH_TIMED`, with absolute deadlines, as release candidates of Redis 7.4 wrote it.
pub const HASH_TIMED_EARLY: u8 = 22;
/// As `HASH_TIMED_LISTPACK`, without the earliest deadline at its beginning, as release candidates of Redis 7.4 wrote it.
pub const HASH_TIMED_LISTPACK_EARLY: u8 = 23;
/// The earliest deadline; deadlines counted from there, fields and values one by one.
pub const HASH_TIMED: u8 = 24;
/// The earliest deadline; fields, values and deadlines in a listpack.
pub const HASH_TIMED_LISTPACK: u8 = 25;

/// A piece of a list that is a single element.
pub const PIECE_PLAIN: u64 = 1;
/// A piece of a list that is a listpack.
pub const PIECE_PACKED: u64 = 2;

/// A string that is an integer of 8 bits; a length begins with 3 in its two highest bits where a string follows that is
/// written in a special way.
pub const INTEGER_8: u8 = 0;
/// A string that is an integer of 16 bits.
pub const INTEGER_16: u8 = 1;
/// A string that is an integer of 32 bits.
pub const INTEGER_32: u8 = 2;
/// A string that is compressed.
pub const COMPRESSED: u8 = 3;
