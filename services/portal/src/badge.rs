//! Statuses as people see them: a tone, a word and an icon, never a color alone.

use proto::{
    documents::PhotoAudience,
    identity::{AccountState, ClientStatus, PortalAccessState},
    notifications::{Delivery, DeliveryState},
    projects::{PhaseStatus, Project, ProjectStatus},
};
use serde::{Deserialize, Serialize};

use crate::format::count;

/// The fixed colors of statuses; they do not follow the brand, except the one of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tone {
    /// Nothing to say.
    Neutral,
    /// Done, well.
    Ok,
    /// Somebody waits.
    Wait,
    /// Something went wrong.
    Bad,
    /// Worth knowing.
    Info,
    /// In discussion.
    Talk,
    /// As planned, in the organization's own color.
    Brand,
}

impl Tone {
    /// The class in the style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Neutral => "",
            Self::Ok => "ok",
            Self::Wait => "wait",
            Self::Bad => "badc",
            Self::Info => "info",
            Self::Talk => "talk",
            Self::Brand => "br",
        }
    }
}

/// A status, ready to be shown by the macro `badge`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Badge {
    /// Its color.
    pub(crate) tone: Tone,
    /// Its icon; a dot where it has none.
    pub(crate) icon: Option<&'static str>,
    /// Its words.
    pub(crate) words: String,
}

impl Badge {
    fn new(tone: Tone, icon: Option<&'static str>, words: impl Into<String>) -> Self {
        Self {
            tone,
            icon,
            words: words.into(),
        }
    }

    /// How a project stands; none where its plan is hidden from the reader.
    pub(crate) fn of_project(project: &Project) -> Option<Self> {
        let badge = match project.status() {
            ProjectStatus::Finished => Self::new(Tone::Neutral, Some("check"), "Finished"),
            ProjectStatus::OnHold => Self::new(Tone::Wait, Some("clock"), "On hold"),
            ProjectStatus::Planned => Self::new(Tone::Neutral, None, "Planned"),
            ProjectStatus::Active | ProjectStatus::Unspecified => match project.days_behind? {
                ..=0 => Self::new(Tone::Brand, None, "On track"),
                days => {
                    let days = usize::try_from(days).unwrap_or(usize::MAX);
                    let words = format!("{} behind", count(days, "day", "days"));
                    Self::new(Tone::Wait, Some("clock"), words)
                }
            },
        };
        Some(badge)
    }

    /// How far a mail has come.
    pub(crate) fn of_delivery(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Unspecified | DeliveryState::Queued | DeliveryState::Sending => {
                Self::new(Tone::Neutral, Some("clock"), "Queued")
            }
            DeliveryState::Held => Self::new(Tone::Talk, Some("clock"), "Held for digest"),
            DeliveryState::Accepted => Self::new(Tone::Info, Some("check"), "Accepted"),
            DeliveryState::Bounced => Self::new(Tone::Bad, Some("mailx"), "Bounced"),
            DeliveryState::Suppressed => Self::new(Tone::Bad, Some("mailx"), "Address paused"),
            DeliveryState::Failed => Self::new(Tone::Bad, Some("alert"), "Failed"),
            DeliveryState::Dropped => Self::new(Tone::Neutral, None, "Not needed"),
        }
    }

    /// How far a mail has come, up to the person's own eyes.
    pub(crate) fn of_mail(delivery: &Delivery) -> Self {
        if delivery.seen_at.is_some() && delivery.state() == DeliveryState::Accepted {
            Self::new(Tone::Ok, Some("eye"), "Seen in the portal")
        } else {
            Self::of_delivery(delivery.state())
        }
    }

    /// How far a person's portal access has come; no state is no access.
    pub(crate) fn of_access(state: Option<PortalAccessState>) -> Self {
        match state {
            None | Some(PortalAccessState::Unspecified) => {
                Self::new(Tone::Neutral, None, "No access")
            }
            Some(PortalAccessState::Invited) => Self::new(Tone::Wait, Some("clock"), "Invited"),
            Some(PortalAccessState::InvitationExpired) => {
                Self::new(Tone::Bad, Some("alert"), "Invitation expired")
            }
            Some(PortalAccessState::Active) => Self::new(Tone::Ok, Some("check"), "Active"),
            Some(PortalAccessState::Disabled) => {
                Self::new(Tone::Neutral, Some("lock"), "Access ended")
            }
        }
    }

    /// That mail to a person comes back.
    pub(crate) fn mail_bounces() -> Self {
        Self::new(Tone::Bad, Some("mailx"), "Mail bounces")
    }

    /// How far a team member's account has come.
    pub(crate) fn of_member(state: AccountState) -> Self {
        match state {
            AccountState::Active => Self::new(Tone::Ok, Some("check"), "Active"),
            AccountState::Disabled => Self::new(Tone::Neutral, Some("lock"), "Access ended"),
            AccountState::Invited | AccountState::Unspecified => {
                Self::new(Tone::Wait, Some("clock"), "Invited")
            }
        }
    }

    /// Where the relation with a client stands.
    pub(crate) fn of_client(status: ClientStatus) -> Self {
        match status {
            ClientStatus::Lead => Self::new(Tone::Info, None, "Lead"),
            ClientStatus::Past => Self::new(Tone::Neutral, None, "Past client"),
            ClientStatus::Active | ClientStatus::Unspecified => {
                Self::new(Tone::Brand, None, "Active client")
            }
        }
    }

    /// How far a phase has come.
    pub(crate) fn of_phase(status: PhaseStatus) -> Self {
        match status {
            PhaseStatus::Done => Self::new(Tone::Ok, Some("check"), "Done"),
            PhaseStatus::InProgress => Self::new(Tone::Brand, None, "In progress"),
            PhaseStatus::NotStarted | PhaseStatus::Unspecified => {
                Self::new(Tone::Neutral, None, "Not started")
            }
        }
    }

    /// Whom a photo is for.
    pub(crate) fn of_audience(audience: PhotoAudience) -> Self {
        match audience {
            PhotoAudience::Internal => Self::new(Tone::Wait, Some("lock"), "Internal"),
            PhotoAudience::Shared => Self::new(Tone::Ok, Some("eye"), "Shared"),
            PhotoAudience::Unmarked | PhotoAudience::Unspecified => {
                Self::new(Tone::Neutral, None, "Unmarked")
            }
        }
    }

    /// That clients have heard nothing of a project for a while.
    pub(crate) fn quiet(days: usize) -> Self {
        let words = format!("{} quiet", count(days, "day", "days"));
        Self::new(Tone::Wait, Some("clock"), words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(status: ProjectStatus, days_behind: Option<i32>) -> Project {
        Project {
            status: status.into(),
            days_behind,
            ..Project::default()
        }
    }

    #[test]
    fn a_project_with_a_hidden_plan_is_neither_on_track_nor_behind() {
        assert_eq!(
            Badge::of_project(&project(ProjectStatus::Active, None)),
            None
        );
        let words = |days| {
            Badge::of_project(&project(ProjectStatus::Active, Some(days)))
                .expect("the plan is visible")
                .words
        };
        assert_eq!(words(0), "On track");
        assert_eq!(words(1), "1 day behind");
        assert_eq!(words(4), "4 days behind");
    }
}
