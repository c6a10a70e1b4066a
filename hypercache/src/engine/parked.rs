//! Requests whose reply comes later: their connection waits, everybody else goes on.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::command::Command;
use crate::command::ReplyError;
use crate::command::context::wait::Unserved;
use crate::config::Fsync;
use crate::engine::Call;
use crate::engine::Execution;
use crate::engine::waiting::Place;
use crate::persistence::log::Sequence;
use crate::resp::OwnedArgs;

/// What `CLIENT UNBLOCK id ERROR` lets a client's command answer.
const UNBLOCKED: ReplyError = ReplyError::new("UNBLOCKED", "client unblocked via CLIENT UNBLOCK");

/// How a parked request ended.
#[derive(Debug)]
pub enum Answer {
    /// It ran.
    Ran {
        /// What it replied, in its client's protocol; nothing that counts where it failed.
        reply: Vec<u8>,
        /// How it ended.
        result: Result<Execution, ReplyError>,
        /// How long it ran, the waiting not counted.
        took: Duration,
        /// What of the log the reply waits for before it goes out, if for anything.
        logged: Option<(Sequence, Fsync)>,
    },
    /// Its time was over, or somebody had it end as if it were.
    Unserved,
}

impl Answer {
    fn failed(error: ReplyError) -> Self {
        Self::Ran { reply: Vec::new(), result: Err(error), took: Duration::ZERO, logged: None }
    }
}

#[derive(Debug)]
enum State {
    Waiting,
    Answered(Answer),
    /// Its client has the answer, or has gone.
    Over,
}

/// A request that waits.
#[derive(Debug)]
pub struct Parked {
    /// What it asked for.
    pub command: &'static Command,
    /// With these arguments.
    pub args: OwnedArgs,
    /// When it had arrived.
    pub received: Instant,
    /// Its place in the batch that it arrived with.
    pub position: u32,
    /// What it answers when it is not served; none: it has to be.
    pub unserved: Option<Unserved>,
    state: Mutex<State>,
    answered: Notify,
}

impl Parked {
    /// Parks a request, to be answered when that is called for.
    pub fn new(call: &Call<'_>, unserved: Option<Unserved>) -> Self {
        Self {
            command: call.command,
            args: call.args.to_owned(),
            received: call.received,
            position: call.position,
            unserved,
            state: Mutex::new(State::Waiting),
            answered: Notify::new(),
        }
    }

    /// The request as it came.
    pub fn call(&self) -> Call<'_> {
        Call {
            command: self.command,
            args: self.args.view(),
            received: self.received,
            position: self.position,
        }
    }

    /// Answers with what `attempt` returns, if that is something. It is not called where the request does not wait any
    /// more, and nobody else can answer meanwhile. Whether the request is still waiting.
    pub fn answer_if(&self, attempt: impl FnOnce() -> Option<Answer>) -> bool {
        let mut state = self.state.lock();
        if !matches!(*state, State::Waiting) {
            return false;
        }
        let Some(answer) = attempt() else { return true };
        *state = State::Answered(answer);
        drop(state);
        self.answered.notify_one();
        false
    }

    /// Does something while the request waits; nothing where it does not, or is being answered.
    pub fn while_waiting<T>(&self, action: impl FnOnce() -> T) -> Option<T> {
        let state = self.state.lock();
        matches!(*state, State::Waiting).then(action)
    }

    /// Whether it waits, and for no key, but for what replicas have.
    pub fn waits_for_replicas(&self) -> bool {
        let for_them = matches!(self.unserved, Some(Unserved::Zero | Unserved::TwoZeros));
        for_them && matches!(*self.state.lock(), State::Waiting)
    }

    /// Ends it as `CLIENT UNBLOCK` does. Whether it was waiting, and for something that may not come.
    pub fn unblock(&self, with_error: bool) -> bool {
        let mut unblocked = false;
        self.answer_if(|| {
            self.unserved?;
            unblocked = true;
            Some(match with_error {
                true => Answer::failed(UNBLOCKED),
                false => Answer::Unserved,
            })
        });
        unblocked
    }

    /// Ends a request that waits for something that may not come with this error. Whether it was such a one.
    pub fn refuse(&self, error: &ReplyError) -> bool {
        let mut refused = false;
        self.answer_if(|| {
            self.unserved?;
            refused = true;
            Some(Answer::failed(error.clone()))
        });
        refused
    }

    /// Waits for the answer.
    pub async fn answered(&self) {
        while matches!(*self.state.lock(), State::Waiting) {
            self.answered.notified().await;
        }
    }

    /// Takes the answer; none while there is none yet. From then on nobody answers.
    pub fn take(&self) -> Option<Answer> {
        let mut state = self.state.lock();
        if matches!(*state, State::Waiting) {
            return None;
        }
        match std::mem::replace(&mut *state, State::Over) {
            State::Answered(answer) => Some(answer),
            State::Waiting | State::Over => None,
        }
    }

    fn abandon(&self) {
        *self.state.lock() = State::Over;
    }
}

/// A request that its connection waits for; given up when dropped.
#[derive(Debug)]
pub struct Waiting {
    /// The request.
    pub parked: Arc<Parked>,
    /// Until when at the latest.
    pub deadline: Option<Instant>,
    /// Where it stands in line for keys, if it does.
    place: Option<Place>,
}

impl Waiting {
    /// Waits for a request, which may stand in line for keys.
    pub fn new(parked: Arc<Parked>, deadline: Option<Instant>, place: Option<Place>) -> Self {
        Self { parked, deadline, place }
    }

    /// Waits until there is an answer; at the deadline it is that nothing has come.
    pub async fn over(&self) {
        match self.deadline {
            None => self.parked.answered().await,
            Some(deadline) => {
                if tokio::time::timeout_at(deadline.into(), self.parked.answered()).await.is_err() {
                    self.parked.answer_if(|| Some(Answer::Unserved));
                }
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.parked.abandon();
        drop(self.place.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::table::table;

    fn parked(unserved: Option<Unserved>) -> Parked {
        let args = OwnedArgs::new(["BLPOP", "k", "0"]);
        let command = table().resolve(args.view());
        Parked::new(&Call { command, args: args.view(), received: Instant::now(), position: 0 }, unserved)
    }

    #[tokio::test]
    async fn a_request_is_answered_once() {
        let request = parked(Some(Unserved::Null));
        assert!(request.answer_if(|| None) && request.take().is_none());
        assert!(request.unblock(true));
        assert!(!request.unblock(false));
        assert!(!request.answer_if(|| panic!("it has its answer already")));
        request.answered().await;
        let answer = request.take();
        assert!(
            matches!(answer, Some(Answer::Ran { result: Err(ref error), .. }) if error.prefix == "UNBLOCKED")
        );
        assert!(request.take().is_none());
    }

    #[tokio::test]
    async fn what_has_to_be_served_is_not_unblocked() {
        let request = Arc::new(parked(None));
        assert!(!request.unblock(false));
        drop(Waiting::new(Arc::clone(&request), None, None));
        assert!(!request.answer_if(|| panic!("its client has gone")));
    }

    #[tokio::test]
    async fn at_the_deadline_nothing_has_come() {
        let request = Arc::new(parked(Some(Unserved::Null)));
        let waiting = Waiting::new(Arc::clone(&request), Some(Instant::now()), None);
        waiting.over().await;
        assert!(matches!(request.take(), Some(Answer::Unserved)));
    }
}
