//! The form on a project: a new one, or changes to one and to its team.

mod fields;

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use proto::{
    identity::{Account, AccountState, Client, ListClientsRequest, ListMembersRequest, Role},
    projects::{
        CreateProjectRequest, ListPhaseTemplatesRequest, PhaseTemplate, Project, ProjectStatus,
        UpdateProjectRequest,
    },
};
use serde::Deserialize;
use tonic::Code;
use uuid::Uuid;

use self::fields::{FIELDS, Fields, Named, TYPES};
use crate::{
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::{FormView, request_id},
    office::{
        Choice, Here, Manager, OfficeFrame,
        edit::{Difference, differences},
        mask,
        project::{self, type_words},
        projects::STATUSES,
    },
    page, time_zones,
};

const CLIENTS: i32 = 1000;
const MEMBERS: i32 = 200;

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
