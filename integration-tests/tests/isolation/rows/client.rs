//! The rows of `ClientService`.

use anyhow::Context as _;
use integration_tests::{Organization, Services, Stage as _};
use proto::{identity as id, identity::client_service_client::ClientServiceClient};
use service::new_id;
use tenancy::authorized;

use super::{anas, mask, rpc, setup, token};
use crate::matrix::{
    Ids, Row, SetupFuture,
    Who::{Owner, Pm},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.identity.v1.ClientService";
    let client = |name: &'static str| rpc(SERVICE, name);
    vec![
        Row::plain(client("CreateClient"), setup(anas), |_| {
            id::CreateClientRequest {
                client: Some(record()),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(client("GetClient"), setup(anas), |ids| {
            id::GetClientRequest {
                id: ids["client"].clone(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(client("ListClients"), setup(anas), |ids| {
            id::ListClientsRequest {
                ids: vec![ids["client"].clone()],
                ..id::ListClientsRequest::default()
            }
        })
        .allows(&[Owner, Pm])
        .leaves_out(),
        Row::naming(client("UpdateClient"), setup(spare_contact), |ids| {
            id::UpdateClientRequest {
                client: Some(id::Client {
                    id: ids["client"].clone(),
                    notes: "Prefers mornings".to_owned(),
                    etag: ids["client_etag"].clone(),
                    ..id::Client::default()
                }),
                update_mask: Some(mask(&["notes"])),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(client("CreateContact"), setup(spare_contact), |ids| {
            id::CreateContactRequest {
                contact: Some(id::Contact {
                    client_id: ids["client"].clone(),
                    name: "An architect".to_owned(),
                    ..id::Contact::default()
                }),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(client("UpdateContact"), setup(spare_contact), |ids| {
            id::UpdateContactRequest {
                contact: Some(id::Contact {
                    id: ids["contact"].clone(),
                    client_id: ids["client"].clone(),
                    relation: "Spouse".to_owned(),
                    ..id::Contact::default()
                }),
                update_mask: Some(mask(&["relation"])),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(client("DeleteContact"), setup(spare_contact), |ids| {
            id::DeleteContactRequest {
                client_id: ids["client"].clone(),
                id: ids["contact"].clone(),
            }
        })
        .allows(&[Owner, Pm]),
    ]
}

fn record() -> id::Client {
    id::Client {
        kind: id::ClientKind::Individual.into(),
        display_name: "A spare household".to_owned(),
        status: id::ClientStatus::Active.into(),
        contacts: vec![id::Contact {
            name: "Spare".to_owned(),
            ..id::Contact::default()
        }],
        ..id::Client::default()
    }
}

/// A client record with a contact who has no access.
pub(super) fn spare_contact<'a>(
    services: &'a Services,
    organization: &'a Organization,
) -> SetupFuture<'a> {
    Box::pin(async move {
        let client = ClientServiceClient::new(services.peer("identity")?)
            .create_client(authorized(
                &token(services, organization)?,
                id::CreateClientRequest {
                    client: Some(record()),
                    request_id: new_id().to_string(),
                },
            ))
            .await?
            .into_inner()
            .client
            .context("the answer carries the record")?;
        Ok(Ids::from([
            ("contact", client.contacts[0].id.clone()),
            ("email", format!("{}@home.example", new_id().simple())),
            ("client_etag", client.etag),
            ("client", client.id),
        ]))
    })
}
