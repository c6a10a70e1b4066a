//! Which commands are kept: every one of a class with the same known chance, so that 1 / chance is a true weight.
//!
//! A class is one ordinary command, or one of the special populations (failed, slow, traced by the caller, HTTP).
//! The classes are disjoint. A thread counts down to the next command it keeps; the count is drawn from the
//! geometric distribution, so that keeping is independent of what the command is. Once a second `Budget` sets the
//! chances by what was seen; between two of its turns a class that bursts brakes itself.

mod budget;

pub(super) use budget::Plan;

use parking_lot::Mutex;
use rand::RngExt;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// Populations beside the ordinary commands, which come first in the list of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Special {
    /// Answered by an error.
    Error,
    /// The same, and the caller traces.
    ErrorTraced,
    /// Over the threshold.
    Slow,
    /// The same, and the caller traces.
    SlowTraced,
    /// The caller traces.
    Parent,
    /// An HTTP request.
    Http,
    /// An HTTP request whose caller traces.
    HttpParent,
    /// An HTTP request that failed.
    HttpError,
    /// An HTTP request over the threshold.
    HttpSlow,
    /// Something had to go to make room for it.
    Evicting,
}

impl Special {
    pub(super) const COUNT: usize = 10;
}

/// What the chances of one class were when it kept something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Kept {
    /// Chance of a span, if one is wanted.
    pub(super) span: Option<f64>,
    /// Chance of a line, if one is wanted.
    pub(super) line: Option<f64>,
    /// It is the first of its class since the start.
    pub(super) first: bool,
}

/// The chances of all classes.
#[derive(Debug)]
pub(super) struct Sampler {
    id: u64,
    this: Weak<Sampler>,
    classes: Box<[Class]>,
    commands: usize,
    plan: Mutex<Plan>,
}

/// One class, shared by all threads.
#[derive(Debug)]
struct Class {
    /// Goes up with each change of the chances.
    version: AtomicU32,
    span: AtomicU64,
    line: AtomicU64,
    /// Commands seen since the budget's last turn.
    seen: AtomicU64,
    /// Kept since the budget's last turn, and how many may be before the class brakes.
    kept: AtomicU64,
    allowed: AtomicU64,
    /// By how much `allowed` grows each time it brakes.
    step: AtomicU64,
    first_seen: AtomicBool,
}

impl Class {
    fn chances(&self) -> (f64, f64) {
        (f64::from_bits(self.span.load(Relaxed)), f64::from_bits(self.line.load(Relaxed)))
    }

    fn allow(&self, allowed: u64) {
        self.kept.store(0, Relaxed);
        self.allowed.store(allowed, Relaxed);
        self.step.store((allowed / 4).max(8), Relaxed);
    }

    fn set(&self, span: f64, line: f64) {
        self.span.store(span.to_bits(), Relaxed);
        self.line.store(line.to_bits(), Relaxed);
        self.version.fetch_add(1, Relaxed);
    }

    /// Halves the chances of a class that keeps more than it may before the budget's next turn.
    fn brake(&self) {
        let kept = self.kept.fetch_add(1, Relaxed) + 1;
        let allowed = self.allowed.load(Relaxed);
        let more = allowed.saturating_add(self.step.load(Relaxed));
        if kept > allowed && self.allowed.compare_exchange(allowed, more, Relaxed, Relaxed).is_ok() {
            let (span, line) = self.chances();
            self.set(span / 2.0, line / 2.0);
        }
    }
}

thread_local! {
    static LOCAL: RefCell<Vec<Local>> = const { RefCell::new(Vec::new()) };
}

/// One thread's countdowns for one sampler.
struct Local {
    id: u64,
    home: Weak<Sampler>,
    classes: Box<[Countdown]>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Countdown {
    left: u64,
    drawn: u64,
    version: u32,
    span: f64,
    line: f64,
}

impl Countdown {
    /// Takes over the class's chances and draws how many commands it is to the next one kept.
    fn draw(&mut self, class: &Class) {
        class.seen.fetch_add(self.drawn.saturating_sub(self.left), Relaxed);
        self.version = class.version.load(Relaxed);
        (self.span, self.line) = class.chances();
        self.drawn = geometric(self.span.max(self.line));
        self.left = self.drawn;
    }

    /// Keeps the first command of the class since the start, over all threads, if anything is wanted of the class.
    fn first(&self, class: &Class) -> Option<Kept> {
        let wanted = (self.span > 0.0, self.line > 0.0);
        if wanted == (false, false) || class.first_seen.swap(true, Relaxed) {
            return None;
        }
        class.seen.fetch_add(1, Relaxed);
        Some(Kept { span: wanted.0.then_some(1.0), line: wanted.1.then_some(1.0), first: true })
    }
}

/// How many trials it takes to succeed once when each succeeds with this chance; at least 1.
fn geometric(chance: f64) -> u64 {
    if chance >= 1.0 {
        return 1;
    }
    if chance <= 0.0 {
        return u64::MAX;
    }
    let uniform: f64 = 1.0 - rand::rng().random::<f64>();
    let trials = (uniform.ln() / (-chance).ln_1p()).floor();
    if trials < 1e18 { trials as u64 + 1 } else { u64::MAX }
}

impl Sampler {
    /// A sampler for this many commands.
    pub(super) fn new(commands: usize, plan: Plan) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let classes = (0..commands + Special::COUNT)
            .map(|index| {
                let start = plan.start(index, commands);
                let class = Class {
                    version: AtomicU32::new(1),
                    span: AtomicU64::new(start.span.to_bits()),
                    line: AtomicU64::new(start.line.to_bits()),
                    seen: AtomicU64::new(0),
                    kept: AtomicU64::new(0),
                    allowed: AtomicU64::new(0),
                    step: AtomicU64::new(0),
                    first_seen: AtomicBool::new(false),
                };
                class.allow(start.allowed);
                class
            })
            .collect();
        Arc::new_cyclic(|this| Self {
            id: NEXT.fetch_add(1, Relaxed),
            this: this.clone(),
            classes,
            commands,
            plan: Mutex::new(plan),
        })
    }

    /// Whether this ordinary command is kept. The first of its kind always is, unless the plan wants none.
    #[inline]
    pub(super) fn command(&self, command: usize) -> Option<Kept> {
        self.tick(command.min(self.commands - 1), true)
    }

    /// Whether this one of a special population is kept.
    #[inline]
    pub(super) fn special(&self, special: Special) -> Option<Kept> {
        self.tick(self.commands + special as usize, false)
    }

    #[inline]
    fn tick(&self, index: usize, ask_first: bool) -> Option<Kept> {
        let version = self.classes[index].version.load(Relaxed);
        let due =
            LOCAL.try_with(|locals| match locals.borrow_mut().iter_mut().find(|local| local.id == self.id) {
                Some(local) => {
                    let countdown = &mut local.classes[index];
                    countdown.left = countdown.left.wrapping_sub(1);
                    countdown.left == 0 || countdown.version != version
                }
                None => true,
            });
        if due == Ok(true) { self.due(index, ask_first) } else { None }
    }

    /// The countdown is over, or no longer valid, or there is none yet.
    #[cold]
    #[inline(never)]
    fn due(&self, index: usize, ask_first: bool) -> Option<Kept> {
        let class = &self.classes[index];
        LOCAL.with(|locals| {
            let mut locals = locals.borrow_mut();
            let position = match locals.iter().position(|local| local.id == self.id) {
                Some(position) => position,
                None => self.adopt(&mut locals),
            };
            let countdown = &mut locals[position].classes[index];
            if countdown.version != class.version.load(Relaxed) {
                // This command is not counted yet, whatever the old countdown said.
                if countdown.version != 0 {
                    countdown.left = countdown.left.wrapping_add(1);
                }
                let new_here = countdown.version == 0;
                countdown.draw(class);
                if ask_first
                    && new_here
                    && let Some(first) = countdown.first(class)
                {
                    return Some(first);
                }
                countdown.left -= 1;
                if countdown.left > 0 {
                    return None;
                }
            }
            self.keep(countdown, class)
        })
    }

    /// A command was drawn. The rarer of span and line is a share of the other, so that most lines have a span.
    fn keep(&self, countdown: &mut Countdown, class: &Class) -> Option<Kept> {
        let (span, line) = (countdown.span, countdown.line);
        let peak = span.max(line);
        if peak < 1.0 || class.allowed.load(Relaxed) < u64::MAX {
            class.brake();
        }
        countdown.draw(class);
        let wins =
            |chance: f64| chance >= peak || (chance > 0.0 && rand::rng().random::<f64>() < chance / peak);
        Some(Kept { span: wins(span).then_some(span), line: wins(line).then_some(line), first: false })
    }

    fn adopt(&self, locals: &mut Vec<Local>) -> usize {
        locals.retain(|local| local.home.strong_count() > 0);
        let classes = vec![Countdown::default(); self.classes.len()].into_boxed_slice();
        locals.push(Local { id: self.id, home: self.this.clone(), classes });
        locals.len() - 1
    }

    /// Sets the chances by what was seen in the last `seconds`; returns the share of ordinary commands with a span.
    pub(super) fn adjust(&self, seconds: f64) -> f64 {
        let mut plan = self.plan.lock();
        let seen: Vec<u64> = self.classes.iter().map(|class| class.seen.swap(0, Relaxed)).collect();
        let chances = plan.turn(&seen, self.commands, seconds);
        for (class, next) in self.classes.iter().zip(&chances) {
            class.allow(next.allowed);
            if class.chances() != (next.span, next.line) {
                class.set(next.span, next.line);
            } else if next.span.max(next.line) < 1.0 {
                // A new version makes the threads tell what they have seen so far.
                class.version.fetch_add(1, Relaxed);
            }
        }
        plan.span_share()
    }
}

#[cfg(test)]
mod tests;
