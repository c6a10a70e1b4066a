//! The file of users: one a line, `user name rules`, in Redis's format.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::io::Write as _;
use std::path::Path;

use crate::security::acl::Account;
use crate::security::acl::Fault;
use crate::security::acl::account::merge_selectors;
use crate::security::acl::selector::has_blanks;
use crate::security::acl::users::Everyone;

/// Most bytes of such a file.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Reads the users of a file; all that is wrong with it, in Redis's words, where something is.
pub fn load(path: &Path, all_channels: bool) -> Result<Vec<(String, Account)>, String> {
    let shown = path.display().to_string();
    let text = read(path).map_err(|error| format!("Error loading ACLs, opening file '{shown}': {error}"))?;
    parse(&text, &shown, all_channels)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    fs::read(path)
}

/// Reads the users of a file's text; `shown` is its name in the errors.
pub fn parse(text: &[u8], shown: &str, all_channels: bool) -> Result<Vec<(String, Account)>, String> {
    let (mut users, mut names, mut errors) = (Vec::new(), BTreeSet::new(), String::new());
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let place = format!("{shown}:{}", index + 1);
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let parts: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        let [b"user", name, rules @ ..] = parts.as_slice() else {
            errors.push_str(&format!("{place} should start with user keyword followed by the username. "));
            continue;
        };
        let Some(name) = std::str::from_utf8(name).ok().filter(|name| !has_blanks(name.as_bytes())) else {
            let name = String::from_utf8_lossy(name);
            errors.push_str(&format!("'{place}: username '{name}' contains invalid characters. "));
            continue;
        };
        if !names.insert(name) {
            errors.push_str(&format!("WARNING: Duplicate user '{name}' found on line {}. ", index + 1));
            continue;
        }
        let account = read_rules(rules, &place, all_channels, &mut errors);
        users.push((name.to_owned(), account));
    }
    if errors.is_empty() {
        return Ok(users);
    }
    errors
        .push_str("WARNING: ACL errors detected, no change to the previously active ACL rules was performed");
    Err(errors)
}

fn read_rules(rules: &[&[u8]], place: &str, all_channels: bool, errors: &mut String) -> Account {
    let mut account = Account::new(all_channels);
    let Ok(rules) = merge_selectors(rules) else {
        errors.push_str(&format!("{place}: Unmatched parenthesis in selector definition. "));
        return account;
    };
    let mut told = false;
    for rule in rules {
        let rule = rule.trim_ascii();
        match account.apply(rule, all_channels) {
            Ok(()) => {}
            // A name that is wrong is no secret.
            Err(fault @ Fault::UnknownCommand) => {
                let rule = String::from_utf8_lossy(rule);
                errors
                    .push_str(&format!("{place}: Error in applying operation '{rule}': {}. ", fault.text()));
            }
            // What follows may be wrong only because of this one.
            Err(fault) if !told => {
                errors.push_str(&format!("{place}: {}. ", fault.text()));
                told = true;
            }
            Err(_) => {}
        }
    }
    account
}

/// A user's line, without its end.
pub fn line(name: &str, account: &Account) -> Vec<u8> {
    [b"user ", name.as_bytes(), b" ", &account.text()].concat()
}

/// Writes all users to a file, which is either the old one or the whole new one at every moment.
pub fn save(path: &Path, everyone: &Everyone) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".tmp-{}", std::process::id()));
    let written = (|| {
        let mut file = fs::File::create(&new)?;
        for (name, user) in everyone {
            file.write_all(&line(name, &user.account))?;
            file.write_all(b"\n")?;
        }
        file.sync_all()?;
        fs::rename(&new, path)?;
        fs::File::open(folder)?.sync_all()
    })();
    if written.is_err() {
        // It may not even be there; the error that matters is told.
        drop(fs::remove_file(&new));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::acl::Users;

    #[test]
    fn what_is_saved_loads_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.acl");
        let users = Users::new(Account::unrestricted());
        users.change("alice", &[b"on", b">pw", b"+get", b"~a*", b"&c", b"(+set", b"%W~w*)"]).unwrap();
        save(&path, &users.everyone()).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("user default on nopass sanitize-payload ~* &* +@all\n"), "{text}");
        let loaded = load(&path, false).unwrap();
        let wanted: Vec<_> =
            users.everyone().iter().map(|(name, user)| (name.to_string(), user.account.clone())).collect();
        assert_eq!(loaded, wanted);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(save(&folder.path().join("no/such"), &users.everyone()).is_err());
        let missing = load(&folder.path().join("none"), false).unwrap_err();
        assert!(missing.starts_with("Error loading ACLs, opening file"), "{missing}");
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let text =
            b"user a on\n\nuser a off\nalice on\nuser b +nonsense +get| >p\nuser c (+get\n  user d on  \r\n";
        let errors = parse(text, "f", false).unwrap_err();
        for part in [
            "WARNING: Duplicate user 'a' found on line 3. ",
            "f:4 should start with user keyword followed by the username. ",
            "f:5: Error in applying operation '+nonsense': Unknown command or category name in ACL. ",
            "f:5: Syntax error. ",
            "f:6: Unmatched parenthesis in selector definition. ",
            "no change to the previously active ACL rules was performed",
        ] {
            assert!(errors.contains(part), "{part} in {errors}");
        }
        assert!(!errors.contains("f:7"), "{errors}");
    }
}
