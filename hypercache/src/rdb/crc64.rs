//! The checksum at the end of RDB files and of `DUMP` payloads: CRC-64 with the polynomial of David T. Jones, reflected,
//! without start value and final exclusive or (<https://reveng.sourceforge.io/crc-catalogue/all.htm>, CRC-64/REDIS).

/// The polynomial 0xad93d23594c935a9 with its bits in reverse.
const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;

/// What a byte contributes that has so many bytes behind it, so that eight bytes are taken in at once.
static TABLES: [[u64; 256]; 8] = tables();

const fn tables() -> [[u64; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut behind = 1;
    while behind < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[behind - 1][byte];
            tables[behind][byte] = before >> 8 ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        behind += 1;
    }
    tables
}

/// The checksum of what `crc` is the checksum of, 0 for nothing, followed by `bytes`.
pub fn crc64(crc: u64, bytes: &[u8]) -> u64 {
    let (eights, rest) = bytes.as_chunks::<8>();
    let crc = eights.iter().fold(crc, |crc, eight| {
        let mixed = (crc ^ u64::from_le_bytes(*eight)).to_le_bytes();
        let contributions = mixed.iter().zip(TABLES.iter().rev());
        contributions.fold(0, |sum, (byte, table)| sum ^ table[usize::from(*byte)])
    });
    rest.iter().fold(crc, |crc, byte| crc >> 8 ^ TABLES[0][usize::from(crc.to_le_bytes()[0] ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts_have_known_checksums() {
        assert_eq!(crc64(0, b""), 0);
        assert_eq!(crc64(0, b"123456789"), 0xe9c6_d914_c4b8_d9ca);
    }

    #[test]
    fn a_text_may_be_taken_in_pieces() {
        let text: Vec<u8> = (0..100).collect();
        let whole = crc64(0, &text);
        for cut in 0..text.len() {
            assert_eq!(crc64(crc64(0, &text[..cut]), &text[cut..]), whole, "{cut}");
        }
    }
}
