//! What the allocator really gives for a piece of memory.

/// Smallest distance of two sizes.
const QUANTUM: usize = 16;
/// Up to here sizes are multiples of the quantum, from here on there are four to each power of two.
const EVEN_BYTES_MAX: usize = 128;

/// Bytes that jemalloc takes for `bytes` of memory, as its manual lists them (jemalloc 5, quantum of 16 bytes): 8, the
/// multiples of 16 up to 128, then four sizes between one power of two and the next.
pub fn size_class(bytes: usize) -> usize {
    match bytes {
        0 => 0,
        1..=8 => 8,
        9..=EVEN_BYTES_MAX => bytes.next_multiple_of(QUANTUM),
        // The largest sizes have no power of two above them; nothing that large is ever asked for.
        _ => bytes.checked_next_power_of_two().map_or(bytes, |power| bytes.next_multiple_of(power / 8)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_manual() {
        let listed = [
            8, 16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024,
            1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096, 5120, 6144, 7168, 8192, 10240, 12288, 14336,
            16384, 20480,
        ];
        let mut smaller = 0;
        for size in listed {
            for bytes in [smaller + 1, (smaller + 1 + size) / 2, size] {
                assert_eq!(size_class(bytes), size, "{bytes}");
            }
            smaller = size;
        }
        assert_eq!((size_class(0), size_class((5 << 20) + 1)), (0, 6 << 20));
        assert_eq!(size_class(usize::MAX), usize::MAX);
    }
}
