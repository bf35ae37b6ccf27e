//! `PortalAccessService`.

use anyhow::{Context as _, Result};
use prost::Message as _;
use proto::identity::{
    Client, Contact, DisablePortalAccessRequest, LinkPurpose, PortalAccess, PortalAccessEnabled,
    PortalAccessState, ResendInvitationRequest, RestorePortalAccessRequest, Rights,
    SendPasswordResetRequest, UpdateRightsRequest,
};
use tenancy::authorized;
use tonic::Status;

use crate::{CLIENT_PASSWORD, Office, Setup, acceptance, enable_form, okafors, reason, violated};

impl Setup {
    async fn disable(&self, office: &Office, contact: &Contact) -> Result<Contact, Status> {
        let request = DisablePortalAccessRequest {
            client_id: contact.client_id.clone(),
            contact_id: contact.id.clone(),
        };
        let request = authorized(&office.owner, request);
        let answer = self.access().disable_portal_access(request).await?;
        Ok(answer.into_inner().contact.expect("a contact"))
    }

    async fn restore(&self, office: &Office, contact: &Contact) -> Result<Contact, Status> {
        let request = RestorePortalAccessRequest {
            client_id: contact.client_id.clone(),
            contact_id: contact.id.clone(),
        };
        let request = authorized(&office.owner, request);
        let answer = self.access().restore_portal_access(request).await?;
        Ok(answer.into_inner().contact.expect("a contact"))
    }

    async fn resend(&self, office: &Office, contact: &Contact) -> Result<Contact, Status> {
        let request = ResendInvitationRequest {
            client_id: contact.client_id.clone(),
            contact_id: contact.id.clone(),
            request_id: service::new_id().to_string(),
        };
        let request = authorized(&office.owner, request);
        let answer = self.access().resend_invitation(request).await?;
        Ok(answer.into_inner().contact.expect("a contact"))
    }

    /// The same person as the main contact of another record.
    async fn second_record(&self, office: &Office) -> Result<Contact> {
        let client = Client {
            display_name: "Okafor Holdings".to_owned(),
            ..okafors()
        };
        let client = self.create_client(office, client).await?;
        Ok(client.contacts[0].clone())
    }
}

fn access(contact: &Contact) -> &PortalAccess {
    contact.access.as_ref().expect("access was enabled once")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_says_how_far_access_has_come() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let client = setup.okafors(&office).await?;
    let invited = setup.enable(&office, &client.contacts[0]).await?;
    let shown = access(&invited);
    assert_eq!(shown.state(), PortalAccessState::Invited);
    assert_eq!(shown.enabled_by_name, "Sam Alder");
    assert_eq!(shown.email, "maya@okafor.example");
    assert!(
        shown
            .rights
            .is_some_and(|rights| rights.approve && !rights.pay)
    );
    assert!(shown.invited_at.is_some() && shown.invitation_expires_at.is_some());
    assert!(shown.accepted_at.is_none() && shown.last_seen_at.is_none());
    assert_eq!(
        setup.events(office.tenant).await?,
        ["LinkIssued", "PortalAccessEnabled", "LinkIssued"]
    );

    setup
        .age("update link set expires_at = created_at where purpose = 'invite'")
        .await?;
    let state = |contacts: &[Contact]| access(&contacts[0]).state();
    let record = setup.client(&office, &client.id).await?;
    assert_eq!(
        state(&record.contacts),
        PortalAccessState::InvitationExpired
    );
    let resent = setup.resend(&office, &invited).await?;
    assert_eq!(access(&resent).state(), PortalAccessState::Invited);
    setup.accept(&office, CLIENT_PASSWORD).await?;
    let record = setup.client(&office, &client.id).await?;
    assert_eq!(state(&record.contacts), PortalAccessState::Active);
    let shown = access(&record.contacts[0]);
    assert!(shown.accepted_at.is_some() && shown.last_seen_at.is_some());
    let disabled = setup.disable(&office, &invited).await?;
    assert_eq!(access(&disabled).state(), PortalAccessState::Disabled);
    assert!(access(&disabled).disabled_at.is_some());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typing_error_in_the_address_is_caught_before_the_mail() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let client = setup.okafors(&office).await?;
    let mut form = enable_form(&client.contacts[0]);
    form.email_again = "maja@okafor.example".to_owned();
    form.frequency = "often".to_owned();
    let request = authorized(&office.owner, form.clone());
    let answer = setup.access().enable_portal_access(request).await;
    assert_eq!(violated(answer), ["email_again", "frequency"]);
    form.email = "maya@okafor".to_owned();
    form.frequency = "FREQUENCY_INSTANT".to_owned();
    let request = authorized(&office.owner, form);
    let answer = setup.access().enable_portal_access(request).await;
    assert_eq!(violated(answer), ["email"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_sends_one_invitation() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let client = setup.okafors(&office).await?;
    let form = enable_form(&client.contacts[0]);
    let enable = || authorized(&office.owner, form.clone());
    let one = setup.access().enable_portal_access(enable()).await?;
    let other = setup.access().enable_portal_access(enable()).await?;
    assert_eq!(one.into_inner(), other.into_inner());
    assert_eq!(
        setup
            .issued(office.tenant, LinkPurpose::Invite)
            .await?
            .len(),
        1
    );
    let again = setup.enable(&office, &client.contacts[0]).await;
    assert_eq!(reason(&again), "ACCESS_EXISTS");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_two_records_has_one_sign_in() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (first, session) = setup.maya(&office).await?;
    let second = setup.second_record(&office).await?;
    let second = setup.enable(&office, &second).await?;
    assert_eq!(access(&second).account_id, access(&first).account_id);
    assert_eq!(access(&second).state(), PortalAccessState::Active);
    assert_eq!(
        setup
            .issued(office.tenant, LinkPurpose::Invite)
            .await?
            .len(),
        1,
        "no new invitation"
    );
    let mut connection = setup.db.superuser().await?;
    let payloads: Vec<Vec<u8>> = sqlx::query_scalar(
        "select payload from outbox where type like '%.PortalAccessEnabled' order by id",
    )
    .fetch_all(&mut connection)
    .await?;
    let last = payloads.last().context("an event")?;
    let event = PortalAccessEnabled::decode(last.as_slice())?;
    assert_eq!(event.client_id, second.client_id);

    // the sign-in goes on while one place is left
    setup.disable(&office, &first).await?;
    assert!(setup.token(office.tenant, &session).await.is_ok());
    assert!(
        !setup
            .events(office.tenant)
            .await?
            .contains(&"AccountDisabled".to_owned())
    );
    setup.disable(&office, &second).await?;
    assert_eq!(
        reason(&setup.token(office.tenant, &session).await),
        "SESSION_ENDED"
    );
    let events = setup.events(office.tenant).await?;
    assert_eq!(events.last().map(String::as_str), Some("AccountDisabled"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_the_team_and_of_another_contact_are_refused() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let client = setup.okafors(&office).await?;
    let with = |email: &str| Contact {
        email: email.to_owned(),
        ..client.contacts[1].clone()
    };
    let answer = setup.enable(&office, &with("sam@ALDER.example")).await;
    assert_eq!(violated(answer), ["email"]);
    setup.enable(&office, &client.contacts[0]).await?;
    let answer = setup.enable(&office, &with("maya@okafor.example")).await;
    assert_eq!(violated(answer), ["email"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_access_takes_sessions_and_open_links() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let client = setup.okafors(&office).await?;
    let contact = setup.enable(&office, &client.contacts[0]).await?;
    let token = setup
        .mailed_token(office.tenant, LinkPurpose::Invite)
        .await?;
    setup.disable(&office, &contact).await?;
    let request = setup.by_portal(office.tenant, acceptance(token, CLIENT_PASSWORD));
    let answer = setup.links().accept_invitation(request).await;
    assert_eq!(reason(&answer), "LINK_GONE");
    assert_eq!(
        reason(&setup.disable(&office, &contact).await),
        "ACCESS_MISSING"
    );

    // who never accepted is invited again
    let restored = setup.restore(&office, &contact).await?;
    assert_eq!(access(&restored).state(), PortalAccessState::Invited);
    let session = setup.accept(&office, CLIENT_PASSWORD).await?;
    setup.disable(&office, &contact).await?;
    assert_eq!(
        reason(&setup.token(office.tenant, &session).await),
        "SESSION_ENDED"
    );
    // who did gets access back with the former password and no mail
    let before = setup
        .issued(office.tenant, LinkPurpose::Invite)
        .await?
        .len();
    let restored = setup.restore(&office, &contact).await?;
    assert_eq!(access(&restored).state(), PortalAccessState::Active);
    assert_eq!(
        setup
            .issued(office.tenant, LinkPurpose::Invite)
            .await?
            .len(),
        before
    );
    assert_eq!(
        reason(&setup.token(office.tenant, &session).await),
        "SESSION_ENDED",
        "what ended does not come back"
    );
    assert_eq!(
        reason(&setup.restore(&office, &contact).await),
        "ACCESS_MISSING"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_contact_can_be_enabled_at_another_address() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (contact, _) = setup.maya(&office).await?;
    setup.disable(&office, &contact).await?;
    let elsewhere = Contact {
        email: "maya@obi.example".to_owned(),
        ..contact.clone()
    };
    let enabled = setup.enable(&office, &elsewhere).await?;
    assert_ne!(access(&enabled).account_id, access(&contact).account_id);
    assert_eq!(access(&enabled).state(), PortalAccessState::Invited);
    assert_eq!(enabled.email, "maya@obi.example");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_by_hand_is_limited_and_fits_the_state() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let client = setup.okafors(&office).await?;
    let contact = &client.contacts[0];
    assert_eq!(
        reason(&setup.resend(&office, contact).await),
        "ACCESS_MISSING"
    );
    setup.enable(&office, contact).await?;
    let reset = || {
        let request = SendPasswordResetRequest {
            client_id: contact.client_id.clone(),
            contact_id: contact.id.clone(),
            request_id: service::new_id().to_string(),
        };
        authorized(&office.owner, request)
    };
    let answer = setup.access().send_password_reset(reset()).await;
    assert_eq!(
        reason(&answer),
        "ACCESS_MISSING",
        "there is no password yet"
    );
    for _ in 0..3 {
        setup.resend(&office, contact).await?;
    }
    assert_eq!(
        reason(&setup.resend(&office, contact).await),
        "TOO_MANY_ATTEMPTS"
    );
    setup.accept(&office, CLIENT_PASSWORD).await?;
    assert_eq!(
        reason(&setup.resend(&office, contact).await),
        "ACCESS_MISSING"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_take_effect_with_the_next_request() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (contact, session) = setup.maya(&office).await?;
    let rights = Rights {
        pay: true,
        ..Rights::default()
    };
    let request = UpdateRightsRequest {
        client_id: contact.client_id.clone(),
        contact_id: contact.id.clone(),
        rights: Some(rights),
    };
    let request = authorized(&office.owner, request);
    let saved = setup.access().update_rights(request).await?.into_inner();
    assert_eq!(
        access(&saved.contact.context("saved")?).rights,
        Some(rights)
    );
    let request = proto::identity::ResolveSessionRequest {
        secret: session.secret,
    };
    let request = setup.by_portal(office.tenant, request);
    let resolved = setup
        .sessions()
        .resolve_session(request)
        .await?
        .into_inner();
    let account = resolved.account.context("an account")?;
    assert_eq!(account.memberships[0].rights, Some(rights));
    Ok(())
}
