//! The rows of `SessionService`.

use anyhow::Context as _;
use integration_tests::{Organization, PASSWORD, Services, Stage as _};
use proto::{identity as id, identity::session_service_client::SessionServiceClient};
use service::new_id;
use tenancy::authorized;
use tonic::Code;

use super::{anas, rpc, setup};
use crate::matrix::{
    Ids, Row, SetupFuture,
    Who::{Ana, Ben, Field, Owner, Pm, Portal},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.identity.v1.SessionService";
    vec![
        Row::plain(rpc(SERVICE, "SignIn"), setup(anas), |_| id::SignInRequest {
            email: "ana@alder.example".to_owned(),
            password: PASSWORD.to_owned(),
            client_address: "198.51.100.8".to_owned(),
            user_agent: "matrix".to_owned(),
            device: String::new(),
            keep_signed_in: true,
        })
        .allows(&[Portal]),
        Row::naming(rpc(SERVICE, "ExchangeCode"), setup(code), |ids| {
            id::ExchangeCodeRequest {
                code: ids["secret"].clone(),
                client_address: "198.51.100.8".to_owned(),
                user_agent: "matrix".to_owned(),
            }
        })
        .allows(&[Portal])
        .absent_is(Code::FailedPrecondition),
        Row::naming(rpc(SERVICE, "ResolveSession"), setup(session), |ids| {
            id::ResolveSessionRequest {
                secret: ids["secret"].clone(),
            }
        })
        .allows(&[Portal])
        .absent_is(Code::Unauthenticated),
        Row::plain(rpc(SERVICE, "SignOut"), setup(anas), |_| {
            id::SignOutRequest {}
        })
        .allows(&[Owner, Pm, Field, Ana, Ben]),
    ]
}

/// A session of Ana's.
fn session<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let portal = services.signer("portal")?.service(organization.id)?;
        let session = SessionServiceClient::new(services.peer("identity")?)
            .sign_in(authorized(
                &portal,
                id::SignInRequest {
                    email: format!("ana@{}.example", organization.slug),
                    password: PASSWORD.to_owned(),
                    client_address: "198.51.100.10".to_owned(),
                    user_agent: "matrix".to_owned(),
                    device: String::new(),
                    keep_signed_in: true,
                },
            ))
            .await?
            .into_inner()
            .session
            .context("the answer carries the session")?;
        Ok(Ids::from([("secret", session.secret)]))
    })
}

/// A sign-up's code for the owner; written as superuser, since a sign-up would make one for an organization of its own.
fn code<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let code = format!("code-{}", new_id());
        let mut connection = services.database("identity").superuser().await?;
        sqlx::query(
            "insert into sign_in_code (tenant_id, code_hash, account_id, expires_at)
             values ($1, sha256(convert_to($2, 'UTF8')), $3, now() + interval '1 hour')",
        )
        .bind(organization.id.uuid())
        .bind(&code)
        .bind(organization.owner.account)
        .execute(&mut connection)
        .await?;
        Ok(Ids::from([("secret", code)]))
    })
}
