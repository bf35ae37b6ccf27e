//! The rows of `PhaseService`.

use anyhow::Context as _;
use integration_tests::{Organization, Services, Stage as _};
use proto::{projects as pr, projects::phase_service_client::PhaseServiceClient};
use service::new_id;
use tenancy::authorized;

use super::{anas, mask, rpc, setup, token};
use crate::matrix::{
    Ids, Row, SetupFuture,
    Who::{Owner, Pm},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.projects.v1.PhaseService";
    let phase = |name: &'static str| rpc(SERVICE, name);
    vec![
        Row::naming(phase("CreatePhase"), setup(anas), |ids| {
            pr::CreatePhaseRequest {
                phase: Some(pr::Phase {
                    project_id: ids["project"].clone(),
                    name: "Punch list".to_owned(),
                    weight: Some(1),
                    ..pr::Phase::default()
                }),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(phase("UpdatePhase"), setup(spare_phase), |ids| {
            pr::UpdatePhaseRequest {
                phase: Some(pr::Phase {
                    id: ids["phase"].clone(),
                    project_id: ids["project"].clone(),
                    progress_percent: Some(60),
                    etag: ids["phase_etag"].clone(),
                    ..pr::Phase::default()
                }),
                update_mask: Some(mask(&["progress_percent"])),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(phase("ReorderPhases"), setup(anas), |ids| {
            pr::ReorderPhasesRequest {
                project_id: ids["project"].clone(),
                phase_ids: ids["phases"].split(' ').map(str::to_owned).collect(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(phase("DeletePhase"), setup(spare_phase), |ids| {
            pr::DeletePhaseRequest {
                project_id: ids["project"].clone(),
                id: ids["phase"].clone(),
                etag: ids["phase_etag"].clone(),
            }
        })
        .allows(&[Owner, Pm]),
    ]
}

/// A phase of Ana's project that can be changed or removed.
fn spare_phase<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let phase = PhaseServiceClient::new(services.peer("projects")?)
            .create_phase(authorized(
                &token(services, organization)?,
                pr::CreatePhaseRequest {
                    phase: Some(pr::Phase {
                        project_id: organization.anas.project.to_string(),
                        name: "Spare phase".to_owned(),
                        weight: Some(1),
                        ..pr::Phase::default()
                    }),
                    request_id: new_id().to_string(),
                },
            ))
            .await?
            .into_inner()
            .phase
            .context("the answer carries the phase")?;
        Ok(Ids::from([
            ("phase", phase.id),
            ("phase_etag", phase.etag),
            ("project", organization.anas.project.to_string()),
        ]))
    })
}
