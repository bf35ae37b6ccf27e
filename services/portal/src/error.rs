//! What goes wrong becomes a page in one place.
//!
//! A handler answers an [`Error`]; [`pages`] puts the organization's page in its place, with the phone number and what
//! to do next. An id that does not exist and one that this person may not know of lead to the same bytes.

use std::time::Duration;

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use service::Reason;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    format,
    page::{Frame, document, is_page},
};

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum Error {
    /// Go to another page instead.
    See(String),
    /// 404: absent, or not for this person's eyes.
    NotFound,
    /// 404: no organization answers at this host.
    NoPortal,
    /// 410: the link was used, replaced or has expired.
    LinkGone,
    /// 403: the form did not come from one of our pages, or its page is too old.
    Forged,
    /// 413: more was sent than any form holds.
    TooLarge,
    /// 422: what was sent cannot be used, and no field of a form says why.
    Invalid,
    /// 409: somebody else changed it in the meantime.
    Stale,
    /// 409: right in itself, but not at this time.
    Refused(&'static str),
    /// 429 with the time to wait.
    TooMany(Duration),
    /// 503: a service is away for the moment.
    Unavailable(anyhow::Error),
    /// 500: a fault of ours.
    Internal(anyhow::Error),
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Self {
        Self::Internal(anyhow::Error::new(error).context("render a page"))
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let refused = [
            (
                Reason::EmailUnconfirmed,
                "The owner has to confirm an email address first. The link is in the mail that we sent at sign-up.",
            ),
            (
                Reason::LastOwner,
                "An organization needs one active owner. Make somebody else an owner first.",
            ),
            (Reason::AccessExists, "This person already has access."),
            (
                Reason::AccessMissing,
                "This person has no access that could be changed this way.",
            ),
            (
                Reason::AddressSuppressed,
                "Mail to this address bounced. Correct the address, or allow mail to it again.",
            ),
            (
                Reason::RequestIdReused,
                "This form was sent before with other content. Open the page again to see what was saved.",
            ),
            (
                Reason::StorageFull,
                "The storage of your company is full. Delete photos that nobody needs, then try again.",
            ),
        ];
        if Reason::LinkGone.is_in(&status) {
            return Self::LinkGone;
        }
        if Reason::SessionEnded.is_in(&status) {
            return Self::See("/sign-in".to_owned());
        }
        if let Some((_, words)) = refused.iter().find(|(reason, _)| reason.is_in(&status)) {
            return Self::Refused(words);
        }
        match status.code() {
            // "may not" and "is not there" look the same from outside
            Code::NotFound | Code::PermissionDenied => Self::NotFound,
            // signing in mends no token: it may be the portal's own, and the page of the sign-in needs that one too
            Code::Unauthenticated => {
                Self::Unavailable(anyhow::Error::new(status).context("have a token accepted"))
            }
            Code::InvalidArgument | Code::FailedPrecondition => Self::Invalid,
            Code::Aborted => Self::Stale,
            Code::ResourceExhausted => Self::TooMany(
                status
                    .get_details_retry_info()
                    .and_then(|info| info.retry_delay)
                    .unwrap_or(Duration::from_mins(1)),
            ),
            code => {
                let error = anyhow::Error::new(status).context("call a service");
                match code {
                    Code::Unavailable | Code::DeadlineExceeded => Self::Unavailable(error),
                    _ => Self::Internal(error),
                }
            }
        }
    }
}

/// What an error page says.
#[derive(Clone, Debug)]
struct Problem {
    status: StatusCode,
    title: &'static str,
    text: String,
}

impl Problem {
    fn new(status: StatusCode, title: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            title,
            text: text.into(),
        }
    }

    fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "There is no page here",
            "The address may be mistyped, or the page is not shared with you.",
        )
    }

    fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong on our side",
            "Nothing that you did caused this, and we have a record of it. Try again in a moment.",
        )
    }

    /// What is said where axum itself refuses a request.
    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge.problem(),
            StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Error::Invalid.problem()
            }
            status if status.is_client_error() => Self::not_found(),
            _ => Self::internal(),
        }
    }
}

impl Error {
    fn problem(&self) -> Problem {
        match self {
            Self::See(_) | Self::NotFound => Problem::not_found(),
            Self::NoPortal => Problem::new(
                StatusCode::NOT_FOUND,
                "There is no portal at this address",
                "Check the address in the mail from your contractor. If it looks right, call your contractor.",
            ),
            Self::LinkGone => Problem::new(
                StatusCode::GONE,
                "This link no longer works",
                "It was used already, replaced by a newer one, or has expired.",
            ),
            Self::Forged => Problem::new(
                StatusCode::FORBIDDEN,
                "This form could not be checked",
                "The page may have been open for too long. Go back, reload it and send the form again.",
            ),
            Self::TooLarge => Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "This is too large to send",
                "Go back and send less at once.",
            ),
            Self::Invalid => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "This could not be used",
                "Something in what was sent does not fit. Go back, check it and send it again.",
            ),
            Self::Stale => Problem::new(
                StatusCode::CONFLICT,
                "This changed while you were looking at it",
                "Somebody saved a change after you opened the page, so yours was not saved. Go back, reload the page to see how it stands now, and make your change again.",
            ),
            Self::Refused(words) => {
                Problem::new(StatusCode::CONFLICT, "This is not possible now", *words)
            }
            Self::TooMany(wait) => Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many tries",
                format!("Wait {}, then try again.", format::wait(*wait)),
            ),
            Self::Unavailable(_) => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "This part is away for a moment",
                "Nothing is lost. Try again in a minute.",
            ),
            Self::Internal(_) => Problem::internal(),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match &self {
            Self::See(path) => return Redirect::to(path).into_response(),
            Self::Internal(error) => tracing::error!(error = format!("{error:#}"), "a page failed"),
            Self::Unavailable(error) => {
                tracing::warn!(error = format!("{error:#}"), "a service is away");
            }
            _ => {}
        }
        let problem = self.problem();
        let mut response = problem.status.into_response();
        if let Self::TooMany(wait) = self {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, wait.as_secs().into());
        }
        response.extensions_mut().insert(problem);
        response
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    problem: Problem,
}

/// Puts a page in the place of an error; everything else passes.
pub(crate) fn page(response: Response, frame: impl FnOnce() -> Frame) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.headers().contains_key(header::CONTENT_DISPOSITION) {
        return response;
    }
    let problem = match response.extensions().get::<Problem>() {
        Some(problem) => problem.clone(),
        None if is_answer(response.headers()) => return response,
        None => Problem::of_status(status),
    };
    let status = problem.status;
    let page = ErrorPage {
        frame: frame(),
        problem,
    };
    match page.render() {
        Ok(text) => {
            let mut answer = document(status, text);
            // what else was decided stays: cookies, how long to wait, that the address is told to nobody
            for (name, value) in response.headers() {
                if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
                    answer.headers_mut().append(name, value.clone());
                }
            }
            answer
        }
        Err(error) => {
            tracing::error!(%error, "an error page failed");
            status.into_response()
        }
    }
}

/// True for an answer of our own: a form that is shown again with its errors, a link's page that says why it ended, or
/// what one of our scripts asked for.
fn is_answer(headers: &HeaderMap) -> bool {
    let is_json = |kind: &HeaderValue| kind.as_bytes().starts_with(b"application/json");
    is_page(headers) || headers.get(header::CONTENT_TYPE).is_some_and(is_json)
}

/// An error page with made-up data.
#[cfg(test)]
pub(crate) fn sample(frame: Frame) -> String {
    let problem = if frame.letterhead.is_organization {
        Problem::not_found()
    } else {
        Error::NoPortal.problem()
    };
    ErrorPage { frame, problem }.render().expect("pages render")
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    fn with_reason(code: Code, reason: Reason) -> Status {
        let details = ErrorDetails::with_error_info(reason.as_str(), "contractoros", []);
        Status::with_error_details(code, reason.text(), details)
    }

    fn status_of(status: Status) -> StatusCode {
        Error::from(status).into_response().status()
    }

    #[test]
    fn not_allowed_and_not_there_look_the_same() {
        let absent = Error::from(Status::not_found("not found")).problem();
        let foreign = Error::from(Status::permission_denied("no")).problem();
        assert_eq!(format!("{absent:?}"), format!("{foreign:?}"));
    }

    #[test]
    fn each_code_has_its_page() {
        assert_eq!(status_of(Status::aborted("x")), StatusCode::CONFLICT);
        assert_eq!(
            status_of(Status::unavailable("x")),
            StatusCode::SERVICE_UNAVAILABLE
        );
        assert_eq!(
            status_of(Status::deadline_exceeded("x")),
            StatusCode::SERVICE_UNAVAILABLE
        );
        assert_eq!(
            status_of(Status::data_loss("x")),
            StatusCode::INTERNAL_SERVER_ERROR
        );
        let gone = with_reason(Code::FailedPrecondition, Reason::LinkGone);
        assert_eq!(status_of(gone), StatusCode::GONE);
        let unconfirmed = with_reason(Code::FailedPrecondition, Reason::EmailUnconfirmed);
        assert_eq!(status_of(unconfirmed), StatusCode::CONFLICT);
        let reused = with_reason(Code::InvalidArgument, Reason::RequestIdReused);
        assert_eq!(status_of(reused), StatusCode::CONFLICT);
    }

    #[test]
    fn only_the_end_of_a_session_leads_to_the_sign_in() {
        let ended = Error::from(with_reason(Code::Unauthenticated, Reason::SessionEnded));
        assert!(matches!(ended, Error::See(path) if path == "/sign-in"));
        let statuses = [
            with_reason(Code::Unauthenticated, Reason::TokenInvalid),
            with_reason(Code::Unauthenticated, Reason::SignInFailed),
            Status::unauthenticated("no reason"),
        ];
        for status in statuses {
            let error = Error::from(status);
            assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
        }
    }

    #[test]
    fn too_many_tries_say_how_long_to_wait() {
        let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(700)));
        let status =
            Status::with_error_details(Code::ResourceExhausted, "too many attempts", details);
        let error = Error::from(status);
        assert_eq!(error.problem().text, "Wait 12 minutes, then try again.");
        assert_eq!(error.into_response().headers()["retry-after"], "700");
    }

    #[test]
    fn a_fault_of_ours_tells_nothing_about_itself() {
        let error = Error::Internal(anyhow::anyhow!("the password of maya is hunter2"));
        assert!(!format!("{:?}", error.problem()).contains("hunter2"));
    }
}
