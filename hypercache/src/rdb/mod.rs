//! Redis's RDB format: how values are written as bytes, for `DUMP`, `RESTORE` and files.

pub mod crc64;
