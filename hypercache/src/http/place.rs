//! What a request is about: the store, the key and the part of it that its path names; and who asks.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::http::HttpState;
use crate::http::problem::Problem;
use crate::http::run::Caller;
use crate::http::run::Runner;
use crate::store::Store;

/// Longest name in a path or an item that is taken: of a key, a field, a member or an item of a filter; in bytes.
pub const NAME_BYTES_MAX: usize = 8 * 1024;
/// Below it the store stands where it does below `/api/stores/`, and the key right after it.
const FILTERS: &str = "/api/filter/";
/// The default store.
const DEFAULT_STORE: &str = "0";

/// What may stand behind the `?` where a store is all there is to say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreQuery {
    /// Index or name of a store; the default store where none is named.
    pub store: Option<String>,
}

/// What may stand behind the `?` where there is nothing to say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoQuery {}

/// The query, or the problem with it.
pub type AskedQuery<T> = Result<Query<T>, QueryRejection>;

/// The query's content; unknown parameters and values that are none are a problem.
pub fn query<T>(asked: AskedQuery<T>) -> Result<T, Problem> {
    asked.map(|Query(query)| query).map_err(|error| Problem::bad_request(error.body_text()))
}

/// Whether a name has a length that is taken; `what` it names.
pub fn check_name(what: &str, name: &[u8]) -> Result<(), Problem> {
    match name.len() {
        0 => Err(Problem::bad_request(format!("the {what} is empty"))),
        1..=NAME_BYTES_MAX => Ok(()),
        length => {
            Err(Problem::bad_request(format!("the {what} has {length} bytes, more than {NAME_BYTES_MAX}")))
        }
    }
}

/// The place that a request names, below `/api/cache/`, `/api/filter/` or `/api/stores/`.
pub struct Place {
    /// What all requests share.
    pub state: Arc<HttpState>,
    caller: Caller,
    path: String,
}

impl FromRequestParts<Arc<HttpState>> for Place {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<HttpState>) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        let caller = caller.ok_or_else(|| Problem::internal("nobody has looked who asks"))?;
        Ok(Self { state: Arc::clone(state), caller, path: parts.uri.path().to_owned() })
    }
}

impl Place {
    /// The key in the path, decoded to the bytes it stands for.
    pub fn key(&self) -> Result<Vec<u8>, Problem> {
        let at = match () {
            () if self.path.starts_with(FILTERS) => 4,
            () if self.names_store() => 5,
            () => 3,
        };
        let key = self.segment(at);
        check_name("key", &key).map(|()| key)
    }

    /// The part of the key's value in the path: `what` is a field, a member or an item.
    pub fn part(&self, what: &str) -> Result<Vec<u8>, Problem> {
        let part = self.segment(7);
        check_name(what, &part).map(|()| part)
    }

    /// The store of a request: of the path, or of the query where the path has none.
    pub fn store(&self, asked: Option<&str>) -> Result<&Store, Problem> {
        let named = match (self.names_store(), asked) {
            (false, asked) => asked.unwrap_or(DEFAULT_STORE).as_bytes().to_vec(),
            (true, None) => self.segment(3),
            (true, Some(_)) => return Err(Problem::bad_request("the store is in the path already")),
        };
        self.state.registry.find(&named).ok_or_else(|| {
            let names: Vec<_> = self.state.registry.all().map(|store| store.name()).collect();
            Problem::new(
                StatusCode::NOT_FOUND,
                "NO_SUCH_STORE",
                format!("there is no such store; there are: {}", names.join(", ")),
            )
        })
    }

    /// Runs commands on a store for this request.
    pub fn runner(&self, store: &Store) -> Runner<'_> {
        Runner::new(&self.state, &self.caller, store)
    }

    fn names_store(&self) -> bool {
        self.path.starts_with("/api/stores/") || self.path.starts_with(FILTERS)
    }

    /// A part of the path between slashes, decoded; empty where there are fewer.
    fn segment(&self, index: usize) -> Vec<u8> {
        percent_decode_str(self.path.split('/').nth(index).unwrap_or_default()).collect()
    }
}
