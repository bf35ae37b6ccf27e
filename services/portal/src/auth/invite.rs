//! Accepting an invitation, as a client or as a member of the team.

use askama::Template;
use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use proto::{
    identity::{
        AcceptInvitationRequest, AccountKind, Link, LinkPurpose, LinkState, RenewInvitationRequest,
    },
    notifications::Frequency,
};
use serde::Deserialize;
use service::Reason;

use crate::{
    auth::{end_of, password_rule, read_link, role_words, site_format},
    csrf::Form,
    error::Error,
    form::FormView,
    format::{first_name, time_of},
    frequency,
    host::Site,
    page::{self, Frame},
    session::{self, AtSite, Guest, home_of},
    time_zones,
};

#[derive(Template)]
#[template(path = "auth/invite.html")]
struct Page {
    frame: Frame,
    token: String,
    first_name: String,
    inviter: String,
    email: String,
    welcome_text: String,
    /// The role of a team member; none for a client.
    role: Option<&'static str>,
    password_rule: String,
    ends: Option<String>,
    zones: Vec<time_zones::Group>,
    frequencies: &'static [frequency::Choice],
    form: FormView<Fields>,
}

#[derive(Template)]
#[template(path = "auth/invite_gone.html")]
struct GonePage {
    frame: Frame,
    token: String,
    why: &'static str,
    is_used: bool,
    may_renew: bool,
}

#[derive(Template)]
#[template(path = "auth/invite_sent.html")]
struct SentPage {
    frame: Frame,
}

/// The fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    password: String,
    time_zone: String,
    frequency: String,
}

/// The form is a button alone.
#[derive(Deserialize)]
pub(crate) struct Renew {}

/// `GET /invite/{token}`
pub(crate) async fn show(
    guest: Guest,
    AtSite(site): AtSite,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let link = read_link(&guest.app, &site, &token, LinkPurpose::Invite).await?;
    if end_of(link.state()).is_some() {
        return gone(&guest, token, link.state());
    }
    let preset = Frequency::from_str_name(&link.frequency).unwrap_or_default();
    let fields = Fields {
        time_zone: site.organization.time_zone.clone(),
        frequency: frequency::word_of(preset).to_owned(),
        ..Fields::default()
    };
    page::show(&form_page(
        &guest,
        &site,
        token,
        link,
        FormView::new(fields),
    ))
}

/// `POST /invite/{token}`
pub(crate) async fn send(
    guest: Guest,
    AtSite(site): AtSite,
    Path(token): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let chosen = frequency::of_word(&fields.frequency);
    let accepted = guest
        .app
        .backend
        .portal(site.tenant)?
        .links()
        .accept_invitation(AcceptInvitationRequest {
            token: token.clone(),
            password: fields.password.clone(),
            time_zone: fields.time_zone.clone(),
            frequency: chosen.map_or("", |chosen| chosen.as_str_name()).to_owned(),
            client_address: guest.address.to_string(),
            user_agent: guest.user_agent.clone(),
        })
        .await;
    let session = match accepted {
        Ok(answer) => answer.into_inner().session.unwrap_or_default(),
        Err(status) if Reason::LinkGone.is_in(&status) => {
            let link = read_link(&guest.app, &site, &token, LinkPurpose::Invite).await?;
            return gone(&guest, token, link.state());
        }
        Err(status) => {
            let names = [
                ("password", "password"),
                ("time_zone", "time_zone"),
                ("frequency", "frequency"),
            ];
            let form = FormView::refused(fields, &status, &names)?;
            let link = read_link(&guest.app, &site, &token, LinkPurpose::Invite).await?;
            return page::refuse(&form_page(&guest, &site, token, link, form));
        }
    };
    let home = session.account.as_ref().map_or("/", home_of);
    let mut response = Redirect::to(home).into_response();
    session::start(&guest.app, &session, true, &mut response);
    Ok(response)
}

/// `POST /invite/{token}/renew`: the new link goes to the address on file and to no other.
pub(crate) async fn renew(
    guest: Guest,
    AtSite(site): AtSite,
    Path(token): Path<String>,
    Form(Renew {}): Form<Renew>,
) -> Result<Response, Error> {
    guest
        .app
        .backend
        .portal(site.tenant)?
        .links()
        .renew_invitation(RenewInvitationRequest {
            token,
            client_address: guest.address.to_string(),
        })
        .await?;
    Ok(Redirect::to("/invite/sent").into_response())
}

/// `GET /invite/sent`
pub(crate) async fn renewed(guest: Guest) -> Result<Response, Error> {
    page::show(&SentPage {
        frame: guest.frame(),
    })
}

fn form_page(
    guest: &Guest,
    site: &Site,
    token: String,
    link: Link,
    form: FormView<Fields>,
) -> Page {
    let role = (link.kind() == AccountKind::Office).then(|| role_words(link.role()));
    let ends = time_of(link.expires_at).map(|at| site_format(site).day_of(at));
    Page {
        frame: guest.frame(),
        token,
        first_name: first_name(&link.name).to_owned(),
        password_rule: password_rule(link.kind()),
        inviter: link.inviter_name,
        email: link.email,
        welcome_text: site.organization.welcome_text.clone(),
        role,
        ends,
        zones: time_zones::choices(&form.values.time_zone),
        frequencies: frequency::for_new_accounts(),
        form: FormView {
            values: Fields {
                password: String::new(),
                ..form.values
            },
            errors: form.errors,
        },
    }
}

fn gone(guest: &Guest, token: String, state: LinkState) -> Result<Response, Error> {
    page::gone(&GonePage {
        frame: guest.frame(),
        token,
        why: end_of(state).unwrap_or("It was used already."),
        is_used: matches!(state, LinkState::Used | LinkState::Open),
        may_renew: state == LinkState::Expired,
    })
}

/// The pages with made-up data.
#[cfg(test)]
pub(crate) fn samples(frame: &Frame) -> Vec<(&'static str, String)> {
    let page = |role: Option<&'static str>, kind, is_refused: bool| {
        let mut form = FormView::new(Fields {
            time_zone: "America/Los_Angeles".to_owned(),
            frequency: "daily".to_owned(),
            ..Fields::default()
        });
        form.errors
            .check(!is_refused, "password", "use at least 12 characters");
        let page = Page {
            frame: frame.clone(),
            token: "token".to_owned(),
            first_name: "Maya".to_owned(),
            inviter: "Ruth Finch".to_owned(),
            email: "maya@okafor.example".to_owned(),
            welcome_text: "We look forward to building your kitchen with you.".to_owned(),
            role,
            password_rule: password_rule(kind),
            ends: Some("Fri, Dec 4".to_owned()),
            zones: time_zones::choices("America/Los_Angeles"),
            frequencies: frequency::for_new_accounts(),
            form,
        };
        page.render().expect("pages render")
    };
    let gone = |may_renew| {
        let page = GonePage {
            frame: frame.clone(),
            token: "token".to_owned(),
            why: "A newer link was sent to you since. Look for the latest mail.",
            is_used: false,
            may_renew,
        };
        page.render().expect("pages render")
    };
    let sent = SentPage {
        frame: frame.clone(),
    };
    vec![
        ("invite", page(None, AccountKind::Client, false)),
        ("invite-error", page(None, AccountKind::Client, true)),
        (
            "invite-team",
            page(Some("Project manager"), AccountKind::Office, false),
        ),
        ("invite-expired", gone(true)),
        ("invite-void", gone(false)),
        ("invite-sent", sent.render().expect("pages render")),
    ]
}
