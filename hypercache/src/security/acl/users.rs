//! Who there is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use crate::engine::identity::Identity;
use crate::engine::identity::Standing;
use crate::security::acl::Account;
use crate::security::acl::account::RuleError;
use crate::security::authenticator::DEFAULT_USER;

/// A user at one moment.
#[derive(Debug)]
pub struct User {
    /// What its sessions hold.
    pub identity: Arc<Identity>,
    /// Its rules.
    pub account: Account,
}

/// All users at one moment, by name.
pub type Everyone = BTreeMap<Arc<str>, Arc<User>>;

/// The users. Reading takes no lock; the default user is always there.
#[derive(Debug)]
pub struct Users {
    everyone: ArcSwap<Everyone>,
    changing: Mutex<()>,
    all_channels: AtomicBool,
}

/// A user before and after a change.
pub struct Changed {
    /// As it was, if it was.
    pub before: Option<Arc<User>>,
    /// As it is.
    pub after: Arc<User>,
}

impl Users {
    /// With the default user alone.
    pub fn new(default: Account) -> Self {
        let user = Self::user(Arc::new(Identity::new(DEFAULT_USER)), default);
        let everyone = BTreeMap::from([(Arc::clone(user.identity.name()), Arc::clone(&user))]);
        let users = Self {
            everyone: ArcSwap::default(),
            changing: Mutex::default(),
            all_channels: AtomicBool::new(false),
        };
        users.show(everyone, &[user]);
        users
    }

    fn user(identity: Arc<Identity>, account: Account) -> Arc<User> {
        Arc::new(User { identity, account })
    }

    /// Lets a change be seen: first the rules, then that nothing has to be checked.
    fn show(&self, everyone: Everyone, changed: &[Arc<User>]) {
        // Whoever had no limits is looked up from here on, and then finds the new rules.
        changed.iter().for_each(|user| user.identity.set_standing(Standing::Limited));
        self.everyone.store(Arc::new(everyone));
        for user in changed.iter().filter(|user| user.account.is_unrestricted()) {
            user.identity.set_standing(Standing::Unrestricted);
        }
    }

    /// All users.
    pub fn everyone(&self) -> Arc<Everyone> {
        self.everyone.load_full()
    }

    /// The user of this name.
    pub fn find(&self, name: &[u8]) -> Option<Arc<User>> {
        self.everyone.load().get(std::str::from_utf8(name).ok()?).cloned()
    }

    /// The default user.
    pub fn default_user(&self) -> Arc<User> {
        self.find(DEFAULT_USER.as_bytes()).expect("it cannot be deleted")
    }

    /// The user whom a session is; the default user where it is nobody or somebody who has been deleted.
    pub fn of(&self, identity: Option<&Arc<Identity>>) -> Arc<User> {
        let found = identity.filter(|is| !is.is_gone()).and_then(|is| self.find(is.name().as_bytes()));
        found.unwrap_or_else(|| self.default_user())
    }

    /// Whether new users are allowed all channels: `acl-pubsub-default`.
    pub fn all_channels(&self) -> bool {
        self.all_channels.load(Relaxed)
    }

    /// Changes whether new users are allowed all channels.
    pub fn set_all_channels(&self, all: bool) {
        self.all_channels.store(all, Relaxed);
    }

    /// Changes a user by these rules, all or none, or makes one.
    pub fn change(&self, name: &str, rules: &[&[u8]]) -> Result<Changed, RuleError> {
        let _changing = self.changing.lock();
        let mut everyone = Everyone::clone(&self.everyone.load());
        let before = everyone.get(name).cloned();
        let all_channels = self.all_channels();
        let (identity, mut account) = match &before {
            Some(user) => (Arc::clone(&user.identity), user.account.clone()),
            None => (Arc::new(Identity::new(name)), Account::new(all_channels)),
        };
        account.apply_all(rules, all_channels)?;
        let after = Self::user(identity, account);
        everyone.insert(Arc::clone(after.identity.name()), Arc::clone(&after));
        self.show(everyone, &[Arc::clone(&after)]);
        Ok(Changed { before, after })
    }

    /// Deletes a user; whether there was one. The default user stays.
    pub fn delete(&self, name: &[u8]) -> bool {
        let _changing = self.changing.lock();
        let mut everyone = Everyone::clone(&self.everyone.load());
        let known = std::str::from_utf8(name).ok().filter(|name| *name != DEFAULT_USER);
        let Some(user) = known.and_then(|name| everyone.remove(name)) else { return false };
        self.everyone.store(Arc::new(everyone));
        user.identity.set_standing(Standing::Gone);
        true
    }

    /// Puts these users in the place of all; who is gone by that. The default user stays as it is where it is not among
    /// them and `default` is none.
    pub fn replace(&self, accounts: Vec<(String, Account)>, default: Option<Account>) -> Vec<Arc<User>> {
        let _changing = self.changing.lock();
        let old = self.everyone();
        let kept = &self.default_user();
        let mut everyone = Everyone::new();
        let fallback = default.unwrap_or_else(|| kept.account.clone());
        let accounts = std::iter::once((DEFAULT_USER.to_owned(), fallback)).chain(accounts);
        for (name, account) in accounts {
            let identity = if name == DEFAULT_USER {
                Arc::clone(&kept.identity)
            } else {
                Arc::new(Identity::new(&name))
            };
            everyone.insert(Arc::clone(identity.name()), Self::user(identity, account));
        }
        let changed: Vec<_> = everyone.values().cloned().collect();
        self.show(everyone, &changed);
        let gone: Vec<_> =
            old.values().filter(|user| **user.identity.name() != *DEFAULT_USER).cloned().collect();
        gone.iter().for_each(|user| user.identity.set_standing(Standing::Gone));
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standing_follows_the_rules() {
        let users = Users::new(Account::unrestricted());
        let default = users.default_user();
        assert!(default.identity.is_unrestricted());
        let eve = users.change("eve", &[b"on", b"+@all", b"~*", b"&*"]).unwrap().after;
        assert!(eve.identity.is_unrestricted());
        let limited = users.change("eve", &[b"-get"]).unwrap();
        assert!(!eve.identity.is_unrestricted() && Arc::ptr_eq(&eve.identity, &limited.after.identity));
        assert!(users.change("eve", &[b"+@all", b"nonsense"]).is_err());
        assert_eq!(users.find(b"eve").unwrap().account, limited.after.account);
        assert!(users.delete(b"eve") && !users.delete(b"eve") && !users.delete(b"default"));
        assert!(eve.identity.is_gone());
        assert_eq!(&**users.of(Some(&eve.identity)).identity.name(), DEFAULT_USER);
    }

    #[test]
    fn replacing_keeps_the_default_user_for_its_sessions() {
        let users = Users::new(Account::unrestricted());
        let (default, eve) = (users.default_user(), users.change("eve", &[]).unwrap().after);
        let gone = users.replace(vec![("bob".to_owned(), Account::new(false))], None);
        assert_eq!(gone.len(), 1);
        assert!(eve.identity.is_gone() && users.find(b"eve").is_none() && users.find(b"bob").is_some());
        assert!(Arc::ptr_eq(&default.identity, &users.default_user().identity));
        assert!(default.identity.is_unrestricted());
    }
}
