//! The executor that knows who answers what: data goes to the engine, the rest is answered here.

use std::sync::Arc;

use crate::command::ReplyError;
use crate::command::spec::Run;
use crate::engine::Call;
use crate::engine::Engine;
use crate::engine::Execution;
use crate::engine::Executor;
use crate::engine::Session;
use crate::resp::ReplyWriter;
use crate::security::Authenticator;
use crate::server::node_commands;
use crate::server::node_commands::NodeState;
use crate::server::session_commands;

/// Answers for sessions and the node, and hands data commands to the engine.
pub struct Dispatch {
    engine: Engine,
    authenticator: Arc<Authenticator>,
    node: Arc<NodeState>,
}

impl Dispatch {
    /// Brings engine, authentication and the node's state together.
    pub fn new(engine: Engine, authenticator: Arc<Authenticator>, node: Arc<NodeState>) -> Self {
        Self { engine, authenticator, node }
    }
}

impl Executor for Dispatch {
    fn execute(
        &self,
        call: &Call<'_>,
        session: &mut Session,
        reply: &mut ReplyWriter,
    ) -> Result<Execution, ReplyError> {
        match call.command.spec.run {
            Run::Data(_) => self.engine.execute(call, session, reply),
            Run::Session(command) => {
                let world = session_commands::World {
                    authenticator: &self.authenticator,
                    registry: self.engine.registry(),
                    broker: &self.node.broker,
                };
                session_commands::run(command, call.args, session, &world, reply)
            }
            Run::Node(command) => {
                session.client.note_command(call.command.id);
                node_commands::run(command, call.args, session, &self.node, reply)
            }
            // `Guarded` lets neither of them through.
            Run::Container | Run::Unknown => Err(ReplyError::unknown_command(call.args)),
        }
    }
}
