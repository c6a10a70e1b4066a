//! Around every request: its span, who asks, and the document of its problem.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::body::HttpBody;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;

use crate::http::HttpState;
use crate::http::credentials;
use crate::http::problem::Problem;
use crate::http::run::Caller;
use crate::telemetry::BatchSample;
use crate::telemetry::HttpOutcome;
use crate::telemetry::HttpRequest;
use crate::telemetry::Proto;

/// Both ends of the connection that a request came in by.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// The client's.
    pub client: SocketAddr,
    /// Ours.
    pub local: SocketAddr,
}

/// The route of a path that has none.
const NO_ROUTE: &str = "_OTHER";
/// Header with the trace's identifier.
const TRACE_HEADER: &str = "x-hypercache-trace-id";

/// Observes a request from its headers to its response.
pub async fn observe(State(state): State<Arc<HttpState>>, mut request: Request, next: Next) -> Response {
    let mut observed = begin(&state, request.headers());
    let ends = request.extensions().get::<Ends>().copied();
    let client = ends.map_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)), |ends| ends.client);
    let route = request.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    observed.describe(method.as_str(), &route, client);
    let (path, request_bytes) = (request.uri().path().to_owned(), declared_length(request.headers()));
    let checked = credentials::check(request.headers(), &path, client, &state);
    let mut response = match checked {
        Ok(user) => {
            let local_address = ends.map_or(client, |ends| ends.local);
            request.extensions_mut().insert(Caller {
                address: client,
                local_address,
                user,
                trace: observed.context(),
            });
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    };
    let trace_id = observed.trace_id();
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let allowed = response.headers_mut().remove(header::ALLOW);
        response = problem.document(&path, &trace_id);
        if let Some(allowed) = allowed {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
    }
    dress(&mut response, &trace_id);
    let response_bytes = sent_length(response.body());
    let outcome = HttpOutcome {
        method: method.as_str(),
        route: &route,
        status: response.status().as_u16(),
        client,
        request_bytes,
        response_bytes,
    };
    observed.finish(outcome);
    let batch =
        BatchSample { proto: Proto::Http, commands: 1, bytes_in: request_bytes, bytes_out: response_bytes };
    state.telemetry.meters().batch(batch);
    response
}

fn begin(state: &HttpState, headers: &HeaderMap) -> HttpRequest {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    state.telemetry.http().begin(text("traceparent"), text("tracestate"))
}

fn dress(response: &mut Response, trace_id: &str) {
    let headers = response.headers_mut();
    if let Ok(trace_id) = HeaderValue::from_str(trace_id) {
        headers.insert(TRACE_HEADER, trace_id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Length that the client declares; 0 where it declares none.
fn declared_length(headers: &HeaderMap) -> u64 {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    declared.and_then(|length| length.parse().ok()).unwrap_or(0)
}

fn sent_length(body: &Body) -> u64 {
    body.size_hint().exact().unwrap_or(0)
}
