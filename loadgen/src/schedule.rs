//! When each group of requests is meant to start.
//!
//! Intended times depend on the start and the rate alone, never on when earlier requests were sent or answered: what
//! a slow server delays is therefore measured, not left out.

use std::str::FromStr;
use std::time::Duration;
use std::time::Instant;

use rand::Rng;
use rand_distr::Distribution;
use rand_distr::Exp1;

/// Highest rate that can be asked for, in requests per second.
pub const RATE_MAX: u64 = 100_000_000;

/// How fast requests are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Open loop: this many requests a second, whatever the server does.
    PerSecond(u64),
    /// Closed loop: the next group as soon as the last one is answered.
    Max,
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        text.parse().ok().filter(|rate| (1..=RATE_MAX).contains(rate)).map(Self::PerSecond).ok_or_else(|| {
            format!(
                "`{text}` is no rate; use requests per second from 1 to {RATE_MAX}, or max for a closed loop"
            )
        })
    }
}

/// How intended times are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Arrivals {
    /// Evenly.
    Constant,
    /// As independent clients would: exponential gaps.
    Poisson,
}

/// The intended start times of one connection's groups.
#[derive(Debug)]
pub struct Schedule {
    start: Instant,
    arrivals: Arrivals,
    /// Nanoseconds between two groups of this connection, as a fraction so that nothing drifts.
    gap_numerator: u128,
    gap_denominator: u128,
    /// Nanoseconds from `start` to this connection's first group.
    offset: u128,
    /// Groups given out (constant arrivals).
    groups: u128,
    /// Nanoseconds from `start` to the last group (Poisson arrivals).
    elapsed: f64,
}

impl Schedule {
    /// The schedule of connection `connection` of `connections`, which together send `rate` requests a second in groups
    /// of `group`.
    pub fn new(
        start: Instant,
        arrivals: Arrivals,
        rate: u64,
        group: usize,
        connection: usize,
        connections: usize,
    ) -> Self {
        let between_groups = 1_000_000_000 * group as u128;
        let rate = u128::from(rate);
        Self {
            start,
            arrivals,
            gap_numerator: between_groups * connections as u128,
            gap_denominator: rate,
            offset: between_groups * connection as u128 / rate,
            groups: 0,
            elapsed: 0.0,
        }
    }

    /// The next intended time, never before the last one.
    pub fn next(&mut self, rng: &mut impl Rng) -> Instant {
        let nanos = match self.arrivals {
            Arrivals::Constant => {
                let nanos = self.offset + self.groups * self.gap_numerator / self.gap_denominator;
                self.groups += 1;
                u64::try_from(nanos).unwrap_or(u64::MAX)
            }
            Arrivals::Poisson => {
                let gap: f64 = Exp1.sample(rng);
                #[expect(clippy::cast_precision_loss, reason = "a gap needs no more than 53 bits")]
                let mean = self.gap_numerator as f64 / self.gap_denominator as f64;
                self.elapsed += gap * mean;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "positive; saturates"
                )]
                let nanos = self.elapsed as u64;
                nanos
            }
        };
        // A century ahead is as good as never, and no clock overflows on it.
        self.start + Duration::from_nanos(nanos.min(3_000_000_000_000_000_000))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    #[test]
    fn constant_arrivals_do_not_drift() {
        let start = Instant::now();
        let mut rng = SmallRng::seed_from_u64(1);
        // Neither 3 nor 7 divides a second.
        let mut schedules: Vec<Schedule> =
            (0..3).map(|c| Schedule::new(start, Arrivals::Constant, 7, 1, c, 3)).collect();
        for group in 0..70_000_u64 {
            for (connection, schedule) in (0..3_u64).zip(&mut schedules) {
                let exact = u128::from(group * 3 + connection) * 1_000_000_000 / 7;
                let seen = schedule.next(&mut rng).duration_since(start).as_nanos();
                assert!(seen.abs_diff(exact) <= 1, "{seen} {exact}");
            }
        }
    }

    #[test]
    fn connections_together_send_evenly() {
        let start = Instant::now();
        let mut rng = SmallRng::seed_from_u64(1);
        let mut times = Vec::new();
        for connection in 0..4 {
            let mut schedule = Schedule::new(start, Arrivals::Constant, 1000, 2, connection, 4);
            times.extend((0..250).map(|_| schedule.next(&mut rng).duration_since(start)));
        }
        times.sort_unstable();
        assert_eq!(times[0], Duration::ZERO);
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] == Duration::from_millis(2)));
    }

    #[test]
    fn poisson_arrivals_keep_the_rate_and_have_exponential_gaps() {
        let start = Instant::now();
        let mut rng = SmallRng::seed_from_u64(1);
        let mut schedule = Schedule::new(start, Arrivals::Poisson, 1000, 1, 0, 1);
        let times: Vec<Instant> = (0..100_000).map(|_| schedule.next(&mut rng)).collect();
        let seconds = times[99_999].duration_since(start).as_secs_f64();
        assert!((98.5..101.5).contains(&seconds), "{seconds}");
        let long = times.windows(2).filter(|pair| pair[1] - pair[0] > Duration::from_millis(1)).count();
        // e^-1 of the gaps exceed the mean.
        assert!((36_000..37_600).contains(&long), "{long}");
    }

    #[test]
    fn paces_parse() {
        assert_eq!("max".parse(), Ok(Pace::Max));
        assert_eq!("20000".parse(), Ok(Pace::PerSecond(20_000)));
        assert!("0".parse::<Pace>().is_err() && "fast".parse::<Pace>().unwrap_err().contains("max"));
    }
}
