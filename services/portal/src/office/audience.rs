//! Whom a photo is for, in forms and in words.

use proto::documents::PhotoAudience;

use crate::{office::Choice, session::Office};

const ALL: [(PhotoAudience, &str, &str); 3] = [
    (
        PhotoAudience::Internal,
        "internal",
        "Internal: only your team",
    ),
    (
        PhotoAudience::Unmarked,
        "unmarked",
        "Unmarked: clients, where all photos are shown",
    ),
    (PhotoAudience::Shared, "shared", "Shared with the client"),
];

/// Reads a form's or an address's word.
pub(crate) fn of_word(word: &str) -> PhotoAudience {
    ALL.into_iter()
        .find(|(_, known, _)| *known == word)
        .map_or(PhotoAudience::Unspecified, |(audience, ..)| audience)
}

/// The word in forms and addresses.
pub(crate) fn word(audience: PhotoAudience) -> &'static str {
    ALL.into_iter()
        .find(|(known, ..)| *known == audience)
        .map_or("", |(_, word, _)| word)
}

/// What it is called in a form.
pub(crate) fn label(audience: PhotoAudience) -> &'static str {
    ALL.into_iter()
        .find(|(known, ..)| *known == audience)
        .map_or("", |(.., label)| label)
}

/// The choices that a person has: to share a photo is for those who run projects.
pub(crate) fn choices(office: &Office, chosen: &str) -> Vec<Choice> {
    ALL.into_iter()
        .filter(|(audience, ..)| office.is_manager() || *audience != PhotoAudience::Shared)
        .map(|(_, word, label)| Choice::new(word, label, chosen))
        .collect()
}

/// Who sees such a photo.
pub(crate) fn who_sees(audience: PhotoAudience) -> &'static str {
    match audience {
        PhotoAudience::Internal => "Only your team sees this photo.",
        PhotoAudience::Shared => {
            "Your team sees this photo, and so do clients unless the project shows them no photos."
        }
        PhotoAudience::Unmarked | PhotoAudience::Unspecified => {
            "Your team sees this photo. Clients see it where the project shows them all photos."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for (audience, ..) in ALL {
            assert_eq!(of_word(word(audience)), audience);
        }
        assert_eq!(of_word("everybody"), PhotoAudience::Unspecified);
    }
}
