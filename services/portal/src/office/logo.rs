//! The organization's logo: taken in, made into a plain picture, and shown in the place of the platform's mark.

use axum::extract::multipart::Field;
use axum::response::Response;
use proto::{
    documents::{FinishLogoRequest, RefusalReason, StartLogoRequest, UploadState},
    identity::SetLogoRequest,
};
use reqwest::Body;
use serde::Deserialize;
use service::deadline;
use tokio_util::io::ReaderStream;

use crate::{
    csrf::{FileForm, Form, chunk_of, text_of},
    error::Error,
    flash::{self, Flash},
    office::{Owner, branding::PATH},
    spool::Spooled,
    upload::{CALL, reason_of, renewed},
};

/// 1 MiB.
const LARGEST: u64 = 1 << 20;
/// The bytes of the form: the file, and room for its fields.
pub(crate) const LARGEST_FORM: usize = 2 << 20;

const WRONG_TYPE: &str = "Choose an SVG or a PNG file";
const TOO_LARGE: &str = "Choose a logo of 1 MB at most";

/// A file that waits on disk.
struct Waiting {
    name: String,
    content_type: String,
    file: Spooled,
}

/// `POST /office/settings/branding/logo`
pub(crate) async fn send(owner: Owner, mut form: FileForm) -> Result<Response, Error> {
    let mut request_id = String::new();
    let mut outcome = Err("Choose a file first".to_owned());
    while let Some(field) = form.next().await? {
        match (field.name(), field.file_name()) {
            (Some("request_id"), _) => request_id = text_of(field).await?,
            // a browser sends an empty file where none was chosen
            (Some("logo"), Some(name)) if !name.is_empty() => {
                outcome = match keep(&owner, field).await? {
                    Some(waiting) => take(&owner, &request_id, waiting).await?,
                    None => Err(TOO_LARGE.to_owned()),
                };
            }
            _ => {}
        }
    }
    let flash = match outcome {
        Ok(()) => Flash::done("Your logo is saved. Every page shows it from now on."),
        Err(reason) => Flash::warning(format!("The logo was not saved. {reason}.")),
    };
    Ok(flash::redirect(&owner.app, PATH, &flash))
}

/// Reads the file to the disk; none where it is too large.
async fn keep(owner: &Owner, mut field: Field<'_>) -> Result<Option<Waiting>, Error> {
    let name = field.file_name().unwrap_or_default().to_owned();
    let content_type = field.content_type().unwrap_or_default().to_owned();
    let mut file = owner.app.spool.begin().await?;
    while let Some(bytes) = chunk_of(&mut field).await? {
        if file.size() + bytes.len() as u64 > LARGEST || !file.write(&bytes).await? {
            return Ok(None);
        }
    }
    Ok(Some(Waiting {
        name,
        content_type,
        file,
    }))
}

/// Makes a logo of the file and shows it; the reason where it is refused.
async fn take(
    owner: &Owner,
    request_id: &str,
    mut waiting: Waiting,
) -> Result<Result<(), String>, Error> {
    let calls = renewed(owner).await?;
    let mut logos = calls.logos();
    let size = waiting.file.size();
    let started = logos.start_logo(StartLogoRequest {
        file_name: waiting.name,
        content_type: waiting.content_type,
        size_bytes: i64::try_from(size).unwrap_or(i64::MAX),
        request_id: request_id.to_owned(),
    });
    let started = match deadline::within(CALL, started).await {
        Ok(started) => started.into_inner(),
        Err(status) => return Ok(Err(reason_of(status, WRONG_TYPE)?)),
    };
    if !started.put_url.is_empty() {
        let body = Body::wrap_stream(ReaderStream::new(waiting.file.rewind().await?));
        owner.app.storage.put(&started.put_url, size, body).await?;
    }
    let logo_id = started.logo_id;
    let finished = logos.finish_logo(FinishLogoRequest {
        logo_id: logo_id.clone(),
    });
    let finished = deadline::within(CALL, finished).await?.into_inner();
    if finished.state() != UploadState::Ready {
        return Ok(Err(refusal_words(finished.refusal()).to_owned()));
    }
    let mut organizations = calls.organizations();
    let set = organizations.set_logo(SetLogoRequest {
        logo_id,
        width: finished.width,
        height: finished.height,
    });
    deadline::within(CALL, set).await?;
    owner.app.sites.forget(owner.site.tenant);
    Ok(Ok(()))
}

/// The form of the button has no fields.
#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// `POST /office/settings/branding/logo/remove`
pub(crate) async fn remove(owner: Owner, _: Form<Nothing>) -> Result<Response, Error> {
    owner
        .calls
        .organizations()
        .set_logo(SetLogoRequest::default())
        .await?;
    owner.app.sites.forget(owner.site.tenant);
    let flash = Flash::done("Your logo is removed. Pages show your company’s name again.");
    Ok(flash::redirect(&owner.app, PATH, &flash))
}

fn refusal_words(reason: RefusalReason) -> &'static str {
    match reason {
        RefusalReason::TypeMismatch => {
            "Its content is not what its name says. Choose an SVG or a PNG file"
        }
        RefusalReason::TooManyPixels => "It has too many pixels. Make it smaller and try again",
        RefusalReason::TooHard => "It is too complex to draw. Save a simpler SVG, or a PNG",
        RefusalReason::Virus => "The virus scanner found something in it",
        RefusalReason::Unreadable | RefusalReason::Unspecified => {
            "It cannot be drawn. Open it on your device to check it, or save it as PNG"
        }
    }
}
