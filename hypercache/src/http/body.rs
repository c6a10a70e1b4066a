//! Bodies of requests, within limits of size and time.

use std::time::Duration;

use axum::body::Body;
use axum::body::to_bytes;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::http::problem::Problem;

/// How long a client may take to send a body.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// The whole body.
pub async fn read(body: Body, limit: usize) -> Result<Bytes, Problem> {
    match tokio::time::timeout(BODY_TIME_MAX, to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_long(&error) => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "TOO_LARGE",
            format!("the body is longer than {limit} bytes (network.http_max_body)"),
        )),
        Ok(Err(error)) => Err(Problem::bad_request(format!("the body cannot be read: {error}"))),
        Err(_) => {
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "TIMEOUT", "the body did not arrive in time"))
        }
    }
}

/// The body as JSON of this form; what is wrong with it is told with line and column.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::bad_request(format!("the body is not as expected: {error}")))
}

/// Whether the body is declared as JSON.
pub fn is_json(headers: &HeaderMap) -> bool {
    let declared =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}
