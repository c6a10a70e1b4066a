//! Numbers as C's library reads and writes them.

/// `number` as `printf("%.<precision>g")` writes it; `precision` from 1.
pub fn general(number: f64, precision: usize) -> String {
    if number.is_nan() {
        return if number.is_sign_negative() { "-nan" } else { "nan" }.to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:.*e}", precision - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    let digits = i32::try_from(precision).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= digits {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.unsigned_abs());
    }
    let decimals = usize::try_from(digits - 1 - exponent).unwrap_or(0);
    trimmed(&format!("{number:.decimals$}"))
}

/// The number that `text` begins with, as `strtod` reads it, and how many bytes it takes; none where there is no number.
pub fn leading(text: &[u8]) -> Option<(f64, usize)> {
    let signed = text.first().is_some_and(|byte| matches!(byte, b'+' | b'-'));
    let negative = text.first() == Some(&b'-');
    let start = usize::from(signed);
    let rest = &text[start..];
    let (number, length) = word(rest).or_else(|| hexadecimal(rest)).or_else(|| decimal(rest))?;
    Some((if negative { -number } else { number }, start + length))
}

fn word(text: &[u8]) -> Option<(f64, usize)> {
    let begins =
        |word: &str| text.get(..word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    let words = [("infinity", f64::INFINITY), ("inf", f64::INFINITY), ("nan", f64::NAN)];
    words.iter().find(|(word, _)| begins(word)).map(|(word, number)| (*number, word.len()))
}

fn digits(text: &[u8], is_digit: fn(&u8) -> bool) -> usize {
    text.iter().take_while(|byte| is_digit(byte)).count()
}

fn decimal(text: &[u8]) -> Option<(f64, usize)> {
    let whole = digits(text, u8::is_ascii_digit);
    let mut end = whole;
    let mut fraction = 0;
    if text.get(end) == Some(&b'.') {
        fraction = digits(&text[end + 1..], u8::is_ascii_digit);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    end += exponent(&text[end..], b'e').map_or(0, |(_, length)| length);
    let number = std::str::from_utf8(&text[..end]).ok()?.parse().ok()?;
    Some((number, end))
}

/// An exponent after `mark`, and its length; one that is out of range counts as very large.
fn exponent(text: &[u8], mark: u8) -> Option<(i32, usize)> {
    text.first().filter(|byte| byte.to_ascii_lowercase() == mark)?;
    let signed = text.get(1).is_some_and(|byte| matches!(byte, b'+' | b'-'));
    let start = 1 + usize::from(signed);
    let length = digits(&text[start..], u8::is_ascii_digit);
    if length == 0 {
        return None;
    }
    let value = std::str::from_utf8(&text[start..start + length]).ok()?.parse().unwrap_or(100_000);
    Some((if text[1] == b'-' { -value } else { value }, start + length))
}

fn hexadecimal(text: &[u8]) -> Option<(f64, usize)> {
    if !text.get(..2)?.eq_ignore_ascii_case(b"0x") {
        return None;
    }
    let mut number = 0.0;
    let whole = digits(&text[2..], u8::is_ascii_hexdigit);
    let digit = |byte: &u8| f64::from(char::from(*byte).to_digit(16).unwrap_or(0));
    text[2..2 + whole].iter().for_each(|byte| number = number * 16.0 + digit(byte));
    let mut end = 2 + whole;
    let mut fraction = 0;
    if text.get(end) == Some(&b'.') {
        fraction = digits(&text[end + 1..], u8::is_ascii_hexdigit);
        let mut unit = 1.0 / 16.0;
        for byte in &text[end + 1..end + 1 + fraction] {
            number += digit(byte) * unit;
            unit /= 16.0;
        }
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        // The zero alone is the number.
        return Some((0.0, 1));
    }
    if let Some((power, length)) = exponent(&text[end..], b'p') {
        number *= 2.0_f64.powi(power);
        end += length;
    }
    Some((number, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_printf_writes_them() {
        for (number, precision, text) in [
            (0.0, 14, "0"),
            (-0.0, 14, "-0"),
            (1.0, 14, "1"),
            (0.1, 14, "0.1"),
            (1.0 / 3.0, 14, "0.33333333333333"),
            (1.0 / 3.0, 3, "0.333"),
            (1e14, 14, "1e+14"),
            (123_456_789_012_345.0, 14, "1.2345678901234e+14"),
            (99_999_999_999_999.0, 14, "99999999999999"),
            (0.0001, 14, "0.0001"),
            (0.00001, 14, "1e-05"),
            (1e300, 14, "1e+300"),
            (9.999, 1, "1e+01"),
            (f64::INFINITY, 14, "inf"),
        ] {
            assert_eq!(general(number, precision), text, "{number}");
        }
    }

    #[test]
    fn numbers_are_read_as_strtod_reads_them() {
        for (text, number, length) in [
            ("1", 1.0, 1),
            ("-1.5e3,", -1500.0, 6),
            ("01", 1.0, 2),
            (".5", 0.5, 2),
            ("1.", 1.0, 2),
            ("1e", 1.0, 1),
            ("1e+", 1.0, 1),
            ("1e999", f64::INFINITY, 5),
            ("0x10", 16.0, 4),
            ("0x.8p1", 1.0, 6),
            ("0xg", 0.0, 1),
            ("-infinityx", f64::NEG_INFINITY, 9),
            ("Inf", f64::INFINITY, 3),
            ("+3", 3.0, 2),
        ] {
            assert_eq!(leading(text.as_bytes()), Some((number, length)), "{text}");
        }
        assert!(leading(b"nan").is_some_and(|(number, length)| number.is_nan() && length == 3));
        for text in ["", "-", ".", "e5", "x", "-.e1"] {
            assert_eq!(leading(text.as_bytes()), None, "{text}");
        }
    }
}
