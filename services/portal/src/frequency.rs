//! How often a client is mailed, in words.

use proto::notifications::Frequency;

/// One choice of the form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    /// What the form sends.
    pub(crate) word: &'static str,
    /// What it is called.
    pub(crate) title: &'static str,
    /// What it means.
    pub(crate) hint: &'static str,
    frequency: Frequency,
}

const CHOICES: [Choice; 5] = [
    Choice {
        word: "instant",
        title: "Right away",
        hint: "Every update as it happens",
        frequency: Frequency::Instant,
    },
    Choice {
        word: "daily",
        title: "Once a day",
        hint: "One summary at 8:00 am",
        frequency: Frequency::Daily,
    },
    Choice {
        word: "weekly",
        title: "Once a week",
        hint: "One summary on Monday at 8:00 am",
        frequency: Frequency::Weekly,
    },
    Choice {
        word: "critical",
        title: "Only what needs me",
        hint: "No news by mail; you find the news in the portal",
        frequency: Frequency::Critical,
    },
    Choice {
        word: "paused",
        title: "Paused",
        hint: "Not even what needs you; your contractor is told that mail is paused",
        frequency: Frequency::Paused,
    },
];

/// Every choice, for the account page.
pub(crate) fn all() -> &'static [Choice] {
    &CHOICES
}

/// The choices that a new account starts with: nobody begins with mail turned off.
pub(crate) fn for_new_accounts() -> &'static [Choice] {
    &CHOICES[..4]
}

/// The word of a frequency; of the usual one where it is not known.
pub(crate) fn word_of(frequency: Frequency) -> &'static str {
    choice_of(frequency).word
}

/// What a frequency is called.
pub(crate) fn title_of(frequency: Frequency) -> &'static str {
    choice_of(frequency).title
}

fn choice_of(frequency: Frequency) -> &'static Choice {
    CHOICES
        .iter()
        .find(|choice| choice.frequency == frequency)
        .unwrap_or(&CHOICES[0])
}

/// Reads what a form sent.
pub(crate) fn of_word(word: &str) -> Option<Frequency> {
    CHOICES
        .iter()
        .find(|choice| choice.word == word)
        .map(|choice| choice.frequency)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back_to_their_frequency() {
        for choice in all() {
            let frequency = of_word(choice.word).expect("a word of ours");
            assert_eq!(word_of(frequency), choice.word);
        }
        assert_eq!(of_word("FREQUENCY_DAILY"), None);
        assert_eq!(word_of(Frequency::Unspecified), "instant");
    }
}
