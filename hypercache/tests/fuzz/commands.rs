//! Commands made from bytes: any of the table, with arguments that its notation allows, or nearly so.

use hypercache::command::Command;
use hypercache::command::spec::Run;
use hypercache::command::syntax;
use hypercache::command::syntax::Argument;
use hypercache::command::syntax::Kind;
use hypercache::command::table::table;
use hypercache::rdb::payload;

use crate::source::Source;

/// Commands that end or break the process, or hold it up, because that is what they are for; and the one that, as in
/// Redis, leaves its place in the answer of `EXEC` empty.
const LEFT_OUT: [&str; 3] = ["SHUTDOWN", "DEBUG", "CLIENT|REPLY"];

/// Keys: each holds mostly one type, so that commands meet what they are for, and now and then what they are not for.
const KEYS: [&str; 9] = ["string", "list", "set", "zset", "hash", "stream", "geo", "other", ""];

/// Numbers that are on an edge of something. None asks for more memory than is reasonable in a test and is still
/// legal: offsets and counts are small, or beyond what is allowed.
const INTEGERS: [&str; 33] = [
    "0",
    "1",
    "2",
    "3",
    "5",
    "10",
    "-1",
    "-2",
    "-10",
    "100",
    "1000",
    "-1000",
    "7",
    "8",
    "63",
    "64",
    "65",
    "255",
    "256",
    "-2147483648",
    "-2147483649",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551616",
    "99999999999999999999999999",
    "-0",
    "+1",
    "01",
    " 1",
    "1 ",
];

const DOUBLES: [&str; 22] = [
    "0",
    "1",
    "-1",
    "0.5",
    "-0.0",
    "1e3",
    "3.0",
    "inf",
    "-inf",
    "+inf",
    "nan",
    "1.7976931348623157e308",
    "-1e308",
    "1e-320",
    "1e400",
    "180",
    "-180.1",
    "85.05112878",
    "(1",
    "(inf",
    "0x10",
    "1e",
];

const WORDS: [&str; 40] = [
    "",
    "a",
    "b",
    "m",
    "field",
    "x",
    "12",
    "-5",
    "1.5",
    "*",
    "?",
    "[",
    "[a-",
    "\\",
    "a*a*a*a*a*a*a*a*b",
    "[^a]*",
    "string",
    "list",
    "+",
    "-",
    "(a",
    "[b",
    "i8",
    "u63",
    "i64",
    "u64",
    "#3",
    "NX",
    "XX",
    "GT",
    "COUNT",
    "LIMIT",
    "0-0",
    "1-1",
    "$",
    ">",
    "LEFT",
    "BEFORE",
    "\0",
    "caf\u{e9}",
];

const SCRIPTS: [&str; 7] = [
    "return redis.call(unpack(ARGV))",
    "return redis.pcall('SET', KEYS[1], ARGV[1])",
    "return {1, 'a', {ok = 'b'}, {err = 'ERR c'}, false, 1.5}",
    "return cjson.encode(redis.call('LRANGE', 'list', 0, -1))",
    "redis.setresp(3) return redis.call('HGETALL', KEYS[1])",
    "return string.rep(ARGV[1], 100)",
    "local t = {} t[1] = t return t",
];

fn is_taken(command: &Command) -> bool {
    let top = command.name.split('|').next().unwrap_or_default();
    !matches!(command.spec.run, Run::Unknown)
        && !LEFT_OUT.iter().any(|left_out| [top, &command.name].contains(left_out))
}

/// One command line.
pub fn command(source: &mut Source<'_>) -> Vec<Vec<u8>> {
    // Transactions are a chain of commands, which chance alone seldom makes.
    if source.once_in(30) {
        return vec![source.pick(&["MULTI", "EXEC", "EXEC", "DISCARD"]).into()];
    }
    let all: Vec<&Command> = table().all().iter().filter(|command| is_taken(command)).collect();
    let command = all[source.below(all.len())];
    let mut words: Vec<Vec<u8>> = command.name.split('|').map(|word| word.as_bytes().to_vec()).collect();
    if source.once_in(12) {
        let count = source.below(8);
        words.extend((0..count).map(|_| anything(source)));
    } else {
        for argument in syntax::parse(command.spec.syntax).unwrap_or_default() {
            write(&argument, command, source, &mut words);
        }
    }
    if source.once_in(10) {
        spoil(source, &mut words);
    }
    words
}

/// Changes a command line a little.
fn spoil(source: &mut Source<'_>, words: &mut Vec<Vec<u8>>) {
    let at = source.below(words.len());
    match source.below(4) {
        0 if words.len() > 1 => drop(words.remove(at)),
        1 => words.insert(at, anything(source)),
        2 => words[at] = anything(source),
        _ => {
            let twice = words[at].clone();
            words.push(twice);
        }
    }
}

fn anything(source: &mut Source<'_>) -> Vec<u8> {
    match source.below(5) {
        0 => source.pick(&KEYS).into(),
        1 => source.pick(&INTEGERS).into(),
        2 => source.pick(&DOUBLES).into(),
        3 => source.pick(&WORDS).into(),
        _ => {
            let length = source.below(300);
            source.bytes(length).to_vec()
        }
    }
}

fn write(argument: &Argument, command: &Command, source: &mut Source<'_>, words: &mut Vec<Vec<u8>>) {
    if argument.optional && source.below(2) == 0 {
        return;
    }
    let times = if argument.multiple { 1 + source.below(3) } else { 1 };
    for time in 0..times {
        if time == 0 || argument.multiple_token {
            words.extend(argument.token.iter().map(|token| token.as_bytes().to_vec()));
        }
        match &argument.kind {
            Kind::OneOf(parts) => {
                let part = &parts[source.below(parts.len())];
                write(part, command, source, words);
            }
            Kind::Block(parts) => parts.iter().for_each(|part| write(part, command, source, words)),
            Kind::PureToken => {}
            kind => {
                let word = word(&argument.name, kind, command, source);
                words.push(word);
            }
        }
    }
}

fn word(name: &str, kind: &Kind, command: &Command, source: &mut Source<'_>) -> Vec<u8> {
    if source.once_in(4) {
        return match kind {
            Kind::Key => source.pick(&KEYS).into(),
            Kind::Integer | Kind::UnixTime => source.pick(&INTEGERS).into(),
            Kind::Double => source.pick(&DOUBLES).into(),
            _ => anything(source),
        };
    }
    if name == "serialized-value" {
        let mut value = vec![source.byte() % 26];
        let length = source.below(64);
        value.extend_from_slice(source.bytes(length));
        return payload::sealed(value, payload::VERSION);
    }
    let usual: &[&str] = match (kind, name) {
        (_, "script") => &SCRIPTS,
        (_, "id" | "last-id" | "threshold" | "start" | "end") if command.spec.group.name() == "stream" => {
            &["0", "0-0", "1-1", "5", "*", "$", ">", "-", "+", "(1-1", "7-*"]
        }
        (_, "group" | "consumer") => &["g", "c", "g", "c", "x"],
        (_, "numfields" | "numkeys" | "numids") => &["1", "2", "3"],
        (_, "db" | "destination-db" | "index1" | "index2" | "bit") => &["0", "1"],
        (_, "value") if command.spec.group.name() == "bitmap" => &["0", "1", "17"],
        (_, "encoding") => &["u1", "i8", "u16", "i64", "u63"],
        (_, "offset") if command.spec.group.name() == "bitmap" => &["0", "1", "77", "#2", "1000"],
        (_, "min" | "max") if command.name.contains("LEX") => &["-", "+", "[a", "(m", "[x"],
        (_, "min" | "max") => &["-inf", "+inf", "0", "(1", "5"],
        (_, "start" | "stop") if command.name.starts_with("ZRANGE") => {
            &["0", "-1", "1", "[a", "(1", "-inf", "+"]
        }
        (_, "longitude" | "latitude") => &["0", "13.4", "-70.25", "52.5"],
        (_, "radius" | "width" | "height") => &["1", "500", "20000"],
        (_, "timeout") => &["0.001", "1"],
        (_, "cursor") => &["0"],
        (Kind::Key, _) => return own_key(command).into(),
        (Kind::Integer, _) => &["0", "1", "2", "-1", "10", "-3"],
        (Kind::Double, _) => &["0", "1", "-2.5", "3e2"],
        (Kind::Pattern, _) => &["*", "s*", "[a-z]*", "?"],
        (Kind::UnixTime, _) => &["1", "99999999999"],
        _ => &[
            "a",
            "b",
            "m",
            "x",
            "12",
            "-5",
            "1.5",
            "",
            "a long text that is not compact any more: 0123456789 0123456789",
        ],
    };
    source.pick(usual).into()
}

/// The key that holds what a command is for.
fn own_key(command: &Command) -> &'static str {
    match command.spec.group.name() {
        "string" | "bitmap" => "string",
        "list" => "list",
        "set" => "set",
        "sorted-set" => "zset",
        "hash" => "hash",
        "geo" => "geo",
        "stream" => "stream",
        "bf" => "bloom",
        "cf" => "cuckoo",
        _ => "other",
    }
}
