//! The executor that lets through only what is a command and whose caller may run it.

use std::sync::Arc;

use crate::command::ReplyError;
use crate::command::error;
use crate::command::spec::Flags;
use crate::engine::Call;
use crate::engine::Execution;
use crate::engine::Executor;
use crate::engine::Session;
use crate::engine::gate;
use crate::resp::ReplyWriter;
use crate::security::Authenticator;
use crate::security::acl::log::Scene;

/// Checks requests before they reach `inner`.
pub struct Guarded<E> {
    inner: E,
    authenticator: Arc<Authenticator>,
}

impl<E> Guarded<E> {
    /// Guards `inner`.
    pub fn new(inner: E, authenticator: Arc<Authenticator>) -> Self {
        Self { inner, authenticator }
    }
}

impl<E: Executor> Executor for Guarded<E> {
    fn execute(
        &self,
        call: &Call<'_>,
        session: &mut Session,
        reply: &mut ReplyWriter,
    ) -> Result<Execution, ReplyError> {
        let checked = self.check(call, session);
        if checked.is_err() {
            session.spoil_transaction();
        }
        checked?;
        self.inner.execute(call, session, reply)
    }
}

impl<E> Guarded<E> {
    fn check(&self, call: &Call<'_>, session: &Session) -> Result<(), ReplyError> {
        gate::shape(call.command, call.args)?;
        if !session.user.as_ref().is_some_and(|user| user.is_unrestricted()) {
            self.check_limited(call, session)?;
        }
        gate::subscriber(call.command, session)
    }

    /// The check of those who may not do everything, or whose user nobody knows any more.
    #[cold]
    fn check_limited(&self, call: &Call<'_>, session: &Session) -> Result<(), ReplyError> {
        let open = call.command.spec.flags.has(Flags::NO_AUTH);
        let must_say_who = match &session.user {
            Some(user) => user.is_gone(),
            None => self.authenticator.required(),
        };
        if must_say_who && !open {
            return Err(error::NO_AUTH);
        }
        // What is denied is the client's last command all the same.
        session.client.note_command(call.command.id);
        let scene = if session.transaction.is_some() { Scene::Multi } else { Scene::TopLevel };
        let checked = self.authenticator.check(call, session, scene);
        checked.map_err(|(denied, user)| denied.reply(&user, call.command))
    }
}
