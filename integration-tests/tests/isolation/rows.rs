//! The expectations, a row an RPC, written by hand: a file each gRPC service, with what only its calls need.

mod access;
mod account;
mod client;
mod contract;
mod delivery;
mod inbox;
mod link;
mod logo;
mod member;
mod organization;
mod phase;
mod photo;
mod portal_access;
mod preference;
mod project;
mod session;
mod usage;
mod visibility;

use anyhow::{Context as _, Result};
use integration_tests::{Organization, Services, Stage as _};
use proto::{
    billing as bi,
    billing::contract_service_client::ContractServiceClient,
    projects as pr,
    projects::{
        project_service_client::ProjectServiceClient,
        visibility_service_client::VisibilityServiceClient,
    },
};
use tenancy::authorized;

use crate::matrix::{Ids, Row, Setup, SetupFuture};

/// Every row.
pub(crate) fn rows() -> Vec<Row> {
    [
        organization::rows(),
        session::rows(),
        account::rows(),
        link::rows(),
        member::rows(),
        client::rows(),
        portal_access::rows(),
        project::rows(),
        access::rows(),
        phase::rows(),
        visibility::rows(),
        photo::rows(),
        logo::rows(),
        usage::rows(),
        contract::rows(),
        inbox::rows(),
        preference::rows(),
        delivery::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn rpc(service: &'static str, name: &'static str) -> &'static str {
    Box::leak(format!("{service}/{name}").into_boxed_str())
}

fn mask(paths: &[&str]) -> prost_types::FieldMask {
    prost_types::FieldMask {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    }
}

// What a call needs, made as the organization's owner.

fn setup<F>(make: F) -> Setup
where
    F: for<'a> Fn(&'a Services, &'a Organization) -> SetupFuture<'a> + Send + Sync + 'static,
{
    Box::new(make)
}

fn token(services: &Services, organization: &Organization) -> Result<String> {
    services.person(organization.id, &organization.owner)
}

/// Ana's record, project and mail, with the etags as they are now.
fn anas<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let token = token(services, organization)?;
        let record = organization.anas;
        let project = ProjectServiceClient::new(services.peer("projects")?)
            .get_project(authorized(
                &token,
                pr::GetProjectRequest {
                    id: record.project.to_string(),
                },
            ))
            .await?
            .into_inner()
            .project
            .context("the answer carries the project")?;
        let settings = VisibilityServiceClient::new(services.peer("projects")?)
            .get_visibility(authorized(
                &token,
                pr::GetVisibilityRequest {
                    project_id: project.id.clone(),
                },
            ))
            .await?
            .into_inner()
            .visibility
            .context("the answer carries the settings")?;
        let contract = ContractServiceClient::new(services.peer("billing")?)
            .get_contract(authorized(
                &token,
                bi::GetContractRequest {
                    project_id: project.id.clone(),
                },
            ))
            .await?
            .into_inner()
            .contract
            .context("the answer carries the contract")?;
        let phases: Vec<_> = project
            .phases
            .iter()
            .map(|phase| phase.id.as_str())
            .collect();
        Ok(Ids::from([
            ("client", record.client.to_string()),
            ("contact", record.contact.to_string()),
            ("project", record.project.to_string()),
            ("inbox_item", record.inbox_item.to_string()),
            ("delivery", record.delivery.to_string()),
            ("account", organization.ana.account.to_string()),
            ("member", organization.pm.account.to_string()),
            ("phases", phases.join(" ")),
            ("project_etag", project.etag),
            ("visibility_etag", settings.etag),
            ("contract_etag", contract.etag),
        ]))
    })
}
