//! Nobody reaches another organization, whatever the call; nobody calls what is not for them.

use anyhow::Result;
use proto::projects::{
    CompareVisibilityRequest, CreatePhaseRequest, CreateProjectRequest, DeletePhaseRequest,
    GetProjectRequest, GetVisibilityRequest, ListPhaseTemplatesRequest, ListProjectsRequest, Phase,
    Project, ReorderPhasesRequest, ResolveRequest, UpdatePhaseRequest, UpdateProjectRequest,
    UpdateVisibilityRequest, Visibility,
};
use service::new_id;
use tonic::{Code, Request, Status};

use crate::Setup;

/// What every call that names a project answers to `ask`, which puts a token to a message.
async fn every_answer(
    setup: &Setup,
    project: &Project,
    ask: &impl Asks,
) -> Result<Vec<(&'static str, Option<Status>)>> {
    let phase = Phase {
        name: "Demolition".to_owned(),
        weight: Some(10),
        progress_percent: Some(100),
        ..project.phases[0].clone()
    };
    let visibility = Visibility {
        project_id: project.id.clone(),
        progress: 1,
        photos: 1,
        logs: 1,
        schedule: 1,
        financials: 1,
        etag: "1".to_owned(),
        ..Visibility::default()
    };
    let (mut projects, mut phases) = (setup.projects()?, setup.phases()?);
    let mut settings = setup.visibility()?;
    Ok(vec![
        (
            "GetProject",
            projects
                .get_project(ask.ask(GetProjectRequest {
                    id: project.id.clone(),
                })?)
                .await
                .err(),
        ),
        (
            "UpdateProject",
            projects
                .update_project(ask.ask(UpdateProjectRequest {
                    project: Some(Project {
                        name: "Taken over".to_owned(),
                        ..project.clone()
                    }),
                    update_mask: None,
                })?)
                .await
                .err(),
        ),
        (
            "CreatePhase",
            phases
                .create_phase(ask.ask(CreatePhaseRequest {
                    phase: Some(phase.clone()),
                    request_id: new_id().to_string(),
                })?)
                .await
                .err(),
        ),
        (
            "UpdatePhase",
            phases
                .update_phase(ask.ask(UpdatePhaseRequest {
                    phase: Some(phase.clone()),
                    update_mask: None,
                })?)
                .await
                .err(),
        ),
        (
            "DeletePhase",
            phases
                .delete_phase(ask.ask(DeletePhaseRequest {
                    project_id: project.id.clone(),
                    id: phase.id.clone(),
                    etag: phase.etag.clone(),
                })?)
                .await
                .err(),
        ),
        (
            "ReorderPhases",
            phases
                .reorder_phases(
                    ask.ask(ReorderPhasesRequest {
                        project_id: project.id.clone(),
                        phase_ids: project
                            .phases
                            .iter()
                            .map(|phase| phase.id.clone())
                            .collect(),
                    })?,
                )
                .await
                .err(),
        ),
        (
            "GetVisibility",
            settings
                .get_visibility(ask.ask(GetVisibilityRequest {
                    project_id: project.id.clone(),
                })?)
                .await
                .err(),
        ),
        (
            "UpdateVisibility",
            settings
                .update_visibility(ask.ask(UpdateVisibilityRequest {
                    visibility: Some(visibility.clone()),
                })?)
                .await
                .err(),
        ),
        (
            "CompareVisibility",
            settings
                .compare_visibility(ask.ask(CompareVisibilityRequest {
                    visibility: Some(visibility),
                })?)
                .await
                .err(),
        ),
    ])
}

/// Puts somebody's token to a message.
trait Asks {
    fn ask<T>(&self, message: T) -> Result<Request<T>>;
}

struct AsPerson<'a>(&'a Setup, tenancy::TenantId, &'a tenancy::Person);

impl Asks for AsPerson<'_> {
    fn ask<T>(&self, message: T) -> Result<Request<T>> {
        self.0.by_one_of(self.1, self.2, message)
    }
}

struct Anonymous;

impl Asks for Anonymous {
    fn ask<T>(&self, message: T) -> Result<Request<T>> {
        Ok(Request::new(message))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_of_another_organization_is_as_if_absent() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let absent = Project {
        id: new_id().to_string(),
        phases: project
            .phases
            .iter()
            .map(|phase| Phase {
                id: new_id().to_string(),
                project_id: new_id().to_string(),
                ..phase.clone()
            })
            .collect(),
        ..project.clone()
    };
    let other = &setup.other;
    let ask = AsPerson(&setup, other.id, &other.owner);
    let foreign = every_answer(&setup, &project, &ask).await?;
    let absent = every_answer(&setup, &absent, &ask).await?;
    for ((call, foreign), (_, absent)) in foreign.iter().zip(&absent) {
        let (Some(foreign), Some(absent)) = (foreign, absent) else {
            anyhow::bail!("{call} answers");
        };
        assert_eq!(foreign.code(), Code::NotFound, "{call}");
        assert_eq!(foreign.message(), absent.message(), "{call}");
        assert_eq!(foreign.details(), absent.details(), "{call}");
    }

    let request = ask.ask(ListProjectsRequest::default())?;
    let listed = setup.projects()?.list_projects(request).await?.into_inner();
    assert!(listed.projects.is_empty());
    let request = ask.ask(ResolveRequest {
        project_ids: vec![project.id.clone()],
    })?;
    let resolved = setup.access()?.resolve(request).await?.into_inner();
    assert!(resolved.projects.is_empty());

    let unchanged = setup.seen_by(&setup.tenant.owner, &project.id).await?;
    assert_eq!(unchanged, project);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_ids_in_another_organization_open_nothing() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    // the very account and client record, but with a token of the other organization
    for person in [&setup.tenant.field, &setup.tenant.ana] {
        let ask = AsPerson(&setup, setup.other.id, person);
        let request = ask.ask(GetProjectRequest {
            id: project.id.clone(),
        })?;
        let answer = setup.projects()?.get_project(request).await;
        assert_eq!(crate::code(&answer), Code::NotFound);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_managers_change_anything() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    for person in [&setup.tenant.field, &setup.tenant.ana] {
        let ask = AsPerson(&setup, setup.tenant.id, person);
        for (call, answer) in every_answer(&setup, &project, &ask).await? {
            let code = answer.map_or(Code::Ok, |status| status.code());
            let expected = match call {
                "GetProject" => Code::Ok,
                _ => Code::PermissionDenied,
            };
            assert_eq!(code, expected, "{call}");
        }
        let create = CreateProjectRequest {
            project: Some(setup.kitchen()),
            template_id: String::new(),
            request_id: new_id().to_string(),
        };
        let answer = setup.projects()?.create_project(ask.ask(create)?).await;
        assert_eq!(crate::code(&answer), Code::PermissionDenied);
        let templates = ask.ask(ListPhaseTemplatesRequest {})?;
        let answer = setup.projects()?.list_phase_templates(templates).await;
        assert_eq!(crate::code(&answer), Code::PermissionDenied);
    }
    let ask = AsPerson(&setup, setup.tenant.id, &setup.tenant.ben);
    let request = ask.ask(GetProjectRequest { id: project.id })?;
    let answer = setup.projects()?.get_project(request).await;
    assert_eq!(
        crate::code(&answer),
        Code::NotFound,
        "another client's project"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_a_token_is_answered() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    for (call, answer) in every_answer(&setup, &project, &Anonymous).await? {
        let code = answer.map_or(Code::Ok, |status| status.code());
        assert_eq!(code, Code::Unauthenticated, "{call}");
    }
    let request = Request::new(ListProjectsRequest::default());
    let answer = setup.projects()?.list_projects(request).await;
    assert_eq!(crate::code(&answer), Code::Unauthenticated);
    let request = Request::new(ResolveRequest::default());
    let answer = setup.access()?.resolve(request).await;
    assert_eq!(crate::code(&answer), Code::Unauthenticated);
    Ok(())
}
