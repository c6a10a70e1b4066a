//! Waiting for a point in time more precisely than the runtime's millisecond timer.
//!
//! An open loop measures from the intended start, so a generator that wakes a millisecond late would report that
//! millisecond as the server's.

use std::io;
use std::time::Instant;

#[cfg(target_os = "linux")]
pub use precise::Timer;

#[cfg(not(target_os = "linux"))]
pub use plain::Timer;

#[cfg(target_os = "linux")]
mod precise {
    use std::os::fd::OwnedFd;

    use rustix::time::Itimerspec;
    use rustix::time::TimerfdClockId;
    use rustix::time::TimerfdFlags;
    use rustix::time::TimerfdTimerFlags;
    use rustix::time::Timespec;
    use rustix::time::timerfd_create;
    use rustix::time::timerfd_settime;
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    use super::Instant;
    use super::io;

    /// One waiter on a kernel timer with microsecond precision.
    #[derive(Debug)]
    pub struct Timer(AsyncFd<OwnedFd>);

    impl Timer {
        /// A timer of the current runtime.
        ///
        /// # Errors
        /// When the process may open no more files.
        pub fn new() -> io::Result<Self> {
            let fd =
                timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
            #[expect(
                deprecated,
                reason = "its successor is unsafe because of descriptors that may be closed early; an OwnedFd is not"
            )]
            let registered = AsyncFd::with_interest(fd, Interest::READABLE)?;
            Ok(Self(registered))
        }

        /// Returns at `at`, or at once when that has passed.
        ///
        /// # Errors
        /// When the kernel refuses the timer.
        pub async fn until(&mut self, at: Instant) -> io::Result<()> {
            loop {
                let left = at.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Ok(());
                }
                let once = Itimerspec {
                    it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
                    it_value: Timespec {
                        tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                        tv_nsec: left.subsec_nanos().into(),
                    },
                };
                timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once)?;
                // A wait that was given up may have left its readiness behind: then the loop waits again.
                self.0.readable().await?.clear_ready();
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod plain {
    use super::Instant;
    use super::io;

    /// One waiter on the runtime's timer.
    #[derive(Debug)]
    pub struct Timer;

    impl Timer {
        /// A timer of the current runtime.
        pub fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// Returns at `at`, or at once when that has passed.
        pub async fn until(&mut self, at: Instant) -> io::Result<()> {
            tokio::time::sleep_until(at.into()).await;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn never_returns_early_even_after_an_abandoned_wait() {
        let mut timer = Timer::new().unwrap();
        // Given up at once, unless this thread was held up for longer than the wait itself.
        let soon = Instant::now() + Duration::from_millis(20);
        tokio::time::timeout(Duration::ZERO, timer.until(soon)).await.ok();
        tokio::time::sleep_until((soon + Duration::from_millis(5)).into()).await;
        for wait in [0, 50, 700, 3_000] {
            let at = Instant::now() + Duration::from_micros(wait);
            timer.until(at).await.unwrap();
            assert!(Instant::now() >= at);
        }
    }
}
