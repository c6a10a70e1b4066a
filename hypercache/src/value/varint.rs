//! Lengths in as few bytes as they need: seven bits a byte, the lowest first, the high bit set on all but the last.

/// Appends `number`.
pub fn push(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Bytes that `push` appends for `number`.
pub fn width(number: usize) -> usize {
    (usize::BITS - (number | 1).leading_zeros()).div_ceil(7) as usize
}

/// Reads the number that `bytes` begin with, and what follows it. The bytes must come from `push`.
pub fn split(bytes: &[u8]) -> (usize, &[u8]) {
    let (mut number, mut shift) = (0, 0);
    for (at, byte) in bytes.iter().enumerate() {
        number |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return (number, &bytes[at + 1..]);
        }
        shift += 7;
    }
    unreachable!("a number ends before its bytes do: nobody else writes here")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for number in [0, 1, 127, 128, 300, 16_383, 16_384, u32::MAX as usize, usize::MAX] {
            let mut bytes = Vec::new();
            push(&mut bytes, number);
            assert_eq!(bytes.len(), width(number));
            bytes.extend_from_slice(b"rest");
            assert_eq!(split(&bytes), (number, &b"rest"[..]));
        }
    }
}
