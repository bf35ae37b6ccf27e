//! Client records and the portal access of their contacts.

use jiff::Timestamp;
use proto::identity::{ClientKind, ClientStatus, PortalAccessState};

use crate::{account::State, store::contact::Access};

/// Whether a record stands for people or a firm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Kind {
    Individual,
    Company,
}

/// Where the relation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Status {
    Lead,
    Active,
    Past,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Individual => "individual",
            Self::Company => "company",
        }
    }

    /// Reads a kind from a request; none where it names none.
    pub(crate) fn read(kind: ClientKind) -> Option<Self> {
        match kind {
            ClientKind::Individual => Some(Self::Individual),
            ClientKind::Company => Some(Self::Company),
            ClientKind::Unspecified => None,
        }
    }
}

impl From<Kind> for ClientKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Individual => Self::Individual,
            Kind::Company => Self::Company,
        }
    }
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Active => "active",
            Self::Past => "past",
        }
    }

    /// Reads a status from a request; none where it names none.
    pub(crate) fn read(status: ClientStatus) -> Option<Self> {
        match status {
            ClientStatus::Lead => Some(Self::Lead),
            ClientStatus::Active => Some(Self::Active),
            ClientStatus::Past => Some(Self::Past),
            ClientStatus::Unspecified => None,
        }
    }
}

impl From<Status> for ClientStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Lead => Self::Lead,
            Status::Active => Self::Active,
            Status::Past => Self::Past,
        }
    }
}

/// True where a contact can no longer come in, or its account cannot.
pub(crate) fn is_disabled(access: &Access) -> bool {
    access.disabled_at.is_some() || access.account_state == State::Disabled
}

/// How far a contact's access has come; an invitation that nobody used in time says so by itself.
pub(crate) fn access_state(access: &Access, now: Timestamp) -> PortalAccessState {
    if is_disabled(access) {
        PortalAccessState::Disabled
    } else if access.account_state == State::Active {
        PortalAccessState::Active
    } else if access
        .invitation_expires_at
        .is_some_and(|expires_at| expires_at > now)
    {
        PortalAccessState::Invited
    } else {
        PortalAccessState::InvitationExpired
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proto::identity::Rights;

    use super::*;

    #[test]
    fn a_contact_of_a_shared_account_can_be_disabled_alone() {
        let now = service::clock::now();
        let mut access = Access {
            account_id: service::new_id(),
            account_state: State::Invited,
            email: "maya@okafor.example".to_owned(),
            rights: Rights::default(),
            enabled_by_name: "Sam Alder".to_owned(),
            enabled_at: now,
            disabled_at: None,
            invited_at: Some(now),
            invitation_expires_at: Some(now + SignedDuration::from_hours(1)),
            accepted_at: None,
            last_seen_at: None,
            wrong_host: String::new(),
            wrong_host_at: None,
        };
        assert_eq!(access_state(&access, now), PortalAccessState::Invited);
        let later = now + SignedDuration::from_hours(1);
        assert_eq!(
            access_state(&access, later),
            PortalAccessState::InvitationExpired
        );
        access.account_state = State::Active;
        assert_eq!(access_state(&access, later), PortalAccessState::Active);
        access.disabled_at = Some(now);
        assert_eq!(access_state(&access, later), PortalAccessState::Disabled);
    }
}
