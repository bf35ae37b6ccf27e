//! Every reason that an answer can carry, in one list.

/// Why a call was refused: the `reason` of a `google.rpc.ErrorInfo` and the public text that goes with it.
///
/// The texts are fixed, so that nothing interpolated can leak. `docs/errors-and-logs.md` says how to add one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No token came, or it is not valid.
    TokenInvalid,
    /// The token is valid, but this caller may not do this.
    NotAllowed,
    /// What was asked for does not exist, or the caller may not know of it.
    NotFound,
    /// A field is wrong; the violations say which.
    InvalidArgument,
    /// Somebody else changed it since it was read.
    EtagStale,
    /// The request id was used before with other content.
    RequestIdReused,
    /// E-mail and password do not fit together.
    SignInFailed,
    /// The password is right, but the access was ended.
    AccessDisabled,
    /// Too many failed sign-ins, resets or sign-ups.
    TooManyAttempts,
    /// More sign-ins at once than the password hashing pool takes.
    Busy,
    /// The session has ended.
    SessionEnded,
    /// The link was used, replaced or has expired.
    LinkGone,
    /// The organization's owner has not confirmed an address yet.
    EmailUnconfirmed,
    /// The last active owner cannot be disabled or demoted.
    LastOwner,
    /// The person already has access.
    AccessExists,
    /// The person has no access that this could change.
    AccessMissing,
    /// The address bounced; clear it first.
    AddressSuppressed,
    /// More was sent than one request may hold.
    TooLarge,
    /// What was sent is no message of this call.
    Unreadable,
    /// There is no such call, or not in this encoding.
    Unsupported,
    /// The organization's storage is full.
    StorageFull,
    /// The call ran out of time.
    DeadlineExceeded,
    /// Something this needs is away for the moment.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Reason {
    /// The `reason` of the ErrorInfo.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TokenInvalid => "TOKEN_INVALID",
            Self::NotAllowed => "NOT_ALLOWED",
            Self::NotFound => "NOT_FOUND",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::EtagStale => "ETAG_STALE",
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::SignInFailed => "SIGN_IN_FAILED",
            Self::AccessDisabled => "ACCESS_DISABLED",
            Self::TooManyAttempts => "TOO_MANY_ATTEMPTS",
            Self::Busy => "BUSY",
            Self::SessionEnded => "SESSION_ENDED",
            Self::LinkGone => "LINK_GONE",
            Self::EmailUnconfirmed => "EMAIL_UNCONFIRMED",
            Self::LastOwner => "LAST_OWNER",
            Self::AccessExists => "ACCESS_EXISTS",
            Self::AccessMissing => "ACCESS_MISSING",
            Self::AddressSuppressed => "ADDRESS_SUPPRESSED",
            Self::TooLarge => "TOO_LARGE",
            Self::Unreadable => "UNREADABLE",
            Self::Unsupported => "UNSUPPORTED",
            Self::StorageFull => "STORAGE_FULL",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }

    /// The public text: lower case, no full stop.
    pub fn text(self) -> &'static str {
        match self {
            Self::TokenInvalid => "a valid token is needed",
            Self::NotAllowed => "this caller may not do this",
            Self::NotFound => "not found",
            Self::InvalidArgument => "some fields are not valid",
            Self::EtagStale => "somebody else changed this since it was read",
            Self::RequestIdReused => "the request id was used before with other content",
            Self::SignInFailed => "email and password do not fit together",
            Self::AccessDisabled => "access was ended",
            Self::TooManyAttempts => "too many attempts",
            Self::Busy => "too many sign-ins at the moment",
            Self::SessionEnded => "the session has ended",
            Self::LinkGone => "the link was used, replaced or has expired",
            Self::EmailUnconfirmed => "the owner's address must be confirmed first",
            Self::LastOwner => "an organization needs one active owner",
            Self::AccessExists => "this person already has access",
            Self::AccessMissing => "this person has no access that this could change",
            Self::AddressSuppressed => "mail to this address bounced",
            Self::TooLarge => "the request is larger than 1 MiB",
            Self::Unreadable => "the request cannot be read",
            Self::Unsupported => "there is no such call, or not in this encoding",
            Self::StorageFull => "the organization's storage is full",
            Self::DeadlineExceeded => "the call ran out of time",
            Self::Unavailable => "something this needs is away for the moment",
            Self::Internal => "internal error",
        }
    }
}
