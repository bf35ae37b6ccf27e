//! The base domain: what the platform is, a portal of one's own, and finding the way to one's portal.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, header};
use proto::identity::{FindPortalsRequest, SignUpRequest};
use serde::Deserialize;
use service::text::is_email;

use crate::{
    csrf::Form,
    error::Error,
    form::FormView,
    page::{self, Frame},
    session::Guest,
    time_zones,
};

const FIRST_ZONE: &str = "America/New_York";

#[derive(Template)]
#[template(path = "signup/sign_up.html")]
struct Page {
    frame: Frame,
    base_domain: String,
    zones: Vec<time_zones::Group>,
    form: FormView<Fields>,
}

/// The fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    company: String,
    slug: String,
    name: String,
    email: String,
    password: String,
    time_zone: String,
}

#[derive(Template)]
#[template(path = "signup/ready.html")]
struct ReadyPage {
    frame: Frame,
    company: String,
    email: String,
    /// The new portal, such as "https://alder.example.com".
    origin: String,
    /// Its host alone.
    host: String,
    code: String,
}

#[derive(Template)]
#[template(path = "signup/find.html")]
struct FindPage {
    frame: Frame,
    form: FormView<FindFields>,
}

/// The fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct FindFields {
    email: String,
}

#[derive(Template)]
#[template(path = "signup/find_sent.html")]
struct FindSentPage {
    frame: Frame,
}

/// `GET /` at the base domain
pub(crate) async fn show(guest: Guest) -> Result<Response, Error> {
    let fields = Fields {
        time_zone: FIRST_ZONE.to_owned(),
        ..Fields::default()
    };
    page::show(&form_page(&guest, FormView::new(fields)))
}

/// `POST /` at the base domain
///
/// The answer is a page and no redirect, because it carries the code that signs the owner in at the new host: a code
/// in an address would stay in the browser's history.
pub(crate) async fn send(guest: Guest, Form(fields): Form<Fields>) -> Result<Response, Error> {
    let signed_up = guest
        .app
        .backend
        .platform()?
        .organizations()
        .sign_up(SignUpRequest {
            company_name: fields.company.clone(),
            slug: fields.slug.clone(),
            owner_name: fields.name.clone(),
            email: fields.email.clone(),
            password: fields.password.clone(),
            time_zone: fields.time_zone.clone(),
            client_address: guest.address.to_string(),
        })
        .await;
    let answer = match signed_up {
        Ok(answer) => answer.into_inner(),
        Err(status) => {
            let names = [
                ("company_name", "company"),
                ("slug", "slug"),
                ("owner_name", "name"),
                ("email", "email"),
                ("password", "password"),
                ("time_zone", "time_zone"),
            ];
            let form = FormView::refused(fields, &status, &names)?;
            return page::refuse(&form_page(&guest, form));
        }
    };
    let origin = guest.app.config.origin(&answer.host);
    let mut response = page::show(&ReadyPage {
        frame: guest.frame(),
        company: fields.company,
        email: fields.email,
        origin: origin.clone(),
        host: answer.host,
        code: answer.sign_in_code,
    })?;
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        policy_with_form_to(&origin)?,
    );
    Ok(response)
}

/// The usual policy, with one more place that a form may go to: the new portal.
fn policy_with_form_to(origin: &str) -> Result<HeaderValue, Error> {
    let policy = format!(
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'self'; form-action 'self' {origin}; \
         base-uri 'none'; object-src 'none'"
    );
    HeaderValue::from_str(&policy).map_err(|error| Error::Internal(error.into()))
}

/// `GET /find`
pub(crate) async fn find(guest: Guest) -> Result<Response, Error> {
    page::show(&FindPage {
        frame: guest.frame(),
        form: FormView::default(),
    })
}

/// `POST /find`: the answer is the same whether or not there is a portal for this address.
pub(crate) async fn send_find(
    guest: Guest,
    Form(fields): Form<FindFields>,
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
        return page::refuse(&FindPage { frame, form });
    }
    guest
        .app
        .backend
        .platform()?
        .organizations()
        .find_portals(FindPortalsRequest {
            email: form.values.email,
            client_address: guest.address.to_string(),
        })
        .await?;
    Ok(Redirect::to("/find/sent").into_response())
}

/// `GET /find/sent`
pub(crate) async fn find_sent(guest: Guest) -> Result<Response, Error> {
    page::show(&FindSentPage {
        frame: guest.frame(),
    })
}

fn form_page(guest: &Guest, form: FormView<Fields>) -> Page {
    Page {
        frame: guest.frame(),
        base_domain: guest.app.config.base_domain.clone(),
        zones: time_zones::choices(&form.values.time_zone),
        form: FormView {
            values: Fields {
                password: String::new(),
                ..form.values
            },
            errors: form.errors,
        },
    }
}

/// The pages with made-up data.
#[cfg(test)]
pub(crate) fn samples(frame: &Frame) -> Vec<(&'static str, String)> {
    let page = |is_refused: bool| {
        let mut form = FormView::new(Fields {
            time_zone: FIRST_ZONE.to_owned(),
            ..Fields::default()
        });
        form.errors
            .check(!is_refused, "slug", "this address is taken: choose another");
        let page = Page {
            frame: frame.clone(),
            base_domain: "localhost".to_owned(),
            zones: time_zones::choices(FIRST_ZONE),
            form,
        };
        page.render().expect("pages render")
    };
    let ready = ReadyPage {
        frame: frame.clone(),
        company: "Alder & Finch Builders".to_owned(),
        email: "ruth@alderfinch.example".to_owned(),
        origin: "http://alder.localhost:8080".to_owned(),
        host: "alder.localhost".to_owned(),
        code: "code".to_owned(),
    };
    let find = FindPage {
        frame: frame.clone(),
        form: FormView::default(),
    };
    let sent = FindSentPage {
        frame: frame.clone(),
    };
    vec![
        ("sign-up", page(false)),
        ("sign-up-error", page(true)),
        ("ready", ready.render().expect("pages render")),
        ("find", find.render().expect("pages render")),
        ("find-sent", sent.render().expect("pages render")),
    ]
}
