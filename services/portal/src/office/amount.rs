//! Amounts of dollars in a form: read strictly, shown the way they are read.

/// Reads an amount as people type it: "86,400.00", "86400" or "$86,400.00"; never a sign, and commas only where they
/// belong, so that a slip is asked about and not guessed at.
pub(crate) fn read(text: &str) -> Option<i64> {
    let text = text.trim();
    let text = text.strip_prefix('$').unwrap_or(text).trim_start();
    let (whole, cents) = text.split_once('.').unwrap_or((text, "00"));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let is_grouped = rest
        .iter()
        .all(|group| group.len() == 3 && is_digits(group));
    let is_begun = !first.is_empty() && is_digits(first) && (rest.is_empty() || first.len() <= 3);
    if !(is_grouped && is_begun && cents.len() == 2 && is_digits(cents)) {
        return None;
    }
    let digits = format!("{first}{}{cents}", rest.concat());
    digits.parse().ok()
}

/// An amount as the form shows it: "86,400.00".
pub(crate) fn show(minor_units: i64) -> String {
    let digits = (minor_units / 100).to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{text}.{:02}", minor_units % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_strictly() {
        for (text, expected) in [
            ("86,400.00", 8_640_000),
            ("86400", 8_640_000),
            (" $ 1,234,567.89 ", 123_456_789),
            ("0", 0),
            ("0.05", 5),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "$",
            "-5",
            "86.400,00",
            "86,40",
            "864,00.00",
            "1234,567",
            ",400",
            "5.0",
            "5.",
            ".50",
            "1e3",
            "86 400",
            "99999999999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_the_form_shows_it_reads_again() {
        for units in [0, 5, 99_999, 8_640_000, 123_456_789] {
            assert_eq!(read(&show(units)), Some(units));
        }
        assert_eq!(show(8_640_000), "86,400.00");
    }
}
