//! What can go wrong, and its one conversion to a gRPC status.

use std::time::Duration;

use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use crate::Reason;

/// The result of everything that answers a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The domain of every ErrorInfo.
const DOMAIN: &str = "contractoros";

/// What can go wrong while a call is answered.
///
/// Public texts are fixed per [`Reason`]; what is interpolated goes into the log and nowhere else.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// UNAUTHENTICATED: who asks is not known.
    #[error("unauthenticated: {}", .0.text())]
    Unauthenticated(Reason),
    /// PERMISSION_DENIED: who asks may not do this, whatever the target.
    #[error("denied: {}", .0.text())]
    Denied(Reason),
    /// NOT_FOUND: absent, foreign, or not for this caller's eyes; the answer is the same.
    #[error("not found")]
    NotFound,
    /// INVALID_ARGUMENT with a violation a field.
    #[error("invalid: {0:?}")]
    Invalid(Vec<Violation>),
    /// INVALID_ARGUMENT without a field: the request id stands for another request.
    #[error("request id used before")]
    Reused,
    /// ABORTED: it changed since it was read.
    #[error("conflict: {}", .0.text())]
    Conflict(Reason),
    /// FAILED_PRECONDITION: right in itself, but not in this state.
    #[error("precondition: {}", .0.text())]
    Precondition(Reason),
    /// RESOURCE_EXHAUSTED with the time to wait.
    #[error("exhausted: {}", .0.text())]
    Exhausted(Reason, Duration),
    /// OUT_OF_RANGE: the request is larger than the server reads.
    #[error("too large")]
    TooLarge,
    /// INVALID_ARGUMENT without a field: what came is no message of this call, or no text that a database holds.
    #[error("unreadable")]
    Unreadable,
    /// UNIMPLEMENTED: there is no such call, or not in this encoding.
    #[error("unsupported")]
    Unsupported,
    /// DEADLINE_EXCEEDED.
    #[error("out of time")]
    DeadlineExceeded,
    /// UNAVAILABLE: worth another try.
    #[error("unavailable: {0:#}")]
    Unavailable(anyhow::Error),
    /// INTERNAL: a fault of ours, logged with its chain and told to nobody.
    #[error("internal: {0:#}")]
    Internal(#[from] anyhow::Error),
}

/// One field of a request that is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field in the request, such as "client.display_name".
    pub field: &'static str,
    /// What is wrong and how to mend it, ready for a person's eyes.
    pub text: &'static str,
}

/// Collects violations, so that one answer names all of them.
#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Starts with none.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a violation unless `holds`; what is wrong in each item of a list is told once, for an answer's details travel
    /// among its headers and have to stay short.
    pub fn check(&mut self, holds: bool, field: &'static str, text: &'static str) -> &mut Self {
        let violation = Violation { field, text };
        if !holds && !self.0.contains(&violation) {
            self.0.push(violation);
        }
        self
    }

    /// Fails when there is any.
    pub fn finish(&mut self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Error::Invalid(std::mem::take(&mut self.0)))
    }
}

impl Error {
    /// One wrong field.
    pub fn invalid(field: &'static str, text: &'static str) -> Self {
        Self::Invalid(vec![Violation { field, text }])
    }

    /// A fault of ours, from words alone.
    pub fn internal(text: impl std::fmt::Display) -> Self {
        Self::Internal(anyhow::anyhow!("{text}"))
    }

    /// True where the same call may succeed in a moment.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::DeadlineExceeded | Self::Exhausted(..)
        )
    }

    fn reason(&self) -> Reason {
        match self {
            Self::Unauthenticated(reason)
            | Self::Denied(reason)
            | Self::Conflict(reason)
            | Self::Precondition(reason)
            | Self::Exhausted(reason, _) => *reason,
            Self::NotFound => Reason::NotFound,
            Self::Invalid(_) => Reason::InvalidArgument,
            Self::Reused => Reason::RequestIdReused,
            Self::TooLarge => Reason::TooLarge,
            Self::Unreadable => Reason::Unreadable,
            Self::Unsupported => Reason::Unsupported,
            Self::DeadlineExceeded => Reason::DeadlineExceeded,
            Self::Unavailable(_) => Reason::Unavailable,
            Self::Internal(_) => Reason::Internal,
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        match &error {
            Error::Internal(cause) => tracing::error!(error = format!("{cause:#}"), "call failed"),
            Error::Unavailable(cause) => {
                tracing::warn!(error = format!("{cause:#}"), "call could not be served");
            }
            _ => {}
        }
        let reason = error.reason();
        let mut details = ErrorDetails::new();
        let code = match error {
            Error::Unauthenticated(_) => tonic::Code::Unauthenticated,
            Error::Denied(_) => tonic::Code::PermissionDenied,
            Error::NotFound => tonic::Code::NotFound,
            Error::Invalid(violations) => {
                details.set_bad_request(
                    violations
                        .into_iter()
                        .map(|violation| FieldViolation::new(violation.field, violation.text))
                        .collect::<Vec<_>>(),
                );
                tonic::Code::InvalidArgument
            }
            Error::Conflict(_) => tonic::Code::Aborted,
            Error::Precondition(_) => tonic::Code::FailedPrecondition,
            Error::Exhausted(_, wait) => {
                details.set_retry_info(Some(wait));
                tonic::Code::ResourceExhausted
            }
            Error::TooLarge => tonic::Code::OutOfRange,
            Error::Reused | Error::Unreadable => tonic::Code::InvalidArgument,
            Error::Unsupported => tonic::Code::Unimplemented,
            Error::DeadlineExceeded => tonic::Code::DeadlineExceeded,
            Error::Unavailable(_) => tonic::Code::Unavailable,
            Error::Internal(_) => tonic::Code::Internal,
        };
        status(code, reason, details)
    }
}

/// A status with its reason, in the form that every answer has.
pub(crate) fn status(
    code: tonic::Code,
    reason: Reason,
    mut details: ErrorDetails,
) -> tonic::Status {
    details.set_error_info(reason.as_str(), DOMAIN, []);
    tonic::Status::with_error_details(code, reason.text(), details)
}

/// What a peer answered becomes what we answer, as far as it is about the caller's request.
impl From<tonic::Status> for Error {
    fn from(status: tonic::Status) -> Self {
        // only a status that was made on this side has a source: there was no connection, or it broke
        let broke = std::error::Error::source(&status).is_some();
        match status.code() {
            tonic::Code::NotFound => Self::NotFound,
            tonic::Code::DeadlineExceeded => Self::DeadlineExceeded,
            code if broke
                || matches!(
                    code,
                    tonic::Code::Unavailable | tonic::Code::ResourceExhausted
                ) =>
            {
                Self::Unavailable(anyhow::Error::new(status).context("call a peer"))
            }
            _ => Self::Internal(anyhow::Error::new(status).context("call a peer")),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let code = error
            .as_database_error()
            .and_then(|database| database.code().map(std::borrow::Cow::into_owned));
        match (code.as_deref(), &error) {
            // a NUL in a text of the request, or a time of it before PostgreSQL's first: nothing of ours can hold one
            (Some("22021" | "22008"), _) => Self::Unreadable,
            // statement_timeout: the deadline, as PostgreSQL sees it
            (Some("57014"), _) => Self::DeadlineExceeded,
            // lock_timeout, deadlock, serialization, shutdown, too many connections
            (Some("55P03" | "40P01" | "40001" | "57P01" | "57P03" | "53300"), _)
            | (_, sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) | sqlx::Error::PoolClosed) => {
                Self::Unavailable(anyhow::Error::new(error).context("query the database"))
            }
            _ => Self::Internal(anyhow::Error::new(error).context("query the database")),
        }
    }
}

/// Turns the breach of a named constraint into an error of the domain.
pub trait OnConstraint<T> {
    /// Answers `error` where the constraint `name` was breached.
    fn on_constraint(self, name: &str, error: impl FnOnce() -> Error) -> Result<T>;
}

impl<T> OnConstraint<T> for std::result::Result<T, sqlx::Error> {
    fn on_constraint(self, name: &str, error: impl FnOnce() -> Error) -> Result<T> {
        self.map_err(|cause| {
            let breached = cause
                .as_database_error()
                .is_some_and(|database| database.constraint() == Some(name));
            if breached { error() } else { cause.into() }
        })
    }
}

/// Turns an absent row into NOT_FOUND.
pub trait Found<T> {
    /// Answers NOT_FOUND where there is none.
    fn found(self) -> Result<T>;
}

impl<T> Found<T> for Option<T> {
    fn found(self) -> Result<T> {
        self.ok_or(Error::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_errors_leave_without_their_cause() {
        let status = tonic::Status::from(Error::internal("password of maya is hunter2"));
        assert_eq!(status.code(), tonic::Code::Internal);
        assert_eq!(status.message(), "internal error");
        assert!(!String::from_utf8_lossy(status.details()).contains("hunter2"));
    }

    #[test]
    fn an_answer_that_breaks_off_is_worth_another_try() {
        let broke = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let broke = tonic::Status::from_error(Box::new(broke));
        assert!(Error::from(broke).is_transient());
        let fault = tonic::Status::new(tonic::Code::Internal, "internal error");
        assert!(!Error::from(fault).is_transient());
    }

    #[test]
    fn every_violation_is_named_once() {
        let error = Violations::new()
            .check(false, "name", "enter a name")
            .check(true, "phone", "enter a phone number")
            .check(false, "email", "enter an email address")
            .check(false, "email", "enter an email address")
            .finish()
            .expect_err("two checks failed");
        let status = tonic::Status::from(error);
        let violations = status
            .get_details_bad_request()
            .expect("bad request is set")
            .field_violations;
        let fields: Vec<_> = violations.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(fields, ["name", "email"]);
    }
}
