//! The step from the base domain, where an organization was made, to its own host.

use axum::response::{IntoResponse, Redirect, Response};
use proto::identity::ExchangeCodeRequest;
use serde::Deserialize;
use tonic::Code;

use crate::{
    error::Error,
    flash::{self, Flash},
    session::{self, AtSite, Visit, home_of},
};

/// The fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    code: String,
}

/// `POST /welcome`: the one form that comes from another host, so the single-use code counts and nothing else.
pub(crate) async fn send(
    visit: Visit,
    AtSite(site): AtSite,
    axum::Form(fields): axum::Form<Fields>,
) -> Result<Response, Error> {
    let exchanged = visit
        .app
        .backend
        .portal(site.tenant)?
        .sessions()
        .exchange_code(ExchangeCodeRequest {
            code: fields.code,
            client_address: visit.address.to_string(),
            user_agent: visit.user_agent.clone(),
        })
        .await;
    let session = match exchanged {
        Ok(answer) => answer.into_inner().session.unwrap_or_default(),
        Err(status) if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) => {
            return Err(status.into());
        }
        Err(_) => {
            let words =
                "Your portal is ready. Sign in with the email and the password that you chose.";
            return Ok(flash::redirect(&visit.app, "/sign-in", &Flash::note(words)));
        }
    };
    let home = session.account.as_ref().map_or("/", home_of);
    let mut response = Redirect::to(home).into_response();
    session::start(&visit.app, &session, true, &mut response);
    Ok(response)
}
