//! `MemberService`.

use anyhow::{Context as _, Result};
use proto::identity::{
    AccountState, BatchGetMembersRequest, DisableMemberRequest, EnableMemberRequest, LinkPurpose,
    ListMembersRequest, ResendMemberInvitationRequest, Role, UpdateMemberRoleRequest,
};
use tenancy::authorized;
use tonic::{Code, Response, Status};

use crate::{OFFICE_PASSWORD, Office, Setup, acceptance, reason, refusal, violated};

impl Setup {
    async fn disable_member(
        &self,
        office: &Office,
        id: &str,
    ) -> Result<Response<proto::identity::DisableMemberResponse>, Status> {
        let request = DisableMemberRequest { id: id.to_owned() };
        let request = authorized(&office.owner, request);
        self.members().disable_member(request).await
    }

    async fn set_role(
        &self,
        office: &Office,
        id: &str,
        role: Role,
    ) -> Result<Response<proto::identity::UpdateMemberRoleResponse>, Status> {
        let request = UpdateMemberRoleRequest {
            id: id.to_owned(),
            role: role.into(),
        };
        let request = authorized(&office.owner, request);
        self.members().update_member_role(request).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_mailed_before_the_owner_confirmed_an_address() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.unconfirmed("alder").await?;
    let answer = setup.invite(&office, "pm@alder.example", Role::Pm).await;
    let expected = (Code::FailedPrecondition, "EMAIL_UNCONFIRMED".to_owned());
    assert_eq!(refusal(&answer), expected);
    let client = setup.okafors(&office).await?;
    let answer = setup.enable(&office, &client.contacts[0]).await;
    assert_eq!(refusal(&answer), expected);
    assert_eq!(
        setup
            .issued(office.tenant, LinkPurpose::Invite)
            .await?
            .len(),
        0
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_member_sets_a_long_password_and_has_the_role() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let member = setup.invite(&office, "pm@alder.example", Role::Pm).await?;
    assert_eq!(member.state(), AccountState::Invited);
    let token = setup
        .mailed_token(office.tenant, LinkPurpose::Invite)
        .await?;
    // twelve characters are enough for clients, not for the office
    let request = setup.by_portal(office.tenant, acceptance(token, "brass knobs1"));
    let answer = setup.links().accept_invitation(request).await;
    assert_eq!(violated(answer), ["password"]);
    let session = setup.accept(&office, OFFICE_PASSWORD).await?;
    let account = session.account.as_ref().context("an account")?;
    assert_eq!(
        (account.role(), account.state()),
        (Role::Pm, AccountState::Active)
    );

    let token = setup.token(office.tenant, &session).await?;
    let request = authorized(&token, ListMembersRequest::default());
    let team = setup.members().list_members(request).await?.into_inner();
    let names: Vec<_> = team.members.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Pat Finch", "Sam Alder"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_team_comes_in_pages() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    for number in 1..=3 {
        let email = format!("member{number}@alder.example");
        setup.invite(&office, &email, Role::Field).await?;
    }
    let mut seen = Vec::new();
    let mut page_token = String::new();
    for _ in 0..4 {
        let request = ListMembersRequest {
            page_size: 1,
            page_token,
        };
        let request = authorized(&office.owner, request);
        let page = setup.members().list_members(request).await?.into_inner();
        seen.extend(page.members.into_iter().map(|member| member.email));
        page_token = page.next_page_token;
    }
    assert_eq!(page_token, "");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_one_sign_in() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    setup.maya(&office).await?;
    for email in ["SAM@alder.example", "maya@okafor.example"] {
        let answer = setup.invite(&office, email, Role::Pm).await;
        assert_eq!(violated(answer), ["email"], "{email}");
    }
    let answer = setup.invite(&office, "nobody", Role::Unspecified).await;
    assert_eq!(violated(answer), ["email", "role"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_active_owner_always_remains() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let owner = office
        .session
        .account
        .as_ref()
        .context("the owner")?
        .id
        .clone();
    // an invited owner cannot run anything yet
    let second = setup
        .invite(&office, "second@alder.example", Role::Owner)
        .await?;
    let answer = setup.disable_member(&office, &owner).await;
    assert_eq!(
        refusal(&answer),
        (Code::FailedPrecondition, "LAST_OWNER".to_owned())
    );
    assert_eq!(
        reason(&setup.set_role(&office, &owner, Role::Pm).await),
        "LAST_OWNER"
    );
    setup.accept(&office, OFFICE_PASSWORD).await?;
    let (one, other) = tokio::join!(
        setup.set_role(&office, &owner, Role::Pm),
        setup.disable_member(&office, &second.id),
    );
    assert!(one.is_ok() != other.is_ok(), "not both at once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_takes_effect_with_the_next_request() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let member = setup.invite(&office, "pm@alder.example", Role::Pm).await?;
    let session = setup.accept(&office, OFFICE_PASSWORD).await?;
    let list = |token: &str| authorized(token, ListMembersRequest::default());
    let token = setup.token(office.tenant, &session).await?;
    assert!(setup.members().list_members(list(&token)).await.is_ok());
    setup.set_role(&office, &member.id, Role::Field).await?;
    let token = setup.token(office.tenant, &session).await?;
    let answer = setup.members().list_members(list(&token)).await;
    assert_eq!(refusal(&answer).0, Code::PermissionDenied);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_member_is_out_at_once_and_can_come_back() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let member = setup.invite(&office, "pm@alder.example", Role::Pm).await?;
    let session = setup.accept(&office, OFFICE_PASSWORD).await?;
    let disabled = setup
        .disable_member(&office, &member.id)
        .await?
        .into_inner();
    assert_eq!(
        disabled.member.context("a member")?.state(),
        AccountState::Disabled
    );
    assert_eq!(
        reason(&setup.token(office.tenant, &session).await),
        "SESSION_ENDED"
    );
    assert_eq!(
        reason(&setup.disable_member(&office, &member.id).await),
        "ACCESS_MISSING"
    );

    let enable = || {
        authorized(
            &office.owner,
            EnableMemberRequest {
                id: member.id.clone(),
            },
        )
    };
    let enabled = setup.members().enable_member(enable()).await?.into_inner();
    assert_eq!(
        enabled.member.context("a member")?.state(),
        AccountState::Active
    );
    assert_eq!(
        reason(&setup.members().enable_member(enable()).await),
        "ACCESS_EXISTS"
    );
    let events = setup.events(office.tenant).await?;
    assert!(events.ends_with(&["AccountDisabled".to_owned(), "AccountEnabled".to_owned()]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resent_invitation_takes_the_place_of_the_former() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let member = setup.invite(&office, "pm@alder.example", Role::Pm).await?;
    let former = setup
        .mailed_token(office.tenant, LinkPurpose::Invite)
        .await?;
    let resend = || {
        let request = ResendMemberInvitationRequest {
            id: member.id.clone(),
            request_id: service::new_id().to_string(),
        };
        authorized(&office.owner, request)
    };
    setup.members().resend_member_invitation(resend()).await?;
    let request = setup.by_portal(office.tenant, acceptance(former, OFFICE_PASSWORD));
    let answer = setup.links().accept_invitation(request).await;
    assert_eq!(reason(&answer), "LINK_GONE");
    setup.accept(&office, OFFICE_PASSWORD).await?;
    let answer = setup.members().resend_member_invitation(resend()).await;
    assert_eq!(reason(&answer), "ACCESS_MISSING");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_of_the_organization_knows_the_team_by_name_alone() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (contact, session) = setup.maya(&office).await?;
    let token = setup.token(office.tenant, &session).await?;
    let owner = office.session.account.as_ref().context("the owner")?;
    let own = contact.access.context("access")?.account_id;
    let request = BatchGetMembersRequest {
        ids: vec![owner.id.clone(), own],
    };
    let answer = setup
        .members()
        .batch_get_members(authorized(&token, request))
        .await?;
    let cards = answer.into_inner().members;
    assert_eq!(cards.len(), 1, "a client is no member");
    assert_eq!(
        (cards[0].name.as_str(), cards[0].role()),
        ("Sam Alder", Role::Owner)
    );
    Ok(())
}
