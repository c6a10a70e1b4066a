use proptest::prelude::*;

use super::*;

const LIMITS: Limits =
    Limits { bulk_bytes: 1 << 20, arguments: 1024, inline_bytes: 64 << 10, authenticated: true };

fn all(input: &[u8], limits: &Limits) -> Result<Vec<Vec<Vec<u8>>>, ProtocolError> {
    let mut parser = Parser::default();
    let mut commands = Vec::new();
    while parser.advance(input, limits)? {
        commands.push(parser.args(input).iter().map(<[u8]>::to_vec).collect());
    }
    Ok(commands)
}

fn words(input: &str) -> Result<Vec<Vec<Vec<u8>>>, ProtocolError> {
    all(input.as_bytes(), &LIMITS)
}

#[test]
fn reads_arrays_and_inline_commands_one_after_the_other() {
    let commands = words("*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n*0\r\n\r\n*1\r\n$4\r\nQUIT\r\n").unwrap();
    assert_eq!(
        commands,
        [vec![b"GET".to_vec(), b"a".to_vec()], vec![b"PING".to_vec()], vec![b"QUIT".to_vec()]]
    );
}

#[test]
fn unquotes_inline_arguments() {
    let commands = words("set \"a\\x41\\n\" 'b\\'c' d\n").unwrap();
    assert_eq!(commands, [[&b"set"[..], b"aA\n", b"b'c", b"d"].map(<[u8]>::to_vec)]);
    assert_eq!(words("set \"a\"b c\r\n"), Err(ProtocolError::Quotes));
    assert_eq!(words("set 'a\r\n"), Err(ProtocolError::Quotes));
}

#[test]
fn a_header_ends_at_its_first_carriage_return() {
    for header in ["*\r\0\r", "*\rx\r\n", "*1\r\n$\rx\r\n"] {
        assert!(words(header).is_err(), "{header:?}");
    }
}

#[test]
fn refuses_what_redis_refuses_in_its_words() {
    let text = |input: &str| words(input).unwrap_err().to_string();
    assert_eq!(text("*x\r\n"), "Protocol error: invalid multibulk length");
    assert_eq!(text("*1025\r\n"), "Protocol error: invalid multibulk length");
    assert_eq!(text("*1\r\nfoo\r\n"), "Protocol error: expected '$', got 'f'");
    assert_eq!(text("*1\r\n$-5\r\n"), "Protocol error: invalid bulk length");
    assert_eq!(text("*1\r\n$2000000\r\n"), "Protocol error: invalid bulk length");
    assert_eq!(text(&"a".repeat(70_000)), "Protocol error: too big inline request");
    assert_eq!(text(&format!("*{}", "1".repeat(70_000))), "Protocol error: too big mbulk count string");
    assert_eq!(text(&format!("*1\r\n${}", "1".repeat(70_000))), "Protocol error: too big bulk count string");
}

#[test]
fn holds_unauthenticated_clients_to_small_requests() {
    let strict = Limits { authenticated: false, ..LIMITS };
    assert_eq!(all(b"*11\r\n", &strict), Err(ProtocolError::UnauthenticatedCount));
    assert_eq!(all(b"*1\r\n$16385\r\n", &strict), Err(ProtocolError::UnauthenticatedLength));
    assert!(all(b"*1\r\n$4\r\nPING\r\n", &strict).is_ok());
}

#[test]
fn says_how_many_bytes_a_long_argument_wants() {
    let input = b"*2\r\n$3\r\nGET\r\n$1000\r\nabc";
    let mut parser = Parser::default();
    assert_eq!(parser.advance(input, &LIMITS), Ok(false));
    assert_eq!(parser.wanted(input), "*2\r\n$3\r\nGET\r\n$1000\r\n".len() + 1002);
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_gives_the_same_commands(
        commands in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..6), 1..8),
        cuts in prop::collection::vec(1usize..30, 1..40),
    ) {
        let mut wire = Vec::new();
        for command in &commands {
            wire.extend(format!("*{}\r\n", command.len()).bytes());
            for argument in command {
                wire.extend(format!("${}\r\n", argument.len()).bytes());
                wire.extend(argument);
                wire.extend(b"\r\n");
            }
        }
        let (mut parser, mut buffer, mut seen) = (Parser::default(), Vec::new(), Vec::new());
        let mut rest = &wire[..];
        for cut in cuts.into_iter().cycle() {
            let (piece, later) = rest.split_at(cut.min(rest.len()));
            buffer.extend_from_slice(piece);
            rest = later;
            // Asked before each read: it must hold wherever the bytes were cut.
            prop_assert!(parser.wanted(&buffer) <= wire.len());
            while parser.advance(&buffer, &LIMITS).unwrap() {
                seen.push(parser.args(&buffer).iter().map(<[u8]>::to_vec).collect::<Vec<_>>());
            }
            let unread = parser.unread(&buffer);
            buffer.drain(..parser.take_consumed());
            prop_assert_eq!(buffer.len(), unread);
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(seen, commands);
        prop_assert!(buffer.is_empty());
    }

    #[test]
    fn arbitrary_bytes_never_panic(input in prop::collection::vec(any::<u8>(), 0..200)) {
        let _outcome = all(&input, &LIMITS);
    }
}
