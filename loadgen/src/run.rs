//! Runs a plan's phases, one after the other.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::sync::watch;

use crate::args::Repeat;
use crate::plan::Phase;
use crate::plan::Plan;
use crate::plan::Stop;
use crate::preload::preload;
use crate::preload::prepare_errors;
use crate::progress::Progress;
use crate::schedule::Pace;
use crate::tally::Board;
use crate::tally::Tally;
use crate::worker;
use crate::worker::Event;
use crate::worker::Job;
use crate::worker::Signal;

/// How often progress is shown.
const TICK: Duration = Duration::from_millis(500);

/// Time between the word to start and the first intended start, so that every thread has heard it.
const LEAD: Duration = Duration::from_millis(5);

/// What a phase brought, all its repetitions together.
#[derive(Debug)]
pub struct PhaseResult {
    /// Number of the phase in the plan.
    pub phase: usize,
    /// Time measured requests were sent and answered in.
    pub elapsed: Duration,
    /// The counts.
    pub tally: Tally,
}

/// Why a run did not go to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No server, one that refuses the client, or one that was lost for good.
    #[error("{0}")]
    Unreachable(String),
    /// The system has no thread to give.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// What a run brought, also when it did not go to its end.
#[derive(Debug)]
pub struct Outcome {
    /// The phases that were run at least in part.
    pub results: Vec<PhaseResult>,
    /// Why the run ended early.
    pub error: Option<RunError>,
}

/// Runs all phases as often as the plan says, or until interrupted.
pub async fn run(
    plan: &Plan,
    board: &Arc<Board>,
    progress: &mut Progress,
    interrupted: &watch::Receiver<bool>,
) -> Outcome {
    let mut results: Vec<PhaseResult> = Vec::new();
    let mut round = 0_u32;
    while plan.repeat == Repeat::Forever || matches!(plan.repeat, Repeat::Times(times) if round < times) {
        for (number, phase) in plan.phases.iter().enumerate() {
            if *interrupted.borrow() {
                return Outcome { results, error: None };
            }
            let (elapsed, error) = run_phase(plan, phase, board, progress, interrupted, round).await;
            let tally = board.take_phase();
            match results.iter_mut().find(|result| result.phase == number) {
                Some(result) => {
                    result.elapsed += elapsed;
                    result.tally.add(&tally);
                }
                None if elapsed.is_zero() => {}
                None => results.push(PhaseResult { phase: number, elapsed, tally }),
            }
            if error.is_some() {
                return Outcome { results, error };
            }
        }
        round = round.wrapping_add(1);
    }
    Outcome { results, error: None }
}

/// Runs one phase; gives the time it was measured, zero when it never started.
async fn run_phase(
    plan: &Plan,
    phase: &Phase,
    board: &Arc<Board>,
    progress: &mut Progress,
    interrupted: &watch::Receiver<bool>,
    round: u32,
) -> (Duration, Option<RunError>) {
    let (signal, heard) = watch::channel(Signal::Prepare);
    let (telling, mut events) = mpsc::unbounded_channel();
    // Repetitions draw different requests, or a cache would see the same ones again.
    let seed = plan.seed.wrapping_add(u64::from(round).wrapping_mul(0x2545_f491_4f6c_dd1d));
    let times = (plan.timeout, plan.give_up, Instant::now() + plan.wait);
    let job = Arc::new(Job::new(phase.clone(), plan.admission.clone(), times, seed, Arc::clone(board)));
    let threads = plan.threads.min(phase.connections);
    let mut handles = Vec::with_capacity(threads);
    let mut error = None;
    for number in 0..threads {
        match worker::spawn(&job, number, threads, &heard, &telling) {
            Ok(handle) => handles.push(handle),
            Err(failed) => error = Some(RunError::Thread(failed)),
        }
    }
    drop(telling);
    let mut interrupted = interrupted.clone();
    if error.is_none() {
        error = all_ready(phase, &mut events, &mut interrupted).await;
    }
    if error.is_none() && !*interrupted.borrow() {
        error = fill(plan, phase, seed, progress, &interrupted).await.err();
    }
    let mut elapsed = Duration::ZERO;
    if error.is_none() && !*interrupted.borrow() {
        let start = Instant::now() + LEAD;
        let rate = if let Pace::PerSecond(rate) = phase.pace { rate } else { 0 };
        board.target_rate.store(rate, Ordering::Relaxed);
        signal.send_replace(Signal::Start(start));
        error = watch_over(phase, board, progress, &signal, &mut events, &mut interrupted).await;
        let measured_from = start + phase.warmup;
        let cut_short = error.is_some() || *interrupted.borrow();
        elapsed = measured_time(phase, board, measured_from, cut_short);
        board.target_rate.store(0, Ordering::Relaxed);
        progress.end_phase();
    }
    signal.send_replace(Signal::Stop);
    // The threads end by themselves now; waiting for them must not hold up the metrics page.
    let joined =
        tokio::task::spawn_blocking(move || handles.into_iter().try_for_each(|handle| handle.join()));
    if !matches!(joined.await, Ok(Ok(()))) && error.is_none() {
        error = Some(RunError::Unreachable("a worker thread panicked".to_owned()));
    }
    (elapsed, error)
}

/// Waits until every connection stands.
async fn all_ready(
    phase: &Phase,
    events: &mut mpsc::UnboundedReceiver<Event>,
    interrupted: &mut watch::Receiver<bool>,
) -> Option<RunError> {
    let mut ready = 0;
    while ready < phase.connections {
        let event = tokio::select! {
            event = events.recv() => event,
            _ = interrupted.wait_for(|interrupted| *interrupted) => return None,
        };
        match event {
            Some(Event::Ready) => ready += 1,
            Some(Event::Failed(text)) => return Some(RunError::Unreachable(text)),
            None => return Some(RunError::Unreachable("the connections ended before the run".to_owned())),
        }
    }
    None
}

/// Writes what the phase reads.
async fn fill(
    plan: &Plan,
    phase: &Phase,
    seed: u64,
    progress: &mut Progress,
    interrupted: &watch::Receiver<bool>,
) -> Result<(), RunError> {
    let failed = |error| RunError::Unreachable(format!("could not write keys before the run: {error}"));
    prepare_errors(phase, &plan.admission, plan.timeout).await.map_err(failed)?;
    if !phase.preload {
        return Ok(());
    }
    progress.start_preload(&phase.name, phase.workload.keys.count * phase.targets.len() as u64);
    let count = |keys| progress.advance(keys);
    let errors = preload(phase, &plan.admission, seed, plan.timeout, interrupted, count).await;
    progress.end_phase();
    for (prefix, count) in errors.map_err(failed)? {
        progress.note(&format!("preload of {}: {count} keys refused with {prefix}", phase.name));
    }
    Ok(())
}

/// Shows progress until the connections have ended.
async fn watch_over(
    phase: &Phase,
    board: &Board,
    progress: &mut Progress,
    signal: &watch::Sender<Signal>,
    events: &mut mpsc::UnboundedReceiver<Event>,
    interrupted: &mut watch::Receiver<bool>,
) -> Option<RunError> {
    let mut error = None;
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + TICK, TICK);
    let mut stopping = false;
    progress.start_phase(phase);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(Event::Ready) => {}
                Some(Event::Failed(text)) => {
                    error.get_or_insert(RunError::Unreachable(text));
                    signal.send_replace(Signal::Stop);
                }
                None => return error,
            },
            _ = ticks.tick() => progress.tick(board),
            _ = interrupted.wait_for(|interrupted| *interrupted), if !stopping => {
                stopping = true;
                signal.send_replace(Signal::Stop);
            }
        }
    }
}

/// From the first intended start to the last answer, and at least as long as requests were scheduled.
fn measured_time(phase: &Phase, board: &Board, from: Instant, cut_short: bool) -> Duration {
    let last = board.last_answer().map_or(Duration::ZERO, |last| last.saturating_duration_since(from));
    match phase.stop {
        Stop::After(time) if !cut_short => last.max(time),
        _ => last,
    }
}
