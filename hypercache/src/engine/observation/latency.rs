//! Steps of the node that took longer than a threshold, the last of each kind with the time: `LATENCY`.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

use parking_lot::Mutex;

/// Samples kept of each event.
const SAMPLES_MAX: usize = 160;
/// A threshold that nothing reaches.
const OFF: u64 = u64::MAX;
const NS_PER_MS: u64 = 1_000_000;

/// The worst of one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatencySample {
    /// Unix time in seconds.
    pub time: u64,
    /// Milliseconds.
    pub latency: u64,
}

/// The samples of one event.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct LatencySeries {
    /// The oldest first, one a second at the most.
    pub samples: VecDeque<LatencySample>,
    /// The worst ever, in milliseconds.
    pub max: u64,
}

/// Knows what took long, and what is told of latencies.
#[derive(Debug)]
pub struct LatencyMonitor {
    threshold_ns: AtomicU64,
    events: Mutex<BTreeMap<&'static str, LatencySeries>>,
    tracking: AtomicBool,
    percentiles: Mutex<Vec<f64>>,
}

impl Default for LatencyMonitor {
    fn default() -> Self {
        Self {
            threshold_ns: OFF.into(),
            events: Mutex::default(),
            tracking: true.into(),
            percentiles: Mutex::new(vec![50.0, 99.0, 99.9]),
        }
    }
}

impl LatencyMonitor {
    /// Whether a step that took so long is to be noted.
    #[inline]
    pub fn wants(&self, ns: u64) -> bool {
        ns >= self.threshold_ns.load(Relaxed)
    }

    /// Notes a step if it took long enough.
    pub fn sample(&self, event: &'static str, ns: u64) {
        if self.wants(ns) {
            self.add(event, ns);
        }
    }

    /// Notes a step that took long.
    #[cold]
    pub fn add(&self, event: &'static str, ns: u64) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.add_at(event, LatencySample { time: now.as_secs(), latency: ns / NS_PER_MS });
    }

    fn add_at(&self, event: &'static str, sample: LatencySample) {
        let mut events = self.events.lock();
        let series = events.entry(event).or_default();
        series.max = series.max.max(sample.latency);
        if let Some(last) = series.samples.back_mut().filter(|last| last.time == sample.time) {
            last.latency = last.latency.max(sample.latency);
            return;
        }
        if series.samples.len() == SAMPLES_MAX {
            series.samples.pop_front();
        }
        series.samples.push_back(sample);
    }

    /// From how many milliseconds on steps are noted; 0: none is.
    pub fn threshold_ms(&self) -> u64 {
        match self.threshold_ns.load(Relaxed) {
            OFF => 0,
            ns => ns / NS_PER_MS,
        }
    }

    /// Changes from how many milliseconds on steps are noted; 0: none is.
    pub fn set_threshold_ms(&self, ms: u64) {
        let ns = if ms == 0 { OFF } else { ms.saturating_mul(NS_PER_MS) };
        self.threshold_ns.store(ns, Relaxed);
    }

    /// The events by name.
    pub fn events(&self) -> BTreeMap<&'static str, LatencySeries> {
        self.events.lock().clone()
    }

    /// The samples of one event.
    pub fn event(&self, name: &[u8]) -> Option<(&'static str, LatencySeries)> {
        let events = self.events.lock();
        let found = events.iter().find(|(known, _)| known.as_bytes() == name);
        found.map(|(name, series)| (*name, series.clone()))
    }

    /// Forgets one event, or all; how many were forgotten.
    pub fn reset(&self, name: Option<&[u8]>) -> usize {
        let mut events = self.events.lock();
        let before = events.len();
        events.retain(|known, _| name.is_some_and(|name| known.as_bytes() != name));
        before - events.len()
    }

    /// Whether latencies by command are told.
    pub fn tracking(&self) -> bool {
        self.tracking.load(Relaxed)
    }

    /// Tells latencies by command, or not. They are measured in any case.
    pub fn set_tracking(&self, on: bool) {
        self.tracking.store(on, Relaxed);
    }

    /// Which percentiles `INFO` tells, from 0 to 100.
    pub fn percentiles(&self) -> Vec<f64> {
        self.percentiles.lock().clone()
    }

    /// Changes which percentiles `INFO` tells.
    pub fn set_percentiles(&self, percentiles: Vec<f64>) {
        *self.percentiles.lock() = percentiles;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_joined_and_the_oldest_go() {
        let monitor = LatencyMonitor::default();
        for (time, latency) in [(1, 5), (1, 9), (1, 7), (2, 3)] {
            monitor.add_at("command", LatencySample { time, latency });
        }
        let (_, series) = monitor.event(b"command").unwrap();
        let samples: Vec<_> = series.samples.iter().map(|sample| (sample.time, sample.latency)).collect();
        assert_eq!((samples, series.max), (vec![(1, 9), (2, 3)], 9));
        for time in 3..1000 {
            monitor.add_at("command", LatencySample { time, latency: 1 });
        }
        let (_, series) = monitor.event(b"command").unwrap();
        assert_eq!((series.samples.len(), series.samples[0].time, series.max), (160, 840, 9));
    }

    #[test]
    fn only_what_takes_long_is_noted_and_can_be_forgotten() {
        let monitor = LatencyMonitor::default();
        monitor.sample("command", u64::MAX - 1);
        assert!(monitor.events().is_empty());
        monitor.set_threshold_ms(2);
        monitor.sample("command", 1_999_999);
        monitor.sample("command", 2_000_000);
        monitor.sample("expire-cycle", 3_000_000);
        assert_eq!((monitor.threshold_ms(), monitor.events().len()), (2, 2));
        assert_eq!((monitor.reset(Some(b"none")), monitor.reset(Some(b"command"))), (0, 1));
        assert_eq!((monitor.reset(None), monitor.reset(None)), (1, 0));
    }
}
