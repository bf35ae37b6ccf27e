//! Confirming an owner's address after sign-up.

use askama::Template;
use axum::{extract::Path, response::Response};
use proto::identity::{ConfirmEmailRequest, LinkPurpose, LinkState};
use serde::Deserialize;

use crate::{
    auth::{end_of, read_link},
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    page::{self, Frame},
    session::{AtSite, Guest},
};

#[derive(Template)]
#[template(path = "auth/confirm.html")]
struct Page {
    frame: Frame,
    token: String,
    email: String,
}

#[derive(Template)]
#[template(path = "auth/confirm_gone.html")]
struct GonePage {
    frame: Frame,
    is_used: bool,
    why: &'static str,
}

/// The form is a button alone.
#[derive(Deserialize)]
pub(crate) struct Fields {}

/// `GET /confirm/{token}`
pub(crate) async fn show(
    guest: Guest,
    AtSite(site): AtSite,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let link = read_link(&guest.app, &site, &token, LinkPurpose::ConfirmEmail).await?;
    match end_of(link.state()) {
        Some(why) => page::gone(&GonePage {
            frame: guest.frame(),
            is_used: link.state() == LinkState::Used,
            why,
        }),
        None => page::show(&Page {
            frame: guest.frame(),
            token,
            email: link.email,
        }),
    }
}

/// `POST /confirm/{token}`
pub(crate) async fn send(
    guest: Guest,
    AtSite(site): AtSite,
    Path(token): Path<String>,
    Form(Fields {}): Form<Fields>,
) -> Result<Response, Error> {
    guest
        .app
        .backend
        .portal(site.tenant)?
        .links()
        .confirm_email(ConfirmEmailRequest { token })
        .await?;
    let words = "Your email address is confirmed. You can invite your team and your clients now.";
    Ok(flash::redirect(&guest.app, "/", &Flash::done(words)))
}

/// The pages with made-up data.
#[cfg(test)]
pub(crate) fn samples(frame: &Frame) -> Vec<(&'static str, String)> {
    let page = Page {
        frame: frame.clone(),
        token: "token".to_owned(),
        email: "ruth@alderfinch.example".to_owned(),
    };
    let gone = GonePage {
        frame: frame.clone(),
        is_used: true,
        why: "It was used already.",
    };
    vec![
        ("confirm", page.render().expect("pages render")),
        ("confirm-gone", gone.render().expect("pages render")),
    ]
}
