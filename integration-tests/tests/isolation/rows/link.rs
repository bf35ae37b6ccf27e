//! The rows of `LinkService`.

use anyhow::{Context as _, Result};
use integration_tests::{Organization, PASSWORD, Services, Stage as _};
use proto::{
    identity as id,
    identity::{
        link_service_client::LinkServiceClient,
        portal_access_service_client::PortalAccessServiceClient,
    },
};
use service::new_id;
use tenancy::authorized;
use uuid::Uuid;

use super::{portal_access::invited_contact, rpc, setup, token};
use crate::matrix::{
    Ids, Row, SetupFuture,
    Who::{Notifications, Portal},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.identity.v1.LinkService";
    vec![
        Row::naming(rpc(SERVICE, "GetLink"), setup(invitation), |ids| {
            id::GetLinkRequest {
                token: ids["token"].clone(),
            }
        })
        .allows(&[Portal]),
        Row::naming(rpc(SERVICE, "AcceptInvitation"), setup(invitation), |ids| {
            id::AcceptInvitationRequest {
                token: ids["token"].clone(),
                password: PASSWORD.to_owned(),
                time_zone: "America/Los_Angeles".to_owned(),
                frequency: "FREQUENCY_DAILY".to_owned(),
                client_address: "198.51.100.9".to_owned(),
                user_agent: "matrix".to_owned(),
            }
        })
        .allows(&[Portal]),
        Row::naming(rpc(SERVICE, "RenewInvitation"), setup(invitation), |ids| {
            id::RenewInvitationRequest {
                token: ids["token"].clone(),
                client_address: "198.51.100.9".to_owned(),
            }
        })
        .allows(&[Portal])
        .leaves_out(),
        Row::naming(rpc(SERVICE, "ResetPassword"), setup(reset), |ids| {
            id::ResetPasswordRequest {
                token: ids["token"].clone(),
                new_password: PASSWORD.to_owned(),
                client_address: "198.51.100.9".to_owned(),
            }
        })
        .allows(&[Portal]),
        Row::naming(rpc(SERVICE, "ConfirmEmail"), setup(confirmation), |ids| {
            id::ConfirmEmailRequest {
                token: ids["token"].clone(),
            }
        })
        .allows(&[Portal]),
        Row::naming(rpc(SERVICE, "MintLink"), setup(unminted), |ids| {
            id::MintLinkRequest {
                link_id: ids["link"].clone(),
            }
        })
        .allows(&[Notifications]),
    ]
}

/// An open invitation, by its token.
fn invitation<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let ids = invited_contact(services, organization).await?;
        let token = token_to(services, organization, &ids["email"], "invite").await?;
        Ok(Ids::from([("token", token)]))
    })
}

/// An open reset link, by its token.
fn reset<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let ids = invited_contact(services, organization).await?;
        let invitation = token_to(services, organization, &ids["email"], "invite").await?;
        let portal = services.signer("portal")?.service(organization.id)?;
        LinkServiceClient::new(services.peer("identity")?)
            .accept_invitation(authorized(
                &portal,
                id::AcceptInvitationRequest {
                    token: invitation,
                    password: PASSWORD.to_owned(),
                    time_zone: "America/Los_Angeles".to_owned(),
                    frequency: "FREQUENCY_DAILY".to_owned(),
                    client_address: "198.51.100.9".to_owned(),
                    user_agent: "matrix".to_owned(),
                },
            ))
            .await?;
        PortalAccessServiceClient::new(services.peer("identity")?)
            .send_password_reset(authorized(
                &token(services, organization)?,
                id::SendPasswordResetRequest {
                    client_id: ids["client"].clone(),
                    contact_id: ids["contact"].clone(),
                    request_id: service::new_id().to_string(),
                },
            ))
            .await?;
        let token = token_to(services, organization, &ids["email"], "reset").await?;
        Ok(Ids::from([("token", token)]))
    })
}

/// An open link that confirms the owner's address; written as superuser, since a sign-up would make one for an
/// organization of its own.
fn confirmation<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let token = format!("token-{}", new_id());
        let mut connection = services.database("identity").superuser().await?;
        sqlx::query(
            "insert into link (tenant_id, id, account_id, purpose, token_hash, created_at, expires_at)
             values ($1, $2, $3, 'confirm_email', sha256(convert_to($4, 'UTF8')), now(), now() + interval '1 day')",
        )
        .bind(organization.id.uuid())
        .bind(new_id())
        .bind(organization.owner.account)
        .bind(&token)
        .execute(&mut connection)
        .await?;
        Ok(Ids::from([("token", token)]))
    })
}

/// An open link, by its id.
fn unminted<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let ids = invited_contact(services, organization).await?;
        let link = link_to(services, organization, &ids["email"], "invite").await?;
        Ok(Ids::from([("link", link.to_string())]))
    })
}

/// The token of the open link to an address, minted as for its mail: to wait for the mail itself takes longer.
async fn token_to(
    services: &Services,
    organization: &Organization,
    email: &str,
    purpose: &str,
) -> Result<String> {
    let link = link_to(services, organization, email, purpose).await?;
    let notifications = services.signer("notifications")?.service(organization.id)?;
    let path = LinkServiceClient::new(services.peer("identity")?)
        .mint_link(authorized(
            &notifications,
            id::MintLinkRequest {
                link_id: link.to_string(),
            },
        ))
        .await?
        .into_inner()
        .path;
    let (_, token) = path.rsplit_once('/').context("a link has a path")?;
    Ok(token.to_owned())
}

/// The id of the open link to an address, as its event carries it; read as superuser, since no RPC tells it.
async fn link_to(
    services: &Services,
    organization: &Organization,
    email: &str,
    purpose: &str,
) -> Result<Uuid> {
    let mut connection = services.database("identity").superuser().await?;
    sqlx::query_scalar(
        "select link.id from link
         join account on account.tenant_id = link.tenant_id and account.id = link.account_id
         where link.tenant_id = $1 and account.email_key = $2 and link.purpose = $3
             and link.used_at is null and link.voided_at is null",
    )
    .bind(organization.id.uuid())
    .bind(email)
    .bind(purpose)
    .fetch_one(&mut connection)
    .await
    .with_context(|| format!("find the {purpose} link to {email}"))
}
