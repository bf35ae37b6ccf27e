//! Which mail goes out at once, waits for a summary, or stays in the portal.
//!
//! Frequency changes mail only: the inbox in the portal always gets everything.

use proto::notifications::{Frequency, MailKind};

/// What a mail is for, as far as its time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// The account itself: invitations, resets, security.
    Mandatory,
    /// News of the project.
    News,
}

impl Class {
    /// The class of a kind of mail.
    pub(crate) fn of(kind: MailKind) -> Self {
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
pub(crate) enum Timing {
    /// At once.
    Now,
    /// With the next summary.
    Digest,
    /// Never: the portal shows it.
    PortalOnly,
}

/// When a mail of a class goes to a person with a frequency.
pub(crate) fn timing(class: Class, frequency: Frequency) -> Timing {
    match (class, frequency) {
        (Class::Mandatory, _) | (Class::News, Frequency::Instant | Frequency::Unspecified) => {
            Timing::Now
        }
        (Class::News, Frequency::Daily | Frequency::Weekly) => Timing::Digest,
        (Class::News, Frequency::Critical | Frequency::Paused) => Timing::PortalOnly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Timing::{Digest, Now, PortalOnly};

    #[test]
    fn every_class_has_its_time_at_every_frequency() {
        let table = [
            (Frequency::Instant, [Now, Now]),
            (Frequency::Daily, [Now, Digest]),
            (Frequency::Weekly, [Now, Digest]),
            (Frequency::Critical, [Now, PortalOnly]),
            (Frequency::Paused, [Now, PortalOnly]),
        ];
        for (frequency, row) in table {
            let found = [Class::Mandatory, Class::News].map(|class| timing(class, frequency));
            assert_eq!(found, row, "{frequency:?}");
        }
    }
}
