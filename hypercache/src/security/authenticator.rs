//! Checks user names and passwords.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::command::ReplyError;
use crate::command::error;
use crate::config::Secret;

/// The one user there is.
pub const DEFAULT_USER: &str = "default";

/// Knows the password of the default user.
#[derive(Debug, Default)]
pub struct Authenticator {
    password: ArcSwapOption<Secret>,
}

/// Why somebody was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A password was given, but none is set.
    NoPasswordSet,
    /// There is no such user.
    UnknownUser,
    /// The user exists, the password is another.
    WrongPassword,
}

impl Refusal {
    /// The reason as telemetry names it.
    pub fn label(self) -> &'static str {
        match self {
            Self::NoPasswordSet => "no_password_set",
            Self::UnknownUser => "unknown_user",
            Self::WrongPassword => "wrong_password",
        }
    }

    /// The user that was meant, where that user exists.
    pub fn user(self) -> Option<&'static str> {
        (self != Self::UnknownUser).then_some(DEFAULT_USER)
    }

    /// What the client is told: the same whether the name or the password is wrong.
    pub fn reply(self) -> ReplyError {
        match self {
            Self::NoPasswordSet => NO_PASSWORD,
            Self::UnknownUser | Self::WrongPassword => error::WRONG_PASS,
        }
    }
}

const NO_PASSWORD: ReplyError = ReplyError::err(
    "AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
);

impl Authenticator {
    /// Takes the password from the configuration.
    pub fn new(password: Option<Secret>) -> Self {
        Self { password: ArcSwapOption::from(password.map(Arc::new)) }
    }

    /// Whether a client has to authenticate.
    pub fn required(&self) -> bool {
        self.password.load().is_some()
    }

    /// Who a client is before it says so.
    pub fn anonymous(&self) -> Option<Arc<str>> {
        (!self.required()).then(|| DEFAULT_USER.into())
    }

    /// Changes the password; an empty one removes it.
    pub fn set_password(&self, password: &str) {
        self.password.store((!password.is_empty()).then(|| Arc::new(Secret(password.to_owned()))));
    }

    /// Checks a password, for the default user where `user` is none.
    pub fn authenticate(&self, user: Option<&[u8]>, password: &[u8]) -> Result<Arc<str>, Refusal> {
        let wanted = self.password.load();
        match (wanted.as_deref(), user) {
            (None, None) => Err(Refusal::NoPasswordSet),
            // Without a password the default user is open to any, as in Redis.
            (None, Some(name)) if name == DEFAULT_USER.as_bytes() => Ok(DEFAULT_USER.into()),
            (Some(Secret(wanted)), user) => {
                let known = user.is_none_or(|name| name == DEFAULT_USER.as_bytes());
                let right = equal_in_constant_time(wanted.as_bytes(), password);
                match (known, right) {
                    (true, true) => Ok(DEFAULT_USER.into()),
                    (true, false) => Err(Refusal::WrongPassword),
                    (false, _) => Err(Refusal::UnknownUser),
                }
            }
            (None, Some(_)) => Err(Refusal::UnknownUser),
        }
    }
}

/// Compares without telling by the time it takes where the first difference is; only the length shows.
fn equal_in_constant_time(left: &[u8], right: &[u8]) -> bool {
    let difference = left.iter().zip(right).fold(0, |difference, (l, r)| std::hint::black_box(difference | (l ^ r)));
    left.len() == right.len() && difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_password_only_the_default_user_is_let_in() {
        let open = Authenticator::default();
        assert_eq!(open.anonymous().as_deref(), Some("default"));
        assert!(open.authenticate(Some(b"default"), b"x").is_ok());
        assert_eq!(open.authenticate(Some(b"eve"), b"x"), Err(Refusal::UnknownUser));
        assert_eq!(open.authenticate(None, b"x"), Err(Refusal::NoPasswordSet));
    }

    #[test]
    fn with_a_password_only_the_right_one_opens() {
        let closed = Authenticator::new(Some(Secret("s3cret".to_owned())));
        assert_eq!(closed.anonymous(), None);
        assert!(closed.authenticate(None, b"s3cret").is_ok());
        for password in [&b"s3cre"[..], b"s3creT", b"", b"s3cret "] {
            assert_eq!(closed.authenticate(None, password), Err(Refusal::WrongPassword));
        }
        let stranger = closed.authenticate(Some(b"eve"), b"s3cret").unwrap_err();
        assert_eq!((stranger, stranger.reply()), (Refusal::UnknownUser, error::WRONG_PASS));
        closed.set_password("");
        assert!(!closed.required());
    }
}
