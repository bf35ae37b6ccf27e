//! The people of a record: whether each can get in, and what the office can do about it.

use proto::{
    identity::{Contact, PortalAccess, PortalAccessState},
    notifications::Delivery,
};

use super::{Fact, dialed, rights_words};
use crate::{
    badge::Badge,
    format::{Format, first_name, initials, time_of},
    office::reach::{self, Reach},
};

/// One person of the record.
pub(super) struct Person {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) first_name: String,
    pub(super) initials: String,
    pub(super) email: String,
    pub(super) about: String,
    pub(super) phone: Option<(String, String)>,
    pub(super) badge: Badge,
    pub(super) bounces: Option<Badge>,
    pub(super) reach: Reach,
    pub(super) facts: Vec<Fact>,
    pub(super) may: May,
}

/// What the office can do about a person's access now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct May {
    pub(super) enable: bool,
    pub(super) resend: bool,
    pub(super) reset: bool,
    pub(super) disable: bool,
    pub(super) restore: bool,
    pub(super) remove: bool,
    pub(super) change_rights: bool,
}

impl Person {
    pub(super) fn new(
        contact: &Contact,
        newest_first: &[Delivery],
        host: &str,
        format: &Format,
    ) -> Self {
        let access = contact.access.as_ref();
        let mails: Vec<&Delivery> = newest_first
            .iter()
            .filter(|delivery| {
                access.is_some_and(|access| access.account_id == delivery.account_id)
            })
            .collect();
        let reach = reach::of(access, &mails, host, format);
        let about = [
            contact.main_contact.then_some("main contact"),
            Some(contact.relation.as_str()),
        ];
        let about: Vec<&str> = about
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect();
        let email = access.map_or(&contact.email, |access| &access.email);
        Self {
            id: contact.id.clone(),
            name: contact.name.clone(),
            first_name: first_name(&contact.name).to_owned(),
            initials: initials(&contact.name),
            email: email.clone(),
            about: about.join(", "),
            phone: dialed(&contact.phone),
            badge: Badge::of_access(access.map(PortalAccess::state)),
            bounces: reach.bounces.then(Badge::mail_bounces),
            reach,
            facts: access
                .map(|access| access_facts(access, format))
                .unwrap_or_default(),
            may: May::of(access),
        }
    }
}

impl May {
    fn of(access: Option<&PortalAccess>) -> Self {
        let Some(access) = access else {
            return Self {
                enable: true,
                remove: true,
                ..Self::default()
            };
        };
        match access.state() {
            PortalAccessState::Active => Self {
                reset: true,
                disable: true,
                change_rights: true,
                ..Self::default()
            },
            PortalAccessState::Disabled => Self {
                enable: true,
                restore: true,
                ..Self::default()
            },
            _ => Self {
                resend: true,
                disable: true,
                change_rights: true,
                ..Self::default()
            },
        }
    }
}

fn access_facts(access: &PortalAccess, format: &Format) -> Vec<Fact> {
    let day = |time| time_of(time).map(|at| format.day_of(at));
    let invited = day(access.invited_at).map(|day| match access.enabled_by_name.as_str() {
        "" => day,
        name => format!("{day}, by {name}"),
    });
    let facts = [
        ("Invited", invited),
        ("Accepted", day(access.accepted_at)),
        (
            "Last visit",
            time_of(access.last_seen_at).map(|at| format.moment_first(at)),
        ),
        ("Can", Some(rights_words(access.rights.as_ref()))),
    ];
    facts
        .into_iter()
        .filter_map(|(label, value)| {
            Some(Fact {
                label,
                value: value?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_done_follows_the_access() {
        assert!(May::of(None).enable && May::of(None).remove);
        let of = |state: PortalAccessState| {
            May::of(Some(&PortalAccess {
                state: state.into(),
                ..PortalAccess::default()
            }))
        };
        let invited = of(PortalAccessState::Invited);
        assert!(invited.resend && invited.disable && !invited.reset && !invited.remove);
        assert_eq!(invited, of(PortalAccessState::InvitationExpired));
        let active = of(PortalAccessState::Active);
        assert!(active.reset && active.disable && !active.resend);
        let ended = of(PortalAccessState::Disabled);
        assert!(ended.restore && ended.enable && !ended.disable && !ended.change_rights);
    }
}
