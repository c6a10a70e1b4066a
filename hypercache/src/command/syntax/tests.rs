use super::*;
use crate::command::table::table;

/// A tree in short: `name:kind`, a token before, `?` optional, `*` repeated, `**` repeated with its token.
fn short(arguments: &[Argument]) -> String {
    arguments.iter().map(one_short).collect::<Vec<_>>().join(" ")
}

fn one_short(argument: &Argument) -> String {
    let token = argument.token.as_ref().map(|token| format!("{token} ")).unwrap_or_default();
    let parts = match &argument.kind {
        Kind::OneOf(parts) | Kind::Block(parts) => format!("({})", short(parts)),
        _ => String::new(),
    };
    let marks = [
        if argument.optional { "?" } else { "" },
        if argument.multiple { "*" } else { "" },
        if argument.multiple_token { "*" } else { "" },
    ];
    format!("{token}{}:{}{parts}{}", argument.name, argument.kind.name(), marks.concat())
}

#[test]
fn every_command_has_a_readable_notation() {
    for command in table().all().iter().skip(1) {
        let arguments = parse(command.spec.syntax);
        assert!(arguments.is_ok(), "{}: {}", command.name, arguments.unwrap_err());
    }
}

#[test]
fn reads_the_arguments_of_set() {
    let plain = |name: &str, kind| Argument {
        name: name.to_owned(),
        kind,
        token: None,
        optional: false,
        multiple: false,
        multiple_token: false,
    };
    let token =
        |token: &str, name: &str, kind| Argument { token: Some(token.to_owned()), ..plain(name, kind) };
    let optional = |argument| Argument { optional: true, ..argument };
    let expected = vec![
        plain("key", Kind::Key),
        plain("value", Kind::String),
        optional(plain(
            "nx-or-xx-or-comparison-value",
            Kind::OneOf(vec![
                token("NX", "nx", Kind::PureToken),
                token("XX", "xx", Kind::PureToken),
                token("IFEQ", "comparison-value", Kind::String),
            ]),
        )),
        optional(token("GET", "get", Kind::PureToken)),
        optional(plain(
            "seconds-or-milliseconds-or-unix-time-seconds-or-unix-time-milliseconds-or-keepttl",
            Kind::OneOf(vec![
                token("EX", "seconds", Kind::Integer),
                token("PX", "milliseconds", Kind::Integer),
                token("EXAT", "unix-time-seconds", Kind::UnixTime),
                token("PXAT", "unix-time-milliseconds", Kind::UnixTime),
                token("KEEPTTL", "keepttl", Kind::PureToken),
            ]),
        )),
    ];
    assert_eq!(parse(table().find(b"SET").unwrap().spec.syntax), Ok(expected));
}

#[test]
fn reads_repetitions_groups_and_tokens() {
    for (text, tree) in [
        ("", ""),
        ("key [key ...]", "key:key*"),
        ("key value [key value ...]", "key-value:block(key:key value:string)*"),
        ("[section [section ...]]", "section:string?*"),
        ("[ID client-id [client-id ...]]", "ID client-id:integer?*"),
        ("[GET pattern [GET pattern ...]]", "GET pattern:pattern?**"),
        ("<YES | NO>", "yes-or-no:oneof(YES yes:pure-token NO no:pure-token)"),
        ("[LIMIT offset count]", "LIMIT limit:block(offset:integer count:integer)?"),
        ("[TYPE <A | B>]", "TYPE type:oneof(A a:pure-token B b:pure-token)?"),
        (
            "<OFF | traceparent [tracestate]>",
            "off-or-traceparent-tracestate:oneof(OFF off:pure-token \
             traceparent-tracestate:block(traceparent:string tracestate:string?))",
        ),
        ("STREAMS key [key ...] id [id ...]", "STREAMS streams:block(key:key* id:string*)"),
        (
            "[start end [BYTE | BIT]]",
            "start-end-byte-or-bit:block(start:integer end:integer \
          byte-or-bit:oneof(BYTE byte:pure-token BIT bit:pure-token)?)?",
        ),
    ] {
        assert_eq!(short(&parse(text).unwrap()), tree, "{text}");
    }
}

#[test]
fn errors_say_where() {
    for (text, problem, at) in [
        ("key [value", "a bracket is not closed", 10),
        ("key <a | b]", "a bracket is not closed", 10),
        ("key]", "a bracket is closed that was not opened", 3),
        ("a | b", "alternatives need brackets around them", 5),
        ("key []", "a bracket is empty", 5),
        ("[a | ]", "an alternative is empty", 5),
        ("key [value ...]", "what is repeated does not stand before it", 15),
        ("key [...]", "what is repeated does not stand before it", 9),
        ("key ...", "a repetition does not end its bracket", 7),
        ("[a | b [a | b ...]]", "alternatives are repeated without brackets", 18),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!((error.problem, error.at), (problem, at), "{text}");
    }
    assert_eq!(
        parse("key]").unwrap_err().to_string(),
        "a bracket is closed that was not opened at byte 3 of 'key]'"
    );
}
