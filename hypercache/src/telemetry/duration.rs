//! How durations are counted.

use std::time::Duration;

/// In whole nanoseconds; what is longer than 584 years counts as that.
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
