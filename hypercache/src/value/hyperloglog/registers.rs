//! Registers of several HyperLogLogs brought together, one byte each.

use crate::value::hyperloglog::Encoding;
use crate::value::hyperloglog::Fault;
use crate::value::hyperloglog::HEADER_BYTES;
use crate::value::hyperloglog::REGISTERS;
use crate::value::hyperloglog::add;
use crate::value::hyperloglog::check;
use crate::value::hyperloglog::dense;
use crate::value::hyperloglog::empty;
use crate::value::hyperloglog::encoding;
use crate::value::hyperloglog::estimate;
use crate::value::hyperloglog::make_dense;
use crate::value::hyperloglog::raise;
use crate::value::hyperloglog::sparse;

/// The registers, each the highest of those brought together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registers(Vec<u8>);

impl Default for Registers {
    fn default() -> Self {
        Self::new()
    }
}

impl Registers {
    /// Those of no element.
    pub fn new() -> Self {
        Self(vec![0; REGISTERS])
    }

    /// Those of one HyperLogLog; an error where it is none, or damaged.
    pub fn of(bytes: &[u8]) -> Result<Self, Fault> {
        let mut registers = Self::new();
        registers.merge(bytes)?;
        Ok(registers)
    }

    /// Takes in those of one more; nothing is taken in where it is none, or damaged.
    pub fn merge(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let found = check(bytes)?;
        let bytes = &bytes[HEADER_BYTES..];
        if found == Encoding::Dense {
            for (register, rank) in self.0.iter_mut().zip(dense::all(bytes)) {
                *register = rank.max(*register);
            }
            return Ok(());
        }
        let mut registers = self.0.iter_mut();
        for (rank, run) in sparse::runs(bytes) {
            registers.by_ref().take(run).for_each(|register| *register = rank.max(*register));
        }
        Ok(())
    }

    /// Raises those of a HyperLogLog that is whole to these.
    pub fn raise(&self, bytes: &mut Vec<u8>, sparse_bytes_max: usize) {
        for (register, rank) in self.0.iter().enumerate().filter(|(_, rank)| **rank > 0) {
            raise(bytes, register, *rank, sparse_bytes_max);
        }
    }

    /// All in order.
    pub fn all(&self) -> &[u8] {
        &self.0
    }

    /// The estimated cardinality.
    pub fn cardinality(&self) -> u64 {
        let mut histogram = [0; 64];
        self.0.iter().for_each(|rank| histogram[usize::from(rank & 0x3f)] += 1);
        estimate::cardinality(&histogram)
    }
}

/// Elements of the self-test, and the bytes from which on its sparse registers become dense.
const TEST_ELEMENTS: u64 = 3000;
const TEST_SPARSE_BYTES: usize = 600;

/// Adds elements made by `random` to dense registers and to sparse ones, and compares them; what went wrong.
pub fn self_test(mut random: impl FnMut() -> u64) -> Result<(), String> {
    let (mut narrow, mut wide) = (empty(), empty());
    make_dense(&mut wide);
    let mut checkpoint = 1;
    for added in 1..=TEST_ELEMENTS {
        let element = random().to_le_bytes();
        if add(&mut narrow, &element, TEST_SPARSE_BYTES) != add(&mut wide, &element, TEST_SPARSE_BYTES) {
            return Err(format!("TESTFAILED dense/sparse disagree after {added} elements"));
        }
        if added != checkpoint && added != TEST_ELEMENTS {
            continue;
        }
        checkpoint *= 10;
        if added <= 10 && encoding(&narrow) != Ok(Encoding::Sparse) {
            return Err("TESTFAILED sparse encoding not used".to_owned());
        }
        let (narrow, wide) = (Registers::of(&narrow), Registers::of(&wide));
        let Some(cardinality) = wide.as_ref().ok().filter(|_| narrow == wide).map(Registers::cardinality)
        else {
            return Err(format!("TESTFAILED dense/sparse disagree after {added} elements"));
        };
        // Six times the standard error of 1.04 divided by the root of how many registers there are.
        if cardinality.abs_diff(added) > added * 49 / 1000 + 1 {
            return Err(format!("TESTFAILED too big error: {cardinality} for {added} elements"));
        }
    }
    Ok(())
}
