//! Commands that wait until there is something for them.

use std::ops::Range;
use std::time::Duration;

use crate::command::Context;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::resp::OwnedArgs;
use crate::resp::ReplyWriter;

/// What a command waits for at a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// A list.
    List,
    /// A sorted set.
    ZSet,
    /// A stream.
    Stream,
    /// Any change: whoever reads as a member of a group also wants to know that the stream is gone.
    Group,
}

/// What is answered when the time is over and nothing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unserved {
    /// No value.
    Null,
    /// No array.
    NullArray,
    /// Zero: as many replicas have what was written.
    Zero,
    /// Two zeros: neither here nor at a replica has a file what was written.
    TwoZeros,
}

impl Unserved {
    /// Writes it.
    pub fn write(self, reply: &mut ReplyWriter) {
        match self {
            Self::Null => reply.null(),
            Self::NullArray => reply.null_array(),
            Self::Zero => reply.integer(0),
            Self::TwoZeros => {
                reply.array(2);
                reply.integer(0);
                reply.integer(0);
            }
        }
    }
}

/// For what and how long a command waits.
#[derive(Debug, Clone)]
pub struct Wait {
    /// Where among the arguments the keys stand that it waits for.
    pub keys: Range<usize>,
    /// What it waits for there.
    pub awaited: Awaited,
    /// How long at the most; none: for ever.
    pub timeout: Option<Duration>,
    /// What it answers then.
    pub unserved: Unserved,
    /// What to run when something has come, where that is not the command as it was sent.
    pub args: Option<OwnedArgs>,
}

impl Context<'_> {
    /// Lets the command's client wait until one of these keys changes, when the command runs again. Where it must not wait,
    /// as in a transaction, a script or over HTTP, that is answered which else follows when the time is over. Nothing
    /// may have been written to the reply.
    pub fn wait(&mut self, wait: Wait, reply: &mut ReplyWriter) {
        if self.may_wait {
            self.wait = Some(wait);
        } else {
            wait.unserved.write(reply);
        }
    }
}

/// The timeout that the next argument tells in seconds, fractions allowed; 0 is none.
pub fn seconds(cursor: &mut Cursor<'_>) -> Result<Option<Duration>, ReplyError> {
    const NOT_A_FLOAT: ReplyError = ReplyError::err("timeout is not a float or out of range");
    let number = crate::command::args::float(cursor.required()?).map_err(|_| NOT_A_FLOAT)?;
    // Redis counts in milliseconds, a started one as a whole one, and the end has to fit its clock.
    let millis = (number * 1000.0).ceil();
    if millis >= i64::MAX as f64 {
        return Err(ReplyError::err("timeout is out of range"));
    }
    timeout(millis as i64)
}

/// The timeout that the next argument tells in whole milliseconds; 0 is none.
pub fn milliseconds(cursor: &mut Cursor<'_>) -> Result<Option<Duration>, ReplyError> {
    let millis =
        cursor.integer().map_err(|_| ReplyError::err("timeout is not an integer or out of range"))?;
    timeout(millis)
}

fn timeout(millis: i64) -> Result<Option<Duration>, ReplyError> {
    match u64::try_from(millis) {
        Ok(0) => Ok(None),
        Ok(millis) => Ok(Some(Duration::from_millis(millis))),
        Err(_) => Err(ReplyError::err("timeout is negative")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_and_refused_as_redis_does_it() {
        let told = |argument: &str| {
            let args = OwnedArgs::new([argument]);
            seconds(&mut Cursor::at(args.view(), 0)).map_err(|error| error.to_string())
        };
        assert_eq!(told("0"), Ok(None));
        assert_eq!(told("0.0001"), Ok(Some(Duration::from_millis(1))));
        assert_eq!(told("2.5"), Ok(Some(Duration::from_millis(2500))));
        assert_eq!(told("-1"), Err("ERR timeout is negative".to_owned()));
        assert_eq!(told("1e300"), Err("ERR timeout is out of range".to_owned()));
        assert_eq!(told("inf"), Err("ERR timeout is out of range".to_owned()));
        for wrong in ["", "x", "nan"] {
            assert_eq!(told(wrong), Err("ERR timeout is not a float or out of range".to_owned()), "{wrong}");
        }
        let args = OwnedArgs::new(["1.5"]);
        let whole = milliseconds(&mut Cursor::at(args.view(), 0));
        assert_eq!(whole, Err(ReplyError::err("timeout is not an integer or out of range")));
    }
}
