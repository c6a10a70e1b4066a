//! The reader of values that `RESTORE` takes, fed with anything under a right checksum.

use hypercache::rdb::payload;
use hypercache::value::limits::Limits;

/// Bytes that a value may ask the allocator for, for each byte of its payload: compression has its limits, and a place in
/// an index costs a little.
const ALLOCATED_FOR_EACH: u64 = 2000;
/// And for the first.
const ALLOCATED_AT_ONCE: u64 = 1 << 20;

/// A value is read or refused; one that is read is written, and read again as one that is written in the same length.
/// `allocated` counts the bytes that this thread has asked for since it began.
pub fn run(data: &[u8], allocated: impl Fn() -> u64) {
    let before = allocated();
    let Ok(value) = payload::value_of(&payload::sealed(data.to_vec(), payload::VERSION), 7, &Limits::DEFAULT)
    else {
        return check_allocated(data, allocated() - before);
    };
    check_allocated(data, allocated() - before);
    let written = payload::of_value(value.view());
    drop(value);
    let again = payload::value_of(&written, 7, &Limits::DEFAULT).expect("what is written can be read");
    assert_eq!(payload::of_value(again.view()).len(), written.len(), "written, read and written");
}

fn check_allocated(data: &[u8], asked: u64) {
    let most = ALLOCATED_AT_ONCE + ALLOCATED_FOR_EACH * data.len() as u64;
    assert!(asked <= most, "{asked} bytes asked for by {} bytes", data.len());
}
