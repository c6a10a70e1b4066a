//! The trace context that callers send: W3C Trace Context, levels 1 and 2.

use opentelemetry::Context;
use opentelemetry::trace::SpanContext;
use opentelemetry::trace::SpanId;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::trace::TraceFlags;
use opentelemetry::trace::TraceId;
use opentelemetry::trace::TraceState;
use std::fmt::Write;
use std::str::FromStr;

/// Longest `tracestate` that is kept, in bytes; the standard asks for 512 at least.
const STATE_BYTES_MAX: usize = 1024;

/// Who asked for something, in the words of distributed tracing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace; never 0.
    pub trace_id: u128,
    /// The caller's span; never 0.
    pub span_id: u64,
    /// The caller keeps its span.
    pub sampled: bool,
    /// The `tracestate`, handed on as it came.
    pub state: Option<Box<str>>,
}

impl TraceContext {
    /// Reads a `traceparent` and its `tracestate`; none if the former breaks any rule of the standard.
    ///
    /// A `tracestate` that breaks a rule is dropped without dropping the parent, as the standard asks.
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let text = traceparent.as_bytes();
        if text.len() < 55 || !text.is_ascii() {
            return None;
        }
        let version = hex(&traceparent[..2])?;
        let exact = version == 0 && text.len() == 55;
        let later = version > 0 && version < 255 && (text.len() == 55 || text[55] == b'-');
        let dashes = text[2] == b'-' && text[35] == b'-' && text[52] == b'-';
        if !(exact || later) || !dashes {
            return None;
        }
        let trace_id = hex(&traceparent[3..35])?;
        let span_id = u64::try_from(hex(&traceparent[36..52])?).ok()?;
        let flags = hex(&traceparent[53..55])?;
        if trace_id == 0 || span_id == 0 {
            return None;
        }
        let state = tracestate
            .map(str::trim)
            .filter(|state| !state.is_empty() && state.len() <= STATE_BYTES_MAX)
            .filter(|state| TraceState::from_str(state).is_ok())
            .map(Box::from);
        Some(Self { trace_id, span_id, sampled: flags & 1 == 1, state })
    }

    /// The header that hands this context on.
    pub fn to_traceparent(&self) -> String {
        let mut text = String::with_capacity(55);
        let flags = u8::from(self.sampled);
        write!(text, "00-{:032x}-{:016x}-{flags:02x}", self.trace_id, self.span_id)
            .expect("a String takes all writes");
        text
    }

    /// Runs `work` with this context as the current one: log lines of events inside carry its ids.
    pub fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        let _attached = Context::current().with_remote_span_context(self.span_context()).attach();
        work()
    }

    /// The same in the words of the OpenTelemetry API.
    pub(super) fn span_context(&self) -> SpanContext {
        let state =
            self.state.as_deref().and_then(|state| TraceState::from_str(state).ok()).unwrap_or_default();
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        SpanContext::new(TraceId::from(self.trace_id), SpanId::from(self.span_id), flags, true, state)
    }
}

/// A number in lower-case hexadecimal digits; the standard forbids upper case.
fn hex(text: &str) -> Option<u128> {
    let lower = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if lower { u128::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_good_parent_survives_a_round_trip() {
        let context = TraceContext::parse(GOOD, Some("vendor=1,ot=th:8")).unwrap();
        assert_eq!(context.trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(context.span_id, 0x00f0_67aa_0ba9_02b7);
        assert!(context.sampled);
        assert_eq!(context.state.as_deref(), Some("vendor=1,ot=th:8"));
        assert_eq!(context.to_traceparent(), GOOD);
        assert_eq!(context.span_context().trace_state().header(), "vendor=1,ot=th:8");
    }

    #[test]
    fn the_random_flag_of_level_2_is_no_sampling_flag() {
        let context = TraceContext::parse(&GOOD.replace("-01", "-02"), None).unwrap();
        assert!(!context.sampled);
        assert!(TraceContext::parse(&GOOD.replace("-01", "-03"), None).unwrap().sampled);
    }

    #[test]
    fn later_versions_may_be_longer_but_version_0_may_not() {
        assert!(TraceContext::parse(&format!("{}-extra", GOOD.replacen("00", "cc", 1)), None).is_some());
        assert!(TraceContext::parse(&format!("{}extra", GOOD.replacen("00", "cc", 1)), None).is_none());
        assert!(TraceContext::parse(&format!("{GOOD}-extra"), None).is_none());
    }

    #[test]
    fn broken_parents_are_refused() {
        let zero_trace = GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
        let zero_span = GOOD.replace("00f067aa0ba902b7", &"0".repeat(16));
        let broken = [
            "",
            "00",
            &GOOD[..54],
            &GOOD.to_uppercase(),
            &GOOD.replacen("00", "ff", 1),
            &GOOD.replacen('-', "_", 1),
            &GOOD.replace("4bf9", "4bg9"),
            &GOOD.replace("4bf9", "+bf9"),
            &GOOD.replace("4bf92", "äf92"),
            &zero_trace,
            &zero_span,
        ];
        for text in broken {
            assert_eq!(TraceContext::parse(text, None), None, "{text}");
        }
    }

    #[test]
    fn a_broken_state_is_dropped_alone() {
        for state in ["", "no equals sign", "UPPER=1", &format!("a={}", "x".repeat(2000))] {
            assert_eq!(TraceContext::parse(GOOD, Some(state)).unwrap().state, None, "{state}");
        }
    }

    #[test]
    fn events_inside_a_scope_see_its_ids() {
        let context = TraceContext::parse(GOOD, None).unwrap();
        let seen = context.scope(|| Context::current().span().span_context().clone());
        assert_eq!(seen.trace_id(), TraceId::from(context.trace_id));
        assert!(!Context::current().span().span_context().is_valid());
    }
}
