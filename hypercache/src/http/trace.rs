//! Around every request: its span, who asks, and the document of its problem.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use axum::body::Body;
use axum::body::HttpBody;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;

use crate::http::HttpState;
use crate::http::body::Counted;
use crate::http::credentials;
use crate::http::problem::Problem;
use crate::http::run::Caller;
use crate::telemetry::Event;
use crate::telemetry::HttpOutcome;
use crate::telemetry::HttpRequest;
use crate::telemetry::events::http::RequestFailed;

/// The connection that a request came in by.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The client's end.
    pub client: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
    /// The connection's number.
    pub client_id: u64,
    /// Whether it has been told that the client proved who it is: once for a connection, not with each request.
    pub known: Arc<AtomicBool>,
}

/// The route of a path that has none.
const NO_ROUTE: &str = "_OTHER";
/// Header with the trace's identifier.
const TRACE_HEADER: &str = "x-hypercache-trace-id";

/// Observes a request from its headers to its response.
pub async fn observe(State(state): State<Arc<HttpState>>, mut request: Request, next: Next) -> Response {
    let mut observed = begin(&state, request.headers());
    let peer = request.extensions().get::<Peer>().cloned().unwrap_or_else(|| unconnected(&state));
    let client = peer.client;
    let route = request.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    observed.describe(method.as_str(), &route, client);
    let path = request.uri().path().to_owned();
    let request_bytes = Arc::<AtomicU64>::default();
    let mut response = match credentials::check(request.headers(), &path, &peer, &state) {
        Ok(user) => {
            let caller = Caller {
                address: client,
                local_address: peer.local,
                client_id: peer.client_id,
                user,
                trace: observed.context(),
            };
            request.extensions_mut().insert(caller);
            let counted = |body| Body::new(Counted::new(body, Arc::clone(&request_bytes)));
            next.run(request.map(counted)).await
        }
        Err(problem) => problem.into_response(),
    };
    let trace_id = observed.trace_id();
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        if problem.status == StatusCode::INTERNAL_SERVER_ERROR {
            let (method, status, message) = (method.as_str(), problem.status.as_u16(), &problem.detail);
            observed.context().scope(|| RequestFailed { method, route: &route, status, message }.emit());
        }
        let allowed = response.headers_mut().remove(header::ALLOW);
        response = problem.document(&path, &trace_id);
        if let Some(allowed) = allowed {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
    }
    dress(&mut response, &trace_id);
    let outcome = HttpOutcome {
        method: method.as_str(),
        route: &route,
        status: response.status().as_u16(),
        client,
        request_bytes: request_bytes.load(Relaxed),
        response_bytes: sent_length(response.body()),
    };
    observed.finish(outcome);
    response
}

/// For requests that came in by no socket.
fn unconnected(state: &HttpState) -> Peer {
    let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
    Peer { client: nowhere, local: nowhere, client_id: state.clients.next_id(), known: Arc::default() }
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

fn sent_length(body: &Body) -> u64 {
    body.size_hint().exact().unwrap_or(0)
}
