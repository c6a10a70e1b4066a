//! Scripts and functions in Lua 5.1, with the semantics of Redis 7.2.
//!
//! `commands` is the way in: it runs one script or function at a time in one of two Lua states, `scripts` for `EVAL` and
//! `functions` for `FCALL`. A state is a `sandbox` with the libraries of `library` and with `api`, the table `redis`;
//! `machine` connects it with whoever runs commands for it. `running` is what others may know of the script that runs.

mod api;
mod arguments;
mod commands;
mod fault;
mod functions;
mod library;
mod machine;
mod payload;
mod reply;
mod running;
mod sandbox;
mod scripts;
mod shebang;
#[cfg(test)]
mod test_bench;

pub use commands::Census;
pub use commands::Rules;
pub use commands::Scripting;
pub use commands::Stage;
pub use commands::World;
pub use machine::Host;
pub use running::Running;
