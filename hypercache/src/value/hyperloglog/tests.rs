use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::value::hyperloglog::hash::rank_of;

const SPARSE_BYTES: usize = 3000;

#[test]
fn an_empty_one_is_as_redis_writes_it() {
    assert_eq!(empty(), b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff");
    assert_eq!((cached(&empty()), Registers::of(&empty()).unwrap().cardinality()), (Some(0), 0));
}

#[test]
fn runs_are_divided_and_joined() {
    let mut bytes = empty();
    for register in [0, 2, 1, 3, 4, 16_383] {
        assert!(raise(&mut bytes, register, 5, SPARSE_BYTES));
        assert!(!raise(&mut bytes, register, 5, SPARSE_BYTES));
    }
    assert_eq!(told_runs(&bytes).unwrap().unwrap(), "v:5,4 v:5,1 Z:16378 v:5,1");
    assert!(raise(&mut bytes, 2, 7, SPARSE_BYTES));
    assert_eq!(told_runs(&bytes).unwrap().unwrap(), "v:5,2 v:7,1 v:5,2 Z:16378 v:5,1");
    assert!(raise(&mut bytes, 10, 1, SPARSE_BYTES));
    assert_eq!(told_runs(&bytes).unwrap().unwrap(), "v:5,2 v:7,1 v:5,2 z:5 v:1,1 Z:16372 v:5,1");
}

#[test]
fn sparse_registers_become_dense_where_they_are_too_long_or_too_high() {
    let mut bytes = empty();
    assert!(raise(&mut bytes, 9, 32, 30));
    assert_eq!(encoding(&bytes), Ok(Encoding::Sparse));
    assert!(raise(&mut bytes, 9, 33, 30));
    assert_eq!((encoding(&bytes), bytes.len()), (Ok(Encoding::Dense), 12_304));
    let mut bytes = empty();
    assert!(raise(&mut bytes, 9, 1, 18));
    assert_eq!(encoding(&bytes), Ok(Encoding::Dense));
    assert_eq!(Registers::of(&bytes).unwrap().all()[9], 1);
}

#[test]
fn the_cached_cardinality_is_forgotten_and_kept() {
    let mut bytes = empty();
    forget_cached(&mut bytes);
    assert_eq!(cached(&bytes), None);
    cache(&mut bytes, 0x0102_0304);
    assert_eq!((cached(&bytes), &bytes[8..16]), (Some(0x0102_0304), &b"\x04\x03\x02\x01\0\0\0\0"[..]));
    make_dense(&mut bytes);
    assert_eq!(cached(&bytes), Some(0x0102_0304));
}

#[test]
fn the_error_is_as_small_as_it_should_be() {
    for seed in 0..4_u64 {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state
        };
        assert_eq!(self_test(next), Ok(()), "{seed}");
    }
    assert!(self_test(|| 7).is_err(), "one element over and over is one only");
}

#[test]
fn strangers_and_damaged_ones_are_refused() {
    let long = |encoding: u8, bytes: usize| [&b"HYLL"[..], &[encoding], &vec![0; bytes - 5]].concat();
    for bytes in [
        b"".to_vec(),
        b"HYLL".to_vec(),
        b"0123456789abcdef".to_vec(),
        long(2, 18),
        long(0, 12_303),
        long(0, 12_305),
    ] {
        assert_eq!(check(&bytes), Err(Fault::Foreign));
    }
    let runs = |runs: &[u8]| [&long(1, 16), runs].concat();
    for bytes in [
        runs(b""),
        runs(b"\x7f"),
        runs(b"\x7f\xff\0"),
        runs(b"\x7f\xfe"),
        runs(b"\x7f\xff\x40"),
        runs(&[0; 20_000]),
    ] {
        assert_eq!((encoding(&bytes), check(&bytes)), (Ok(Encoding::Sparse), Err(Fault::Damaged)));
        assert_eq!(Registers::of(&bytes), Err(Fault::Damaged));
    }
    assert_eq!(check(&long(0, 12_304)), Ok(Encoding::Dense));
}

proptest! {
    /// Sparse and dense registers, and a plain array of the highest ranks, always agree.
    #[test]
    fn registers_are_the_highest_ranks(
        elements in prop::collection::vec(any::<u16>(), 0..400),
        narrow in prop_oneof![Just(40_usize), Just(300), Just(SPARSE_BYTES)],
    ) {
        let mut model = vec![0; REGISTERS];
        let (mut one, mut other) = (empty(), empty());
        make_dense(&mut other);
        for element in &elements {
            let element = element.to_string();
            let (register, rank) = rank_of(element.as_bytes());
            let rises = rank > model[register];
            model[register] = rank.max(model[register]);
            prop_assert_eq!(lacks(&one, element.as_bytes()), rises);
            prop_assert_eq!(lacks(&other, element.as_bytes()), rises);
            prop_assert_eq!(add(&mut one, element.as_bytes(), narrow), rises);
            prop_assert_eq!(add(&mut other, element.as_bytes(), narrow), rises);
            prop_assert!(check(&one).is_ok());
            prop_assert!(one.len() <= narrow || encoding(&one) == Ok(Encoding::Dense));
        }
        for bytes in [&one, &other] {
            let registers = Registers::of(bytes).unwrap();
            prop_assert_eq!(registers.all(), &model[..]);
            let different = elements.iter().collect::<HashSet<_>>().len() as u64;
            prop_assert!(registers.cardinality().abs_diff(different) <= different / 20 + 2);
        }
        let mut merged = empty();
        Registers::of(&other).unwrap().raise(&mut merged, SPARSE_BYTES);
        let merged = Registers::of(&merged).unwrap();
        prop_assert_eq!(merged.all(), &model[..]);
    }

    /// Whatever a string holds, it is refused or worked on.
    #[test]
    fn no_bytes_make_it_panic(
        runs in prop::collection::vec(any::<u8>(), 0..40),
        encoding in 0..3_u8,
        full in any::<bool>(),
        element in any::<u64>(),
    ) {
        let mut bytes = header(encoding);
        bytes.extend_from_slice(&runs);
        if full {
            bytes.resize(HEADER_BYTES + dense::BYTES, 0xff);
        }
        let whole = check(&bytes);
        prop_assert_eq!(Registers::of(&bytes).map(drop), whole.map(drop));
        prop_assert_eq!(told_runs(&bytes).map(drop), whole.map(drop));
        if whole.is_ok() {
            add(&mut bytes, &element.to_le_bytes(), SPARSE_BYTES);
            prop_assert!(check(&bytes).is_ok());
        }
    }
}
