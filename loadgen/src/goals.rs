//! What a run has to reach, and the exit status that tells.

use std::time::Duration;

use serde::Serialize;

/// Limits set on the command line.
#[derive(Debug, Clone, Default)]
pub struct Goals {
    /// Longest allowed 99th percentile.
    pub max_p99: Option<Duration>,
    /// Most allowed errors.
    pub max_errors: Option<u64>,
    /// Fewest allowed answers per second.
    pub min_rate: Option<u64>,
}

/// One limit and what was reached.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Name of the flag, without dashes.
    pub goal: &'static str,
    /// What was asked: microseconds, errors, or requests per second.
    pub limit: f64,
    /// What was reached, in the same unit.
    pub reached: f64,
    /// Whether that is good enough.
    pub met: bool,
}

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// All targets met.
    Met = 0,
    /// A target missed.
    Missed = 1,
    /// Flags or files that cannot be used.
    Usage = 2,
    /// No server, or one that refused the client.
    Unreachable = 3,
}

impl Goals {
    /// Compares what was reached with the limits that were set.
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers for people and for comparison with limits they typed"
    )]
    pub fn judge(&self, p99: Duration, errors: u64, rate: f64) -> Vec<Outcome> {
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let p99_outcome = self.max_p99.map(|limit| Outcome {
            goal: "max-p99",
            limit: micros(limit),
            reached: micros(p99),
            met: p99 <= limit,
        });
        let errors_outcome = self.max_errors.map(|limit| Outcome {
            goal: "max-errors",
            limit: limit as f64,
            reached: errors as f64,
            met: errors <= limit,
        });
        let rate_outcome = self.min_rate.map(|limit| Outcome {
            goal: "min-rate",
            limit: limit as f64,
            reached: rate,
            met: rate >= limit as f64,
        });
        [p99_outcome, errors_outcome, rate_outcome].into_iter().flatten().collect()
    }
}

/// The exit status for these outcomes.
pub fn status(outcomes: &[Outcome]) -> Status {
    if outcomes.iter().all(|outcome| outcome.met) { Status::Met } else { Status::Missed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_inclusive_and_unset_ones_do_not_count() {
        let goals =
            Goals { max_p99: Some(Duration::from_millis(2)), max_errors: Some(0), min_rate: Some(1000) };
        assert_eq!(status(&goals.judge(Duration::from_millis(2), 0, 1000.0)), Status::Met);
        assert_eq!(status(&goals.judge(Duration::from_micros(2001), 0, 1000.0)), Status::Missed);
        assert_eq!(status(&goals.judge(Duration::ZERO, 1, 1000.0)), Status::Missed);
        assert_eq!(status(&goals.judge(Duration::ZERO, 0, 999.9)), Status::Missed);
        assert!(Goals::default().judge(Duration::MAX, u64::MAX, 0.0).is_empty());
        assert_eq!(status(&[]), Status::Met);
    }
}
