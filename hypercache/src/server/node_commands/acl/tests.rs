use crate::server::node_commands::fixture::Fixture;

fn lines(fixture: &mut Fixture, cases: &[(&str, &str)]) {
    for (line, wanted) in cases {
        let reply = fixture.raw(line);
        assert!(reply.starts_with(wanted), "{line}: {reply:?}, not {wanted:?}");
    }
}

const NO_KEY: &str = "-NOPERM No permissions to access a key\r\n";
const NO_CHANNEL: &str = "-NOPERM No permissions to access a channel\r\n";
const NO_GET: &str = "-NOPERM User eve has no permissions to run the 'get' command\r\n";

#[test]
fn users_come_in_and_are_held_to_their_rules() {
    let mut fixture = Fixture::new();
    lines(
        &mut fixture,
        &[
            ("ACL WHOAMI", "$7\r\ndefault"),
            ("ACL SETUSER eve >pw", "+OK"),
            ("ACL USERS", "*2\r\n$7\r\ndefault\r\n$3\r\neve\r\n"),
            ("AUTH eve pw", "-WRONGPASS"),
            ("ACL SETUSER eve on +acl +set +client|id +client|info", "+OK"),
            ("AUTH eve wrong", "-WRONGPASS"),
            ("AUTH eve pw", "+OK"),
            ("ACL WHOAMI", "$3\r\neve"),
            ("GET a", NO_GET),
            ("SET a 1", NO_KEY),
            ("CLIENT ID", ":"),
            ("CLIENT LIST", "-NOPERM User eve has no permissions to run the 'client|list' command"),
            ("ACL SETUSER eve ~a* +@pubsub &c*", "+OK"),
            ("SET a 1", "+OK"),
            ("SET b 1", NO_KEY),
            ("PUBLISH c m", ":0"),
            ("PUBLISH d m", NO_CHANNEL),
            ("PSUBSCRIBE cc*", NO_CHANNEL),
            ("HELLO 3", "%"),
            ("AUTH default x", "+OK"),
            ("ACL DELUSER eve nobody", ":1"),
            ("ACL DELUSER default", "-ERR The 'default' user cannot be removed"),
            ("AUTH eve pw", "-WRONGPASS"),
        ],
    );
    let log = fixture.node.authenticator.log().newest(99);
    let newest = log.first().unwrap();
    assert_eq!((newest.reason.word(), &*newest.object, &*newest.user), ("auth", &b"AUTH"[..], &b"eve"[..]));
    let info = fixture.text("INFO stats");
    for (name, count) in [("auth", 3), ("cmd", 2), ("key", 2), ("channel", 2)] {
        assert!(info.contains(&format!("acl_access_denied_{name}:{count}\r\n")), "{name} in {info}");
    }
    lines(&mut fixture, &[("CONFIG RESETSTAT", "+OK"), ("ACL LOG RESET", "+OK"), ("ACL LOG", "*0\r\n")]);
    assert!(fixture.text("INFO stats").contains("acl_access_denied_cmd:0\r\n"));
}

#[test]
fn transactions_and_scripts_are_held_to_the_rules() {
    let mut fixture = Fixture::new();
    lines(
        &mut fixture,
        &[
            ("ACL SETUSER eve on nopass +@all -get ~a*", "+OK"),
            ("AUTH eve x", "+OK"),
            ("MULTI", "+OK"),
            ("GET a", NO_GET),
            ("EXEC", "-EXECABORT"),
            ("MULTI", "+OK"),
            ("SET a 1", "+QUEUED"),
            ("INCR a", "+QUEUED"),
        ],
    );
    fixture.node.authenticator.users().change("eve", &[b"-incr"]).unwrap();
    let reply = fixture.raw("EXEC");
    assert_eq!(
        reply,
        "*2\r\n+OK\r\n-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. \
         This command is no longer allowed for the following reason: no permission to execute the command or \
         subcommand\r\n"
    );
    let script = |fixture: &mut Fixture, body: &str| fixture.raw_parts(&["EVAL", body, "0"]);
    let denied = script(&mut fixture, "return redis.pcall('GET', 'a').err");
    assert!(
        denied.contains("ERR ACL failure in script: User eve has no permissions to run the 'get' command"),
        "{denied}"
    );
    let denied = script(&mut fixture, "return redis.pcall('SET', 'b', '1').err");
    assert!(denied.contains("ERR ACL failure in script: No permissions to access a key"), "{denied}");
    let asked = "return {tostring(redis.acl_check_cmd('set', 'a', '1')), tostring(redis.acl_check_cmd('set', 'b', '1'))}";
    assert_eq!(script(&mut fixture, asked), "*2\r\n$4\r\ntrue\r\n$5\r\nfalse\r\n");
    let scenes: Vec<_> =
        fixture.node.authenticator.log().newest(9).iter().map(|entry| entry.scene.word()).collect();
    assert_eq!(scenes, ["lua", "lua", "multi", "multi"]);
}

#[test]
fn a_deleted_user_may_do_nothing() {
    let mut fixture = Fixture::new();
    lines(&mut fixture, &[("ACL SETUSER eve on nopass +@all ~* &*", "+OK"), ("AUTH eve x", "+OK")]);
    fixture.node.authenticator.users().delete(b"eve");
    lines(&mut fixture, &[("GET a", "-NOAUTH"), ("AUTH default x", "+OK"), ("GET a", "$-1")]);
}

#[test]
fn a_dry_run_tells_what_is_missing() {
    let mut fixture = Fixture::new();
    lines(
        &mut fixture,
        &[
            ("ACL SETUSER t +@all -ping %R~read* %W~write* &c", "+OK"),
            ("ACL DRYRUN t GET read", "+OK"),
            ("ACL DRYRUN t SET read 1", "$50\r\nUser t has no permissions to access the 'read' key"),
            ("ACL DRYRUN t PING", "$51\r\nUser t has no permissions to run the 'ping' command"),
            ("ACL DRYRUN t PUBLISH d m", "$"),
            ("ACL DRYRUN nobody GET a", "-ERR User 'nobody' not found"),
            ("ACL DRYRUN t nonsense a", "-ERR Command 'nonsense' not found"),
            ("ACL DRYRUN t config nonsense", "-ERR Command 'config' not found"),
            ("ACL DRYRUN t SET v", "-ERR wrong number of arguments for 'set' command"),
            ("ACL GENPASS 5", "$2\r\n"),
            ("ACL GENPASS", "$64\r\n"),
            ("ACL GENPASS 4096", "$1024\r\n"),
            ("ACL GENPASS 4097", "-ERR ACL GENPASS argument must be the number of bits"),
            ("ACL GENPASS 0", "-ERR ACL GENPASS"),
            ("ACL CAT", "*23\r\n$8\r\nkeyspace\r\n"),
            ("ACL CAT nonsense", "-ERR Unknown category 'nonsense'"),
            ("ACL CAT a b", "-ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP."),
            ("ACL LOAD", "-ERR This Redis instance is not configured to use an ACL file."),
            ("ACL SAVE", "-ERR This Redis instance is not configured to use an ACL file."),
            ("ACL GETUSER nobody", "$-1\r\n"),
            ("ACL GETUSER t", "*12\r\n$5\r\nflags\r\n"),
            ("ACL HELP", "*27\r\n"),
        ],
    );
    assert!(fixture.raw_parts(&["ACL", "SETUSER", "a a"]).starts_with("-ERR Usernames can't contain spaces"));
    assert!(fixture.raw("ACL CAT connection").contains("\r\nclient|id\r\n"));
}

#[test]
fn a_file_of_users_is_loaded_and_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.acl");
    std::fs::write(&path, "user bob on nopass +@all ~* &*\n").unwrap();
    let mut fixture = Fixture::with(|config| config.security.users_file = Some(path.clone()));
    lines(&mut fixture, &[("AUTH bob x", "+OK"), ("ACL SETUSER eve on >pw", "+OK"), ("ACL SAVE", "+OK")]);
    let saved = std::fs::read_to_string(&path).unwrap();
    assert_eq!(saved.lines().count(), 3, "{saved}");
    std::fs::write(&path, "user bob on nopass +@all ~* &*\nuser eve +nonsense\n").unwrap();
    let reply = fixture.raw("ACL LOAD");
    assert!(reply.contains(":2: Error in applying operation '+nonsense'"), "{reply}");
    lines(&mut fixture, &[("ACL WHOAMI", "$3\r\nbob"), ("AUTH eve pw", "+OK"), ("AUTH bob x", "+OK")]);
    std::fs::write(&path, "user default on >root +@all ~*\n").unwrap();
    lines(
        &mut fixture,
        &[
            ("ACL LOAD", "+OK"),
            ("GET a", "-NOAUTH"),
            ("AUTH bob x", "-WRONGPASS"),
            ("AUTH root", "+OK"),
            ("ACL USERS", "*1\r\n$7\r\ndefault"),
        ],
    );
}
