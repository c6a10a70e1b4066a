//! Times to live as deadlines.

use crate::command::Context;
use crate::command::ReplyError;
use crate::keyspace::entry::UnixMillis;

impl Context<'_> {
    /// A relative time to live as a deadline; the command's own error where it is not positive or too far away.
    pub fn deadline_after(
        &self,
        amount: i64,
        unit_millis: i64,
        command: &str,
    ) -> Result<UnixMillis, ReplyError> {
        deadline_from(self.stamp.now, amount, unit_millis, command)
    }

    /// An absolute time as a deadline; the command's own error where it is not positive or too far away.
    pub fn deadline_at(
        &self,
        amount: i64,
        unit_millis: i64,
        command: &str,
    ) -> Result<UnixMillis, ReplyError> {
        deadline_from(0, amount, unit_millis, command)
    }
}

fn deadline_from(
    base: UnixMillis,
    amount: i64,
    unit_millis: i64,
    command: &str,
) -> Result<UnixMillis, ReplyError> {
    let millis = amount.checked_mul(unit_millis).filter(|millis| *millis > 0);
    let deadline = millis.and_then(|millis| i64::try_from(base).ok()?.checked_add(millis));
    deadline.map(i64::unsigned_abs).ok_or_else(|| ReplyError::invalid_expire(command))
}
