//! What `SORT` is asked for.

use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::error;
use crate::resp::Args;

/// The options.
#[derive(Debug, Default)]
pub struct Query<'a> {
    /// The pattern of what elements are sorted by; none: by themselves.
    pub by: Option<&'a [u8]>,
    /// Whether they are sorted at all.
    pub sorts: bool,
    /// From the greatest to the least.
    pub descending: bool,
    /// By bytes; otherwise by numbers.
    pub alphabetically: bool,
    /// Patterns of what is told of each.
    pub gets: Vec<&'a [u8]>,
    /// The key that takes the result.
    pub destination: Option<&'a [u8]>,
    offset: i64,
    /// Below 0: all.
    count: i64,
}

impl<'a> Query<'a> {
    /// Reads the options that follow the key; `STORE` is among them where `stores`.
    pub fn parse(args: Args<'a>, stores: bool) -> Result<Self, ReplyError> {
        let mut query = Self { sorts: true, count: -1, ..Self::default() };
        let mut cursor = Cursor::at(args, 2);
        while cursor.remaining() > 0 {
            if cursor.word("ASC") {
                query.descending = false;
            } else if cursor.word("DESC") {
                query.descending = true;
            } else if cursor.word("ALPHA") {
                query.alphabetically = true;
            } else if cursor.remaining() > 2 && cursor.word("LIMIT") {
                (query.offset, query.count) = (cursor.integer()?, cursor.integer()?);
            } else if stores && cursor.remaining() > 1 && cursor.word("STORE") {
                query.destination = cursor.next();
            } else if cursor.remaining() > 1 && cursor.word("BY") {
                query.by = cursor.next();
                // A name that is the same for all gives no order; that holds even where another one follows.
                query.sorts &= query.by.is_some_and(|pattern| pattern.contains(&b'*'));
            } else if cursor.remaining() > 1 && cursor.word("GET") {
                query.gets.extend(cursor.next());
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(query)
    }

    /// Which of `len` elements are wanted.
    pub fn range(&self, len: usize) -> std::ops::Range<usize> {
        let within = |number: i64| usize::try_from(number.max(0)).unwrap_or(usize::MAX).min(len);
        let start = within(self.offset);
        let count = if self.count < 0 { len } else { within(self.count) };
        start..len.min(start + count)
    }
}
