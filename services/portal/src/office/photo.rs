//! One photo: what it shows, to which phase it belongs, who sees it.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use proto::{
    documents::{GetPhotoRequest, Photo, PhotoAudience, UpdatePhotosRequest},
    projects::Project,
};
use serde::Deserialize;
use tonic::Code;
use uuid::Uuid;

use crate::{
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::FormView,
    format::time_of,
    office::{
        Choice, Here, OfficeFrame, audience,
        edit::{Difference, LabelledFields, differences, tidy},
        mask, members,
        photos::Asked,
        project::{Band, Opened, Section},
    },
    page,
    pictures::Picture,
    session::Office,
};

const FIELDS: [(&str, &str); 4] = [
    ("photo.caption", "caption"),
    ("photo.alt_text", "alt_text"),
    ("photo.phase_id", "set_phase"),
    ("photo.audience", "set_audience"),
];

#[derive(Template)]
#[template(path = "office/photo.html")]
pub(crate) struct Page {
    pub(crate) frame: OfficeFrame,
    pub(crate) band: Band,
    /// The list that it was opened from.
    pub(crate) back: String,
    /// The same as fields of the form.
    pub(crate) asked: Asked,
    pub(crate) picture: Picture,
    /// When it was taken and who added it.
    pub(crate) about: String,
    pub(crate) who_sees: &'static str,
    /// True where the person may see the settings that this hangs on.
    pub(crate) is_manager: bool,
    pub(crate) form: FormView<Fields>,
    pub(crate) stale: Vec<Difference>,
    pub(crate) phases: Vec<Choice>,
    /// None where the choice is not this person's.
    pub(crate) audiences: Option<Vec<Choice>>,
}

/// The fields of the form; the first four of an [`Asked`] lead back.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    pub(crate) etag: String,
    pub(crate) caption: String,
    pub(crate) alt_text: String,
    pub(crate) set_phase: String,
    pub(crate) set_audience: String,
    phase: String,
    audience: String,
    trash: String,
    before: String,
    /// What the fields are called for a person; not of the form.
    #[serde(skip)]
    names: Vec<(String, String)>,
}

/// `GET /office/projects/{project}/photos/{photo}`
pub(crate) async fn show(
    office: Office,
    Path((project, id)): Path<(Uuid, Uuid)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let (opened, photo) = load(&office, project, id).await?;
    let form = FormView::new(Fields::of(&photo, &opened.project));
    page::show(&page_of(&office, &opened, &photo, form, asked).await)
}

/// `POST /office/projects/{project}/photos/{photo}`
pub(crate) async fn save(
    office: Office,
    Path((project, id)): Path<(Uuid, Uuid)>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let asked = fields.back();
    let mut paths = vec!["caption", "alt_text", "phase_id"];
    // who may not choose the audience sends none, and what it was stays
    if !fields.set_audience.is_empty() {
        paths.push("audience");
    }
    let saved = office
        .calls
        .photos()
        .update_photos(UpdatePhotosRequest {
            project_id: project.to_string(),
            ids: vec![id.to_string()],
            photo: Some(fields.photo()),
            update_mask: Some(mask(&paths)),
            etag: fields.etag.clone(),
        })
        .await;
    match saved {
        Ok(_) => {
            let flash = Flash::done("The photo is saved.");
            Ok(flash::redirect(&office.app, &asked.path(project), &flash))
        }
        Err(status) if status.code() == Code::Aborted => {
            let (opened, photo) = load(&office, project, id).await?;
            let now = Fields::of(&photo, &opened.project);
            let typed = Fields {
                etag: now.etag.clone(),
                set_audience: if fields.set_audience.is_empty() {
                    now.set_audience.clone()
                } else {
                    fields.set_audience.clone()
                },
                ..fields
            }
            .named(&opened.project);
            let stale = differences(&now, &typed);
            let page = page_of(&office, &opened, &photo, FormView::new(typed), asked).await;
            page::conflict(&Page { stale, ..page })
        }
        Err(status) => {
            let form = FormView::refused(fields, &status, &FIELDS)?;
            let (opened, photo) = load(&office, project, id).await?;
            page::refuse(&page_of(&office, &opened, &photo, form, asked).await)
        }
    }
}

async fn load(office: &Office, project: Uuid, id: Uuid) -> Result<(Opened, Photo), Error> {
    let mut photos = office.calls.photos();
    let photo = async {
        let request = GetPhotoRequest {
            project_id: project.to_string(),
            id: id.to_string(),
            filter: None,
        };
        let answer = photos.get_photo(request).await?;
        answer.into_inner().photo.ok_or(Error::NotFound)
    };
    tokio::try_join!(Opened::load(office, project), photo)
}

async fn page_of(
    office: &Office,
    opened: &Opened,
    photo: &Photo,
    form: FormView<Fields>,
    asked: Asked,
) -> Page {
    let names = members(office, vec![photo.uploaded_by.clone()]).await;
    let by = names
        .get(&photo.uploaded_by)
        .map(|member| member.name.as_str());
    let taken = time_of(photo.taken_at).map(|at| opened.format.moment_first(at));
    let about: Vec<&str> = taken.as_deref().into_iter().chain(by).collect();
    // who may not share may not take it back either
    let may_choose = office.is_manager() || photo.audience() != PhotoAudience::Shared;
    let known = opened.project.phases.iter();
    let chosen = &form.values.set_phase;
    Page {
        frame: OfficeFrame::of(office, Here::Projects),
        band: opened.band(office, Section::Photos),
        back: asked.path_at(&opened.project.id),
        asked,
        picture: Picture::of(photo, &opened.format),
        about: about.join(" · "),
        who_sees: audience::who_sees(photo.audience()),
        is_manager: office.is_manager(),
        phases: std::iter::once(Choice::new("", "No phase", chosen))
            .chain(known.map(|phase| Choice::new(&phase.id, &phase.name, chosen)))
            .collect(),
        audiences: may_choose.then(|| audience::choices(office, &form.values.set_audience)),
        form,
        stale: Vec::new(),
    }
}

impl Fields {
    pub(crate) fn of(photo: &Photo, project: &Project) -> Self {
        Self {
            etag: photo.etag.clone(),
            caption: photo.caption.clone(),
            alt_text: photo.alt_text.clone(),
            set_phase: photo.phase_id.clone(),
            set_audience: audience::word(photo.audience()).to_owned(),
            ..Self::default()
        }
        .named(project)
    }

    /// With the names of phases, so that a difference can be told.
    fn named(self, project: &Project) -> Self {
        let names = project
            .phases
            .iter()
            .map(|phase| (phase.id.clone(), phase.name.clone()))
            .collect();
        Self { names, ..self }
    }

    fn photo(&self) -> Photo {
        Photo {
            caption: tidy(&self.caption),
            alt_text: tidy(&self.alt_text),
            phase_id: self.set_phase.clone(),
            audience: audience::of_word(&self.set_audience).into(),
            ..Photo::default()
        }
    }

    /// The list that the form leads back to.
    fn back(&self) -> Asked {
        Asked {
            phase: self.phase.clone(),
            audience: self.audience.clone(),
            trash: self.trash.clone(),
            before: self.before.clone(),
        }
    }
}

impl LabelledFields for Fields {
    fn labelled_fields(&self) -> Vec<(&'static str, String)> {
        let phase = self.names.iter().find(|(id, _)| *id == self.set_phase);
        vec![
            ("Caption", tidy(&self.caption)),
            ("What it shows", tidy(&self.alt_text)),
            (
                "Phase",
                phase.map(|(_, name)| name.clone()).unwrap_or_default(),
            ),
            (
                "Who sees it",
                audience::label(audience::of_word(&self.set_audience)).to_owned(),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use proto::projects::Phase;

    use super::*;

    #[test]
    fn a_difference_is_told_in_names() {
        let project = Project {
            phases: vec![Phase {
                id: "a".to_owned(),
                name: "Framing".to_owned(),
                ..Phase::default()
            }],
            ..Project::default()
        };
        let saved = Photo {
            phase_id: "a".to_owned(),
            audience: PhotoAudience::Shared.into(),
            ..Photo::default()
        };
        let now = Fields::of(&saved, &project);
        let typed = Fields {
            set_phase: String::new(),
            set_audience: "internal".to_owned(),
            ..now.clone()
        };
        let found: Vec<_> = differences(&now, &typed)
            .into_iter()
            .map(|difference| (difference.label, difference.saved, difference.typed))
            .collect();
        assert_eq!(
            found,
            [
                ("Phase", "Framing".to_owned(), "(empty)".to_owned()),
                (
                    "Who sees it",
                    "Shared with the client".to_owned(),
                    "Internal: only your team".to_owned()
                )
            ]
        );
    }
}
