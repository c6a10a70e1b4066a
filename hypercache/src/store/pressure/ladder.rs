//! Which level of pressure holds: pure, with hysteresis, told the time.

use std::time::Duration;

/// How near the process is to the end of its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// There is enough.
    Normal,
    /// What is free anyway is looked for harder: expired keys are swept for longer, unused pages go back to the system.
    Elevated,
    /// Others give way: clients that hold much, and the data of stores that may evict.
    High,
    /// Nothing may be added: writes that need memory are refused.
    Critical,
}

/// Share of the limit by which a level's mark must be missed before the level is left, in percent.
const GAP_PERCENT: u64 = 5;
/// How long it must be missed without a break.
pub const HOLD: Duration = Duration::from_secs(2);

impl Level {
    /// All levels, ascending.
    pub const ALL: [Self; 4] = [Self::Normal, Self::Elevated, Self::High, Self::Critical];

    /// The word for fields and labels.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Elevated => "elevated",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Share of the limit from which on it holds, in percent.
    pub const fn mark_percent(self) -> u64 {
        match self {
            Self::Normal => 0,
            Self::Elevated => 75,
            Self::High => 85,
            Self::Critical => 95,
        }
    }

    /// Bytes from which on it holds.
    pub fn mark(self, limit_bytes: u64) -> u64 {
        share(limit_bytes, self.mark_percent())
    }

    /// Bytes below which it is left.
    pub fn leave_mark(self, limit_bytes: u64) -> u64 {
        share(limit_bytes, self.mark_percent().saturating_sub(GAP_PERCENT))
    }

    fn reached(used_bytes: u64, mark: impl Fn(Self) -> u64) -> Self {
        Self::ALL.into_iter().rev().find(|level| used_bytes >= mark(*level)).unwrap_or(Self::Normal)
    }
}

fn share(bytes: u64, percent: u64) -> u64 {
    (u128::from(bytes) * u128::from(percent) / 100) as u64
}

/// A level that has become another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The level that was.
    pub from: Level,
    /// The level that is.
    pub to: Level,
    /// How long the old one held.
    pub after: Duration,
}

/// Climbs at once, and comes down only after the lower level has been enough for a while.
#[derive(Debug)]
pub struct Ladder {
    limit_bytes: u64,
    level: Level,
    since: Duration,
    /// Since when a lower level would be enough, and the highest of those that were meanwhile.
    relieved: Option<(Duration, Level)>,
}

impl Ladder {
    /// At the bottom; a limit of 0 is none, and is never near. Times count from any moment on.
    pub fn new(limit_bytes: u64, now: Duration) -> Self {
        Self { limit_bytes, level: Level::Normal, since: now, relieved: None }
    }

    /// The level that holds.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Takes note of what the process uses at `now`, which must not go back; the change of level, if there is one.
    pub fn step(&mut self, used_bytes: u64, now: Duration) -> Option<Change> {
        if self.limit_bytes == 0 {
            return None;
        }
        let reached = Level::reached(used_bytes, |level| level.mark(self.limit_bytes));
        if reached > self.level {
            return Some(self.change(reached, now));
        }
        let enough = Level::reached(used_bytes, |level| level.leave_mark(self.limit_bytes));
        if enough >= self.level {
            self.relieved = None;
            return None;
        }
        let (since, highest) = *self.relieved.get_or_insert((now, enough));
        let highest = highest.max(enough);
        self.relieved = Some((since, highest));
        (now.saturating_sub(since) >= HOLD).then(|| self.change(highest, now))
    }

    fn change(&mut self, to: Level, now: Duration) -> Change {
        let change = Change { from: self.level, to, after: now.saturating_sub(self.since) };
        (self.level, self.since, self.relieved) = (to, now, None);
        change
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Level::Critical;
    use super::Level::Elevated;
    use super::Level::High;
    use super::Level::Normal;
    use super::*;

    const LIMIT: u64 = 1000;

    /// Each row: milliseconds, bytes used, the level afterwards.
    fn walk(rows: &[(u64, u64, Level)]) {
        let mut ladder = Ladder::new(LIMIT, Duration::ZERO);
        for (at, used, level) in rows {
            let before = ladder.level();
            let change = ladder.step(*used, Duration::from_millis(*at));
            assert_eq!(ladder.level(), *level, "{used} at {at} ms");
            assert_eq!(
                change.map(|change| (change.from, change.to)),
                (before != *level).then_some((before, *level))
            );
        }
    }

    #[test]
    fn it_climbs_at_once_and_may_leave_rungs_out() {
        walk(&[(0, 749, Normal), (1, 750, Elevated), (2, 849, Elevated), (3, 950, Critical)]);
        walk(&[(0, 2000, Critical)]);
    }

    #[test]
    fn between_the_marks_nothing_changes() {
        walk(&[(0, 850, High), (5000, 800, High), (9000, 849, High), (19_000, 801, High)]);
        walk(&[(0, 0, Normal), (5000, 749, Normal), (9000, 701, Normal)]);
    }

    #[test]
    fn it_comes_down_when_less_was_enough_for_long_enough() {
        walk(&[
            (0, 850, High),
            (100, 799, High),
            (2099, 799, High),
            (2100, 799, Elevated),
            (9000, 799, Elevated),
        ]);
        // Straight to the bottom.
        walk(&[(0, 990, Critical), (100, 10, Critical), (2100, 10, Normal)]);
        // A break begins the time anew.
        walk(&[
            (0, 850, High),
            (100, 799, High),
            (2000, 800, High),
            (2100, 799, High),
            (4000, 799, High),
            (4100, 799, Elevated),
        ]);
        // The most that was needed meanwhile counts.
        walk(&[
            (0, 990, Critical),
            (100, 10, Critical),
            (1000, 810, Critical),
            (2100, 10, High),
            (4200, 10, High),
            (4201, 10, High),
            (6200, 10, Normal),
        ]);
    }

    #[test]
    fn a_change_tells_how_long_the_old_level_held() {
        let mut ladder = Ladder::new(LIMIT, Duration::from_secs(1));
        let change = ladder.step(800, Duration::from_secs(4)).unwrap();
        assert_eq!(change, Change { from: Normal, to: Elevated, after: Duration::from_secs(3) });
    }

    #[test]
    fn without_a_limit_there_is_no_pressure() {
        let mut ladder = Ladder::new(0, Duration::ZERO);
        assert_eq!((ladder.step(u64::MAX, Duration::from_secs(9)), ladder.level()), (None, Normal));
        assert_eq!(Critical.mark(u64::MAX), u64::MAX / 100 * 95 + 14, "no overflow");
    }

    proptest! {
        #[test]
        fn it_is_never_too_low_and_never_flaps(steps in prop::collection::vec((0..1200_u64, 1..1500_u64), 1..300)) {
            let mut ladder = Ladder::new(LIMIT, Duration::ZERO);
            let (mut now, mut last_move) = (Duration::ZERO, None::<(Duration, Level, Level)>);
            for (used, pause) in steps {
                now += Duration::from_millis(pause);
                let change = ladder.step(used, now);
                prop_assert!(ladder.level() >= Level::reached(used, |level| level.mark(LIMIT)));
                let Some(Change { from, to, .. }) = change else { continue };
                if let Some((at, _, _)) = last_move.filter(|_| to < from) {
                    prop_assert!(now - at >= HOLD, "down within {:?} of the last change", now - at);
                }
                last_move = Some((now, from, to));
            }
            // Whoever needs nothing is at the bottom in the end.
            ladder.step(0, now);
            ladder.step(0, now + HOLD);
            ladder.step(0, now + HOLD);
            ladder.step(0, now + HOLD * 2);
            prop_assert_eq!(ladder.level(), Normal);
        }
    }
}
