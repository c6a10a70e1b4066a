//! The way of log lines out of the process: bounded queues, one thread for files and one for standard output, so
//! that neither a blocked pipe nor a full disk ever holds up the one who logs, or the other.

use crate::telemetry::events::telemetry::TelemetryDegraded;
use crate::telemetry::events::telemetry::TelemetryRecovered;
use crate::telemetry::files::Limits;
use crate::telemetry::files::StreamFile;
use crate::telemetry::files::Written;
use crate::telemetry::line::LineContext;
use crate::telemetry::line::Stream;
use crate::telemetry::own::Loss;
use crate::telemetry::own::OwnMeters;
use crate::telemetry::own::Sink;
use crate::telemetry::voice::Voice;
use bytes::Bytes;
use crossbeam_channel::Receiver;
use crossbeam_channel::RecvTimeoutError;
use crossbeam_channel::Sender;
use std::io;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;

/// Chunks that may wait in one queue.
const CHUNKS_MAX: usize = 8192;
/// Bytes that may wait in one queue.
pub(super) const BYTES_MAX: usize = 16 << 20;
/// How often an idle file thread looks after its files.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// Whole lines of one stream.
struct Chunk {
    stream: Stream,
    lines: u64,
    bytes: Bytes,
}

enum Message {
    Chunk(Chunk),
    /// Answers when everything before it is written.
    Flush(Sender<()>),
}

/// The entrance of one queue.
struct Queue {
    sink: Sink,
    sender: Sender<Message>,
    waiting: Arc<AtomicUsize>,
}

/// Where lines go; cheap to share.
pub(super) struct LogWriter {
    queues: Vec<Queue>,
    own: Arc<OwnMeters>,
}

/// What the writing threads need.
pub(super) struct Outlets {
    /// Folder and limits of the files; none: no files.
    pub(super) files: Option<Limits>,
    /// Standard output, or what stands for it; none: nothing is written there.
    pub(super) console: Option<Box<dyn Write + Send>>,
}

impl LogWriter {
    /// Starts the threads.
    pub(super) fn start(
        outlets: Outlets,
        context: &Arc<LineContext>,
        own: &Arc<OwnMeters>,
        voice: &Arc<Voice>,
    ) -> io::Result<Arc<Self>> {
        let mut queues = Vec::new();
        if let Some(limits) = outlets.files {
            let files = Stream::ALL.map(|stream| StreamFile::new(stream, limits.clone(), context.clone()));
            queues.push(spawn("hc-log-files", Sink::File, FileOutlet { files }, own, voice)?);
        }
        if let Some(out) = outlets.console {
            queues.push(spawn("hc-log-stdout", Sink::Stdout, ConsoleOutlet { out }, own, voice)?);
        }
        Ok(Arc::new(Self { queues, own: own.clone() }))
    }

    /// Hands whole lines over; what a queue does not take is counted. Never blocks.
    pub(super) fn write(&self, stream: Stream, lines: u64, bytes: Bytes) {
        for queue in &self.queues {
            if queue.sink == Sink::Stdout && stream == Stream::Command {
                continue;
            }
            let length = bytes.len();
            let waiting = queue.waiting.fetch_add(length, Relaxed);
            let chunk = Message::Chunk(Chunk { stream, lines, bytes: bytes.clone() });
            if waiting + length > BYTES_MAX || queue.sender.try_send(chunk).is_err() {
                queue.waiting.fetch_sub(length, Relaxed);
                self.own.lines_dropped(stream, queue.sink, Loss::QueueFull, lines);
            }
        }
    }

    /// Bytes waiting in the fuller queue.
    pub(super) fn waiting(&self) -> usize {
        self.queues.iter().map(|queue| queue.waiting.load(Relaxed)).max().unwrap_or(0)
    }

    /// Waits until what was handed over is written, or the time is up.
    pub(super) fn flush(&self, until: Instant) -> bool {
        let (done, all_done) = crossbeam_channel::bounded(self.queues.len());
        let asked = self
            .queues
            .iter()
            .filter(|queue| queue.sender.send_deadline(Message::Flush(done.clone()), until).is_ok())
            .count();
        let answered = (0..asked).take_while(|_| all_done.recv_deadline(until).is_ok()).count();
        answered == self.queues.len()
    }
}

/// One place that lines are written to.
trait Outlet: Send + 'static {
    fn write(&mut self, stream: Stream, bytes: &[u8]) -> Written;
    fn idle(&mut self) {}
}

struct FileOutlet {
    files: [StreamFile; 3],
}

impl Outlet for FileOutlet {
    fn write(&mut self, stream: Stream, bytes: &[u8]) -> Written {
        self.files[stream as usize].write(bytes)
    }

    fn idle(&mut self) {
        self.files.iter_mut().for_each(StreamFile::check);
    }
}

struct ConsoleOutlet {
    out: Box<dyn Write + Send>,
}

impl Outlet for ConsoleOutlet {
    fn write(&mut self, _stream: Stream, bytes: &[u8]) -> Written {
        match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
            Ok(()) => Written::default(),
            Err(error) => {
                let lost = memchr::memchr_iter(b'\n', bytes).count() as u64;
                Written { lost, opened: 0, error: Some(error) }
            }
        }
    }
}

fn spawn(
    name: &str,
    sink: Sink,
    mut outlet: impl Outlet,
    own: &Arc<OwnMeters>,
    voice: &Arc<Voice>,
) -> io::Result<Queue> {
    let (sender, receiver) = crossbeam_channel::bounded(CHUNKS_MAX);
    let waiting = Arc::new(AtomicUsize::new(0));
    let mut thread = Thread {
        sink,
        waiting: waiting.clone(),
        own: own.clone(),
        voice: voice.clone(),
        failing: false,
        lost: 0,
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(move || thread.run(&receiver, &mut outlet))?;
    Ok(Queue { sink, sender, waiting })
}

struct Thread {
    sink: Sink,
    waiting: Arc<AtomicUsize>,
    own: Arc<OwnMeters>,
    voice: Arc<Voice>,
    failing: bool,
    lost: u64,
}

impl Thread {
    fn run(&mut self, receiver: &Receiver<Message>, outlet: &mut impl Outlet) {
        let mut checked = Instant::now();
        loop {
            match receiver.recv_timeout(CHECK_EVERY) {
                Ok(Message::Chunk(chunk)) => self.write(&chunk, outlet),
                Ok(Message::Flush(done)) => {
                    // Whoever asked may have stopped waiting.
                    done.try_send(()).ok();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if checked.elapsed() >= CHECK_EVERY {
                outlet.idle();
                checked = Instant::now();
            }
        }
    }

    fn write(&mut self, chunk: &Chunk, outlet: &mut impl Outlet) {
        let written = outlet.write(chunk.stream, &chunk.bytes);
        self.waiting.fetch_sub(chunk.bytes.len(), Relaxed);
        for _ in 0..written.opened {
            self.own.line(chunk.stream, "INFO", 0);
        }
        if written.lost > 0 {
            self.lost += written.lost.min(chunk.lines);
            self.own.lines_dropped(chunk.stream, self.sink, Loss::IoError, written.lost);
            if let Some(error) = written.error
                && !self.failing
            {
                self.failing = true;
                let message = error.to_string();
                self.voice.tell(&TelemetryDegraded { sink: self.sink.label(), message: &message });
            }
        } else if self.failing {
            self.failing = false;
            self.voice.tell(&TelemetryRecovered { sink: self.sink.label(), lost: self.lost });
            self.lost = 0;
        }
    }
}
