//! What is kept of a user: whether it may come in, by which passwords, and what it may do then.

use std::borrow::Cow;

use crate::security::acl::Fault;
use crate::security::acl::Selector;
use crate::security::acl::password::Hash;

/// A user's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    enabled: bool,
    no_password: bool,
    skip_sanitize: bool,
    passwords: Vec<Hash>,
    /// The first one holds the rules outside of parentheses; it is always there.
    selectors: Vec<Selector>,
}

/// A rule that could not be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleError {
    /// This rule is wrong.
    Rule(Vec<u8>, Fault),
    /// The parenthesis that this argument opens is never closed.
    Unmatched(Vec<u8>),
}

impl RuleError {
    /// Redis's words for it in the reply to `ACL SETUSER`. A password in the rule is not repeated.
    pub fn text(&self) -> String {
        let shown = |rule: &[u8]| match rule.first() {
            Some(sign @ (b'>' | b'<')) => format!("{}(hidden)", char::from(*sign)),
            _ => String::from_utf8_lossy(rule).into_owned(),
        };
        match self {
            Self::Rule(rule, fault) => {
                format!("Error in ACL SETUSER modifier '{}': {}", shown(rule), fault.text())
            }
            Self::Unmatched(start) => {
                format!("Unmatched parenthesis in acl selector starting at '{}'.", shown(start))
            }
        }
    }
}

/// Joins the arguments of selectors that are spread over several of them.
pub fn merge_selectors<'a>(rules: &[&'a [u8]]) -> Result<Vec<Cow<'a, [u8]>>, RuleError> {
    let mut merged = Vec::new();
    let mut open: Option<(Vec<u8>, &[u8])> = None;
    for &rule in rules {
        let closes = rule.last() == Some(&b')');
        if let Some((text, _)) = &mut open {
            text.push(b' ');
            text.extend_from_slice(rule);
            if closes {
                merged.extend(open.take().map(|(text, _)| Cow::Owned(text)));
            }
        } else if rule.first() == Some(&b'(') && !closes {
            open = Some((rule.to_vec(), rule));
        } else {
            merged.push(Cow::Borrowed(rule));
        }
    }
    match open {
        Some((_, start)) => Err(RuleError::Unmatched(start.to_vec())),
        None => Ok(merged),
    }
}

impl Account {
    /// A user that is off and may do nothing, but for all channels where `all_channels` says so.
    pub fn new(all_channels: bool) -> Self {
        Self {
            enabled: false,
            no_password: false,
            skip_sanitize: false,
            passwords: Vec::new(),
            selectors: vec![Selector::new(all_channels)],
        }
    }

    /// The default user as it is at first: on, without a password, and allowed everything.
    pub fn unrestricted() -> Self {
        let mut account = Self::new(true);
        account.enabled = true;
        account.no_password = true;
        for rule in [&b"+@all"[..], b"~*"] {
            account.root().apply(rule).expect("these rules hold for every selector");
        }
        account
    }

    /// Whether it may come in.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether any password is right.
    pub fn needs_no_password(&self) -> bool {
        self.no_password
    }

    /// Whether it has passwords.
    pub fn has_passwords(&self) -> bool {
        !self.passwords.is_empty()
    }

    /// Whether this password opens it.
    pub fn opens_with(&self, password: &[u8]) -> bool {
        self.no_password || Hash::of(password).is_among(&self.passwords)
    }

    /// Its selectors, that of the rules outside of parentheses first.
    pub fn selectors(&self) -> &[Selector] {
        &self.selectors
    }

    /// Whether one of its selectors allows everything.
    pub fn is_unrestricted(&self) -> bool {
        self.selectors.iter().any(Selector::is_unrestricted)
    }

    /// The hashes of its passwords in hexadecimal digits.
    pub fn hashes(&self) -> impl ExactSizeIterator<Item = String> {
        self.passwords.iter().map(Hash::hex)
    }

    /// The words for its flags, in Redis's order.
    pub fn flags(&self) -> Vec<&'static str> {
        let mut flags = vec![if self.enabled { "on" } else { "off" }];
        flags.extend(self.no_password.then_some("nopass"));
        flags.push(if self.skip_sanitize { "skip-sanitize-payload" } else { "sanitize-payload" });
        flags
    }

    /// Its rules in one line, from which it can be made anew.
    pub fn text(&self) -> Vec<u8> {
        let mut text = self.flags().join(" ").into_bytes();
        for hash in self.hashes() {
            text.extend_from_slice(b" #");
            text.extend_from_slice(hash.as_bytes());
        }
        for (index, selector) in self.selectors.iter().enumerate() {
            let (open, close) = if index > 0 { (&b" ("[..], &b")"[..]) } else { (&b" "[..], &b""[..]) };
            text.extend_from_slice(open);
            text.extend_from_slice(&selector.text());
            text.extend_from_slice(close);
        }
        text
    }

    /// Applies rules one after the other. After an error the account is of no use.
    pub fn apply_all(&mut self, rules: &[&[u8]], all_channels: bool) -> Result<(), RuleError> {
        for rule in merge_selectors(rules)? {
            self.apply(&rule, all_channels).map_err(|fault| RuleError::Rule(rule.into_owned(), fault))?;
        }
        Ok(())
    }

    /// Applies one rule; `all_channels`: what new selectors are allowed.
    pub fn apply(&mut self, rule: &[u8], all_channels: bool) -> Result<(), Fault> {
        match rule.to_ascii_lowercase().as_slice() {
            b"" => {}
            b"on" => self.enabled = true,
            b"off" => self.enabled = false,
            b"skip-sanitize-payload" => self.skip_sanitize = true,
            b"sanitize-payload" => self.skip_sanitize = false,
            b"nopass" => self.reset_passwords(true),
            b"resetpass" => self.reset_passwords(false),
            b"clearselectors" => self.selectors.truncate(1),
            b"reset" => *self = Self::new(all_channels),
            _ => return self.apply_marked(rule, all_channels),
        }
        Ok(())
    }

    fn apply_marked(&mut self, rule: &[u8], all_channels: bool) -> Result<(), Fault> {
        match rule {
            [b'>', password @ ..] => self.add_password(Hash::of(password)),
            [b'#', hash @ ..] => self.add_password(Hash::parse(hash).ok_or(Fault::BadHash)?),
            [b'<', password @ ..] => return self.remove_password(&Hash::of(password)),
            [b'!', hash @ ..] => return self.remove_password(&Hash::parse(hash).ok_or(Fault::BadHash)?),
            [b'(', rules @ .., b')'] => {
                let mut selector = Selector::new(all_channels);
                let blank = |byte: &u8| byte.is_ascii_whitespace();
                let rules = rules.split(blank).filter(|rule| !rule.is_empty());
                rules.into_iter().try_for_each(|rule| selector.apply(rule))?;
                self.selectors.push(selector);
            }
            _ => return self.root().apply(rule),
        }
        Ok(())
    }

    fn root(&mut self) -> &mut Selector {
        self.selectors.first_mut().expect("the first selector is never removed")
    }

    fn reset_passwords(&mut self, none_needed: bool) {
        self.no_password = none_needed;
        self.passwords.clear();
    }

    fn add_password(&mut self, hash: Hash) {
        if !self.passwords.contains(&hash) {
            self.passwords.push(hash);
        }
        self.no_password = false;
    }

    fn remove_password(&mut self, hash: &Hash) -> Result<(), Fault> {
        let at = self.passwords.iter().position(|known| known == hash).ok_or(Fault::NoSuchPassword)?;
        self.passwords.remove(at);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
