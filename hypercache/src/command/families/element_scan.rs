//! What the commands that scan the elements of one key have in common.

use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::error;
use crate::command::families::scan;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::glob;
use crate::value::records::Position;

/// Elements that a call looks at unless it is told otherwise.
const COUNT: usize = 10;

const ONLY_FOR_HASHES: ReplyError = ReplyError::err("NOVALUES option can only be used in HSCAN");

/// A scan that is asked for with `key cursor [MATCH pattern] [COUNT count] [NOVALUES]`.
pub struct ElementScan<'a> {
    /// Where to go on; none: past all elements.
    pub from: Option<Position>,
    /// Elements to look at.
    pub count: usize,
    /// Whether values are left out.
    pub no_values: bool,
    pattern: Option<&'a [u8]>,
}

impl<'a> ElementScan<'a> {
    /// Reads the cursor alone.
    pub fn begin(args: Args<'a>) -> Result<Self, ReplyError> {
        let from = Position::try_from(scan::position(&args[2])?).ok();
        Ok(Self { from, count: COUNT, no_values: false, pattern: None })
    }

    /// Reads the options; `has_values` says whether the elements have values.
    pub fn options(mut self, args: Args<'a>, has_values: bool) -> Result<Self, ReplyError> {
        let mut cursor = Cursor::at(args, 3);
        while cursor.remaining() > 0 {
            if cursor.word("MATCH") {
                self.pattern = Some(cursor.required()?);
            } else if cursor.word("COUNT") {
                self.count = scan::count(&mut cursor)?;
            } else if cursor.word("NOVALUES") {
                self.no_values = true;
            } else {
                return Err(error::SYNTAX);
            }
        }
        if self.no_values && !has_values { Err(ONLY_FOR_HASHES) } else { Ok(self) }
    }

    /// Whether an element of this name is asked for.
    pub fn wants(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, name))
    }
}

/// The reply: where to go on and what was found, `parts` written one after the other.
pub fn write(reply: &mut ReplyWriter, next: Option<Position>, parts: usize, found: &ReplyWriter) {
    reply.array(2);
    reply.bulk_integer(next.unwrap_or(0).into());
    reply.array(parts);
    reply.append(found);
}

/// The reply where there is nothing.
pub fn write_nothing(reply: &mut ReplyWriter) {
    write(reply, None, 0, &ReplyWriter::new(reply.protocol()));
}
