//! telemetry
pub mod buckets;
pub mod catalogue;
pub mod context;
pub mod definition;
pub mod error;
pub mod event;
pub mod events;
pub mod line;
pub mod meters;
mod own;
mod sampler;
mod voice;
