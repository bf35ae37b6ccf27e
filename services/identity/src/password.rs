//! Which passwords are taken: long ones that are not among the first a stranger would try.
//!
//! There are no rules of composition: they make people write `Password1!` and stop there (NIST SP 800-63B, 3.1.1.2).

use crate::account::Kind;

/// Passwords of twelve characters or more that are tried first, sorted, in lower case.
const COMMON: &str = include_str!("password/common.txt");

const MIN_CLIENT: usize = 12;
/// The office sees every client, and has no second factor yet.
const MIN_OFFICE: usize = 15;
const MAX: usize = 128;
/// What must be left of a password without the words that a stranger knows.
const MIN_OWN: usize = 6;
/// Shorter words stand inside other words by chance.
const MIN_KNOWN: usize = 4;
/// Blocks such as "abc" that a password may not consist of.
const MAX_BLOCK: usize = 4;

/// Whose password it is.
pub(crate) struct Whose<'a> {
    pub(crate) kind: Kind,
    pub(crate) company: &'a str,
    pub(crate) email: &'a str,
}

/// What is wrong with a password, ready for a person's eyes; none where it is taken.
pub(crate) fn problem(password: &str, whose: &Whose) -> Option<&'static str> {
    let length = password.chars().count();
    match whose.kind {
        Kind::Client if length < MIN_CLIENT => return Some("Use 12 characters or more"),
        Kind::Office if length < MIN_OFFICE => return Some("Use 15 characters or more"),
        _ if length > MAX => return Some("Use 128 characters at most"),
        _ => {}
    }
    let lower = password.to_lowercase();
    if repeats_a_block(&lower) {
        return Some("This repeats the same characters: use several words");
    }
    if COMMON.lines().any(|common| common == lower) {
        return Some("This is among the passwords that are tried first: choose another");
    }
    if is_mostly_known(&lower, whose) {
        return Some("This is made of your company's name or your address: choose another");
    }
    None
}

fn repeats_a_block(password: &str) -> bool {
    let characters: Vec<char> = password.chars().collect();
    (1..=MAX_BLOCK).any(|size| {
        characters
            .iter()
            .enumerate()
            .all(|(place, character)| *character == characters[place % size])
    })
}

/// True where little is left without the company's name and the address.
fn is_mostly_known(password: &str, whose: &Whose) -> bool {
    let email = whose.email.to_lowercase();
    let (local, domain) = email.split_once('@').unwrap_or((&email, ""));
    let mut known = [
        letters_and_digits(&email),
        letters_and_digits(&whose.company.to_lowercase()),
        letters_and_digits(domain),
        letters_and_digits(local),
    ];
    // the longest first, so that a word inside another leaves nothing behind
    known.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let whole = letters_and_digits(password);
    let own = known
        .iter()
        .filter(|word| word.chars().count() >= MIN_KNOWN)
        .fold(whole.clone(), |rest, word| rest.replace(word.as_str(), ""));
    own != whole && own.chars().count() < MIN_OWN
}

fn letters_and_digits(text: &str) -> String {
    text.chars()
        .filter(|character| character.is_alphanumeric())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem_of(password: &str, kind: Kind) -> Option<&'static str> {
        let whose = Whose {
            kind,
            company: "Alder & Finch Builders",
            email: "maya@okafor.example",
        };
        problem(password, &whose)
    }

    #[test]
    fn length_counts_characters_and_depends_on_the_side() {
        assert!(problem_of("äöüäöüßéèêë", Kind::Client).is_some());
        assert_eq!(problem_of("äöüäöüßéèêëñ", Kind::Client), None);
        assert!(problem_of("seven green t", Kind::Office).is_some());
        assert_eq!(problem_of("seven green tea", Kind::Office), None);
        let longest = "correct ladder ".repeat(20);
        assert_eq!(problem_of(&longest[..128], Kind::Office), None);
        assert!(problem_of(&longest[..129], Kind::Office).is_some());
    }

    #[test]
    fn what_a_stranger_tries_first_is_refused() {
        for password in [
            "Password1234",
            "qwertyuiop123",
            "zzzzzzzzzzzzzzzz",
            "abcabcabcabcabc",
            "1212121212121212",
            "alderfinchbuilders",
            "Alder & Finch Builders 26",
            "maya@okafor.example",
            "okafor.example.1!",
        ] {
            assert!(problem_of(password, Kind::Client).is_some(), "{password}");
        }
    }

    #[test]
    fn a_known_word_with_enough_of_ones_own_is_taken() {
        assert_eq!(problem_of("maya keeps eleven hens", Kind::Office), None);
        assert_eq!(problem_of("lumber over the harbor", Kind::Office), None);
    }

    #[test]
    fn the_list_holds_only_what_the_length_lets_through() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.iter().all(|line| line.len() >= MIN_CLIENT));
        assert!(lines.iter().all(|line| *line == line.to_lowercase()));
        assert!(lines.is_sorted());
    }
}
