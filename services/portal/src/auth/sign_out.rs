//! Signing out.

use axum::response::Response;
use proto::identity::SignOutRequest;
use serde::Deserialize;

use crate::{
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    session::{self, Person},
};

/// The form is a button alone.
#[derive(Deserialize)]
pub(crate) struct Fields {}

/// `POST /sign-out`
pub(crate) async fn send(person: Person, Form(Fields {}): Form<Fields>) -> Result<Response, Error> {
    person.calls.sessions().sign_out(SignOutRequest {}).await?;
    let flash = Flash::done("You are signed out on this device.");
    let mut response = flash::redirect(&person.app, "/sign-in", &flash);
    session::end(&person.app, &mut response);
    Ok(response)
}
