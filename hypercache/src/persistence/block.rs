//! Compression of blocks: of the log's frames and of a snapshot's blocks.

use std::cell::RefCell;

use thiserror::Error;
use zstd::bulk::Compressor;
use zstd::bulk::Decompressor;
use zstd::zstd_safe;

use crate::config::Compression;

/// Zstandard's fastest level of the usual ones: a log is written while clients wait.
const ZSTD_LEVEL: i32 = 1;

/// LZ4's count of bytes before the block.
const LZ4_SIZE: usize = 4;

/// A block cannot be unpacked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BlockError {
    /// It would be larger than is allowed.
    #[error("a block of {size} bytes where at most {limit} are allowed")]
    TooLarge {
        /// What it says of itself.
        size: u64,
        /// What is allowed.
        limit: usize,
    },
    /// It is not what the compression makes.
    #[error("a block that is not {compression:?}: {reason}")]
    Malformed {
        /// What it should be.
        compression: Compression,
        /// What is wrong.
        reason: String,
    },
}

/// The number by which files name a compression.
pub fn code(compression: Compression) -> u8 {
    match compression {
        Compression::None => 0,
        Compression::Lz4 => 1,
        Compression::Zstd => 2,
    }
}

/// The compression that has this number.
pub fn from_code(code: u8) -> Option<Compression> {
    match code {
        0 => Some(Compression::None),
        1 => Some(Compression::Lz4),
        2 => Some(Compression::Zstd),
        _ => None,
    }
}

thread_local! {
    // Their tables take longer to set up than a small block takes to pack.
    static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Packs a block of less than 4 GiB. What comes out may be longer than what went in.
pub fn compress(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Lz4 => lz4_flex::block::compress_prepend_size(bytes),
        Compression::Zstd => PACKER.with_borrow_mut(|packer| {
            let packer = packer.get_or_insert_with(|| {
                Compressor::new(ZSTD_LEVEL).expect("the level is one that the library has")
            });
            packer.compress(bytes).expect("the buffer is as long as any result can be")
        }),
    }
}

/// Unpacks a block into at most `limit` bytes; takes no more memory than that, whatever the block says.
///
/// # Errors
/// It is too large, or not such a block.
pub fn decompress(compression: Compression, bytes: &[u8], limit: usize) -> Result<Vec<u8>, BlockError> {
    let malformed = |reason: String| BlockError::Malformed { compression, reason };
    let allowed = |size: u64| {
        usize::try_from(size).ok().filter(|size| *size <= limit).ok_or(BlockError::TooLarge { size, limit })
    };
    match compression {
        Compression::None => {
            allowed(bytes.len() as u64)?;
            Ok(bytes.to_vec())
        }
        Compression::Lz4 => {
            let size =
                bytes.first_chunk::<LZ4_SIZE>().ok_or_else(|| malformed("it is cut off".to_owned()))?;
            let size = allowed(u64::from(u32::from_le_bytes(*size)))?;
            let block = bytes.get(LZ4_SIZE..).unwrap_or_default();
            let unpacked =
                lz4_flex::block::decompress(block, size).map_err(|error| malformed(error.to_string()))?;
            if unpacked.len() != size {
                return Err(malformed(format!("{} bytes where {size} were announced", unpacked.len())));
            }
            Ok(unpacked)
        }
        Compression::Zstd => {
            let size = zstd_safe::get_frame_content_size(bytes)
                .ok()
                .flatten()
                .ok_or_else(|| malformed("it does not say its size".to_owned()))?;
            let size = allowed(size)?;
            let unpacked = UNPACKER.with_borrow_mut(|unpacker| {
                let unpacker = match unpacker {
                    Some(unpacker) => unpacker,
                    None => unpacker.insert(Decompressor::new()?),
                };
                unpacker.decompress(bytes, size)
            });
            unpacked.map_err(|error| malformed(error.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Compression; 3] = [Compression::None, Compression::Lz4, Compression::Zstd];

    #[test]
    fn each_compression_has_its_number() {
        for compression in ALL {
            assert_eq!(from_code(code(compression)), Some(compression));
        }
        assert_eq!(from_code(3), None);
    }

    #[test]
    fn what_is_alike_becomes_small_and_a_limit_holds() {
        let bytes = vec![b'a'; 100_000];
        for compression in [Compression::Lz4, Compression::Zstd] {
            let packed = compress(compression, &bytes);
            assert!(packed.len() < 1000, "{compression:?}: {}", packed.len());
            assert_eq!(
                decompress(compression, &packed, 99_999),
                Err(BlockError::TooLarge { size: 100_000, limit: 99_999 })
            );
        }
        assert!(decompress(Compression::None, &bytes, 99_999).is_err());
    }

    proptest! {
        #[test]
        fn what_was_packed_is_unpacked(bytes in prop::collection::vec(0u8..4, 0..5000)) {
            for compression in ALL {
                let packed = compress(compression, &bytes);
                prop_assert_eq!(decompress(compression, &packed, bytes.len()).unwrap(), bytes.clone());
            }
        }

        #[test]
        fn hostile_blocks_are_refused_or_stay_small(
            mut bytes in prop::collection::vec(any::<u8>(), 0..200),
            real in any::<bool>(),
            at in any::<prop::sample::Index>(),
            flip in 1u8..,
        ) {
            for compression in ALL {
                if real {
                    bytes = compress(compression, &bytes);
                    if !bytes.is_empty() {
                        let at = at.index(bytes.len());
                        bytes[at] ^= flip;
                    }
                }
                if let Ok(unpacked) = decompress(compression, &bytes, 1000) {
                    prop_assert!(unpacked.len() <= 1000);
                }
            }
        }
    }
}
