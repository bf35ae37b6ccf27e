//! `LinkService`.

use anyhow::{Context as _, Result};
use prost::Message as _;
use proto::identity::{
    AccountKind, ConfirmEmailRequest, GetLinkRequest, InvitationAccepted, Link, LinkPurpose,
    LinkState, RenewInvitationRequest, ResetPasswordRequest, SendPasswordResetRequest,
};
use tenancy::{TenantId, authorized};
use tonic::{Code, Status};

use crate::{ADDRESS, CLIENT_PASSWORD, Setup, acceptance, reason, refusal, sign_in_form, violated};

const MAYA: &str = "maya@okafor.example";

impl Setup {
    async fn link(&self, tenant: TenantId, token: &str) -> Result<Link, Status> {
        let request = GetLinkRequest {
            token: token.to_owned(),
        };
        let request = self.by_portal(tenant, request);
        let answer = self.links().get_link(request).await?;
        Ok(answer.into_inner().link.expect("a link"))
    }

    async fn renew(&self, tenant: TenantId, token: &str) -> Result<()> {
        let request = RenewInvitationRequest {
            token: token.to_owned(),
            client_address: ADDRESS.to_owned(),
        };
        let request = self.by_portal(tenant, request);
        self.links().renew_invitation(request).await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_read_often_and_used_once() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let client = setup.okafors(&office).await?;
    setup.enable(&office, &client.contacts[0]).await?;
    let token = setup
        .mailed_token(office.tenant, LinkPurpose::Invite)
        .await?;
    for _ in 0..3 {
        let link = setup.link(office.tenant, &token).await?;
        assert_eq!(link.state(), LinkState::Open);
        assert_eq!(link.kind(), AccountKind::Client);
        assert_eq!(
            (link.name.as_str(), link.email.as_str()),
            ("Maya Okafor", MAYA)
        );
        assert_eq!(link.inviter_name, "Sam Alder");
        assert_eq!(link.frequency, "FREQUENCY_DAILY");
    }
    // what is wrong in the form does not use it up
    let mut wrong = acceptance(token.clone(), "password1234");
    wrong.time_zone = "Oregon".to_owned();
    wrong.frequency = String::new();
    let request = setup.by_portal(office.tenant, wrong);
    let answer = setup.links().accept_invitation(request).await;
    assert_eq!(violated(answer), ["password", "time_zone", "frequency"]);

    let session = setup.accept(&office, CLIENT_PASSWORD).await?;
    assert!(setup.token(office.tenant, &session).await.is_ok());
    let link = setup.link(office.tenant, &token).await?;
    assert_eq!(link.state(), LinkState::Used);
    assert_eq!((link.name.as_str(), link.email.as_str()), ("", ""));
    let request = setup.by_portal(office.tenant, acceptance(token, CLIENT_PASSWORD));
    let again = setup.links().accept_invitation(request).await;
    assert_eq!(
        refusal(&again),
        (Code::FailedPrecondition, "LINK_GONE".to_owned())
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn acceptance_says_how_and_where_the_person_wants_mail() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (contact, _) = setup.maya(&office).await?;
    let mut connection = setup.db.superuser().await?;
    let payload: Vec<u8> =
        sqlx::query_scalar("select payload from outbox where type like '%.InvitationAccepted'")
            .fetch_one(&mut connection)
            .await?;
    let event = InvitationAccepted::decode(payload.as_slice())?;
    let access = contact.access.context("access")?;
    assert_eq!(event.account_id, access.account_id);
    assert_eq!(event.frequency, "FREQUENCY_WEEKLY");
    assert_eq!(event.time_zone, "America/Los_Angeles");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_acceptances_at_once_make_one_session() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let client = setup.okafors(&office).await?;
    setup.enable(&office, &client.contacts[0]).await?;
    let token = setup
        .mailed_token(office.tenant, LinkPurpose::Invite)
        .await?;
    let accept = || async {
        let form = acceptance(token.clone(), CLIENT_PASSWORD);
        let request = setup.by_portal(office.tenant, form);
        setup.links().accept_invitation(request).await
    };
    let (one, other) = tokio::join!(accept(), accept());
    let lost = if one.is_ok() { other } else { one };
    assert_eq!(reason(&lost), "LINK_GONE");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_works_for_its_purpose_and_its_organization_alone() -> Result<()> {
    let setup = Setup::start().await?;
    let alder = setup.office("alder").await?;
    let birch = setup.office("birch").await?;
    let client = setup.okafors(&alder).await?;
    setup.enable(&alder, &client.contacts[0]).await?;
    let token = setup
        .mailed_token(alder.tenant, LinkPurpose::Invite)
        .await?;
    let request = ResetPasswordRequest {
        token: token.clone(),
        new_password: CLIENT_PASSWORD.to_owned(),
        client_address: ADDRESS.to_owned(),
    };
    let request = setup.by_portal(alder.tenant, request);
    let answer = setup.links().reset_password(request).await;
    assert_eq!(refusal(&answer).0, Code::NotFound);
    let foreign = setup.link(birch.tenant, &token).await;
    let absent = setup.link(birch.tenant, "guessed").await;
    assert_eq!(refusal(&foreign), refusal(&absent));
    assert_eq!(refusal(&foreign).0, Code::NotFound);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_invitation_is_renewed_to_the_address_on_file() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let client = setup.okafors(&office).await?;
    setup.enable(&office, &client.contacts[0]).await?;
    let token = setup
        .mailed_token(office.tenant, LinkPurpose::Invite)
        .await?;
    setup.age("update link set expires_at = created_at").await?;
    assert_eq!(
        setup.link(office.tenant, &token).await?.state(),
        LinkState::Expired
    );
    let expired = setup
        .newest_link(office.tenant, LinkPurpose::Invite)
        .await?;
    let minted = setup.mint(office.tenant, &expired.link_id).await;
    assert_eq!(reason(&minted), "LINK_GONE", "notifications drops the mail");

    setup.renew(office.tenant, "guessed").await?;
    assert_eq!(
        setup
            .issued(office.tenant, LinkPurpose::Invite)
            .await?
            .len(),
        1
    );
    setup.renew(office.tenant, &token).await?;
    let renewed = setup
        .mailed_token(office.tenant, LinkPurpose::Invite)
        .await?;
    assert_ne!(renewed, token);
    let link = setup.link(office.tenant, &renewed).await?;
    assert_eq!(link.inviter_name, "Sam Alder");
    assert_eq!(
        setup.link(office.tenant, &token).await?.state(),
        LinkState::Void
    );
    for _ in 0..4 {
        setup.renew(office.tenant, &token).await?;
    }
    assert_eq!(
        setup
            .issued(office.tenant, LinkPurpose::Invite)
            .await?
            .len(),
        4
    );
    setup.accept(&office, CLIENT_PASSWORD).await?;
    setup.age("delete from attempt").await?;
    setup.renew(office.tenant, &token).await?;
    assert_eq!(
        setup
            .issued(office.tenant, LinkPurpose::Invite)
            .await?
            .len(),
        4,
        "accepted"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn minting_again_gives_the_same_link() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let client = setup.okafors(&office).await?;
    setup.enable(&office, &client.contacts[0]).await?;
    let issued = setup
        .newest_link(office.tenant, LinkPurpose::Invite)
        .await?;
    let one = setup.mint(office.tenant, &issued.link_id).await?;
    assert!(one.path.starts_with("/invite/"));
    assert_eq!(one, setup.mint(office.tenant, &issued.link_id).await?);
    assert_eq!(one.account_id, issued.account_id);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_sets_the_password_and_ends_every_session() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (contact, session) = setup.maya(&office).await?;
    let send = || {
        let request = SendPasswordResetRequest {
            client_id: contact.client_id.clone(),
            contact_id: contact.id.clone(),
            request_id: service::new_id().to_string(),
        };
        authorized(&office.owner, request)
    };
    setup.access().send_password_reset(send()).await?;
    let former = setup
        .mailed_token(office.tenant, LinkPurpose::Reset)
        .await?;
    setup.access().send_password_reset(send()).await?;
    let newest = setup
        .mailed_token(office.tenant, LinkPurpose::Reset)
        .await?;

    let reset = |token: &str, password: &str| {
        let request = ResetPasswordRequest {
            token: token.to_owned(),
            new_password: password.to_owned(),
            client_address: ADDRESS.to_owned(),
        };
        setup.by_portal(office.tenant, request)
    };
    let replaced = setup
        .links()
        .reset_password(reset(&former, CLIENT_PASSWORD))
        .await;
    assert_eq!(reason(&replaced), "LINK_GONE");
    let wrong = setup.links().reset_password(reset(&newest, MAYA)).await;
    assert_eq!(violated(wrong), ["new_password"]);
    setup
        .links()
        .reset_password(reset(&newest, "walnut under glass"))
        .await?;
    let again = setup
        .links()
        .reset_password(reset(&newest, "walnut under glass"))
        .await;
    assert_eq!(reason(&again), "LINK_GONE");
    assert_eq!(
        reason(&setup.token(office.tenant, &session).await),
        "SESSION_ENDED"
    );
    let form = sign_in_form(MAYA, "walnut under glass");
    assert!(setup.sign_in(office.tenant, form).await.is_ok());
    let events = setup.events(office.tenant).await?;
    assert_eq!(events.last().map(String::as_str), Some("PasswordChanged"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_counts_once() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.unconfirmed("alder").await?;
    let token = setup
        .mailed_token(office.tenant, LinkPurpose::ConfirmEmail)
        .await?;
    let confirm = || {
        setup.by_portal(
            office.tenant,
            ConfirmEmailRequest {
                token: token.clone(),
            },
        )
    };
    assert_eq!(
        setup.link(office.tenant, &token).await?.state(),
        LinkState::Open
    );
    setup.links().confirm_email(confirm()).await?;
    let again = setup.links().confirm_email(confirm()).await;
    assert_eq!(reason(&again), "LINK_GONE");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_resets_at_once_one_sets_the_password() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (contact, _) = setup.maya(&office).await?;
    let request = SendPasswordResetRequest {
        client_id: contact.client_id,
        contact_id: contact.id,
        request_id: service::new_id().to_string(),
    };
    // sent twice, as by a double click: one link
    for _ in 0..2 {
        let request = authorized(&office.owner, request.clone());
        setup.access().send_password_reset(request).await?;
    }
    let issued = setup.issued(office.tenant, LinkPurpose::Reset).await?;
    assert_eq!(issued.len(), 1);
    let token = setup
        .mailed_token(office.tenant, LinkPurpose::Reset)
        .await?;
    let reset = |password: &str| {
        let request = ResetPasswordRequest {
            token: token.clone(),
            new_password: password.to_owned(),
            client_address: ADDRESS.to_owned(),
        };
        setup.by_portal(office.tenant, request)
    };
    let (mut one, mut other) = (setup.links(), setup.links());
    let (one, other) = tokio::join!(
        one.reset_password(reset("walnut under glass")),
        other.reset_password(reset("copper over cedar")),
    );
    let lost = if one.is_ok() { other } else { one };
    assert_eq!(reason(&lost), "LINK_GONE");
    Ok(())
}
