//! Rules for texts that people enter; lengths are in characters, not in bytes.

use std::ops::RangeBounds;

/// True for a text of one line that has one of these lengths; no control character is part of a line.
pub fn is_line(text: &str, lengths: impl RangeBounds<usize>) -> bool {
    lengths.contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// True for a text of any lines that has one of these lengths; PostgreSQL takes no NUL.
pub fn is_text(text: &str, lengths: impl RangeBounds<usize>) -> bool {
    lengths.contains(&text.chars().count()) && !text.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_count_and_not_bytes() {
        assert!(is_line("ééé", 1..=3));
        assert!(!is_line("éééé", 1..=3));
        assert!(is_text("ééé", ..=3));
        assert!(!is_text("éééé", ..=3));
    }

    #[test]
    fn an_empty_text_is_one_too() {
        assert!(is_line("", ..=3));
        assert!(!is_line("", 1..=3));
    }

    #[test]
    fn a_line_has_no_breaks_and_nothing_unprintable() {
        assert!(!is_line("Sam\r\nBcc: all@okafor.example", ..=200));
        assert!(!is_line("a\0", ..=3));
        assert!(is_text("a\nb", ..=3));
        assert!(!is_text("a\0", ..=3));
    }
}
