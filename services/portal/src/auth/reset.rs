//! A new password by a mailed link.

use askama::Template;
use axum::{extract::Path, response::Response};
use proto::identity::{AccountKind, Link, LinkPurpose, ResetPasswordRequest};
use serde::Deserialize;
use service::Reason;

use crate::{
    auth::{end_of, password_rule, read_link},
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::{Errors, FormView},
    page::{self, Frame},
    session::{AtSite, Guest},
};

#[derive(Template)]
#[template(path = "auth/reset.html")]
struct Page {
    frame: Frame,
    token: String,
    email: String,
    password_rule: String,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "auth/reset_gone.html")]
struct GonePage {
    frame: Frame,
    why: &'static str,
}

/// The fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    password: String,
}

/// `GET /reset/{token}`
pub(crate) async fn show(
    guest: Guest,
    AtSite(site): AtSite,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let link = read_link(&guest.app, &site, &token, LinkPurpose::Reset).await?;
    match end_of(link.state()) {
        Some(why) => gone(&guest, why),
        None => page::show(&form_page(&guest, token, link, Errors::default())),
    }
}

/// `POST /reset/{token}`
pub(crate) async fn send(
    guest: Guest,
    AtSite(site): AtSite,
    Path(token): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let reset = guest
        .app
        .backend
        .portal(site.tenant)?
        .links()
        .reset_password(ResetPasswordRequest {
            token: token.clone(),
            new_password: fields.password,
            client_address: guest.address.to_string(),
        })
        .await;
    match reset {
        Ok(_) => {
            let words = "Your password is changed, and every other device is signed out. Sign in with the new one.";
            Ok(flash::redirect(&guest.app, "/sign-in", &Flash::done(words)))
        }
        Err(status) if Reason::LinkGone.is_in(&status) => {
            gone(&guest, "It was used already or has expired.")
        }
        Err(status) => {
            let form = FormView::refused((), &status, &[("new_password", "password")])?;
            let link = read_link(&guest.app, &site, &token, LinkPurpose::Reset).await?;
            page::refuse(&form_page(&guest, token, link, form.errors))
        }
    }
}

fn form_page(guest: &Guest, token: String, link: Link, errors: Errors) -> Page {
    let kind: AccountKind = link.kind();
    Page {
        frame: guest.frame(),
        token,
        email: link.email,
        password_rule: password_rule(kind),
        errors,
    }
}

fn gone(guest: &Guest, why: &'static str) -> Result<Response, Error> {
    page::gone(&GonePage {
        frame: guest.frame(),
        why,
    })
}

/// The pages with made-up data.
#[cfg(test)]
pub(crate) fn samples(frame: &Frame) -> Vec<(&'static str, String)> {
    let page = Page {
        frame: frame.clone(),
        token: "token".to_owned(),
        email: "maya@okafor.example".to_owned(),
        password_rule: password_rule(AccountKind::Client),
        errors: Errors::default(),
    };
    let gone = GonePage {
        frame: frame.clone(),
        why: "It has expired.",
    };
    vec![
        ("reset", page.render().expect("pages render")),
        ("reset-gone", gone.render().expect("pages render")),
    ]
}
