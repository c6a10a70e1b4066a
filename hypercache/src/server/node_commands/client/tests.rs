use super::*;
use crate::config::Secret;
use crate::resp::Protocol;
use crate::server::node_commands::fixture::Fixture;

const FIELDS: &str = "id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem \
    multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver watch";

fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let found = line.trim_end().split(' ').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    found.unwrap_or_else(|| panic!("no {name} in {line}"))
}

fn ids(fixture: &mut Fixture, line: &str) -> Vec<String> {
    fixture.text(line).lines().map(|line| field(line, "id").to_owned()).collect()
}

#[test]
fn a_line_has_all_fields_in_order() {
    let mut fixture = Fixture::new();
    for line in
        ["CLIENT SETNAME me", "CLIENT SETINFO lib-name jedis", "CLIENT SETINFO lib-ver 5.1", "SELECT 1"]
    {
        assert_eq!(fixture.raw(line), "+OK\r\n");
    }
    fixture.protocol(Protocol::Resp3);
    let line = fixture.text("CLIENT LIST");
    let names: Vec<&str> = line.trim_end().split(' ').map(|pair| pair.split_once('=').unwrap().0).collect();
    assert_eq!(names, FIELDS.split_ascii_whitespace().collect::<Vec<_>>());
    for (name, value) in [
        ("id", "1"),
        ("addr", "127.0.0.1:1001"),
        ("laddr", "127.0.0.1:8080"),
        ("name", "me"),
        ("flags", "N"),
        ("db", "1"),
        ("cmd", "client|list"),
        ("user", "default"),
        ("resp", "3"),
        ("lib-name", "jedis"),
        ("lib-ver", "5.1"),
    ] {
        assert_eq!(field(&line, name), value, "{name}");
    }
    assert!(line.ends_with('\n') && fixture.raw("CLIENT LIST").starts_with('='));
}

#[test]
fn a_line_tells_flags_and_who_has_not_authenticated() {
    let fixture = Fixture::with(|config| config.security.requirepass = Some(Secret("x".to_owned())));
    let (_registration, client) = fixture.connect(2000);
    client.set_no_evict(true);
    client.set_no_touch(true);
    let line = line(&client);
    assert_eq!((field(&line, "flags"), field(&line, "user"), field(&line, "cmd")), ("eT", "", "NULL"));
}

#[test]
fn list_chooses_by_type_and_id() {
    let mut fixture = Fixture::new();
    let _others = [fixture.connect(2000), fixture.connect(2001)];
    assert_eq!(ids(&mut fixture, "CLIENT LIST"), ["1", "2", "3"]);
    assert_eq!(ids(&mut fixture, "CLIENT LIST TYPE normal"), ["1", "2", "3"]);
    assert_eq!(ids(&mut fixture, "CLIENT LIST TYPE replica"), [""; 0]);
    assert_eq!(ids(&mut fixture, "CLIENT LIST ID 3 99 1"), ["3", "1"]);
    assert_eq!(ids(&mut fixture, "CLIENT LIST TYPE pubsub ID 3"), [""; 0]);
    for (line, error) in [
        ("CLIENT LIST TYPE robot", "Unknown client type 'robot'"),
        ("CLIENT LIST ID x", "Invalid client ID"),
        ("CLIENT LIST ID", "syntax error"),
        ("CLIENT LIST TYPE", "syntax error"),
        ("CLIENT LIST NAME x", "syntax error"),
    ] {
        assert_eq!(fixture.raw(line), format!("-ERR {error}\r\n"), "{line}");
    }
}

#[test]
fn kill_by_address_alone_says_ok_or_that_there_is_nobody() {
    let mut fixture = Fixture::new();
    let (_registration, other) = fixture.connect(2000);
    assert_eq!(fixture.raw("CLIENT KILL 127.0.0.1:9"), "-ERR No such client\r\n");
    assert_eq!(
        (fixture.raw("CLIENT KILL 127.0.0.1:2000").as_str(), fixture.flow),
        ("+OK\r\n", Flow::Continue)
    );
    assert!(other.is_cut().is_some());
    assert_eq!((fixture.raw("CLIENT KILL 127.0.0.1:1001").as_str(), fixture.flow), ("+OK\r\n", Flow::Close));
    assert!(fixture.session.client.is_cut().is_none(), "whoever kills itself is answered first");
}

#[test]
fn kill_by_conditions_counts_its_victims() {
    for (conditions, killed, me) in [
        ("ID 2", vec![2], false),
        ("ID 99", vec![], false),
        ("ADDR 127.0.0.1:2001", vec![3], false),
        ("LADDR 127.0.0.1:8080", vec![2, 3], false),
        ("LADDR 127.0.0.1:8080 SKIPME no", vec![2, 3], true),
        ("TYPE normal SKIPME YES", vec![2, 3], false),
        ("TYPE pubsub", vec![], false),
        ("USER default ID 3", vec![3], false),
        ("ID 1", vec![], false),
        ("ID 1 SKIPME no", vec![], true),
        ("MAXAGE 3600", vec![], false),
        ("ID 2 ADDR 127.0.0.1:2001", vec![], false),
    ] {
        let mut fixture = Fixture::new();
        let others = [fixture.connect(2000), fixture.connect(2001)];
        let count = killed.len() + usize::from(me);
        assert_eq!(
            fixture.raw(&format!("CLIENT KILL {conditions}")),
            format!(":{count}\r\n"),
            "{conditions}"
        );
        let dead: Vec<u64> = others
            .iter()
            .filter(|(_, client)| client.is_cut().is_some())
            .map(|(_, client)| client.id)
            .collect();
        assert_eq!((dead, fixture.flow == Flow::Close), (killed, me), "{conditions}");
    }
}

#[test]
fn kill_says_what_is_wrong() {
    let mut fixture = Fixture::new();
    for (conditions, error) in [
        ("ID 0", "client-id should be greater than 0"),
        ("ID x", "client-id should be greater than 0"),
        ("TYPE robot", "Unknown client type 'robot'"),
        ("USER eve", "No such user 'eve'"),
        ("MAXAGE x", "maxage is not an integer or out of range"),
        ("MAXAGE 0", "maxage should be greater than 0"),
        ("SKIPME perhaps", "syntax error"),
        ("NAME x", "syntax error"),
        ("ID 1 ADDR", "syntax error"),
    ] {
        assert_eq!(
            fixture.raw(&format!("CLIENT KILL {conditions}")),
            format!("-ERR {error}\r\n"),
            "{conditions}"
        );
    }
}

#[test]
fn pause_holds_back_and_unpause_lets_go() {
    let mut fixture = Fixture::new();
    for (line, writes, reads) in [
        ("CLIENT PAUSE 60000 write", true, false),
        ("CLIENT PAUSE 60000", true, true),
        ("CLIENT UNPAUSE", false, false),
        ("CLIENT PAUSE 60000 ALL", true, true),
    ] {
        assert_eq!(fixture.raw(line), "+OK\r\n");
        assert_eq!(
            (fixture.node.pause.holds(true), fixture.node.pause.holds(false)),
            (writes, reads),
            "{line}"
        );
    }
    for (line, error) in [
        ("CLIENT PAUSE 1 reads", "CLIENT PAUSE mode must be WRITE or ALL"),
        ("CLIENT PAUSE x", "timeout is not an integer or out of range"),
        ("CLIENT PAUSE -1", "timeout is negative"),
        (
            "CLIENT PAUSE 1 ALL 2",
            "unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.",
        ),
    ] {
        assert_eq!(fixture.raw(line), format!("-ERR {error}\r\n"), "{line}");
    }
}

#[test]
fn who_does_not_wait_is_not_unblocked() {
    let mut fixture = Fixture::new();
    for line in ["CLIENT UNBLOCK 1", "CLIENT UNBLOCK 99 timeout", "CLIENT UNBLOCK 1 ERROR"] {
        assert_eq!(fixture.raw(line), ":0\r\n", "{line}");
    }
    for (line, error) in [
        ("CLIENT UNBLOCK x", "value is not an integer or out of range"),
        ("CLIENT UNBLOCK 1 GENTLY", "CLIENT UNBLOCK reason should be TIMEOUT or ERROR"),
        (
            "CLIENT UNBLOCK 1 ERROR 2",
            "unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP.",
        ),
    ] {
        assert_eq!(fixture.raw(line), format!("-ERR {error}\r\n"), "{line}");
    }
}

#[test]
fn help_and_info_are_there_too() {
    let mut fixture = Fixture::new();
    let help = fixture.raw("CLIENT HELP");
    assert!(
        help.contains("+PAUSE timeout [WRITE | ALL]\r\n+    Suspends commands processing.\r\n"),
        "{help}"
    );
    assert_eq!(field(&fixture.text("CLIENT INFO"), "id"), "1");
}
