//! Bits of a byte string, numbered as Redis does it: bit 0 is the most significant of the first byte.

/// The bit at `offset`; beyond the end all bits are 0.
pub fn get(bytes: &[u8], offset: u64) -> bool {
    byte(bytes, offset / 8) & (0x80 >> (offset % 8)) != 0
}

/// Changes the bit at `offset`, which must lie within `bytes`; what it was before.
pub fn set(bytes: &mut [u8], offset: u64, bit: bool) -> bool {
    let old = get(bytes, offset);
    let (byte, mask) = (&mut bytes[(offset / 8) as usize], 0x80 >> (offset % 8));
    if bit {
        *byte |= mask;
    } else {
        *byte &= !mask;
    }
    old
}

/// How many bits from `first` to `last`, both included and within `bytes`, are 1.
pub fn count(bytes: &[u8], first: u64, last: u64) -> u64 {
    if first > last {
        return 0;
    }
    let touched = &bytes[(first / 8) as usize..=(last / 8) as usize];
    let (words, rest) = touched.as_chunks::<8>();
    let ones: u64 = words.iter().map(|word| u64::from(u64::from_ne_bytes(*word).count_ones())).sum::<u64>()
        + rest.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>();
    let before = touched[0] & !from_mask(first);
    let after = touched[touched.len() - 1] & !to_mask(last);
    ones - u64::from(before.count_ones()) - u64::from(after.count_ones())
}

/// The first bit from `first` to `last`, both included and within `bytes`, that is `bit`.
pub fn position(bytes: &[u8], bit: bool, first: u64, last: u64) -> Option<u64> {
    if first > last {
        return None;
    }
    // Looking for a 1 in the bytes, or in their complement.
    let flip = if bit { 0 } else { 0xff };
    let (start, end) = ((first / 8) as usize, (last / 8) as usize);
    let head = (bytes[start] ^ flip) & from_mask(first);
    let (at, byte) = if head != 0 {
        (start, head)
    } else {
        let rest = bytes[start + 1..=end].iter().position(|byte| byte ^ flip != 0)?;
        let at = start + 1 + rest;
        (at, bytes[at] ^ flip)
    };
    let found = at as u64 * 8 + u64::from(byte.leading_zeros());
    (found <= last).then_some(found)
}

/// The `width` (1 to 64) bits from `offset` on as an unsigned number; beyond the end all bits are 0.
pub fn field(bytes: &[u8], offset: u64, width: u32) -> u64 {
    let first = offset / 8;
    // 64 bits that do not begin with a byte lie in nine.
    let nine = (first..first + 9).fold(0_u128, |number, at| number << 8 | u128::from(byte(bytes, at)));
    let below = 72 - (offset % 8) as u32 - width;
    ((nine >> below) & mask(width)) as u64
}

/// Writes the low `width` (1 to 64) bits of `value` from `offset` on; they must lie within `bytes`.
pub fn set_field(bytes: &mut [u8], offset: u64, width: u32, value: u64) {
    let first = (offset / 8) as usize;
    let last = ((offset + u64::from(width) - 1) / 8) as usize;
    let touched = &mut bytes[first..=last];
    let below = touched.len() as u32 * 8 - (offset % 8) as u32 - width;
    let old = touched.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let new = old & !(mask(width) << below) | (u128::from(value) & mask(width)) << below;
    for (index, byte) in touched.iter_mut().rev().enumerate() {
        *byte = (new >> (8 * index)) as u8;
    }
}

fn byte(bytes: &[u8], index: u64) -> u8 {
    usize::try_from(index).ok().and_then(|index| bytes.get(index)).copied().unwrap_or(0)
}

fn mask(width: u32) -> u128 {
    (1 << width) - 1
}

/// The bits of a byte from that of `offset` on.
fn from_mask(offset: u64) -> u8 {
    0xff >> (offset % 8)
}

/// The bits of a byte up to that of `offset`.
fn to_mask(offset: u64) -> u8 {
    0xff << (7 - offset % 8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn model(bytes: &[u8]) -> Vec<bool> {
        bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte & (0x80 >> bit) != 0)).collect()
    }

    proptest! {
        #[test]
        fn counts_and_finds_as_a_list_of_bits_does(
            bytes in prop::collection::vec(prop_oneof![Just(0_u8), Just(0xff), any::<u8>()], 1..40),
            first in any::<prop::sample::Index>(),
            last in any::<prop::sample::Index>(),
        ) {
            let bits = model(&bytes);
            let (first, last) = (first.index(bits.len()), last.index(bits.len()));
            let range = if first <= last { &bits[first..=last] } else { &[] };
            let ones = range.iter().filter(|bit| **bit).count();
            prop_assert_eq!(count(&bytes, first as u64, last as u64), ones as u64);
            for wanted in [false, true] {
                let found = range.iter().position(|bit| *bit == wanted).map(|at| (first + at) as u64);
                prop_assert_eq!(position(&bytes, wanted, first as u64, last as u64), found);
            }
        }

        #[test]
        fn fields_are_read_as_they_were_written(
            mut bytes in prop::collection::vec(any::<u8>(), 20),
            offset in 0_u64..90,
            width in 1_u32..=64,
            value in any::<u64>(),
        ) {
            let before = model(&bytes);
            set_field(&mut bytes, offset, width, value);
            let kept = if width == 64 { value } else { value & ((1 << width) - 1) };
            prop_assert_eq!(field(&bytes, offset, width), kept);
            let after = model(&bytes);
            let field = offset as usize..offset as usize + width as usize;
            for at in (0..160).filter(|at| !field.contains(at)) {
                prop_assert_eq!(before[at], after[at], "bit {} is outside", at);
            }
        }
    }

    #[test]
    fn beyond_the_end_all_bits_are_zero() {
        assert_eq!((get(b"\xff", 7), get(b"\xff", 8), get(b"", u64::MAX)), (true, false, false));
        assert_eq!(field(b"\xff", 4, 8), 0xf0);
        let mut bytes = [0_u8; 2];
        assert!(!set(&mut bytes, 9, true));
        assert!(set(&mut bytes, 9, true));
        assert_eq!(bytes, [0, 0x40]);
    }
}
