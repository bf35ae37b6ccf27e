//! A forgotten password: the answer is the same whether or not there is such an account.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use proto::identity::RequestResetRequest;
use serde::Deserialize;
use service::text::is_email;

use crate::{
    csrf::Form,
    error::Error,
    form::FormView,
    page::{self, Frame},
    session::{AtSite, Guest},
};

#[derive(Template)]
#[template(path = "auth/forgot.html")]
struct Page {
    frame: Frame,
    form: FormView<Fields>,
}

#[derive(Template)]
#[template(path = "auth/forgot_sent.html")]
struct SentPage {
    frame: Frame,
}

/// The fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    email: String,
}

/// `GET /forgot`
pub(crate) async fn show(guest: Guest) -> Result<Response, Error> {
    page::show(&Page {
        frame: guest.frame(),
        form: FormView::default(),
    })
}

/// `POST /forgot`
pub(crate) async fn send(
    guest: Guest,
    AtSite(site): AtSite,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let mut form = FormView::new(fields);
    let is_address = is_email(form.values.email.trim());
    form.errors.check(
        is_address,
        "email",
        "enter your email address, such as name@example.com",
    );
    if !form.errors.is_empty() {
        let frame = guest.frame();
        return page::refuse(&Page { frame, form });
    }
    guest
        .app
        .backend
        .portal(site.tenant)?
        .accounts()
        .request_reset(RequestResetRequest {
            email: form.values.email,
            client_address: guest.address.to_string(),
        })
        .await?;
    Ok(Redirect::to("/forgot/sent").into_response())
}

/// `GET /forgot/sent`
pub(crate) async fn sent(guest: Guest) -> Result<Response, Error> {
    page::show(&SentPage {
        frame: guest.frame(),
    })
}

/// The pages with made-up data.
#[cfg(test)]
pub(crate) fn samples(frame: &Frame) -> Vec<(&'static str, String)> {
    let page = Page {
        frame: frame.clone(),
        form: FormView::default(),
    };
    let sent = SentPage {
        frame: frame.clone(),
    };
    vec![
        ("forgot", page.render().expect("pages render")),
        ("forgot-sent", sent.render().expect("pages render")),
    ]
}
