//! Enums of the protos as words in the database: `MAIL_KIND_RESET` is stored as "reset".

use proto::notifications::{DeliveryState, Frequency, InboxItemKind, MailKind};
use service::{Error, Result};

/// An enum whose values stand in the database.
pub(crate) trait Word: Sized {
    /// What the name of each value begins with.
    const PREFIX: &'static str;

    fn name(&self) -> &'static str;

    fn of_name(name: &str) -> Option<Self>;

    /// The word that is stored.
    fn word(&self) -> String {
        self.name()
            .trim_start_matches(Self::PREFIX)
            .to_ascii_lowercase()
    }

    /// Reads a stored word; one that no value has is a fault of ours.
    fn of_word(word: &str) -> Result<Self> {
        let name = format!("{}{}", Self::PREFIX, word.to_ascii_uppercase());
        Self::of_name(&name).ok_or_else(|| Error::internal(format!("{name} is not known")))
    }
}

impl Word for MailKind {
    const PREFIX: &'static str = "MAIL_KIND_";

    fn name(&self) -> &'static str {
        self.as_str_name()
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::from_str_name(name)
    }
}

impl Word for DeliveryState {
    const PREFIX: &'static str = "DELIVERY_STATE_";

    fn name(&self) -> &'static str {
        self.as_str_name()
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::from_str_name(name)
    }
}

impl Word for Frequency {
    const PREFIX: &'static str = "FREQUENCY_";

    fn name(&self) -> &'static str {
        self.as_str_name()
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::from_str_name(name)
    }
}

impl Word for InboxItemKind {
    const PREFIX: &'static str = "INBOX_ITEM_KIND_";

    fn name(&self) -> &'static str {
        self.as_str_name()
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::from_str_name(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_there_and_back() {
        assert_eq!(MailKind::ConfirmEmail.word(), "confirm_email");
        let read = MailKind::of_word("confirm_email").expect("known");
        assert_eq!(read, MailKind::ConfirmEmail);
        assert!(DeliveryState::of_word("lost").is_err());
    }
}
