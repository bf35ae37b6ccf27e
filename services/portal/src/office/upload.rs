//! Photos coming in: by one form of many files, or file by file from a script.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, Query, Request, multipart::Field},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use proto::documents::{
    DismissUploadsRequest, ListUploadsRequest, StartPhotoRequest, Upload, UploadState,
};
use reqwest::Body;
use serde::{Deserialize, Serialize};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use crate::{
    csrf::{FileForm, Form, FromScript, chunk_of, text_of},
    error::Error,
    flash::{self, Flash},
    format::count,
    office::{audience, photos::path_of, project::read},
    session::Office,
    spool::Spooled,
    upload::{
        LARGEST_PHOTO, Start, drain, finish, id_of_file, patient, refusal_words, renewed, start,
        state_word,
    },
};

/// As many files as one form may carry.
const MOST_FILES: usize = 50;
/// The bytes of a form: its files, and room for its fields.
pub(crate) const LARGEST_FORM: usize = MOST_FILES * (40 << 20) + (1 << 20);
/// As much of a refusal as a message has room for.
const NAMES_TOLD: usize = 5;
const LONGEST_NAME: usize = 60;

/// What is said about all files that come together, and in the address of one that comes alone.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct About {
    request_id: String,
    name: String,
    phase: String,
    audience: String,
    caption: String,
}

/// What became of the files of a form.
#[derive(Default)]
struct Outcome {
    added: usize,
    /// The names of refused files by the reason.
    refused: BTreeMap<String, Vec<String>>,
}

/// A file that waits on disk.
struct Waiting {
    request_id: Uuid,
    name: String,
    content_type: String,
    file: Spooled,
}

/// What a script is told of an upload.
#[derive(Serialize)]
struct UploadStatus {
    id: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// `POST /office/projects/{project}/photos`: the files of a form.
pub(crate) async fn send(
    office: Office,
    Path(project): Path<Uuid>,
    mut form: FileForm,
) -> Result<Response, Error> {
    // before the first file is taken
    read(&office, project).await?;
    let mut about = About::default();
    let mut outcome = Outcome::default();
    let mut waiting = Vec::new();
    let mut index = 0;
    while let Some(field) = form.next().await? {
        let name = field.name().unwrap_or_default().to_owned();
        match (name.as_str(), field.file_name()) {
            // a browser sends an empty file where none was chosen
            ("photo", Some("")) => {}
            ("photo", Some(_)) => {
                index += 1;
                let request_id = id_of_file(&about.request_id, index);
                if index > MOST_FILES {
                    let name = field.file_name().unwrap_or_default().to_owned();
                    outcome.refuse(name, "Add at most 50 photos at once");
                } else if let Some(file) = keep(&office, field, request_id, &mut outcome).await? {
                    waiting.push(file);
                }
            }
            ("request_id", _) => about.request_id = text_of(field).await?,
            ("phase", _) => about.phase = text_of(field).await?,
            ("audience", _) => about.audience = text_of(field).await?,
            ("caption", _) => about.caption = text_of(field).await?,
            _ => {}
        }
    }
    hand_over(&office, project, &about, waiting, &mut outcome).await?;
    Ok(flash::redirect(
        &office.app,
        &path_of(project),
        &outcome.flash(),
    ))
}

/// Reads a file to the disk; none where it may not come.
async fn keep(
    office: &Office,
    mut field: Field<'_>,
    request_id: Uuid,
    outcome: &mut Outcome,
) -> Result<Option<Waiting>, Error> {
    let name = field.file_name().unwrap_or_default().to_owned();
    let content_type = field.content_type().unwrap_or_default().to_owned();
    let mut file = office.app.spool.begin().await?;
    while let Some(bytes) = chunk_of(&mut field).await? {
        if file.size() + bytes.len() as u64 > LARGEST_PHOTO {
            outcome.refuse(name, "Choose a photo of 40 MB at most");
            return Ok(None);
        }
        if !file.write(&bytes).await? {
            let reason = "Too much is being added at the moment. Add it again in a few minutes";
            outcome.refuse(name, reason);
            return Ok(None);
        }
    }
    Ok(Some(Waiting {
        request_id,
        name,
        content_type,
        file,
    }))
}

/// Gives the files to documents and the storage, one after the other.
///
/// Where one of them is away, nothing more is tried: what came so far has come, and the rest is told as refused.
async fn hand_over(
    office: &Office,
    project: Uuid,
    about: &About,
    waiting: Vec<Waiting>,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let mut is_away = false;
    for mut one in waiting {
        if is_away {
            outcome.refuse(one.name, Outcome::AWAY);
            continue;
        }
        match hand_over_one(office, project, about, &mut one).await {
            Ok(None) => outcome.added += 1,
            Ok(Some(reason)) => outcome.refuse(one.name, &reason),
            Err(Error::Unavailable(error)) => {
                tracing::warn!(error = format!("{error:#}"), "an upload failed");
                outcome.refuse(one.name, Outcome::AWAY);
                is_away = true;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The reason where the file is refused.
async fn hand_over_one(
    office: &Office,
    project: Uuid,
    about: &About,
    one: &mut Waiting,
) -> Result<Option<String>, Error> {
    let request = about.request(
        project,
        one.request_id.to_string(),
        one.name.clone(),
        one.content_type.clone(),
        one.file.size(),
    );
    // the form took its time to come
    let calls = renewed(office).await?;
    let (id, put_url) = match start(&calls, request).await? {
        Start::Begun { id, put_url } => (id, put_url),
        Start::Refused(reason) => return Ok(Some(reason)),
    };
    if !put_url.is_empty() {
        let bytes = ReaderStream::new(one.file.rewind().await?);
        let size = one.file.size();
        let body = Body::wrap_stream(bytes);
        office.app.storage.put(&put_url, size, body).await?;
    }
    let upload = finish(office, id).await?;
    Ok((upload.state() == UploadState::Refused).then(|| reason_for(&upload)))
}

/// `POST /office/projects/{project}/photos/upload`: one file, as a script sends it.
pub(crate) async fn send_one(
    office: Office,
    _: FromScript,
    Path(project): Path<Uuid>,
    Query(about): Query<About>,
    request: Request,
) -> Result<Response, Error> {
    let headers = request.headers();
    let Some(size) = length_of(headers) else {
        return Err(Error::Invalid);
    };
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let wanted = about.request(
        project,
        about.request_id.clone(),
        about.name.clone(),
        content_type,
        size,
    );
    let body = request.into_body();
    let (id, put_url) = match start(&office.calls, wanted).await? {
        Start::Begun { id, put_url } => (id, put_url),
        Start::Refused(reason) => {
            drain(body).await;
            let answer = Json(UploadStatus {
                id: String::new(),
                state: state_word(UploadState::Refused),
                reason: Some(reason),
            });
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, answer).into_response());
        }
    };
    if put_url.is_empty() {
        drain(body).await;
    } else {
        let body = Body::wrap_stream(patient(body));
        office.app.storage.put(&put_url, size, body).await?;
    }
    let upload = finish(&office, id).await?;
    Ok(Json(UploadStatus::of(&upload)).into_response())
}

fn length_of(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// `GET /office/projects/{project}/photos/uploads`: what is no photo yet, for a script.
pub(crate) async fn list(office: Office, Path(project): Path<Uuid>) -> Result<Response, Error> {
    let uploads = uploads_of(&office, project).await?;
    let told: Vec<UploadStatus> = uploads.iter().map(UploadStatus::of).collect();
    Ok(Json(told).into_response())
}

/// What is no photo yet of a project.
pub(crate) async fn uploads_of(office: &Office, project: Uuid) -> Result<Vec<Upload>, Error> {
    let request = ListUploadsRequest {
        project_id: project.to_string(),
    };
    let answer = office.calls.photos().list_uploads(request).await?;
    Ok(answer.into_inner().uploads)
}

/// The fields of the form: which refused uploads.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Dismissed {
    id: Vec<Uuid>,
}

/// `POST /office/projects/{project}/photos/uploads/dismiss`
pub(crate) async fn dismiss(
    office: Office,
    Path(project): Path<Uuid>,
    Form(fields): Form<Dismissed>,
) -> Result<Response, Error> {
    let request = DismissUploadsRequest {
        project_id: project.to_string(),
        upload_ids: fields.id.iter().map(Uuid::to_string).collect(),
    };
    office.calls.photos().dismiss_uploads(request).await?;
    let words = match fields.id.len() {
        1 => "The refused file is off the list.".to_owned(),
        number => format!(
            "{} are off the list.",
            count(number, "refused file", "refused files")
        ),
    };
    let flash = Flash::done(words);
    Ok(flash::redirect(&office.app, &path_of(project), &flash))
}

/// Why an upload was refused.
pub(crate) fn reason_for(upload: &Upload) -> String {
    refusal_words(upload.refusal()).to_owned()
}

impl UploadStatus {
    fn of(upload: &Upload) -> Self {
        let is_refused = upload.state() == UploadState::Refused;
        Self {
            id: upload.id.clone(),
            state: state_word(upload.state()),
            reason: is_refused.then(|| reason_for(upload)),
        }
    }
}

impl About {
    fn request(
        &self,
        project: Uuid,
        request_id: String,
        file_name: String,
        content_type: String,
        size: u64,
    ) -> StartPhotoRequest {
        StartPhotoRequest {
            project_id: project.to_string(),
            file_name,
            content_type,
            size_bytes: i64::try_from(size).unwrap_or(i64::MAX),
            phase_id: self.phase.clone(),
            caption: self.caption.clone(),
            alt_text: String::new(),
            audience: audience::of_word(&self.audience).into(),
            request_id,
        }
    }
}

impl Outcome {
    const AWAY: &str = "The storage is away for the moment. Add it again in a few minutes";

    fn refuse(&mut self, name: String, reason: &str) {
        self.refused
            .entry(reason.to_owned())
            .or_default()
            .push(name);
    }

    /// What is said on the next page: every reason, with as many names as a message has room for.
    fn flash(&self) -> Flash {
        let refused: usize = self.refused.values().map(Vec::len).sum();
        let added = match self.added {
            0 => "No photo was added.".to_owned(),
            1 => "1 photo was added and is being prepared.".to_owned(),
            added => format!(
                "{} were added and are being prepared.",
                count(added, "photo", "photos")
            ),
        };
        if refused == 0 {
            return match self.added {
                0 => Flash::warning("No photo was added. Choose at least one file."),
                _ => Flash::done(added),
            };
        }
        let were = if refused == 1 { "was" } else { "were" };
        let reasons = self
            .refused
            .iter()
            .map(|(reason, names)| format!("{}: {reason}.", told_names(names)));
        let sentences: Vec<String> = [added, format!("{refused} {were} refused.")]
            .into_iter()
            .chain(reasons)
            .collect();
        Flash::warning(sentences.join(" "))
    }
}

/// "a.pdf, b.pdf and 3 more".
fn told_names(names: &[String]) -> String {
    let told: Vec<String> = names
        .iter()
        .take(NAMES_TOLD)
        .map(|name| name.chars().take(LONGEST_NAME).collect())
        .collect();
    let told = told.join(", ");
    match names.len().saturating_sub(NAMES_TOLD) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_each_file_is_told() {
        let mut outcome = Outcome {
            added: 8,
            ..Outcome::default()
        };
        assert_eq!(
            outcome.flash().text,
            "8 photos were added and are being prepared."
        );
        outcome.refuse("notes.txt".to_owned(), "Choose a photo");
        outcome.refuse("plan.pdf".to_owned(), "Choose a photo");
        outcome.refuse("site.jpg".to_owned(), "Choose a photo of 40 MB at most");
        assert_eq!(
            outcome.flash().text,
            "8 photos were added and are being prepared. 3 were refused. notes.txt, plan.pdf: Choose a photo. \
             site.jpg: Choose a photo of 40 MB at most."
        );
    }

    #[test]
    fn many_names_are_counted() {
        let names: Vec<String> = (1..=8).map(|number| format!("{number}.pdf")).collect();
        assert_eq!(
            told_names(&names),
            "1.pdf, 2.pdf, 3.pdf, 4.pdf, 5.pdf and 3 more"
        );
        let long = vec!["x".repeat(500)];
        assert_eq!(told_names(&long).len(), LONGEST_NAME);
    }

    #[test]
    fn a_form_without_a_file_is_told_so() {
        assert_eq!(
            Outcome::default().flash().text,
            "No photo was added. Choose at least one file."
        );
    }
}
