//! A key and all that is kept for it in one piece of memory, behind a pointer of one word.
//!
//! In this order: the header; the deadline, where there is one; the slot, which is an integer or a box, unless the value is
//! a short string; the key; the bytes of the short string. The header tells which of them are there, and so how large the
//! piece is: always a whole size class of the allocator.

#![expect(
    unsafe_code,
    reason = "neither an enum nor a slice can be of the size that its content needs and have a thin pointer"
)]

use std::alloc::Layout;
use std::alloc::alloc;
use std::alloc::dealloc;
use std::alloc::handle_alloc_error;
use std::ptr::NonNull;

use crate::value::Value;
use crate::value::bloom::Bloom;
use crate::value::cuckoo::Cuckoo;
use crate::value::hash::Hash;
use crate::value::list::List;
use crate::value::set::Set;
use crate::value::size_class::size_class;
use crate::value::stream::Stream;
use crate::value::string::Str;
use crate::value::string::StrRef;
use crate::value::view::ValueRef;
use crate::value::zset::ZSet;

/// Longest string that lies in the piece itself. A longer one would often take a size class more than it does alone.
pub(super) const TEXT_BYTES_MAX: usize = 448;

/// Of the header, the deadline and the slot.
const ALIGN: usize = 8;
/// Bytes of a deadline or a slot.
const WORD: usize = 8;

/// When and how often the entry was used, for its owner to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) touched: u32,
    pub(super) written: u32,
    pub(super) hits: u16,
}

#[repr(C)]
struct Header {
    touched: u32,
    written: u32,
    key_len: u32,
    hits: u16,
    shape: Shape,
}

/// What follows the header: in the lowest bit whether there is a deadline, in the next whether there is a slot, four bits
/// for the kind of value, nine for the length of a short string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
struct Shape(u16);

const DEADLINE: u16 = 1;
const SLOT: u16 = 2;
const KIND_SHIFT: u32 = 2;
const KIND_MASK: u16 = 0xf;
const LEN_SHIFT: u32 = 6;

/// Kinds of values. All but the first two have a slot, with a box in it unless it is an integer.
const TEXT: u16 = 0;
const GROWN: u16 = 1;
const INTEGER: u16 = 2;
const STRING: u16 = 3;
const BLOOM: u16 = 4;
const CUCKOO: u16 = 5;
const HASH: u16 = 6;
const LIST: u16 = 7;
const SET: u16 = 8;
const STREAM: u16 = 9;
const ZSET: u16 = 10;

impl Shape {
    fn new(kind: u16, text: usize, deadline: bool) -> Self {
        debug_assert!(text <= TEXT_BYTES_MAX, "the caller boxes longer strings");
        let slot = if kind > GROWN { SLOT } else { 0 };
        let deadline = if deadline { DEADLINE } else { 0 };
        Self(kind << KIND_SHIFT | slot | deadline | (text as u16) << LEN_SHIFT)
    }

    fn kind(self) -> u16 {
        self.0 >> KIND_SHIFT & KIND_MASK
    }

    fn text_len(self) -> usize {
        usize::from(self.0 >> LEN_SHIFT)
    }

    fn has_deadline(self) -> bool {
        self.0 & DEADLINE != 0
    }

    fn slot_at(self) -> usize {
        size_of::<Header>() + WORD * usize::from(self.0 & DEADLINE)
    }

    fn key_at(self) -> usize {
        size_of::<Header>() + WORD * (self.0 & (DEADLINE | SLOT)).count_ones() as usize
    }

    /// How the whole piece is asked for. The same for all shapes of one size class, which can take each other's place.
    fn layout(self, key_len: usize) -> Layout {
        let bytes = size_class(self.key_at() + key_len + self.text_len());
        Layout::from_size_align(bytes, ALIGN).expect("a key has less than 4 GiB")
    }
}

/// What is to be put into an entry.
#[derive(Debug)]
pub(super) enum Content<'a> {
    /// A string of at most `TEXT_BYTES_MAX` bytes, or an integer.
    Short(StrRef<'a>),
    /// Any other value.
    Boxed(Value),
}

impl Content<'_> {
    fn kind_and_text(&self) -> (u16, &[u8]) {
        match self {
            Self::Short(StrRef::Fixed(text)) => (TEXT, text),
            Self::Short(StrRef::Growing(text)) => (GROWN, text),
            Self::Short(StrRef::Int(_)) => (INTEGER, &[]),
            Self::Boxed(Value::Str(_)) => (STRING, &[]),
            Self::Boxed(Value::Bloom(_)) => (BLOOM, &[]),
            Self::Boxed(Value::Cuckoo(_)) => (CUCKOO, &[]),
            Self::Boxed(Value::Hash(_)) => (HASH, &[]),
            Self::Boxed(Value::List(_)) => (LIST, &[]),
            Self::Boxed(Value::Set(_)) => (SET, &[]),
            Self::Boxed(Value::Stream(_)) => (STREAM, &[]),
            Self::Boxed(Value::ZSet(_)) => (ZSET, &[]),
        }
    }
}

/// The piece of memory, owned.
///
/// Invariants: the pointer comes from `alloc` with the layout that shape and key length tell; header, key and text are
/// written, and so are the deadline and the slot where the shape has them, the slot as the shape's kind says.
pub(super) struct Piece(NonNull<Header>);

// SAFETY: a piece owns what it points to, alone, and gives it out only by the rules of its own borrow: it is to threads
// what the values within are, and `Value` is both (checked below).
unsafe impl Send for Piece {}
// SAFETY: as above; nothing is changed through a shared reference.
unsafe impl Sync for Piece {}

const _: () = {
    const fn goes_between_threads<T: Send + Sync>() {}
    goes_between_threads::<Value>();
    assert!(size_of::<Header>() == 16 && align_of::<Header>() <= ALIGN);
    assert!(size_of::<Box<Hash>>() == WORD && align_of::<Box<Hash>>() <= ALIGN);
};

impl Piece {
    pub(super) fn new(access: Access, deadline: Option<u64>, key: &[u8], content: Content<'_>) -> Self {
        let (kind, text) = content.kind_and_text();
        let shape = Shape::new(kind, text.len(), deadline.is_some());
        let key_len = u32::try_from(key.len()).expect("requests are limited to less than 4 GiB");
        let layout = shape.layout(key.len());
        // SAFETY: the layout is at least as large as a header.
        let Some(start) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        let Access { touched, written, hits } = access;
        let mut piece = Self(start.cast());
        // SAFETY: the memory is ours, aligned for a header and, by the layout, large enough for it and for the key where
        // the shape has it; the key lies elsewhere.
        unsafe {
            piece.0.write(Header { touched, written, key_len, hits, shape });
            start.add(shape.key_at()).copy_from_nonoverlapping(NonNull::from(key).cast(), key.len());
        }
        piece.write_deadline(deadline);
        piece.write_content(content);
        piece
    }

    pub(super) fn access(&self) -> Access {
        let Header { touched, written, hits, .. } = *self.header();
        Access { touched, written, hits }
    }

    pub(super) fn set_access(&mut self, access: Access) {
        // SAFETY: the header is written, and ours alone for as long as `self` is borrowed.
        let header = unsafe { self.0.as_mut() };
        (header.touched, header.written, header.hits) = (access.touched, access.written, access.hits);
    }

    pub(super) fn key(&self) -> &[u8] {
        let Header { key_len, shape, .. } = *self.header();
        // SAFETY: a key of this length was written there.
        unsafe { std::slice::from_raw_parts(self.at(shape.key_at()).as_ptr(), key_len as usize) }
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        // SAFETY: where the shape has a deadline, it follows the header and was written; all words are aligned.
        self.shape().has_deadline().then(|| unsafe { self.at(size_of::<Header>()).cast::<u64>().read() })
    }

    /// The integer or the box in the slot.
    ///
    /// # Safety
    /// The shape's kind must be one that keeps a `T` in the slot.
    unsafe fn slot<T>(&self) -> &T {
        debug_assert!(size_of::<T>() == WORD && self.shape().0 & SLOT != 0);
        // SAFETY: by the caller's word a `T` was written there; all words are aligned.
        unsafe { self.at(self.shape().slot_at()).cast::<T>().as_ref() }
    }

    pub(super) fn value(&self) -> ValueRef<'_> {
        // SAFETY: each kind has in its slot what `write_content` puts there for it.
        unsafe {
            match self.shape().kind() {
                TEXT => ValueRef::Str(StrRef::Fixed(self.text())),
                GROWN => ValueRef::Str(StrRef::Growing(self.text())),
                INTEGER => ValueRef::Str(StrRef::Int(*self.slot())),
                STRING => ValueRef::Str(self.slot::<Box<Str>>().view()),
                BLOOM => ValueRef::Bloom(self.slot::<Box<Bloom>>()),
                CUCKOO => ValueRef::Cuckoo(self.slot::<Box<Cuckoo>>()),
                HASH => ValueRef::Hash(self.slot::<Box<Hash>>()),
                LIST => ValueRef::List(self.slot::<Box<List>>()),
                SET => ValueRef::Set(self.slot::<Box<Set>>()),
                STREAM => ValueRef::Stream(self.slot::<Box<Stream>>()),
                ZSET => ValueRef::ZSet(self.slot::<Box<ZSet>>()),
                kind => unreachable!("no value is of kind {kind}"),
            }
        }
    }

    /// Whether the value is a hash: the only kind with parts that expire.
    pub(super) fn holds_hash(&self) -> bool {
        self.shape().kind() == HASH
    }

    /// The value's own box with a string in it, if it has one.
    pub(super) fn boxed_string(&self) -> Option<&Str> {
        // SAFETY: a string that is not in the piece itself is in a box in the slot.
        (self.shape().kind() == STRING).then(|| unsafe { &**self.slot::<Box<Str>>() })
    }

    /// Takes the value out if it is in a box; the integer 0 stays behind. None for what lies in the piece itself.
    pub(super) fn take_boxed(&mut self) -> Option<Value> {
        let shape = self.shape();
        // SAFETY: each kind has in its slot what `write_content` puts there for it, and gives it up here: whatever the
        // kind was, the shape then says that the slot is an integer, and one is written. That is of the same size class.
        unsafe {
            let slot = self.at(shape.slot_at());
            let value = match shape.kind() {
                STRING => Value::Str(*slot.cast::<Box<Str>>().read()),
                BLOOM => Value::Bloom(slot.cast().read()),
                CUCKOO => Value::Cuckoo(slot.cast().read()),
                HASH => Value::Hash(slot.cast().read()),
                LIST => Value::List(slot.cast().read()),
                SET => Value::Set(slot.cast().read()),
                STREAM => Value::Stream(slot.cast().read()),
                ZSET => Value::ZSet(slot.cast().read()),
                _ => return None,
            };
            slot.cast::<i64>().write(0);
            self.0.as_mut().shape = Shape::new(INTEGER, 0, shape.has_deadline());
            Some(value)
        }
    }

    /// Puts another value in, which must not lie in this piece, and gives another deadline; drops the old value.
    pub(super) fn put(&mut self, deadline: Option<u64>, content: Content<'_>) {
        drop(self.take_boxed());
        let (kind, text) = content.kind_and_text();
        let (old, new) = (self.shape(), Shape::new(kind, text.len(), deadline.is_some()));
        if !self.reshape(old, new) {
            *self = Self::new(self.access(), deadline, self.key(), content);
            return;
        }
        self.write_deadline(deadline);
        self.write_content(content);
    }

    /// Gives another deadline.
    pub(super) fn set_deadline(&mut self, deadline: Option<u64>) {
        let old = self.shape();
        if old.has_deadline() == deadline.is_some() {
            self.write_deadline(deadline);
            return;
        }
        if let Some(value) = self.take_boxed() {
            self.put(deadline, Content::Boxed(value));
        } else if let ValueRef::Str(StrRef::Int(number)) = self.value() {
            self.put(deadline, Content::Short(StrRef::Int(number)));
        } else {
            let moved = Self::new(self.access(), deadline, self.key(), self.short_content());
            *self = moved;
        }
    }

    /// Bytes that the allocator takes for the piece; for what is in boxes not counted.
    pub(super) fn bytes(&self) -> usize {
        self.layout().size()
    }

    fn short_content(&self) -> Content<'_> {
        match self.value() {
            ValueRef::Str(string) => Content::Short(string),
            _ => unreachable!("the caller has taken out what is in a box"),
        }
    }

    /// Makes the piece one of the shape `new`, whose deadline, slot and text are yet to be written, if it is of its size
    /// class. The slot holds nothing to be dropped.
    fn reshape(&mut self, old: Shape, new: Shape) -> bool {
        let key_len = self.header().key_len as usize;
        if old.layout(key_len) != new.layout(key_len) {
            return false;
        }
        if old.key_at() != new.key_at() {
            // SAFETY: the piece has room for the key at both places, and `copy_to` lets them overlap.
            unsafe { self.at(old.key_at()).copy_to(self.at(new.key_at()), key_len) };
        }
        // SAFETY: the header is written, and ours alone for as long as `self` is borrowed.
        unsafe { self.0.as_mut().shape = new };
        true
    }

    fn write_deadline(&mut self, deadline: Option<u64>) {
        debug_assert_eq!(self.shape().has_deadline(), deadline.is_some());
        if let Some(deadline) = deadline {
            // SAFETY: the shape has a deadline, so that there is room for one after the header; all words are aligned.
            unsafe { self.at(size_of::<Header>()).cast::<u64>().write(deadline) };
        }
    }

    /// Writes slot or text, of the kind and length that the shape tells already; drops nothing.
    fn write_content(&mut self, content: Content<'_>) {
        debug_assert_eq!(self.shape().kind(), content.kind_and_text().0);
        let Header { key_len, shape, .. } = *self.header();
        // SAFETY: the shape has a slot for this content, or room for this text after the key.
        unsafe {
            let slot = self.at(shape.slot_at());
            match content {
                Content::Short(StrRef::Fixed(text) | StrRef::Growing(text)) => {
                    debug_assert_eq!(shape.text_len(), text.len());
                    let at = self.at(shape.key_at() + key_len as usize);
                    at.copy_from_nonoverlapping(NonNull::from(text).cast(), text.len());
                }
                Content::Short(StrRef::Int(number)) => slot.cast().write(number),
                Content::Boxed(Value::Str(string)) => slot.cast().write(Box::new(string)),
                Content::Boxed(Value::Bloom(filter)) => slot.cast().write(filter),
                Content::Boxed(Value::Cuckoo(filter)) => slot.cast().write(filter),
                Content::Boxed(Value::Hash(hash)) => slot.cast().write(hash),
                Content::Boxed(Value::List(list)) => slot.cast().write(list),
                Content::Boxed(Value::Set(set)) => slot.cast().write(set),
                Content::Boxed(Value::Stream(stream)) => slot.cast().write(stream),
                Content::Boxed(Value::ZSet(zset)) => slot.cast().write(zset),
            }
        }
    }

    fn text(&self) -> &[u8] {
        let Header { key_len, shape, .. } = *self.header();
        // SAFETY: a text of this length was written after the key; the length is 0 where there is none.
        unsafe {
            let at = self.at(shape.key_at() + key_len as usize);
            std::slice::from_raw_parts(at.as_ptr(), shape.text_len())
        }
    }

    fn header(&self) -> &Header {
        // SAFETY: the header is written, and nobody changes it for as long as `self` is borrowed.
        unsafe { self.0.as_ref() }
    }

    fn shape(&self) -> Shape {
        self.header().shape
    }

    fn layout(&self) -> Layout {
        self.shape().layout(self.header().key_len as usize)
    }

    /// The byte at this offset.
    ///
    /// # Safety
    /// The offset must be within the piece or at its end.
    unsafe fn at(&self, offset: usize) -> NonNull<u8> {
        debug_assert!(offset <= self.layout().size());
        // SAFETY: by the caller's word.
        unsafe { self.0.cast::<u8>().add(offset) }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        drop(self.take_boxed());
        let layout = self.layout();
        // SAFETY: the memory came from `alloc` with this layout, and nothing within is left to be dropped.
        unsafe { dealloc(self.0.as_ptr().cast(), layout) };
    }
}

#[cfg(test)]
mod tests;
