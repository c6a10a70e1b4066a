use redis::Value;

use super::*;
use crate::resp::Protocol;
use crate::server::node_commands::fixture::Fixture;

const GET_RESP2: &str = "*1\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n\
    *3\r\n+@string\r\n+@read\r\n+@fast\r\n*0\r\n\
    *1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+RO\r\n+access\r\n\
    $12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n\
    $9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n\
    $7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n\
    *0\r\n";

const GET_RESP3: &str = "*1\r\n*10\r\n$3\r\nget\r\n:2\r\n~2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n\
    ~3\r\n+@string\r\n+@read\r\n+@fast\r\n~0\r\n\
    ~1\r\n%3\r\n$5\r\nflags\r\n~2\r\n+RO\r\n+access\r\n\
    $12\r\nbegin_search\r\n%2\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n%1\r\n$5\r\nindex\r\n:1\r\n\
    $9\r\nfind_keys\r\n%2\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n%3\r\n\
    $7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n\
    ~0\r\n";

fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) | Value::Set(items) => items,
        other => panic!("{other:?} is no list"),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        Value::SimpleString(text) => text.clone(),
        other => panic!("{other:?} is no text"),
    }
}

/// A map in RESP3.
fn pairs(value: &Value) -> Vec<(String, Value)> {
    let Value::Map(pairs) = value else { panic!("{value:?} is no map") };
    pairs.iter().map(|(key, value)| (text(key), value.clone())).collect()
}

fn member(value: &Value, name: &str) -> Value {
    let found = pairs(value).into_iter().find(|(key, _)| key == name);
    found.unwrap_or_else(|| panic!("no {name} in {value:?}")).1
}

fn names(fixture: &mut Fixture, line: &str) -> Vec<String> {
    items(fixture.value(line)).iter().map(text).collect()
}

#[test]
fn info_has_the_shape_of_redis_7() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.raw("COMMAND INFO GeT"), GET_RESP2);
    assert_eq!(fixture.raw("COMMAND INFO nonsense _OTHER"), "*2\r\n$-1\r\n$-1\r\n");
    fixture.protocol(Protocol::Resp3);
    assert_eq!(fixture.raw("COMMAND INFO get"), GET_RESP3);
    assert_eq!(fixture.raw("COMMAND INFO nonsense"), "*1\r\n_\r\n");
}

#[test]
fn all_and_count_and_info_agree() {
    let mut fixture = Fixture::new();
    let all = items(fixture.value("COMMAND"));
    assert_eq!(fixture.raw("COMMAND COUNT"), format!(":{}\r\n", all.len()));
    assert_eq!(items(fixture.value("COMMAND INFO")), all);
    assert!(all.len() > 15);
}

#[test]
fn subcommands_lie_within_their_command_and_can_be_asked_for() {
    let mut fixture = Fixture::new();
    let client = items(items(fixture.value("COMMAND INFO client")).remove(0));
    let subcommands: Vec<String> =
        items(client[9].clone()).into_iter().map(|subcommand| text(&items(subcommand)[0])).collect();
    assert!(subcommands.contains(&"client|list".to_owned()) && subcommands.contains(&"client|id".to_owned()));
    let list = items(items(fixture.value("COMMAND INFO client|list")).remove(0));
    assert_eq!((list.len(), text(&list[0])), (10, "client|list".to_owned()));
}

#[test]
fn docs_tell_what_there_is_to_know() {
    let mut fixture = Fixture::new();
    fixture.protocol(Protocol::Resp3);
    assert_eq!(fixture.raw("COMMAND DOCS nonsense"), "%0\r\n");
    let docs = fixture.value("COMMAND DOCS GET nonsense");
    assert_eq!(pairs(&docs).len(), 1);
    let get = member(&docs, "get");
    let keys: Vec<String> = pairs(&get).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["summary", "since", "group", "complexity", "arguments"]);
    assert_eq!(text(&member(&get, "group")), "string");
    let key = items(member(&get, "arguments")).remove(0);
    let wanted = [("name", "key"), ("type", "key"), ("display_text", "key")];
    wanted.into_iter().for_each(|(name, wanted)| assert_eq!(text(&member(&key, name)), wanted));
    assert_eq!((pairs(&key).len(), member(&key, "key_spec_index")), (4, Value::Int(0)));
    let config = member(&fixture.value("COMMAND DOCS config"), "config");
    let get = member(&member(&config, "subcommands"), "config|get");
    let parameter = items(member(&get, "arguments")).remove(0);
    assert_eq!(items(member(&parameter, "flags")).iter().map(text).collect::<Vec<_>>(), ["multiple"]);
}

#[test]
fn docs_nest_alternatives_and_tokens() {
    let mut fixture = Fixture::new();
    fixture.protocol(Protocol::Resp3);
    let kill = member(&fixture.value("COMMAND DOCS client|pause"), "client|pause");
    let arguments = items(member(&kill, "arguments"));
    assert_eq!(text(&member(&arguments[0], "name")), "timeout");
    assert_eq!(text(&member(&arguments[1], "type")), "oneof");
    let tokens: Vec<String> = items(member(&arguments[1], "arguments"))
        .iter()
        .map(|argument| text(&member(argument, "token")))
        .collect();
    assert_eq!(tokens, ["WRITE", "ALL"]);
    assert_eq!(items(member(&arguments[1], "flags")).iter().map(text).collect::<Vec<_>>(), ["optional"]);
}

#[test]
fn docs_of_all_commands_can_be_read_in_both_versions() {
    let mut fixture = Fixture::new();
    let count = table().top_level().count();
    assert_eq!(items(fixture.value("COMMAND DOCS")).len(), 2 * count);
    fixture.protocol(Protocol::Resp3);
    assert_eq!(pairs(&fixture.value("COMMAND DOCS")).len(), count);
}

#[test]
fn keys_are_found_in_any_command() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.raw("COMMAND GETKEYS set a 1"), "*1\r\n$1\r\na\r\n");
    assert_eq!(
        fixture.raw("COMMAND GETKEYSANDFLAGS set a 1"),
        "*1\r\n*2\r\n$1\r\na\r\n*2\r\n+OW\r\n+update\r\n"
    );
    assert_eq!(fixture.raw("COMMAND GETKEYS eval x 0"), "*0\r\n");
    assert_eq!(fixture.raw("COMMAND GETKEYS mset a 1 b 2"), "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
    assert_eq!(fixture.raw("COMMAND GETKEYS zunionstore d 2 a b"), "*3\r\n$1\r\nd\r\n$1\r\na\r\n$1\r\nb\r\n");
    assert_eq!(fixture.raw("COMMAND GETKEYS sintercard 2 a b LIMIT 1"), "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
    let info = fixture.raw("COMMAND INFO sintercard").replace("\r\n", " ");
    assert!(info.contains("+movablekeys"), "{info}");
    assert!(info.contains("keynum $4 spec *6 $9 keynumidx :0 $8 firstkey :1 $7 keystep :1"), "{info}");
    assert_eq!(
        fixture.raw("COMMAND GETKEYS georadius a 1 2 3 m store b storedist c"),
        "*2\r\n$1\r\na\r\n$1\r\nc\r\n"
    );
    let info = fixture.raw("COMMAND INFO georadius").replace("\r\n", " ");
    assert!(info.contains("keyword $4 spec *4 $7 keyword $9 STOREDIST $9 startfrom :6"), "{info}");
    for command in ["GETKEYS", "GETKEYSANDFLAGS"] {
        for (line, error) in [
            ("nonsense a", "Invalid command specified"),
            ("client nonsense", "Invalid command specified"),
            ("client list", "The command has no key arguments"),
            ("ping", "The command has no key arguments"),
            ("get", "Invalid number of arguments specified for command"),
            ("get a b", "Invalid number of arguments specified for command"),
        ] {
            assert_eq!(
                fixture.raw(&format!("COMMAND {command} {line}")),
                format!("-ERR {error}\r\n"),
                "{line}"
            );
        }
    }
}

#[test]
fn keys_are_told_with_what_is_done_to_them() {
    let mut fixture = Fixture::new();
    for (line, wanted) in [
        ("set k get", "k OW update"),
        ("set k v GET", "k RW access update"),
        ("bitfield k get u8 0", "k RO access"),
        ("bitfield k set u8 0 1", "k RW access update"),
        ("mset a 1 b 2", "a OW update b OW update"),
        ("rename a b", "a RW access delete b OW update"),
        ("sunionstore d a b", "d OW update a RO access b RO access"),
        ("zdiffstore d 2 a b", "d OW update a RO access b RO access"),
        ("georadius a 1 2 3 m store b", "a RO access b OW update"),
        ("object encoding k", "k RO"),
        ("del a b", "a RM delete b RM delete"),
        ("incr k", "k RW access update"),
        ("get k", "k RO access"),
    ] {
        let reply = fixture.raw(&format!("COMMAND GETKEYSANDFLAGS {line}"));
        let words: Vec<&str> = reply
            .split("\r\n")
            .filter_map(|part| part.strip_prefix('+').or((!part.starts_with(['*', '$'])).then_some(part)))
            .collect();
        assert_eq!(words.join(" ").trim_end(), wanted, "{line}");
    }
    let info = fixture.raw("COMMAND INFO rename").replace("\r\n", " ");
    assert!(info.contains("+RW +access +delete") && info.contains("$5 index :2"), "{info}");
}

#[test]
fn names_are_listed_by_filter() {
    let mut fixture = Fixture::new();
    let all = names(&mut fixture, "COMMAND LIST");
    assert_eq!(all.len(), table().all().len() - 1);
    assert!(all.contains(&"get".to_owned()) && all.contains(&"client|list".to_owned()));
    assert_eq!(
        names(&mut fixture, "COMMAND LIST filterby pattern CLIENT|G*"),
        ["client|getname", "client|getredir"]
    );
    let admin = names(&mut fixture, "COMMAND LIST FILTERBY ACLCAT Admin");
    assert!(admin.contains(&"shutdown".to_owned()) && !admin.contains(&"get".to_owned()));
    assert!(names(&mut fixture, "COMMAND LIST FILTERBY ACLCAT nonsense").is_empty());
    assert!(names(&mut fixture, "COMMAND LIST FILTERBY MODULE json").is_empty());
    for line in ["FILTERBY", "FILTERBY PATTERN", "FILTERBY NAME x", "FILTERBY PATTERN a b", "get"] {
        assert_eq!(fixture.raw(&format!("COMMAND LIST {line}")), "-ERR syntax error\r\n", "{line}");
    }
    fixture.protocol(Protocol::Resp3);
    assert!(fixture.raw("COMMAND LIST").starts_with('*'));
}

#[test]
fn help_names_the_subcommands() {
    let help = names(&mut Fixture::new(), "COMMAND HELP");
    assert_eq!(help[0], "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    assert!(
        help.contains(&"COUNT".to_owned()) && help.contains(&"    Returns a count of commands.".to_owned())
    );
}
