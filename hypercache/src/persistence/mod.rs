//! Bytes on disk. Knows no commands.

pub mod data_dir;
pub mod log;

pub use data_dir::DataDir;
pub use log::Log;
