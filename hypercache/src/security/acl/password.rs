//! Passwords as they are kept: their SHA-256.

use std::hint::black_box;

use sha2::Digest as _;
use sha2::Sha256;

/// Hexadecimal digits of a hash.
const DIGITS: usize = 64;

/// The SHA-256 of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Of this password.
    pub fn of(password: &[u8]) -> Self {
        Self(Sha256::digest(password).into())
    }

    /// From 64 hexadecimal digits in lower case.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        if text.len() != DIGITS {
            return None;
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(text.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(hash))
    }

    /// The 64 digits.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether it is one of these; the time it takes tells nothing of how near it came.
    pub fn is_among(&self, hashes: &[Self]) -> bool {
        hashes.iter().fold(false, |found, other| {
            let difference =
                self.0.iter().zip(other.0).fold(0, |all, (left, right)| black_box(all | (left ^ right)));
            black_box(found | (difference == 0))
        })
    }
}

/// Never shown, not even as what it is kept as.
impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_redis_and_reads_back() {
        let hex = "34344e4d60c2b6d639b7bd22e18f2b0b91bc34bf0ac5f9952744435093cfb4e6";
        let hash = Hash::of(b"passwd4");
        assert_eq!(hash.hex(), hex);
        assert_eq!(Hash::parse(hex.as_bytes()), Some(hash.clone()));
        assert!(hash.is_among(&[Hash::of(b"x"), hash.clone(), Hash::of(b"y")]));
        assert!(!hash.is_among(&[Hash::of(b"x")]) && !hash.is_among(&[]));
        let mut upper = hex.to_owned();
        upper.replace_range(2..3, "A");
        for bad in [&hex[1..], &upper, "", &format!("{}q", &hex[1..])] {
            assert_eq!(Hash::parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(format!("{hash:?}"), "(hidden)");
    }
}
