//! Mails and what became of each: of the whole organization, or of one client's people.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use proto::notifications::{
    ClearSuppressionRequest, Delivery, DeliveryState, DeliveryStep, ListDeliveriesRequest,
    MailKind, ResendDeliveryRequest,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    badge::{Badge, Tone},
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::request_id,
    format::{Format, time_of},
    office::{Here, Manager, OfficeFrame, format_of, reach, recipients},
    page,
    session::own_path,
};

const MAILS: i32 = 30;

#[derive(Template)]
#[template(path = "office/mail.html")]
struct Page {
    frame: OfficeFrame,
    articles: Vec<Article>,
    is_problems: bool,
    first: Option<String>,
    next: Option<String>,
}

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    show: String,
    after: String,
}

/// One mail with its steps.
pub(crate) struct Article {
    /// Its subject, or what it is about while it is not written.
    pub(crate) subject: String,
    /// To whom, and of what kind.
    pub(crate) about: String,
    /// The client record of the person; none for the team.
    pub(crate) client: Option<String>,
    /// How far it has come.
    pub(crate) badge: Badge,
    /// Its steps, the oldest first.
    pub(crate) hops: Vec<Hop>,
    /// The button below it; none where there is nothing to do.
    pub(crate) again: Option<Again>,
}

/// One step of a mail.
pub(crate) struct Hop {
    /// The class of its dot.
    pub(crate) class: &'static str,
    /// What happened.
    pub(crate) title: String,
    /// When.
    pub(crate) when: String,
    /// The server's answer or the reason; often empty.
    pub(crate) detail: String,
}

/// A button that sends a mail once more.
pub(crate) struct Again {
    /// Where its form goes.
    pub(crate) action: String,
    /// What it says.
    pub(crate) label: &'static str,
    /// Sent twice, it counts once.
    pub(crate) request_id: String,
}

/// The form of a button that sends a mail once more.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Resend {
    request_id: String,
    back: String,
}

/// `GET /office/mail`
pub(crate) async fn show(manager: Manager, Query(asked): Query<Asked>) -> Result<Response, Error> {
    let is_problems = asked.show == "problems";
    let answer = manager
        .calls
        .deliveries()
        .list_deliveries(ListDeliveriesRequest {
            page_size: MAILS,
            page_token: asked.after.clone(),
            account_ids: Vec::new(),
            problems_only: is_problems,
        })
        .await?
        .into_inner();
    let people = recipients(&manager, &answer.deliveries).await?;
    let format = format_of(&manager);
    let articles = answer
        .deliveries
        .iter()
        .map(|delivery| {
            let account = people.get(&delivery.account_id);
            let name = account.map(|account| format!("{}, {}", account.name, account.email));
            let mut article = Article::new(delivery, &name.unwrap_or_default(), &format);
            article.client = account
                .and_then(|account| account.memberships.first())
                .map(|membership| membership.client_id.clone());
            article
        })
        .collect();
    let first = list_path(is_problems, "");
    page::show(&Page {
        frame: OfficeFrame::of(&manager, Here::Mail),
        articles,
        is_problems,
        next: (!answer.next_page_token.is_empty())
            .then(|| list_path(is_problems, &answer.next_page_token)),
        first: (!asked.after.is_empty()).then_some(first),
    })
}

fn list_path(is_problems: bool, after: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if is_problems {
        query.append_pair("show", "problems");
    }
    if !after.is_empty() {
        query.append_pair("after", after);
    }
    match query.finish() {
        text if text.is_empty() => "/office/mail".to_owned(),
        text => format!("/office/mail?{text}"),
    }
}

/// `POST /office/mail/{id}/resend`
pub(crate) async fn resend(
    manager: Manager,
    Path(id): Path<Uuid>,
    Form(fields): Form<Resend>,
) -> Result<Response, Error> {
    manager
        .calls
        .deliveries()
        .resend_delivery(ResendDeliveryRequest {
            id: id.to_string(),
            request_id: fields.request_id,
        })
        .await?;
    let flash = Flash::done("The mail is queued again. Its steps show when a mail server took it.");
    Ok(flash::redirect(&manager.app, back(&fields.back), &flash))
}

/// `POST /office/mail/{id}/allow/{account}`: the address works again, so the mail that bounced goes out once more.
pub(crate) async fn allow(
    manager: Manager,
    Path((id, account)): Path<(Uuid, Uuid)>,
    Form(fields): Form<Resend>,
) -> Result<Response, Error> {
    let mut deliveries = manager.calls.deliveries();
    deliveries
        .clear_suppression(ClearSuppressionRequest {
            account_id: account.to_string(),
        })
        .await?;
    let words = if fields.request_id.is_empty() {
        "Mail to this address is allowed again. Send a new link from the person’s page."
    } else {
        deliveries
            .resend_delivery(ResendDeliveryRequest {
                id: id.to_string(),
                request_id: fields.request_id,
            })
            .await?;
        "Mail to this address is allowed again, and the mail is queued."
    };
    let flash = Flash::done(words);
    Ok(flash::redirect(&manager.app, back(&fields.back), &flash))
}

fn back(path: &str) -> &str {
    own_path(path).unwrap_or("/office/mail")
}

impl Article {
    /// A mail for people of the office; `to` is who it went to.
    pub(crate) fn new(delivery: &Delivery, to: &str, format: &Format) -> Self {
        let (kind, manner) = kind_words(delivery.kind());
        let to = if to.is_empty() {
            "somebody who left"
        } else {
            to
        };
        Self {
            subject: if delivery.subject.is_empty() {
                kind.to_owned()
            } else {
                delivery.subject.clone()
            },
            about: format!("To {to} · {kind}, {manner}"),
            client: None,
            badge: Badge::of_mail(delivery),
            hops: hops(delivery, format),
            again: Again::of(delivery),
        }
    }

    /// True where the steps fit beside each other.
    pub(crate) fn is_row(&self) -> bool {
        (3..=4).contains(&self.hops.len())
    }
}

impl Again {
    fn of(delivery: &Delivery) -> Option<Self> {
        let id = &delivery.id;
        let resend = || format!("/office/mail/{id}/resend");
        let allow = || format!("/office/mail/{id}/allow/{}", delivery.account_id);
        // a mail with a link is not sent again: its link may have ended
        let (label, action) = match (delivery.state(), delivery.can_resend) {
            (DeliveryState::Accepted | DeliveryState::Failed, true) => ("Resend", resend()),
            (DeliveryState::Held, true) => ("Send now", resend()),
            (DeliveryState::Bounced | DeliveryState::Suppressed, true) => {
                ("Allow the address and resend", allow())
            }
            (DeliveryState::Bounced | DeliveryState::Suppressed, false) => {
                ("Allow the address", allow())
            }
            _ => return None,
        };
        Some(Self {
            action,
            label,
            request_id: if delivery.can_resend {
                request_id()
            } else {
                String::new()
            },
        })
    }
}

/// What a mail is about, and when mails of its kind go out.
fn kind_words(kind: MailKind) -> (&'static str, &'static str) {
    match kind {
        MailKind::Invitation => ("Invitation", "sent at once"),
        MailKind::Reset => ("Password reset", "sent at once"),
        MailKind::ConfirmEmail => ("Address to confirm", "sent at once"),
        MailKind::AccessEnded => ("Access ended", "sent at once"),
        MailKind::PortalAddress => ("Address of the portal", "sent at once"),
        MailKind::PasswordChanged => ("Password changed", "sent at once"),
        MailKind::MilestoneReached => ("Milestone reached", "as often as they chose"),
        MailKind::PhotosAdded => ("New photos", "as often as they chose"),
        MailKind::Digest => ("Summary", "at the hour they chose"),
        MailKind::Unspecified => ("Mail", "sent at once"),
    }
}

fn hops(delivery: &Delivery, format: &Format) -> Vec<Hop> {
    let mut hops: Vec<Hop> = delivery
        .steps
        .iter()
        .map(|step| {
            let (tone, title) = step_words(step.state());
            Hop {
                class: tone.class(),
                title: title.to_owned(),
                when: time_of(step.at)
                    .map(|at| format.moment_first(at))
                    .unwrap_or_default(),
                detail: detail_of(step),
            }
        })
        .collect();
    if delivery.state() == DeliveryState::Held
        && let (Some(last), Some(due)) = (hops.last_mut(), time_of(delivery.send_after))
    {
        last.title = format!("Held until {}", format.moment(due));
        if last.detail.is_empty() {
            "Left out if it is seen in the portal first.".clone_into(&mut last.detail);
        }
    }
    if let Some(seen) = time_of(delivery.seen_at) {
        hops.push(Hop {
            class: Tone::Ok.class(),
            title: "Seen in the portal".to_owned(),
            when: format.moment_first(seen),
            detail: String::new(),
        });
    }
    hops
}

/// What is worth reading of a step: that a server took a mail stands there already.
fn detail_of(step: &DeliveryStep) -> String {
    if step.state() == DeliveryState::Accepted && step.detail.eq_ignore_ascii_case("ok") {
        String::new()
    } else {
        step.detail.clone()
    }
}

fn step_words(state: DeliveryState) -> (Tone, &'static str) {
    match state {
        // no step says that a mail is on its way: what came of it follows in a moment
        DeliveryState::Queued | DeliveryState::Sending | DeliveryState::Unspecified => {
            (Tone::Neutral, "Queued")
        }
        DeliveryState::Held => (Tone::Talk, "Held for the summary"),
        DeliveryState::Accepted => (Tone::Info, "Accepted by the mail server"),
        DeliveryState::Bounced => (Tone::Bad, "Bounced"),
        DeliveryState::Suppressed => (Tone::Bad, "Not sent: the address is paused"),
        DeliveryState::Failed => (Tone::Bad, "Given up"),
        DeliveryState::Dropped => (Tone::Neutral, "Not needed any more"),
    }
}

/// The mails after which an address does not work now: the newest of each account, where it came back.
pub(crate) fn bouncing(newest_first: &[Delivery]) -> Vec<&Delivery> {
    let mut seen: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for delivery in newest_first {
        let is_decisive = !matches!(
            delivery.state(),
            DeliveryState::Held | DeliveryState::Dropped
        );
        if !is_decisive || seen.contains(&delivery.account_id.as_str()) {
            continue;
        }
        seen.push(&delivery.account_id);
        if reach::is_undeliverable(delivery) {
            found.push(delivery);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(account: &str, state: DeliveryState) -> Delivery {
        Delivery {
            id: "id".to_owned(),
            account_id: account.to_owned(),
            state: state.into(),
            can_resend: true,
            ..Delivery::default()
        }
    }

    #[test]
    fn an_address_bounces_until_a_later_mail_goes_out() {
        let mails = [
            mail("ana", DeliveryState::Held),
            mail("ana", DeliveryState::Suppressed),
            mail("ana", DeliveryState::Bounced),
            mail("ben", DeliveryState::Queued),
            mail("ben", DeliveryState::Bounced),
            mail("cy", DeliveryState::Accepted),
        ];
        let accounts: Vec<_> = bouncing(&mails)
            .iter()
            .map(|mail| (mail.account_id.as_str(), mail.state()))
            .collect();
        assert_eq!(accounts, [("ana", DeliveryState::Suppressed)]);
    }

    #[test]
    fn what_is_on_its_way_is_not_sent_again() {
        let label = |state| Again::of(&mail("ana", state)).map(|again| again.label);
        assert_eq!(label(DeliveryState::Queued), None);
        assert_eq!(label(DeliveryState::Dropped), None);
        assert_eq!(label(DeliveryState::Held), Some("Send now"));
        assert_eq!(label(DeliveryState::Accepted), Some("Resend"));
        assert_eq!(
            label(DeliveryState::Bounced),
            Some("Allow the address and resend")
        );
    }

    #[test]
    fn a_mail_with_a_link_is_not_sent_again() {
        let again = |state| {
            Again::of(&Delivery {
                can_resend: false,
                ..mail("ana", state)
            })
        };
        assert!(again(DeliveryState::Accepted).is_none());
        let allow = again(DeliveryState::Bounced).expect("a way to allow the address");
        assert_eq!(allow.label, "Allow the address");
        assert!(allow.request_id.is_empty());
    }
}
