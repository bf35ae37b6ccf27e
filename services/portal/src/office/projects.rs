//! The list of projects: all for managers, the assigned ones for crew.

use askama::Template;
use axum::{extract::Query, response::Response};
use proto::projects::{ListProjectsRequest, ProjectStatus};
use serde::Deserialize;

use crate::{
    badge::Badge,
    client::{phases, project::address_line},
    error::Error,
    office::{Here, OfficeFrame, client_names, format_of, members},
    page,
    session::Office,
};

const PROJECTS: i32 = 25;

/// The statuses of a project, with their words in addresses and forms.
pub(crate) const STATUSES: [(ProjectStatus, &str, &str); 4] = [
    (ProjectStatus::Active, "active", "Active"),
    (ProjectStatus::Planned, "planned", "Planned"),
    (ProjectStatus::OnHold, "on-hold", "On hold"),
    (ProjectStatus::Finished, "finished", "Finished"),
];

#[derive(Template)]
#[template(path = "office/projects.html")]
struct Page {
    frame: OfficeFrame,
    is_manager: bool,
    filters: Vec<Filter>,
    is_filtered: bool,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
}

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    status: String,
    after: String,
}

/// A status to filter by.
struct Filter {
    title: &'static str,
    link: String,
    is_here: bool,
}

/// One project of the list.
struct Row {
    id: String,
    name: String,
    about: String,
    percent: i32,
    next: String,
    manager: String,
    badge: Option<Badge>,
}

/// `GET /office/projects`
pub(crate) async fn show(office: Office, Query(asked): Query<Asked>) -> Result<Response, Error> {
    let status = STATUSES
        .iter()
        .find(|(_, word, _)| *word == asked.status)
        .map_or(ProjectStatus::Unspecified, |(status, ..)| *status);
    let answer = office
        .calls
        .projects()
        .list_projects(ListProjectsRequest {
            page_size: PROJECTS,
            page_token: asked.after.clone(),
            client_id: String::new(),
            status: status.into(),
        })
        .await?
        .into_inner();
    let managers = answer
        .projects
        .iter()
        .map(|project| project.manager_id.clone())
        .collect();
    let (clients, managers) = tokio::join!(
        client_names(&office, &answer.projects),
        members(&office, managers)
    );
    let format = format_of(&office);
    let rows = answer
        .projects
        .iter()
        .map(|project| {
            let client = clients.get(project.client_id());
            let place = address_line(project.address.as_ref());
            let about: Vec<&str> = [client.map_or("", String::as_str), &place]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect();
            let next = phases::milestones(project)
                .into_iter()
                .next()
                .map(|milestone| match milestone.day {
                    Some(day) => format!("{}, {}", milestone.name, format.short_day(day)),
                    None => milestone.name,
                });
            Row {
                id: project.id.clone(),
                name: project.name.clone(),
                about: about.join(" · "),
                percent: project.progress_percent().clamp(0, 100),
                next: next.unwrap_or_else(|| "No milestone ahead".to_owned()),
                manager: managers
                    .get(&project.manager_id)
                    .map(|member| member.name.clone())
                    .unwrap_or_default(),
                badge: Badge::of_project(project),
            }
        })
        .collect();
    page::show(&Page {
        frame: OfficeFrame::of(&office, Here::Projects),
        is_manager: office.is_manager(),
        filters: filters(&asked.status),
        is_filtered: status != ProjectStatus::Unspecified,
        rows,
        first: (!asked.after.is_empty()).then(|| path(&asked.status, "")),
        next: (!answer.next_page_token.is_empty())
            .then(|| path(&asked.status, &answer.next_page_token)),
    })
}

fn filters(chosen: &str) -> Vec<Filter> {
    let all = Filter {
        title: "All",
        link: path("", ""),
        is_here: chosen.is_empty(),
    };
    let statuses = STATUSES.iter().map(|(_, word, title)| Filter {
        title,
        link: path(word, ""),
        is_here: chosen == *word,
    });
    std::iter::once(all).chain(statuses).collect()
}

fn path(status: &str, after: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("status", status), ("after", after)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    match query.finish() {
        text if text.is_empty() => "/office/projects".to_owned(),
        text => format!("/office/projects?{text}"),
    }
}
