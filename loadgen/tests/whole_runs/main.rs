//! Whole runs of the generator: exit status, report and what servers saw.

mod http;
mod redis;
mod resp;
mod support;
