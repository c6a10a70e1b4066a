//! Bytes on disk. Knows no commands.

pub mod block;
pub mod data_dir;
pub mod disk;
pub mod log;

pub use data_dir::DataDir;
pub use log::Log;
