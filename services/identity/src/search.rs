//! Search over client records: words, each looked up by how it begins.

use std::collections::BTreeSet;

use service::Result;
use tenancy::TenantTx;
use uuid::Uuid;

use crate::store;

/// More words than this narrow a search no further that a person would notice.
const MAX_SEARCHED: usize = 8;
/// A longer word is cut: nobody types more of it.
const MAX_WORD: usize = 50;
/// Comes after every character that a word can go on with.
const LAST: char = '\u{10ffff}';

/// Replaces the words of a record by those of its present content; last of what a transaction does to it.
pub(crate) async fn reindex(tx: &mut TenantTx, client: Uuid) -> Result<()> {
    store::client::lock_words(tx, client).await?;
    let texts = store::client::texts(tx, client).await?;
    let words: BTreeSet<String> = texts.iter().flat_map(|text| words(text)).collect();
    let words: Vec<String> = words.into_iter().collect();
    store::client::replace_words(tx, client, &words).await
}

/// The ranges of words that a search asks for, from and before: a record must have a word in each.
pub(crate) fn ranges(search: &str) -> (Vec<String>, Vec<String>) {
    let searched: BTreeSet<String> = parts(search).take(MAX_SEARCHED).collect();
    searched
        .into_iter()
        .map(|word| {
            let before = format!("{word}{LAST}");
            (word, before)
        })
        .unzip()
}

/// The words of a text, and its digits as one word: telephone numbers are typed with and without spaces.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = parts(text).collect();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if !digits.is_empty() {
        words.push(start_of(&digits));
    }
    words
}

fn parts(text: &str) -> impl Iterator<Item = String> {
    text.split(|character: char| !character.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(|part| start_of(&part.to_lowercase()))
}

fn start_of(word: &str) -> String {
    word.chars().take(MAX_WORD).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_number_is_found_either_way() {
        assert_eq!(
            words("(503) 555-0177"),
            ["503", "555", "0177", "5035550177"]
        );
    }

    #[test]
    fn words_are_lower_case_and_free_of_signs() {
        assert_eq!(words("Zoë O'Neil"), ["zoë", "o", "neil"]);
        assert_eq!(words("maya@okafor.example"), ["maya", "okafor", "example"]);
        assert!(words(" – ").is_empty());
    }

    #[test]
    fn a_range_holds_what_begins_with_the_word() {
        let (from, before) = ranges("Oka");
        assert_eq!(from, ["oka"]);
        for word in ["oka", "okafor", "okaøre"] {
            assert!(
                from[0].as_str() <= word && word < before[0].as_str(),
                "{word}"
            );
        }
        for word in ["ok", "okb", "pka"] {
            assert!(
                word < from[0].as_str() || word >= before[0].as_str(),
                "{word}"
            );
        }
    }
}
