//! `ProjectService`.

use anyhow::{Context as _, Result};
use prost::Message as _;
use proto::projects::{
    CreateProjectRequest, GetProjectRequest, ListPhaseTemplatesRequest, ListProjectsRequest,
    MapPoint, PhaseStatus, Project, ProjectCreated, ProjectStatus, SiteAddress,
    UpdateProjectRequest,
};
use service::{Reason, new_id};
use tonic::Code;

use crate::{Setup, code, violated};

fn update(project: Project, paths: &[&str]) -> UpdateProjectRequest {
    let mut request = UpdateProjectRequest {
        project: Some(project),
        update_mask: None,
    };
    request.update_mask.get_or_insert_default().paths =
        paths.iter().map(|path| (*path).to_owned()).collect();
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_starts_with_the_phases_of_its_template() -> Result<()> {
    let setup = Setup::start().await?;
    let created = setup.create_kitchen().await?;

    assert_eq!(created.status(), ProjectStatus::Active);
    assert_eq!(created.progress_percent, Some(0));
    assert_eq!(created.planned_finish.as_deref(), Some("2026-12-18"));
    assert_eq!(created.phases.len(), 8);
    let first = &created.phases[0];
    assert_eq!(first.name, "Planning and permits");
    assert_eq!(first.status(), PhaseStatus::NotStarted);
    assert_eq!(first.planned_start.as_deref(), Some("2026-08-24"));
    assert_eq!(first.planned_end.as_deref(), Some("2026-09-04"));
    assert_eq!(first.milestone.as_deref(), Some("Permits approved"));
    assert_eq!(created.current_phase_id.as_ref(), Some(&first.id));
    let read = setup.seen_by(&setup.tenant.owner, &created.id).await?;
    assert_eq!(read, created);

    let events = setup.events().await?;
    let (name, payload) = events.first().context("an event")?;
    assert_eq!(name, "ProjectCreated");
    assert_eq!(
        ProjectCreated::decode(payload.as_slice())?,
        ProjectCreated {
            project_id: created.id,
            client_id: setup.tenant.anas_record.to_string(),
            actor_id: setup.tenant.pm.account.to_string(),
        }
    );
    assert_eq!(events.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_id_creates_one_project() -> Result<()> {
    let setup = Setup::start().await?;
    let mut request = CreateProjectRequest {
        project: Some(setup.kitchen()),
        template_id: String::new(),
        request_id: new_id().to_string(),
    };
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = setup.by(&setup.tenant.owner, request.clone())?;
        let answer = setup.projects()?.create_project(request).await?;
        answers.push(answer.into_inner());
    }
    assert_eq!(answers[0], answers[1]);

    request.template_id = "kitchen".to_owned();
    let request = setup.by(&setup.tenant.owner, request)?;
    let answer = setup.projects()?.create_project(request).await;
    let refused = answer.expect_err("the id stands for another project");
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(Reason::RequestIdReused.is_in(&refused), "{refused:?}");
    assert_eq!(setup.event_names().await?, ["ProjectCreated"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_with_a_new_project_is_named() -> Result<()> {
    let setup = Setup::start().await?;
    let request = CreateProjectRequest {
        project: Some(Project {
            client_id: Some("ana".to_owned()),
            planned_finish: Some("soon".to_owned()),
            ..Project::default()
        }),
        template_id: "castle".to_owned(),
        request_id: new_id().to_string(),
    };
    let request = setup.by(&setup.tenant.pm, request)?;
    let answer = setup.projects()?.create_project(request).await;
    assert_eq!(
        violated(answer),
        [
            "project.client_id",
            "project.name",
            "project.type",
            "project.planned_finish",
            "project.time_zone",
            "template_id"
        ]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_changes_what_its_mask_names() -> Result<()> {
    let setup = Setup::start().await?;
    let created = setup.create_kitchen().await?;
    let mut changed = Project {
        id: created.id.clone(),
        etag: created.etag.clone(),
        name: "Kitchen and pantry".to_owned(),
        address: Some(SiteAddress {
            line1: "214 Larkspur Lane".to_owned(),
            city: "Portland".to_owned(),
            region: "OR".to_owned(),
            postal_code: "97202".to_owned(),
            point: Some(MapPoint {
                latitude_e6: 45_480_000,
                longitude_e6: -122_640_000,
            }),
        }),
        member_ids: vec![new_id().to_string()],
        ..Project::default()
    };
    let request = update(changed.clone(), &["name", "address", "member_ids"]);
    let request = setup.by(&setup.tenant.pm, request)?;
    let answer = setup.projects()?.update_project(request).await?;
    let saved = answer.into_inner().project.context("a project")?;

    assert_eq!(saved.name, "Kitchen and pantry");
    assert_eq!(saved.address, changed.address);
    assert_eq!(saved.member_ids, changed.member_ids);
    assert_eq!(saved.r#type, created.r#type);
    assert_eq!(saved.start_date, created.start_date);
    assert_ne!(saved.etag, created.etag);
    assert!(saved.updated_at.map(|at| at.nanos) != created.updated_at.map(|at| at.nanos));

    changed.name = "Kitchen".to_owned();
    let request = setup.by(&setup.tenant.owner, update(changed, &["name"]))?;
    let stale = setup.projects()?.update_project(request).await;
    assert_eq!(code(&stale), Code::Aborted);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_without_a_change_leaves_everything_as_it_was() -> Result<()> {
    let setup = Setup::start().await?;
    let created = setup.create_kitchen().await?;
    let request = setup.by(&setup.tenant.pm, update(created.clone(), &[]))?;
    let answer = setup.projects()?.update_project(request).await?;
    assert_eq!(answer.into_inner().project, Some(created));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_path_is_refused() -> Result<()> {
    let setup = Setup::start().await?;
    let created = setup.create_kitchen().await?;
    let request = setup.by(&setup.tenant.pm, update(created, &["client_id"]))?;
    let answer = setup.projects()?.update_project(request).await;
    assert_eq!(violated(answer), ["update_mask"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_lists_the_projects_that_are_theirs() -> Result<()> {
    let setup = Setup::start().await?;
    let tenant = &setup.tenant;
    let anas = setup.create_kitchen().await?;
    let bens = setup
        .create(Project {
            client_id: Some(tenant.bens_record.to_string()),
            manager_id: tenant.field.account.to_string(),
            member_ids: Vec::new(),
            ..setup.kitchen()
        })
        .await?;
    let unassigned = setup
        .create(Project {
            member_ids: Vec::new(),
            ..setup.kitchen()
        })
        .await?;

    let (anas, bens, unassigned) = (&anas.id, &bens.id, &unassigned.id);
    for (person, expected) in [
        (&tenant.owner, vec![unassigned, bens, anas]),
        (&tenant.pm, vec![unassigned, bens, anas]),
        (&tenant.field, vec![bens, anas]),
        (&tenant.ana, vec![unassigned, anas]),
        (&tenant.ben, vec![bens]),
    ] {
        let request = setup.by(person, ListProjectsRequest::default())?;
        let answer = setup.projects()?.list_projects(request).await?.into_inner();
        let listed: Vec<_> = answer.projects.iter().map(|project| &project.id).collect();
        assert_eq!(listed, expected);
        assert_eq!(answer.next_page_token, "");
        for project in &answer.projects {
            let read = setup.seen_by(person, &project.id).await?;
            assert_eq!(project, &read, "a list shows what a read shows");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_pages_and_filters() -> Result<()> {
    let setup = Setup::start().await?;
    let mut ids = Vec::new();
    for status in [
        ProjectStatus::OnHold,
        ProjectStatus::Active,
        ProjectStatus::OnHold,
    ] {
        let project = Project {
            status: status.into(),
            ..setup.kitchen()
        };
        ids.insert(0, setup.create(project).await?.id);
    }

    let mut request = ListProjectsRequest {
        page_size: 2,
        ..ListProjectsRequest::default()
    };
    let mut listed = Vec::new();
    loop {
        let asked = setup.by(&setup.tenant.pm, request.clone())?;
        let answer = setup.projects()?.list_projects(asked).await?.into_inner();
        listed.extend(answer.projects.into_iter().map(|project| project.id));
        if answer.next_page_token.is_empty() {
            break;
        }
        request.page_token = answer.next_page_token;
    }
    assert_eq!(listed, ids);

    for (client, status, expected) in [
        (setup.tenant.anas_record, ProjectStatus::OnHold, 2),
        (setup.tenant.anas_record, ProjectStatus::Unspecified, 3),
        (setup.tenant.bens_record, ProjectStatus::Unspecified, 0),
    ] {
        let request = ListProjectsRequest {
            client_id: client.to_string(),
            status: status.into(),
            ..ListProjectsRequest::default()
        };
        let asked = setup.by(&setup.tenant.pm, request)?;
        let answer = setup.projects()?.list_projects(asked).await?.into_inner();
        assert_eq!(answer.projects.len(), expected);
    }

    for person in [&setup.tenant.ana, &setup.tenant.field] {
        let request = ListProjectsRequest {
            client_id: setup.tenant.anas_record.to_string(),
            ..ListProjectsRequest::default()
        };
        let answer = setup
            .projects()?
            .list_projects(setup.by(person, request)?)
            .await;
        assert_eq!(violated(answer), ["client_id"]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_crew_sees_the_work_and_not_whose_it_is() -> Result<()> {
    let setup = Setup::start().await?;
    let created = setup.create_kitchen().await?;
    let seen = setup.seen_by(&setup.tenant.field, &created.id).await?;
    assert_eq!(seen.client_id, None);
    assert_eq!(seen.progress_percent, Some(0));
    assert_eq!(seen.start_date, created.start_date);
    assert_eq!(seen.phases[0].weight, created.phases[0].weight);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn services_see_everything_by_themselves_and_a_persons_view_for_a_person() -> Result<()> {
    let setup = Setup::start().await?;
    let created = setup.create_kitchen().await?;
    let request = GetProjectRequest {
        id: created.id.clone(),
    };
    for service in ["notifications", "documents"] {
        let asked = setup.by_service(service, request.clone())?;
        let answer = setup.projects()?.get_project(asked).await?.into_inner();
        assert_eq!(answer.project.as_ref(), Some(&created));

        let asked = setup.by_service_for(service, &setup.tenant.ana, request.clone())?;
        let answer = setup.projects()?.get_project(asked).await?.into_inner();
        let seen = setup.seen_by(&setup.tenant.ana, &created.id).await?;
        assert_eq!(answer.project, Some(seen));

        let asked = setup.by_service_for(service, &setup.tenant.ben, request.clone())?;
        let answer = setup.projects()?.get_project(asked).await;
        assert_eq!(code(&answer), Code::NotFound);
    }
    for service in ["portal", "billing"] {
        let asked = setup.by_service(service, request.clone())?;
        let answer = setup.projects()?.get_project(asked).await;
        assert_eq!(code(&answer), Code::PermissionDenied);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_listed() -> Result<()> {
    let setup = Setup::start().await?;
    let request = setup.by(&setup.tenant.pm, ListPhaseTemplatesRequest {})?;
    let answer = setup.projects()?.list_phase_templates(request).await?;
    let ids: Vec<_> = answer
        .get_ref()
        .templates
        .iter()
        .map(|template| template.id.as_str())
        .collect();
    assert_eq!(
        ids,
        ["kitchen", "bathroom", "addition", "whole_home", "exterior"]
    );
    Ok(())
}
