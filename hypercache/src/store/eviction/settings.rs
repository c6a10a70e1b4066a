//! What holds for evicting from all stores.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Condvar;
use parking_lot::Mutex;

/// Settings behind `CONFIG SET`, and how long memory has been over its limit.
#[derive(Debug)]
pub struct Settings {
    samples: AtomicUsize,
    tenacity: AtomicU64,
    exceeded_ns: AtomicU64,
    /// Since when memory is over a limit.
    exceeded_since: Mutex<Option<Instant>>,
    woken: Mutex<bool>,
    bell: Condvar,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            samples: 5.into(),
            tenacity: 10.into(),
            exceeded_ns: 0.into(),
            exceeded_since: Mutex::default(),
            woken: Mutex::default(),
            bell: Condvar::new(),
        }
    }
}

impl Settings {
    /// Entries looked at for each that goes.
    pub fn samples(&self) -> usize {
        self.samples.load(Relaxed)
    }

    /// Changes how many entries are looked at, from 1 to 64.
    pub fn set_samples(&self, samples: usize) {
        self.samples.store(samples.clamp(1, 64), Relaxed);
    }

    /// From 0 to 100: how hard a command works for memory that is far over its limit.
    pub fn tenacity(&self) -> u64 {
        self.tenacity.load(Relaxed)
    }

    /// Changes that.
    pub fn set_tenacity(&self, tenacity: u64) {
        self.tenacity.store(tenacity.min(100), Relaxed);
    }

    /// How long a command may work for memory that is far over its limit, beyond the room that it needs itself. As in
    /// Redis: 50 µs for each step up to 10, from there on 15 % more with each, and no limit at 100.
    pub fn patience(&self) -> Duration {
        match self.tenacity() {
            small @ 0..=10 => Duration::from_micros(50 * small),
            100.. => Duration::MAX,
            more => Duration::from_micros(500).mul_f64(1.15_f64.powf(more as f64 - 10.0)),
        }
    }

    /// How long memory has been over a limit altogether, while something could give way.
    pub fn exceeded(&self) -> Duration {
        Duration::from_nanos(self.exceeded_ns.load(Relaxed)) + self.exceeded_now()
    }

    /// How long memory has been over a limit now, while something can give way; zero where it is not.
    pub fn exceeded_now(&self) -> Duration {
        self.exceeded_since.lock().map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Notes whether memory is over a limit while something can give way.
    pub fn note_exceeded(&self, exceeded: bool) {
        let mut since = self.exceeded_since.lock();
        match *since {
            None if exceeded => *since = Some(Instant::now()),
            Some(began) if !exceeded => {
                let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                self.exceeded_ns.fetch_add(took, Relaxed);
                *since = None;
            }
            _ => {}
        }
    }

    /// Wakes who makes room in the background.
    pub fn wake(&self) {
        let mut woken = self.woken.lock();
        if !*woken {
            *woken = true;
            self.bell.notify_all();
        }
    }

    /// Waits until `wake` is called, or was since this was called last, or the time is over.
    pub fn wait(&self, time: Duration) {
        let mut woken = self.woken.lock();
        if !*woken {
            self.bell.wait_for(&mut woken, time);
        }
        *woken = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_grows_with_tenacity() {
        let settings = Settings::default();
        let patience = |tenacity| {
            settings.set_tenacity(tenacity);
            settings.patience()
        };
        assert_eq!((patience(0), patience(10)), (Duration::ZERO, Duration::from_micros(500)));
        assert!(patience(11) > patience(10) && patience(99) > Duration::from_secs(60));
        assert_eq!(patience(100), Duration::MAX);
        settings.set_samples(0);
        assert_eq!(settings.samples(), 1);
    }
}
