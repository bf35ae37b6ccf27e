//! Degrees of latitude and longitude in a form, kept as millionths.

/// Reads degrees with decimals as millionths; more than six decimals are cut off.
pub(crate) fn read(text: &str) -> Option<i32> {
    let (sign, digits) = match text.strip_prefix(['-', '−']) {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || !is_digits(whole) || !is_digits(decimals) {
        return None;
    }
    let cut = &decimals[..decimals.len().min(6)];
    let whole: i32 = whole.parse().ok()?;
    let decimals: i32 = format!("{cut:0<6}").parse().ok()?;
    Some(sign * (whole * 1_000_000 + decimals))
}

/// Millionths as degrees, without zeros at the end.
pub(crate) fn show(millionths: i32) -> String {
    let sign = if millionths < 0 { "-" } else { "" };
    let size = millionths.unsigned_abs();
    let text = format!("{sign}{}.{:06}", size / 1_000_000, size % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_read_and_shown() {
        for (text, expected) in [
            ("45.5152", 45_515_200),
            ("-122.678412", -122_678_412),
            ("−122.6", -122_600_000),
            ("0", 0),
            ("-0.000001", -1),
            ("45.51520099", 45_515_200),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for text in ["", "-", "45,5", "45°", "1e2", ".5", "1000", "4 5"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(show(-122_678_400), "-122.6784");
        assert_eq!(show(0), "0");
    }
}
