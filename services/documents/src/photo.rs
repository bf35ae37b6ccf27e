//! What is written about a photo, and its rules.

use proto::documents::{Photo, PhotoAudience};
use service::{Result, Violations, mask::Fields, parse_id, text::is_line};
use uuid::Uuid;

/// What an update may name.
pub(crate) const FIELDS: [&str; 4] = ["caption", "alt_text", "phase_id", "audience"];

const LONGEST_CAPTION: usize = 300;
const LONGEST_ALT_TEXT: usize = 500;

/// Whom a photo is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Internal,
    Unmarked,
    Shared,
}

impl Audience {
    pub(crate) const ALL: [Self; 3] = [Self::Internal, Self::Unmarked, Self::Shared];

    /// None where nothing was chosen.
    pub(crate) fn of(audience: PhotoAudience) -> Option<Self> {
        match audience {
            PhotoAudience::Internal => Some(Self::Internal),
            PhotoAudience::Unmarked => Some(Self::Unmarked),
            PhotoAudience::Shared => Some(Self::Shared),
            PhotoAudience::Unspecified => None,
        }
    }

    /// The word that is stored.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Unmarked => "unmarked",
            Self::Shared => "shared",
        }
    }

    /// Reads a stored word.
    pub(crate) fn of_word(word: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|audience| audience.word() == word)
            .ok_or_else(|| service::Error::internal(format!("no audience is called {word}")))
    }
}

impl From<Audience> for PhotoAudience {
    fn from(audience: Audience) -> Self {
        match audience {
            Audience::Internal => Self::Internal,
            Audience::Unmarked => Self::Unmarked,
            Audience::Shared => Self::Shared,
        }
    }
}

/// What people write about a photo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) caption: String,
    pub(crate) alt_text: String,
    pub(crate) phase: Option<Uuid>,
    pub(crate) audience: Audience,
}

impl Details {
    /// What a new photo starts with.
    pub(crate) fn blank() -> Self {
        Self {
            caption: String::new(),
            alt_text: String::new(),
            phase: None,
            audience: Audience::Unmarked,
        }
    }

    /// Takes over the fields that a message brings; [`Details::check`] says what is wrong with them.
    pub(crate) fn apply(
        &mut self,
        message: &Photo,
        fields: &Fields,
        violations: &mut Violations,
    ) -> Result<()> {
        if fields.has("caption") {
            message.caption.trim().clone_into(&mut self.caption);
        }
        if fields.has("alt_text") {
            message.alt_text.trim().clone_into(&mut self.alt_text);
        }
        if fields.has("phase_id") {
            self.phase = match message.phase_id.as_str() {
                "" => None,
                id => Some(parse_id(id, "photo.phase_id")?),
            };
        }
        if fields.has("audience") {
            let audience = Audience::of(message.audience());
            violations.check(
                audience.is_some(),
                "photo.audience",
                "Choose whom the photo is for",
            );
            self.audience = audience.unwrap_or(self.audience);
        }
        Ok(())
    }

    /// Checks every rule but the phase, which is projects' to know.
    pub(crate) fn check(&self, may_share: bool, violations: &mut Violations) {
        violations
            .check(
                is_line(&self.caption, ..=LONGEST_CAPTION),
                "photo.caption",
                "Write a caption of 300 characters at most, in one line",
            )
            .check(
                is_line(&self.alt_text, ..=LONGEST_ALT_TEXT),
                "photo.alt_text",
                "Describe the photo in 500 characters at most, in one line",
            )
            .check(
                self.audience != Audience::Shared || !self.words().is_empty(),
                "photo.alt_text",
                "Describe a shared photo, or give it a caption, for people who cannot see it",
            )
            .check(
                may_share || self.audience != Audience::Shared,
                "photo.audience",
                "Ask a project manager to share photos with the client",
            );
    }

    /// What the photo shows, for who cannot see it.
    pub(crate) fn words(&self) -> &str {
        if self.alt_text.is_empty() {
            &self.caption
        } else {
            &self.alt_text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(details: &Details, may_share: bool) -> Vec<&'static str> {
        let mut violations = Violations::new();
        details.check(may_share, &mut violations);
        match violations.finish() {
            Err(service::Error::Invalid(found)) => found.iter().map(|one| one.field).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn a_shared_photo_needs_words() {
        let mut details = Details {
            audience: Audience::Shared,
            ..Details::blank()
        };
        assert_eq!(problems(&details, true), ["photo.alt_text"]);
        details.caption = "Base cabinets are in".to_owned();
        assert!(problems(&details, true).is_empty());
        assert_eq!(details.words(), "Base cabinets are in");
    }

    #[test]
    fn crew_cannot_share() {
        let details = Details {
            audience: Audience::Shared,
            caption: "Base cabinets are in".to_owned(),
            ..Details::blank()
        };
        assert_eq!(problems(&details, false), ["photo.audience"]);
    }

    #[test]
    fn long_and_broken_texts_are_refused() {
        let details = Details {
            caption: "x".repeat(301),
            alt_text: "two\nlines".to_owned(),
            ..Details::blank()
        };
        assert_eq!(
            problems(&details, true),
            ["photo.caption", "photo.alt_text"]
        );
    }

    #[test]
    fn audiences_go_to_the_database_and_back() {
        for audience in Audience::ALL {
            assert_eq!(Audience::of_word(audience.word()).expect("known"), audience);
            assert_eq!(Audience::of(audience.into()), Some(audience));
        }
        assert!(Audience::of_word("everybody").is_err());
    }
}
