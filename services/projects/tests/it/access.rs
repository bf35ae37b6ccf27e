//! `AccessService`.

use anyhow::{Context as _, Result};
use proto::projects::{
    LogScope, MoneyScope, PhotoScope, ProgressScope, ProgressVisibility, Project, ProjectAccess,
    ResolveRequest, ScheduleScope, ScheduleVisibility,
};
use service::new_id;
use tenancy::{Party, Person};
use tonic::Code;

use crate::{Setup, code, violated};

impl Setup {
    async fn resolve(&self, person: &Person, ids: &[&str]) -> Result<Vec<ProjectAccess>> {
        let request = ResolveRequest {
            project_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        };
        let answer = self.access()?.resolve(self.by(person, request)?).await?;
        Ok(answer.into_inner().projects)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_follow_the_settings_and_the_rights() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let access = setup.resolve(&setup.tenant.ana, &[&project.id]).await?;
    let access = access.first().context("visible")?;
    assert_eq!(access.project_name, "Kitchen remodel");
    assert_eq!(access.progress(), ProgressScope::Full);
    assert_eq!(access.photos(), PhotoScope::Shared);
    assert_eq!(access.logs(), LogScope::Summary);
    assert_eq!(access.schedule(), ScheduleScope::Milestones);
    assert_eq!(access.money(), MoneyScope::Summary);
    assert!(access.may_approve && access.may_pay && access.may_message);
    assert!(!access.may_manage);

    let mut architect = setup.tenant.ana.clone();
    let Party::Client { memberships } = &mut architect.party else {
        anyhow::bail!("ana is a client");
    };
    memberships[0].rights = Default::default();
    let access = setup.resolve(&architect, &[&project.id]).await?;
    let access = access.first().context("visible")?;
    assert_eq!(access.money(), MoneyScope::None);
    assert!(!access.may_approve && !access.may_pay && !access.may_message);

    setup
        .show(
            &project.id,
            ProgressVisibility::Hide,
            ScheduleVisibility::Hide,
        )
        .await?;
    let access = setup.resolve(&setup.tenant.ana, &[&project.id]).await?;
    let access = access.first().context("visible")?;
    assert_eq!(access.progress(), ProgressScope::None);
    assert_eq!(access.schedule(), ScheduleScope::None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn none_named_means_all_that_are_visible() -> Result<()> {
    let setup = Setup::start().await?;
    let tenant = &setup.tenant;
    let anas = setup.create_kitchen().await?;
    let bens = setup
        .create(Project {
            client_id: Some(tenant.bens_record.to_string()),
            member_ids: Vec::new(),
            ..setup.kitchen()
        })
        .await?;
    let both = [anas.id.as_str(), bens.id.as_str()];
    for (person, expected) in [
        (&tenant.owner, vec![both[1], both[0]]),
        (&tenant.pm, vec![both[1], both[0]]),
        (&tenant.field, vec![both[0]]),
        (&tenant.ana, vec![both[0]]),
        (&tenant.ben, vec![both[1]]),
    ] {
        let absent = new_id().to_string();
        for named in [&[][..], &[both[0], both[1], &absent]] {
            let resolved = setup.resolve(person, named).await?;
            let ids: Vec<_> = resolved
                .iter()
                .map(|access| access.project_id.as_str())
                .collect();
            assert_eq!(ids, expected);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn services_resolve_for_a_person_and_never_for_themselves() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let request = ResolveRequest {
        project_ids: vec![project.id],
    };
    for service in ["notifications", "billing", "documents"] {
        let asked = setup.by_service_for(service, &setup.tenant.ana, request.clone())?;
        let answer = setup.access()?.resolve(asked).await?.into_inner();
        assert_eq!(answer.projects.len(), 1);
        assert_eq!(answer.projects[0].photos(), PhotoScope::Shared);

        let asked = setup.by_service_for(service, &setup.tenant.ben, request.clone())?;
        let answer = setup.access()?.resolve(asked).await?.into_inner();
        assert!(answer.projects.is_empty());

        let asked = setup.by_service(service, request.clone())?;
        let answer = setup.access()?.resolve(asked).await;
        assert_eq!(code(&answer), Code::PermissionDenied);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_and_malformed_ids_are_refused() -> Result<()> {
    let setup = Setup::start().await?;
    for ids in [
        vec!["kitchen".to_owned()],
        vec![new_id().to_string(); 1_001],
    ] {
        let request = setup.by(&setup.tenant.pm, ResolveRequest { project_ids: ids })?;
        let answer = setup.access()?.resolve(request).await;
        assert_eq!(violated(answer), ["project_ids"]);
    }
    Ok(())
}
