//! Numbers as Redis reads, adds and writes them.

/// A canonical decimal: optional minus, no leading zeros, no spaces, no plus, within 64 bits.
pub fn decimal(digits: &[u8]) -> Option<i64> {
    let (negative, digits) = match digits {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, digits),
    };
    match digits {
        [] => return None,
        [b'0'] if !negative => return Some(0),
        [b'0', ..] => return None,
        _ if digits.len() > 19 => return None,
        _ => {}
    }
    let mut number: i64 = 0;
    for &digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        // Counting downwards reaches i64::MIN, which has no positive twin.
        number = number.checked_mul(10)?.checked_sub(i64::from(digit))?;
    }
    if negative { Some(number) } else { number.checked_neg() }
}

/// A floating-point number as Redis accepts it, which is as C reads it: decimal or hexadecimal, no spaces, `inf` and
/// `-inf` allowed. Not-a-number is refused, and so is what is too large or too small for 64 bits.
pub fn float(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let (negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if let [b'0', b'x' | b'X', digits @ ..] = digits {
        let number = hexadecimal(digits)?;
        return Some(if negative { -number } else { number });
    }
    let number = text.parse::<f64>().ok()?;
    let named = digits.first().is_some_and(u8::is_ascii_alphabetic);
    let mantissa = digits.split(|byte| matches!(byte, b'e' | b'E')).next().unwrap_or_default();
    let vanished = number == 0.0 && mantissa.iter().any(|byte| matches!(byte, b'1'..=b'9'));
    let fits = if named { !number.is_nan() } else { number.is_finite() && !vanished };
    fits.then_some(number)
}

/// Hexadecimal digits with or without a point, and a power of two after `p`.
fn hexadecimal(digits: &[u8]) -> Option<f64> {
    let end = digits.iter().position(|byte| matches!(byte, b'p' | b'P'));
    let (mantissa, power) = digits.split_at(end.unwrap_or(digits.len()));
    let power: i64 = match power {
        [] => 0,
        [_, b'+', power @ ..] => decimal_with_zeros(power)?,
        [_, b'-', power @ ..] => -decimal_with_zeros(power)?,
        [_, power @ ..] => decimal_with_zeros(power)?,
    };
    let (mut units, mut exponent, mut point, mut seen) = (0_u64, power, false, false);
    for &byte in mantissa {
        if byte == b'.' && !point {
            point = true;
            continue;
        }
        let digit = u64::from(char::from(byte).to_digit(16)?);
        seen = true;
        // What does not fit any more counts only where the rest lies just between two numbers.
        if units >> 60 == 0 {
            units = units << 4 | digit;
            exponent -= if point { 4 } else { 0 };
        } else {
            units |= u64::from(digit != 0);
            exponent += if point { 0 } else { 4 };
        }
    }
    let number = scaled(units as f64, exponent);
    (seen && number.is_finite() && (number != 0.0 || units == 0)).then_some(number)
}

/// Digits only, leading zeros allowed; large numbers are cut off.
fn decimal_with_zeros(digits: &[u8]) -> Option<i64> {
    let number = |sum: i64, digit: &u8| {
        digit.is_ascii_digit().then(|| (10 * sum + i64::from(digit - b'0')).min(1 << 40))
    };
    (!digits.is_empty()).then(|| digits.iter().try_fold(0, number))?
}

/// `number` times two to the power of `exponent`, in steps that stay exact as long as the result is no tiny number.
fn scaled(mut number: f64, exponent: i64) -> f64 {
    const STEP: i64 = 512;
    let mut left = exponent.clamp(-4096, 4096);
    while left != 0 {
        let step = left.clamp(-STEP, STEP);
        number *= 2_f64.powi(step as i32);
        left -= step;
    }
    number
}

/// Digits after the point that `INCRBYFLOAT` writes at most.
const FRACTION_DIGITS_MAX: u32 = 17;

/// The sum of two numbers as `INCRBYFLOAT` writes it: without exponent, at most 17 digits after the point, trailing
/// zeros removed. `None` where the sum is not finite.
///
/// Redis adds in 80-bit floats and so hides the error of binary fractions from its users (0.1 + 0.2 is 0.3). Decimal
/// arithmetic on the digits as written gives the same without such floats; binary is left for numbers that do not fit.
pub fn add_decimal(left: &[u8], right: &[u8]) -> Option<String> {
    if let (Some(left), Some(right)) = (Decimal::parse(left), Decimal::parse(right))
        && let Some(sum) = left.plus(right)
    {
        return Some(sum.to_string());
    }
    let sum = float(left)? + float(right)?;
    sum.is_finite().then(|| trimmed(format!("{sum:.17}")))
}

/// `units` divided by ten to the power of `scale`.
#[derive(Clone, Copy)]
struct Decimal {
    units: i128,
    scale: u32,
}

impl Decimal {
    fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let scale = i32::try_from(fraction.len()).ok()? - exponent;
        let units: i128 = format!("{whole}{fraction}").parse().ok()?;
        if scale < 0 {
            let factor = 10_i128.checked_pow(scale.unsigned_abs())?;
            return Some(Self { units: units.checked_mul(factor)?, scale: 0 });
        }
        let scale = scale.unsigned_abs();
        (scale <= FRACTION_DIGITS_MAX).then_some(Self { units, scale })
    }

    fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let units = self.scaled(scale)?.checked_add(other.scaled(scale)?)?;
        Some(Self { units, scale })
    }

    fn scaled(self, scale: u32) -> Option<i128> {
        self.units.checked_mul(10_i128.checked_pow(scale - self.scale)?)
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let factor = 10_u128.pow(self.scale);
        let (whole, fraction) = (self.units.unsigned_abs() / factor, self.units.unsigned_abs() % factor);
        let sign = if self.units < 0 { "-" } else { "" };
        let width = self.scale as usize;
        f.write_str(&trimmed(format!("{sign}{whole}.{fraction:0width$}")))
    }
}

/// A finite number as Redis writes it for people: without exponent, at most 17 digits after the point, trailing zeros
/// removed.
pub fn plain(number: f64) -> String {
    trimmed(format!("{number:.17}"))
}

fn trimmed(text: String) -> String {
    if !text.contains('.') {
        return text;
    }
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_decimals_as_redis_does() {
        for (text, number) in
            [("0", 0), ("-1", -1), ("9223372036854775807", i64::MAX), ("-9223372036854775808", i64::MIN)]
        {
            assert_eq!(decimal(text.as_bytes()), Some(number), "{text}");
        }
        for text in
            ["", "-", "+1", "01", "-0", " 1", "1 ", "9223372036854775808", "99999999999999999999", "1a"]
        {
            assert_eq!(decimal(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn reads_floats_as_c_does() {
        for (text, number) in [
            ("1.5", 1.5),
            ("-1e3", -1000.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("+3", 3.0),
            ("0e999", 0.0),
            ("inf", f64::INFINITY),
            ("-INFINITY", f64::NEG_INFINITY),
            ("0x10", 16.0),
            ("-0X1.8", -1.5),
            ("0x1p10", 1024.0),
            ("0x.8P-1", 0.25),
            ("0x7FFFFFFFFFFFFF01", 9_223_372_036_854_775_553.0),
            ("0x1fffffffffffff8000000000000001", 0x20_0000_0000_0000_u64 as f64 * 2_f64.powi(64)),
            ("0x0p99999999999", 0.0),
        ] {
            assert_eq!(float(text.as_bytes()), Some(number), "{text}");
        }
        for text in [
            "",
            " 1",
            "1 ",
            "nan",
            "-nan",
            "x",
            "1e400",
            "1e-400",
            "0x",
            "0x.",
            "0xg",
            "0x1p",
            "0x1p-",
            "0x1.1.1",
            "--0x1",
            "0x1p99999",
            "0x1p-99999",
            "1_0",
        ] {
            assert_eq!(float(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn adds_decimals_without_binary_error() {
        let cases = [
            ("0.1", "0.2", "0.3"),
            ("10.50", "0.1", "10.6"),
            ("5.0e3", "2.0e2", "5200"),
            ("3", "-3", "0"),
            ("-1.5", "0.25", "-1.25"),
            ("1", "1e20", "100000000000000000001"),
        ];
        for (left, right, sum) in cases {
            assert_eq!(
                add_decimal(left.as_bytes(), right.as_bytes()).as_deref(),
                Some(sum),
                "{left} + {right}"
            );
        }
        assert_eq!(add_decimal(b"1e308", b"1e308").as_deref().map(str::len), None);
        assert_eq!(add_decimal(b"1", b"abc"), None);
        assert_eq!(add_decimal(b"inf", b"1"), None);
    }
}
