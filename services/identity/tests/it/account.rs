//! `AccountService`.

use std::time::Duration;

use anyhow::{Context as _, Result};
use proto::identity::{
    BatchGetAccountsRequest, ChangePasswordRequest, ClientStatus, Contact, LinkPurpose,
    ListClientsRequest, RequestResetRequest, UpdateContactRequest, UpdateMyAccountRequest,
};
use service::new_id;
use tenancy::{TenantId, authorized};

use crate::{ADDRESS, CLIENT_PASSWORD, Setup, reason, sign_in_form, violated};

const MAYA: &str = "maya@okafor.example";
const NEW_PASSWORD: &str = "walnut under glass";

impl Setup {
    async fn request_reset(&self, tenant: TenantId, email: &str) -> Result<()> {
        let request = RequestResetRequest {
            email: email.to_owned(),
            client_address: ADDRESS.to_owned(),
        };
        let request = self.by_portal(tenant, request);
        self.accounts().request_reset(request).await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_changes_name_and_phone_and_the_record_follows() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (contact, session) = setup.maya(&office).await?;
    let token = setup.token(office.tenant, &session).await?;
    let mut request = UpdateMyAccountRequest {
        name: "Maya Obi".to_owned(),
        phone: "503 555 0199".to_owned(),
        update_mask: None,
    };
    request.update_mask.get_or_insert_default().paths = vec!["name".to_owned()];
    let answer = setup
        .accounts()
        .update_my_account(authorized(&token, request))
        .await?;
    let account = answer.into_inner().account.context("an account")?;
    assert_eq!(
        (account.name.as_str(), account.phone.as_str()),
        ("Maya Obi", "")
    );
    let record = setup.client(&office, &contact.client_id).await?;
    assert_eq!(record.contacts[0].name, "Maya Obi");

    let request = ListClientsRequest {
        search: "obi".to_owned(),
        status: ClientStatus::Unspecified.into(),
        ..ListClientsRequest::default()
    };
    let request = authorized(&office.owner, request);
    let found = setup.clients().list_clients(request).await?.into_inner();
    assert_eq!(found.clients.len(), 1, "the search knows the new name");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_every_other_session_and_is_told() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (_, session) = setup.maya(&office).await?;
    let token = setup.token(office.tenant, &session).await?;
    let other = setup
        .sign_in(office.tenant, sign_in_form(MAYA, CLIENT_PASSWORD))
        .await?;
    let other = other.into_inner().session.context("a session")?;

    let change = |current: &str, new: &str| {
        let request = ChangePasswordRequest {
            current_password: current.to_owned(),
            new_password: new.to_owned(),
        };
        authorized(&token, request)
    };
    let answer = setup
        .accounts()
        .change_password(change("wrong", "short"))
        .await;
    assert_eq!(violated(answer), ["current_password", "new_password"]);
    setup
        .accounts()
        .change_password(change(CLIENT_PASSWORD, NEW_PASSWORD))
        .await?;
    assert!(setup.token(office.tenant, &session).await.is_ok());
    assert_eq!(
        reason(&setup.token(office.tenant, &other).await),
        "SESSION_ENDED"
    );
    let former = setup
        .sign_in(office.tenant, sign_in_form(MAYA, CLIENT_PASSWORD))
        .await;
    assert_eq!(reason(&former), "SIGN_IN_FAILED");
    assert!(
        setup
            .sign_in(office.tenant, sign_in_form(MAYA, NEW_PASSWORD))
            .await
            .is_ok()
    );
    let events = setup.events(office.tenant).await?;
    assert_eq!(events.last().map(String::as_str), Some("PasswordChanged"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_present_password_is_not_guessed_by_who_is_signed_in() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let change = || {
        let request = ChangePasswordRequest {
            current_password: "wrong".to_owned(),
            new_password: "twelve copper gutters".to_owned(),
        };
        authorized(&office.owner, request)
    };
    for _ in 0..5 {
        let answer = setup.accounts().change_password(change()).await;
        assert_eq!(violated(answer), ["current_password"]);
    }
    let answer = setup.accounts().change_password(change()).await;
    assert_eq!(reason(&answer), "TOO_MANY_ATTEMPTS");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_that_comes_meanwhile_stands() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (contact, session) = setup.maya(&office).await?;
    let token = setup.token(office.tenant, &session).await?;
    let account = contact.access.context("access")?.account_id;

    // the reset has the account's lock: the change read the former password, and waits
    let mut reset = setup.db.superuser().await?;
    sqlx::raw_sql("begin").execute(&mut reset).await?;
    sqlx::query("update account set password_hash = 'of the reset' where id = $1::uuid")
        .bind(&account)
        .execute(&mut reset)
        .await?;
    let request = ChangePasswordRequest {
        current_password: CLIENT_PASSWORD.to_owned(),
        new_password: NEW_PASSWORD.to_owned(),
    };
    let mut accounts = setup.accounts();
    let change = accounts.change_password(authorized(&token, request));
    let (answer, committed) = tokio::join!(change, async {
        let mut watch = setup.db.superuser().await?;
        while !is_waiting(&mut watch).await? {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        sqlx::raw_sql("commit").execute(&mut reset).await?;
        anyhow::Ok(())
    });
    committed?;
    assert_eq!(reason(&answer), "SESSION_ENDED");
    let stored: String =
        sqlx::query_scalar("select password_hash from account where id = $1::uuid")
            .bind(&account)
            .fetch_one(&mut reset)
            .await?;
    assert_eq!(stored, "of the reset");
    Ok(())
}

/// True while a connection to this database waits for a lock.
async fn is_waiting(watch: &mut sqlx::PgConnection) -> Result<bool> {
    let waiting = sqlx::query_scalar(
        "select exists (select from pg_stat_activity
                        where datname = current_database() and wait_event_type = 'Lock')",
    )
    .fetch_one(watch)
    .await?;
    Ok(waiting)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_mail_fits_the_account() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    setup.maya(&office).await?;
    setup
        .request_reset(office.tenant, "nobody@okafor.example")
        .await?;
    assert!(
        setup
            .issued(office.tenant, LinkPurpose::Reset)
            .await?
            .is_empty()
    );
    setup
        .request_reset(office.tenant, "MAYA@okafor.example")
        .await?;
    assert_eq!(
        setup.issued(office.tenant, LinkPurpose::Reset).await?.len(),
        1
    );

    let member = setup
        .invite(&office, "new@alder.example", proto::identity::Role::Field)
        .await?;
    let before = setup
        .issued(office.tenant, LinkPurpose::Invite)
        .await?
        .len();
    setup
        .request_reset(office.tenant, "new@alder.example")
        .await?;
    assert_eq!(
        setup
            .issued(office.tenant, LinkPurpose::Invite)
            .await?
            .len(),
        before + 1
    );
    let request = proto::identity::DisableMemberRequest { id: member.id };
    let request = authorized(&office.owner, request);
    setup.members().disable_member(request).await?;
    setup
        .request_reset(office.tenant, "new@alder.example")
        .await?;
    let ended = setup
        .newest_link(office.tenant, LinkPurpose::AccessEnded)
        .await?;
    assert_eq!(setup.mint(office.tenant, &ended.link_id).await?.path, "");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn three_reset_mails_an_hour_then_silence() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    for _ in 0..5 {
        setup
            .request_reset(office.tenant, "sam@alder.example")
            .await?;
    }
    assert_eq!(
        setup.issued(office.tenant, LinkPurpose::Reset).await?.len(),
        3
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn services_read_accounts_by_id_and_by_record() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (contact, _) = setup.maya(&office).await?;
    let owner = office.session.account.as_ref().context("the owner")?;
    let request = BatchGetAccountsRequest {
        account_ids: vec![owner.id.clone(), new_id().to_string()],
        client_ids: vec![contact.client_id.clone()],
    };
    let request = setup.by_service("notifications", office.tenant, request);
    let answer = setup
        .accounts()
        .batch_get_accounts(request)
        .await?
        .into_inner();
    let mut emails: Vec<_> = answer
        .accounts
        .iter()
        .map(|one| one.email.as_str())
        .collect();
    emails.sort_unstable();
    assert_eq!(emails, ["Sam@Alder.example", MAYA]);
    let maya = answer
        .accounts
        .iter()
        .find(|one| one.email == MAYA)
        .context("Maya")?;
    assert_eq!(maya.memberships[0].client_id, contact.client_id);

    let request = BatchGetAccountsRequest {
        account_ids: vec!["maya".to_owned()],
        client_ids: Vec::new(),
    };
    let request = setup.by_service("notifications", office.tenant, request);
    let answer = setup.accounts().batch_get_accounts(request).await;
    assert_eq!(violated(answer), ["account_ids"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_office_and_the_person_may_change_the_record_at_once() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (contact, session) = setup.maya(&office).await?;
    let token = setup.token(office.tenant, &session).await?;
    for round in 0..10 {
        let own = UpdateMyAccountRequest {
            name: format!("Maya {round}"),
            phone: String::new(),
            update_mask: None,
        };
        let own = authorized(&token, own);
        let theirs = UpdateContactRequest {
            contact: Some(Contact {
                phone: format!("555 01{round}0"),
                ..contact.clone()
            }),
            update_mask: None,
        };
        let theirs = authorized(&office.owner, theirs);
        let (mut accounts, mut clients) = (setup.accounts(), setup.clients());
        let (own, theirs) = tokio::join!(
            accounts.update_my_account(own),
            clients.update_contact(theirs)
        );
        own?;
        theirs?;
    }
    Ok(())
}
