//! Files on their way in: documents says where the bytes go, the storage takes them, documents looks at them.
//!
//! An upload may take far longer than a page. So each call here has a time of its own, and nothing but standing still
//! ends it.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use proto::documents::{FinishPhotoRequest, RefusalReason, StartPhotoRequest, Upload, UploadState};
use service::{Reason, deadline};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::{backend::Calls, error::Error, form::request_id_of, session::Person, storage::STILL};

/// The largest photo: 40 MiB.
pub(crate) const LARGEST_PHOTO: u64 = 40 << 20;

/// How long one call beside an upload may take.
pub(crate) const CALL: Duration = Duration::from_secs(5);
const NOT_A_PHOTO: &str = "It is not a photo. Choose JPEG, PNG or HEIC files";

/// What documents says to a file before its bytes.
pub(crate) enum Start {
    /// It may come.
    Begun {
        /// The photo that it becomes.
        id: String,
        /// Where its bytes go; empty where it was finished before.
        put_url: String,
    },
    /// Why it may not.
    Refused(String),
}

/// Registers a photo.
pub(crate) async fn start(calls: &Calls, request: StartPhotoRequest) -> Result<Start, Error> {
    let mut photos = calls.photos();
    let answer = deadline::within(CALL, photos.start_photo(request)).await;
    match answer {
        Ok(answer) => {
            let started = answer.into_inner();
            Ok(Start::Begun {
                id: started.photo_id,
                put_url: started.put_url,
            })
        }
        Err(status) => Ok(Start::Refused(reason_of(status, NOT_A_PHOTO)?)),
    }
}

/// Says that the bytes are there.
pub(crate) async fn finish(person: &Person, photo_id: String) -> Result<Upload, Error> {
    let calls = renewed(person).await?;
    let mut photos = calls.photos();
    let request = FinishPhotoRequest { photo_id };
    let answer = deadline::within(CALL, photos.finish_photo(request)).await?;
    Ok(answer.into_inner().upload.unwrap_or_default())
}

/// Calls for a moment long after the request began.
pub(crate) async fn renewed(person: &Person) -> Result<Calls, Error> {
    deadline::within(CALL, person.renewed()).await
}

/// Why documents did not begin with a file, for the person who chose it; everything else is an error.
///
/// `wrong_type` is what is said of a file whose name or type is none of those that may come.
pub(crate) fn reason_of(status: Status, wrong_type: &str) -> Result<String, Error> {
    if Reason::StorageFull.is_in(&status) {
        return Ok("The storage of your company is full".to_owned());
    }
    if status.code() == Code::InvalidArgument
        && let Some(request) = status.get_details_bad_request()
        && let Some(violation) = request.field_violations.into_iter().next()
    {
        return Ok(if violation.field == "file_name" {
            wrong_type.to_owned()
        } else {
            violation.description
        });
    }
    Err(status.into())
}

/// Why a file that came cannot be used, and what to do about it.
pub(crate) fn refusal_words(reason: RefusalReason) -> &'static str {
    match reason {
        RefusalReason::TypeMismatch => {
            "Its content is not what its name says. Choose JPEG, PNG or HEIC files"
        }
        RefusalReason::TooManyPixels => {
            "It has more than 12,000 pixels on a side or 50 megapixels in all. Make it smaller and add it again"
        }
        RefusalReason::Unreadable => {
            "It is damaged, cut off or empty. Open it on your device to check it, then add it again"
        }
        RefusalReason::TooHard => "It cannot be opened. Save it as a plain JPEG and add it again",
        RefusalReason::Virus => "The virus scanner found something in it",
        RefusalReason::Unspecified => "It cannot be used",
    }
}

/// How a script is told of an upload's state.
pub(crate) fn state_word(state: UploadState) -> &'static str {
    match state {
        UploadState::Quarantined | UploadState::Unspecified => "waiting",
        UploadState::Processing => "processing",
        UploadState::Ready => "ready",
        UploadState::Refused => "refused",
    }
}

/// A body as it comes, given up where nothing comes for too long.
pub(crate) fn patient(body: Body) -> impl Stream<Item = Result<Bytes, axum::BoxError>> + Send {
    patient_for(STILL, body)
}

fn patient_for(
    still: Duration,
    body: Body,
) -> impl Stream<Item = Result<Bytes, axum::BoxError>> + Send {
    stream::try_unfold(body.into_data_stream(), move |mut bytes| async move {
        match tokio::time::timeout(still, bytes.try_next()).await {
            Ok(next) => Ok::<_, axum::BoxError>(next?.map(|next| (next, bytes))),
            Err(late) => Err(late.into()),
        }
    })
}

/// Reads a body that nobody needs, so that the browser, which reads no answer before it has sent everything, gets one.
pub(crate) async fn drain(body: Body) {
    let mut bytes = std::pin::pin!(patient(body));
    let mut left = LARGEST_PHOTO;
    while let Some(Ok(next)) = bytes.next().await {
        let Some(rest) = left.checked_sub(next.len() as u64) else {
            return;
        };
        left = rest;
    }
}

/// The request id of one of a form's files: the same whenever the form is sent again.
pub(crate) fn id_of_file(form: &str, index: usize) -> Uuid {
    request_id_of([form.as_bytes(), &[0], &index.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn each_file_of_a_form_has_an_id_of_its_own() {
        let form = service::new_id().to_string();
        assert_eq!(id_of_file(&form, 0), id_of_file(&form, 0));
        assert_ne!(id_of_file(&form, 0), id_of_file(&form, 1));
        assert_ne!(id_of_file(&form, 0), id_of_file("another", 0));
    }

    #[test]
    fn a_refusal_is_told_and_an_outage_is_not_taken_for_one() {
        let mut details = ErrorDetails::new();
        details.add_bad_request_violation("size_bytes", "Choose a photo of 40 MB at most");
        let refused =
            Status::with_error_details(Code::InvalidArgument, "some fields are not valid", details);
        assert_eq!(
            reason_of(refused, NOT_A_PHOTO).expect("a reason"),
            "Choose a photo of 40 MB at most"
        );
        assert!(reason_of(Status::unavailable("away"), NOT_A_PHOTO).is_err());
        assert!(reason_of(Status::not_found("not found"), NOT_A_PHOTO).is_err());
    }

    #[tokio::test]
    async fn a_body_comes_through_unchanged() {
        let parts = ["pho", "to"].map(|part| Ok::<_, axum::BoxError>(Bytes::from(part)));
        let body = Body::from_stream(stream::iter(parts));
        let read: Vec<Bytes> = patient(body).try_collect().await.expect("it comes");
        assert_eq!(read.concat(), b"photo");
    }

    #[tokio::test]
    async fn a_body_that_stands_still_is_given_up() {
        let body = Body::from_stream(stream::pending::<Result<Bytes, axum::BoxError>>());
        let read: Result<Vec<Bytes>, _> = patient_for(Duration::from_millis(1), body)
            .try_collect()
            .await;
        assert!(read.is_err());
    }
}
