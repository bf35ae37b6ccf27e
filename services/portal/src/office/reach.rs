//! Whether a person can get into the portal, and where it is stuck if not, in one sentence.
//!
//! The office asks this question on the telephone, so the answer names the one thing to do next and no more.

use proto::{
    identity::{PortalAccess, PortalAccessState},
    notifications::{Delivery, DeliveryState},
};

use crate::{
    badge::Tone,
    format::{Format, time_of},
};

/// The answer, and how good it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Good, waiting or bad.
    pub(crate) tone: Tone,
    /// One line.
    pub(crate) text: String,
    /// True where mail to the person comes back.
    pub(crate) bounces: bool,
}

impl Reach {
    fn new(tone: Tone, text: String) -> Self {
        Self {
            tone,
            text,
            bounces: false,
        }
    }

    /// The icon beside the sentence.
    pub(crate) fn icon(&self) -> &'static str {
        match self.tone {
            _ if self.bounces => "mailx",
            Tone::Ok => "check",
            Tone::Wait => "clock",
            Tone::Bad => "alert",
            _ => "lock",
        }
    }
}

/// Says how it stands with one person.
///
/// `deliveries` are the mails to this person, newest first; `host` is where the portal is.
pub(crate) fn of(
    access: Option<&PortalAccess>,
    deliveries: &[&Delivery],
    host: &str,
    format: &Format,
) -> Reach {
    let Some(access) = access else {
        return Reach::new(Tone::Neutral, "No portal access yet.".to_owned());
    };
    if access.state() == PortalAccessState::Disabled {
        let when = time_of(access.disabled_at)
            .map(|at| format!(" on {}", format.day_of(at)))
            .unwrap_or_default();
        return Reach::new(Tone::Neutral, format!("Access was ended{when}."));
    }
    if let Some(reach) = mail_problem(access, deliveries) {
        return reach;
    }
    match access.state() {
        PortalAccessState::Active => active(access, host, format),
        PortalAccessState::InvitationExpired => expired(access, format),
        _ => invited(access, deliveries, host, format),
    }
}

/// The mail that tells whether an address works now: the newest one that was sent or is about to be.
pub(crate) fn newest_sent<'a>(deliveries: &[&'a Delivery]) -> Option<&'a Delivery> {
    deliveries.iter().copied().find(|delivery| {
        !matches!(
            delivery.state(),
            DeliveryState::Held | DeliveryState::Dropped
        )
    })
}

/// True where the address of this mail does not work.
pub(crate) fn is_undeliverable(delivery: &Delivery) -> bool {
    matches!(
        delivery.state(),
        DeliveryState::Bounced | DeliveryState::Suppressed | DeliveryState::Failed
    )
}

/// What the mail server answered, in its own words; empty where it said nothing.
pub(crate) fn server_answer(deliveries: &[&Delivery]) -> String {
    deliveries
        .iter()
        .flat_map(|delivery| delivery.steps.iter().rev())
        .find(|step| {
            matches!(step.state(), DeliveryState::Bounced | DeliveryState::Failed)
                && !step.detail.is_empty()
        })
        .map(|step| step.detail.trim_end_matches('.').to_owned())
        .unwrap_or_default()
}

fn mail_problem(access: &PortalAccess, deliveries: &[&Delivery]) -> Option<Reach> {
    let newest = newest_sent(deliveries).filter(|delivery| is_undeliverable(delivery))?;
    let answer = match server_answer(deliveries) {
        text if text.is_empty() => text,
        text => format!(" ({text})"),
    };
    let email = &access.email;
    let text = if newest.state() == DeliveryState::Failed {
        format!(
            "Mail to {email} could not be delivered{answer}. Check the address, then send it again."
        )
    } else {
        format!("Mail to {email} bounces{answer}. Fix the address.")
    };
    Some(Reach {
        tone: Tone::Bad,
        text,
        bounces: true,
    })
}

fn active(access: &PortalAccess, host: &str, format: &Format) -> Reach {
    let last_seen = time_of(access.last_seen_at);
    if let Some(words) = looked_elsewhere(
        access,
        last_seen.or(time_of(access.accepted_at)),
        host,
        format,
    ) {
        return Reach::new(Tone::Wait, format!("{words}."));
    }
    let visit = match (last_seen, time_of(access.accepted_at)) {
        (Some(at), _) => format!("Active, last visit {}.", format.moment(at)),
        (None, Some(at)) => format!("Active since {}, no visit yet.", format.day_of(at)),
        (None, None) => "Active, no visit yet.".to_owned(),
    };
    Reach::new(Tone::Ok, visit)
}

fn expired(access: &PortalAccess, format: &Format) -> Reach {
    let when = time_of(access.invitation_expires_at)
        .map(|at| format!(" on {}", format.day_of(at)))
        .unwrap_or_default();
    Reach::new(
        Tone::Bad,
        format!("The invitation expired{when}. Send a new one."),
    )
}

fn invited(access: &PortalAccess, deliveries: &[&Delivery], host: &str, format: &Format) -> Reach {
    let invited_at = time_of(access.invited_at);
    let since = invited_at.map_or_else(
        || "Invited".to_owned(),
        |at| format!("Invited {}", format.day_of(at)),
    );
    let is_waiting = newest_sent(deliveries).is_some_and(|delivery| {
        matches!(
            delivery.state(),
            DeliveryState::Queued | DeliveryState::Sending
        )
    });
    if is_waiting {
        return Reach::new(
            Tone::Wait,
            format!("{since}. The mail is queued and has not gone out yet."),
        );
    }
    let until = time_of(access.invitation_expires_at)
        .map(|at| format!(" The link works until {}.", format.day_of(at)))
        .unwrap_or_default();
    let text = match looked_elsewhere(access, invited_at, host, format) {
        Some(words) => format!("{words}; the invitation is not accepted yet.{until}"),
        None => format!("{since}, not accepted yet.{until}"),
    };
    Reach::new(Tone::Wait, text)
}

/// Where the person looked for the portal instead, if that was the last thing that happened.
fn looked_elsewhere(
    access: &PortalAccess,
    since: Option<jiff::Timestamp>,
    host: &str,
    format: &Format,
) -> Option<String> {
    let at = time_of(access.wrong_host_at).filter(|at| since.is_none_or(|since| *at > since))?;
    let wrong = &access.wrong_host;
    Some(format!(
        "Looked for the portal at {wrong} instead of {host}, {}",
        format.moment(at)
    ))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proto::notifications::DeliveryStep;

    use super::*;
    use crate::format::Locale;

    const NOW: &str = "2026-11-25T18:00:00Z";

    fn at(text: &str) -> prost_types::Timestamp {
        proto::timestamp(text.parse().expect("a time"))
    }

    fn access(state: PortalAccessState) -> PortalAccess {
        PortalAccess {
            state: state.into(),
            email: "maya@okafor.example".to_owned(),
            invited_at: Some(at("2026-11-20T18:00:00Z")),
            invitation_expires_at: Some(at("2026-12-04T18:00:00Z")),
            ..PortalAccess::default()
        }
    }

    fn mail(state: DeliveryState, detail: &str) -> Delivery {
        Delivery {
            state: state.into(),
            steps: vec![DeliveryStep {
                state: state.into(),
                at: None,
                detail: detail.to_owned(),
            }],
            ..Delivery::default()
        }
    }

    fn text(access: Option<&PortalAccess>, mails: &[Delivery]) -> String {
        let zone = TimeZone::get("America/Los_Angeles").expect("a known zone");
        let now = NOW.parse().expect("a time");
        let format = Format::at(Locale::EnUs, zone, now);
        let mails: Vec<&Delivery> = mails.iter().collect();
        of(access, &mails, "alder.localhost", &format).text
    }

    #[test]
    fn who_was_never_invited_has_no_access() {
        assert_eq!(text(None, &[]), "No portal access yet.");
    }

    #[test]
    fn an_invitation_waits_or_has_expired() {
        let invited = access(PortalAccessState::Invited);
        let accepted = [mail(DeliveryState::Accepted, "")];
        assert_eq!(
            text(Some(&invited), &accepted),
            "Invited Fri, Nov 20, not accepted yet. The link works until Fri, Dec 4."
        );
        assert_eq!(
            text(Some(&invited), &[mail(DeliveryState::Queued, "")]),
            "Invited Fri, Nov 20. The mail is queued and has not gone out yet."
        );
        let expired = access(PortalAccessState::InvitationExpired);
        assert_eq!(
            text(Some(&expired), &accepted),
            "The invitation expired on Fri, Dec 4. Send a new one."
        );
    }

    #[test]
    fn a_bounce_stands_before_everything_but_an_ended_access() {
        let bounced = [
            mail(DeliveryState::Held, ""),
            mail(DeliveryState::Suppressed, "The address bounced before."),
            mail(DeliveryState::Bounced, "Mailbox does not exist."),
        ];
        let words =
            "Mail to maya@okafor.example bounces (Mailbox does not exist). Fix the address.";
        for state in [
            PortalAccessState::Invited,
            PortalAccessState::InvitationExpired,
            PortalAccessState::Active,
        ] {
            assert_eq!(text(Some(&access(state)), &bounced), words);
        }
        let mut ended = access(PortalAccessState::Disabled);
        ended.disabled_at = Some(at("2026-11-24T18:00:00Z"));
        assert_eq!(
            text(Some(&ended), &bounced),
            "Access was ended on Tue, Nov 24."
        );
    }

    #[test]
    fn a_later_mail_that_arrived_forgives_a_bounce() {
        let mut active = access(PortalAccessState::Active);
        active.last_seen_at = Some(at("2026-11-25T17:15:00Z"));
        let mails = [
            mail(DeliveryState::Accepted, ""),
            mail(DeliveryState::Bounced, "Mailbox does not exist."),
        ];
        assert_eq!(
            text(Some(&active), &mails),
            "Active, last visit today, 9:15 am."
        );
    }

    #[test]
    fn who_looked_elsewhere_last_is_told_where_to_go() {
        let mut active = access(PortalAccessState::Active);
        active.last_seen_at = Some(at("2026-11-23T17:15:00Z"));
        active.wrong_host = "localhost".to_owned();
        active.wrong_host_at = Some(at("2026-11-25T17:15:00Z"));
        assert_eq!(
            text(Some(&active), &[]),
            "Looked for the portal at localhost instead of alder.localhost, today, 9:15 am."
        );
        active.last_seen_at = Some(at("2026-11-25T17:30:00Z"));
        assert_eq!(
            text(Some(&active), &[]),
            "Active, last visit today, 9:30 am."
        );
    }

    #[test]
    fn a_server_that_never_took_the_mail_is_no_bounce() {
        let active = access(PortalAccessState::Active);
        let failed = [mail(DeliveryState::Failed, "Connection refused")];
        assert_eq!(
            text(Some(&active), &failed),
            "Mail to maya@okafor.example could not be delivered (Connection refused). Check the address, then send it again."
        );
    }
}
