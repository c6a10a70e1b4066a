//! The parser of requests, fed with anything.

use hypercache::resp::request::Limits;
use hypercache::resp::request::Parser;

use crate::source::Source;

const LIMITS: Limits = Limits { bulk_bytes: 4096, arguments: 1000, inline_bytes: 1024, authenticated: true };

/// What a parser makes of `input` that arrives in pieces: the commands, and the error that ended it.
fn parsed(
    input: &[u8],
    limits: &Limits,
    mut piece: impl FnMut() -> usize,
) -> (Vec<Vec<Vec<u8>>>, Option<String>) {
    let (mut parser, mut buffer, mut commands) = (Parser::default(), Vec::new(), Vec::new());
    let mut rest = input;
    loop {
        match parser.advance(&buffer, limits) {
            Ok(true) => {
                let args = parser.args(&buffer);
                assert!(!args.is_empty(), "a command has a name");
                assert!(
                    args.len() <= limits.arguments.max(limits.inline_bytes),
                    "more arguments than allowed"
                );
                commands.push(args.iter().map(<[u8]>::to_vec).collect());
                continue;
            }
            Ok(false) => {}
            Err(error) => return (commands, Some(error.to_string())),
        }
        let used = parser.take_consumed();
        buffer.drain(..used);
        let wanted = parser.wanted(&buffer);
        assert!(
            wanted <= buffer.len() + limits.bulk_bytes + 64 * 1024,
            "it waits for more than an argument may have"
        );
        if rest.is_empty() {
            return (commands, None);
        }
        let (now, later) = rest.split_at(piece().clamp(1, rest.len()));
        buffer.extend_from_slice(now);
        rest = later;
    }
}

/// However the input is cut into pieces, the same commands come out of it, and none that is longer than it.
pub fn run(data: &[u8]) {
    let mut source = Source::new(data);
    let limits = Limits { authenticated: !source.byte().is_multiple_of(4), ..LIMITS };
    let sizes = source.bytes(4);
    let input = source.bytes(usize::MAX);
    let whole = parsed(input, &limits, || usize::MAX);
    let total: usize = whole.0.iter().flatten().map(Vec::len).sum();
    assert!(total <= input.len(), "{total} bytes of arguments from {} bytes", input.len());
    let mut turn = sizes.iter().cycle();
    let pieces = parsed(input, &limits, || turn.next().map_or(1, |size| usize::from(*size)));
    assert_eq!(whole, pieces, "it matters how the input is cut");
}
