//! A project's photos, as the office sorts them: what they show, to which phase they belong, who sees them.

mod gallery;

use std::collections::HashSet;

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use proto::documents::{
    ListPhotosRequest, ListPhotosResponse, Photo, RestorePhotosRequest, TrashPhotosRequest,
    UpdatePhotosRequest, Upload, UploadState,
};
use serde::Deserialize;
use uuid::Uuid;

pub(crate) use self::gallery::{Asked, Pill, Tile};
use self::gallery::{NONE, pills, tile};
use crate::{
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::{FormView, request_id},
    format::count,
    office::{
        Choice, Here, OfficeFrame, audience,
        edit::tidy,
        mask,
        project::{Band, Opened, Section, read},
        upload::{reason_for, uploads_of},
    },
    page,
    session::Office,
};

/// As many as a phone shows without growing slow.
const PAGE: i32 = 24;

#[derive(Template)]
#[template(path = "office/photos.html")]
pub(crate) struct Page {
    pub(crate) frame: OfficeFrame,
    pub(crate) band: Band,
    pub(crate) asked: Asked,
    /// What there is, and what of it is shown.
    pub(crate) intro: String,
    pub(crate) phases: Vec<Pill>,
    pub(crate) audiences: Vec<Pill>,
    pub(crate) tiles: Vec<Tile>,
    pub(crate) newest: Option<String>,
    pub(crate) older: Option<String>,
    /// The form for the chosen ones.
    pub(crate) bulk: FormView<Bulk>,
    pub(crate) bulk_phases: Vec<Choice>,
    pub(crate) bulk_audiences: Vec<Choice>,
    /// The form for more photos.
    pub(crate) added: Panel,
    /// How many are being prepared, in a sentence.
    pub(crate) processing: Option<String>,
    pub(crate) refused: Vec<RefusedFile>,
}

/// The form for more photos.
pub(crate) struct Panel {
    pub(crate) request_id: String,
    pub(crate) phases: Vec<Choice>,
    pub(crate) audiences: Vec<Choice>,
    pub(crate) is_open: bool,
}

/// A file that cannot be a photo.
pub(crate) struct RefusedFile {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) reason: String,
}

/// The form for the chosen photos; what is empty stays as it is.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Bulk {
    id: Vec<Uuid>,
    caption: String,
    set_phase: String,
    set_audience: String,
    phase: String,
    audience: String,
    trash: String,
    before: String,
}

/// What a page is made from, beside what was asked.
pub(crate) struct Found {
    pub(crate) opened: Opened,
    pub(crate) photos: ListPhotosResponse,
    pub(crate) uploads: Vec<Upload>,
}

/// The tab of a project.
pub(crate) fn path_of(project: Uuid) -> String {
    format!("/office/projects/{project}/photos")
}

/// `GET /office/projects/{project}/photos`
pub(crate) async fn show(
    office: Office,
    Path(project): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let found = Found::load(&office, project, &asked).await?;
    let band = found.opened.band(&office, Section::Photos);
    let frame = OfficeFrame::of(&office, Here::Projects);
    let audiences = audience::choices(&office, "unmarked");
    page::show(&Page::new(
        frame,
        band,
        found,
        asked,
        FormView::default(),
        audiences,
    ))
}

/// `POST /office/projects/{project}/photos/edit`
pub(crate) async fn edit(
    office: Office,
    Path(project): Path<Uuid>,
    Form(fields): Form<Bulk>,
) -> Result<Response, Error> {
    let back = fields.back().path(project);
    let (photo, paths) = fields.changes();
    if fields.id.is_empty() || paths.is_empty() {
        read(&office, project).await?;
        let words = if fields.id.is_empty() {
            "Nothing was changed. Select photos first."
        } else {
            "Nothing was changed. Write a caption, or choose a phase or who sees the photos."
        };
        return Ok(flash::redirect(&office.app, &back, &Flash::warning(words)));
    }
    let saved = office
        .calls
        .photos()
        .update_photos(UpdatePhotosRequest {
            project_id: project.to_string(),
            ids: texts(&fields.id),
            photo: Some(photo),
            update_mask: Some(mask(&paths)),
            etag: String::new(),
        })
        .await;
    if let Err(status) = saved {
        let names = [
            ("photo.caption", "caption"),
            // here the words are the caption
            ("photo.alt_text", "caption"),
            ("photo.phase_id", "set_phase"),
            ("photo.audience", "set_audience"),
        ];
        let asked = fields.back();
        let form = FormView::refused(fields, &status, &names)?;
        let found = Found::load(&office, project, &asked).await?;
        let band = found.opened.band(&office, Section::Photos);
        let frame = OfficeFrame::of(&office, Here::Projects);
        let audiences = audience::choices(&office, "unmarked");
        return page::refuse(&Page::new(frame, band, found, asked, form, audiences));
    }
    let words = match fields.id.len() {
        1 => "The photo is changed.".to_owned(),
        number => format!("{} are changed.", count(number, "photo", "photos")),
    };
    Ok(flash::redirect(&office.app, &back, &Flash::done(words)))
}

/// `POST /office/projects/{project}/photos/trash`
pub(crate) async fn trash(
    office: Office,
    Path(project): Path<Uuid>,
    Form(fields): Form<Bulk>,
) -> Result<Response, Error> {
    let back = fields.back().path(project);
    if fields.id.is_empty() {
        read(&office, project).await?;
        let flash = Flash::warning("Nothing is in the trash. Select photos first.");
        return Ok(flash::redirect(&office.app, &back, &flash));
    }
    let request = TrashPhotosRequest {
        project_id: project.to_string(),
        ids: texts(&fields.id),
    };
    office.calls.photos().trash_photos(request).await?;
    let words = match fields.id.len() {
        1 => "The photo is in the trash for 30 days. Nobody sees it any more.".to_owned(),
        number => format!(
            "{} are in the trash for 30 days. Nobody sees them any more.",
            count(number, "photo", "photos")
        ),
    };
    let restore = format!("{}/restore", path_of(project));
    let flash = Flash::done(words).with_undo(restore, fields.id);
    Ok(flash::redirect(&office.app, &back, &flash))
}

/// `POST /office/projects/{project}/photos/restore`
pub(crate) async fn restore(
    office: Office,
    Path(project): Path<Uuid>,
    Form(fields): Form<Bulk>,
) -> Result<Response, Error> {
    let back = fields.back().path(project);
    if fields.id.is_empty() {
        read(&office, project).await?;
        let flash = Flash::warning("Nothing was restored. Select photos first.");
        return Ok(flash::redirect(&office.app, &back, &flash));
    }
    let request = RestorePhotosRequest {
        project_id: project.to_string(),
        ids: texts(&fields.id),
    };
    office.calls.photos().restore_photos(request).await?;
    let words = match fields.id.len() {
        1 => "The photo is back where it was.".to_owned(),
        number => format!(
            "{} are back where they were.",
            count(number, "photo", "photos")
        ),
    };
    Ok(flash::redirect(&office.app, &back, &Flash::done(words)))
}

fn texts(ids: &[Uuid]) -> Vec<String> {
    ids.iter().map(Uuid::to_string).collect()
}

impl Found {
    async fn load(office: &Office, project: Uuid, asked: &Asked) -> Result<Self, Error> {
        let mut photos = office.calls.photos();
        let photos = async {
            let request = ListPhotosRequest {
                project_id: project.to_string(),
                filter: Some(asked.filter()),
                page_size: PAGE,
                page_token: asked.before.clone(),
            };
            Ok(photos.list_photos(request).await?.into_inner())
        };
        let (opened, photos, uploads) = tokio::try_join!(
            Opened::load(office, project),
            photos,
            uploads_of(office, project)
        )?;
        Ok(Self {
            opened,
            photos,
            uploads,
        })
    }
}

impl Page {
    /// `audiences` are the choices that the person has, with the usual one chosen.
    pub(crate) fn new(
        frame: OfficeFrame,
        band: Band,
        found: Found,
        asked: Asked,
        bulk: FormView<Bulk>,
        audiences: Vec<Choice>,
    ) -> Self {
        let Found {
            opened,
            photos,
            uploads,
        } = found;
        let project = &opened.project;
        let chosen: HashSet<String> = bulk.values.id.iter().map(Uuid::to_string).collect();
        let tiles = photos
            .photos
            .iter()
            .map(|photo| tile(photo, &opened, &asked, chosen.contains(&photo.id)))
            .collect();
        let current = project.current_phase_id.clone().unwrap_or_default();
        let phases = |first: Vec<Choice>, chosen: &str| {
            let known = project.phases.iter();
            first
                .into_iter()
                .chain(known.map(|phase| Choice::new(&phase.id, &phase.name, chosen)))
                .collect::<Vec<_>>()
        };
        let (kept, none) = ("Leave as it is", "No phase");
        let values = &bulk.values;
        let bulk_phases = phases(
            vec![
                Choice::new("", kept, &values.set_phase),
                Choice::new(NONE, none, &values.set_phase),
            ],
            &values.set_phase,
        );
        let bulk_audiences = std::iter::once(Choice::new("", kept, &values.set_audience))
            .chain(
                audiences
                    .iter()
                    .map(|choice| Choice::new(&choice.value, &choice.label, &values.set_audience)),
            )
            .collect();
        let count_of = |state| {
            uploads
                .iter()
                .filter(|upload| upload.state() == state)
                .count()
        };
        Self {
            intro: intro(&photos, &asked),
            phases: pills(&photos, &opened, &asked),
            audiences: gallery::audience_pills(&opened, &asked),
            newest: (!asked.before.is_empty()).then(|| asked.without_page().path_at(&band.id)),
            older: Some(photos.next_page_token.clone())
                .filter(|token| !token.is_empty())
                .map(|token| asked.at(token).path_at(&band.id)),
            added: Panel {
                request_id: request_id(),
                phases: phases(vec![Choice::new("", none, &current)], &current),
                audiences,
                is_open: photos.total_count == 0,
            },
            processing: processing_words(count_of(UploadState::Processing)),
            refused: uploads
                .iter()
                .filter(|upload| upload.state() == UploadState::Refused)
                .map(|upload| RefusedFile {
                    id: upload.id.clone(),
                    name: upload.file_name.clone(),
                    reason: reason_for(upload),
                })
                .collect(),
            bulk_phases,
            bulk_audiences,
            bulk,
            tiles,
            asked,
            frame,
            band,
        }
    }

    /// Why there is nothing to see.
    fn empty_words(&self) -> &'static str {
        if self.asked.is_trash() {
            "What you move to the trash can be brought back here for 30 days."
        } else if self.asked.is_narrowed() {
            "No photo is in this choice. Choose another one above."
        } else {
            "Add the first ones above. Clients see them as far as the project shares photos."
        }
    }
}

fn intro(photos: &ListPhotosResponse, asked: &Asked) -> String {
    let number = |count: i32| usize::try_from(count).unwrap_or_default();
    if asked.is_trash() {
        return "What is here is out of everybody’s sight, and deleted 30 days after it came."
            .to_owned();
    }
    let all = count(number(photos.total_count), "photo", "photos");
    if asked.is_narrowed() {
        format!("{} of {all}.", photos.filtered_count)
    } else {
        format!("{all}. Locations are removed from every photo.")
    }
}

fn processing_words(number: usize) -> Option<String> {
    match number {
        0 => None,
        1 => Some("1 photo is being prepared.".to_owned()),
        number => Some(format!(
            "{} are being prepared.",
            count(number, "photo", "photos")
        )),
    }
}

impl Bulk {
    /// The page that the form was sent from.
    fn back(&self) -> Asked {
        Asked {
            phase: self.phase.clone(),
            audience: self.audience.clone(),
            trash: self.trash.clone(),
            before: self.before.clone(),
        }
    }

    /// What is to be changed, and which fields that is.
    fn changes(&self) -> (Photo, Vec<&'static str>) {
        let mut photo = Photo::default();
        let mut paths = Vec::new();
        let caption = tidy(&self.caption);
        if !caption.is_empty() {
            photo.caption = caption;
            paths.push("caption");
        }
        if !self.set_phase.is_empty() {
            if self.set_phase != NONE {
                photo.phase_id.clone_from(&self.set_phase);
            }
            paths.push("phase_id");
        }
        if !self.set_audience.is_empty() {
            photo.audience = audience::of_word(&self.set_audience).into();
            paths.push("audience");
        }
        (photo, paths)
    }
}

#[cfg(test)]
mod tests {
    use proto::documents::PhotoAudience;

    use super::*;

    #[test]
    fn only_what_was_filled_in_is_changed() {
        let mut bulk = Bulk::default();
        assert!(bulk.changes().1.is_empty());
        bulk.caption = " Base cabinets \r\n".to_owned();
        bulk.set_audience = "shared".to_owned();
        let (photo, paths) = bulk.changes();
        assert_eq!(paths, ["caption", "audience"]);
        assert_eq!(photo.caption, "Base cabinets");
        assert_eq!(photo.audience(), PhotoAudience::Shared);
        bulk.set_phase = NONE.to_owned();
        let (photo, paths) = bulk.changes();
        assert_eq!(paths, ["caption", "phase_id", "audience"]);
        assert_eq!(photo.phase_id, "");
    }

    #[test]
    fn what_is_being_prepared_is_counted() {
        assert_eq!(processing_words(0), None);
        assert_eq!(
            processing_words(3).as_deref(),
            Some("3 photos are being prepared.")
        );
    }
}
