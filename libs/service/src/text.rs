//! Rules for texts that people enter; lengths are in characters, not in bytes.

use std::ops::RangeBounds;

use email_address::{EmailAddress, Options};

/// The most bytes of an address that RFC 5321 lets through.
const LONGEST_EMAIL: usize = 254;

/// True for a text of one line that has one of these lengths; no control character is part of a line.
pub fn is_line(text: &str, lengths: impl RangeBounds<usize>) -> bool {
    lengths.contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// True for a text of any lines that has one of these lengths; PostgreSQL takes no NUL.
pub fn is_text(text: &str, lengths: impl RangeBounds<usize>) -> bool {
    lengths.contains(&text.chars().count()) && !text.contains('\0')
}

/// True for an email address that mail can reach.
///
/// A domain without a dot is a host of one's own network: allowed by the grammar, never meant by a person.
pub fn is_email(text: &str) -> bool {
    let options = Options::default()
        .without_display_text()
        .without_domain_literal();
    let has_dot = |address: EmailAddress| {
        let domain = address.domain();
        domain.contains('.') && !domain.ends_with('.')
    };
    text.len() <= LONGEST_EMAIL
        && EmailAddress::parse_with_options(text, options).is_ok_and(has_dot)
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
