//! Names and telephone numbers of people.

/// The initials of a name, for its circle: "Maya Okafor" gives "MO".
pub(crate) fn initials(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let ends = match words.as_slice() {
        [] => return String::new(),
        [only] => vec![*only],
        [first, .., last] => vec![*first, *last],
    };
    ends.iter()
        .filter_map(|word| word.chars().next())
        .flat_map(char::to_uppercase)
        .collect()
}

/// The first word of a name, to greet with.
pub(crate) fn first_name(name: &str) -> &str {
    name.split_whitespace().next().unwrap_or(name)
}

/// A telephone number as a `tel:` link: digits alone, and ten of them are read as a number of North America.
pub(crate) fn telephone_link(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if number.trim_start().starts_with('+') {
        format!("tel:+{digits}")
    } else if digits.len() == 10 {
        format!("tel:+1{digits}")
    } else {
        format!("tel:{digits}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shortened() {
        assert_eq!(initials("Maya Okafor"), "MO");
        assert_eq!(initials("Ana"), "A");
        assert_eq!(initials("José María de la Cruz"), "JC");
        assert_eq!(initials(""), "");
        assert_eq!(first_name("Maya Okafor"), "Maya");
    }

    #[test]
    fn telephone_links_hold_digits_alone() {
        assert_eq!(telephone_link("(503) 555-0142"), "tel:+15035550142");
        assert_eq!(telephone_link("+44 20 7946 0000"), "tel:+442079460000");
        assert_eq!(telephone_link("1-503-555-0142"), "tel:15035550142");
    }
}
