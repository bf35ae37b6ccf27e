//! A project's phases: how far each is, when it is planned, what is reached at its end.

mod fields;

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use proto::projects::{
    CreatePhaseRequest, DeletePhaseRequest, Phase, ReorderPhasesRequest, UpdatePhaseRequest,
};
use serde::Deserialize;
use tonic::Code;
use uuid::Uuid;

use self::fields::{FIELDS, Fields};
use crate::{
    badge::Badge,
    client::phases,
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::{Errors, FormView, request_id},
    office::{
        Here, Manager, OfficeFrame,
        edit::{Difference, differences},
        mask,
        project::{self, Band, Opened, Section},
    },
    page,
    session::Office,
};

/// The steps of progress that one click sets.
const QUICK: [i32; 5] = [0, 25, 50, 75, 100];

#[derive(Template)]
#[template(path = "office/phases.html")]
struct Page {
    frame: OfficeFrame,
    band: Band,
    is_manager: bool,
    rows: Vec<Row>,
    /// The form of a phase more.
    added: FormView<Fields>,
    added_id: &'static str,
    errors: Errors,
    stale: Vec<Difference>,
}

/// One phase with its forms.
struct Row {
    id: String,
    number: usize,
    name: String,
    badge: Badge,
    percent: i32,
    when: String,
    milestone: String,
    etag: String,
    is_first: bool,
    is_last: bool,
    /// Its form, where it is open.
    form: Option<FormView<Fields>>,
}

/// What the address may carry: the phase whose form is open.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    edit: String,
}

/// The buttons that set the progress.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Progress {
    etag: String,
    percent: String,
}

/// The buttons that move a phase.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Move {
    to: String,
}

/// The button that removes a phase.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Remove {
    etag: String,
}

/// The form that is open: one that somebody asked for, or one that was refused.
enum Open {
    Added(FormView<Fields>),
    Changed(Uuid, FormView<Fields>),
}

/// `GET /office/projects/{project}/phases`
pub(crate) async fn show(
    office: Office,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let opened = Opened::load(&office, id).await?;
    let open = match asked.edit.parse() {
        Ok(phase_id) => {
            let form = FormView::new(Fields::of(find(&opened, phase_id)?));
            Some(Open::Changed(phase_id, form))
        }
        Err(_) => None,
    };
    page::show(&Page::new(&office, &opened, open))
}

/// `POST /office/projects/{project}/phases`
pub(crate) async fn create(
    manager: Manager,
    Path(id): Path<Uuid>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let phase = match fields.phase() {
        Ok(phase) => phase,
        Err(errors) => {
            let form = FormView {
                values: fields,
                errors,
            };
            return refuse(&manager, id, Open::Added(form)).await;
        }
    };
    let created = manager
        .calls
        .phases()
        .create_phase(CreatePhaseRequest {
            phase: Some(Phase {
                project_id: id.to_string(),
                ..phase
            }),
            request_id: fields.request_id.clone(),
        })
        .await;
    if let Err(status) = created {
        let form = FormView::refused(fields, &status, &FIELDS)?;
        return refuse(&manager, id, Open::Added(form)).await;
    }
    let words = format!("{} is added at the end.", fields.name.trim());
    Ok(to_phases(&manager, id, &words))
}

/// `POST /office/projects/{project}/phases/{phase}`
pub(crate) async fn save(
    manager: Manager,
    Path((id, phase_id)): Path<(Uuid, Uuid)>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let phase = match fields.phase() {
        Ok(phase) => phase,
        Err(errors) => {
            let form = FormView {
                values: fields,
                errors,
            };
            return refuse(&manager, id, Open::Changed(phase_id, form)).await;
        }
    };
    let paths = [
        "name",
        "weight",
        "progress_percent",
        "planned_start",
        "planned_end",
        "actual_start",
        "actual_end",
        "milestone",
    ];
    let saved = manager
        .calls
        .phases()
        .update_phase(UpdatePhaseRequest {
            phase: Some(Phase {
                id: phase_id.to_string(),
                project_id: id.to_string(),
                etag: fields.etag.clone(),
                ..phase
            }),
            update_mask: Some(mask(&paths)),
        })
        .await;
    match saved {
        Ok(answer) => {
            let saved = answer.into_inner().phase.unwrap_or_default();
            Ok(to_phases(&manager, id, &saved_words(&saved)))
        }
        Err(status) if status.code() == Code::Aborted => {
            let opened = Opened::load(&manager, id).await?;
            let now = find(&opened, phase_id)?;
            let saved = Fields::of(now);
            let stale = differences(&saved, &fields);
            let form = FormView::new(Fields {
                etag: saved.etag,
                ..fields
            });
            let open = Open::Changed(phase_id, form);
            page::conflict(&Page {
                stale,
                ..Page::new(&manager, &opened, Some(open))
            })
        }
        Err(status) => {
            let form = FormView::refused(fields, &status, &FIELDS)?;
            refuse(&manager, id, Open::Changed(phase_id, form)).await
        }
    }
}

/// `POST /office/projects/{project}/phases/{phase}/progress`
pub(crate) async fn set_progress(
    manager: Manager,
    Path((id, phase_id)): Path<(Uuid, Uuid)>,
    Form(fields): Form<Progress>,
) -> Result<Response, Error> {
    let percent = fields.percent.parse().map_err(|_| Error::Invalid)?;
    let answer = manager
        .calls
        .phases()
        .update_phase(UpdatePhaseRequest {
            phase: Some(Phase {
                id: phase_id.to_string(),
                project_id: id.to_string(),
                progress_percent: Some(percent),
                etag: fields.etag,
                ..Phase::default()
            }),
            update_mask: Some(mask(&["progress_percent"])),
        })
        .await?;
    let saved = answer.into_inner().phase.unwrap_or_default();
    Ok(to_phases(&manager, id, &saved_words(&saved)))
}

/// `POST /office/projects/{project}/phases/{phase}/move`
pub(crate) async fn move_one(
    manager: Manager,
    Path((id, phase_id)): Path<(Uuid, Uuid)>,
    Form(fields): Form<Move>,
) -> Result<Response, Error> {
    let project = project::read(&manager, id).await?;
    let mut ids: Vec<String> = project
        .phases
        .iter()
        .map(|phase| phase.id.clone())
        .collect();
    let moved = phase_id.to_string();
    let from = ids
        .iter()
        .position(|id| *id == moved)
        .ok_or(Error::NotFound)?;
    let to = match fields.to.as_str() {
        "up" => from.checked_sub(1),
        "down" => Some(from + 1).filter(|to| *to < ids.len()),
        _ => return Err(Error::Invalid),
    };
    if let Some(to) = to {
        ids.swap(from, to);
        manager
            .calls
            .phases()
            .reorder_phases(ReorderPhasesRequest {
                project_id: id.to_string(),
                phase_ids: ids,
            })
            .await?;
    }
    Ok(to_phases(&manager, id, "The order is saved."))
}

/// `POST /office/projects/{project}/phases/{phase}/remove`
pub(crate) async fn remove(
    manager: Manager,
    Path((id, phase_id)): Path<(Uuid, Uuid)>,
    Form(fields): Form<Remove>,
) -> Result<Response, Error> {
    manager
        .calls
        .phases()
        .delete_phase(DeletePhaseRequest {
            project_id: id.to_string(),
            id: phase_id.to_string(),
            etag: fields.etag,
        })
        .await?;
    Ok(to_phases(&manager, id, "The phase is removed."))
}

async fn refuse(manager: &Manager, id: Uuid, open: Open) -> Result<Response, Error> {
    let opened = Opened::load(manager, id).await?;
    page::refuse(&Page::new(manager, &opened, Some(open)))
}

fn find(opened: &Opened, id: Uuid) -> Result<&Phase, Error> {
    let id = id.to_string();
    opened
        .project
        .phases
        .iter()
        .find(|phase| phase.id == id)
        .ok_or(Error::NotFound)
}

fn to_phases(manager: &Manager, project: Uuid, words: &str) -> Response {
    let path = format!("/office/projects/{project}/phases");
    flash::redirect(&manager.app, &path, &Flash::done(words))
}

/// What was saved, and what clients hear of it.
fn saved_words(phase: &Phase) -> String {
    let percent = phase.progress_percent();
    match (&phase.milestone, percent) {
        (Some(milestone), 100) => format!(
            "{} is done. Clients hear that “{milestone}” is reached, as far as the schedule is shared.",
            phase.name
        ),
        (None, 100) => format!("{} is done.", phase.name),
        _ => format!("{} is saved, {percent}% done.", phase.name),
    }
}

impl Page {
    fn new(office: &Office, opened: &Opened, open: Option<Open>) -> Self {
        let (added, changed) = match open {
            Some(Open::Added(form)) => (Some(form), None),
            Some(Open::Changed(id, form)) => (None, Some((id.to_string(), form))),
            None => (None, None),
        };
        let errors = added
            .iter()
            .chain(changed.iter().map(|(_, form)| form))
            .map(|form| form.errors.clone())
            .next()
            .unwrap_or_default();
        let last = opened.project.phases.len();
        let rows = opened
            .project
            .phases
            .iter()
            .enumerate()
            .map(|(index, phase)| Row {
                number: index + 1,
                is_first: index == 0,
                is_last: index + 1 == last,
                form: changed
                    .as_ref()
                    .filter(|(id, _)| *id == phase.id)
                    .map(|(_, form)| form.clone()),
                ..Row::new(phase, opened)
            })
            .collect();
        Self {
            frame: OfficeFrame::of(office, Here::Projects),
            band: opened.band(office, Section::Phases),
            is_manager: office.is_manager(),
            rows,
            added_id: if added.is_some() { "" } else { "new-" },
            added: added.unwrap_or_else(|| {
                FormView::new(Fields {
                    request_id: request_id(),
                    weight: "10".to_owned(),
                    progress: "0".to_owned(),
                    ..Fields::default()
                })
            }),
            errors,
            stale: Vec::new(),
        }
    }

    fn quick() -> [i32; 5] {
        QUICK
    }
}

impl Row {
    fn new(phase: &Phase, opened: &Opened) -> Self {
        Self {
            id: phase.id.clone(),
            number: 0,
            name: phase.name.clone(),
            badge: Badge::of_phase(phase.status()),
            percent: phase.progress_percent().clamp(0, 100),
            when: phases::when(phase, &opened.format).unwrap_or_else(|| "No dates yet".to_owned()),
            milestone: phase.milestone().to_owned(),
            etag: phase.etag.clone(),
            is_first: false,
            is_last: false,
            form: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reached_milestone_says_who_hears_of_it() {
        let mut phase = Phase {
            name: "Framing".to_owned(),
            progress_percent: Some(100),
            ..Phase::default()
        };
        assert_eq!(saved_words(&phase), "Framing is done.");
        phase.milestone = Some("Roof on".to_owned());
        assert!(saved_words(&phase).contains("“Roof on” is reached"));
        phase.progress_percent = Some(75);
        assert_eq!(saved_words(&phase), "Framing is saved, 75% done.");
    }
}
