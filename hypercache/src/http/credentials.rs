//! Who asks: the same users as over RESP, by Basic or Bearer credentials.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::http::HeaderMap;
use axum::http::header;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::engine::client::Client;
use crate::engine::identity::Identity;
use crate::http::HttpState;
use crate::http::problem::Problem;
use crate::http::trace::Peer;
use crate::security::acl::log::Scene;
use crate::security::authenticator::Refusal;
use crate::telemetry::Event;
use crate::telemetry::events::security::AuthenticationFailed;
use crate::telemetry::events::security::AuthenticationSucceeded;

/// Paths that answer anybody: whoever checks whether the node lives has no password.
const OPEN_PATHS: [&str; 3] = ["/health", "/health/live", "/health/ready"];

/// The user that the headers prove, where one is needed. Paths that are open do not look at what is claimed.
pub fn check(
    headers: &HeaderMap,
    path: &str,
    peer: &Peer,
    state: &HttpState,
) -> Result<Option<Arc<Identity>>, Problem> {
    let authenticator = &state.authenticator;
    if OPEN_PATHS.contains(&path) {
        return Ok(authenticator.anonymous());
    }
    let claim = headers.get(header::AUTHORIZATION);
    let said = claim.and_then(|claim| claim.to_str().ok()).and_then(parse);
    // Without a password the default user is open to any, whatever is claimed; another user is not.
    if !authenticator.required() && said.as_ref().is_none_or(|(user, _)| user.is_none()) {
        return Ok(authenticator.anonymous());
    }
    if claim.is_none() {
        return Err(unauthorized("authenticate with Basic <user>:<password> or Bearer <password>"));
    }
    let (user, password) = said.ok_or_else(|| unauthorized("the Authorization header is malformed"))?;
    let (client, client_id) = (peer.client, peer.client_id);
    match authenticator.authenticate(user.as_deref(), &password) {
        Ok(user) => {
            // HTTP proves it anew with each request: told each time, the audit log would be an access log.
            if !peer.known.swap(true, Relaxed) {
                AuthenticationSucceeded { client, client_id, user: user.name(), method: "http" }.emit();
            }
            Ok(Some(user))
        }
        Err(refusal) => {
            AuthenticationFailed {
                client,
                client_id,
                user: refusal.user(user.as_deref()),
                method: "http",
                reason: refusal.label(),
            }
            .emit();
            if refusal != Refusal::NoPasswordSet {
                let asking = Client::new(client_id, client, peer.local);
                authenticator.note_refusal(&asking, b"http", user.as_deref(), Scene::TopLevel);
            }
            Err(unauthorized(&refusal.reply().text))
        }
    }
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(axum::http::StatusCode::UNAUTHORIZED, "NOAUTH", detail)
}

/// User, where one is named, and password.
fn parse(claim: &str) -> Option<(Option<Vec<u8>>, Vec<u8>)> {
    let (scheme, credentials) = claim.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some((None, credentials.trim().as_bytes().to_vec()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = BASE64_STANDARD.decode(credentials.trim()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let (user, password) = (&decoded[..colon], &decoded[colon + 1..]);
    Some(((!user.is_empty()).then(|| user.to_vec()), password.to_vec()))
}
