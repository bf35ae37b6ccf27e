//! A team member's own account: name, phone, appearance, password.

use std::time::Duration;

use askama::Template;
use axum::response::Response;
use http::header;
use proto::identity::{ChangePasswordRequest, GetMyAccountRequest, UpdateMyAccountRequest};
use serde::Deserialize;
use service::Reason;

use crate::{
    cookies::Cookie,
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::{Errors, FormView},
    office::{Here, OfficeFrame, mask},
    page::{self, Theme},
    session::Office,
};

const PATH: &str = "/office/account";
const YEAR: Duration = Duration::from_hours(365 * 24);

#[derive(Template)]
#[template(path = "office/account.html")]
struct Page {
    frame: OfficeFrame,
    email: String,
    contact: FormView<Contact>,
    password: FormView<Password>,
}

/// The form on name and phone.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Contact {
    name: String,
    phone: String,
}

/// The form on the password.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Password {
    current_password: String,
    new_password: String,
}

/// The form on appearance.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Appearance {
    theme: String,
}

/// `GET /office/account`
pub(crate) async fn show(office: Office) -> Result<Response, Error> {
    page::show(&Page::load(&office, None, FormView::default()).await?)
}

/// `POST /office/account/contact`
pub(crate) async fn save_contact(
    office: Office,
    Form(fields): Form<Contact>,
) -> Result<Response, Error> {
    let saved = office
        .calls
        .accounts()
        .update_my_account(UpdateMyAccountRequest {
            name: fields.name.clone(),
            phone: fields.phone.clone(),
            update_mask: Some(mask(&["name", "phone"])),
        })
        .await;
    if let Err(status) = saved {
        let form = FormView::refused(fields, &status, &[("name", "name"), ("phone", "phone")])?;
        return page::refuse(&Page::load(&office, Some(form), FormView::default()).await?);
    }
    let flash = Flash::done("Your name and phone are saved.");
    Ok(flash::redirect(&office.app, PATH, &flash))
}

/// `POST /office/account/theme`: the choice belongs to this browser, so it lives in a cookie.
pub(crate) async fn save_theme(
    office: Office,
    Form(fields): Form<Appearance>,
) -> Result<Response, Error> {
    let flash = Flash::done("The appearance is saved on this device.");
    let mut response = flash::redirect(&office.app, PATH, &flash);
    let word = Theme::of(&fields.theme).word();
    let cookie = office.app.cookies.write(Cookie::Theme, word, Some(YEAR));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `POST /office/account/password`
pub(crate) async fn save_password(
    office: Office,
    Form(fields): Form<Password>,
) -> Result<Response, Error> {
    let changed = office
        .calls
        .accounts()
        .change_password(ChangePasswordRequest {
            current_password: fields.current_password,
            new_password: fields.new_password,
        })
        .await;
    let form = match changed {
        Ok(_) => {
            let words = "Your password is changed, and every other device is signed out.";
            return Ok(flash::redirect(&office.app, PATH, &Flash::done(words)));
        }
        // what was typed is never shown again
        Err(status) if Reason::SignInFailed.is_in(&status) => {
            let mut form = FormView::new(Password::default());
            let words = "this is not your current password; try again";
            form.errors.add("current_password", words);
            form
        }
        Err(status) => {
            let names = ["current_password", "new_password"].map(|name| (name, name));
            FormView::refused(Password::default(), &status, &names)?
        }
    };
    page::refuse(&Page::load(&office, None, form).await?)
}

impl Page {
    async fn load(
        office: &Office,
        contact: Option<FormView<Contact>>,
        password: FormView<Password>,
    ) -> Result<Self, Error> {
        let answer = office
            .calls
            .accounts()
            .get_my_account(GetMyAccountRequest {})
            .await?;
        let account = answer.into_inner().account.unwrap_or_default();
        Ok(Self {
            frame: OfficeFrame::of(office, Here::Account),
            email: account.email,
            contact: contact.unwrap_or_else(|| {
                FormView::new(Contact {
                    name: account.name,
                    phone: account.phone,
                })
            }),
            password,
        })
    }

    /// What is wrong, over both forms.
    fn errors(&self) -> &Errors {
        if self.contact.errors.is_empty() {
            &self.password.errors
        } else {
            &self.contact.errors
        }
    }

    /// The themes to choose from, with what they are called.
    fn themes() -> [(Theme, &'static str); 3] {
        [
            (Theme::Device, "Like my device"),
            (Theme::Light, "Light"),
            (Theme::Dark, "Dark"),
        ]
    }
}
