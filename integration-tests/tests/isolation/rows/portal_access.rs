//! The rows of `PortalAccessService`.

use integration_tests::{Organization, Services, Stage as _};
use proto::{identity as id, identity::portal_access_service_client::PortalAccessServiceClient};
use service::new_id;
use tenancy::authorized;

use super::{anas, client::spare_contact, rpc, setup, token};
use crate::matrix::{
    Row, SetupFuture,
    Who::{Owner, Pm},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.identity.v1.PortalAccessService";
    let access = |name: &'static str| rpc(SERVICE, name);
    vec![
        Row::naming(access("EnablePortalAccess"), setup(spare_contact), |ids| {
            id::EnablePortalAccessRequest {
                client_id: ids["client"].clone(),
                contact_id: ids["contact"].clone(),
                email: ids["email"].clone(),
                email_again: ids["email"].clone(),
                rights: Some(id::Rights::default()),
                frequency: "FREQUENCY_INSTANT".to_owned(),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(access("ResendInvitation"), setup(invited_contact), |ids| {
            id::ResendInvitationRequest {
                client_id: ids["client"].clone(),
                contact_id: ids["contact"].clone(),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(access("SendPasswordReset"), setup(anas), |ids| {
            id::SendPasswordResetRequest {
                client_id: ids["client"].clone(),
                contact_id: ids["contact"].clone(),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(
            access("DisablePortalAccess"),
            setup(invited_contact),
            |ids| id::DisablePortalAccessRequest {
                client_id: ids["client"].clone(),
                contact_id: ids["contact"].clone(),
            },
        )
        .allows(&[Owner, Pm]),
        Row::naming(
            access("RestorePortalAccess"),
            setup(disabled_contact),
            |ids| id::RestorePortalAccessRequest {
                client_id: ids["client"].clone(),
                contact_id: ids["contact"].clone(),
            },
        )
        .allows(&[Owner, Pm]),
        Row::naming(access("UpdateRights"), setup(invited_contact), |ids| {
            id::UpdateRightsRequest {
                client_id: ids["client"].clone(),
                contact_id: ids["contact"].clone(),
                rights: Some(id::Rights::default()),
            }
        })
        .allows(&[Owner, Pm]),
    ]
}

/// A contact who was invited.
pub(super) fn invited_contact<'a>(
    services: &'a Services,
    organization: &'a Organization,
) -> SetupFuture<'a> {
    Box::pin(async move {
        let ids = spare_contact(services, organization).await?;
        PortalAccessServiceClient::new(services.peer("identity")?)
            .enable_portal_access(authorized(
                &token(services, organization)?,
                id::EnablePortalAccessRequest {
                    client_id: ids["client"].clone(),
                    contact_id: ids["contact"].clone(),
                    email: ids["email"].clone(),
                    email_again: ids["email"].clone(),
                    rights: Some(id::Rights::default()),
                    frequency: "FREQUENCY_INSTANT".to_owned(),
                    request_id: new_id().to_string(),
                },
            ))
            .await?;
        Ok(ids)
    })
}

/// A contact whose access was ended.
fn disabled_contact<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let ids = invited_contact(services, organization).await?;
        PortalAccessServiceClient::new(services.peer("identity")?)
            .disable_portal_access(authorized(
                &token(services, organization)?,
                id::DisablePortalAccessRequest {
                    client_id: ids["client"].clone(),
                    contact_id: ids["contact"].clone(),
                },
            ))
            .await?;
        Ok(ids)
    })
}
