//! Signing in.

use askama::Template;
use axum::{
    extract::Query,
    response::{IntoResponse, Redirect, Response},
};
use proto::identity::SignInRequest;
use serde::Deserialize;
use service::Reason;

use crate::{
    csrf::Form,
    error::Error,
    form::{Errors, FormView},
    page::{self, Frame},
    session::{self, AtSite, Guest, Person, home_of, own_path},
};

#[derive(Template)]
#[template(path = "auth/sign_in.html")]
struct Page {
    frame: Frame,
    form: FormView<Fields>,
}

/// The fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    email: String,
    password: String,
    keep: bool,
    next: String,
}

/// What the address may carry.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    next: String,
}

/// `GET /sign-in`
pub(crate) async fn show(
    person: Option<Person>,
    guest: Guest,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    if let Some(person) = person {
        return Ok(Redirect::to(person.home()).into_response());
    }
    let fields = Fields {
        keep: true,
        next: own_path(&asked.next).unwrap_or_default().to_owned(),
        ..Fields::default()
    };
    page::show(&Page {
        frame: guest.frame(),
        form: FormView::new(fields),
    })
}

/// `POST /sign-in`
pub(crate) async fn send(
    guest: Guest,
    AtSite(site): AtSite,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let mut errors = Errors::default();
    errors.check(
        !fields.email.is_empty(),
        "email",
        "enter your email address",
    );
    errors.check(
        !fields.password.is_empty(),
        "password",
        "enter your password",
    );
    if !errors.is_empty() {
        return again(&guest, fields, errors);
    }
    let signed_in = guest
        .app
        .backend
        .portal(site.tenant)?
        .sessions()
        .sign_in(SignInRequest {
            email: fields.email.clone(),
            password: fields.password.clone(),
            client_address: guest.address.to_string(),
            user_agent: guest.user_agent.clone(),
            device: guest.device.clone(),
            keep_signed_in: fields.keep,
        })
        .await;
    let session = match signed_in {
        Ok(answer) => answer.into_inner().session.unwrap_or_default(),
        Err(status) if Reason::SignInFailed.is_in(&status) => {
            let words = "the email or password is not right; check both and try again";
            errors.add("password", words);
            return again(&guest, fields, errors);
        }
        Err(status) if Reason::AccessDisabled.is_in(&status) => {
            let words = "your access to this portal has ended; call us if you still need it";
            errors.add("email", words);
            return again(&guest, fields, errors);
        }
        Err(status) => {
            let names = [("email", "email"), ("password", "password")];
            let form = FormView::refused(fields, &status, &names)?;
            return again(&guest, form.values, form.errors);
        }
    };

    let home = session.account.as_ref().map_or("/", home_of);
    let is_own_side = |path: &&str| path.starts_with("/office") == (home == "/office");
    let next = own_path(&fields.next).filter(is_own_side).unwrap_or(home);
    let mut response = Redirect::to(next).into_response();
    session::start(&guest.app, &session, fields.keep, &mut response);
    Ok(response)
}

fn again(guest: &Guest, fields: Fields, errors: Errors) -> Result<Response, Error> {
    page::refuse(&Page {
        frame: guest.frame(),
        form: FormView {
            values: Fields {
                password: String::new(),
                ..fields
            },
            errors,
        },
    })
}

/// The pages with made-up data.
#[cfg(test)]
pub(crate) fn samples(frame: &Frame) -> Vec<(&'static str, String)> {
    let refused = |is_refused: bool| {
        let mut form = FormView::new(Fields {
            email: "maya@okafor.example".to_owned(),
            keep: true,
            ..Fields::default()
        });
        form.errors.check(
            !is_refused,
            "password",
            "the email or password is not right; check both and try again",
        );
        let frame = frame.clone();
        Page { frame, form }.render().expect("pages render")
    };
    vec![
        ("sign-in", refused(false)),
        ("sign-in-error", refused(true)),
    ]
}
