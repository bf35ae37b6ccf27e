//! A team member's own account: name, phone, appearance, password.

use askama::Template;
use axum::response::Response;
use proto::identity::GetMyAccountRequest;

use crate::{
    account::{Appearance, Contact, Password},
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::{Errors, FormView},
    office::{Here, OfficeFrame},
    page,
    session::Office,
};

const PATH: &str = "/office/account";

#[derive(Template)]
#[template(path = "office/account.html")]
struct Page {
    frame: OfficeFrame,
    email: String,
    contact: FormView<Contact>,
    password: FormView<Password>,
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
    if let Some(refused) = fields.save(&office).await? {
        return page::refuse(&Page::load(&office, Some(refused), FormView::default()).await?);
    }
    let flash = Flash::done("Your name and phone are saved.");
    Ok(flash::redirect(&office.app, PATH, &flash))
}

/// `POST /office/account/theme`
pub(crate) async fn save_theme(office: Office, Form(fields): Form<Appearance>) -> Response {
    fields.save(&office, PATH)
}

/// `POST /office/account/password`
pub(crate) async fn save_password(
    office: Office,
    Form(fields): Form<Password>,
) -> Result<Response, Error> {
    if let Some(refused) = fields.change(&office).await? {
        return page::refuse(&Page::load(&office, None, refused).await?);
    }
    let flash = Flash::done(Password::CHANGED);
    Ok(flash::redirect(&office.app, PATH, &flash))
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
}
