//! The projects service, driven over a socket on a real database as its own logins.

mod access;
mod isolation;
mod phase;
mod project;
mod visibility;

use anyhow::{Context as _, Result};
use projects::{Config, DEFAULT_CONFIG};
use proto::projects::{
    CreateProjectRequest, GetProjectRequest, Project, ProjectType,
    access_service_client::AccessServiceClient, phase_service_client::PhaseServiceClient,
    project_service_client::ProjectServiceClient,
    visibility_service_client::VisibilityServiceClient,
};
use service::{Peer, new_id};
use tenancy::{Person, TenantId, authorized};
use testing::{Running, Tenant, TestDb, TestKeys};
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt as _;

/// The service and two organizations that use it.
struct Setup {
    running: Running,
    keys: TestKeys,
    tenant: Tenant,
    other: Tenant,
    // last, so that the service lets go of it first
    db: TestDb,
}

impl Setup {
    async fn start() -> Result<Self> {
        let db = TestDb::new("projects", &projects::migrations()).await?;
        let keys = TestKeys::new()?;
        let environment = testing::environment(&db, &keys, &[])?;
        let config: Config = service::config::load_from(DEFAULT_CONFIG, environment)?;
        Ok(Self {
            running: Running::start(projects::build(config).await?)?,
            keys,
            tenant: Tenant::new(),
            other: Tenant::new(),
            db,
        })
    }

    fn projects(&self) -> Result<ProjectServiceClient<Peer>> {
        Ok(ProjectServiceClient::new(self.running.peer()?))
    }

    fn phases(&self) -> Result<PhaseServiceClient<Peer>> {
        Ok(PhaseServiceClient::new(self.running.peer()?))
    }

    fn visibility(&self) -> Result<VisibilityServiceClient<Peer>> {
        Ok(VisibilityServiceClient::new(self.running.peer()?))
    }

    fn access(&self) -> Result<AccessServiceClient<Peer>> {
        Ok(AccessServiceClient::new(self.running.peer()?))
    }

    /// A request of a person of the first organization.
    fn by<T>(&self, person: &Person, message: T) -> Result<Request<T>> {
        self.by_one_of(self.tenant.id, person, message)
    }

    fn by_one_of<T>(&self, tenant: TenantId, person: &Person, message: T) -> Result<Request<T>> {
        Ok(authorized(&self.keys.person(tenant, person)?, message))
    }

    /// A request of a service by itself.
    fn by_service<T>(&self, service: &str, message: T) -> Result<Request<T>> {
        let token = self.keys.signer(service)?.service(self.tenant.id)?;
        Ok(authorized(&token, message))
    }

    /// A request of a service that acts for a person.
    fn by_service_for<T>(&self, service: &str, person: &Person, message: T) -> Result<Request<T>> {
        let signer = self.keys.signer(service)?;
        let token = signer.on_behalf(self.tenant.id, person.clone())?;
        Ok(authorized(&token, message))
    }

    /// Ana's kitchen, which the project manager and the crew of the first organization work on.
    fn kitchen(&self) -> Project {
        Project {
            client_id: Some(self.tenant.anas_record.to_string()),
            name: "Kitchen remodel".to_owned(),
            r#type: ProjectType::Kitchen.into(),
            start_date: Some("2026-08-24".to_owned()),
            manager_id: self.tenant.pm.account.to_string(),
            member_ids: vec![self.tenant.field.account.to_string()],
            time_zone: "America/Los_Angeles".to_owned(),
            ..Project::default()
        }
    }

    async fn create(&self, project: Project) -> Result<Project> {
        let request = CreateProjectRequest {
            project: Some(project),
            template_id: "kitchen".to_owned(),
            request_id: new_id().to_string(),
        };
        let response = self
            .projects()?
            .create_project(self.by(&self.tenant.pm, request)?)
            .await?;
        response.into_inner().project.context("a project")
    }

    async fn create_kitchen(&self) -> Result<Project> {
        self.create(self.kitchen()).await
    }

    /// A project as a person of the first organization sees it.
    async fn seen_by(&self, person: &Person, id: &str) -> Result<Project, Status> {
        let request = GetProjectRequest { id: id.to_owned() };
        let request = self.by(person, request).expect("a token");
        let response = self
            .projects()
            .expect("a client")
            .get_project(request)
            .await?;
        Ok(response.into_inner().project.expect("a project"))
    }

    /// The short names of the events in the outbox with their payloads, oldest first.
    async fn events(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut connection = self.db.superuser().await?;
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as("select type, payload from outbox order by sequence, id")
                .fetch_all(&mut connection)
                .await?;
        Ok(rows
            .into_iter()
            .map(|(name, payload)| {
                (
                    name.rsplit('.').next().unwrap_or_default().to_owned(),
                    payload,
                )
            })
            .collect())
    }

    async fn event_names(&self) -> Result<Vec<String>> {
        let events = self.events().await?;
        Ok(events.into_iter().map(|(name, _)| name).collect())
    }
}

/// The code of an answer.
fn code<T>(answer: &Result<Response<T>, Status>) -> Code {
    answer.as_ref().map_or_else(Status::code, |_| Code::Ok)
}

/// The fields that an answer calls wrong.
fn violated<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> Vec<String> {
    let status = answer.expect_err("some field is wrong");
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    status
        .get_details_bad_request()
        .expect("bad request is set")
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}
