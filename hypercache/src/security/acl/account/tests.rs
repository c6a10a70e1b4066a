use super::*;

fn account(rules: &[&str]) -> Result<Account, String> {
    let mut account = Account::new(false);
    let rules: Vec<&[u8]> = rules.iter().map(|rule| rule.as_bytes()).collect();
    account.apply_all(&rules, false).map_err(|error| error.text())?;
    Ok(account)
}

fn text(rules: &[&str]) -> String {
    String::from_utf8(account(rules).unwrap().text()).unwrap()
}

#[test]
fn a_user_is_told_in_one_line() {
    for (rules, wanted) in [
        (&[][..], "off sanitize-payload resetchannels -@all"),
        (&["on", "nopass", "&foo", "+@all"], "on nopass sanitize-payload resetchannels &foo +@all"),
        (&["ON", "skip-sanitize-payload", ""], "on skip-sanitize-payload resetchannels -@all"),
        (&["(+get", "~a", ")"], "off sanitize-payload resetchannels -@all (~a resetchannels -@all +get)"),
        (&["()", "( +set )"], {
            "off sanitize-payload resetchannels -@all (resetchannels -@all) (resetchannels -@all +set)"
        }),
        (&["()", "clearselectors"], "off sanitize-payload resetchannels -@all"),
        (&["on", "nopass", "+@all", "~*", "()", "skip-sanitize-payload", "reset"], {
            "off sanitize-payload resetchannels -@all"
        }),
    ] {
        assert_eq!(text(rules), wanted, "{rules:?}");
    }
}

#[test]
fn passwords_come_and_go() {
    let with = account(&[">a", ">b", ">a", "nopass", ">c", ">d", "<c"]).unwrap();
    assert!(with.opens_with(b"d") && !with.opens_with(b"c") && !with.opens_with(b"a"));
    assert_eq!(with.hashes().len(), 1);
    let open = account(&[">a", "nopass"]).unwrap();
    assert!(open.opens_with(b"whatever") && !open.has_passwords());
    assert!(!account(&["nopass", "resetpass"]).unwrap().opens_with(b"whatever"));
    let hash = Hash::of(b"x").hex();
    let (add, remove) = (format!("#{hash}"), format!("!{hash}"));
    assert!(account(&[&add]).unwrap().opens_with(b"x"));
    assert!(!account(&[&add, &remove]).unwrap().has_passwords());
    let text = text(&[&add]);
    let parts: Vec<&str> = text.split(' ').collect();
    assert_eq!(account(&parts).unwrap(), account(&[&add]).unwrap());
}

#[test]
fn errors_are_those_of_redis_and_show_no_password() {
    let gone = "The password you are trying to remove from the user does not exist";
    let hash =
        "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters";
    for (rules, wanted) in [
        (&["<secret"][..], format!("Error in ACL SETUSER modifier '<(hidden)': {gone}")),
        (&["#12"], format!("Error in ACL SETUSER modifier '#12': {hash}")),
        (&["!12"], format!("Error in ACL SETUSER modifier '!12': {hash}")),
        (&["nonsense"], "Error in ACL SETUSER modifier 'nonsense': Syntax error".to_owned()),
        (&["(on)"], "Error in ACL SETUSER modifier '(on)': Syntax error".to_owned()),
        (&[")"], "Error in ACL SETUSER modifier ')': Syntax error".to_owned()),
        (&[" () "], "Error in ACL SETUSER modifier ' () ': Syntax error".to_owned()),
        (&["("], "Unmatched parenthesis in acl selector starting at '('.".to_owned()),
        (
            &["on", "(+ping", "(+set"],
            "Unmatched parenthesis in acl selector starting at '(+ping'.".to_owned(),
        ),
    ] {
        assert_eq!(account(rules).unwrap_err(), wanted, "{rules:?}");
    }
}
