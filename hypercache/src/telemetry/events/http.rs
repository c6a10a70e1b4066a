//! The HTTP door. Each request's own line comes from `http`.

use crate::telemetry::event::events;

events! {
    /// A handler failed in a way that is the node's fault.
    ERROR Node ["web"] ["error"] failure "request.failed" "request failed"
    RequestFailed<'a> {
        /// The method.
        method: &'a str as "http.request.method",
        /// The route's template, never the path.
        route: &'a str as "url.path",
        /// The status.
        status: u16 as "http.response.status_code",
        /// What went wrong.
        message: &'a str as "error.message",
    };
}
