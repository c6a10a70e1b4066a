//! On whose behalf a data command runs.

use crate::engine::client::Client;
use crate::keyspace::journal::Author;
use crate::keyspace::journal::Via;
use crate::store::Selected;

/// On whose behalf a data command runs, and what it may know.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    /// The client.
    pub client: &'a Client,
    /// The store that it has selected.
    pub store: Selected,
    /// How the command has come.
    pub via: Via,
    /// Number of the user's name; 0: none.
    pub user: u32,
    /// The trace that the request takes part in; 0: none.
    pub trace: u128,
    /// Whether the user may do everything, and so see who other clients are, as `CLIENT LIST` would show it.
    pub unrestricted: bool,
}

impl Caller<'_> {
    /// The same as what is remembered with each key that it changes.
    pub fn author(&self) -> Author {
        let mut author = Author::new(self.client.id, self.client.address, self.via, self.trace);
        (author.user, author.name) = (self.user, self.client.name_number());
        author
    }
}
