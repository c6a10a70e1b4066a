//! Checks user names and passwords, and what users may do.

use std::path::PathBuf;
use std::sync::Arc;

use crate::command::Command;
use crate::command::ReplyError;
use crate::command::error;
use crate::config::Secret;
use crate::engine::Call;
use crate::engine::Session;
use crate::engine::client::Client;
use crate::engine::identity::Identity;
use crate::engine::session::unix_millis;
use crate::resp::Args;
use crate::security::acl::Account;
use crate::security::acl::Denial;
use crate::security::acl::User;
use crate::security::acl::Users;
use crate::security::acl::access;
use crate::security::acl::file;
use crate::security::acl::log::AclLog;
use crate::security::acl::log::Reason;
use crate::security::acl::log::Scene;
use crate::telemetry::Event;
use crate::telemetry::events::security::CommandDenied;

/// The user that clients are before they say who they are.
pub const DEFAULT_USER: &str = "default";

/// How a client is shown in the log of what was denied.
type Describe = Box<dyn Fn(&Client) -> String + Send + Sync>;

/// Knows the users.
pub struct Authenticator {
    users: Users,
    log: AclLog,
    file: Option<PathBuf>,
    /// The default user where a file of users does not name it.
    default: Account,
    describe: Describe,
}

/// Why somebody was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A password was given, but none is set.
    NoPasswordSet,
    /// There is no such user.
    UnknownUser,
    /// The user may not come in.
    UserDisabled,
    /// The user exists, the password is another.
    WrongPassword,
}

impl Refusal {
    /// The reason as telemetry names it.
    pub fn label(self) -> &'static str {
        match self {
            Self::NoPasswordSet => "no_password_set",
            Self::UnknownUser => "unknown_user",
            Self::UserDisabled => "user_disabled",
            Self::WrongPassword => "wrong_password",
        }
    }

    /// The user that was meant by `name`, where that user exists.
    pub fn user(self, name: Option<&[u8]>) -> Option<&str> {
        let name = name.map_or(Some(DEFAULT_USER), |name| std::str::from_utf8(name).ok());
        name.filter(|_| self != Self::UnknownUser)
    }

    /// What the client is told: the same whether the name or the password is wrong.
    pub fn reply(self) -> ReplyError {
        match self {
            Self::NoPasswordSet => NO_PASSWORD,
            Self::UnknownUser | Self::UserDisabled | Self::WrongPassword => error::WRONG_PASS,
        }
    }
}

const NO_PASSWORD: ReplyError = ReplyError::err(
    "AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
);

/// A command that is not run, or why `SORT` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// By the rules about commands, keys and channels.
    Rules(Denial),
    /// This option of `SORT` reads keys that it does not name, and not every key may be read.
    Sort(&'static str),
}

impl Denied {
    /// Redis's words for it, without a prefix; `None` for `SORT`, whose error is one of its own.
    pub fn text(self, user: &str, command: &Command) -> Option<String> {
        Some(match self {
            Self::Rules(Denial::Command) => {
                format!("User {user} has no permissions to run the '{}' command", command.lower_name())
            }
            Self::Rules(Denial::Key(_)) => "No permissions to access a key".to_owned(),
            Self::Rules(Denial::Channel(_)) => "No permissions to access a channel".to_owned(),
            Self::Sort(_) => return None,
        })
    }

    /// The reply to a command that was sent alone or to be queued.
    pub fn reply(self, user: &str, command: &Command) -> ReplyError {
        match (self, self.text(user, command)) {
            (Self::Sort(option), _) => ReplyError::text(format!(
                "{option} option of SORT denied due to insufficient ACL permissions."
            )),
            (_, text) => ReplyError { prefix: "NOPERM", text: text.unwrap_or_default().into() },
        }
    }

    /// The reply to a command that could be queued and may not be run any more.
    pub fn reply_in_exec(self, user: &str, command: &Command) -> ReplyError {
        let reason = match self {
            Self::Rules(Denial::Command) => "no permission to execute the command or subcommand",
            Self::Rules(Denial::Key(_)) => "no permission to touch the specified keys",
            Self::Rules(Denial::Channel(_)) => {
                "no permission to access one of the channels used as arguments to the command"
            }
            Self::Sort(_) => return self.reply(user, command),
        };
        let text = format!(
            "ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command \
             is no longer allowed for the following reason: {reason}"
        );
        ReplyError { prefix: "NOPERM", text: text.into() }
    }
}

impl Default for Authenticator {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Authenticator {
    /// With the default user, whose password comes from the configuration.
    pub fn new(password: Option<Secret>) -> Self {
        let mut default = Account::unrestricted();
        if let Some(Secret(password)) = password {
            let rule = [b">", password.as_bytes()].concat();
            default.apply(&rule, false).expect("any password can be set");
        }
        Self {
            users: Users::new(default.clone()),
            log: AclLog::default(),
            file: None,
            default,
            describe: Box::new(|client| format!("id={} addr={}", client.id, client.address)),
        }
    }

    /// Shows clients in the log in this way.
    pub fn describing(mut self, describe: impl Fn(&Client) -> String + Send + Sync + 'static) -> Self {
        self.describe = Box::new(describe);
        self
    }

    /// Takes the users from this file, now and whenever they are loaded; what is wrong with it, where something is.
    pub fn with_file(mut self, file: Option<PathBuf>) -> Result<Self, String> {
        self.file = file;
        if self.file.is_some() {
            self.load()?;
        }
        Ok(self)
    }

    /// The users.
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// What was denied.
    pub fn log(&self) -> &AclLog {
        &self.log
    }

    /// The file of users, where there is one.
    pub fn file(&self) -> Option<&PathBuf> {
        self.file.as_ref()
    }

    /// Loads all users anew from the file; who is gone by that, or what is wrong with the file. Without a file nothing
    /// happens.
    pub fn load(&self) -> Result<Vec<Arc<User>>, String> {
        let Some(path) = &self.file else { return Ok(Vec::new()) };
        let accounts = file::load(path, self.users.all_channels())?;
        Ok(self.users.replace(accounts, Some(self.default.clone())))
    }

    /// Whether a client has to authenticate.
    pub fn required(&self) -> bool {
        let default = self.users.default_user();
        !default.account.needs_no_password() || !default.account.is_enabled()
    }

    /// Who a client is before it says so.
    pub fn anonymous(&self) -> Option<Arc<Identity>> {
        (!self.required()).then(|| Arc::clone(&self.users.default_user().identity))
    }

    /// Changes the default user's password; an empty one removes it.
    pub fn set_password(&self, password: &str) {
        let rule = [b">", password.as_bytes()].concat();
        let rules: [&[u8]; 2] = [b"resetpass", if password.is_empty() { b"nopass" } else { &rule }];
        drop(self.users.change(DEFAULT_USER, &rules));
    }

    /// Checks a password, for the default user where `user` is none.
    pub fn authenticate(&self, user: Option<&[u8]>, password: &[u8]) -> Result<Arc<Identity>, Refusal> {
        let found = self.users.find(user.unwrap_or(DEFAULT_USER.as_bytes())).ok_or(Refusal::UnknownUser)?;
        if user.is_none() && found.account.needs_no_password() {
            return Err(Refusal::NoPasswordSet);
        }
        if !found.account.is_enabled() {
            return Err(Refusal::UserDisabled);
        }
        if !found.account.opens_with(password) {
            return Err(Refusal::WrongPassword);
        }
        Ok(Arc::clone(&found.identity))
    }

    /// Notes in the log that somebody was not let in by `command`.
    pub fn note_refusal(&self, client: &Client, command: &[u8], user: Option<&[u8]>, scene: Scene) {
        let user = user.unwrap_or(DEFAULT_USER.as_bytes());
        self.log.add((Reason::Auth, scene), command, user, (self.describe)(client), unix_millis());
    }

    /// Checks a command against the rules of the session's user. What is denied is noted and told; the name of the user
    /// comes with it.
    pub fn check(&self, call: &Call<'_>, session: &Session, scene: Scene) -> Result<(), (Denied, Arc<str>)> {
        if session.user.as_ref().is_some_and(|user| user.is_unrestricted()) {
            return Ok(());
        }
        self.check_limited(call.command, call.args, session, scene)
    }

    #[cold]
    fn check_limited(
        &self,
        command: &Command,
        args: Args<'_>,
        session: &Session,
        scene: Scene,
    ) -> Result<(), (Denied, Arc<str>)> {
        let user = self.users.of(session.user.as_ref());
        let name = user.identity.name();
        let lower = command.lower_name();
        let (denial, reason, object) = match access::check(&user.account, command, args) {
            Err(denial @ Denial::Command) => (denial, Reason::Command, lower.as_bytes()),
            Err(denial @ Denial::Key(at)) => (denial, Reason::Key, &args[at]),
            Err(denial @ Denial::Channel(at)) => (denial, Reason::Channel, &args[at]),
            Ok(()) => {
                return match access::sort_denial(&user.account, command, args) {
                    Some(option) => Err((Denied::Sort(option), Arc::clone(name))),
                    None => Ok(()),
                };
            }
        };
        let client = &session.client;
        self.log.add((reason, scene), object, name.as_bytes(), (self.describe)(client), unix_millis());
        CommandDenied {
            client: client.address,
            client_id: client.id,
            user: name,
            command: &command.name,
            reason: reason.word(),
            scene: scene.word(),
        }
        .emit();
        Err((Denied::Rules(denial), Arc::clone(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(found: Option<Arc<Identity>>) -> Option<String> {
        found.map(|identity| identity.name().to_string())
    }

    #[test]
    fn without_a_password_only_the_default_user_is_let_in() {
        let open = Authenticator::default();
        assert_eq!(name(open.anonymous()).as_deref(), Some("default"));
        assert!(open.authenticate(Some(b"default"), b"x").is_ok());
        assert_eq!(open.authenticate(Some(b"eve"), b"x").unwrap_err(), Refusal::UnknownUser);
        assert_eq!(open.authenticate(None, b"x").unwrap_err(), Refusal::NoPasswordSet);
    }

    #[test]
    fn with_a_password_only_the_right_one_opens() {
        let closed = Authenticator::new(Some(Secret("s3cret".to_owned())));
        assert_eq!(name(closed.anonymous()), None);
        assert!(closed.authenticate(None, b"s3cret").is_ok());
        for password in [&b"s3cre"[..], b"s3creT", b"", b"s3cret "] {
            assert_eq!(closed.authenticate(None, password).unwrap_err(), Refusal::WrongPassword);
        }
        let stranger = closed.authenticate(Some(b"eve"), b"s3cret").unwrap_err();
        assert_eq!((stranger, stranger.reply()), (Refusal::UnknownUser, error::WRONG_PASS));
        closed.set_password("");
        assert!(!closed.required());
    }

    #[test]
    fn a_user_that_is_off_is_not_let_in() {
        let open = Authenticator::default();
        open.users().change("eve", &[b">pw"]).unwrap();
        assert_eq!(open.authenticate(Some(b"eve"), b"pw").unwrap_err(), Refusal::UserDisabled);
        open.users().change("eve", &[b"on"]).unwrap();
        assert_eq!(name(open.authenticate(Some(b"eve"), b"pw").ok()).as_deref(), Some("eve"));
        open.users().change(DEFAULT_USER, &[b"off"]).unwrap();
        assert!(open.required() && open.anonymous().is_none());
    }
}
