//! Errors as problem documents (RFC 9457).

use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Serialize;

use crate::command::ReplyError;
use crate::command::error;
use crate::engine::loading::LOADING;
use crate::persistence::log::LogFailure;

/// Errors that say no more than `ERR` and mean that things are not as the request would have them.
const CONFLICTS: [ReplyError; 4] =
    [error::STORE_EXISTS, error::NO_STORE_LEFT, error::DEFAULT_STORE_STAYS, error::STORE_IN_USE];

/// What went wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// The error's prefix in Redis's words, or a word of HTTP's own; programs switch on it.
    pub code: &'static str,
    /// What is wrong and, where that helps, what to do.
    pub detail: String,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    code: &'a str,
    trace_id: &'a str,
}

impl Problem {
    /// A problem of this status.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into() }
    }

    /// The request cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", detail)
    }

    /// The node failed; what it was doing is told, never what it was doing it with.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail)
    }

    /// There is no such key.
    pub fn no_such_key() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NO_SUCH_KEY", "there is no such key, or it has expired")
    }

    /// The node does nothing more for clients.
    pub fn stopping() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "STOPPING", "the node stops")
    }

    /// What the request has changed may be lost: the log cannot be written.
    pub fn not_logged(reason: &LogFailure) -> Self {
        let detail = format!("whether the change is kept is not known: the log cannot be written: {reason}");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "LOG_FAILED", detail)
    }

    /// The document, for the request at `instance` in the trace `trace_id`.
    pub fn document(&self, instance: &str, trace_id: &str) -> Response {
        let document = Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            instance,
            code: self.code,
            trace_id,
        };
        let body = serde_json::to_vec(&document).expect("texts and a number are always JSON");
        let json = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, [(header::CONTENT_TYPE, json)], body).into_response();
        if self.code == LOADING.prefix {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let schemes = HeaderValue::from_static("Basic realm=\"hypercache\", Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, schemes);
        }
        response
    }
}

impl From<ReplyError> for Problem {
    fn from(error: ReplyError) -> Self {
        if error == error::REPLY_TOO_LONG {
            let detail = "the command has run, and its reply is longer than is answered; ask for less of it";
            return Self::new(StatusCode::UNPROCESSABLE_ENTITY, "REPLY_TOO_LONG", detail);
        }
        let status = match error.prefix {
            "WRONGTYPE" | "BUSYKEY" | "BUSYGROUP" => StatusCode::CONFLICT,
            "ERR" if CONFLICTS.contains(&error) => StatusCode::CONFLICT,
            "NOFILTER" | "NOGROUP" | "NOSCRIPT" | "NOSTORE" => StatusCode::NOT_FOUND,
            "ERR" if error == error::NO_SUCH_KEY => StatusCode::NOT_FOUND,
            "OOM" => StatusCode::INSUFFICIENT_STORAGE,
            "NOAUTH" | "WRONGPASS" => StatusCode::UNAUTHORIZED,
            "NOPERM" => StatusCode::FORBIDDEN,
            "ERR" => StatusCode::BAD_REQUEST,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error.prefix, error.text.into_owned())
    }
}

/// The document itself is made where request and trace are known: until then the response carries the problem.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
