//! What clients and the office alike change of their own accounts: name and phone, password, appearance.

use std::time::Duration;

use axum::response::Response;
use http::header;
use proto::identity::{ChangePasswordRequest, UpdateMyAccountRequest};
use serde::Deserialize;

use crate::{
    cookies::Cookie,
    error::Error,
    flash::{self, Flash},
    form::FormView,
    page::Theme,
    session::Person,
};

const YEAR: Duration = Duration::from_hours(365 * 24);

/// The form on name and phone.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Contact {
    pub(crate) name: String,
    pub(crate) phone: String,
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

impl Contact {
    /// Saves it; answers the form again where it was refused.
    pub(crate) async fn save(self, person: &Person) -> Result<Option<FormView<Self>>, Error> {
        let saved = person
            .calls
            .accounts()
            .update_my_account(UpdateMyAccountRequest {
                name: self.name.clone(),
                phone: self.phone.clone(),
                update_mask: Some(prost_types::FieldMask {
                    paths: vec!["name".to_owned(), "phone".to_owned()],
                }),
            })
            .await;
        let Err(status) = saved else { return Ok(None) };
        let fields = ["name", "phone"].map(|name| (name, name));
        FormView::refused(self, &status, &fields).map(Some)
    }
}

impl Password {
    /// What is said where it is changed.
    pub(crate) const CHANGED: &str =
        "Your password is changed, and every other device is signed out.";

    /// Changes it; answers the form again where it was refused, without what was typed, which is never shown.
    pub(crate) async fn change(self, person: &Person) -> Result<Option<FormView<Self>>, Error> {
        let changed = person
            .calls
            .accounts()
            .change_password(ChangePasswordRequest {
                current_password: self.current_password,
                new_password: self.new_password,
            })
            .await;
        let Err(status) = changed else {
            return Ok(None);
        };
        let fields = ["current_password", "new_password"].map(|name| (name, name));
        FormView::refused(Self::default(), &status, &fields).map(Some)
    }
}

impl Appearance {
    /// Keeps the choice, which belongs to this browser, in a cookie, and leads back.
    pub(crate) fn save(&self, person: &Person, path: &str) -> Response {
        let flash = Flash::done("The appearance is saved on this device.");
        let mut response = flash::redirect(&person.app, path, &flash);
        let word = Theme::of(&self.theme).word();
        let cookie = person.app.cookies.write(Cookie::Theme, word, Some(YEAR));
        response.headers_mut().append(header::SET_COOKIE, cookie);
        response
    }
}
