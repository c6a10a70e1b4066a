//! The outermost executor: whatever happens to a request further in, it is measured, and told where somebody wants it.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use crate::command::ReplyError;
use crate::command::context::Effects;
use crate::engine::Call;
use crate::engine::Execution;
use crate::engine::Executor;
use crate::engine::Flow;
use crate::engine::Observation;
use crate::engine::Session;
use crate::engine::observation::Measured;
use crate::keyspace::departure::Departure;
use crate::resp::ReplyWriter;
use crate::telemetry::CommandError;
use crate::telemetry::CommandRecord;
use crate::telemetry::CommandSample;
use crate::telemetry::Keep;
use crate::telemetry::Telemetry;
use crate::telemetry::TraceContext;
use crate::telemetry::meters::MISS_REASONS;
use crate::telemetry::nanoseconds;

/// Measures what goes through it.
pub struct Observed<E> {
    inner: E,
    telemetry: Telemetry,
    observation: Arc<Observation>,
}

/// How long a request took, in nanoseconds.
struct Took {
    service_ns: u64,
    execution_ns: u64,
}

impl<E> Observed<E> {
    /// Measures what goes to `inner`.
    pub fn new(inner: E, telemetry: Telemetry, observation: Arc<Observation>) -> Self {
        Self { inner, telemetry, observation }
    }
}

impl<E: Executor> Executor for Observed<E> {
    fn execute(
        &self,
        call: &Call<'_>,
        session: &mut Session,
        reply: &mut ReplyWriter,
    ) -> Result<Execution, ReplyError> {
        let mark = reply.len();
        session.called = false;
        let result = self.inner.execute(call, session, reply);
        // One look at the clock for each command: where one ends, the next begins.
        let end = Instant::now();
        let took = Took {
            service_ns: nanoseconds(end - call.received),
            execution_ns: nanoseconds(end - session.tick),
        };
        session.tick = end;
        if result.is_err() {
            reply.truncate(mark);
        }
        // What waits is measured when it has ended.
        if !matches!(result, Ok(Execution { flow: Flow::Wait, .. })) {
            self.measure(call, session, &result, &took, reply.len() - mark);
        }
        result
    }

    fn completed(
        &self,
        call: &Call<'_>,
        session: &mut Session,
        result: &Result<Execution, ReplyError>,
        took: Duration,
        reply_bytes: usize,
    ) {
        // Who loses a permission while waiting is refused before the command runs again.
        let refused = took.is_zero() && result.as_ref().is_err_and(|error| error.prefix == "NOPERM");
        session.called &= !refused;
        // How long it waited is its client's wish and not this node's doing.
        let took = Took { service_ns: nanoseconds(took), execution_ns: nanoseconds(took) };
        self.measure(call, session, result, &took, reply_bytes);
    }
}

impl<E> Observed<E> {
    fn measure(
        &self,
        call: &Call<'_>,
        session: &mut Session,
        result: &Result<Execution, ReplyError>,
        took: &Took,
        reply_bytes: usize,
    ) {
        let (command, store) = (call.command.id, session.store as u16);
        if !result.as_ref().is_ok_and(|execution| execution.queued) {
            self.telemetry.meters().command(CommandSample {
                command,
                store,
                failed: result.is_err(),
                service_ns: took.service_ns,
                execution_ns: took.execution_ns,
            });
        }
        if let Err(error) = result {
            self.telemetry.meters().error(command, error.prefix);
            if !session.called {
                self.telemetry.meters().refused(command);
            }
        }
        // What is refused or only queued is not executed.
        if session.called {
            let measured = Measured { execution_ns: took.execution_ns, reply_bytes };
            self.observation.executed(call, session, measured);
        }
        let parent = session.use_trace();
        let (failed, service_ns) = (result.is_err(), took.service_ns);
        let evicts = result.as_ref().is_ok_and(|done| done.effects.evicted > 0);
        let commands = self.telemetry.commands();
        let keep = if evicts {
            commands.keep_evicting(command, service_ns, parent.as_ref())
        } else {
            commands.keep(command, failed, service_ns, parent.as_ref())
        };
        if let Some(keep) = keep {
            tell(keep, parent, call, session, took, result, reply_bytes);
        }
    }
}

/// Why a key was not there; of several the reason that says most: that a key had to make room, that its time was over, that
/// somebody has deleted it, and only then that nothing is known of it.
fn miss_reason(effects: Effects) -> Option<&'static str> {
    let [deleted, expired, evicted] = effects.departed;
    let counts =
        [(evicted, Departure::Evicted), (expired, Departure::Expired), (deleted, Departure::Deleted)];
    let known = counts.into_iter().find(|(count, _)| *count > 0).map(|(_, why)| why.word());
    known.or_else(|| (effects.misses > 0).then_some(MISS_REASONS[0]))
}

#[cold]
fn tell(
    keep: Keep,
    parent: Option<TraceContext>,
    call: &Call<'_>,
    session: &mut Session,
    took: &Took,
    result: &Result<Execution, ReplyError>,
    reply_bytes: usize,
) {
    let error = result
        .as_ref()
        .err()
        .map(|error| CommandError { kind: error.prefix.into(), message: error.text.as_ref().into() });
    let effects = result.as_ref().map(|execution| execution.effects).unwrap_or_default();
    let key = call.command.spec.keys.positions(call.args).next().and_then(|at| call.args.get(at));
    let (client, proto) = (Arc::clone(&session.client), session.proto());
    let client_name = client.labels().name.clone();
    let record = CommandRecord {
        keep,
        command: call.command.id,
        store: session.store as u16,
        service_ns: took.service_ns,
        queue_ns: took.service_ns.saturating_sub(took.execution_ns),
        execution_ns: took.execution_ns,
        ended: SystemTime::now(),
        error,
        client: client.address,
        client_id: client.id,
        client_name,
        user: session.user_name().map(Into::into),
        proto,
        batch_position: call.position,
        batch_size: call.position + 1,
        request_bytes: call.args.bytes() as u64,
        reply_bytes: reply_bytes as u64,
        key: key.map(Into::into),
        parent,
        hit: (effects.hits + effects.misses > 0).then_some(effects.misses == 0),
        evicted: (effects.evicted, effects.evicted_bytes),
        miss_reason: miss_reason(effects),
    };
    session.keep(record);
}
