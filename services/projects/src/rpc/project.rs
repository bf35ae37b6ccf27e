//! `ProjectService`.

use std::collections::HashMap;

use proto::projects::{
    CreateProjectRequest, CreateProjectResponse, GetProjectRequest, GetProjectResponse,
    ListPhaseTemplatesRequest, ListPhaseTemplatesResponse, ListProjectsRequest,
    ListProjectsResponse, PhaseTemplate, Project, ProjectStatus, TemplatePhase,
    UpdateProjectRequest, UpdateProjectResponse, project_service_server::ProjectService,
};
use service::{Found as _, Result, Violations, etag, mask::Fields, new_id, page, parse_id};
use tenancy::{Audience, Caller, Db, Once, TenantTx, audit};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    access::{self, Reach, Settings},
    events,
    project::{Details, FIELDS},
    state::State as _,
    store,
    template::{self, TEMPLATES, Template},
    view,
};

pub(crate) struct Projects {
    pub(crate) db: Db,
}

#[tonic::async_trait]
impl ProjectService for Projects {
    async fn create_project(
        &self,
        request: Request<CreateProjectRequest>,
    ) -> Result<Response<CreateProjectResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;
        let account = caller.person()?.account;

        let request = request.into_inner();
        let message = request.project.clone().unwrap_or_default();
        let mut violations = Violations::new();
        let client = message.client_id.as_deref().map(str::parse::<Uuid>);
        violations.check(
            matches!(client, Some(Ok(_))),
            "project.client_id",
            "Choose a client",
        );
        let mut details = Details::of_new(&message, account, &mut violations);
        let template = template::find(&request.template_id);
        violations.check(
            template.is_some() || request.template_id.is_empty(),
            "template_id",
            "Choose one of the templates, or none",
        );
        violations.finish()?;
        let client = client.and_then(Result::ok).unwrap_or_default();
        let phases = template.map_or_else(Vec::new, |template| template.phases(details.start_date));
        let last_day = phases.last().and_then(|phase| phase.planned_end);
        details.planned_finish = details.planned_finish.or(last_day);

        let mut tx = self.db.begin(&caller).await?;
        let fresh = match Once::begin(
            &mut tx,
            &caller,
            "ProjectService.CreateProject",
            &request.request_id,
            &request,
        )
        .await?
        {
            Once::Before(response) => return Ok(Response::new(response)),
            Once::Fresh(fresh) => fresh,
        };
        let id = new_id();
        store::project::insert(&mut tx, id, client, &details).await?;
        store::visibility::insert(&mut tx, id, &Settings::CAUTIOUS).await?;
        for phase in &phases {
            store::phase::insert(&mut tx, id, new_id(), phase).await?;
        }
        events::project_created(&mut tx, id, client, account).await?;
        audit::record(&mut tx, &caller, "project.create", id).await?;
        let response = CreateProjectResponse {
            project: Some(read(&mut tx, &caller, id).await?),
        };
        fresh.keep(&mut tx, &response).await?;
        tx.commit().await?;

        Ok(Response::new(response))
    }

    async fn get_project(
        &self,
        request: Request<GetProjectRequest>,
    ) -> Result<Response<GetProjectResponse>, Status> {
        let audience = Audience::PEOPLE | Audience::NOTIFICATIONS | Audience::DOCUMENTS;
        let caller = Caller::require(&request, audience)?;

        let id = parse_id(&request.get_ref().id, "id")?;

        let mut tx = self.db.read(&caller).await?;
        let project = read(&mut tx, &caller, id).await?;
        drop(tx);

        Ok(Response::new(GetProjectResponse {
            project: Some(project),
        }))
    }

    async fn list_projects(
        &self,
        request: Request<ListProjectsRequest>,
    ) -> Result<Response<ListProjectsResponse>, Status> {
        let caller = Caller::require(&request, Audience::PEOPLE)?;
        let reach = Reach::of(&caller);

        let request = request.into_inner();
        let size = page::size(request.page_size)?;
        let before = page::keys::<Uuid>(&request.page_token)?;
        let mut violations = Violations::new();
        violations.check(
            request.client_id.is_empty() || reach == Reach::All,
            "client_id",
            "Only owners and project managers can ask for the projects of a client",
        );
        let status = ProjectStatus::of_request(request.status);
        let is_any_status = request.status == ProjectStatus::Unspecified as i32;
        violations.check(
            status.is_some() || is_any_status,
            "status",
            "Choose a status",
        );
        violations.finish()?;
        let client = match request.client_id.as_str() {
            "" => None,
            id => Some(parse_id(id, "client_id")?),
        };

        let mut tx = self.db.read(&caller).await?;
        let filter = store::project::Filter {
            reach: &reach,
            ids: None,
            client,
            status,
            before,
            // one more tells whether there is a next page
            limit: size + 1,
        };
        let mut rows = store::project::list(&mut tx, &filter).await?;
        let next_page_token = page::cut(&mut rows, size, |last| last.id);
        let projects = views(&mut tx, &caller, &rows).await?;
        drop(tx);

        Ok(Response::new(ListProjectsResponse {
            projects,
            next_page_token,
        }))
    }

    async fn update_project(
        &self,
        request: Request<UpdateProjectRequest>,
    ) -> Result<Response<UpdateProjectResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let message = request.project.unwrap_or_default();
        let id = parse_id(&message.id, "project.id")?;
        let fields = Fields::of_mask(&request.update_mask.unwrap_or_default().paths, &FIELDS)?;

        let mut tx = self.db.begin(&caller).await?;
        let row = store::project::lock(&mut tx, id).await?;
        etag::check(&message.etag, row.version)?;
        let mut violations = Violations::new();
        let mut details = row.details.clone();
        details.apply(&message, &fields, &mut violations);
        violations.finish()?;
        let parts = details.parts_changed(&row.details);
        if !parts.is_empty() {
            store::project::update(&mut tx, id, &details).await?;
            store::project::touch(&mut tx, id, parts).await?;
            audit::record(&mut tx, &caller, "project.update", id).await?;
        }
        let project = read(&mut tx, &caller, id).await?;
        tx.commit().await?;

        Ok(Response::new(UpdateProjectResponse {
            project: Some(project),
        }))
    }

    async fn list_phase_templates(
        &self,
        request: Request<ListPhaseTemplatesRequest>,
    ) -> Result<Response<ListPhaseTemplatesResponse>, Status> {
        Caller::require(&request, Audience::MANAGERS)?;

        Ok(Response::new(ListPhaseTemplatesResponse {
            templates: TEMPLATES.iter().map(phase_template).collect(),
        }))
    }
}

/// A project as the caller may see it; one that is absent, foreign or out of sight is not found.
async fn read(tx: &mut TenantTx, caller: &Caller, id: Uuid) -> Result<Project> {
    let row = store::project::find(tx, id, &Reach::of(caller))
        .await?
        .found()?;
    views(tx, caller, &[row]).await?.pop().found()
}

/// Projects as the caller may see them, with their phases in one query.
async fn views(
    tx: &mut TenantTx,
    caller: &Caller,
    rows: &[store::project::Project],
) -> Result<Vec<Project>> {
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut phases: HashMap<Uuid, Vec<store::phase::Phase>> = HashMap::new();
    for phase in store::phase::list(tx, &ids).await? {
        phases.entry(phase.project_id).or_default().push(phase);
    }
    rows.iter()
        .filter_map(|row| {
            let scopes = access::scopes(caller, row.involved(), &row.settings)?;
            let phases = phases.get(&row.id).map_or(&[][..], Vec::as_slice);
            Some(view::project(row, phases, &scopes))
        })
        .collect()
}

fn phase_template(template: &Template) -> PhaseTemplate {
    PhaseTemplate {
        id: template.id.to_owned(),
        name: template.name.to_owned(),
        phases: template
            .phases
            .iter()
            .map(|phase| TemplatePhase {
                name: phase.name.to_owned(),
                weight: phase.weight,
                duration_days: phase.duration,
                milestone: phase.milestone.unwrap_or_default().to_owned(),
            })
            .collect(),
    }
}
