//! What a key is given to hold.

use crate::keyspace::entry::layout::Content;
use crate::keyspace::entry::layout::TEXT_BYTES_MAX;
use crate::value::Value;
use crate::value::string::StrRef;

/// A value on its way into an entry. A string may be lent, since a short one is copied into the entry anyway.
#[derive(Debug)]
pub enum Given<'a> {
    /// A string.
    Str(StrRef<'a>),
    /// Any value.
    Value(Value),
}

impl Given<'_> {
    /// Hands it over as entries keep it.
    pub(super) fn with_content<R>(self, take: impl FnOnce(Content<'_>) -> R) -> R {
        match self {
            Self::Str(string) if is_short(string) => take(Content::Short(string)),
            Self::Str(string) => take(Content::Boxed(string.to_str().into())),
            Self::Value(Value::Str(string)) if is_short(string.view()) => take(Content::Short(string.view())),
            Self::Value(value) => take(Content::Boxed(value)),
        }
    }
}

fn is_short(string: StrRef<'_>) -> bool {
    string.heap_bytes() <= TEXT_BYTES_MAX
}

impl<'a> From<StrRef<'a>> for Given<'a> {
    fn from(string: StrRef<'a>) -> Self {
        Self::Str(string)
    }
}

impl<T: Into<Value>> From<T> for Given<'_> {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}
