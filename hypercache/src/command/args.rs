//! A cursor over a command's arguments, with Redis's errors.

use crate::command::ReplyError;
use crate::command::error;
use crate::resp::Args;
use crate::value::number;

/// Reads arguments from left to right.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    args: Args<'a>,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at `index`.
    pub fn at(args: Args<'a>, index: usize) -> Self {
        Self { args, at: index }
    }

    /// The next argument, if there is one.
    pub fn next(&mut self) -> Option<&'a [u8]> {
        let argument = self.args.get(self.at)?;
        self.at += 1;
        Some(argument)
    }

    /// The next argument; a syntax error where there is none.
    pub fn required(&mut self) -> Result<&'a [u8], ReplyError> {
        self.next().ok_or(error::SYNTAX)
    }

    /// The next argument as an integer; a syntax error where there is none.
    pub fn integer(&mut self) -> Result<i64, ReplyError> {
        integer(self.required()?)
    }

    /// Whether the next argument is this word, in any case; then it is behind us.
    pub fn word(&mut self, word: &str) -> bool {
        let found =
            self.args.get(self.at).is_some_and(|argument| argument.eq_ignore_ascii_case(word.as_bytes()));
        self.at += usize::from(found);
        found
    }

    /// Arguments still ahead.
    pub fn remaining(&self) -> usize {
        self.args.len().saturating_sub(self.at)
    }

    /// An error unless all arguments are read.
    pub fn end(&self) -> Result<(), ReplyError> {
        if self.remaining() == 0 { Ok(()) } else { Err(error::SYNTAX) }
    }
}

/// An argument as a 64-bit integer.
pub fn integer(argument: &[u8]) -> Result<i64, ReplyError> {
    number::decimal(argument).ok_or(error::NOT_AN_INTEGER)
}

/// An argument as a finite or infinite floating-point number.
pub fn float(argument: &[u8]) -> Result<f64, ReplyError> {
    number::float(argument).ok_or(error::NOT_A_FLOAT)
}
