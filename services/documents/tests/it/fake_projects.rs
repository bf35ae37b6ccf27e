//! Projects, as far as documents asks it: who may see a project's photos, and which phases it has.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use anyhow::Result;
use proto::projects::{
    CreateProjectRequest, CreateProjectResponse, GetProjectRequest, GetProjectResponse,
    ListPhaseTemplatesRequest, ListPhaseTemplatesResponse, ListProjectsRequest,
    ListProjectsResponse, Phase, PhotoScope, Project, ProjectAccess, ResolveRequest,
    ResolveResponse, UpdateProjectRequest, UpdateProjectResponse,
    access_service_server::{AccessService, AccessServiceServer},
    project_service_server::{ProjectService, ProjectServiceServer},
};
use service::{Listen, Server};
use tenancy::{Audience, Caller, Verifier};
use testing::{Running, TestKeys};
use tonic::{Request, Response, Status, service::Routes};
use uuid::Uuid;

/// One project, and which of its photos each account may see; to others it is as if absent.
#[derive(Clone, Default)]
pub(crate) struct FakeProjects {
    pub(crate) project: Uuid,
    pub(crate) phase: Uuid,
    pub(crate) scopes: Arc<Mutex<HashMap<Uuid, PhotoScope>>>,
}

impl FakeProjects {
    pub(crate) async fn start(self, keys: &TestKeys) -> Result<Running> {
        let listen = Listen {
            address: ([127, 0, 0, 1], 0).into(),
            health_address: ([127, 0, 0, 1], 0).into(),
            control_address: None,
            base_domain: "localhost".to_owned(),
        };
        let ring = keys.ring("projects")?;
        let routes = Routes::new(AccessServiceServer::new(self.clone()))
            .add_service(ProjectServiceServer::new(self));
        Running::start(Server::bind("projects", &listen, Verifier::new(ring), routes).await?)
    }

    fn scope(&self, caller: &Caller) -> Result<Option<PhotoScope>, Status> {
        let scopes = self.scopes.lock().expect("no test panics with the lock");
        Ok(scopes.get(&caller.person()?.account).copied())
    }
}

#[tonic::async_trait]
impl AccessService for FakeProjects {
    async fn resolve(
        &self,
        request: Request<ResolveRequest>,
    ) -> Result<Response<ResolveResponse>, Status> {
        let caller = Caller::require(&request, Audience::PEOPLE | Audience::DOCUMENTS)?;
        let asked = request.into_inner().project_ids;
        let projects = self
            .scope(&caller)?
            .filter(|_| asked.contains(&self.project.to_string()))
            .map(|photos| ProjectAccess {
                project_id: self.project.to_string(),
                project_name: "Kitchen remodel".to_owned(),
                photos: photos.into(),
                may_manage: photos == PhotoScope::All,
                time_zone: "America/Los_Angeles".to_owned(),
                ..ProjectAccess::default()
            })
            .into_iter()
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
        Caller::require(&request, Audience::PEOPLE | Audience::DOCUMENTS)?;
        let project = Project {
            id: self.project.to_string(),
            phases: vec![Phase {
                id: self.phase.to_string(),
                ..Phase::default()
            }],
            ..Project::default()
        };
        Ok(Response::new(GetProjectResponse {
            project: Some(project),
        }))
    }

    async fn create_project(
        &self,
        _: Request<CreateProjectRequest>,
    ) -> Result<Response<CreateProjectResponse>, Status> {
        Err(not_asked())
    }

    async fn list_projects(
        &self,
        _: Request<ListProjectsRequest>,
    ) -> Result<Response<ListProjectsResponse>, Status> {
        Err(not_asked())
    }

    async fn update_project(
        &self,
        _: Request<UpdateProjectRequest>,
    ) -> Result<Response<UpdateProjectResponse>, Status> {
        Err(not_asked())
    }

    async fn list_phase_templates(
        &self,
        _: Request<ListPhaseTemplatesRequest>,
    ) -> Result<Response<ListPhaseTemplatesResponse>, Status> {
        Err(not_asked())
    }
}

fn not_asked() -> Status {
    Status::unimplemented("documents does not ask this")
}
