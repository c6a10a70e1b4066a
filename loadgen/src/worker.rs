//! Connections at work: each follows its own schedule and counts into its thread's slot.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;
use rand::RngExt;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::LinkError;
use crate::link::Exchange;
use crate::link::Link;
use crate::plan::Admission;
use crate::plan::Phase;
use crate::plan::Stop;
use crate::request::Generator;
use crate::schedule::Pace;
use crate::schedule::Schedule;
use crate::tally::Board;
use crate::tally::Group;
use crate::tally::Slot;
use crate::timer::Timer;

/// First and longest pause between two attempts to connect.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// What the connections of a phase are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Connect and say so.
    Prepare,
    /// Send from this moment on.
    Start(Instant),
    /// Send no more.
    Stop,
}

/// What connections tell.
#[derive(Debug)]
pub enum Event {
    /// Connected.
    Ready,
    /// There is no point in going on.
    Failed(String),
}

/// A phase's work, shared by its connections.
#[derive(Debug)]
pub struct Job {
    /// What is to be done.
    pub phase: Phase,
    /// How connections introduce themselves.
    pub admission: Admission,
    /// Time a request may take.
    pub timeout: Duration,
    /// Time without any connection after which there is no point in going on.
    pub give_up: Duration,
    /// Until when the first connection may take.
    pub open_by: Instant,
    /// Seed of all chance.
    pub seed: u64,
    /// Measured requests left, when their number ends the phase.
    tickets: Option<AtomicU64>,
    /// Connections that stand.
    standing: AtomicUsize,
    /// When the last one broke.
    all_lost: Mutex<Option<Instant>>,
    board: Arc<Board>,
}

impl Job {
    /// The work of `phase`.
    pub fn new(
        phase: Phase,
        admission: Admission,
        times: (Duration, Duration, Instant),
        seed: u64,
        board: Arc<Board>,
    ) -> Self {
        let tickets = match phase.stop {
            Stop::Requests(requests) => Some(AtomicU64::new(requests)),
            Stop::After(_) | Stop::Never => None,
        };
        let (timeout, give_up, open_by) = times;
        Self {
            phase,
            admission,
            timeout,
            give_up,
            open_by,
            seed,
            tickets,
            standing: AtomicUsize::new(0),
            all_lost: Mutex::new(None),
            board,
        }
    }

    fn connected(&self) {
        self.standing.fetch_add(1, Ordering::Relaxed);
        *self.all_lost.lock() = None;
    }

    fn disconnected(&self) {
        if self.standing.fetch_sub(1, Ordering::Relaxed) == 1 {
            *self.all_lost.lock() = Some(Instant::now());
        }
    }

    /// Whether no connection has stood for too long.
    fn hopeless(&self) -> bool {
        self.all_lost.lock().is_some_and(|lost| lost.elapsed() > self.give_up)
    }

    /// Takes a group of requests from what is left; 0 when nothing is.
    fn take(&self) -> usize {
        let wanted = self.phase.pipeline;
        let Some(tickets) = &self.tickets else { return wanted };
        let taken = tickets.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            (left > 0).then(|| left.saturating_sub(wanted as u64))
        });
        taken.map_or(0, |left| usize::try_from(left).unwrap_or(usize::MAX).min(wanted))
    }
}

/// Starts the thread that serves each `threads`th connection from `worker` on.
///
/// # Errors
/// When the system has no thread to give.
pub fn spawn(
    job: &Arc<Job>,
    worker: usize,
    threads: usize,
    signal: &watch::Receiver<Signal>,
    events: &UnboundedSender<Event>,
) -> std::io::Result<thread::JoinHandle<()>> {
    let (job, signal, events) = (Arc::clone(job), signal.clone(), events.clone());
    thread::Builder::new().name(format!("load-{worker}")).spawn(move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                events.send(Event::Failed(format!("cannot start a runtime: {error}"))).ok();
                return;
            }
        };
        runtime.block_on(async {
            let mut connections = JoinSet::new();
            for number in (worker..job.phase.connections).step_by(threads) {
                let job = Arc::clone(&job);
                connections.spawn(connection(job, worker, number, signal.clone(), events.clone()));
            }
            while let Some(ended) = connections.join_next().await {
                if let Err(error) = ended {
                    events.send(Event::Failed(format!("a connection's task failed: {error}"))).ok();
                }
            }
        });
    })
}

async fn connection(
    job: Arc<Job>,
    worker: usize,
    number: usize,
    mut signal: watch::Receiver<Signal>,
    events: UnboundedSender<Event>,
) {
    let timer = match Timer::new() {
        Ok(timer) => timer,
        Err(error) => {
            let text = format!(
                "cannot create a timer: {error}; lower --connections or raise the limit of open files"
            );
            events.send(Event::Failed(text)).ok();
            return;
        }
    };
    let link = tokio::select! {
        link = first_link(&job, number) => link,
        _ = signal.wait_for(|signal| *signal == Signal::Stop) => return,
    };
    let link = match link {
        Ok(link) => link,
        Err(text) => {
            events.send(Event::Failed(text)).ok();
            return;
        }
    };
    job.connected();
    events.send(Event::Ready).ok();
    let start = match signal.wait_for(|signal| *signal != Signal::Prepare).await.as_deref() {
        Ok(Signal::Start(start)) => *start,
        _ => return,
    };
    let generator = Generator::new(Arc::clone(&job.phase.workload), job.seed, number, job.phase.connections);
    let measure_from = start + job.phase.warmup;
    let end = match job.phase.stop {
        Stop::After(time) => Some(measure_from + time),
        Stop::Requests(_) | Stop::Never => None,
    };
    let schedule = match job.phase.pace {
        Pace::Max => None,
        Pace::PerSecond(rate) => {
            let (group, connections) = (job.phase.pipeline, job.phase.connections);
            Some(Schedule::new(start, job.phase.arrivals, rate, group, number, connections))
        }
    };
    let mut runner = Runner {
        job: &job,
        slot: job.board.slot(worker),
        signal,
        timer,
        generator,
        exchange: Exchange::default(),
        link: Some(link),
        target: number,
        measure_from,
        end,
    };
    if let ControlFlow::Break(Some(text)) = runner.run(schedule, start).await {
        events.send(Event::Failed(text)).ok();
    }
}

/// Connects before the phase starts: patient with servers that are not up yet, not with ones that refuse.
async fn first_link(job: &Job, number: usize) -> Result<Link, String> {
    let target = &job.phase.targets[number % job.phase.targets.len()];
    let mut pause = BACK_OFF.0;
    loop {
        let deadline = Instant::now() + job.timeout;
        let error = match Link::open(job.phase.door, target, &job.admission, deadline).await {
            Ok(link) => return Ok(link),
            Err(error) => error,
        };
        if matches!(error, LinkError::Refused { .. }) || Instant::now() + pause > job.open_by {
            return Err(format!("could not connect to {target}: {error}"));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(BACK_OFF.1);
    }
}

/// Ends a connection's work, with the reason when it is a failure.
type Flow = ControlFlow<Option<String>>;

struct Runner<'j> {
    job: &'j Job,
    slot: &'j Slot,
    signal: watch::Receiver<Signal>,
    timer: Timer,
    generator: Generator,
    exchange: Exchange,
    link: Option<Link>,
    /// Number of the target, counted on when one cannot be reached.
    target: usize,
    measure_from: Instant,
    end: Option<Instant>,
}

impl Runner<'_> {
    async fn run(&mut self, mut schedule: Option<Schedule>, start: Instant) -> Flow {
        self.wait_until(start).await?;
        loop {
            if self.stopped() {
                return ControlFlow::Break(None);
            }
            let intended = match &mut schedule {
                Some(schedule) => schedule.next(self.generator.rng()),
                None => Instant::now(),
            };
            if self.end.is_some_and(|end| intended >= end) {
                return ControlFlow::Break(None);
            }
            self.wait_until(intended).await?;
            let measured = intended >= self.measure_from;
            let size = if measured { self.job.take() } else { self.job.phase.pipeline };
            if size == 0 {
                return ControlFlow::Break(None);
            }
            self.exchange.draw(&mut self.generator, size);
            self.group(intended, measured, schedule.is_some()).await?;
        }
    }

    /// Sends one group, connecting first when there is no connection, and counts what became of it.
    async fn group(&mut self, intended: Instant, measured: bool, open_loop: bool) -> Flow {
        let mut intended = intended;
        let mut deadline = intended + self.job.timeout;
        if self.link.is_none() {
            self.reconnect(deadline).await?;
            if !open_loop && self.link.is_some() {
                intended = Instant::now();
                deadline = intended + self.job.timeout;
            }
        }
        let mut unanswered = 0;
        match &mut self.link {
            None => unanswered = self.exchange.fail_rest("CONNECTION", Instant::now()),
            // Sent this late it could not be answered in time: a client would have given up.
            Some(_) if Instant::now() >= deadline => {
                unanswered = self.exchange.fail_rest("TIMEOUT", Instant::now());
            }
            Some(link) => {
                let size = i64::try_from(self.exchange.operations.len()).unwrap_or(i64::MAX);
                self.slot.move_in_flight(size);
                let result = link.carry(&mut self.exchange, &mut self.generator, deadline).await;
                self.slot.move_in_flight(-size);
                if let Err(error) = result {
                    unanswered = self.exchange.fail_rest(error.label(), Instant::now());
                    self.link = None;
                    self.job.disconnected();
                }
            }
        }
        let Exchange { answers, sent, received, .. } = &self.exchange;
        self.slot.record(Group { answers, unanswered, intended, measured, sent: *sent, received: *received });
        ControlFlow::Continue(())
    }

    /// Tries the targets in turn, pausing longer and longer, until one lets us in or `deadline` passes.
    async fn reconnect(&mut self, deadline: Instant) -> Flow {
        let targets = Arc::clone(&self.job.phase.targets);
        let mut pause = BACK_OFF.0;
        loop {
            let target = &targets[self.target % targets.len()];
            let opened = Link::open(self.job.phase.door, target, &self.job.admission, deadline).await;
            let error = match opened {
                Ok(link) => {
                    self.link = Some(link);
                    self.job.connected();
                    return ControlFlow::Continue(());
                }
                Err(error) => error,
            };
            self.slot.record_connect_error();
            self.target += 1;
            let now = Instant::now();
            if self.job.hopeless() {
                return ControlFlow::Break(Some(format!("lost every connection; {target}: {error}")));
            }
            let jitter = pause.mul_f64(self.generator.rng().random_range(0.5..1.0));
            if now + jitter >= deadline {
                self.wait_until(deadline).await?;
                return ControlFlow::Continue(());
            }
            self.wait_until(now + jitter).await?;
            pause = (pause * 2).min(BACK_OFF.1);
        }
    }

    /// Waits, unless told to stop.
    async fn wait_until(&mut self, at: Instant) -> Flow {
        if Instant::now() >= at {
            return ControlFlow::Continue(());
        }
        let waited = tokio::select! {
            biased;
            _ = self.signal.wait_for(|signal| *signal == Signal::Stop) => return ControlFlow::Break(None),
            waited = self.timer.until(at) => waited,
        };
        match waited {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Some(format!("the timer failed: {error}"))),
        }
    }

    fn stopped(&self) -> bool {
        *self.signal.borrow() == Signal::Stop
    }
}
