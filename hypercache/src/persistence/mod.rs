//! Bytes on disk. Knows no commands.

pub mod data_dir;

pub use data_dir::DataDir;
