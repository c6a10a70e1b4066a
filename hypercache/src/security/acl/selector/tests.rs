use super::*;

fn selector(rules: &str) -> Result<Selector, Fault> {
    let mut selector = Selector::new(false);
    rules.split(' ').filter(|rule| !rule.is_empty()).try_for_each(|rule| selector.apply(rule.as_bytes()))?;
    Ok(selector)
}

fn text(rules: &str) -> String {
    String::from_utf8(selector(rules).unwrap().text()).unwrap()
}

#[test]
fn rules_are_kept_in_order_and_replace_what_they_cover() {
    for (rules, wanted) in [
        ("", "resetchannels -@all"),
        ("+GET -get", "resetchannels -@all -get"),
        ("+memory|doctor +memory", "resetchannels -@all +memory"),
        ("+memory +memory|doctor", "resetchannels -@all +memory +memory|doctor"),
        ("+get +set +get", "resetchannels -@all +set +get"),
        ("+@read -@READ", "resetchannels -@all -@read"),
        ("+get +@all +client|id", "resetchannels +@all +client|id"),
        ("+@all -@all +get", "resetchannels -@all +get"),
        ("allcommands allkeys allchannels", "~* &* +@all"),
        ("~a %R~b %RW~c %w~d", "~a %R~b ~c %W~d resetchannels -@all"),
        ("%R~a %W~a ~b ~b", "~a ~b resetchannels -@all"),
        ("&a &b &a +select|0", "resetchannels &a &b -@all +select|0"),
        ("~a allkeys resetkeys ~b", "~b resetchannels -@all"),
        ("&a allchannels resetchannels", "resetchannels -@all"),
        ("nocommands +config -config|set", "resetchannels -@all +config -config|set"),
        ("+get|a +getex", "resetchannels -@all +get|a +getex"),
        ("-debug +debug|x", "resetchannels -@all -debug +debug|x"),
        ("+getex +get", "resetchannels -@all +getex +get"),
    ] {
        assert_eq!(text(rules), wanted, "{rules}");
    }
}

#[test]
fn wrong_rules_are_told_apart() {
    use Fault::{ChannelsAfterAll, FirstArgumentOfSubcommand, KeysAfterAll, Syntax, UnknownCommand};
    for (rule, fault) in [
        ("nonsense", Syntax),
        (")", Syntax),
        ("%~a", Syntax),
        ("%", Syntax),
        ("%R", Syntax),
        ("%RR~a", Syntax),
        ("%X~a", Syntax),
        ("~a\tb", Syntax),
        ("&a\tb", Syntax),
        ("+get|", Syntax),
        ("+", UnknownCommand),
        ("-", UnknownCommand),
        ("+nonsense", UnknownCommand),
        ("+_other", UnknownCommand),
        ("-nonsense", UnknownCommand),
        ("-get|key", UnknownCommand),
        ("+@nonsense", UnknownCommand),
        ("+config|nonsense", UnknownCommand),
        ("+get|a|b", UnknownCommand),
        ("+config|get|a", FirstArgumentOfSubcommand),
        ("~* ~a", KeysAfterAll),
        ("&* &a", ChannelsAfterAll),
    ] {
        assert_eq!(selector(rule).unwrap_err(), fault, "{rule}");
    }
}

#[test]
fn the_text_makes_the_same_selector() {
    for rules in
        ["+@all -@dangerous +keys ~a %R~b &c", "-@all +@string -set +client|id +select|1", "~* &* +@all -get"]
    {
        let first = selector(rules).unwrap();
        let again = selector(std::str::from_utf8(&first.text()).unwrap()).unwrap();
        assert_eq!(first, again, "{rules}");
    }
}

#[test]
fn what_is_taken_and_given_back_is_looked_up_from_then_on() {
    let all = selector("~* &* +@all").unwrap();
    assert!(all.is_unrestricted());
    let again = selector("~* &* +@all -get +get").unwrap();
    assert!(!again.is_unrestricted());
    let get = table().find(b"get").unwrap().id;
    assert!(again.allows(get, None));
}
