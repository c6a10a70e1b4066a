//! What telemetry itself holds in memory.

use crate::telemetry::Telemetry;

/// What a finished span takes while it waits for its export: its attributes are a few hundred bytes.
const SPAN_BYTES: usize = 1024;

impl Telemetry {
    /// Bytes of the queues, as far as they are filled or made in advance, and of the meters. The strings of records and
    /// spans that wait are estimated.
    pub fn held_bytes(&self) -> usize {
        let inner = &self.inner;
        let spans = inner.spans.as_ref().map_or(0, |spans| spans.waiting() * SPAN_BYTES);
        inner.inbox.held_bytes() + spans + inner.writer.waiting() + inner.meters.held_bytes()
    }
}
