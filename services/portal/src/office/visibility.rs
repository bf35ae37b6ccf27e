//! What clients see of a project: five settings, and what would change before they are saved.

use askama::Template;
use axum::{extract::Path, response::Response};
use proto::projects::{
    CompareVisibilityRequest, FinancialsVisibility, GetVisibilityRequest, LogsVisibility,
    PhotosVisibility, ProgressVisibility, ScheduleVisibility, UpdateVisibilityRequest, Visibility,
    VisibilityChange,
};
use serde::Deserialize;
use tonic::Code;
use uuid::Uuid;

use crate::{
    badge::Tone,
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    format::{Format, time_of},
    office::{
        Here, Manager, OfficeFrame,
        edit::{Difference, LabelledFields, differences},
        members,
        project::{Band, Opened, Section},
    },
    page,
};

/// One setting: its field, what it is called, what it is about, and its choices with their values.
struct Setting {
    field: &'static str,
    title: &'static str,
    hint: &'static str,
    choices: &'static [(&'static str, i32)],
}

const SETTINGS: [Setting; 5] = [
    Setting {
        field: "progress",
        title: "Progress",
        hint: "The percentage, overall and by phase.",
        choices: &[
            ("Show", ProgressVisibility::Show as i32),
            ("Hide", ProgressVisibility::Hide as i32),
        ],
    },
    Setting {
        field: "photos",
        title: "Photos",
        hint: "All, or only those that you mark as shared.",
        choices: &[
            ("All", PhotosVisibility::All as i32),
            ("Selected", PhotosVisibility::Selected as i32),
            ("None", PhotosVisibility::None as i32),
        ],
    },
    Setting {
        field: "logs",
        title: "Daily logs",
        hint: "The text for clients only. Internal notes stay internal.",
        choices: &[
            ("Share", LogsVisibility::Share as i32),
            ("Summary", LogsVisibility::Summarized as i32),
            ("Hide", LogsVisibility::Hide as i32),
        ],
    },
    Setting {
        field: "schedule",
        title: "Schedule",
        hint: "Everything, or milestones without durations.",
        choices: &[
            ("Full", ScheduleVisibility::Full as i32),
            ("Milestones", ScheduleVisibility::Milestones as i32),
            ("Hide", ScheduleVisibility::Hide as i32),
        ],
    },
    Setting {
        field: "financials",
        title: "Financials",
        hint: "Everything, or totals without lines.",
        choices: &[
            ("Full", FinancialsVisibility::Full as i32),
            ("Summary", FinancialsVisibility::Summary as i32),
            ("Hide", FinancialsVisibility::Hide as i32),
        ],
    },
];

#[derive(Template)]
#[template(path = "office/visibility.html")]
struct Page {
    frame: OfficeFrame,
    band: Band,
    applies_to: String,
    saved: String,
    rows: Vec<Row>,
    etag: String,
    is_changed: bool,
    changes: Vec<Change>,
    stale: Vec<Difference>,
}

/// One setting of the form.
struct Row {
    field: &'static str,
    title: &'static str,
    hint: &'static str,
    choices: Vec<Choice>,
    is_changed: bool,
}

/// One choice of a setting.
struct Choice {
    value: i32,
    label: &'static str,
    is_chosen: bool,
}

/// What would change for clients.
struct Change {
    class: &'static str,
    icon: &'static str,
    text: String,
}

/// The fields of the form: each setting by the number of its choice.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    etag: String,
    progress: String,
    photos: String,
    logs: String,
    schedule: String,
    financials: String,
}

/// `GET /office/projects/{project}/visibility`
pub(crate) async fn show(manager: Manager, Path(id): Path<Uuid>) -> Result<Response, Error> {
    let (opened, saved) = tokio::try_join!(Opened::load(&manager, id), read(&manager, id))?;
    let page = Page::new(&manager, &opened, &saved, &saved, Vec::new()).await;
    page::show(&page)
}

/// `POST /office/projects/{project}/visibility/preview`: the same page, with what would change. It saves nothing.
pub(crate) async fn preview(
    manager: Manager,
    Path(id): Path<Uuid>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let chosen = fields.visibility(id);
    let (opened, saved, changes) = tokio::try_join!(
        Opened::load(&manager, id),
        read(&manager, id),
        compare(&manager, &chosen)
    )?;
    let page = Page::new(&manager, &opened, &saved, &chosen, changes).await;
    page::show(&page)
}

/// `POST /office/projects/{project}/visibility`
pub(crate) async fn save(
    manager: Manager,
    Path(id): Path<Uuid>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let chosen = fields.visibility(id);
    let updated = manager
        .calls
        .visibility()
        .update_visibility(UpdateVisibilityRequest {
            visibility: Some(chosen.clone()),
        })
        .await;
    match updated {
        Ok(_) => {
            let words = "What clients see is saved. It holds from the next page on that they open.";
            let path = format!("/office/projects/{id}/visibility");
            Ok(flash::redirect(&manager.app, &path, &Flash::done(words)))
        }
        Err(status) if status.code() == Code::Aborted => {
            let (opened, saved, changes) = tokio::try_join!(
                Opened::load(&manager, id),
                read(&manager, id),
                compare(&manager, &chosen)
            )?;
            let stale = differences(&Settings(&saved), &Settings(&chosen));
            let page = Page::new(&manager, &opened, &saved, &chosen, changes).await;
            page::conflict(&Page { stale, ..page })
        }
        Err(status) => Err(status.into()),
    }
}

async fn read(manager: &Manager, id: Uuid) -> Result<Visibility, Error> {
    let request = GetVisibilityRequest {
        project_id: id.to_string(),
    };
    manager
        .calls
        .visibility()
        .get_visibility(request)
        .await?
        .into_inner()
        .visibility
        .ok_or(Error::NotFound)
}

async fn compare(manager: &Manager, chosen: &Visibility) -> Result<Vec<VisibilityChange>, Error> {
    let request = CompareVisibilityRequest {
        visibility: Some(chosen.clone()),
    };
    let answer = manager
        .calls
        .visibility()
        .compare_visibility(request)
        .await?;
    Ok(answer.into_inner().changes)
}

impl Page {
    async fn new(
        manager: &Manager,
        opened: &Opened,
        saved: &Visibility,
        chosen: &Visibility,
        changes: Vec<VisibilityChange>,
    ) -> Self {
        let rows: Vec<Row> = SETTINGS
            .iter()
            .zip(values(saved).into_iter().zip(values(chosen)))
            .map(|(setting, (saved, chosen))| Row {
                field: setting.field,
                title: setting.title,
                hint: setting.hint,
                choices: setting
                    .choices
                    .iter()
                    .map(|(label, value)| Choice {
                        value: *value,
                        label,
                        is_chosen: *value == chosen,
                    })
                    .collect(),
                is_changed: saved != chosen,
            })
            .collect();
        let names = members(manager, vec![saved.updated_by.clone()]).await;
        let by = names
            .get(&saved.updated_by)
            .map(|member| member.name.as_str());
        Self {
            frame: OfficeFrame::of(manager, Here::Projects),
            band: opened.band(manager, Section::Visibility),
            applies_to: opened.client.as_ref().map_or_else(
                || "your clients".to_owned(),
                |client| client.display_name.clone(),
            ),
            saved: saved_words(saved, by, &opened.format),
            is_changed: rows.iter().any(|row| row.is_changed),
            rows,
            // a form that is shown again is about what is saved now
            etag: saved.etag.clone(),
            changes: changes.into_iter().map(Change::new).collect(),
            stale: Vec::new(),
        }
    }
}

fn saved_words(saved: &Visibility, by: Option<&str>, format: &Format) -> String {
    match (by, time_of(saved.updated_at)) {
        (Some(name), Some(at)) => format!("Saved by {name}, {}", format.moment(at)),
        _ => "As careful as a new project".to_owned(),
    }
}

impl Change {
    fn new(change: VisibilityChange) -> Self {
        let (tone, icon) = if change.shows_more {
            (Tone::Info, "eye")
        } else {
            (Tone::Wait, "eyeoff")
        };
        Self {
            class: tone.class(),
            icon,
            text: change.text,
        }
    }
}

impl Fields {
    fn visibility(&self, project: Uuid) -> Visibility {
        // what is no number stays unspecified, and the service asks for a choice
        let number = |text: &str| text.parse().unwrap_or_default();
        Visibility {
            project_id: project.to_string(),
            progress: number(&self.progress),
            photos: number(&self.photos),
            logs: number(&self.logs),
            schedule: number(&self.schedule),
            financials: number(&self.financials),
            etag: self.etag.clone(),
            ..Visibility::default()
        }
    }
}

/// The choices in the order of [`SETTINGS`].
fn values(visibility: &Visibility) -> [i32; 5] {
    [
        visibility.progress,
        visibility.photos,
        visibility.logs,
        visibility.schedule,
        visibility.financials,
    ]
}

struct Settings<'a>(&'a Visibility);

impl LabelledFields for Settings<'_> {
    fn labelled_fields(&self) -> Vec<(&'static str, String)> {
        SETTINGS
            .iter()
            .zip(values(self.0))
            .map(|(setting, value)| {
                let choice = setting.choices.iter().find(|(_, number)| *number == value);
                (
                    setting.title,
                    choice.map_or("", |(label, _)| label).to_owned(),
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_values_stand_in_one_order() {
        let fields = Fields {
            etag: String::new(),
            progress: (ProgressVisibility::Hide as i32).to_string(),
            photos: (PhotosVisibility::Selected as i32).to_string(),
            logs: (LogsVisibility::Summarized as i32).to_string(),
            schedule: (ScheduleVisibility::Milestones as i32).to_string(),
            financials: "everything".to_owned(),
        };
        let told = Settings(&fields.visibility(service::new_id())).labelled_fields();
        let words: Vec<_> = told
            .iter()
            .map(|(title, label)| (*title, label.as_str()))
            .collect();
        assert_eq!(
            words,
            [
                ("Progress", "Hide"),
                ("Photos", "Selected"),
                ("Daily logs", "Summary"),
                ("Schedule", "Milestones"),
                ("Financials", "")
            ]
        );
    }
}
