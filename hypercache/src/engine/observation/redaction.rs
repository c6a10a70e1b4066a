//! Which arguments of a command are secrets, to be hidden wherever commands are shown.

use std::borrow::Cow;

use crate::command::Command;
use crate::resp::Args;

/// What stands for a secret.
pub const HIDDEN: &[u8] = b"(redacted)";

/// Parameters of `CONFIG SET` whose values are secrets, there or in a Redis that the command was meant for.
const SECRET_PARAMETERS: [&str; 5] =
    ["requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass"];

/// The arguments with secrets hidden, each made only when it is asked for.
pub fn shown<'a>(command: &Command, args: Args<'a>) -> impl ExactSizeIterator<Item = Cow<'a, [u8]>> {
    let secret = secrets(command, args);
    args.iter().enumerate().map(move |(at, argument)| match &secret {
        Secrets::None => Cow::Borrowed(argument),
        Secrets::From(first) if at >= *first => Cow::Borrowed(HIDDEN),
        Secrets::At(places) if places.contains(&at) => Cow::Borrowed(HIDDEN),
        Secrets::From(_) | Secrets::At(_) => Cow::Borrowed(argument),
    })
}

enum Secrets {
    None,
    From(usize),
    At(Vec<usize>),
}

fn secrets(command: &Command, args: Args<'_>) -> Secrets {
    match &*command.name {
        "AUTH" => Secrets::From(1),
        "ACL|SETUSER" | "ACL|DELUSER" | "ACL|GETUSER" => Secrets::From(2),
        "CONFIG|SET" => Secrets::At(parameter_values(args)),
        "HELLO" | "MIGRATE" => Secrets::At(credentials(args)),
        _ => Secrets::None,
    }
}

fn parameter_values(args: Args<'_>) -> Vec<usize> {
    let secret =
        |name: &[u8]| SECRET_PARAMETERS.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    (2..args.len()).step_by(2).filter(|at| secret(&args[*at])).map(|at| at + 1).collect()
}

/// What follows `AUTH` and `AUTH2`: in `HELLO` both take a name and a password, in `MIGRATE` the first a password alone.
fn credentials(args: Args<'_>) -> Vec<usize> {
    let is = |at: usize, word: &str| args[at].eq_ignore_ascii_case(word.as_bytes());
    let names_too = args[0].eq_ignore_ascii_case(b"HELLO");
    let mut found = Vec::new();
    let mut at = 1;
    while at < args.len() {
        let secrets = match (is(at, "AUTH"), is(at, "AUTH2")) {
            (true, _) if names_too => 2,
            (true, _) => 1,
            (_, true) => 2,
            _ => 0,
        };
        found.extend(at + 1..=at + secrets);
        at += secrets + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::table::table;
    use crate::resp::OwnedArgs;

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        for (line, wanted) in [
            ("auth s3cret", "auth (redacted)"),
            ("AUTH eve s3cret", "AUTH (redacted) (redacted)"),
            ("HELLO 3 AUTH eve s3cret SETNAME x", "HELLO 3 AUTH (redacted) (redacted) SETNAME x"),
            ("hello 3 auth", "hello 3 auth"),
            ("CONFIG SET maxmemory 1 RequirePass s3cret", "CONFIG SET maxmemory 1 RequirePass (redacted)"),
            ("CONFIG SET requirepass", "CONFIG SET requirepass"),
            ("SET AUTH s3cret", "SET AUTH s3cret"),
        ] {
            let args = OwnedArgs::new(line.split(' '));
            let parts: Vec<_> = shown(table().resolve(args.view()), args.view()).collect();
            assert_eq!(String::from_utf8(parts.join(&b' ')).unwrap(), wanted);
        }
    }
}
