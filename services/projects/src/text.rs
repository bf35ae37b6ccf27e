//! Texts that people enter.

/// True for a text of one line with `length` characters at most; an empty one is a line too.
pub(crate) fn is_line(text: &str, length: usize) -> bool {
    text.chars().count() <= length && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_count_and_not_bytes() {
        assert!(is_line("ééé", 3));
        assert!(!is_line("éééé", 3));
    }

    #[test]
    fn one_line_means_no_breaks_and_nothing_unprintable() {
        assert!(is_line("", 3));
        assert!(!is_line("a\nb", 3));
        assert!(!is_line("a\0", 3));
    }
}
