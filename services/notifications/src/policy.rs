//! Which mail goes out at once, waits for a summary, or stays in the portal.
//!
//! Frequency changes mail only: the inbox in the portal always gets everything.

use proto::notifications::{Frequency, MailKind};

/// What a mail is for, as far as its time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The account itself: invitations, resets, security.
    Mandatory,
    /// Somebody waits for the client: an approval, a choice, an invoice.
    Action,
    /// Proof of something the client did or paid.
    Receipt,
    /// A person wrote to the client.
    Message,
    /// News of the project.
    News,
}

impl Class {
    /// The class of a kind of mail.
    pub fn of(kind: MailKind) -> Self {
        match kind {
            MailKind::MilestoneReached | MailKind::PhotosAdded | MailKind::Digest => Self::News,
            MailKind::Invitation
            | MailKind::Reset
            | MailKind::ConfirmEmail
            | MailKind::AccessEnded
            | MailKind::PortalAddress
            | MailKind::PasswordChanged
            | MailKind::Unspecified => Self::Mandatory,
        }
    }
}

/// When a mail goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// At once.
    Now,
    /// With the next summary.
    Digest,
    /// Never: the portal shows it.
    PortalOnly,
}

/// When a mail of a class goes to a person with a frequency.
///
/// What asks for a decision and what proves one is never held back: a held invoice or approval costs money.
pub fn timing(class: Class, frequency: Frequency) -> Timing {
    match (class, frequency) {
        (Class::Mandatory | Class::Receipt, _)
        | (
            Class::Action,
            Frequency::Instant | Frequency::Daily | Frequency::Weekly | Frequency::Critical,
        )
        | (_, Frequency::Instant | Frequency::Unspecified) => Timing::Now,
        (Class::Message | Class::News, Frequency::Daily | Frequency::Weekly) => Timing::Digest,
        (Class::Message | Class::News, Frequency::Critical | Frequency::Paused)
        | (Class::Action, Frequency::Paused) => Timing::PortalOnly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Timing::{Digest, Now, PortalOnly};

    #[test]
    fn every_class_has_its_time_at_every_frequency() {
        let table = [
            (Frequency::Instant, [Now, Now, Now, Now, Now]),
            (Frequency::Daily, [Now, Now, Now, Digest, Digest]),
            (Frequency::Weekly, [Now, Now, Now, Digest, Digest]),
            (Frequency::Critical, [Now, Now, Now, PortalOnly, PortalOnly]),
            (
                Frequency::Paused,
                [Now, PortalOnly, Now, PortalOnly, PortalOnly],
            ),
        ];
        let classes = [
            Class::Mandatory,
            Class::Action,
            Class::Receipt,
            Class::Message,
            Class::News,
        ];
        for (frequency, row) in table {
            let found = classes.map(|class| timing(class, frequency));
            assert_eq!(found, row, "{frequency:?}");
        }
    }
}
