//! The form on a project: a new one, or changes to one and to its team.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use proto::{
    identity::{Account, AccountState, Client, ListClientsRequest, ListMembersRequest, Role},
    projects::{
        CreateProjectRequest, ListPhaseTemplatesRequest, MapPoint, PhaseTemplate, Project,
        ProjectStatus, ProjectType, SiteAddress, UpdateProjectRequest,
    },
};
use serde::Deserialize;
use tonic::Code;
use uuid::Uuid;

use crate::{
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::{Errors, FormView, request_id},
    office::{
        Choice, Here, Manager, OfficeFrame, degrees,
        edit::{Difference, Told, differences, tidy},
        mask,
        project::{self, type_words},
        projects::STATUSES,
    },
    page, time_zones,
};

const CLIENTS: i32 = 1000;
const MEMBERS: i32 = 200;

const TYPES: [(ProjectType, &str); 7] = [
    (ProjectType::Kitchen, "kitchen"),
    (ProjectType::Bathroom, "bathroom"),
    (ProjectType::Addition, "addition"),
    (ProjectType::WholeHome, "whole-home"),
    (ProjectType::NewHome, "new-home"),
    (ProjectType::Exterior, "exterior"),
    (ProjectType::Other, "other"),
];

const FIELDS: [(&str, &str); 16] = [
    ("project.client_id", "client"),
    ("project.name", "name"),
    ("project.type", "type"),
    ("project.status", "status"),
    ("project.address.line1", "line1"),
    ("project.address.city", "city"),
    ("project.address.region", "region"),
    ("project.address.postal_code", "postal_code"),
    ("project.address.point.latitude_e6", "latitude"),
    ("project.address.point.longitude_e6", "longitude"),
    ("project.start_date", "start_date"),
    ("project.planned_finish", "planned_finish"),
    ("project.manager_id", "manager"),
    ("project.member_ids", "manager"),
    ("project.time_zone", "time_zone"),
    ("template_id", "template"),
];

#[derive(Template)]
#[template(path = "office/project_form.html")]
struct Page {
    frame: OfficeFrame,
    /// The project; none while it is new.
    id: Option<String>,
    title: String,
    form: FormView<Fields>,
    stale: Vec<Difference>,
    clients: Vec<Choice>,
    types: Vec<Choice>,
    statuses: Vec<Choice>,
    managers: Vec<Choice>,
    crew: Vec<Choice>,
    templates: Vec<PhasePlan>,
    zones: Vec<time_zones::Group>,
}

/// A template of phases.
struct PhasePlan {
    id: String,
    name: String,
    about: String,
    is_chosen: bool,
}

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    client: String,
}

/// The fields of the form.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    request_id: String,
    etag: String,
    client: String,
    name: String,
    r#type: String,
    status: String,
    line1: String,
    city: String,
    region: String,
    postal_code: String,
    latitude: String,
    longitude: String,
    start_date: String,
    planned_finish: String,
    manager: String,
    member: Vec<String>,
    template: String,
    time_zone: String,
}

/// What the choices of the form are made of.
struct Choices {
    clients: Vec<Client>,
    members: Vec<Account>,
    templates: Vec<PhaseTemplate>,
}

impl Choices {
    async fn load(manager: &Manager) -> Result<Self, Error> {
        let mut records = manager.calls.clients();
        let mut members = manager.calls.members();
        let mut projects = manager.calls.projects();
        let (records, members, templates) = tokio::try_join!(
            records.list_clients(ListClientsRequest {
                page_size: CLIENTS,
                ..ListClientsRequest::default()
            }),
            members.list_members(ListMembersRequest {
                page_size: MEMBERS,
                page_token: String::new(),
            }),
            projects.list_phase_templates(ListPhaseTemplatesRequest {}),
        )?;
        Ok(Self {
            clients: records.into_inner().clients,
            members: members.into_inner().members,
            templates: templates.into_inner().templates,
        })
    }
}

/// `GET /office/projects/new`
pub(crate) async fn new(manager: Manager, Query(asked): Query<Asked>) -> Result<Response, Error> {
    let choices = Choices::load(&manager).await?;
    let client = choices
        .clients
        .iter()
        .find(|client| client.id == asked.client);
    let address = client.and_then(|client| client.addresses.first()).cloned();
    let address = address.unwrap_or_default();
    let fields = Fields {
        request_id: request_id(),
        client: asked.client,
        line1: address.line1,
        city: address.city,
        region: address.region,
        postal_code: address.postal_code,
        manager: manager.account.id.clone(),
        time_zone: manager.site.organization.time_zone.clone(),
        ..Fields::default()
    };
    page::show(&Page::new(&manager, &choices, None, FormView::new(fields)))
}

/// `POST /office/projects/new`
pub(crate) async fn create(
    manager: Manager,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let read = fields.project();
    let project = match read {
        Ok(project) => Project {
            client_id: Some(fields.client.clone()),
            status: ProjectStatus::Unspecified.into(),
            ..project
        },
        Err(errors) => {
            let choices = Choices::load(&manager).await?;
            let form = FormView {
                values: fields,
                errors,
            };
            return page::refuse(&Page::new(&manager, &choices, None, form));
        }
    };
    let created = manager
        .calls
        .projects()
        .create_project(CreateProjectRequest {
            project: Some(project),
            template_id: fields.template.clone(),
            request_id: fields.request_id.clone(),
        })
        .await;
    let project = match created {
        Ok(answer) => answer.into_inner().project.unwrap_or_default(),
        Err(status) => {
            let form = FormView::refused(fields, &status, &FIELDS)?;
            let choices = Choices::load(&manager).await?;
            return page::refuse(&Page::new(&manager, &choices, None, form));
        }
    };
    let words = format!(
        "{} is started. Clients see little of it until you open it under “What clients see”.",
        project.name
    );
    let path = format!("/office/projects/{}", project.id);
    Ok(flash::redirect(&manager.app, &path, &Flash::done(words)))
}

/// `GET /office/projects/{project}/edit`
pub(crate) async fn edit(manager: Manager, Path(id): Path<Uuid>) -> Result<Response, Error> {
    let (project, choices) =
        tokio::try_join!(project::read(&manager, id), Choices::load(&manager))?;
    let form = FormView::new(Fields::of(&project));
    page::show(&Page::new(&manager, &choices, Some(&project), form))
}

/// `POST /office/projects/{project}/edit`
pub(crate) async fn save(
    manager: Manager,
    Path(id): Path<Uuid>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let path = format!("/office/projects/{id}");
    let changed = match fields.project() {
        Ok(project) => Project {
            id: id.to_string(),
            etag: fields.etag.clone(),
            ..project
        },
        Err(errors) => {
            let form = FormView {
                values: fields,
                errors,
            };
            return refuse(&manager, id, form).await;
        }
    };
    let paths = [
        "name",
        "type",
        "status",
        "address",
        "start_date",
        "planned_finish",
        "manager_id",
        "member_ids",
        "time_zone",
    ];
    let saved = manager
        .calls
        .projects()
        .update_project(UpdateProjectRequest {
            project: Some(changed),
            update_mask: Some(mask(&paths)),
        })
        .await;
    match saved {
        Ok(_) => {
            let words = format!("{} is saved.", fields.name.trim());
            Ok(flash::redirect(&manager.app, &path, &Flash::done(words)))
        }
        Err(status) if status.code() == Code::Aborted => {
            let (now, choices) =
                tokio::try_join!(project::read(&manager, id), Choices::load(&manager))?;
            let name_of = |fields: &Fields| Named::new(fields, &choices.members);
            let stale = differences(&name_of(&Fields::of(&now)), &name_of(&fields));
            let form = FormView::new(Fields {
                etag: now.etag.clone(),
                ..fields
            });
            page::conflict(&Page {
                stale,
                ..Page::new(&manager, &choices, Some(&now), form)
            })
        }
        Err(status) => {
            let form = FormView::refused(fields, &status, &FIELDS)?;
            refuse(&manager, id, form).await
        }
    }
}

async fn refuse(manager: &Manager, id: Uuid, form: FormView<Fields>) -> Result<Response, Error> {
    let (project, choices) = tokio::try_join!(project::read(manager, id), Choices::load(manager))?;
    page::refuse(&Page::new(manager, &choices, Some(&project), form))
}

impl Page {
    fn new(
        manager: &Manager,
        choices: &Choices,
        project: Option<&Project>,
        form: FormView<Fields>,
    ) -> Self {
        let values = &form.values;
        let clients = choices
            .clients
            .iter()
            .map(|client| Choice::new(&client.id, &client.display_name, &values.client));
        let working: Vec<&Account> = choices
            .members
            .iter()
            .filter(|member| {
                member.state() != AccountState::Disabled
                    || member.id == values.manager
                    || values.member.contains(&member.id)
            })
            .collect();
        Self {
            frame: OfficeFrame::of(manager, Here::Projects),
            id: project.map(|project| project.id.clone()),
            title: project.map_or_else(
                || "Start a project".to_owned(),
                |project| format!("Edit {}", project.name),
            ),
            clients: std::iter::once(Choice::new("", "Choose a client", &values.client))
                .chain(clients)
                .collect(),
            types: TYPES
                .iter()
                .map(|(kind, word)| Choice::new(*word, type_words(*kind), &values.r#type))
                .collect(),
            statuses: STATUSES
                .iter()
                .map(|(_, word, title)| Choice::new(*word, *title, &values.status))
                .collect(),
            managers: working
                .iter()
                .filter(|member| member.role() != Role::Field)
                .map(|member| Choice::new(&member.id, &member.name, &values.manager))
                .collect(),
            crew: working
                .iter()
                .map(|member| Choice {
                    value: member.id.clone(),
                    label: format!(
                        "{}, {}",
                        member.name,
                        crate::auth::role_words(member.role())
                    ),
                    is_chosen: values.member.contains(&member.id),
                })
                .collect(),
            templates: choices
                .templates
                .iter()
                .map(|template| PhasePlan::new(template, &values.template))
                .collect(),
            zones: time_zones::choices(&values.time_zone),
            stale: Vec::new(),
            form,
        }
    }

    fn action(&self) -> String {
        match &self.id {
            Some(id) => format!("/office/projects/{id}/edit"),
            None => "/office/projects/new".to_owned(),
        }
    }

    /// True where nobody could be chosen as the client of a new project.
    fn lacks_clients(&self) -> bool {
        self.id.is_none() && self.clients.len() < 2
    }
}

impl PhasePlan {
    fn new(template: &PhaseTemplate, chosen: &str) -> Self {
        let names: Vec<&str> = template
            .phases
            .iter()
            .map(|phase| phase.name.as_str())
            .collect();
        Self {
            id: template.id.clone(),
            name: template.name.clone(),
            about: names.join(", "),
            is_chosen: template.id == chosen,
        }
    }
}

impl Fields {
    fn of(project: &Project) -> Self {
        let address = project.address.clone().unwrap_or_default();
        let point = address.point;
        let status = STATUSES
            .iter()
            .find(|(status, ..)| *status == project.status())
            .map_or("", |(_, word, _)| *word);
        let kind = TYPES
            .iter()
            .find(|(kind, _)| *kind == project.r#type())
            .map_or("other", |(_, word)| *word);
        Self {
            request_id: String::new(),
            etag: project.etag.clone(),
            client: project.client_id().to_owned(),
            name: project.name.clone(),
            r#type: kind.to_owned(),
            status: status.to_owned(),
            line1: address.line1,
            city: address.city,
            region: address.region,
            postal_code: address.postal_code,
            latitude: point
                .map(|point| degrees::show(point.latitude_e6))
                .unwrap_or_default(),
            longitude: point
                .map(|point| degrees::show(point.longitude_e6))
                .unwrap_or_default(),
            start_date: project.start_date().to_owned(),
            planned_finish: project.planned_finish().to_owned(),
            manager: project.manager_id.clone(),
            member: project.member_ids.clone(),
            template: String::new(),
            time_zone: project.time_zone.clone(),
        }
    }

    /// The project as it would be saved, or what cannot be read.
    fn project(&self) -> Result<Project, Errors> {
        let mut errors = Errors::default();
        let point = self.point(&mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let kind = TYPES.iter().find(|(_, word)| *word == self.r#type);
        let status = STATUSES.iter().find(|(_, word, _)| *word == self.status);
        let day = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Project {
            name: self.name.clone(),
            r#type: kind
                .map_or(ProjectType::Unspecified, |(kind, _)| *kind)
                .into(),
            status: status
                .map_or(ProjectStatus::Unspecified, |(status, ..)| *status)
                .into(),
            address: Some(SiteAddress {
                line1: self.line1.clone(),
                city: self.city.clone(),
                region: self.region.clone(),
                postal_code: self.postal_code.clone(),
                point,
            }),
            start_date: day(&self.start_date),
            planned_finish: day(&self.planned_finish),
            manager_id: self.manager.clone(),
            member_ids: self.member.clone(),
            time_zone: self.time_zone.clone(),
            ..Project::default()
        })
    }

    fn point(&self, errors: &mut Errors) -> Option<MapPoint> {
        let (latitude, longitude) = (self.latitude.trim(), self.longitude.trim());
        if latitude.is_empty() && longitude.is_empty() {
            return None;
        }
        let (latitude, longitude) = (degrees::read(latitude), degrees::read(longitude));
        errors.check(
            latitude.is_some(),
            "latitude",
            "enter a latitude in degrees such as 45.5152, or leave both empty",
        );
        errors.check(
            longitude.is_some(),
            "longitude",
            "enter a longitude in degrees such as -122.6784, or leave both empty",
        );
        Some(MapPoint {
            latitude_e6: latitude?,
            longitude_e6: longitude?,
        })
    }
}

/// A form with the names of the people in it, as a person reads it.
struct Named {
    fields: Fields,
    manager: String,
    team: String,
}

impl Named {
    fn new(fields: &Fields, members: &[Account]) -> Self {
        let mut team: Vec<&str> = members
            .iter()
            .filter(|member| fields.member.contains(&member.id))
            .map(|member| member.name.as_str())
            .collect();
        team.sort_unstable();
        Self {
            manager: members
                .iter()
                .find(|member| member.id == fields.manager)
                .map(|member| member.name.clone())
                .unwrap_or_default(),
            team: team.join(", "),
            fields: fields.clone(),
        }
    }
}

impl Told for Named {
    fn told(&self) -> Vec<(&'static str, String)> {
        let fields = &self.fields;
        let address = [
            &fields.line1,
            &fields.city,
            &fields.region,
            &fields.postal_code,
        ]
        .map(|part| tidy(part))
        .join(", ");
        vec![
            ("Name", tidy(&fields.name)),
            ("Type", fields.r#type.clone()),
            ("Status", fields.status.clone()),
            ("Address", address),
            ("Latitude", tidy(&fields.latitude)),
            ("Longitude", tidy(&fields.longitude)),
            ("Start", fields.start_date.clone()),
            ("Planned finish", fields.planned_finish.clone()),
            ("Project manager", self.manager.clone()),
            ("Team", self.team.clone()),
            ("Time zone", fields.time_zone.clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_needs_both_numbers() {
        let mut fields = Fields {
            latitude: "45.5".to_owned(),
            ..Fields::default()
        };
        let errors = fields.project().expect_err("no longitude");
        assert!(errors.on("longitude").is_some());
        fields.latitude.clear();
        let project = fields.project().expect("no point at all");
        assert!(project.address.expect("an address").point.is_none());
    }
}
