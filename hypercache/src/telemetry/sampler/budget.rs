//! How the budgets are shared out: rare commands are kept whole, frequent ones get equal parts of what is left.

use crate::config::CommandLog;
use crate::config::TracingMode;
use crate::telemetry::sampler::Special;

/// Special populations are thinned only above this many a second, so that a flood of them cannot drown the rest.
const SPECIAL_PER_SECOND: f64 = 1000.0;

/// Commands that evict are as many as writes once a cache is full, so of them far fewer are kept.
const EVICTING_PER_SECOND: f64 = 50.0;

/// What the chances shall aim at.
#[derive(Debug)]
pub(in crate::telemetry) struct Plan {
    spans: TracingMode,
    lines: CommandLog,
    span_budget: f64,
    line_budget: f64,
    /// No ordinary command has a greater chance of a span than this.
    span_ratio_max: f64,
    /// Smoothed rates by class.
    rates: Vec<f64>,
    share: f64,
}

/// The chances of one class until the next turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chances {
    pub(super) span: f64,
    pub(super) line: f64,
    /// What may be kept before the class brakes itself; `u64::MAX`: it never does.
    pub(super) allowed: u64,
}

impl Plan {
    /// A plan from the configuration; `span_ratio_max` is 1 unless the environment says otherwise.
    pub(in crate::telemetry) fn new(
        spans: TracingMode,
        span_budget: u32,
        span_ratio_max: f64,
        lines: CommandLog,
        line_budget: u32,
    ) -> Self {
        Self {
            spans,
            lines,
            span_budget: f64::from(span_budget),
            line_budget: f64::from(line_budget),
            span_ratio_max: span_ratio_max.clamp(0.0, 1.0),
            rates: Vec::new(),
            share: 1.0,
        }
    }

    /// Share of ordinary commands that get a span, after the last turn.
    pub(super) fn span_share(&self) -> f64 {
        self.share
    }

    /// The chances before anything was seen.
    pub(super) fn start(&self, class: usize, commands: usize) -> Chances {
        self.chances(class, commands, 1.0, 1.0, self.span_budget.max(self.line_budget))
    }

    /// The chances after a second in which each class was seen so often.
    pub(super) fn turn(&mut self, seen: &[u64], commands: usize, seconds: f64) -> Vec<Chances> {
        self.rates.resize(seen.len(), 0.0);
        for (rate, seen) in self.rates.iter_mut().zip(seen) {
            let now = *seen as f64 / seconds.max(1e-3);
            let weight = if now > *rate { 0.7 } else { 0.3 };
            *rate += weight * (now - *rate);
        }
        let ordinary = &self.rates[..commands];
        let active = ordinary.iter().filter(|rate| **rate >= 1.0).count();
        let spans = fair_share(ordinary, self.span_budget);
        let lines = fair_share(ordinary, self.line_budget);
        let spare = self.span_budget.max(self.line_budget) / (active + 1) as f64;
        let chances: Vec<Chances> = (0..seen.len())
            .map(|class| {
                let rate = self.rates[class];
                if class < commands {
                    let allowed = (spans.max(lines) * 2.0).min(spare.max(spans).max(lines) * 2.0);
                    self.chances(class, commands, ratio(spans, rate), ratio(lines, rate), allowed)
                } else {
                    let evicting = class == commands + Special::Evicting as usize;
                    let most = if evicting { EVICTING_PER_SECOND } else { SPECIAL_PER_SECOND };
                    let both = ratio(most, rate);
                    self.chances(class, commands, both, both, most)
                }
            })
            .collect();
        let total: f64 = self.rates[..commands].iter().sum();
        let kept: f64 =
            self.rates[..commands].iter().zip(&chances).map(|(rate, next)| rate * next.span).sum();
        self.share = if total > 0.0 { kept / total } else { chances.first().map_or(0.0, |next| next.span) };
        chances
    }

    /// What the modes make of the chances that the budgets would give.
    fn chances(&self, class: usize, commands: usize, span: f64, line: f64, allowed: f64) -> Chances {
        let traced = [Special::ErrorTraced, Special::SlowTraced, Special::Parent, Special::HttpParent]
            .into_iter()
            .any(|special| class == commands + special as usize);
        let http = class == commands + Special::Http as usize;
        let span = match self.spans {
            TracingMode::Adaptive if class < commands || http => span.min(self.span_ratio_max),
            TracingMode::Adaptive => span,
            TracingMode::All => 1.0,
            TracingMode::Parent if traced => span,
            TracingMode::Parent | TracingMode::Off => 0.0,
        };
        // Lines of traced commands are as many as of ordinary ones: the caller's wish is for spans.
        let parent = class == commands + Special::Parent as usize;
        let line = match self.lines {
            CommandLog::Adaptive if parent => line.min(self.parent_line_ratio()),
            CommandLog::Adaptive => line,
            CommandLog::All => 1.0,
            CommandLog::Off => 0.0,
        };
        let unbounded = self.spans == TracingMode::All || self.lines == CommandLog::All;
        let allowed = if unbounded { u64::MAX } else { allowed.max(16.0) as u64 };
        Chances { span, line, allowed }
    }

    fn parent_line_ratio(&self) -> f64 {
        let parent =
            self.rates.len().checked_sub(Special::COUNT).map(|first| first + Special::Parent as usize);
        parent.map_or(1.0, |class| ratio(self.line_budget, self.rates[class]))
    }
}

fn ratio(share: f64, rate: f64) -> f64 {
    if rate <= share { 1.0 } else { share / rate }
}

/// The greatest share such that classes cut to it keep within the budget: max-min fairness.
fn fair_share(rates: &[f64], budget: f64) -> f64 {
    let mut active: Vec<f64> = rates.iter().copied().filter(|rate| *rate > 0.0).collect();
    active.sort_by(f64::total_cmp);
    let mut left = budget;
    for (index, rate) in active.iter().enumerate() {
        let share = left / (active.len() - index) as f64;
        if *rate > share {
            return share;
        }
        left -= rate;
    }
    budget.max(active.last().copied().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(spans: TracingMode, lines: CommandLog) -> Plan {
        Plan::new(spans, 500, 1.0, lines, 300)
    }

    #[test]
    fn rare_commands_are_kept_whole_and_frequent_ones_share_the_rest() {
        assert_eq!(fair_share(&[10.0, 20.0], 500.0), 500.0);
        assert_eq!(fair_share(&[100.0, 1e6, 1e5], 500.0), 200.0);
        assert_eq!(fair_share(&[], 500.0), 500.0);
        let mut plan = plan(TracingMode::Adaptive, CommandLog::Adaptive);
        let mut seen = vec![0; 3 + Special::COUNT];
        seen[..3].copy_from_slice(&[100, 1_000_000, 0]);
        let mut chances = Vec::new();
        for _ in 0..20 {
            chances = plan.turn(&seen, 3, 1.0);
        }
        let kept: f64 = chances.iter().zip(&seen).map(|(next, seen)| next.span * *seen as f64).sum();
        assert!((kept - 500.0).abs() < 5.0, "{kept} spans a second");
        assert_eq!((chances[0].span, chances[2].span), (1.0, 1.0));
        assert!((plan.span_share() - 500.0 / 1_000_100.0).abs() < 1e-5);
    }

    #[test]
    fn a_flood_of_errors_is_thinned_but_a_trickle_is_not() {
        let mut plan = plan(TracingMode::Adaptive, CommandLog::Adaptive);
        let mut seen = vec![0; 1 + Special::COUNT];
        seen[1 + Special::Error as usize] = 50_000;
        seen[1 + Special::Slow as usize] = 900;
        let mut chances = Vec::new();
        for _ in 0..20 {
            chances = plan.turn(&seen, 1, 1.0);
        }
        assert!((chances[1].line - 0.02).abs() < 1e-3);
        assert_eq!(chances[1 + Special::Slow as usize].line, 1.0);
    }

    #[test]
    fn modes_decide_over_budgets() {
        let all = plan(TracingMode::All, CommandLog::Off).start(0, 1);
        assert_eq!((all.span, all.line, all.allowed), (1.0, 0.0, u64::MAX));
        let off = plan(TracingMode::Off, CommandLog::All).start(0, 1);
        assert_eq!((off.span, off.line), (0.0, 1.0));
        let parent = plan(TracingMode::Parent, CommandLog::Adaptive);
        assert_eq!(parent.start(0, 1).span, 0.0);
        assert_eq!(parent.start(1 + Special::Error as usize, 1).span, 0.0);
        assert_eq!(parent.start(1 + Special::ErrorTraced as usize, 1).span, 1.0);
        assert_eq!(parent.start(1 + Special::Parent as usize, 1).span, 1.0);
        let limited = Plan::new(TracingMode::Adaptive, 500, 0.1, CommandLog::Adaptive, 300);
        assert_eq!(limited.start(0, 1).span, 0.1);
        assert_eq!(limited.start(1 + Special::Error as usize, 1).span, 1.0);
    }
}
