//! The rows of `MemberService`.

use anyhow::Context as _;
use integration_tests::{Organization, Services, Stage as _};
use proto::{identity as id, identity::member_service_client::MemberServiceClient};
use service::new_id;
use tenancy::authorized;

use super::{anas, rpc, setup, token};
use crate::matrix::{
    Ids, Row, SetupFuture,
    Who::{Ana, Ben, Field, Owner, Pm},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.identity.v1.MemberService";
    let member = |name: &'static str| rpc(SERVICE, name);
    vec![
        Row::plain(member("InviteMember"), setup(anas), |_| {
            id::InviteMemberRequest {
                name: "Newcomer".to_owned(),
                email: format!("{}@crew.example", new_id().simple()),
                role: id::Role::Field.into(),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner]),
        Row::plain(member("ListMembers"), setup(anas), |_| {
            id::ListMembersRequest::default()
        })
        .allows(&[Owner, Pm]),
        Row::naming(member("BatchGetMembers"), setup(anas), |ids| {
            id::BatchGetMembersRequest {
                ids: vec![ids["member"].clone()],
            }
        })
        .allows(&[Owner, Pm, Field, Ana, Ben])
        .leaves_out(),
        Row::naming(member("UpdateMemberRole"), setup(invited_member), |ids| {
            id::UpdateMemberRoleRequest {
                id: ids["member"].clone(),
                role: id::Role::Field.into(),
            }
        })
        .allows(&[Owner]),
        Row::naming(
            member("ResendMemberInvitation"),
            setup(invited_member),
            |ids| id::ResendMemberInvitationRequest {
                id: ids["member"].clone(),
                request_id: new_id().to_string(),
            },
        )
        .allows(&[Owner]),
        Row::naming(member("DisableMember"), setup(invited_member), |ids| {
            id::DisableMemberRequest {
                id: ids["member"].clone(),
            }
        })
        .allows(&[Owner]),
        Row::naming(member("EnableMember"), setup(disabled_member), |ids| {
            id::EnableMemberRequest {
                id: ids["member"].clone(),
            }
        })
        .allows(&[Owner]),
    ]
}

/// A team member who was invited.
fn invited_member<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let member = MemberServiceClient::new(services.peer("identity")?)
            .invite_member(authorized(
                &token(services, organization)?,
                id::InviteMemberRequest {
                    name: "Spare member".to_owned(),
                    email: format!("{}@crew.example", new_id().simple()),
                    role: id::Role::Field.into(),
                    request_id: new_id().to_string(),
                },
            ))
            .await?
            .into_inner()
            .member
            .context("the answer carries the member")?;
        Ok(Ids::from([("member", member.id)]))
    })
}

/// A team member whose access was ended.
fn disabled_member<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let ids = invited_member(services, organization).await?;
        MemberServiceClient::new(services.peer("identity")?)
            .disable_member(authorized(
                &token(services, organization)?,
                id::DisableMemberRequest {
                    id: ids["member"].clone(),
                },
            ))
            .await?;
        Ok(ids)
    })
}
