//! Latency histograms: precise ones for reports, fixed buckets for metrics.

use std::time::Duration;

/// Upper bounds of the metric's buckets, in seconds: the server's, so that both sides can be laid over each other.
pub use hypercache::telemetry::buckets::LATENCY_SECONDS as BUCKETS;

use hypercache::telemetry::buckets::LATENCY_NS as BUCKET_NANOS;

/// Latencies to three digits, from 100 nanoseconds to an hour; longer ones count as an hour.
#[derive(Debug, Clone)]
pub struct Latency(hdrhistogram::Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        let histogram = hdrhistogram::Histogram::new_with_bounds(100, 3_600_000_000_000, 3);
        Self(histogram.expect("the bounds are constant and valid"))
    }
}

impl Latency {
    /// Adds one latency.
    pub fn record(&mut self, latency: Duration) {
        self.0.saturating_record(nanos(latency));
    }

    /// Adds all of another histogram.
    pub fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("both have the same bounds");
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// Number of latencies.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency that `quantile` (0 to 1) of all do not exceed; zero when empty.
    pub fn quantile(&self, quantile: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(quantile).min(self.0.max()))
    }

    /// The longest; zero when empty.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.0.max())
    }

    /// The mean; zero when empty.
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(0) + Duration::from_secs_f64(self.0.mean() / 1e9)
    }
}

/// Counts per bucket of the metric, each latency in one bucket.
#[derive(Debug, Clone, Default)]
pub struct Buckets {
    /// One count per bound of [`BUCKETS`], and the last for what is longer.
    counts: [u64; BUCKETS.len() + 1],
    sum_nanos: u64,
}

impl Buckets {
    /// Adds one latency.
    pub fn record(&mut self, latency: Duration) {
        let nanos = nanos(latency);
        self.counts[BUCKET_NANOS.partition_point(|bound| *bound < nanos)] += 1;
        self.sum_nanos = self.sum_nanos.saturating_add(nanos);
    }

    /// Adds all of another.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum_nanos = self.sum_nanos.saturating_add(other.sum_nanos);
    }

    /// For each bound the number of latencies up to it.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        BUCKETS.into_iter().zip(self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        }))
    }

    /// Number of latencies.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Sum of the latencies, in seconds.
    pub fn sum(&self) -> f64 {
        Duration::from_nanos(self.sum_nanos).as_secs_f64()
    }
}

fn nanos(latency: Duration) -> u64 {
    u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_agree() {
        for (seconds, nanos) in BUCKETS.into_iter().zip(BUCKET_NANOS) {
            assert_eq!(Duration::from_secs_f64(seconds), Duration::from_nanos(nanos));
        }
    }

    #[test]
    fn a_latency_on_a_bound_is_in_its_bucket() {
        let mut buckets = Buckets::default();
        for latency in [1_000, 1_001, 10_000_000_000, 20_000_000_000] {
            buckets.record(Duration::from_nanos(latency));
        }
        let cumulative: Vec<(f64, u64)> = buckets.cumulative().collect();
        assert_eq!((cumulative[0].1, cumulative[1].1, cumulative[21]), (1, 2, (10.0, 3)));
        assert_eq!(buckets.count(), 4);
        assert!((buckets.sum() - 30.000_002_001).abs() < 1e-9);
    }

    #[test]
    fn quantiles_survive_merging() {
        let (mut left, mut right) = (Latency::default(), Latency::default());
        for millis in 1..=1000 {
            if millis % 2 == 0 { &mut left } else { &mut right }.record(Duration::from_millis(millis));
        }
        left.add(&right);
        assert_eq!(left.count(), 1000);
        let p99 = left.quantile(0.99).as_secs_f64();
        assert!((0.989..0.992).contains(&p99), "{p99}");
        assert!((left.max().as_secs_f64() - 1.0).abs() < 0.001);
        left.clear();
        assert_eq!((left.count(), left.quantile(0.99), left.mean()), (0, Duration::ZERO, Duration::ZERO));
    }
}
