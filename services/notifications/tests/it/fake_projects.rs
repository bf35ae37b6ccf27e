//! Projects, as far as notifications asks it: who sees what of Ana's two projects.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use proto::projects::{
    CreateProjectRequest, CreateProjectResponse, GetProjectRequest, GetProjectResponse,
    ListPhaseTemplatesRequest, ListPhaseTemplatesResponse, ListProjectsRequest,
    ListProjectsResponse, Phase, PhaseStatus, PhotoScope, Project, ProjectAccess, ResolveRequest,
    ResolveResponse, ScheduleScope, UpdateProjectRequest, UpdateProjectResponse,
    access_service_server::{AccessService, AccessServiceServer},
    project_service_server::{ProjectService, ProjectServiceServer},
};
use service::{Error, Listen, Server, new_id};
use tenancy::{Audience, Caller, TenantId, Verifier};
use testing::{Running, TestKeys};
use tonic::{Request, Response, Status, service::Routes};
use uuid::Uuid;

/// A project with the milestones that its phases end with.
#[derive(Clone)]
pub(crate) struct FakeProject {
    pub(crate) id: Uuid,
    pub(crate) client: Uuid,
    pub(crate) name: &'static str,
    pub(crate) phases: Vec<(Uuid, &'static str)>,
    /// Whether clients see the schedule.
    pub(crate) shows_schedule: bool,
    /// Which photos clients see.
    pub(crate) photos: PhotoScope,
}

impl FakeProject {
    pub(crate) fn new(client: Uuid, name: &'static str, milestones: &[&'static str]) -> Self {
        Self {
            id: new_id(),
            client,
            name,
            phases: milestones
                .iter()
                .map(|milestone| (new_id(), *milestone))
                .collect(),
            shows_schedule: true,
            photos: PhotoScope::NotInternal,
        }
    }
}

/// What projects knows; a test may change it while it is asked.
#[derive(Clone)]
pub(crate) struct FakeProjects {
    tenant: TenantId,
    projects: Arc<Mutex<Vec<FakeProject>>>,
}

impl FakeProjects {
    pub(crate) fn new(tenant: TenantId, projects: Vec<FakeProject>) -> Self {
        Self {
            tenant,
            projects: Arc::new(Mutex::new(projects)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<FakeProject>> {
        self.projects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows or hides the schedule of every project.
    pub(crate) fn show_schedule(&self, shown: bool) {
        for project in self.lock().iter_mut() {
            project.shows_schedule = shown;
        }
    }

    /// Shows clients such photos of every project.
    pub(crate) fn show_photos(&self, scope: PhotoScope) {
        for project in self.lock().iter_mut() {
            project.photos = scope;
        }
    }

    pub(crate) async fn start(&self, keys: &TestKeys) -> Result<Running> {
        let listen = Listen {
            address: ([127, 0, 0, 1], 0).into(),
            health_address: ([127, 0, 0, 1], 0).into(),
            control_address: None,
            base_domain: "localhost".to_owned(),
        };
        let ring = keys.ring("projects")?;
        let routes = Routes::new(AccessServiceServer::new(self.clone()))
            .add_service(ProjectServiceServer::new(self.clone()));
        Running::start(Server::bind("projects", &listen, Verifier::new(ring), routes).await?)
    }

    /// The projects of a caller's client records; all where the service asks for itself.
    pub(crate) fn of(&self, caller: &Caller) -> Vec<FakeProject> {
        self.lock()
            .iter()
            .filter(|_| caller.tenant == self.tenant)
            .filter(|project| match &caller.person {
                Some(person) => person.rights_for(project.client).is_some(),
                None => true,
            })
            .cloned()
            .collect()
    }
}

fn not_played<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("this fake does not play it"))
}

#[tonic::async_trait]
impl AccessService for FakeProjects {
    async fn resolve(
        &self,
        request: Request<ResolveRequest>,
    ) -> Result<Response<ResolveResponse>, Status> {
        let caller = Caller::require(&request, Audience::CLIENT | Audience::NOTIFICATIONS)?;
        caller.person()?;
        let projects = self
            .of(&caller)
            .into_iter()
            .map(|project| {
                let schedule = if project.shows_schedule {
                    ScheduleScope::Milestones
                } else {
                    ScheduleScope::None
                };
                ProjectAccess {
                    project_id: project.id.to_string(),
                    project_name: project.name.to_owned(),
                    schedule: schedule.into(),
                    photos: project.photos.into(),
                    ..ProjectAccess::default()
                }
            })
            .collect();
        Ok(Response::new(ResolveResponse { projects }))
    }
}

#[tonic::async_trait]
impl ProjectService for FakeProjects {
    async fn get_project(
        &self,
        request: Request<GetProjectRequest>,
    ) -> Result<Response<GetProjectResponse>, Status> {
        let caller = Caller::require(&request, Audience::CLIENT | Audience::NOTIFICATIONS)?;
        let id = request.into_inner().id;
        let project = self
            .of(&caller)
            .into_iter()
            .find(|project| project.id.to_string() == id)
            .ok_or(Error::NotFound)?;
        let shows_milestones = caller.person.is_none() || project.shows_schedule;
        let phases = project
            .phases
            .iter()
            .map(|(id, milestone)| Phase {
                id: id.to_string(),
                milestone: shows_milestones.then(|| (*milestone).to_owned()),
                status: Some(PhaseStatus::Done.into()),
                ..Phase::default()
            })
            .collect();
        Ok(Response::new(GetProjectResponse {
            project: Some(Project {
                id,
                client_id: Some(project.client.to_string()),
                name: project.name.to_owned(),
                phases,
                ..Project::default()
            }),
        }))
    }

    async fn create_project(
        &self,
        _: Request<CreateProjectRequest>,
    ) -> Result<Response<CreateProjectResponse>, Status> {
        not_played()
    }

    async fn list_projects(
        &self,
        _: Request<ListProjectsRequest>,
    ) -> Result<Response<ListProjectsResponse>, Status> {
        not_played()
    }

    async fn update_project(
        &self,
        _: Request<UpdateProjectRequest>,
    ) -> Result<Response<UpdateProjectResponse>, Status> {
        not_played()
    }

    async fn list_phase_templates(
        &self,
        _: Request<ListPhaseTemplatesRequest>,
    ) -> Result<Response<ListPhaseTemplatesResponse>, Status> {
        not_played()
    }
}
