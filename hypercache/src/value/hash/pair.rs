//! A field with its value and deadline in one record.

use crate::value::records::Layout;
use crate::value::varint;

/// Bytes of a deadline.
const DEADLINE_BYTES: usize = 8;

/// A field as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The field's name.
    pub field: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
    /// When it expires, in milliseconds since the Unix epoch; none: never.
    pub deadline: Option<u64>,
}

/// A record: the field's length and, in the lowest bit, whether a deadline follows; the deadline; field; value.
#[derive(Debug, Clone)]
pub struct PairLayout;

impl Layout for PairLayout {
    fn key(record: &[u8]) -> &[u8] {
        Pair::read(record).field
    }
}

impl<'a> Pair<'a> {
    pub(super) fn read(record: &'a [u8]) -> Self {
        let (head, rest) = varint::split(record);
        let (deadline, rest) = if head & 1 == 0 {
            (None, rest)
        } else {
            let (deadline, rest) = rest.split_first_chunk().expect("the record says that a deadline follows");
            (Some(u64::from_le_bytes(*deadline)), rest)
        };
        let (field, value) = rest.split_at(head >> 1);
        Self { field, value, deadline }
    }

    pub(super) fn record(&self) -> Vec<u8> {
        let head = self.field.len() << 1 | usize::from(self.deadline.is_some());
        let deadline = self.deadline.map(u64::to_le_bytes);
        let bytes = varint::width(head) + deadline.map_or(0, |_| DEADLINE_BYTES) + self.field.len();
        let mut record = Vec::with_capacity(bytes + self.value.len());
        varint::push(&mut record, head);
        record.extend(deadline.into_iter().flatten());
        record.extend_from_slice(self.field);
        record.extend_from_slice(self.value);
        record
    }
}
