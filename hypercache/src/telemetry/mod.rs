//! telemetry
pub mod buckets;
pub mod catalogue;
pub mod context;
pub mod definition;
pub mod meters;
