//! The way of spans out of the process: a bounded queue, batches, one export at a time on a thread and runtime of
//! their own. A receiver that is slow, dead or absent costs dropped spans, which are counted, and nothing else.

use crate::telemetry::error::TelemetryError;
use crate::telemetry::events::telemetry::SpanExportFailed;
use crate::telemetry::events::telemetry::TelemetryRecovered;
use crate::telemetry::own::OwnMeters;
use crate::telemetry::own::Reason;
use crate::telemetry::own::Stage;
use crate::telemetry::voice::Voice;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use opentelemetry_sdk::trace::SpanExporter as _;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

/// Time between two lines about a receiver that does not take spans.
const TELL_INTERVAL: Duration = Duration::from_secs(60);

/// How and where to.
#[derive(Debug, Clone)]
pub(super) struct ExportSettings {
    pub(super) endpoint: String,
    pub(super) timeout: Duration,
    pub(super) queue: usize,
    pub(super) batch: usize,
    pub(super) flush_interval: Duration,
}

/// A span on its way, with why it was kept.
pub(super) struct Outgoing {
    pub(super) span: SpanData,
    pub(super) reason: Reason,
}

/// The entrance of the span queue.
pub(super) struct SpanQueue {
    sender: mpsc::Sender<Outgoing>,
    stop: Mutex<Option<oneshot::Sender<Instant>>>,
    own: Arc<OwnMeters>,
}

impl SpanQueue {
    /// Starts the exporting thread.
    pub(super) fn start(
        settings: ExportSettings,
        resource: &Resource,
        own: &Arc<OwnMeters>,
        voice: &Arc<Voice>,
    ) -> Result<(Arc<Self>, crossbeam_channel::Receiver<()>), TelemetryError> {
        let (sender, receiver) = mpsc::channel(settings.queue.max(1));
        let (stop, stopped) = oneshot::channel();
        let (done, finished) = crossbeam_channel::bounded(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let exporter = {
            let _inside = runtime.enter();
            build(&settings, resource)?
        };
        let task = Task {
            exporter,
            settings,
            own: own.clone(),
            voice: voice.clone(),
            failing: false,
            lost: 0,
            told: None,
        };
        std::thread::Builder::new().name("hc-spans".to_owned()).spawn(move || {
            runtime.block_on(task.run(receiver, stopped));
            done.try_send(()).ok();
        })?;
        let queue = Self { sender, stop: Mutex::new(Some(stop)), own: own.clone() };
        Ok((Arc::new(queue), finished))
    }

    /// Hands a span over; one that finds the queue full is dropped and counted. Never blocks.
    pub(super) fn push(&self, span: SpanData, reason: Reason) {
        if let Err(refused) = self.sender.try_send(Outgoing { span, reason }) {
            let stage = match refused {
                mpsc::error::TrySendError::Full(_) => Stage::QueueFull,
                mpsc::error::TrySendError::Closed(_) => Stage::Shutdown,
            };
            self.own.span_dropped(reason, stage);
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }

    pub(super) fn capacity(&self) -> usize {
        self.sender.max_capacity()
    }

    /// Asks the thread to export what waits, until this time at the latest, and to end.
    pub(super) fn stop(&self, until: Instant) {
        if let Some(stop) = self.stop.lock().take() {
            // The thread may have ended already.
            stop.send(until).ok();
        }
    }
}

fn build(settings: &ExportSettings, resource: &Resource) -> Result<SpanExporter, TelemetryError> {
    let refused = |reason: String| TelemetryError::Endpoint { endpoint: settings.endpoint.clone(), reason };
    if !settings.endpoint.contains("://") {
        return Err(refused("it has no scheme, such as in http://localhost:4317".to_owned()));
    }
    let mut exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&settings.endpoint)
        .with_timeout(settings.timeout)
        .build()
        .map_err(|error| refused(error.to_string()))?;
    exporter.set_resource(resource);
    Ok(exporter)
}

struct Task {
    exporter: SpanExporter,
    settings: ExportSettings,
    own: Arc<OwnMeters>,
    voice: Arc<Voice>,
    failing: bool,
    lost: u64,
    told: Option<Instant>,
}

impl Task {
    async fn run(mut self, mut receiver: mpsc::Receiver<Outgoing>, mut stopped: oneshot::Receiver<Instant>) {
        let until = loop {
            let mut batch = Vec::new();
            let asked = self.gather(&mut receiver, &mut batch, &mut stopped).await;
            let asked = if batch.is_empty() { asked } else { self.export(batch, &mut stopped, asked).await };
            if let Some(until) = asked {
                break until;
            }
        };
        self.drain(receiver, until).await;
    }

    /// Fills a batch until it is complete, the interval is over or the end is asked for, whose time it returns.
    async fn gather(
        &self,
        receiver: &mut mpsc::Receiver<Outgoing>,
        batch: &mut Vec<Outgoing>,
        stopped: &mut oneshot::Receiver<Instant>,
    ) -> Option<Instant> {
        let flush = tokio::time::sleep(self.settings.flush_interval);
        tokio::pin!(flush);
        while batch.len() < self.settings.batch.max(1) {
            let room = self.settings.batch.max(1) - batch.len();
            tokio::select! {
                received = receiver.recv_many(batch, room) => {
                    if received == 0 {
                        return Some(Instant::now());
                    }
                }
                () = &mut flush => return None,
                until = &mut *stopped => return Some(until.unwrap_or_else(|_| Instant::now())),
            }
        }
        None
    }

    /// Exports a batch. If the end is asked for meanwhile, or was before, it may go on until that time, which is
    /// returned.
    async fn export(
        &mut self,
        batch: Vec<Outgoing>,
        stopped: &mut oneshot::Receiver<Instant>,
        asked: Option<Instant>,
    ) -> Option<Instant> {
        let export = self.export_one(batch);
        tokio::pin!(export);
        let until = match asked {
            Some(until) => until,
            None => tokio::select! {
                biased;
                () = &mut export => return None,
                until = stopped => until.unwrap_or_else(|_| Instant::now()),
            },
        };
        // One that is cut off counts its spans as lost when it is dropped.
        tokio::time::timeout_at(until.into(), export).await.ok();
        Some(until)
    }

    async fn export_one(&mut self, batch: Vec<Outgoing>) {
        let reasons: Vec<Reason> = batch.iter().map(|outgoing| outgoing.reason).collect();
        let spans = batch.into_iter().map(|outgoing| outgoing.span).collect();
        let pending = Pending { own: self.own.clone(), reasons };
        let began = Instant::now();
        // The exporter keeps its own time; this one holds if it does not.
        let limit = self.settings.timeout + Duration::from_secs(1);
        let result = match tokio::time::timeout(limit, self.exporter.export(spans)).await {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        };
        let took = began.elapsed().as_secs_f64();
        match result {
            Ok(()) => {
                self.own.export_ok.record(took);
                pending.exported();
                if self.failing {
                    self.failing = false;
                    self.voice.tell(&TelemetryRecovered { sink: "otlp", lost: self.lost });
                    self.lost = 0;
                }
            }
            Err(message) => {
                self.own.export_failed.record(took);
                let lost = pending.reasons.len() as u64;
                drop(pending);
                self.lost += lost;
                // Told when it begins and then once in a while, with what was lost so far: the metrics have each failure.
                if self.told.is_none_or(|told| !self.failing || told.elapsed() >= TELL_INTERVAL) {
                    self.told = Some(Instant::now());
                    let endpoint = &self.settings.endpoint;
                    self.voice.tell(&SpanExportFailed { endpoint, lost: self.lost, message: &message });
                }
                self.failing = true;
            }
        }
    }

    /// Exports what is left, as long as there is time; the rest is dropped and counted.
    async fn drain(mut self, mut receiver: mpsc::Receiver<Outgoing>, until: Instant) {
        receiver.close();
        loop {
            let mut batch = Vec::new();
            while batch.len() < self.settings.batch.max(1)
                && let Ok(outgoing) = receiver.try_recv()
            {
                batch.push(outgoing);
            }
            if batch.is_empty() {
                return;
            }
            if Instant::now() >= until {
                batch.iter().for_each(|outgoing| self.own.span_dropped(outgoing.reason, Stage::Shutdown));
            } else {
                tokio::time::timeout_at(until.into(), self.export_one(batch)).await.ok();
            }
        }
    }
}

/// Spans in an export under way; they count as lost unless it succeeds, even if it is cut off.
struct Pending {
    own: Arc<OwnMeters>,
    reasons: Vec<Reason>,
}

impl Pending {
    fn exported(mut self) {
        for reason in self.reasons.drain(..) {
            self.own.span_exported(reason);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        for reason in &self.reasons {
            self.own.span_dropped(*reason, Stage::ExportFailed);
        }
    }
}
