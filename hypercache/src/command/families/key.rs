//! Commands on keys of any type.

use crate::command::spec::Spec;

/// Their entries.
pub const COMMANDS: &[Spec] = &[];
