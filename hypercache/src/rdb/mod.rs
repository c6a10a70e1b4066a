//! Redis's RDB format: how values are written as bytes, for `DUMP`, `RESTORE` and files
//! (<https://rdb.fnordig.de/file_format.html>; the types of Redis 7 as its source tells them).
//!
//! Bytes may come from anybody. No length is believed before there are so many bytes, and what is read is checked
//! element by element: nothing that has been read can be out of order later.

pub mod crc64;
mod filter;
mod kind;
mod listpack;
mod load;
mod lzf;
pub mod payload;
mod reader;
mod save;
mod stream;
mod writer;
mod ziplist;
mod zipmap;

pub use load::read_value;
pub use reader::Reader;
pub use save::write_value;
pub use writer::Writer;

/// Bytes that are not what they should be, and in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

const CUT_OFF: Malformed = Malformed("the bytes end before the value does");

#[cfg(test)]
mod tests;
