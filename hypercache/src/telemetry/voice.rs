//! How telemetry's own threads tell an event: through the recorder and the subscriber of their node.

use crate::telemetry::event::Event;
use metrics_exporter_prometheus::PrometheusRecorder;
use std::sync::Arc;
use std::sync::OnceLock;
use tracing::Dispatch;
use tracing::dispatcher::WeakDispatch;

/// The recorder and, once it is built, the subscriber of one node.
pub(super) struct Voice {
    pub(super) recorder: Arc<PrometheusRecorder>,
    /// Weak: the subscriber holds the log queues, whose threads hold this.
    subscriber: OnceLock<WeakDispatch>,
}

impl Voice {
    pub(super) fn new(recorder: Arc<PrometheusRecorder>) -> Self {
        Self { recorder, subscriber: OnceLock::new() }
    }

    /// Gives the voice its subscriber; before that, events are measured only.
    pub(super) fn attach(&self, dispatch: &Dispatch) {
        self.subscriber.get_or_init(|| dispatch.downgrade());
    }

    /// Runs `work` such that metrics inside belong to this node; cheaper than `scope`.
    pub(super) fn measure<T>(&self, work: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(&*self.recorder, work)
    }

    /// Runs `work` such that metrics and events inside belong to this node.
    pub(super) fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(&*self.recorder, || {
            match self.subscriber.get().and_then(WeakDispatch::upgrade) {
                Some(dispatch) => tracing::dispatcher::with_default(&dispatch, work),
                None => work(),
            }
        })
    }

    /// Tells an event.
    pub(super) fn tell(&self, event: &impl Event) {
        self.scope(|| event.emit());
    }
}
